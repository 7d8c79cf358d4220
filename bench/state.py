"""State: how long a process with 100,000 objects stands still while somebody lists them, against
kang's snapshot of the same; and what the mark costs that tells when a request began."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from typing import TYPE_CHECKING, Any

from _processes import (
    HERE,
    Child,
    Load,
    MeasurementError,
    Server,
    cpus,
    node_binary,
    runtime_directory,
)
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIM = "state: the longest pause of the event loop while 100,000 objects are listed"
OBJECTS = 100_000
PAUSE_TARGET = 50.0  # ms
MARKS = 1_000_000
MARK_TARGET = 0.2  # percent of a request's CPU time
SPELL = 1.0  # seconds


class Holder(Child):
    """A process of bench/_state.js."""

    def __init__(self) -> None:
        super().__init__([node_binary(), str(HERE / "_state.js")], cpus()[0])


def watched(holder: Holder, look: Callable[[], int]) -> tuple[float, float]:
    """The longest pause in ms, and the seconds that all of it took."""
    holder.ask({"op": "watch"})
    start = time.monotonic()
    seen = look()
    seconds = time.monotonic() - start
    pause = float(holder.ask({"op": "pause"})["pause_ms"])
    if seen != OBJECTS:
        raise MeasurementError(f"{seen:,} of {OBJECTS:,} objects came in {seconds:.1f} s")
    return pause, seconds


def listed(pid: int) -> int:
    """All objects, a page at a time."""
    from nodeobs import attach

    async def count() -> int:
        async with attach(pid, verb="bench", follow_threads=False) as process:
            return len((await process.state_list("job", limit=2 * OBJECTS))["objects"])

    return asyncio.run(count())


def snapshot(url: str) -> int:
    """All objects, in one answer."""
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
    return body.count(b'"tries"')


def measure_pauses(runs: int) -> None:
    with Holder() as holder:
        url = holder.ask({"op": "objects", "count": OBJECTS})["url"]
        cases: dict[str, Callable[[], tuple[float, float]]] = {
            "nodeobs": lambda: watched(holder, lambda: listed(holder.pid))
        }
        if url is not None:
            cases["kang"] = lambda: watched(holder, lambda: snapshot(url))
        for case in cases.values():
            case()  # warm
        results = collected(in_turns(cases, runs))
    for name, taken in results.items():
        pauses, seconds = [pause for pause, _ in taken], [seconds for _, seconds in taken]
        print(f"  {name:8} longest pause {figure(pauses, 'ms')}, all {figure(seconds, 's', 2)}")
    pauses = [pause for pause, _ in results["nodeobs"]]
    middle = sorted(pauses)[len(pauses) // 2]
    verdict = "met" if middle <= PAUSE_TARGET else "not met"
    print(f"longest pause: {middle:.1f} ms, target <= {PAUSE_TARGET:.0f} ms: {verdict}")
    if url is None:
        print("pause, kang / nodeobs: not measured, kang does not run on this Node.js")
        return
    ratio = Ratio([pause for pause, _ in results["kang"]], pauses)
    print(f"pause, kang / nodeobs: {ratio}")


def measure_mark(runs: int) -> None:
    with Load() as load, Server("--no-nodeobs") as server:
        load.on(server, SPELL)

        def mark() -> float:
            with Holder() as holder:
                answer: dict[str, Any] = holder.ask({"op": "mark", "count": MARKS})
                return float(answer["ns"])

        cases: dict[str, Callable[[], float]] = {
            "mark": mark,
            "request": lambda: load.on(server, SPELL).cpu * 1000,
        }
        results = collected(in_turns(cases, runs))
    marks, requests = results["mark"], results["request"]
    print(f"  a mark {figure(marks, 'ns')}, a request {figure(requests, 'ns CPU', 0)}")
    ratio = Ratio([100 * mark for mark in marks], requests)
    verdict = ratio.at_most(MARK_TARGET)
    print(f"a mark, in % of a request: {ratio}, target <= {MARK_TARGET}: {verdict}")


def measure(runs: int) -> None:
    heading(CLAIM)
    with runtime_directory():
        measure_pauses(runs)
        measure_mark(runs)


if __name__ == "__main__":
    options = arguments(CLAIM, runs=5)
    finish(lambda: measure(options.runs))
