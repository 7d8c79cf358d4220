"""What is known of latencies, by row: merged over threads, processes and time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.options import Options
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.latency.grouping import (
    BEFORE_ROUTING,
    NO_ROUTE,
    OTHERS,
    restify_name,
    route_label,
)
from nodeobs.latency.latencies import UNKNOWN, Latencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.d.program import Program
    from nodeobs.d.runtime.values import Keys, Value
    from nodeobs.latency.grouping import Grouping

#: Rows of a table; what is beyond them is in the row of the others.
MOST_ROWS: Final = 1000

#: What stands in the place of a route.
_NO_ROUTES: Final = (NO_ROUTE, OTHERS)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what it is about, a text for each dimension, and its latencies."""

    key: Key
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class Request:
    """A request of an audit log. `path` is its URL, `status` 0 where it was aborted; `handlers`
    are their names and nanoseconds."""

    method: str
    path: str
    status: int
    client: str
    ns: int
    handlers: Sequence[tuple[str, int]] = field(default=())


class Figures:
    """The rows of requests, by the dimensions of `grouping`, and of handlers, by route and name.

    `underway` are requests that had begun before anybody looked.
    """

    def __init__(self, grouping: Grouping) -> None:
        self.grouping = grouping
        self.underway = 0
        self.drops = 0
        self._requests: dict[Key, Latencies] = {}
        self._handlers: dict[Key, Latencies] = {}

    def take(self, program: Program, rows: Iterable[Any]) -> Counter[int]:
        """Add what a thread has handed out; answers the counts of its requests, by bucket.

        Rows that are none of the program's are left out and counted in `drops`.
        """
        read = Aggregations(program.aggregations)
        read.merge(rows)
        self.drops += read.take_drops()
        came: Counter[int] = Counter()
        for entry in self._entries(read, "@request"):
            counts = dict(entry.distribution.counts)
            # A latency below 100 ns is none: it is -1.
            self.underway += counts.pop(0, 0)
            if counts:
                self._request(entry.keys).merge(counts, int(entry.keys[-1]) // 100)
                came.update(counts)
        for entry in self._entries(read, "@slowest"):
            if entry.value >= 0:
                _raise(self._request(entry.keys), entry.value)
        for entry in self._entries(read, "@handler"):
            *keys, outcome = entry.keys
            self._handler(keys).merge(entry.distribution.counts, int(outcome))
        for entry in self._entries(read, "@longest"):
            _raise(self._handler(entry.keys), entry.value)
        return came

    def add(self, request: Request) -> None:
        """Add a request of a log."""
        given: dict[str, tuple[Value, ...]] = {
            "method": (request.method,),
            "route": ("", request.path),
            "client": (request.client,),
        }
        keys = [key for name in self.grouping.requests for key in given.get(name, ())]
        self._request([*keys, request.status]).add(request.ns, request.status // 100)
        route = f"{request.method} {route_label('', request.path, request.status)}"
        for name, ns in request.handlers:
            _at(self._handlers, (route, name)).add(ns, UNKNOWN)

    @property
    def all(self) -> Latencies:
        """All requests together."""
        whole = Latencies()
        for latencies in self._requests.values():
            whole.include(latencies)
        return whole

    def requests(self) -> list[Row]:
        """The rows of requests."""
        return [Row(key, latencies) for key, latencies in self._requests.items()]

    def handlers(self) -> list[Row]:
        """The rows of handlers: the route and the name. What runs before a route is chosen has
        the route `*`."""
        labels = self._route_labels()
        rows: dict[Key, Latencies] = {}
        for (route, name), latencies in self._handlers.items():
            key = (labels.get(route, route), name)
            rows.setdefault(key, Latencies()).include(latencies)
        return [Row(key, latencies) for key, latencies in rows.items()]

    def _route_labels(self) -> dict[str, str]:
        """Routes with their methods, by what handlers have of them, as far as requests have come to
        them: the name that restify gives them, or the path, if it is of one method."""
        if "route" not in self.grouping.requests:
            return {}
        at = self.grouping.requests.index("route")
        routes = {key[at - 1 : at + 1] for key in self._requests if key[at] not in _NO_ROUTES}
        found: dict[str, str] = {}
        times = Counter(path for _, path in routes)
        for method, path in routes:
            label = f"{method} {path}"
            found[restify_name(method, path)] = label
            if times[path] == 1:
                found[path] = label
        return found

    def _entries(self, read: Aggregations, name: str) -> list[Any]:
        return read.entries(name, _UNSORTED) if name in read.declared else []

    def _request(self, keys: Sequence[Value]) -> Latencies:
        return _at(self._requests, self.grouping.key(keys))

    def _handler(self, keys: Keys | Sequence[Value]) -> Latencies:
        route, name = keys
        return _at(self._handlers, (str(route or BEFORE_ROUTING), str(name)))


_UNSORTED: Final = Options()


def _at(rows: dict[Key, Latencies], key: Key) -> Latencies:
    if key not in rows and len(rows) >= MOST_ROWS:
        key = (OTHERS,) * len(key)
    return rows.setdefault(key, Latencies())


def _raise(latencies: Latencies, ns: int) -> None:
    latencies.greatest = max(latencies.greatest, ns)
