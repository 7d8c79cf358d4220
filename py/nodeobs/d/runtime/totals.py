"""What aggregating functions keep: for one key, over all processes and threads.

Each kind takes the state of docs/protocol.md (`trace.read`) and single values alike, and merging
is the same in whatever order it happens.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Protocol

from nodeobs.d.runtime.buckets import Buckets, Linear, Logarithmic, Powers
from nodeobs.d.runtime.values import number, received

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodeobs.d.runtime.values import Value


class Total(Protocol):
    """What there is of a key. `normal` is the factor of normalize()."""

    def merge(self, state: Any) -> None:
        """Adds the state of an agent. Raises ValueError where it is none."""

    def add(self, values: Sequence[Value]) -> None:
        """Adds a value: the arguments of the function. Raises Fault."""

    def clear(self) -> None:
        """Forgets the values, as clear() does."""

    def result(self, normal: int = 1) -> int:
        """The number that is shown; of a distribution the sum of its counts."""

    def rank(self) -> tuple[int, int]:
        """What it is sorted by."""

    def state(self) -> Any:
        """As an agent would send it."""


class Sum:
    """count() and sum()."""

    __slots__ = ("_counts", "total")

    def __init__(self, *, counts: bool) -> None:
        self._counts = counts
        self.total = 0

    def merge(self, state: Any) -> None:
        self.total += whole(state)

    def add(self, values: Sequence[Value]) -> None:
        self.total += 1 if self._counts else number(values[0])

    def clear(self) -> None:
        self.total = 0

    def result(self, normal: int = 1) -> int:
        return divided(self.total, normal)

    def rank(self) -> tuple[int, int]:
        return self.total, 0

    def state(self) -> Any:
        return self.total


class Extreme:
    """min() and max(). Shown as 0 while there is no value."""

    __slots__ = ("_choose", "_value")

    def __init__(self, choose: Callable[[int, int], int]) -> None:
        self._choose = choose
        self._value: int | None = None

    def merge(self, state: Any) -> None:
        value = whole(state)
        self._value = value if self._value is None else self._choose(self._value, value)

    def add(self, values: Sequence[Value]) -> None:
        self.merge(number(values[0]))

    def clear(self) -> None:
        self._value = None

    def result(self, normal: int = 1) -> int:
        return divided(self._value or 0, normal)

    def rank(self) -> tuple[int, int]:
        return self._value or 0, 0

    def state(self) -> Any:
        return self._value


class Moments:
    """avg() and stddev(): number, sum and sum of squares of the values."""

    __slots__ = ("_count", "_deviation", "_squares", "_sum")

    def __init__(self, *, deviation: bool) -> None:
        self._deviation = deviation
        self._count = self._sum = self._squares = 0

    def merge(self, state: Any) -> None:
        wanted = 3 if self._deviation else 2
        if not isinstance(state, list) or len(state) != wanted:
            raise ValueError("not a state of avg() or stddev()")
        numbers = [whole(item) for item in state]
        self._count += numbers[0]
        self._sum += numbers[1]
        if self._deviation:
            self._squares += numbers[2]

    def add(self, values: Sequence[Value]) -> None:
        value = number(values[0])
        self._count += 1
        self._sum += value
        self._squares += value * value

    def clear(self) -> None:
        self._count = self._sum = self._squares = 0

    def result(self, normal: int = 1) -> int:
        if self._count <= 0:
            return 0
        mean = divided(divided(self._sum, normal), self._count)
        if not self._deviation:
            return mean
        # The approximation that DTrace documents: the root of the mean of the squares less the
        # square of the mean. Sums of squares beyond 2^53 are rounded, so it may fall below 0.
        mean_of_squares = divided(self._squares, normal * normal * self._count)
        return math.isqrt(max(mean_of_squares - mean * mean, 0))

    def rank(self) -> tuple[int, int]:
        return self.result(), 0

    def state(self) -> Any:
        return [self._count, self._sum, *([self._squares] if self._deviation else [])]


class Distribution:
    """quantize(), lquantize() and llquantize(): `counts` by number of the bucket."""

    __slots__ = ("buckets", "counts", "parameters")

    def __init__(self, buckets: Buckets, parameters: tuple[int, ...]) -> None:
        self.buckets = buckets
        self.parameters = parameters
        self.counts: dict[int, int] = {}

    def merge(self, state: Any) -> None:
        if self.parameters:
            if not isinstance(state, list) or len(state) != 2 or not isinstance(state[0], list):
                raise ValueError("not a state of lquantize() or llquantize()")
            if tuple(whole(item) for item in state[0]) != self.parameters:
                raise ValueError("bounds that are not those of the program")
            state = state[1]
        if not isinstance(state, dict):
            raise ValueError("not a state of quantize()")
        counts = {int(index): whole(count) for index, count in state.items()}
        if any(not self.buckets.first <= index <= self.buckets.last for index in counts):
            raise ValueError("no such bucket")
        for index, count in counts.items():
            self.counts[index] = self.counts.get(index, 0) + count

    def add(self, values: Sequence[Value]) -> None:
        index = self.buckets.index(number(values[0]))
        increments = values[1 + len(self.parameters) :]
        increment = number(increments[0]) if increments else 1
        self.counts[index] = self.counts.get(index, 0) + increment

    def clear(self) -> None:
        self.counts.clear()

    def result(self, normal: int = 1) -> int:
        return divided(sum(self.counts.values()), normal)

    def rank(self) -> tuple[int, int]:
        total = zero = 0
        for index, count in self.counts.items():
            value = self.buckets.value(index)
            total += value * count
            if value == 0:
                zero = count
        return total, zero

    def state(self) -> Any:
        counts = {str(index): count for index, count in sorted(self.counts.items())}
        return [list(self.parameters), counts] if self.parameters else counts


def new_total(function: str, parameters: Sequence[int] = ()) -> Total:
    """An empty total. `parameters` are the bounds of lquantize and llquantize.

    Raises ValueError where there is no such function, or not with these bounds.
    """
    make = _SIMPLE.get(function)
    if make is not None:
        return make()
    if function == "lquantize" and len(parameters) in (2, 3):
        base, limit, step = (*parameters, 1)[:3]
        return Distribution(Linear(base, limit, step), (base, limit, step))
    if function == "llquantize" and len(parameters) == 4:
        factor, low, high, steps = parameters
        return Distribution(Logarithmic(factor, low, high, steps), tuple(parameters))
    raise ValueError(f"no aggregating function {function} with {len(parameters)} bounds")


def whole(value: Any) -> int:
    """A number of JSON as an integer. Raises ValueError where it is none."""
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return received(value)
    raise ValueError("not a number")


def divided(value: int, by: int) -> int:
    """`value / by` as C has it."""
    quotient = abs(value) // abs(by)
    return quotient if (value < 0) == (by < 0) else -quotient


_SIMPLE: Final[dict[str, Callable[[], Total]]] = {
    "count": lambda: Sum(counts=True),
    "sum": lambda: Sum(counts=False),
    "min": lambda: Extreme(min),
    "max": lambda: Extreme(max),
    "avg": lambda: Moments(deviation=False),
    "stddev": lambda: Moments(deviation=True),
    "quantize": lambda: Distribution(Powers(), ()),
}
