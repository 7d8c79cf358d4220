"""What comes from the agents: records into the order of time, readings into the totals."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nodeobs.d.tracing.order import TimeOrder
from nodeobs.d.tracing.tracee import Reading

if TYPE_CHECKING:
    from nodeobs.bus.protocol import Batch
    from nodeobs.d.runtime.aggregation import Aggregations
    from nodeobs.d.tracing.drops import Drops
    from nodeobs.d.tracing.globals import SharedGlobals
    from nodeobs.d.tracing.tracee import Tracee


class Intake:
    """Takes in what threads publish and hand out. `order` holds the records that wait, and what
    threads have lost is added to `drops`."""

    def __init__(self, totals: Aggregations, globals_: SharedGlobals, drops: Drops) -> None:
        self.order = TimeOrder()
        self._totals = totals
        self._globals = globals_
        self._drops = drops

    def take(self, tracee: Tracee, batch: Batch) -> None:
        """A batch of the topic of this program."""
        source, now = (batch.pid, batch.tid), time.monotonic()
        tracee.note(batch.tid, batch.seq + batch.count)
        self._drops.add("queue", batch.pid, batch.dropped)
        for record in batch.records():
            if not isinstance(record, dict):
                continue
            kind = record.get("k")
            if kind == "aggregations":
                self.note_reading(tracee, batch.tid, Reading.parse(record))
            elif kind == "probes":
                tracee.add_probes(batch.tid, record.get("added"))
            else:
                moment = record.get("t")
                if not isinstance(moment, int | float):
                    moment = time.monotonic_ns()
                self.order.add(source, moment, record, now)

    def note_reading(self, tracee: Tracee, tid: int, reading: Reading) -> None:
        """What a thread has handed out, because it was asked or because it ends."""
        self._totals.merge(reading.aggregations)
        self._globals.merge((tracee.pid, tid), reading.globals)
        for kind, count in reading.drops.items():
            self._drops.add(kind, tracee.pid, count)
