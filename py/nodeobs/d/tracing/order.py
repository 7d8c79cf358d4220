"""Records of several threads in the order of time.

All processes of a machine have one monotonic clock, and every record its time. A record is held
back while an earlier one may still be on its way: until every other thread has shown a later one,
or for the window at most.
"""

from __future__ import annotations

import heapq
from typing import Any, Final, NamedTuple

#: Seconds that a record waits for earlier ones: agents send within a turn of their event loop.
WINDOW: Final = 0.1

Source = tuple[int, int]


class Held(NamedTuple):
    """A record that waits. Compares by time; the second is never equal."""

    time: float
    sequence: int
    source: Source
    arrived: float
    record: dict[str, Any]


class TimeOrder:
    """Takes records as they arrive and gives them out in order. `now` is the caller's clock."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._held: list[Held] = []
        self._waiting: dict[Source, int] = {}
        self._sequence = 0

    def open(self, source: Source) -> None:
        """Records of `source` (a pid and a thread) may come from now on."""
        self._waiting.setdefault(source, 0)

    def close(self, pid: int) -> None:
        """Nothing more comes from a process."""
        for source in [one for one in self._waiting if one[0] == pid]:
            del self._waiting[source]

    def add(self, source: Source, time: float, record: dict[str, Any], now: float) -> None:
        """Take in a record that happened at `time` (nanoseconds) and arrived at `now`."""
        self._sequence += 1
        heapq.heappush(self._held, Held(time, self._sequence, source, now, record))
        if source in self._waiting:
            self._waiting[source] += 1

    def ready(self, now: float) -> list[Held]:
        """What need not wait any longer."""
        out = []
        while self._held and self._may_go(now):
            out.append(self._pop())
        return out

    def until(self, time: float) -> list[Held]:
        """Everything that happened up to `time`, however long it has waited."""
        out = []
        while self._held and self._held[0].time <= time:
            out.append(self._pop())
        return out

    def rest(self) -> list[Held]:
        """Everything that is left."""
        return self.until(float("inf"))

    def deadline(self) -> float | None:
        """When `ready` has something at the latest; None while nothing is held."""
        return self._held[0].arrived + self._window if self._held else None

    def _may_go(self, now: float) -> bool:
        head = self._held[0]
        if head.arrived + self._window <= now:
            return True
        return all(count for source, count in self._waiting.items() if source != head.source)

    def _pop(self) -> Held:
        held = heapq.heappop(self._held)
        if held.source in self._waiting:
            self._waiting[held.source] -= 1
        return held
