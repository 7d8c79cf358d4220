"""A subscriber to some topics of one process: `_subscriber.py PID PREFIX`.

Prints `ready` when the process publishes for it, parses everything it gets, and answers lines of
the form `{"records": N}` once it knows what has become of the first N records.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import TYPE_CHECKING

import nodeobs

if TYPE_CHECKING:
    from nodeobs import Process

VERB = "bench"
PATIENCE = 20.0  # seconds until a record that has not come is taken for lost


class Listener:
    def __init__(self, process: Process, prefix: str) -> None:
        self.process = process
        self.prefix = prefix
        self.received = 0
        self.dropped = 0
        self.arrived = asyncio.Event()

    async def listen(self) -> None:
        async for batch in self.process.batches([self.prefix]):
            if not batch.topic.startswith(self.prefix):
                continue
            self.received += len(batch.records())
            self.dropped += batch.dropped
            self.arrived.set()

    async def until_live(self) -> None:
        # By the agent's list of peers: that the topic is live may be the doing of another one.
        name = f"nodeobs {VERB}[{os.getpid()}]"
        while True:
            for peer in (await self.process.stats())["peers"]:
                if peer["type"] == "SUB" and peer["name"] == name and peer["subscriptions"] == 3:
                    return

    async def answer(self, records: int) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while self.received + self.dropped < records:
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            pass  # the numbers say what is missing
        counts = {
            "received": self.received,
            "dropped": self.dropped,
            "cpu_s": time.process_time(),
        }
        print(json.dumps(counts), flush=True)


async def main(pid: int, prefix: str) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async with nodeobs.attach(pid, verb=VERB, follow_threads=False) as process:
        listener = Listener(process, prefix)
        listening = asyncio.create_task(listener.listen())
        await listener.until_live()
        print("ready", flush=True)
        while line := await reader.readline():
            await listener.answer(json.loads(line)["records"])
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
