"""A tracefs instance: the buffers, one for each CPU, of one process's firings."""

from __future__ import annotations

import contextlib
import os
import re
import select
from typing import TYPE_CHECKING, Final, NamedTuple

from nodeobs.errors import NodeobsError
from nodeobs.tracefs.event_format import EventFormat, parse_format
from nodeobs.tracefs.filesystem import refused
from nodeobs.tracefs.pages import Event, PageLayout, page_time, parse_layout, parse_page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nodeobs.tracefs.filesystem import Tracefs

# Lines of per_cpu/cpuN/stats that count events that nobody will read.
_LOST: Final = re.compile(r"^(?:overrun|dropped events): (\d+)$", re.MULTILINE)
#: KiB of a page: firings with texts fill half of the usual 4. (Linux 6.8.)
_PAGE: Final = "16"


class ReadPage(NamedTuple):
    """A page as it came."""

    page: bytes
    layout: PageLayout

    def events(self) -> list[Event]:
        return parse_page(self.page, self.layout).events


class TraceBuffer:
    """Made by KernelTrace. Nothing is in it before `enable`; `close` removes it.

    Only tasks of the process `pid` are recorded: all its threads, those they start, and, until
    the reader sees that they are others, processes they fork. The clock is CLOCK_MONOTONIC.
    """

    def __init__(self, tracefs: Tracefs, name: str, pid: int, size: int) -> None:
        self.pid = pid
        #: The threads at the start.
        self.threads: set[int] = set()
        self._tracefs = tracefs
        self._at = ("instances", name)
        self._files: dict[int, int] = {}
        self._poll = select.epoll()
        try:
            os.mkdir(tracefs.path(*self._at))
        except OSError as error:
            self._poll.close()
            raise refused(error, f"making {tracefs.path(*self._at)}") from None
        try:
            self._set_up(size)
        except BaseException:
            self.close()
            raise

    def _set_up(self, size: int) -> None:
        tracefs, at = self._tracefs, self._at
        if tracefs.has(*at, "buffer_subbuf_size_kb"):
            tracefs.write(_PAGE, *at, "buffer_subbuf_size_kb")
        tracefs.write(str(size), *at, "buffer_size_kb")
        tracefs.write("mono", *at, "trace_clock")
        # What is full keeps what it has: the firings before a loss, not those after it.
        tracefs.write("0", *at, "options", "overwrite")
        # Before the threads: whoever starts one from then on adds it.
        tracefs.write("1", *at, "options", "event-fork")
        self._follow_threads()
        where = at if tracefs.has(*at, "events", "header_page") else ()
        self._layout: PageLayout = parse_layout(tracefs.read(*where, "events", "header_page"))
        #: Threads and processes that those in the buffer start.
        self.new_task: EventFormat = parse_format(
            tracefs.read("events", "task", "task_newtask", "format")
        )
        tracefs.write("1", *at, "events", "task", "task_newtask", "enable")
        # Wake the reader for the first event, not when a buffer is half full (Linux 5.0).
        if tracefs.has(*at, "buffer_percent"):
            tracefs.write("0", *at, "buffer_percent")
        for entry in os.listdir(tracefs.path(*at, "per_cpu")):
            cpu = int(entry.removeprefix("cpu"))
            path = tracefs.path(*at, "per_cpu", entry, "trace_pipe_raw")
            self._files[cpu] = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._poll.register(self._files[cpu], select.EPOLLIN)

    def _follow_threads(self) -> None:
        """Record the threads that there are; one that is started meanwhile is found again."""
        directory = f"/proc/{self.pid}/task"
        while True:
            try:
                missing = {int(name) for name in os.listdir(directory)} - self.threads
            except OSError:
                raise NodeobsError("no_process", f"process {self.pid} has ended") from None
            if not missing:
                return
            text = " ".join(map(str, sorted(missing)))
            # The first write sets the list; after that they are added.
            if self.threads:
                self._tracefs.add(text, *self._at, "set_event_pid")
            else:
                self._tracefs.write(text, *self._at, "set_event_pid")
            self.threads |= missing

    def enable(self, group: str, event: str) -> None:
        """Record an event, from now on."""
        self._tracefs.write("1", *self._at, "events", group, event, "enable")

    def try_disable(self, group: str, event: str) -> None:
        """Do not record an event any more, if it was recorded at all."""
        with contextlib.suppress(NodeobsError):
            self._tracefs.write("0", *self._at, "events", group, event, "enable")

    def disable(self) -> None:
        """Record nothing any more; what is in the buffers can still be read."""
        self._tracefs.write("0", *self._at, "events", "enable")

    def fileno(self) -> int:
        """A descriptor that is readable while there is something in a buffer."""
        return self._poll.fileno()

    @property
    def cpus(self) -> Sequence[int]:
        return list(self._files)

    def pages(self, cpu: int, until: int) -> Iterator[ReadPage]:
        """What is in the buffer of a CPU, up to the first page that starts later than `until`
        (nanoseconds): a process that fires all the time would never have an end."""
        file, size = self._files[cpu], self._layout.size
        while True:
            try:
                page = os.read(file, size)
            except BlockingIOError:
                return
            if not page:
                return
            yield ReadPage(page, self._layout)
            if page_time(page) > until:
                return

    def lost(self) -> int:
        """Events that did not fit into the buffers so far."""
        total = 0
        for cpu in self._files:
            stats = self._tracefs.read(*self._at, "per_cpu", f"cpu{cpu}", "stats")
            total += sum(map(int, _LOST.findall(stats)))
        return total

    def close(self) -> None:
        """Remove the buffers. What is enabled in them goes off with them."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()
        self._poll.close()
        try:
            os.rmdir(self._tracefs.path(*self._at))
        except OSError:
            return  # KernelTrace.close and the guardian try again
