"""Idle: nodeobs in an application that nobody looks at, against the application without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _processes import Load, Loaded, Server, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIM = "idle: requests a second of the http example with nodeobs and without"
TARGET = 0.99
WARM_UP = 1.0  # seconds
SPELL = 1.0
SPELLS = 4  # of each server; a new pair of servers is one run


def measure(runs: int) -> None:
    heading(CLAIM)
    spells: dict[str, list[Loaded]] = {"with": [], "without": []}
    with runtime_directory(), Load() as load:
        for _ in range(runs):
            # Which process got the better layout of memory and code is luck, so there are several.
            with Server() as ours, Server("--no-nodeobs") as peer:
                servers = {"with": ours, "without": peer}
                for server in servers.values():
                    load.on(server, WARM_UP)
                turns: dict[str, Callable[[], Loaded]] = {
                    name: lambda server=server: load.on(server, SPELL)  # type: ignore[misc]
                    for name, server in servers.items()
                }
                for name, results in collected(in_turns(turns, SPELLS)).items():
                    spells[name] += results
    for name, results in spells.items():
        print(
            f"  {name:8} {figure([spell.rate for spell in results], 'requests/s', 0)}, "
            f"{figure([spell.cpu for spell in results], 'µs CPU each')}, "
            f"server's CPU {figure([100 * spell.busy for spell in results], '% busy', 0)}"
        )
    throughput = Ratio(*([spell.rate for spell in spells[name]] for name in ("with", "without")))
    cpu = Ratio(*([spell.cpu for spell in spells[name]] for name in ("without", "with")))
    print(f"  by CPU time for each request (without / with): {cpu}")
    verdict = throughput.at_least(TARGET)
    print(f"throughput, with / without: {throughput}, target >= {TARGET}: {verdict}")


if __name__ == "__main__":
    options = arguments(CLAIM, runs=3)
    finish(lambda: measure(options.runs))
