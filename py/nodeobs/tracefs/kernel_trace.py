"""Events in the kernel for sites, and a buffer for each process that fires them."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Final

from nodeobs.errors import NodeobsError
from nodeobs.tracefs import guardian
from nodeobs.tracefs.buffer import TraceBuffer
from nodeobs.tracefs.event_format import EventFormat, parse_format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.tracefs.filesystem import Tracefs
    from nodeobs.tracefs.plan import Plan
    from nodeobs.usdt.sites import Site

_numbers = itertools.count()
_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9_]")
#: Bytes of a line of uprobe_events (WRITE_BUFSIZE of kernel/trace/trace.h).
_LONGEST_LINE: Final = 4095
#: KiB of buffers of all CPUs together, for one process, and of one CPU at least and at most.
_BUFFERS: Final = 64 << 10
_LEAST: Final = 256
_MOST: Final = 16 << 10
_UNKNOWN: Final = NodeobsError("tracing", "it was not tried")
#: Seconds that removing may take before it is left to the guardian.
_PATIENCE: Final = 2.0


class KernelTrace:
    """What one reader has in the kernel. `close` removes it, and so does its end, however it ends.

    Making one raises NodeobsError. Events are defined once for all processes, and are enabled only
    in buffers of our own (tracefs instances), never for the rest of the system.
    """

    def __init__(self, tracefs: Tracefs) -> None:
        self._tracefs = tracefs
        pid = os.getpid()
        self._owner: guardian.Owner = (pid, guardian.start_time(pid) or 0, next(_numbers))
        self._group = guardian.group_name(self._owner)
        self._events: list[str] = []
        self._names = itertools.count()
        self._buffers: list[TraceBuffer] = []
        guardian.remove_leftovers(tracefs.root)
        # Before there is anything to remove.
        self._guardian = _start_guardian(tracefs.root, self._owner)

    def define(self, planned: Sequence[tuple[Site, Plan]]) -> list[EventFormat | NodeobsError]:
        """Define events for sites and enable them for all processes there are so far.

        For each site the format of its event, which several may share; or why the kernel does not
        take it, and then nothing of it is left.
        """
        answers: list[EventFormat | NodeobsError] = [_UNKNOWN] * len(planned)
        shared: dict[tuple[str, int], list[int]] = {}
        places: Counter[tuple[object, int]] = Counter()
        for index, (site, plan) in enumerate(planned):
            # Two probes in one place (identical functions that were folded) cannot share.
            place = (site.identity, site.offset)
            shared.setdefault((plan.fields, places[place]), []).append(index)
            places[place] += 1
        groups = list(shared.values())
        while groups:
            group = groups.pop(0)
            answer = self._define([planned[index] for index in group])
            if isinstance(answer, NodeobsError) and len(group) > 1:
                # One of them spoils it for the others.
                groups += [[index] for index in group]
            else:
                for index in group:
                    answers[index] = answer
        return answers

    def _define(self, planned: Sequence[tuple[Site, Plan]]) -> EventFormat | NodeobsError:
        """One event for sites with the same fields."""
        first = planned[0][0]
        name = f"{_UNUSABLE.sub('_', first.probe)[:40]}_{next(self._names)}"
        try:
            for site, plan in planned:
                self._tracefs.add(self._line(name, site, plan), "uprobe_events")
            layout = parse_format(self._tracefs.read("events", self._group, name, "format"))
            for buffer in self._buffers:
                buffer.enable(self._group, name)
        except NodeobsError as error:
            # Switched on for some processes, it may be.
            for buffer in self._buffers:
                buffer.try_disable(self._group, name)
            guardian.remove_event(self._tracefs.root, self._group, name)
            return error
        self._events.append(name)
        return layout

    def _line(self, name: str, site: Site, plan: Plan) -> str:
        place = f"{site.path}:{site.offset:#x}"
        if site.semaphore_offset is not None:
            place += f"({site.semaphore_offset:#x})"
        line = f"p:{self._group}/{name} {place} {plan.definition}".rstrip() + "\n"
        if re.search(r"\s", site.path) or len(os.fsencode(line)) > _LONGEST_LINE:
            raise NodeobsError("tracing", f"the kernel takes no such path: {site.path}")
        return line

    def add_process(self, pid: int) -> TraceBuffer:
        """A buffer for the firings of a process, with all events so far enabled."""
        name = f"{guardian.instance_prefix(self._owner)}{pid}"
        size = max(_LEAST, min(_MOST, _BUFFERS // (os.cpu_count() or 1)))
        buffer = TraceBuffer(self._tracefs, name, pid, size)
        self._buffers.append(buffer)
        for event in self._events:
            buffer.enable(self._group, event)
        return buffer

    def drop_process(self, buffer: TraceBuffer) -> None:
        """Remove the buffer of a process that has ended."""
        self._buffers.remove(buffer)
        buffer.close()

    def close(self) -> None:
        """Switch everything off and remove it."""
        for buffer in self._buffers:
            buffer.close()
        self._buffers.clear()
        done = guardian.remove_patiently(self._tracefs.root, self._owner, _PATIENCE)
        assert self._guardian.stdin is not None
        self._guardian.stdin.close()
        if done:
            self._guardian.wait()
        # Else somebody uses an event of ours; the guardian waits for it, so that we need not.


def _start_guardian(root: str, owner: guardian.Owner) -> subprocess.Popen[bytes]:
    # Isolated and without site packages: it starts faster, and nothing of ours can break it.
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guardian.__file__, root, *map(str, owner)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
