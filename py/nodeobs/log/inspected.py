"""Plain data as ``util.inspect`` of Node.js 20 to 26 shows it, at any depth.

Wherever something goes is decided by the lengths of what is shown, without colours; the numbers
are those of Node's defaults (doc/api/util.md: breakLength 80, compact 3, maxArrayLength 100,
maxStringLength 10000).
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from nodeobs.javascript import UNDEFINED, from_units, length, number_text, units
from nodeobs.log.style import STYLES, visible
from nodeobs.reports.table import cell_width

_BREAK_LENGTH: Final = 80
_COMPACT: Final = 3
_MOST_ITEMS: Final = 100
_LONGEST_TEXT: Final = 10_000
#: Shorter texts are never broken into their lines.
_LEAST_BROKEN: Final = 16
#: Arrays of more items than this are shown as a grid where that saves room.
_MOST_IN_LIST: Final = 6
_MOST_COLUMNS: Final = 15
#: How much higher than wide a character is, for a grid that looks square.
_CHARACTER_HEIGHT: Final = 2.5
#: Deeper than this nothing is shown: it came from no logger.
_DEEPEST: Final = 200

_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*", re.ASCII)
_ESCAPED: Final = re.compile("[\x00-\x1f'\\\\\x7f-\x9f\ud800-\udfff]")
_ESCAPED_BUT_QUOTE: Final = re.compile("[\x00-\x1f\\\\\x7f-\x9f\ud800-\udfff]")
_ESCAPES: Final = {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\", "'": "\\'",
}  # fmt: skip
_SGR: Final = re.compile(r"\x1b\[\d+m")
_AFTER_LINE: Final = re.compile(r"(?<=\n)")


def inspected(value: Any, *, color: bool = False, terminal: bool = False) -> str:
    """The text of `value`: what JSON gives. With `terminal`, nothing in it is a command to one."""
    return _Inspection(color, terminal).text(value, 0, 0)


class _Inspection:
    def __init__(self, color: bool, terminal: bool) -> None:
        self._color = color
        self._terminal = terminal
        #: How deep the object was that was shown last.
        self._last_depth = 0

    def text(self, value: Any, indentation: int, depth: int) -> str:
        if isinstance(value, str):
            return self._string(value, indentation, inside=depth > 0)
        if value is None:
            return self._paint("null", "bold")
        if value is UNDEFINED:
            return self._paint("undefined", "grey")
        if isinstance(value, bool):
            return self._paint("true" if value else "false", "yellow")
        if isinstance(value, (int, float)):
            negative_zero = value == 0 and math.copysign(1, value) < 0
            return self._paint("-0" if negative_zero else number_text(value), "yellow")
        if isinstance(value, list):
            return self._array(value, indentation, depth)
        return self._object(value, indentation, depth)

    def _array(self, items: list[Any], indentation: int, depth: int) -> str:
        if not items:
            return "[]"
        if depth > _DEEPEST:
            return self._paint("[Array]", "cyan")
        self._last_depth = depth
        shown = [self.text(item, indentation + 2, depth + 1) for item in items[:_MOST_ITEMS]]
        more = len(items) - _MOST_ITEMS
        rest = [f"... {more} more item{'' if more == 1 else 's'}"] if more > 0 else []
        grid = None
        if len(shown) + len(rest) > _MOST_IN_LIST:
            numbers = all(
                isinstance(item, (int, float)) and not isinstance(item, bool) for item in items
            )
            grid = self._grid(shown, len(shown) + len(rest), indentation, right=numbers)
        if grid is not None:
            return self._lines([*grid, *rest], "[]", indentation)
        return self._joined([*shown, *rest], "[]", indentation, depth)

    def _object(self, fields: dict[str, Any], indentation: int, depth: int) -> str:
        if not fields:
            return "{}"
        if depth > _DEEPEST:
            return self._paint("[Object]", "cyan")
        self._last_depth = depth
        entries = [
            f"{self._key(key)}: {self.text(value, indentation + 2, depth + 1)}"
            for key, value in fields.items()
        ]
        return self._joined(entries, "{}", indentation, depth)

    def _joined(self, entries: list[str], brackets: str, indentation: int, depth: int) -> str:
        """In one line, if it fits and what is inside is not too deep; else a line for each."""
        if self._last_depth - depth < _COMPACT:
            start = len(entries) + indentation + 1 + 10
            total = start + len(entries) + sum(map(_width, entries))
            if total <= _BREAK_LENGTH and start + 2 * len(entries) <= _BREAK_LENGTH:
                line = ", ".join(entries)
                if "\n" not in line:
                    return f"{brackets[0]} {line} {brackets[1]}"
        return self._lines(entries, brackets, indentation)

    def _lines(self, entries: list[str], brackets: str, indentation: int) -> str:
        line = "\n" + " " * indentation
        return f"{brackets[0]}{line}  {f',{line}  '.join(entries)}{line}{brackets[1]}"

    def _grid(
        self, shown: list[str], count: int, indentation: int, *, right: bool
    ) -> list[str] | None:
        """Items in rows of columns; None where they are better off one by one."""
        widths = [cell_width(_SGR.sub("", item)) for item in shown]
        total = sum(widths) + 2 * len(widths)
        widest = max(widths) + 2
        if widest * 3 + indentation >= _BREAK_LENGTH or (total / widest <= 5 and widest - 2 > 6):
            return None
        bias = math.sqrt(widest - total / count)
        biased = max(widest - 3 - bias, 1)
        columns = min(
            math.floor(math.sqrt(_CHARACTER_HEIGHT * biased * len(shown)) / biased + 0.5),
            (_BREAK_LENGTH - indentation) // widest,
            _COMPACT * 4,
            _MOST_COLUMNS,
        )
        if columns <= 1:
            return None
        column_widths = [max(widths[column::columns]) + 2 for column in range(columns)]
        rows = []
        for start in range(0, len(shown), columns):
            row = ""
            last = min(start + columns, len(shown)) - 1
            for index in range(start, last):
                padding = " " * (column_widths[index - start] - widths[index] - 2)
                item = f"{shown[index]}, "
                row += padding + item if right else item + padding
            if right:
                row += " " * (column_widths[last - start] - 2 - widths[last])
            rows.append(row + shown[last])
        return rows

    def _key(self, key: str) -> str:
        if key == "__proto__":
            return "['__proto__']"
        return key if _NAME.fullmatch(key) else self._paint(self._quoted(key), "green")

    def _string(self, value: str, indentation: int, *, inside: bool) -> str:
        trailer = ""
        size = length(value)
        if size > _LONGEST_TEXT:
            more = size - _LONGEST_TEXT
            value = from_units(units(value)[: 2 * _LONGEST_TEXT])
            trailer = f"... {more} more character{'' if more == 1 else 's'}"
            size = _LONGEST_TEXT
        if inside and size > _LEAST_BROKEN and size > _BREAK_LENGTH - indentation - 4:
            between = " +\n" + " " * (indentation + 2)
            lines = [line for line in _AFTER_LINE.split(value) if line]
            quoted = [self._paint(self._quoted(line), "green") for line in lines]
            return between.join(quoted) + trailer
        return self._paint(self._quoted(value), "green") + trailer

    def _quoted(self, value: str) -> str:
        quote, escaped = "'", _ESCAPED
        if "'" in value:
            if '"' not in value:
                quote, escaped = '"', _ESCAPED_BUT_QUOTE
            elif "`" not in value and "${" not in value:
                quote, escaped = "`", _ESCAPED_BUT_QUOTE
        written = quote + escaped.sub(_escape, value) + quote
        return visible(written) if self._terminal else written

    def _paint(self, text: str, style: str) -> str:
        if not self._color:
            return text
        on, off = STYLES[style]
        return f"{on}{text}{off}"


def _width(text: str) -> int:
    return length(_SGR.sub("", text))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"
