"""Latencies over time: a column of counts for each interval, of which there are never too many."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: When there are more columns than this, each two become one.
MOST: Final = 2048


class Timeline:
    """Columns of `span` seconds from `start` on (seconds since the epoch).

    `columns` are counts by bucket of SCALE; those before the first and after the last latency are
    not there.
    """

    def __init__(self, span: float, start: float | None = None) -> None:
        self.span = span
        self.start = start
        self.columns: list[Counter[int]] = []

    def add(self, at: float, counts: Mapping[int, int]) -> None:
        """More at a time, in seconds since the epoch."""
        if self.start is None:
            self.start = at
        if at < self.start:
            self._begin_at(at)
        while (index := int((at - self.start) / self.span)) >= MOST:
            self._halve()
        while len(self.columns) <= index:
            self.columns.append(Counter())
        column = self.columns[index]
        for bucket, count in counts.items():
            column[bucket] += count

    def merged(self, most: int) -> Timeline:
        """The same in at most so many columns."""
        parts = max(1, -(-len(self.columns) // max(most, 1)))
        merged = Timeline(self.span * parts, self.start)
        for first in range(0, len(self.columns), parts):
            column: Counter[int] = Counter()
            for part in self.columns[first : first + parts]:
                column.update(part)
            merged.columns.append(column)
        return merged

    def _begin_at(self, at: float) -> None:
        """Lines of a log need not be in order."""
        assert self.start is not None
        while (missing := math.ceil((self.start - at) / self.span)) + len(self.columns) > MOST:
            self._halve()
        self.columns[:0] = [Counter() for _ in range(missing)]
        self.start -= missing * self.span

    def _halve(self) -> None:
        self.columns = self.merged(-(-len(self.columns) // 2)).columns
        self.span *= 2
