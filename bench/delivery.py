"""Delivery: log records a second into the Python client on one core, against plain pyzmq.

Both read the same lines in the same batches, parse them with orjson in the same way and look at
every record, as a process with one CPU to itself, libzmq's thread included. Ours is
`async for record in process.logs()` on the agent of a Node process that publishes lines made
beforehand, as fast as they are taken; the peer is a loop of `recv` on a PULL socket. The peer with
one message for every line shows what batches are good for.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _processes import HERE, Child, MeasurementError, cpus, node_binary, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

CLAIM = "delivery: records a second into the Python client on one core, against pyzmq PUSH/PULL"
TARGET = 500_000
LINES = 2000
RECORDS = 1_500_000
RECORDS_ALONE = 300_000  # of the peer with one message for every line


@dataclass(frozen=True, slots=True)
class Delivered:
    rate: float  # records a second
    busy: float  # share of its CPU that the reader had


def lines() -> str:
    """Log records of the http example's kind, all different."""
    choose = random.Random(1)
    made = []
    for number in range(LINES):
        record = {
            "name": "bench",
            "hostname": "host",
            "pid": 4242,
            "level": 20,
            "step": number % 3,
            "requests": number,
            "method": choose.choice(["GET", "POST", "PUT"]),
            "url": f"/users/{choose.randrange(10**6)}?full={choose.choice(['yes', 'no'])}",
            "ms": round(choose.random() * 100, 3),
            "msg": "greeting",
            "time": f"2026-01-01T00:00:{number // 1000:02}.{number % 1000:03}Z",
            "v": 0,
        }
        made.append(json.dumps(record, separators=(",", ":")) + "\n")
    return "".join(made)


def read(kind: str, source: Child, where: str, records: int) -> Delivered:
    """One reader, from its first record to its last."""
    reader = Child(
        [sys.executable, str(HERE / "_delivery.py"), kind, where, str(records)], cpus()[1]
    )
    with reader:
        reader.line()  # it is connected
        source.ask({"records": records, "batches": kind != "pull-lines"})
        told = json.loads(reader.line())
    if told["records"] != records or told["dropped"]:
        raise MeasurementError(f"{records} records sent, {told} arrived")
    return Delivered(records / told["seconds"], told["cpu_s"] / told["seconds"])


def measure(runs: int) -> None:
    heading(CLAIM)
    if len(os.sched_getaffinity(0)) < 2:
        print("  one CPU only: the sender takes part of it, so the figures are too low")
    with ExitStack() as stack:
        stack.enter_context(runtime_directory())
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(directory, "lines.ndjson")
        file.write_text(lines())
        agent = stack.enter_context(
            Child([node_binary(), str(HERE / "_publisher.js"), str(file)], cpus()[0])
        )
        agent.line()
        push = f"ipc://{directory}/push"
        pusher = stack.enter_context(
            Child([sys.executable, str(HERE / "_delivery.py"), "push", push, str(file)], cpus()[0])
        )
        pusher.line()
        results = collected(
            in_turns(
                {
                    "nodeobs": partial(read, "nodeobs", agent, str(agent.pid), RECORDS),
                    "pyzmq": partial(read, "pull", pusher, push, RECORDS),
                    "pyzmq, a message a line": partial(
                        read, "pull-lines", pusher, push, RECORDS_ALONE
                    ),
                },
                runs,
            )
        )
    for name, each in results.items():
        print(
            f"  {name:23} {figure([one.rate for one in each], 'records/s', 0)}, "
            f"{figure([one.rate / one.busy for one in each], 'for a second of CPU', 0)}"
        )
        if min(one.busy for one in each) < 0.9:
            print("    (the reader did not have its CPU to itself, or waited for the sender)")
    ours = [one.rate for one in results["nodeobs"]]
    alone = Ratio(ours, [one.rate for one in results["pyzmq, a message a line"]])
    print(f"  nodeobs / pyzmq with a message a line: {alone}")
    ratio = Ratio(ours, [one.rate for one in results["pyzmq"]])
    absolute = Ratio(ours, [float(TARGET)] * len(ours))
    print(
        f"records/s, nodeobs / pyzmq: {ratio}; {sorted(ours)[len(ours) // 2]:,.0f}/s, "
        f"target >= {TARGET:,}/s: {absolute.at_least(1)}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=3)
    finish(lambda: measure(options.runs))
