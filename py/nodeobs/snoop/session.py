"""Following processes: their records in order, who joins and leaves, and what it all cost."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Self

from nodeobs.bus.ordering import Marker, Ordering
from nodeobs.bus.protocol import Batch
from nodeobs.discovery.processes import NodeProcess, find
from nodeobs.errors import NodeobsError
from nodeobs.process import Process, attach
from nodeobs.reports.quantities import amount
from nodeobs.snoop.agent_stats import dropped_for, spent_ms, subscribed
from nodeobs.snoop.recent import RecentRecords, kept_batches
from nodeobs.snoop.wanted import WantedProbes
from nodeobs.snoop.watched import Event, Joined, Left, Recent, Told, Watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from types import TracebackType

#: Seconds between looks for processes that match a name.
_LOOK_EVERY: Final = 0.5
#: Seconds that a process is given to say what it cost, at the end.
_LAST_WORD: Final = 1.0
#: Seconds between looks whether the subscriptions have arrived.
_SUBSCRIBING: Final = 0.005
#: How often a process that matches a name may fail to be attached to.
_TRIES: Final = 3
#: Batches between the processes and the one who reads them.
_QUEUE: Final = 32
#: Batches given out at once at most.
_AT_ONCE: Final = 64


class Snoop:
    """`async with Snoop(…) as snoop: async for events in snoop: …`

    Watches `targets`, and everything that one of the names in `follow` matches, for as long as it
    lives. The iteration ends with the last target where there is nothing to follow. `globs` are
    the probes asked for, to say when none of them exists. With `recent` the records that a process
    had logged before come first.
    """

    def __init__(
        self,
        targets: Sequence[NodeProcess],
        prefixes: Sequence[str],
        *,
        follow: Sequence[str] = (),
        globs: Sequence[str] = (),
        recent: bool = False,
    ) -> None:
        self.watched: list[Watched] = []
        self._targets = list(targets)
        self._prefixes = list(prefixes)
        self._follow = list(follow)
        self._globs = list(globs)
        self._recent = recent
        self._ordering = Ordering()
        self._queue: asyncio.Queue[Event | Recent | None] = asyncio.Queue(_QUEUE)
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._live: dict[int, tuple[Process, Watched, dict[int, float]]] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._refusals: Counter[tuple[int, int]] = Counter()
        self._follower: asyncio.Task[None] | None = None
        self._arriving = len(self._targets)
        self._wanted = WantedProbes(self._globs)
        self._failure: NodeobsError | None = None

    async def __aenter__(self) -> Self:
        for target in self._targets:
            self._start(target)
        if self._follow:
            self._follower = asyncio.create_task(self._look_for_more())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [*self._tasks.values(), *self._posts]
        if self._follower is not None:
            tasks.append(self._follower)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        """What there is, in order, as it comes.

        Raises NodeobsError when none of the processes could be watched.
        """
        while not self._finished():
            events: list[Event] = []
            item = await self._next()
            for _ in range(_AT_ONCE):
                if item is not None:
                    self._take(item, events)
                if self._queue.empty():
                    break
                item = self._queue.get_nowait()
            events += self._given(self._ordering.ready(time.monotonic()))
            if self._follow and not self._live and any(isinstance(e, Left) for e in events):
                names = " or ".join(self._follow)
                events.append(Told(None, "notice", f"nobody is left; waiting for {names}"))
            if events:
                yield events
        events = self.rest()
        if events:
            yield events
        if self._failure is not None and not self.watched:
            raise self._failure

    def rest(self) -> list[Event]:
        """What is still held back for its place in the order."""
        events: list[Event] = []
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if item is not None:
                self._take(item, events)
        return events + self._given(self._ordering.flush())

    async def settle(self) -> None:
        """Ask the processes what they spent and dropped, for the summary."""
        await asyncio.gather(*(self._settle(*live) for live in list(self._live.values())))

    # -- one process ------------------------------------------------------------------------

    def _start(self, found: NodeProcess) -> None:
        key = (found.pid, found.start_time)
        self._tasks[key] = asyncio.create_task(self._watch(found))

    async def _watch(self, found: NodeProcess) -> None:
        try:
            told = _Notices(found.pid, self._post)
            process = attach(found, verb="snoop", notice=told)
            told.process = process
            async with process:
                await self._read(process, found)
        except NodeobsError as error:
            await self._fail(found, error)
        finally:
            # Wakes the reader, which looks whether anybody is left.
            with contextlib.suppress(asyncio.QueueFull):
                self._queue.put_nowait(None)

    async def _read(self, process: Process, found: NodeProcess) -> None:
        watched = Watched(
            pid=found.pid,
            app=_app_name(process, found),
            command=found.command,
            node=process.hello.get("node"),
            since=time.monotonic(),
        )
        before: dict[int, float] = {}
        self.watched.append(watched)
        self._live[found.pid] = (process, watched, before)
        joined = asyncio.Event()
        recent = RecentRecords()
        asking = asyncio.create_task(self._ask_first(process, before, joined, watched, recent))
        try:
            if not self._recent:
                recent.release({})
            async for batch in process.batches(self._prefixes):
                if not joined.is_set() and batch.kind != "agent":
                    await self._join(watched, joined)
                async with recent.turn:
                    for part in recent.live(batch):
                        await self._queue.put(part)
        finally:
            asking.cancel()
        await self._join(watched, joined)
        for part in recent.release({}) if recent.waiting else ():
            await self._queue.put(part)
        watched.until = time.monotonic()
        watched.ended = process.ended
        del self._live[found.pid]
        await self._queue.put(Left(watched))

    async def _join(self, watched: Watched, joined: asyncio.Event) -> None:
        """Say, once, that the process is watched: from here on nothing is missed."""
        if not joined.is_set():
            joined.set()
            await self._queue.put(Joined(watched))

    async def _ask_first(
        self,
        process: Process,
        before: dict[int, float],
        joined: asyncio.Event,
        watched: Watched,
        recent: RecentRecords,
    ) -> None:
        try:
            for tid in process.threads:
                stats = await process.stats(tid=tid)
                before[tid] = spent_ms(stats)
                # The subscriptions go over a connection of their own. Besides the prefixes there
                # are the agent's events and our name.
                wanted = len(set(self._prefixes)) + 2
                while not (joined.is_set() or subscribed(stats, process.client, wanted)):
                    await asyncio.sleep(_SUBSCRIBING)
                    stats = await process.stats(tid=tid)
            await self._join(watched, joined)
            if self._recent:
                await self._ask_recent(process, recent)
            if self._globs:
                for tid in process.threads:
                    self._wanted.note((await process.probes(tid=tid)).get("probes"))
        except NodeobsError:
            return  # it has ended, which is said elsewhere
        finally:
            self._arrived()

    async def _ask_recent(self, process: Process, recent: RecentRecords) -> None:
        """Show what the process has kept. From before on, nothing live is missed."""
        batches: list[Batch] = []
        numbers: dict[int, set[int]] = {}
        told = ""
        try:
            for tid in process.threads:
                answer = await process.request("log.recent", tid=tid)
                kept, numbers[tid] = kept_batches(process.pid, tid, answer, self._prefixes)
                batches += kept
            told = f"{process.label}: {amount(len(batches), 'recent record')}"
        except NodeobsError as error:
            told = f"{process.label}: no recent records: {error.message}"
        async with recent.turn:
            await self._queue.put(Told(process.pid, "notice", told))
            await self._queue.put(Recent(batches))
            for part in recent.release(numbers):
                await self._queue.put(part)

    async def _fail(self, found: NodeProcess, error: NodeobsError) -> None:
        key = (found.pid, found.start_time)
        self._refusals[key] += 1
        self._failure = error
        # A single one that fails ends the command, and with this error.
        if (self._follow or len(self._targets) > 1) and self._refusals[key] == 1:
            await self._queue.put(Told(found.pid, "notice", error.message))
        self._arrived()

    def _post(self, event: Event) -> None:
        """Queue an event from where nobody can wait."""
        task = asyncio.ensure_future(self._queue.put(event))
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _settle(self, process: Process, watched: Watched, before: dict[int, float]) -> None:
        dropped, spent = 0, 0.0
        try:
            async with asyncio.timeout(_LAST_WORD):
                for tid in process.threads:
                    stats = await process.stats(tid=tid)
                    spent += spent_ms(stats) - before.get(tid, 0.0)
                    dropped += dropped_for(stats, process.client)
        except (NodeobsError, TimeoutError):
            return
        watched.cost_ms = max(0.0, spent)
        # The agent also knows of drops that it could not report yet.
        watched.dropped = max(watched.dropped, dropped)

    def _arrived(self) -> None:
        """One more of the first processes has said what it has, or will not."""
        self._arriving -= 1
        if self._arriving == 0:
            for complaint in self._wanted.complaints():
                self._post(Told(None, "notice", complaint))

    # -- processes that join ----------------------------------------------------------------

    async def _look_for_more(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self._tasks = {key: task for key, task in self._tasks.items() if not task.done()}
            for found in await asyncio.to_thread(self._matching):
                key = (found.pid, found.start_time)
                if key not in self._tasks and self._refusals[key] < _TRIES:
                    self._start(found)

    def _matching(self) -> list[NodeProcess]:
        found: dict[int, NodeProcess] = {}
        for spec in self._follow:
            # A name that nothing has at present is what we are waiting for.
            with contextlib.suppress(NodeobsError):
                found.update((one.pid, one) for one in find(spec) if one.endpoints)
        return list(found.values())

    # -- the order --------------------------------------------------------------------------

    def _finished(self) -> bool:
        return (
            self._follower is None
            and self._queue.empty()
            and all(task.done() for task in self._tasks.values())
        )

    async def _next(self) -> Event | Recent | None:
        deadline = self._ordering.deadline()
        if deadline is None:
            return await self._queue.get()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await self._queue.get()
        return None

    def _take(self, item: Event | Recent, events: list[Event]) -> None:
        if isinstance(item, Recent):
            for batch in item.batches:
                self._count(batch)
            events += item.batches
        elif isinstance(item, Batch):
            if item.kind != "agent":
                self._count(item)
            self._ordering.add(item, time.monotonic())
        elif isinstance(item, Left):
            self._ordering.close(Marker(item.watched.pid, item), _now(), time.monotonic())
        else:
            events.append(item)

    def _given(self, items: Iterable[Batch | Marker]) -> list[Event]:
        return [item if isinstance(item, Batch) else item.content for item in items]

    def _count(self, batch: Batch) -> None:
        for watched in reversed(self.watched):
            if watched.pid == batch.pid:
                break
        else:
            return
        watched.bytes += len(batch.payload)
        watched.dropped += batch.dropped
        _, _, rest = batch.topic.partition(".")
        if batch.kind == "log":
            level = rest.partition(".")[0]
            number = int(level) if level.isdecimal() else 0
            watched.records[number] = watched.records.get(number, 0) + batch.count
        elif batch.kind == "probe":
            watched.firings[rest] = watched.firings.get(rest, 0) + batch.count


class _Notices:
    """What the client says about one process, told apart by the state it is in."""

    def __init__(self, pid: int, post: Callable[[Event], None]) -> None:
        self.process: Process | None = None
        self._pid = pid
        self._post = post
        self._stuck = False

    def __call__(self, text: str) -> None:
        stuck = self.process is not None and self.process.stuck_since is not None
        kind = "stuck" if stuck else "recovered" if self._stuck else "notice"
        self._stuck = stuck
        self._post(Told(self._pid, kind, text))


def _app_name(process: Process, found: NodeProcess) -> str:
    app = process.hello.get("app")
    if isinstance(app, dict) and isinstance(app.get("name"), str):
        return str(app["name"])
    return found.names[0] if found.names else ""


def _now() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z"
