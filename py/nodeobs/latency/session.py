"""Measuring in processes: the program runs there, and its figures are fetched at intervals."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from nodeobs.d.tracing.tracee import Reading, Tracee
from nodeobs.d.tracing.tracees import Joined, Left, Told, Tracees, answered
from nodeobs.errors import NodeobsError
from nodeobs.latency.figures import Figures
from nodeobs.latency.program import latency_program
from nodeobs.latency.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from types import TracebackType

    from nodeobs.bus.protocol import Batch
    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.latency.grouping import Grouping
    from nodeobs.process import Process

#: Seconds that a process is given to answer at each interval, and at the end.
_PATIENCE: Final = 0.5
_LAST_WORD: Final = 2.0


class Listener(Protocol):
    """Who is told what happens meanwhile."""

    def measuring(self, label: str) -> None:
        """From now on nothing is missed of a process."""

    def tell(self, text: str) -> None:
        """Something the user should know."""


class Session:
    """`async with Session(…) as session: async for _ in session: …`

    Measures in `targets` and in everything that one of the names in `follow` matches. The iteration
    goes on each `interval` (seconds), when `figures` and `timeline` are new, and once more at the
    end: when the last process has ended, `duration` seconds after the first one began, or after
    `stop`.
    """

    def __init__(
        self,
        grouping: Grouping,
        targets: Sequence[NodeProcess],
        listener: Listener,
        *,
        follow: Sequence[str] = (),
        interval: float = 1.0,
        duration: float | None = None,
    ) -> None:
        self.figures = Figures(grouping)
        self.timeline = Timeline(interval)
        #: What is missing, by kind and pid: see the drops of `trace.read` in docs/protocol.md.
        self.drops: Counter[tuple[str, int]] = Counter()
        #: Clauses that failed, which they should not.
        self.faults = 0
        #: Whether a process has restify, whose probes tell of handlers.
        self.restify = False
        #: Labels of the processes measured in, by pid.
        self.processes: dict[int, str] = {}
        self._program = latency_program(grouping)
        #: How it ended, for the shell.
        self.exit_code = 0
        self._listener = listener
        self._interval = interval
        self._duration = duration
        self._watch = f"l{os.getpid()}-{secrets.token_hex(4)}"
        self._tracees = Tracees(targets, follow, self._watch, self._make, listener.tell)
        self._stopping = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._began: float | None = None
        self._until: float | None = None
        # When figures were fetched last, and the middle of the time that the present ones are of.
        self._read_at: float | None = None
        self._middle = time.time()

    async def __aenter__(self) -> Self:
        await self._tracees.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in list(self._background):
            task.cancel()
        await self._tracees.close()

    def stop(self, exit_code: int = 0) -> None:
        """End it: the last figures are fetched, and the iteration ends."""
        if not self._stopping.is_set():
            self.exit_code = exit_code
        self._stopping.set()
        self._tracees.wake()

    @property
    def stopping(self) -> bool:
        """Whether something has ended it before the processes did."""
        return self._stopping.is_set()

    @property
    def seconds(self) -> float:
        """How long it has measured, until the last figures came."""
        if self._began is None:
            return 0.0
        return (self._until or time.monotonic()) - self._began

    async def __aiter__(self) -> AsyncIterator[None]:
        """Raises NodeobsError when no process can be measured in."""
        await self._tracees.arrived(self._stopping)
        due = time.monotonic() + self._interval
        while not self._over():
            item = await self._tracees.next(max(0.0, due - time.monotonic()))
            while item is not None:
                self._take(item)
                item = self._tracees.next_nowait()
            if time.monotonic() < due or self._over():
                continue
            await self._read(self._tracees.read(), _PATIENCE)
            # What was missed because this command was stopped is one long interval.
            due = max(due + self._interval, time.monotonic())
            yield
        await self._end()
        yield

    def _over(self) -> bool:
        return self._stopping.is_set() or self._tracees.finished

    async def _end(self) -> None:
        complete = await self._read(self._tracees.stop(), _LAST_WORD)
        self._until = time.monotonic()
        if not complete:
            self._listener.tell("a process does not answer; what it measured last is missing")
        while (item := self._tracees.next_nowait()) is not None:
            self._take(item)

    async def _read(self, asked: Sequence[asyncio.Task[None]], patience: float) -> bool:
        """Wait for figures; whether all have come. What comes late belongs to the next time."""
        now = time.time()
        self._middle = ((self._read_at or now) + now) / 2
        self._read_at = now
        return await answered(asked, patience)

    # -- what comes from processes ----------------------------------------------------------

    def _take(self, item: Batch | Joined | Left | Told) -> None:
        match item:
            case Joined():
                self._look(item.tracee)
                self._let_go(item.tracee)
            case Left():
                self._listener.tell(item.text)
            case Told():
                self._listener.tell(item.text)
            case _:
                self._take_batch(item)

    def _take_batch(self, batch: Batch) -> None:
        tracee = self._tracees.find(batch.pid)
        if batch.kind != "watch" or tracee is None:
            return
        self.drops["queue", batch.pid] += batch.dropped
        for record in batch.records():
            kind = record.get("k") if isinstance(record, dict) else None
            if kind == "aggregations":  # the last word of a process that ends
                self._note(tracee, batch.tid, Reading.parse(record))
            elif kind == "probes":
                tracee.add_probes(batch.tid, record.get("added"))
                self._look(tracee)
            elif kind == "error":
                self.faults += 1

    def _look(self, tracee: Tracee) -> None:
        self.restify |= any(probe.name == "handler-done" for probe in tracee.probes())

    def _let_go(self, tracee: Tracee) -> None:
        task = asyncio.create_task(self._go(tracee))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _go(self, tracee: Tracee) -> None:
        for tid in tracee.threads:
            try:
                await tracee.go(tid, {})
            except NodeobsError as error:
                if error.code not in ("ended", "no_thread"):
                    self._listener.tell(error.message)
                continue
            if self._began is None:
                self._began = time.monotonic()
                self.timeline.start = self._read_at = time.time()
                if self._duration is not None:
                    asyncio.get_running_loop().call_later(self._duration, self.stop)
        if tracee.pid not in self.processes:
            self.processes[tracee.pid] = tracee.process.label
            self._listener.measuring(tracee.process.label)

    def _make(self, process: Process) -> Tracee:
        assert self._program.agent is not None
        return Tracee(
            process,
            self._program.agent,
            self._watch,
            (),
            self._note,
            _nothing_set,
        )

    def _note(self, tracee: Tracee, tid: int, reading: Reading) -> None:
        came = self.figures.take(self._program, reading.aggregations)
        if came:
            self.timeline.add(self._middle, came)
        for kind, count in reading.drops.items():
            self.drops[kind, tracee.pid] += count


def _nothing_set(_tracee: Tracee, _tid: int, _values: Any) -> None:
    """The program has no variables of ours."""
