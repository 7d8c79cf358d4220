"""A running program: its processes, its records in order, its ticks, and how it ends."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from typing import TYPE_CHECKING, Any, Final, Self

from nodeobs.d.tracing.controller import Controller
from nodeobs.d.tracing.drops import Drops
from nodeobs.d.tracing.globals import SharedGlobals
from nodeobs.d.tracing.intake import Intake
from nodeobs.d.tracing.matches import matches
from nodeobs.d.tracing.ticks import Ticks
from nodeobs.d.tracing.tracee import Tracee
from nodeobs.d.tracing.tracees import Joined, Left, Told, Tracees, answered
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from nodeobs.bus.protocol import Batch
    from nodeobs.d.printing.screen import Screen
    from nodeobs.d.program import Program
    from nodeobs.d.tracing.order import Held
    from nodeobs.discovery.processes import NodeProcess

#: Seconds that a process is given to answer, while others wait for it, and at the end.
_PATIENCE: Final = 0.5
_LAST_WORD: Final = 2.0
#: Batches that are taken in before their records are looked at.
_AT_ONCE: Final = 256

Shown = str | dict[str, Any]


class Trace:
    """`async with Trace(program, …) as trace: async for shown in trace: …`

    Runs `program` in `targets` and in everything that one of the names in `follow` matches. The
    iteration gives what is to be printed, in order: texts, or objects where `as_json`. It ends
    when the program says exit(), when the last process has ended, `duration` seconds after it has
    begun, or after `stop`; `exit_code` says how then.
    """

    def __init__(
        self,
        program: Program,
        targets: Sequence[NodeProcess],
        screen: Screen,
        tell: Callable[[str], None],
        *,
        follow: Sequence[str] = (),
        as_json: bool = False,
        description: str = "program",
        duration: float | None = None,
    ) -> None:
        self.exit_code: int | None = None
        self._program = program
        self._tell = tell
        self._description = description
        self._duration = duration
        self._watch = f"d{os.getpid()}-{secrets.token_hex(4)}"
        self._shown: list[Shown] = []
        self._controller = self._make_controller(
            screen, as_json=as_json, target=targets[0].pid if len(targets) == 1 else 0
        )
        self._globals = SharedGlobals(program, self._controller.evaluator.globals)
        self._ticks = Ticks(program)
        self._drops = Drops()
        self._intake = Intake(self._controller.aggregations, self._globals, self._drops)
        self._order = self._intake.order
        self._tracees = Tracees(
            targets if program.agent is not None else (),
            follow if program.agent is not None else (),
            self._watch,
            self._make,
            self._tell,
        )
        self._stopping: asyncio.Event = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._going = False

    async def __aenter__(self) -> Self:
        await self._tracees.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in list(self._background):
            task.cancel()
        await self._tracees.close()

    def stop(self, exit_code: int) -> None:
        """End the program: END runs, what was aggregated is printed."""
        if self.exit_code is None:
            self.exit_code = exit_code
        self._stopping.set()
        self._tracees.wake()

    async def __aiter__(self) -> AsyncIterator[list[Shown]]:
        """Raises NodeobsError when no process can run the program, or nothing matches it."""
        await self._begin()
        while not self._over():
            await self._turn()
            if self._shown:
                yield self._take_shown()
        await self._end()
        yield self._take_shown()

    def _make_controller(self, screen: Screen, *, as_json: bool, target: int) -> Controller:
        return Controller(
            self._program, screen, self._shown.append, self._tell, as_json=as_json, target=target
        )

    # -- the beginning ----------------------------------------------------------------------

    async def _begin(self) -> None:
        await self._tracees.arrived(self._stopping)
        if self._stopping.is_set():
            return
        matched = await matches(self._program, self._tracees.live)
        if not self._program.options.quiet:
            plural = "" if matched == 1 else "s"
            self._tell(f"{self._description} matched {matched} probe{plural}")
        self._globals.begin()
        self._controller.fire_kind("BEGIN")
        self._ticks.start(time.monotonic_ns())
        self._going = True
        if self._controller.exit_code is None:
            await answered([self._let_go(one) for one in self._tracees.live], _LAST_WORD)
        if self._duration is not None:
            asyncio.get_running_loop().call_later(self._duration, self.stop, 0)

    def _let_go(self, tracee: Tracee) -> asyncio.Task[None]:
        task = asyncio.create_task(self._go(tracee))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _go(self, tracee: Tracee) -> None:
        for tid in tracee.threads:
            try:
                await tracee.go(tid, self._globals.current())
            except NodeobsError as error:
                if error.code not in ("ended", "no_thread"):
                    self._tell(error.message)

    # -- one turn ---------------------------------------------------------------------------

    def _over(self) -> bool:
        return (
            self._stopping.is_set()
            or self._controller.exit_code is not None
            or (
                self._tracees.finished
                and self._order.deadline() is None
                # A program without processes runs for its ticks.
                and (self._program.agent is not None or not self._ticks)
            )
        )

    async def _turn(self) -> None:
        """Wait for what comes next, and do it."""
        item = await self._tracees.next(self._pause())
        for _ in range(_AT_ONCE):
            if item is not None:
                self._take(item)
            item = self._tracees.next_nowait()
            if item is None:
                break
        await self._handle(self._order.ready(time.monotonic()))
        now = time.monotonic_ns()
        if self._ticks.reading_due(now):
            await self._read()
            self._say_drops()
        for moment, probe in self._ticks.due(now):
            if self._over():
                return
            if self._controller.looks_back(probe):
                await self._read()
                await self._handle(self._order.until(moment))
            self._globals.begin()
            self._controller.fire(probe)
            await self._send_changes()

    def _pause(self) -> float | None:
        """Seconds until there is something to do even if nothing comes."""
        now = time.monotonic()
        deadline = self._order.deadline()
        waits = [self._ticks.next() / 1e9 - now]
        if deadline is not None:
            waits.append(deadline - now)
        return max(0.0, min(waits))

    def _take(self, item: Batch | Joined | Left | Told) -> None:
        match item:
            case Joined():
                for tid in item.tids:
                    self._order.open((item.tracee.pid, tid))
                if self._going and self._controller.exit_code is None:
                    self._let_go(item.tracee)
            case Left():
                self._order.close(item.pid)
                self._globals.forget(item.pid)
                if item.text and (item.unexpected or not self._program.options.quiet):
                    self._tell(item.text)
            case Told():
                self._tell(item.text)
            case _:
                tracee = self._tracees.find(item.pid)
                if item.kind == "watch" and tracee is not None:
                    self._intake.take(tracee, item)

    async def _handle(self, items: Sequence[Held]) -> None:
        """Do what records say, in order."""
        fresh = False
        for held in items:
            if self._controller.exit_code is not None:
                return
            record, (pid, tid) = held.record, held.source
            tracee = self._tracees.find(pid)
            probe = tracee.probe(tid, record.get("p")) if tracee is not None else None
            match record.get("k"):
                case "data":
                    if not fresh and self._controller.needs_totals(record):
                        await answered(self._tracees.read(), _PATIENCE)
                        fresh = True
                    self._controller.show_data(record, pid, probe)
                case "error":
                    self._globals.begin()
                    self._controller.show_error(record, pid, probe)
                    await self._send_changes()
                case "exit":
                    code = record.get("code")
                    self._controller.exit_code = code & 0xFF if isinstance(code, int) else 0

    # -- what agents keep -------------------------------------------------------------------

    def _make(self, process: Any) -> Tracee:
        assert self._program.agent is not None
        return Tracee(
            process,
            self._program.agent,
            self._watch,
            self._program.fetched,
            self._intake.note_reading,
            lambda tracee, tid, values: self._globals.sent((tracee.pid, tid), values),
        )

    async def _read(self) -> None:
        """Fetch what the agents have kept, and take in what they published before that."""
        await answered(self._tracees.read(), _PATIENCE)
        await self._catch_up(_PATIENCE)

    async def _catch_up(self, patience: float) -> None:
        ends = time.monotonic() + patience
        while self._tracees.behind and (left := ends - time.monotonic()) > 0:
            item = await self._tracees.next(left)
            if item is not None:
                self._take(item)
        while (item := self._tracees.next_nowait()) is not None:
            self._take(item)

    async def _send_changes(self) -> None:
        changed = self._globals.changed()
        if changed and self._controller.exit_code is None:
            await answered(self._tracees.set(changed), _PATIENCE)

    def _say_drops(self) -> None:
        own = self._controller
        self._drops.add("aggregation", None, own.aggregations.take_drops())
        self._drops.add("dynamic", None, own.evaluator.take_drops())
        for text in (*self._drops.take(), *own.take_untold()):
            self._tell(text)

    # -- the end ----------------------------------------------------------------------------

    async def _end(self) -> None:
        if not self._going:
            return  # stopped before it began
        complete = await answered(self._tracees.stop(), _LAST_WORD)
        if not complete:
            self._tell("a process does not answer; what it had counted last is missing")
        await self._catch_up(_LAST_WORD if complete else 0.0)
        await self._handle(self._order.rest())
        self._controller.fire_kind("END")
        self._controller.finish()
        self._say_drops()
        if self.exit_code is None:
            self.exit_code = self._controller.exit_code or 0

    def _take_shown(self) -> list[Shown]:
        # The list stays: the controller appends to it.
        shown, self._shown[:] = self._shown[:], []
        return shown
