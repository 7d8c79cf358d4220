"""The sites that are traced for somebody who follows processes through the kernel."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from nodeobs.discovery.procfs import PROC
from nodeobs.errors import NodeobsError
from nodeobs.tracefs.decoder import Decoder
from nodeobs.tracefs.event_sites import EventSites
from nodeobs.tracefs.plan import plan
from nodeobs.usdt.mappings import position_of
from nodeobs.usdt.sites import Site, untraceable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.snoop.declared_types import Types
    from nodeobs.tracefs.kernel_trace import KernelTrace
    from nodeobs.tracefs.reader import FiringReader

_Key = tuple[str, str, tuple[int, int], int]


class TracedSites:
    """Defines the events of sites, each once for all processes, and tells the reader of them."""

    def __init__(self, trace: KernelTrace, reader: FiringReader, text_bytes: int) -> None:
        self._trace = trace
        self._reader = reader
        self._text_bytes = text_bytes
        # None: it cannot be traced.
        self._events: dict[_Key, EventSites | None] = {}
        self._by_number: dict[int, EventSites] = {}

    @property
    def any(self) -> bool:
        """Whether anything is traced."""
        return bool(self._by_number)

    def new(self, sites: Sequence[Site]) -> list[Site]:
        """Those of the sites that `define` has not been given yet."""
        return [site for site in sites if _key(site) not in self._events]

    def place(self, pid: int, sites: Sequence[Site]) -> None:
        """Say where a process has sites."""
        for site in sites:
            event = self._events.get(_key(site))
            if event is not None:
                event.place(pid, site)

    def define(self, sites: Sequence[Site], types: Types) -> list[str]:
        """Trace new sites from now on; what is to be said of those that cannot be."""
        problems = []
        planned = []
        for site in self.new(sites):
            self._events[_key(site)] = None
            problem = untraceable(site)
            if problem is None:
                planned.append((site, plan(site, types.get(site.name), self._text_bytes)))
            else:
                problems.append(f"{site.name} cannot be traced: {problem}")
        answers = self._trace.define(planned)
        for (site, fetch), layout in zip(planned, answers, strict=True):
            if isinstance(layout, NodeobsError):
                problems.append(f"{site.name} cannot be traced: {layout.message}")
                continue
            event = self._by_number.get(layout.number)
            if event is None:
                event = EventSites(layout, partial(position_of, proc=PROC))
                self._by_number[layout.number] = event
                self._reader.learn(event)
            event.add(site, Decoder(fetch, layout))
            self._events[_key(site)] = event
        return problems


def _key(site: Site) -> _Key:
    return site.provider, site.probe, site.identity, site.offset
