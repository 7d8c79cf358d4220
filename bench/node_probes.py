"""Node's own probes: both http-server probes of every request to one subscriber, against nobody
listening; and nobody listening, before and after, against NODEOBS=off.

The server is the http example without a line of nodeobs in it, started with
`--require nodeobs/register`. The other two kinds of spells are on one server, so that what an
observer leaves behind would be seen in the spells that follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from _processes import (
    PRELOADED,
    Load,
    Loaded,
    MeasurementError,
    Server,
    Subscriber,
    runtime_directory,
)
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CLAIM = "node probes: http-server-request and -response of every request to one subscriber"
TARGET = 0.85
TARGET_IDLE = 0.99
PREFIX = "probe.node.http-server-"
RATE = 8000  # requests a second: as in latency.py and for its reasons
WARM_UP = 1.0  # seconds
SPELL = 1.5
SPELLS = 3  # of each kind on one pair of servers; a new pair is one run


def fired(stats: dict[str, Any]) -> int:
    """Firings of the http-server probes so far."""
    topics: dict[str, Any] = stats["topics"]
    return sum(topic["published"] for name, topic in topics.items() if name.startswith(PREFIX))


class Observed:
    """Spells of a server whose probes a subscriber gets, each with one of its own."""

    def __init__(self, server: Server, load: Load) -> None:
        self.server = server
        self.load = load
        self.published = 0
        self.dropped = 0

    def spell(self, seconds: float = SPELL) -> Loaded:
        before = fired(self.server.stats())
        with Subscriber(self.server, PREFIX).ready() as subscriber:
            loaded = self.load.on(self.server, seconds, rate=RATE)
            records = fired(self.server.stats()) - before
            counts = subscriber.counts(records)
        if counts["received"] + counts["dropped"] != records:
            raise MeasurementError(f"{records} records fired, the client knows {counts}")
        self.published += records
        self.dropped += counts["dropped"]
        return loaded


def measure(runs: int) -> None:
    heading(CLAIM)
    spells: dict[str, list[Loaded]] = {"off": [], "idle": [], "observed": []}
    published = dropped = 0
    with runtime_directory(), Load() as load:
        for _ in range(runs):
            with (
                Server("--no-nodeobs", env=PRELOADED) as server,
                Server("--no-nodeobs", env={**PRELOADED, "NODEOBS": "off"}) as off,
            ):
                observed = Observed(server, load)
                load.on(off, WARM_UP)
                load.on(server, WARM_UP)
                observed.spell(WARM_UP)
                load.on(server, WARM_UP)
                turns: dict[str, Callable[[], Loaded]] = {
                    "off": lambda off=off: load.on(off, SPELL, rate=RATE),  # type: ignore[misc]
                    "idle": lambda server=server: load.on(server, SPELL, rate=RATE),  # type: ignore[misc]
                    "observed": observed.spell,
                }
                for name, results in collected(in_turns(turns, SPELLS)).items():
                    spells[name] += results
                published += observed.published
                dropped += observed.dropped
    for name, results in spells.items():
        print(
            f"  {name:8} {figure([spell.rate for spell in results], 'requests/s', 0)}, "
            f"{figure([spell.cpu for spell in results], 'µs CPU each')}, "
            f"server's CPU {figure([100 * spell.busy for spell in results], '% busy', 0)}"
        )
    print(f"  {published:,} firings, {dropped:,} dropped")
    costs = {name: [spell.cpu for spell in results] for name, results in spells.items()}
    idle = Ratio(costs["off"], costs["idle"])
    print(
        f"  nobody observes / NODEOBS=off, by server CPU: {idle}, "
        f"target >= {TARGET_IDLE}: {idle.at_least(TARGET_IDLE)}"
    )
    cpu = Ratio(costs["idle"], costs["observed"])
    verdict = f"not met: {dropped:,} dropped" if dropped else cpu.at_least(TARGET)
    print(
        f"throughput by server CPU, observed / idle: {cpu}, target >= {TARGET}, no drops: {verdict}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=2)
    finish(lambda: measure(options.runs))
