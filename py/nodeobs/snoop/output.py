"""Writing to stdout without ever stopping the event loop.

A terminal that is paused (Ctrl-S), or a pager that is not scrolled, blocks whoever writes to it.
The writer is a thread of its own, so that agents are still answered and Ctrl-C still works.
"""

from __future__ import annotations

import asyncio
import os
import select
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes that may wait for the reader before `write` does.
_PENDING: Final = 1 << 20


class Output:
    """A file descriptor to write to. `on_gone` is called once, when nobody reads it any more, or
    nothing can be written to it."""

    def __init__(self, descriptor: int, on_gone: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Condition()
        self._chunks: list[bytes] = []
        self._pending = 0
        self._room = asyncio.Event()
        self._room.set()
        self._finished = asyncio.Event()
        self._closing = False
        self.gone = False
        #: Why nothing can be written any more, where it is not that the reader has gone.
        self.error: OSError | None = None
        # A daemon: a reader that never reads must not keep the command from ending.
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    async def write(self, data: bytes) -> None:
        """Write `data`; waits only while much is waiting already."""
        if not data or self.gone:
            return
        await self._room.wait()
        with self._lock:
            self._chunks.append(data)
            self._pending += len(data)
            if self._pending > _PENDING:
                self._room.clear()
            self._lock.notify()

    async def close(self) -> None:
        """Wait until everything is written, however long the reader takes."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        await self._finished.wait()

    def check_reader(self) -> None:
        """Notice a reader that has gone even while there is nothing to write."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
            self._lose_reader()

    def _write_all(self) -> None:
        while True:
            with self._lock:
                while not self._chunks and not self._closing:
                    self._lock.wait()
                data = b"".join(self._chunks)
                self._chunks.clear()
                if not data:
                    self._call(self._finished.set)
                    return
            try:
                self._write(data)
            except OSError as error:
                if not isinstance(error, BrokenPipeError):
                    self.error = error
                self._call(self._lose_reader)
                self._call(self._finished.set)
                return
            with self._lock:
                self._pending -= len(data)
                if self._pending <= _PENDING:
                    self._call(self._room.set)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                # Somebody else with the same terminal or pipe made it non-blocking.
                select.select([], [self._descriptor], [])

    def _call(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            return  # the loop has ended: nobody waits any more

    def _lose_reader(self) -> None:
        if not self.gone:
            self.gone = True
            self._room.set()
            self._on_gone()
