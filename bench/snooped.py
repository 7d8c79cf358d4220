"""Snooped: three debug records for every request to one subscriber, against the same log calls
with nobody listening.

Three processes share the machine. The server has a CPU of its own; where there are only two, the
load and the subscriber share the other one, so requests a second also tell what the subscriber
takes away from the load. CPU time of the server for each request does not: that is what a server
with enough clients would have to pay.
"""

from __future__ import annotations

from _processes import Load, Loaded, MeasurementError, Server, Subscriber, fired, runtime_directory
from _runs import Ratio, arguments, figure, finish, heading

CLAIM = "snooped: 3 debug records a request to one Python subscriber, against nobody listening"
TARGET = 0.85
RECORDS = 3
WARM_UP = 1.0  # seconds
SPELL = 1.5
SPELLS = 3  # of each kind on one server; a new server is one run


def measure(runs: int) -> None:
    heading(CLAIM)
    alone: list[Loaded] = []
    snooped: list[Loaded] = []
    published = dropped = 0
    subscriber_cpu = 0.0
    with runtime_directory(), Load() as load:
        for _ in range(runs):
            with Server("--debug-records", str(RECORDS)) as server:
                dropped_here = 0
                load.on(server, WARM_UP)
                with Subscriber(server).ready():
                    load.on(server, WARM_UP)
                for _ in range(SPELLS):
                    alone.append(load.on(server, SPELL))
                    before = fired(server.stats())
                    with Subscriber(server).ready() as subscriber:
                        spent = subscriber.cpu_seconds()
                        snooped.append(load.on(server, SPELL))
                        records = fired(server.stats()) - before
                        counts = subscriber.counts(records)
                        subscriber_cpu += subscriber.cpu_seconds() - spent
                    if counts["received"] + counts["dropped"] != records:
                        raise MeasurementError(
                            f"{records} records fired, the client knows {counts}"
                        )
                    published += records
                    dropped_here += counts["dropped"]
                if server.stats()["records"]["dropped"] != dropped_here:
                    raise MeasurementError("the agent counts other drops than the client")
                dropped += dropped_here
    for name, spells in (("alone", alone), ("snooped", snooped)):
        print(
            f"  {name:8} {figure([spell.rate for spell in spells], 'requests/s', 0)}, "
            f"{figure([spell.cpu for spell in spells], 'µs CPU each')}, "
            f"server's CPU {figure([100 * spell.busy for spell in spells], '% busy', 0)}"
        )
    print(
        f"  {published:,} records fired, {dropped:,} dropped; "
        f"the subscriber took {subscriber_cpu * 1e6 / published:.2f} µs CPU for each"
    )
    rate = Ratio([spell.rate for spell in snooped], [spell.rate for spell in alone])
    cpu = Ratio([spell.cpu for spell in alone], [spell.cpu for spell in snooped])
    print(f"  by throughput, load and subscriber on one CPU (snooped / alone): {rate}")
    verdict = cpu.at_least(TARGET)
    if dropped:
        verdict = f"not met: {dropped:,} records dropped"
    print(
        f"throughput by server CPU, snooped / alone: {cpu}, target >= {TARGET}, no drops: {verdict}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=2)
    finish(lambda: measure(options.runs))
