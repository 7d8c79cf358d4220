"""The batches of all threads of a process, as one stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from nodeobs.attachment import Attachment
    from nodeobs.bus.protocol import Batch
    from nodeobs.discovery.processes import Endpoint

# Batches that wait between the threads of a process and the one consumer.
_WAITING_BATCHES = 16


class MergedBatches:
    """The subscriptions of one call of `batches`, one for each thread, merged."""

    def __init__(self, attached: Attachment, prefixes: list[str]) -> None:
        self._attached = attached
        self._prefixes = prefixes
        self._queue: asyncio.Queue[Batch | None] = asyncio.Queue(_WAITING_BATCHES)
        self._readers: dict[int, asyncio.Task[None]] = {}
        self._finished = False

    def add(self, endpoint: Endpoint) -> None:
        running = self._readers.get(endpoint.tid)
        if running is None or running.done():
            self._readers[endpoint.tid] = asyncio.create_task(self._read(endpoint))

    async def _read(self, endpoint: Endpoint) -> None:
        attached = self._attached
        try:
            subscription = attached._subscription(endpoint, self._prefixes)
        except NodeobsError as error:
            attached._tell(f"{attached.label}: {error.message}")
            return
        try:
            async for batch in subscription:
                if batch.kind == "agent":
                    attached._note_agent_event(batch)
                await self._queue.put(batch)
        finally:
            attached._close_subscription(subscription)

    async def finish(self) -> None:
        """Let the readers drain what their agents had sent, then end the iteration."""
        if self._finished:
            return
        self._finished = True
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        await self._queue.put(None)

    async def stop(self) -> None:
        """End the iteration now, whatever is still waiting."""
        self._finished = True
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        try:
            while (batch := await self._queue.get()) is not None:
                yield batch
        finally:
            await self.stop()
