"""Which lines of a log are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.javascript import less
from nodeobs.logfile.plain_lines import below, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodeobs.filter import Filter
    from nodeobs.logfile.span import Span


class Selection:
    """A level, filters and a span of time, all of which must hold. With `strict`, lines that are
    no records are not wanted.
    """

    def __init__(
        self,
        *,
        level: int | None = None,
        filters: Sequence[Filter] = (),
        span: Span | None = None,
        strict: bool = False,
    ) -> None:
        self.strict = strict
        self._level = level
        #: The times that are wanted, where not all are.
        self.span = span
        tests = [filter_.matches for filter_ in filters]
        if level is not None:
            tests.insert(0, self._of_level)
        #: Whether every record is wanted, but for its time.
        self.everything = not tests
        #: Whether one is.
        self.takes = tests[0] if len(tests) == 1 else lambda record: all(t(record) for t in tests)
        self._plain = [] if level is None else [below(level)]
        if filters:
            from nodeobs.filter.needed import needed_texts

            lacking = (without(needed_texts(filter_.form)) for filter_ in filters)
            self._plain += [lines for lines in lacking if lines is not None]

    def lines(self, lines: bytes) -> list[bytes]:
        """Of whole lines those that may be wanted, without newlines."""
        if b"\r" in lines:
            lines = lines.replace(b"\r\n", b"\n")
        if not self._plain:
            return lines[:-1].split(b"\n")
        first, *more = self._plain
        left = first.others(lines)
        return [line for line in left if not any(p.plain(line) for p in more)] if more else left

    def _of_level(self, record: Mapping[str, Any]) -> bool:
        level = record["level"]
        if type(level) is int:
            return self._level is None or level >= self._level
        return not less(level, self._level)

    def takes_time(self, time: str) -> bool:
        """Whether a time is in the span."""
        if self.span is None:
            return True
        since, until = self.span
        return (since is None or since <= time) and (until is None or time < until)

    def takes_line(self, line: bytes) -> bool:
        """Whether a line that is no record is wanted."""
        return not (self.strict or any(lines.plain(line) for lines in self._plain))
