"""Following processes through the kernel: their firings in order, whoever made the probes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

from nodeobs.discovery.observed import Observed, find_observed
from nodeobs.errors import NodeobsError
from nodeobs.snoop.declared_types import UNANSWERED, declared_types
from nodeobs.snoop.followed import Followed, follow
from nodeobs.snoop.kernel_firings import FiringLines
from nodeobs.snoop.traced_sites import TracedSites
from nodeobs.snoop.watched import Event, Joined, Told, Watched
from nodeobs.tracefs.filesystem import open_tracefs
from nodeobs.tracefs.kernel_trace import KernelTrace
from nodeobs.tracefs.plan import TEXT_BYTES
from nodeobs.tracefs.reader import FiringReader
from nodeobs.usdt.selection import nothing_selected, selected
from nodeobs.usdt.sites import Site, Sites

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from types import TracebackType

#: Seconds between looks for probes and processes that are new.
_LOOK_EVERY: Final = 0.5
#: Seconds between looks at the buffers while firings come.
_READ_EVERY: Final = 0.01
#: Seconds between looks for losses while firings come.
_COUNT_EVERY: Final = 1.0


class KernelSnoop:
    """What `snoop.session.Snoop` is for agents: `async with … as snoop: async for events in snoop`.

    Entering it raises NodeobsError where the kernel cannot be used, or has nothing to show.
    """

    def __init__(
        self,
        targets: Sequence[Observed],
        globs: Sequence[str] = (),
        *,
        follow: Sequence[str] = (),
        text_bytes: int = TEXT_BYTES,
    ) -> None:
        self.watched: list[Watched] = []
        self._targets = list(targets)
        self._globs = list(globs)
        self._follow = list(follow)
        self._text_bytes = text_bytes
        self._sites = Sites()
        self._reader = FiringReader()
        self._lines = FiringLines()
        self._live: dict[int, Followed] = {}
        self._seen: set[tuple[int, int]] = set()
        self._events: list[Event] = []
        self._rest: list[Event] = []
        self._counted_in: dict[int, Watched] = {}
        self._wake = asyncio.Event()
        self._losses_asked = 0.0
        self._trace: KernelTrace | None = None
        self._traced: TracedSites

    async def __aenter__(self) -> Self:
        tracefs = open_tracefs()
        everything = [site for target in self._targets for site in self._sites_of(target)]
        if self._targets and not selected(everything, self._globs):
            label = " and ".join(target.label for target in self._targets[:3])
            raise nothing_selected(everything, self._globs, label)
        self._trace = KernelTrace(tracefs)
        self._traced = TracedSites(self._trace, self._reader, self._text_bytes)
        try:
            if len(self._targets) == 1:
                (target,) = self._targets
                await self._add(target, selected(self._sites_of(target), self._globs))
            else:
                for target in self._targets:
                    await self._add_or_tell(target)
            for problem in dict.fromkeys(self._sites.problems):
                self._tell(problem)
            if self._targets and not self._traced.any:
                raise self._nothing_traced()
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        """What there is, in order, as it comes; ends with the last target where there is nothing
        to follow."""
        looked = time.monotonic()
        while self._live or self._follow:
            if self._events:
                events, self._events = self._events, []
                yield events
            await self._something()
            if time.monotonic() - looked > _LOOK_EVERY:
                await self._look_for_more()
                looked = time.monotonic()
            self._read()
        if events := self.rest():
            yield events

    async def settle(self) -> None:
        """Switch the probes off, and read what has fired before."""
        for live in self._live.values():
            live.buffer.disable()
        while True:
            firings = self._reader.read_last()
            self._rest += self._lines.batches(firings, self._counted_in)
            if not self._reader.behind:
                break
            await asyncio.sleep(0)  # for a second Ctrl-C
        for live in self._live.values():
            self._rest += live.losses()

    def rest(self) -> list[Event]:
        """What `settle` has read."""
        events, self._rest = self._events + self._rest, []
        self._events = []
        return events

    def _nothing_traced(self) -> NodeobsError:
        reasons = [event.text for event in self._events if isinstance(event, Told)]
        return NodeobsError("tracing", "; ".join(reasons[:3]) or "nothing can be traced")

    def _sites_of(self, target: Observed) -> list[Site]:
        try:
            return self._sites.of(target.pid)
        except NodeobsError:
            if len(self._targets) == 1:
                raise
            return []  # it is said when it cannot be added

    # -- processes --------------------------------------------------------------------------

    async def _add(self, found: Observed, sites: Sequence[Site]) -> None:
        assert self._trace is not None
        self._seen.add((found.pid, found.start_time))
        live = self._live[found.pid] = follow(found, self._trace)
        self.watched.append(live.watched)
        self._counted_in[found.pid] = live.watched
        self._reader.add(live.buffer)
        await self._trace_sites(found, sites)
        live.on_end(self._wake.set)
        self._events.append(Joined(live.watched))

    async def _add_or_tell(self, found: Observed) -> None:
        try:
            await self._add(found, selected(self._sites.of(found.pid), self._globs))
        except NodeobsError as error:
            self._seen.add((found.pid, found.start_time))
            self._tell(error.message)

    def _remove(self, live: Followed) -> None:
        assert self._trace is not None
        self._events += [*live.losses(), live.left()]
        del self._live[live.found.pid]
        live.close()
        self._reader.remove(live.found.pid)
        self._trace.drop_process(live.buffer)

    # -- what is new ------------------------------------------------------------------------

    async def _look_for_more(self) -> None:
        """Probes that were made since, and processes that were started."""
        for live in list(self._live.values()):
            try:
                sites = selected(self._sites.of(live.found.pid), self._globs)
            except NodeobsError:
                continue  # it has ended
            await self._trace_sites(live.found, sites)
        for spec in self._follow:
            await self._follow_name(spec)

    async def _trace_sites(self, found: Observed, sites: Sequence[Site]) -> None:
        new = self._traced.new(sites)
        if new:
            types = await declared_types(found.node)
            if types is None:
                self._tell(f"{found.label}: {UNANSWERED}")
            for problem in self._traced.define(new, types or {}):
                self._tell(problem)
        self._traced.place(found.pid, sites)

    async def _follow_name(self, spec: str) -> None:
        try:
            found = await asyncio.to_thread(find_observed, spec)
        except NodeobsError:
            return  # nobody has the name now
        for one in found:
            if (one.pid, one.start_time) not in self._seen:
                await self._add_or_tell(one)

    def _tell(self, text: str) -> None:
        self._events.append(Told(None, "notice", text))

    # -- firings ----------------------------------------------------------------------------

    async def _something(self) -> None:
        """Wait until there may be something to do."""
        if self._reader.behind or self._reader.pending:
            await asyncio.sleep(0 if self._reader.behind else _READ_EVERY)
            return
        loop = asyncio.get_running_loop()
        self._wake.clear()
        waiting = [live for live in self._live.values() if live.ended is None]
        if len(waiting) < len(self._live):
            await asyncio.sleep(_READ_EVERY)
            return
        for live in waiting:
            loop.add_reader(live.buffer.fileno(), self._wake.set)
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            for live in waiting:
                loop.remove_reader(live.buffer.fileno())
        # Let some more come, so that a busy process does not wake us for each.
        await asyncio.sleep(_READ_EVERY)

    def _read(self) -> None:
        firings = self._reader.read()
        self._events += self._lines.batches(firings, self._counted_in)
        now = time.monotonic()
        if firings and now - self._losses_asked > _COUNT_EVERY:
            self._losses_asked = now
            for live in self._live.values():
                self._events += live.losses()
        for live in list(self._live.values()):
            if live.ended is not None and self._reader.horizon > live.ended:
                self._remove(live)

    def _close(self) -> None:
        for live in self._live.values():
            live.close()
        self._live.clear()
        if self._trace is not None:
            self._trace.close()
            self._trace = None
