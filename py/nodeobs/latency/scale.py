"""The buckets in which latencies are counted, and the coarser steps in which they are shown.

Processes count with llquantize(ns, 10, 2, 11, 500): 450 buckets of one size in each power of ten
from 100 ns to 1,000 s. No bucket is wider than a fiftieth of its lower bound, so its middle is
within 1 % of every value in it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.d.runtime.buckets import Logarithmic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The bounds of llquantize, in nanoseconds.
BOUNDS: Final = (10, 2, 11, 500)
SCALE: Final = Logarithmic(*BOUNDS)
#: How far an estimate may be off, as a share of the true value, between 100 ns and 1,000 s.
ERROR: Final = 0.01

#: Where steps begin within a power of ten, in hundredths of it, from fine to coarse. All of them
#: are bounds of buckets.
_LADDERS: Final = (
    (100, 120, 150, 200, 250, 300, 400, 500, 600, 800),
    (100, 150, 200, 300, 500, 700),
    (100, 200, 300, 500),
    (100, 200, 500),
    (100, 300),
    (100,),
)


def middle(index: int) -> int | None:
    """What stands for the values of a bucket, in ns: 0 for those below the first bound, None for
    the last one, which has no end."""
    bucket = SCALE.bounds(index)
    if bucket.high is None:
        return None
    return (bucket.low + bucket.high) // 2 if bucket.low is not None else 0


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps that follow each other: their lower bounds in ns, and where the last one ends.

    What is below the first counts to it, and what is above the last to that.
    """

    lows: tuple[int, ...]
    high: int

    @property
    def low(self) -> int:
        """Where the first one begins."""
        return self.lows[0]

    def index(self, bucket: int) -> int:
        """The step that a bucket is in."""
        return max(bisect_right(self.lows, SCALE.bounds(bucket).low or 0) - 1, 0)

    def counts(self, counts: Mapping[int, int]) -> list[int]:
        """Counts by bucket as counts by step."""
        found = [0] * len(self.lows)
        for bucket, count in counts.items():
            found[self.index(bucket)] += count
        return found


def steps_over(buckets: Iterable[int], most: int) -> Steps | None:
    """The finest steps over all of these buckets that are `most` or fewer, if any can be; None
    for no buckets."""
    used = set(buckets)
    if not used:
        return None
    if len(used) > 1:
        used.discard(0)  # it has no lower bound: rather in the first step than in one for itself
    lowest, highest = SCALE.bounds(min(used)), SCALE.bounds(max(used))
    low = lowest.low or 0
    high = highest.high or (highest.low or 0) + 1
    for ladder in _LADDERS:
        steps = _steps(ladder, low, high)
        if len(steps.lows) <= most:
            return steps
    return _steps(_LADDERS[-1], low, high)


def _steps(ladder: tuple[int, ...], low: int, high: int) -> Steps:
    powers = range(BOUNDS[1], BOUNDS[2] + 2)
    bounds = [10**power * part // 100 for power in powers for part in ladder]
    bounds.append(10 ** (BOUNDS[2] + 2))
    first = max(bisect_right(bounds, low) - 1, 0)
    last = first + 1
    while bounds[last] < high and last < len(bounds) - 1:
        last += 1
    return Steps(tuple(bounds[first:last]), bounds[last])
