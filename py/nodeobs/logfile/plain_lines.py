"""Telling from the bytes which lines are not wanted, without reading them as JSON.

Parsing is most of what a filter costs, and most lines are dropped by it. A line that begins and
ends as the loggers write records is one; if nothing in it can make it wanted, it need not be
parsed. For a level, every `"level":` in it must be a named one that is too low, wherever it stands:
a nested one can only add a reason to look closer, and within a text its quotes are escaped. For a
condition, something that it asks for must be missing. All other lines are parsed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nodeobs.bus.topics import LEVELS
from nodeobs.log.foreign import LEVELS_BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: How lines begin and end: bunyan's, and of pino and winston those with the level in front.
_FORMS: Final = ((b'{"name":"', b'"v":0}'), (b'{"level":', b"}"))
#: Where more than one line in so many bytes is left, looking at all one by one is faster.
_SPARSE: Final = 1000
#: Fields that records of other loggers have under other names.
_RENAMED: Final = frozenset(
    f'"{name}"' for name in ("name", "hostname", "pid", "level", "msg", "time", "v")
)
#: What such an error is made of (`nodeobs.log.foreign`).
_STACK: Final = b'"stack"'


class PlainLines:
    """Lines in which none of some patterns is found, and that are plainly records."""

    def __init__(self, patterns: Sequence[re.Pattern[bytes]]) -> None:
        self._patterns = patterns
        self._dense = False
        self._forms = [
            (begin, end, re.compile(b"\n(?!(?<=%b\n)%b)" % (re.escape(end), re.escape(begin))))
            for begin, end in _FORMS
        ]

    def plain(self, line: bytes) -> bool:
        """Whether a line, without its newline, is one of them."""
        return not any(pattern.search(line) for pattern in self._patterns) and any(
            line.startswith(begin) and line.endswith(end) for begin, end, _ in self._forms
        )

    def others(self, lines: bytes) -> list[bytes]:
        """All others of whole lines, without newlines. (Of a log that mixes two loggers, also
        some that are plain.)"""
        if not self._dense:
            for begin, end, odd in self._forms:
                if lines.startswith(begin):
                    starts = self._starts(lines, begin, end, odd)
                    self._dense = len(starts) * _SPARSE > len(lines)
                    return [lines[start : lines.index(b"\n", start)] for start in sorted(starts)]
        # One by one.
        first = self._patterns[0].search
        left = [line for line in lines[:-1].split(b"\n") if first(line) or not self.plain(line)]
        self._dense = len(left) * _SPARSE > len(lines)
        return left

    def _starts(self, lines: bytes, begin: bytes, end: bytes, odd: re.Pattern[bytes]) -> set[int]:
        """Where others begin, in lines of which the first begins like a record."""
        starts: set[int] = set()
        for pattern in self._patterns:
            starts |= {
                lines.rfind(b"\n", 0, found.start()) + 1 for found in pattern.finditer(lines)
            }
        for found in odd.finditer(lines):
            newline = found.start()
            if not lines.endswith(end, 0, newline):
                starts.add(lines.rfind(b"\n", 0, newline) + 1)
            if newline + 1 < len(lines) and not lines.startswith(begin, newline + 1):
                starts.add(newline + 1)
        return starts


def below(level: int) -> PlainLines:
    """Records that are plainly below a level."""
    numbers = [str(number) for number in LEVELS.values() if number < level]
    names = [f'"{name}"' for name, number in LEVELS_BY_NAME.items() if number < level]
    low = "|".join(numbers + names) or "(?!)"
    # Searching begins with the rarest character of `"level":`, which is a fifth faster.
    return PlainLines([re.compile(rf'v(?<="lev)el":(?!(?:{low})[,}}])'.encode())])


def without(texts: Iterable[str]) -> PlainLines | None:
    """Records that plainly lack one of some texts (`nodeobs.filter.needed`): the longest, which
    will be the rarest. None where nothing can be told."""
    known = [text.encode() for text in texts if text not in _RENAMED]
    if not known:
        return None
    text = max(known, key=len)
    # Anything can be written with escapes of \u.
    looked_for = [text, rb"\u", *([_STACK] if text == b'"err"' else [])]
    return PlainLines([re.compile(re.escape(one)) for one in looked_for])
