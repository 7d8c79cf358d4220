"""The latencies of one row: how many by bucket, the greatest, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from nodeobs.latency.scale import SCALE, middle

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How something ended, beside the first digit of an HTTP status.
ABORTED: Final = 0
OK: Final = 2
FAILED: Final = 5
UNKNOWN: Final = -1


@dataclass(slots=True)
class Latencies:
    """`counts` by bucket of SCALE; `greatest` in ns, exact; `outcomes` by first digit of the
    status, ABORTED or UNKNOWN."""

    counts: dict[int, int] = field(default_factory=dict)
    greatest: int = 0
    outcomes: dict[int, int] = field(default_factory=dict)

    def add(self, ns: int, outcome: int) -> None:
        """One more of so many nanoseconds."""
        self.merge({SCALE.index(ns): 1}, outcome)
        self.greatest = max(self.greatest, ns)

    def merge(self, counts: Mapping[int, int], outcome: int) -> None:
        """More of one outcome, by bucket."""
        for index, count in counts.items():
            self.counts[index] = self.counts.get(index, 0) + count
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count

    def include(self, other: Latencies) -> None:
        """All of another one's."""
        for index, count in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + count
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.greatest = max(self.greatest, other.greatest)

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.outcomes.values())

    @property
    def aborted(self) -> int:
        """How many of them were aborted."""
        return self.outcomes.get(ABORTED, 0)

    @property
    def errors(self) -> int | None:
        """How many were aborted or have a status of 500 or above; None where nothing is known."""
        known = {outcome for outcome, count in self.outcomes.items() if count}
        if known == {UNKNOWN}:
            return None
        return sum(
            count
            for outcome, count in self.outcomes.items()
            if outcome == ABORTED or outcome >= FAILED
        )

    @property
    def error_share(self) -> float | None:
        """Errors as a share of those of which something is known."""
        errors = self.errors
        known = self.count - self.outcomes.get(UNKNOWN, 0)
        return None if errors is None or not known else errors / known

    @property
    def total(self) -> int:
        """The sum of all, in ns, within the scale's error."""
        return sum(self._value(index) * count for index, count in self.counts.items())

    def percentile(self, percent: int) -> int:
        """The smallest value that `percent` of them do not exceed (nearest rank), in ns, within
        the scale's error; 0 where there are none."""
        rank = max(1, -(-percent * self.count // 100))
        if rank == self.count and self.greatest:
            return self.greatest
        for index in sorted(self.counts):
            rank -= self.counts[index]
            if rank <= 0:
                return self._value(index)
        return 0

    def _value(self, index: int) -> int:
        value = middle(index)
        if value is None:
            return self.greatest or SCALE.bounds(index).low or 0
        return min(value, self.greatest) if self.greatest else value
