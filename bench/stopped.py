"""Stopped: observers that stop reading, or are killed, against nobody listening.

One server has no observer, one a stopped one (SIGSTOP), one ten of them, and one has a stopped
observer that is killed (kill -9, with a message half written to it) in the middle of each spell.
First they get load until the queues are full; then the latency of all four is measured at the same
rate, far below what the server can take, in turns. At the end every observer has to know exactly
what became of every record, and the memory held is set against its bound.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from _processes import Load, Loaded, MeasurementError, Server, Subscriber, fired, runtime_directory
from _runs import Ratio, arguments, figure, finish, heading

if TYPE_CHECKING:
    from collections.abc import Sequence

CLAIM = "stopped: latency of the http example with observers that stop reading, and with none"
TARGET = 1.1
RATE = 1500  # requests a second
CONNECTIONS = 16
RECORDS = 3  # for every request
SPELL = 1.5  # seconds
FILLING = 1.0  # seconds of as many requests as possible, until the queues are full
FILLINGS_MAX = 10
OFF_WITHIN = 1.0  # seconds after the kill

OBSERVERS = {"none": 0, "one stopped": 1, "ten stopped": 10, "one killed": 0}
SHORTEST = 3  # runs: fewer tell nothing about a p99
DEFAULT = 5


def fill(load: Load, server: Server, observers: int) -> None:
    """Load until the queues are full, and the same for those that have none.

    By one connection, so that every turn of the event loop has one request: many small messages
    are the hardest on memory.
    """
    for _ in range(FILLINGS_MAX):
        load.on(server, FILLING, connections=1)
        if observers == 0 or server.stats()["records"]["dropped"] > 0:
            return
    raise MeasurementError("the queues do not fill up")


def killed(load: Load, server: Server) -> tuple[Loaded, float]:
    """A spell in the middle of which a stopped observer is killed; s until nothing is live."""
    off: list[float] = []

    def kill(victim: Subscriber) -> None:
        # The kernel's buffer is full by now, and a message half written.
        victim.signal(signal.SIGKILL)
        start = time.monotonic()
        while not off and time.monotonic() < start + SPELL:
            if all(peer["type"] != "SUB" for peer in server.stats()["peers"]):
                off.append(time.monotonic() - start)

    with Subscriber(server).ready() as victim:
        victim.signal(signal.SIGSTOP)
        timer = threading.Timer(SPELL / 2, kill, [victim])
        timer.start()
        spell = load.on(server, SPELL, rate=RATE, connections=CONNECTIONS)
        timer.join()
    if not off:
        raise MeasurementError("the killed observer is still listened to")
    before = fired(server.stats())
    load.on(server, 0.2, rate=RATE, connections=CONNECTIONS)
    if fired(server.stats()) != before:
        raise MeasurementError("records are made for an observer that was killed")
    return spell, off[0]


def account(server: Server, subscribers: Sequence[Subscriber]) -> str:
    """Whether every observer knows what became of every record."""
    stats = server.stats()
    records = fired(stats)
    wrong: list[dict[str, Any]] = []
    total = dropped = 0
    for subscriber in subscribers:
        subscriber.signal(signal.SIGCONT)
        counts = subscriber.counts(records)
        total += records
        dropped += counts["dropped"]
        if counts["received"] + counts["dropped"] != records:
            wrong.append(counts)
    if wrong:
        return f"{records:,} fired, but they know {wrong}"
    sums = server.stats()["records"]
    # Connections that ask for `stats` get no records; all that was wanted was wanted by these.
    if sums["sent"] + sums["dropped"] != total or sums["dropped"] != dropped:
        return f"{total:,} wanted and {dropped:,} dropped, but the agent says {sums}"
    return "exact"


def measure(runs: int) -> None:
    heading(CLAIM)
    runs = max(runs, SHORTEST)
    spells: dict[str, list[Loaded]] = {name: [] for name in OBSERVERS}
    off: list[float] = []
    with ExitStack() as stack:
        stack.enter_context(runtime_directory())
        load = stack.enter_context(Load())
        servers: dict[str, Server] = {}
        subscribers: dict[str, list[Subscriber]] = {}
        for name, count in OBSERVERS.items():
            server = stack.enter_context(Server("--debug-records", str(RECORDS)))
            servers[name] = server
            started = [stack.enter_context(Subscriber(server)) for _ in range(count)]
            subscribers[name] = [subscriber.ready() for subscriber in started]
            for subscriber in subscribers[name]:
                subscriber.signal(signal.SIGSTOP)
        for name, server in servers.items():
            fill(load, server, len(subscribers[name]))
        for number in range(runs):
            for name in OBSERVERS if number % 2 == 0 else reversed(OBSERVERS):
                if name == "one killed":
                    spell, took = killed(load, servers[name])
                    off.append(took)
                else:
                    spell = load.on(servers[name], SPELL, rate=RATE, connections=CONNECTIONS)
                spells[name].append(spell)
        rss = {name: server.status("VmRSS") / 1024 for name, server in servers.items()}
        memory = {name: server.stats() for name, server in servers.items()}
        exact = {
            name: account(servers[name], watching)
            for name, watching in subscribers.items()
            if watching
        }
    report(spells, rss, memory, exact, off)


def report(
    spells: dict[str, list[Loaded]],
    rss: dict[str, float],
    memory: dict[str, dict[str, Any]],
    exact: dict[str, str],
    off: list[float],
) -> None:
    failed: list[str] = []
    for name, each in spells.items():
        stats = memory[name]
        bound = stats["memory"]["limit_all"]
        print(
            f"  {name:11} p50 {figure([spell.p50 for spell in each], 'ms', 3)}, "
            f"p99 {figure([spell.p99 for spell in each], 'ms', 3)}, "
            f"{figure([spell.cpu for spell in each], 'µs CPU each', 0)}; "
            f"RSS {rss[name]:.0f} MiB"
        )
        if name != "none":
            growth = (rss[name] - rss["none"]) * 2**20
            print(
                f"  {'':11} RSS growth / the bound of {bound / 2**20:.0f} MiB: "
                f"{growth / bound:.2f}; by the agent's count "
                f"{stats['bytes']['queued_peak'] / bound:.2f} at most"
            )
            if growth > bound:
                failed.append(f"{name}: memory over its bound")
    for name, told in exact.items():
        print(f"  {name}: received + dropped = fired: {told}")
        if told != "exact":
            failed.append(f"{name}: counts not exact")
    print(f"  after the kill, everything is off within {max(off):.2f} s (bound {OFF_WITHIN} s)")
    base = spells["none"]
    worst: Ratio | None = None
    for name in list(spells)[1:]:
        p50 = Ratio([one.p50 for one in spells[name]], [one.p50 for one in base])
        p99 = Ratio([one.p99 for one in spells[name]], [one.p99 for one in base])
        print(f"  {name} / none: p50 {p50}, p99 {p99}")
        if worst is None or p99.value > worst.value:
            worst = p99
    assert worst is not None
    if max(off) > OFF_WITHIN:
        failed.append("not off in time")
    verdict = worst.at_most(TARGET)
    if failed:
        verdict = f"not met ({'; '.join(failed)})"
    print(
        f"p99, the worst / none: {worst}, "
        f"target <= {TARGET}, memory bounded, counts exact: {verdict}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=DEFAULT)
    finish(lambda: measure(options.runs))
