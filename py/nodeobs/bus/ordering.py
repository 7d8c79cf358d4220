"""Batches of several agents in the order in which their records happened.

Within one agent the agent-wide numbers give the order, whatever topics the records have. Between
agents the times in the records do. A record is held back only while an earlier one may still be on
its way: until its number shows that nothing is missing before it, or for the window at most.
Nothing is lost, and nothing is given out twice.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nodeobs.bus.protocol import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Seconds that a record waits for earlier ones. Agents flush at the end of a turn of their event
#: loop, so what happened together arrives within about that.
WINDOW: Final = 0.1
#: Bytes held back at most; beyond, the oldest go out as if their window had passed.
MAX_HELD: Final = 32 << 20

_TIME: Final = b'"time":"'
#: What holding a record costs besides its bytes.
_OVERHEAD: Final = 400


@dataclass(frozen=True, slots=True)
class Marker:
    """Something to say at its place among the records of a process, for example that it ended."""

    pid: int
    content: Any


class _Held(NamedTuple):
    """Compares by the first three, of which the third is never equal."""

    number: float
    arrived: float
    sequence: int
    time: str
    item: Batch | Marker
    size: int


class _Source:
    """What one agent has sent and is held, by number."""

    __slots__ = ("closed", "expected", "held", "highest", "last_time")

    def __init__(self) -> None:
        self.held: list[_Held] = []
        # The number after the last one given out; nothing can come before it.
        self.expected: float = -1
        self.highest: float = -1
        self.last_time = ""
        self.closed = False


class Ordering:
    """Takes batches as they arrive and gives them out in order, split where the order needs it.

    Times are those of one monotonic clock, in seconds, given by the caller.
    """

    def __init__(self, window: float = WINDOW, max_held: int = MAX_HELD) -> None:
        self._window = window
        self._max_held = max_held
        self._sources: dict[tuple[int, int], _Source] = {}
        self._sequence = 0
        self._size = 0

    @property
    def held(self) -> int:
        """Bytes held back now, roughly."""
        return self._size

    def add(self, batch: Batch, now: float) -> None:
        """Take in a batch that arrived at `now`."""
        source = self._source(batch.pid, batch.tid)
        if batch.dropped:
            first = batch.order[0] if batch.order else source.highest + 1
            report = _part(batch, batch.seq, 0, (), b"")
            report.dropped = batch.dropped
            self._hold(source, first - 0.5, now, source.last_time, report)
        if not batch.count:
            return
        if batch.dropped:
            batch = _part(batch, batch.seq, batch.count, batch.order, batch.payload)
        for part in self._parts(batch):
            time = "" if len(self._sources) == 1 else _time_of(part.payload) or source.last_time
            source.last_time = time or source.last_time
            source.highest = max(source.highest, part.order[0] + part.count - 1)
            self._hold(source, part.order[0], now, time, part)

    def close(self, marker: Marker, time: str, now: float) -> None:
        """Nothing more comes from a process; `marker` goes out after its last record."""
        for (pid, _), source in self._sources.items():
            if pid == marker.pid:
                source.closed = True
        source = self._source(marker.pid, 0)
        source.closed = True
        self._hold(source, math.inf, now, time, marker)
        self._forget_ended()

    def ready(self, now: float) -> Iterator[Batch | Marker]:
        """Give out, in order, what need not wait any longer."""
        while True:
            source = self._next()
            if source is None or not self._may_go(source, now):
                return
            yield self._release(source)

    def flush(self) -> Iterator[Batch | Marker]:
        """Give out everything in order."""
        while (source := self._next()) is not None:
            yield self._release(source)

    def deadline(self) -> float | None:
        """When `ready` has something at the latest; None while nothing is held."""
        first = self._next()
        if first is None:
            return None
        head = first.held[0]
        if head.number > first.expected:
            return head.arrived + self._window
        held = (source.held[0].arrived for source in self._sources.values() if source.held)
        return min(held) + self._window

    def _source(self, pid: int, tid: int) -> _Source:
        source = self._sources.get((pid, tid))
        if source is None:
            source = self._sources[pid, tid] = _Source()
        return source

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        """Runs of consecutive numbers; single records where several agents are merged."""
        alone = len(self._sources) == 1
        if alone and len(batch.order) == 2:
            yield batch
            return
        lines = batch.lines()
        if len(lines) != batch.count:
            # Not what the header says, so not to be told apart: keep it together.
            yield _part(batch, batch.seq, batch.count, (batch.order[0], batch.count), batch.payload)
            return
        if not alone:
            for at, number in enumerate(batch.numbers()):
                yield _part(batch, batch.seq + at, 1, (number, 1), lines[at] + b"\n")
            return
        at = 0
        for first, count in zip(batch.order[::2], batch.order[1::2], strict=True):
            payload = b"\n".join(lines[at : at + count]) + b"\n"
            yield _part(batch, batch.seq + at, count, (first, count), payload)
            at += count

    def _hold(
        self, source: _Source, number: float, now: float, time: str, item: Batch | Marker
    ) -> None:
        size = _OVERHEAD + (len(item.payload) if isinstance(item, Batch) else 0)
        self._sequence += 1
        self._size += size
        heapq.heappush(source.held, _Held(number, now, self._sequence, time, item, size))

    def _next(self) -> _Source | None:
        """The agent whose first record is the earliest."""
        best: _Source | None = None
        for source in self._sources.values():
            if source.held and (best is None or source.held[0].time < best.held[0].time):
                best = source
        return best

    def _may_go(self, source: _Source, now: float) -> bool:
        if self._size > self._max_held:
            return True
        head = source.held[0]
        if head.arrived + self._window <= now:
            return True
        # What the same agent counted before it may still come: its order is never given up.
        if head.number > source.expected:
            return False
        complete = True
        for other in self._sources.values():
            if other.held:
                if other.held[0].arrived + self._window <= now:
                    return True
                complete = complete and other.held[0].number <= other.expected
            elif not other.closed:
                complete = False
        return complete

    def _release(self, source: _Source) -> Batch | Marker:
        held = heapq.heappop(source.held)
        self._size -= held.size
        if isinstance(held.item, Batch) and held.item.count:
            source.expected = max(source.expected, held.number + held.item.count)
        if source.closed and not source.held:
            self._forget_ended()
        return held.item

    def _forget_ended(self) -> None:
        self._sources = {
            key: source for key, source in self._sources.items() if source.held or not source.closed
        }


def _part(batch: Batch, seq: int, count: int, order: tuple[int, ...], payload: bytes) -> Batch:
    return Batch(batch.pid, batch.tid, batch.topic, seq, count, 0, order, payload)


def _time_of(line: bytes) -> str:
    """The time in a record. A text in the record cannot pass for it: its quotes are escaped.

    It is looked for from the end, where loggers write it; in a record in which an object with a
    time of its own follows, that one is found, which only moves the record within the window.
    """
    start = line.rfind(_TIME)
    if start < 0:
        return ""
    start += len(_TIME)
    end = line.find(b'"', start)
    time = line[start:end]
    # The times of Node's Date sort as texts. Others have to be given up on.
    if len(time) == 24 and time.endswith(b"Z"):
        return time.decode("ascii", "replace")
    return ""
