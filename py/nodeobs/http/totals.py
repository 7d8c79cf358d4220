"""What the processes have counted: requests by method and status, collections by kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from nodeobs.d.options import Options
from nodeobs.latency.latencies import ABORTED, Latencies

if TYPE_CHECKING:
    from nodeobs.d.runtime.aggregation import Aggregations

#: Below every latency of a request: the bucket of those whose latency is not known.
_UNKNOWN: Final = 0
#: The first status that says that something went wrong.
_WRONG: Final = 400
_UNSORTED: Final = Options()


@dataclass(slots=True)
class Total:
    """Requests to servers, calls of clients, or collections.

    `latencies` are those known; `earlier` is how many others had begun before anybody looked.
    `wrong` is how many by method and status, of those with a status of 400 and above or (0)
    aborted; `kinds` how many collections by kind.
    """

    latencies: Latencies = field(default_factory=Latencies)
    earlier: int = 0
    wrong: dict[tuple[str, int], int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many in all."""
        return self.latencies.count + self.earlier

    @property
    def errors(self) -> int:
        """How many had a status of 500 and above, or were aborted."""
        return sum(
            count for (_, status), count in self.wrong.items() if status == ABORTED or status >= 500
        )


class Totals:
    """All of it, by `server`, `client` and `gc`, as far as it was asked for; `seconds` is how
    long it took."""

    def __init__(self, aggregations: Aggregations, seconds: float) -> None:
        self.seconds = seconds
        self.of: dict[str, Total] = {}
        for name in aggregations.names():
            probe = name.removeprefix("@")
            total = self.of[probe] = Total()
            for entry in aggregations.entries(name, _UNSORTED):
                counts = entry.distribution.counts if entry.distribution is not None else {}
                if probe == "gc":
                    _add_collections(total, str(entry.keys[0]), counts)
                else:
                    _add_requests(total, str(entry.keys[0]), int(entry.keys[1]), counts)


def _add_collections(total: Total, kind: str, counts: dict[int, int]) -> None:
    total.latencies.merge(counts, 0)
    total.kinds[kind] = total.kinds.get(kind, 0) + sum(counts.values())


def _add_requests(total: Total, method: str, status: int, counts: dict[int, int]) -> None:
    known = {index: count for index, count in counts.items() if index != _UNKNOWN}
    total.earlier += counts.get(_UNKNOWN, 0)
    total.latencies.merge(known, status // 100)
    if status == ABORTED or status >= _WRONG:
        key = (method, status)
        total.wrong[key] = total.wrong.get(key, 0) + sum(counts.values())
