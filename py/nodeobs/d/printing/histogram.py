"""DTrace's pictures of distributions: a bar for each bucket, or one line for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.d.runtime.totals import divided

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.d.runtime.buckets import Buckets
    from nodeobs.d.runtime.totals import Distribution

#: Cells of a bar.
_LENGTH: Final = 40
_TITLE: Final = "------------- Distribution -------------"

#: With `aggzoom`, the tallest bar takes this share of the cells.
_ZOOM: Final = 0.95

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_ASCII: Final = "__xxxxXX"
_BELOW_ZERO: Final = "vvvvVV"


@dataclass(frozen=True, slots=True)
class Scale:
    """What bars are measured by: the sum of all values, or the greatest with `zoom`.

    With values below 0 among others, bars grow from the middle in both directions.
    """

    whole: float
    positives: bool
    negatives: bool

    @classmethod
    def of(cls, counts: Iterable[int], *, zoom: bool) -> Scale:
        """The scale for bars of `counts`."""
        values = list(counts)
        sizes = [abs(value) for value in values]
        whole = max(sizes, default=0) / _ZOOM if zoom else float(sum(sizes))
        return cls(whole, any(value > 0 for value in values), any(value < 0 for value in values))

    def bar(self, count: int) -> str:
        """41 cells: the bar, and the line that it stands on."""
        if not self.negatives:
            return "|" + self._cells(count, _LENGTH).ljust(_LENGTH)
        if not self.positives:
            return self._cells(count, _LENGTH).rjust(_LENGTH) + "|"
        half = _LENGTH // 2
        cells = self._cells(count, half)
        if count <= 0:
            return cells.rjust(half) + "|" + " " * half
        return " " * half + "|" + cells.ljust(half)

    def block(self, count: int, *, unicode: bool) -> str:
        """One cell, taller the more there is."""
        if count == 0 or not self.whole:
            return " "
        levels = _BELOW_ZERO if count < 0 else _BLOCKS if unicode else _ASCII
        return levels[int(abs(count) * (len(levels) - 1) / self.whole + 0.5)]

    def _cells(self, count: int, length: int) -> str:
        return "@" * int(abs(count) * length / self.whole + 0.5) if self.whole else ""


def heading(width: int = 16, title: str = "value") -> str:
    """The line above bars."""
    return f"\n{title:>{width}} {_TITLE:>41} {'count':<9}\n"


def row(label: str, bar: str, count: int) -> str:
    """One bar with what it is of and how much that is."""
    return f"{label:>16} {bar} {count:<9}\n"


def picture(distribution: Distribution, normal: int = 1, *, zoom: bool = False) -> str:
    """A bar for each bucket from the one before the first that has something to the one after.

    Starts with a newline and ends with one.
    """
    counts, buckets = distribution.counts, distribution.buckets
    first, last = span(buckets, [distribution])
    scale = Scale.of(counts.values(), zoom=zoom)
    rows = [heading()]
    for index in range(first, last + 1):
        count = counts.get(index, 0)
        rows.append(row(buckets.label(index), scale.bar(count), divided(count, normal)))
    return "".join(rows)


def span(buckets: Buckets, distributions: Sequence[Distribution]) -> tuple[int, int]:
    """The first and the last bucket to show: one more than is used at either end."""
    used = [index for one in distributions for index, count in one.counts.items() if count]
    if not used:
        return buckets.empty
    return max(min(used) - 1, buckets.first), min(max(used) + 1, buckets.last)


@dataclass(frozen=True, slots=True)
class Packed:
    """All distributions of an aggregation in one line each, over the same buckets."""

    buckets: Buckets
    first: int
    last: int
    zoom: bool
    unicode: bool

    @classmethod
    def of(cls, distributions: Sequence[Distribution], *, zoom: bool, unicode: bool) -> Packed:
        """The lines for `distributions`, of which there is at least one."""
        buckets = distributions[0].buckets
        first, last = span(buckets, distributions)
        used = {index for one in distributions for index, count in one.counts.items() if count}
        if used and all(buckets.value(index) >= 0 for index in used):
            # Nothing is below 0, and no cell says so.
            first = max(first, 0)
        return cls(buckets, first, last, zoom, unicode)

    def heading(self, width: int) -> str:
        """The line above, after keys of `width` cells."""
        key = "key" if width else ""
        dashes = "-" * (self.last - self.first + 1)
        low, high = self._widths()
        return f"\n{key:>{width}} {'min':>{low}} .{dashes}. {'max':<{high}} | count\n"

    def line(self, distribution: Distribution, normal: int = 1) -> str:
        """What follows the keys of one: its bounds, its buckets, how many values it has."""
        counts = distribution.counts
        scale = Scale.of(counts.values(), zoom=self.zoom)
        cells = "".join(
            scale.block(counts.get(index, 0), unicode=self.unicode)
            for index in range(self.first, self.last + 1)
        )
        low, high = self._widths()
        smallest, greatest = self.buckets.label(self.first), self.buckets.label(self.last)
        count = distribution.result(normal)
        return f" {smallest:>{low}} :{cells}: {greatest:<{high}} | {count}\n"

    def _widths(self) -> tuple[int, int]:
        """Of the labels: what DTrace gives them, or more where they need it."""
        low, high = self.buckets.label(self.first), self.buckets.label(self.last)
        least = self.buckets.label_widths
        return max(least[0], len(low)), max(least[1], len(high))
