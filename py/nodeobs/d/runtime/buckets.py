"""The buckets of quantize(), lquantize() and llquantize(): which one a value is in, and bounds.

Numbering is that of the state which agents send (docs/protocol.md, `trace.read`); where a value
belongs is what the Dynamic Tracing Guide says in "Aggregations".
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import ClassVar, Final

#: quantize() has buckets from -63 to 63.
LAST_POWER: Final = 63

#: More buckets than this are a mistake: the same bound as DTrace's 16 bits for the levels.
MOST_LEVELS: Final = 65_535


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values `low` ≤ v < `high`; None where there is no bound."""

    low: int | None
    high: int | None


class Powers:
    """quantize(): bucket 0 is for 0, k for 2^(k-1) ≤ v < 2^k, -k for the negatives of those."""

    first: Final = -LAST_POWER
    last: Final = LAST_POWER
    #: Cells of the first and of the last label in a line of packed distributions.
    label_widths: Final = (4, 4)
    #: Where DTrace shows a picture of no values at all.
    empty: Final = (-1, 1)

    def index(self, value: int) -> int:
        """The bucket of a value."""
        size = min(abs(value).bit_length(), LAST_POWER)
        return size if value >= 0 else -size

    def label(self, index: int) -> str:
        """The value that stands for a bucket: the one nearest to 0."""
        return str(self.value(index))

    def value(self, index: int) -> int:
        """The value that stands for a bucket."""
        if index == 0:
            return 0
        size = 1 << abs(index) - 1
        return size if index > 0 else -size

    def bounds(self, index: int) -> Bucket:
        """The values of a bucket."""
        nearest = self.value(index)
        if index == 0:
            return Bucket(0, 1)
        farthest = None if abs(index) == LAST_POWER else nearest * 2
        if index > 0:
            return Bucket(nearest, farthest)
        return Bucket(None if farthest is None else farthest + 1, nearest + 1)


@dataclass(frozen=True, slots=True)
class Linear:
    """lquantize(v, base, limit, step): 0 is below `base`, the last one from the limit on."""

    base: int
    limit: int
    step: int = 1

    #: Cells of the first and of the last label in a line of packed distributions.
    label_widths: ClassVar = (7, 8)

    def __post_init__(self) -> None:
        if self.step <= 0 or self.limit <= self.base or not 0 < self.levels <= MOST_LEVELS:
            raise ValueError("no such linear quantization")

    @property
    def levels(self) -> int:
        """How many buckets there are between the bounds."""
        return (self.limit - self.base) // self.step

    @property
    def first(self) -> int:
        return 0

    @property
    def last(self) -> int:
        return self.levels + 1

    @property
    def empty(self) -> tuple[int, int]:
        """Where DTrace shows a picture of no values at all."""
        return (0, min(2, self.last))

    def index(self, value: int) -> int:
        """The bucket of a value."""
        if value < self.base:
            return 0
        return min((value - self.base) // self.step + 1, self.last)

    def label(self, index: int) -> str:
        """How DTrace shows a bucket: its lower bound, `< base` and `>= limit` at the ends."""
        if index <= 0:
            return f"< {self.base}"
        return f">= {self._low(self.last)}" if index >= self.last else str(self._low(index))

    def value(self, index: int) -> int:
        """The value that stands for a bucket when two distributions are compared."""
        if index <= 0:
            return self.base - 1
        return self._low(index) + (index >= self.last)

    def bounds(self, index: int) -> Bucket:
        """The values of a bucket."""
        if index <= 0:
            return Bucket(None, self.base)
        high = None if index >= self.last else self._low(index + 1)
        return Bucket(self._low(index), high)

    def _low(self, index: int) -> int:
        return self.base + (min(index, self.last) - 1) * self.step


class Logarithmic:
    """llquantize(v, factor, low, high, steps): linear within each power of `factor`.

    0 is for v < factor^low, the last for v ≥ factor^(high+1); each order of magnitude between has
    at most `steps` buckets, less those that the one before it has covered.
    """

    first: Final = 0
    #: Cells of the first and of the last label in a line of packed distributions.
    label_widths: Final = (7, 8)
    #: Where DTrace shows a picture of no values at all.
    empty: Final = (0, 1)

    def __init__(self, factor: int, low: int, high: int, steps: int) -> None:
        if factor < 2 or not 0 <= low <= high or steps < factor or steps % factor:
            raise ValueError("no such log-linear quantization")
        if high > LAST_POWER or factor ** (high + 1) > 2**63:
            raise ValueError("the last magnitude does not fit into 64 bits")
        self.parameters = (factor, low, high, steps)
        self._lows: list[int] = []
        value = factor**low
        for order in range(low, high + 1):
            following = factor ** (order + 1)
            if following > steps and following % steps:
                raise ValueError("the steps do not divide each order of magnitude evenly")
            width = max(following // steps, 1)
            self._lows += range(value, following, width)
            if len(self._lows) > MOST_LEVELS:
                raise ValueError("too many buckets")
            value = following
        self._lows.append(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Logarithmic) and other.parameters == self.parameters

    def __hash__(self) -> int:
        return hash(self.parameters)

    @property
    def last(self) -> int:
        return len(self._lows)

    def index(self, value: int) -> int:
        """The bucket of a value."""
        return bisect_right(self._lows, value)

    def label(self, index: int) -> str:
        """How DTrace shows a bucket: its lower bound, `<` and `>=` at the ends."""
        if index <= 0:
            return f"< {self._lows[0]}"
        return f">= {self._lows[-1]}" if index >= self.last else str(self._lows[index - 1])

    def value(self, index: int) -> int:
        """The value that stands for a bucket when two distributions are compared."""
        if index <= 0:
            return self._lows[0] - 1
        return self._lows[min(index, self.last) - 1] + (index >= self.last)

    def bounds(self, index: int) -> Bucket:
        """The values of a bucket."""
        if index <= 0:
            return Bucket(None, self._lows[0])
        if index >= self.last:
            return Bucket(self._lows[-1], None)
        return Bucket(self._lows[index - 1], self._lows[index])


Buckets = Powers | Linear | Logarithmic
