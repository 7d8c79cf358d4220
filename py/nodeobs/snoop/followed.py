"""A process that is followed through the kernel."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from nodeobs.bus.protocol import Batch
from nodeobs.discovery.procfs import PROC
from nodeobs.errors import NodeobsError
from nodeobs.snoop.watched import Left, Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.discovery.observed import Observed
    from nodeobs.tracefs.buffer import TraceBuffer
    from nodeobs.tracefs.kernel_trace import KernelTrace


class Followed:
    """Made by `follow`; to be closed. `ended` is when it did (nanoseconds, monotonic clock)."""

    def __init__(self, found: Observed, buffer: TraceBuffer, pidfd: int) -> None:
        self.found = found
        self.buffer = buffer
        self.ended: int | None = None
        node = found.node.node_version if found.node is not None else None
        self.watched = Watched(found.pid, found.name, found.command, node, time.monotonic())
        self._pidfd = pidfd
        self._lost = 0

    def losses(self) -> list[Batch]:
        """A batch for the firings that were lost since this was asked last, if there are any."""
        lost = self.buffer.lost()
        new, self._lost = lost - self._lost, lost
        self.watched.dropped += new
        return [Batch(self.found.pid, 0, "probe", 0, 0, new, (), b"")] if new else []

    def on_end(self, call: Callable[[], object]) -> None:
        """Note the end of the process, and call."""
        loop = asyncio.get_running_loop()

        def note() -> None:
            loop.remove_reader(self._pidfd)
            self.ended = time.monotonic_ns()
            call()

        loop.add_reader(self._pidfd, note)

    def left(self) -> Left:
        """What is said of a process that has ended."""
        from nodeobs.attachment import Ended

        self.watched.until = time.monotonic()
        self.watched.ended = Ended("ended")
        return Left(self.watched)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        loop.remove_reader(self.buffer.fileno())
        os.close(self._pidfd)


def follow(found: Observed, trace: KernelTrace) -> Followed:
    """Record the firings of a process. Raises NodeobsError."""
    try:
        pidfd = os.pidfd_open(found.pid)
    except OSError:
        raise _ended_error(found) from None
    try:
        # Only now it is certain that the pid stays this process's.
        if PROC.start_time(found.pid) != found.start_time:
            raise _ended_error(found)
        return Followed(found, trace.add_process(found.pid), pidfd)
    except BaseException:
        os.close(pidfd)
        raise


def _ended_error(found: Observed) -> NodeobsError:
    return NodeobsError("no_process", f"process {found.label} has ended")
