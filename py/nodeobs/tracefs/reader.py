"""Firings from the buffers of all CPUs and processes, in the order of time."""

from __future__ import annotations

import struct
import time
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nodeobs.discovery.procfs import PROC
from nodeobs.tracefs.threads import Threads
from nodeobs.usdt.memory import ProcessMemory

if TYPE_CHECKING:
    from nodeobs.tracefs.buffer import ReadPage, TraceBuffer
    from nodeobs.tracefs.event_sites import EventSites
    from nodeobs.usdt.sites import Site

#: Bytes of pages that are read and not decoded yet: the kernel's buffers are emptied before
#: anything else is done, so that a burst of firings fits.
_BACKLOG: Final = 128 << 20
#: Pages that are decoded at once: between them the command does other things.
_AT_ONCE: Final = 32
#: Nanoseconds that a firing is held back: one on another CPU that was earlier may still be being
#: written. (The order of one thread's firings is never in doubt.)
_MARGIN: Final = 5_000_000
_FOREVER: Final = 1 << 63
# common_type and common_pid, of every event
_NUMBER: Final = struct.Struct("=H")
_THREAD: Final = struct.Struct("=i")
_THREAD_AT: Final = 4

_Source = tuple[int, int]
"""Pid and CPU: what the events of one buffer are in order of."""


class Firing(NamedTuple):
    """One firing. `time` in nanoseconds of CLOCK_MONOTONIC; `thread` as the kernel numbers them."""

    time: int
    pid: int
    thread: int
    site: Site
    values: list[Any]


class _Started(NamedTuple):
    """A thread has started a thread or a process: `flags` of clone(2)."""

    time: int
    pid: int
    thread: int
    task: int
    flags: int


@dataclass(slots=True)
class _Process:
    buffer: TraceBuffer
    threads: Threads
    started: struct.Struct


class FiringReader:
    """Reads what buffers have, as far as `learn` was told what it is."""

    def __init__(self) -> None:
        self._processes: dict[int, _Process] = {}
        self._events: dict[int, EventSites] = {}
        self._backlog: deque[tuple[_Source, ReadPage]] = deque()
        self._bytes = 0
        # How many pages of a source are in the backlog, and the time of the last event before them.
        self._waiting: Counter[_Source] = Counter()
        self._decoded: dict[_Source, int] = {}
        self._pending: list[Firing | _Started] = []
        #: Everything up to here has been given out (nanoseconds).
        self.horizon = 0

    @property
    def pending(self) -> bool:
        """Whether firings are held back until it is clear that none is before them."""
        return bool(self._pending)

    @property
    def behind(self) -> bool:
        """Whether there is something that `read` would decode at once."""
        return bool(self._backlog)

    def add(self, buffer: TraceBuffer) -> None:
        fields = buffer.new_task.fields
        task, flags = fields["pid"], fields["clone_flags"]
        gap = flags.offset - task.offset - 4
        started = struct.Struct(f"={task.offset}xi{gap}x{'Q' if flags.size == 8 else 'I'}")
        threads = Threads(buffer.pid, buffer.threads)
        self._processes[buffer.pid] = _Process(buffer, threads, started)

    def remove(self, pid: int) -> None:
        """Forget a buffer; read what it has before."""
        del self._processes[pid]

    def learn(self, sites: EventSites) -> None:
        """What events of this kind are."""
        self._events[sites.layout.number] = sites

    def read(self) -> list[Firing]:
        """The firings that are certain to be the next ones; a part of them while `behind`."""
        now = time.monotonic_ns()
        return self._release(self._advance(now, now - _MARGIN))

    def read_last(self) -> list[Firing]:
        """The same once nothing is recorded any more; everything has come when not `behind`."""
        return self._release(self._advance(_FOREVER, _FOREVER))

    def _advance(self, until: int, horizon: int) -> int:
        """Read up to a moment and decode some; up to which moment that is all there is."""
        unread = self._fill(until)
        for _ in range(min(_AT_ONCE, len(self._backlog))):
            source, read = self._backlog.popleft()
            self._bytes -= len(read.page)
            self._waiting[source] -= 1
            self._decode(source, read)
        for source in unread | {source for source, count in self._waiting.items() if count > 0}:
            # What comes next may have the same time as the last one.
            horizon = min(horizon, self._decoded.get(source, 0) - 1)
        return horizon

    def _fill(self, until: int) -> set[_Source]:
        """Empty the buffers up to a moment, as far as there is room; what may have more."""
        unread: set[_Source] = set()
        for pid, process in self._processes.items():
            for cpu in process.buffer.cpus:
                source = (pid, cpu)
                if self._bytes >= _BACKLOG:
                    unread.add(source)
                    continue
                for read in process.buffer.pages(cpu, until):
                    self._backlog.append((source, read))
                    self._bytes += len(read.page)
                    self._waiting[source] += 1
                    if self._bytes >= _BACKLOG:
                        unread.add(source)
                        break
        return unread

    def _decode(self, source: _Source, read: ReadPage) -> None:
        pid, page, pending = source[0], read.page, self._pending
        process = self._processes.get(pid)
        if process is None:
            return
        empty_text_at = partial(_empty_text_at, pid)
        events = read.events()
        for moment, start, _ in events:
            (number,) = _NUMBER.unpack_from(page, start)
            (thread,) = _THREAD.unpack_from(page, start + _THREAD_AT)
            sites = self._events.get(number)
            if sites is not None:
                site, decoder = sites.find(pid, page, start)
                values = decoder.values(page, start, empty_text_at)
                pending.append(Firing(moment, pid, thread, site, values))
            elif number == process.buffer.new_task.number:
                task, flags = process.started.unpack_from(page, start)
                pending.append(_Started(moment, pid, thread, task, flags))
        if events:
            self._decoded[source] = events[-1].time

    def _release(self, horizon: int) -> list[Firing]:
        self.horizon = horizon
        pending = self._pending
        # Stable, so that what one CPU has at the same time stays in its order.
        pending.sort(key=itemgetter(0))
        count = bisect_right(pending, horizon, key=itemgetter(0))
        self._pending = pending[count:]
        firings = []
        for event in pending[:count]:
            process = self._processes.get(event.pid)
            if process is None:
                continue
            if isinstance(event, _Started):
                process.threads.note_new(event.thread, event.task, event.flags)
            elif process.threads.owns(event.thread):
                firings.append(event)
        return firings


def _empty_text_at(pid: int, address: int) -> bool:
    with ProcessMemory(pid, PROC) as memory:
        return memory.read(1, address) == b"\0"
