"""Publications of one agent over a SUB."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import zmq

from nodeobs.bus.own_probes import own_probes
from nodeobs.bus.protocol import Batch, DecodeError, decode
from nodeobs.bus.sockets import ConnectedSocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

# A consumer that never waits lets the rest of the event loop run this often, in seconds.
_TURN = 0.01
# What may wait here for the consumer, in bytes; beyond it libzmq's queue fills, then the agent's.
_INBOX_BYTES = 4 << 20
# libzmq reports a closed connection slightly before the last messages that it had read.
_LAST_MESSAGES = 0.02


@dataclass(slots=True)
class SubscriptionCounts:
    """What has come over one subscription so far. `bytes` counts payloads."""

    batches: int = 0
    records: int = 0
    dropped: int = 0
    bytes: int = 0
    decode_errors: int = 0


class Subscription:
    """The subscription side of one agent: `async for batch in subscription`.

    The iteration ends when the agent has gone and what it sent is read, or after `close`.
    Messages that cannot be read are counted in `counts.decode_errors`, and `on_problem` is told
    of the first of each kind. One consumer at a time.
    """

    def __init__(
        self,
        path: str,
        pid: int,
        tid: int,
        prefixes: Iterable[str],
        *,
        on_problem: Callable[[DecodeError], None] | None = None,
    ) -> None:
        self.pid = pid
        self.tid = tid
        self.counts = SubscriptionCounts()
        self.gone = False
        self._on_problem = on_problem
        self._problems_told: set[str] = set()
        self._own = own_probes()
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._inbox: deque[list[bytes]] = deque()
        self._inbox_bytes = 0
        self._socket = ConnectedSocket(
            zmq.SUB, path, on_readable=self._fill, on_gone=self._note_gone
        )
        for prefix in prefixes:
            self._socket.subscribe(prefix)

    def subscribe(self, prefix: str) -> None:
        """Make live, in addition, what has this prefix. Counted: each needs its own end."""
        self._socket.subscribe(prefix)

    def unsubscribe(self, prefix: str) -> None:
        self._socket.unsubscribe(prefix)

    def close(self) -> None:
        """End the subscription; what was made live for it goes off in the agent."""
        self._socket.close()
        self._wake()

    async def __aiter__(self) -> AsyncIterator[Batch]:
        inbox = self._inbox
        turn_ends = self._loop.time() + _TURN
        last_look = False
        while True:
            if not inbox:
                self._fill()
            if inbox:
                frames = inbox.popleft()
                self._inbox_bytes -= len(frames[-1])
                batch = self._decode(frames)
                if batch is not None:
                    yield batch
                if self._loop.time() > turn_ends:
                    await asyncio.sleep(0)
                    turn_ends = self._loop.time() + _TURN
                continue
            if self._socket.closed or last_look:
                return
            if self.gone:
                last_look = True
                await asyncio.sleep(_LAST_MESSAGES)
                continue
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            turn_ends = self._loop.time() + _TURN

    def _decode(self, frames: list[bytes]) -> Batch | None:
        counts = self.counts
        try:
            batch = decode(self.pid, self.tid, frames)
        except DecodeError as error:
            counts.decode_errors += 1
            if self._own is not None:
                self._own.decode_error.fire(error, self.pid)
            kind = "version" if error.version is not None else "corrupt"
            if kind not in self._problems_told:
                self._problems_told.add(kind)
                if self._on_problem is not None:
                    self._on_problem(error)
            return None
        counts.batches += 1
        counts.records += batch.count
        counts.dropped += batch.dropped
        counts.bytes += len(batch.payload)
        if self._own is not None:
            if batch.count:
                self._own.records_received.fire(
                    batch.topic, batch.count, len(batch.payload), self.pid
                )
            if batch.dropped:
                self._own.records_dropped.fire(batch.topic, batch.dropped, self.pid)
        return batch

    def _fill(self) -> None:
        # Eagerly, even while the consumer is busy: see _RECEIVE_HIGH_WATER.
        while self._inbox_bytes < _INBOX_BYTES:
            frames = self._socket.receive()
            if frames is None:
                break
            size = len(frames[-1])
            self._inbox.append(frames)
            self._inbox_bytes += size
        if self._inbox:
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _note_gone(self) -> None:
        self.gone = True
        self._wake()
