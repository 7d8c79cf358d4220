"""The processes that a program runs in: who joins, who leaves, and what comes from them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nodeobs.bus.protocol import Batch
from nodeobs.discovery.processes import NodeProcess, find
from nodeobs.errors import NodeobsError
from nodeobs.process import Process, attach
from nodeobs.snoop.agent_stats import subscribed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodeobs.d.tracing.tracee import Tracee

#: Seconds between looks for processes that match a name, and for new threads.
_LOOK_EVERY: Final = 0.5
_LOOK_FOR_THREADS: Final = 0.25
#: Seconds between looks whether the subscription has arrived.
_SUBSCRIBING: Final = 0.005
#: Seconds that the others wait for a process that does not answer, before they go.
_ARRIVING: Final = 3.0
#: How often a process that matches a name may fail to be attached to.
_TRIES: Final = 3
_QUEUE: Final = 64


@dataclass(frozen=True, slots=True)
class Joined:
    """Threads of a process have taken in the program, and wait to be let go."""

    tracee: Tracee
    tids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A process has ended. `unexpected` is whether something may be missing for it."""

    pid: int
    text: str
    unexpected: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Something the user should know."""

    text: str


Item = Batch | Joined | Left | Told


async def answered(asked: Sequence[asyncio.Task[None]], seconds: float) -> bool:
    """Wait so long for answers to requests; whether all have come."""
    if not asked:
        return True
    _, late = await asyncio.wait(asked, timeout=seconds)
    return not late


class Tracees:
    """Attaches to `targets` and to what a name in `follow` matches, and starts the program there
    as `make(process)` has it. Until the first have arrived nobody asks for what comes next, and
    what the user should know goes to `tell` at once."""

    def __init__(
        self,
        targets: Sequence[NodeProcess],
        follow: Sequence[str],
        watch: str,
        make: Callable[[Process], Tracee],
        tell: Callable[[str], None],
    ) -> None:
        self._targets = list(targets)
        self._follow = list(follow)
        self._prefix = f"watch.{watch}"
        self._make = make
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue(_QUEUE)
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._tracees: dict[int, Tracee] = {}
        self._gone: dict[int, Tracee] = {}
        self._refusals: Counter[tuple[int, int]] = Counter()
        self._follower: asyncio.Task[None] | None = None
        self._arrivals: list[asyncio.Future[None]] = []
        self._failure: NodeobsError | None = None
        self._told: set[asyncio.Task[None]] = set()
        self._say: Callable[[str], None] | None = tell

    async def open(self) -> None:
        """Begin to attach."""
        for target in self._targets:
            self._start(target, asyncio.get_running_loop().create_future())
        if self._follow:
            self._follower = asyncio.create_task(self._look_for_more())

    async def close(self) -> None:
        """Detach from everything."""
        tasks = [*self._tasks.values(), *self._told]
        if self._follower is not None:
            tasks.append(self._follower)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def arrived(self, stopping: asyncio.Event) -> None:
        """Wait for the first processes: all that answer soon, one at least; or until `stopping`.

        Raises NodeobsError when none of them can run the program.
        """
        arriving = asyncio.create_task(self._arrive())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait([arriving, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if arriving.done():
            arriving.result()  # raises what went wrong
        else:
            arriving.cancel()
        self._say = None

    async def _arrive(self) -> None:
        if self._arrivals:
            await asyncio.wait(self._arrivals, timeout=_ARRIVING)
            waiting = [one for one in self._arrivals if not one.done()]
            if waiting and not self._tracees:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if self._failure is not None and not self._tracees and not self._follow:
            raise self._failure

    @property
    def live(self) -> list[Tracee]:
        """The processes that the program runs in now."""
        return list(self._tracees.values())

    @property
    def finished(self) -> bool:
        """Whether nothing will come any more."""
        return (
            self._follower is None
            and self._queue.empty()
            and all(task.done() for task in self._tasks.values())
        )

    @property
    def behind(self) -> bool:
        """Whether records are on their way that were there at the last reading."""
        return any(tracee.behind for tracee in self._tracees.values())

    def find(self, pid: int) -> Tracee | None:
        """A process by its pid, also one that has ended."""
        return self._tracees.get(pid) or self._gone.get(pid)

    def wake(self) -> None:
        """Have `next` return, with nothing."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(None)

    async def next(self, seconds: float | None) -> Item | None:
        """What comes next; None when nothing has in that time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._queue.get()
        return None

    def next_nowait(self) -> Item | None:
        """What is there already."""
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                return item
        return None

    def read(self) -> list[asyncio.Task[None]]:
        """Ask everybody for what they have."""
        return [task for tracee in self.live for task in tracee.read()]

    def stop(self) -> list[asyncio.Task[None]]:
        """End the program everywhere."""
        return [task for tracee in self.live for task in tracee.stop()]

    def set(self, values: dict[str, Any]) -> list[asyncio.Task[None]]:
        """Give everybody new values of variables."""
        return [task for tracee in self.live for task in tracee.set(values)]

    # -- one process ------------------------------------------------------------------------

    def _start(self, found: NodeProcess, arrival: asyncio.Future[None] | None) -> None:
        if arrival is not None:
            self._arrivals.append(arrival)
        key = (found.pid, found.start_time)
        self._tasks[key] = asyncio.create_task(self._trace(found, arrival))

    async def _trace(self, found: NodeProcess, arrival: asyncio.Future[None] | None) -> None:
        try:
            async with attach(found, verb="trace", notice=self._tell) as process:
                tracee = self._make(process)
                reading = asyncio.create_task(self._read(process))
                try:
                    await self._run(tracee, arrival)
                    await reading
                finally:
                    reading.cancel()
                    self._gone[found.pid] = tracee
                    self._tracees.pop(found.pid, None)
                ended = process.ended
                normal = ended is not None and ended.reason == "exited"
                text = f"{process.label} {ended}"
                await self._queue.put(Left(found.pid, text, unexpected=not normal))
        except NodeobsError as error:
            await self._fail(found, error)
        finally:
            if arrival is not None and not arrival.done():
                arrival.set_result(None)
            self.wake()

    async def _read(self, process: Process) -> None:
        async for batch in process.batches([self._prefix]):
            await self._queue.put(batch)

    async def _run(self, tracee: Tracee, arrival: asyncio.Future[None] | None) -> None:
        """Start the program in every thread that there is, and in those to come."""
        process = tracee.process
        await self._start_threads(tracee)
        if arrival is not None and not arrival.done():
            arrival.set_result(None)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_FOR_THREADS):
                    await process.wait_ended()
                    return
            if set(process.threads) - set(tracee.threads):
                await self._start_threads(tracee)

    async def _start_threads(self, tracee: Tracee) -> None:
        process = tracee.process
        started: list[int] = []
        for tid in process.threads:
            if tid in tracee.threads:
                continue
            try:
                await tracee.start(tid)
                await self._wait_for_subscription(process, tid)
                started.append(tid)
            except NodeobsError as error:
                if tid == min(process.threads, default=tid) or error.code == "unknown_op":
                    raise
                if error.code not in ("ended", "no_thread"):
                    self._tell(error.message)
        self._tracees[process.pid] = tracee
        if started:
            await self._queue.put(Joined(tracee, tuple(started)))

    async def _wait_for_subscription(self, process: Process, tid: int) -> None:
        # It goes over a connection of its own: the prefix, the agent's events, and our name.
        stats = await process.stats(tid=tid)
        while not subscribed(stats, process.client, 3):
            await asyncio.sleep(_SUBSCRIBING)
            stats = await process.stats(tid=tid)

    async def _fail(self, found: NodeProcess, error: NodeobsError) -> None:
        key = (found.pid, found.start_time)
        self._refusals[key] += 1
        self._failure = error
        if (self._follow or len(self._targets) > 1) and self._refusals[key] == 1:
            await self._queue.put(Told(error.message))

    def _tell(self, text: str) -> None:
        """Queue a notice from where nobody can wait."""
        if self._say is not None:
            self._say(text)
            return
        task = asyncio.ensure_future(self._queue.put(Told(text)))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    # -- processes that join ----------------------------------------------------------------

    async def _look_for_more(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self._tasks = {key: task for key, task in self._tasks.items() if not task.done()}
            for found in await asyncio.to_thread(self._matching):
                key = (found.pid, found.start_time)
                if key not in self._tasks and self._refusals[key] < _TRIES:
                    self._start(found, None)

    def _matching(self) -> list[NodeProcess]:
        found: dict[int, NodeProcess] = {}
        for spec in self._follow:
            # A name that nothing has at present is what we are waiting for.
            with contextlib.suppress(NodeobsError):
                found.update((one.pid, one) for one in find(spec) if one.endpoints)
        return list(found.values())
