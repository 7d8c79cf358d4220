"""The ends of delivery.py, each a process: `_delivery.py KIND WHERE RECORDS|FILE`.

`nodeobs`, `pull` and `pull-lines` read RECORDS records and print what that took; `push` sends the
lines of FILE when it is asked to, by a line of the form `{"records": N}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import cycle
from typing import TYPE_CHECKING, Any

import orjson
import zmq

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BATCH = 64 * 1024  # bytes, as the agent's


class Tally:
    """Counts records, and the time from the first one on."""

    def __init__(self) -> None:
        self.records = 0
        self.started = self.cpu = 0.0

    def start(self) -> None:
        self.started, self.cpu = time.perf_counter(), time.process_time()

    def report(self, dropped: int = 0) -> None:
        took = time.perf_counter() - self.started
        cpu = time.process_time() - self.cpu
        told = {"records": self.records, "dropped": dropped, "seconds": took, "cpu_s": cpu}
        print(json.dumps(told), flush=True)


async def read_nodeobs(pid: int, records: int) -> None:
    import nodeobs

    tally = Tally()
    async with nodeobs.attach(pid, verb="bench", follow_threads=False) as process:
        stream = process.logs("debug", "bench")
        waiting = asyncio.ensure_future(_first(stream))
        while not any(20 in logger["snooped"] for logger in await process.loggers()):
            pass
        print("ready", flush=True)
        first = await waiting
        tally.start()
        tally.records += len(first)
        async for record in stream:
            if record["level"] == 20:
                tally.records += 1
                if tally.records == records:
                    break
        tally.report(process.dropped)


async def _first(stream: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [await anext(stream)]


def read_pull(where: str, records: int, *, batches: bool) -> None:
    socket = zmq.Context().socket(zmq.PULL)
    socket.connect(where)
    print("ready", flush=True)
    tally = Tally()
    payload = socket.recv()
    tally.start()
    while True:
        if batches:
            for record in orjson.loads(b"[%b]" % payload.removesuffix(b"\n").replace(b"\n", b",")):
                if record["level"] == 20:
                    tally.records += 1
        elif orjson.loads(payload)["level"] == 20:
            tally.records += 1
        if tally.records >= records:
            break
        payload = socket.recv()
    tally.report()
    socket.close(0)


def push(where: str, file: str) -> None:
    with open(file, "rb") as text:
        lines = text.readlines()
    socket = zmq.Context().socket(zmq.PUSH)
    socket.linger = 0
    socket.bind(where)
    print("ready", flush=True)
    for question in sys.stdin:
        asked = json.loads(question)
        for batch in _batches(lines, asked["records"], BATCH if asked["batches"] else 1):
            socket.send(batch)
        print(json.dumps(asked), flush=True)


def _batches(lines: list[bytes], records: int, size: int) -> Iterator[bytes]:
    batch: list[bytes] = []
    held = 0
    for line, _ in zip(cycle(lines), range(records), strict=False):
        batch.append(line)
        held += len(line)
        if held >= size:
            yield b"".join(batch)
            batch, held = [], 0
    if batch:
        yield b"".join(batch)


def main(kind: str, where: str, what: str) -> None:
    if kind == "nodeobs":
        asyncio.run(read_nodeobs(int(where), int(what)))
    elif kind == "push":
        push(where, what)
    else:
        read_pull(where, int(what), batches=kind == "pull")


if __name__ == "__main__":
    main(*sys.argv[1:])
