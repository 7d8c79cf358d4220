"""`nodeobs latency` on a busy server, against the same server with nobody looking.

The server is the http example without a line of nodeobs in it, started with
`--require nodeobs/register`; express and restify are measured for scale. Spells with the command
and without it take turns on one server, and the command's own count of requests has to be the
load's, or there is no result.

Both get the same number of requests a second: what a request costs depends on how many come in one
turn of the event loop, and on a machine of two CPUs the load has to share its own with the command,
so that "as many as it answers" would be fewer and dearer ones whatever the server had to do.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, cast

from _processes import (
    PRELOADED,
    ROOT,
    SERVERS,
    Child,
    Load,
    Loaded,
    MeasurementError,
    Server,
    cpus,
    runtime_directory,
)
from _runs import Ratio, arguments, figure, finish, heading

if TYPE_CHECKING:
    from typing import Any

CLAIM = "latency: CPU time of each request of the http example with `nodeobs latency` and without"
TARGET = 0.90
WARM_UP = 1.0  # seconds
SPELL = 1.5
SPELLS = 4  # of each kind on one server; a new server is one run


class Latency(Child):
    """The command, measuring."""

    def __init__(self, server: Server) -> None:
        command = [sys.executable, "-m", "nodeobs", "latency", "-p", str(server.pid), "--json"]
        path = os.pathsep.join(filter(None, (str(ROOT / "py"), os.environ.get("PYTHONPATH"))))
        super().__init__(
            ["sh", "-c", 'exec "$@" 2>&1', "sh", *command], cpus()[1], {"PYTHONPATH": path}
        )
        if not self.line().startswith("nodeobs: measuring in"):
            raise MeasurementError(f"does not measure: {self.command}")

    def finished(self) -> dict[str, Any]:
        """End it with Ctrl-C; its summary."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=20)
        for line in out.splitlines():
            if line.startswith('{"type":"summary"'):
                return cast("dict[str, Any]", json.loads(line))
        raise MeasurementError(f"has no summary: {out}")


def measure(runs: int) -> None:
    heading(CLAIM)
    ratios = {}
    with runtime_directory(), Load() as load:
        for name, (script, argument, rate) in SERVERS.items():
            spells: dict[str, list[Loaded]] = {"without": [], "with": []}
            for _ in range(runs):
                with Server(argument, script=script, env=PRELOADED) as server:
                    for _ in range(SPELLS):
                        turn(load, server, rate, spells)
            ratios[name] = report(name, spells)
    ratio = ratios[next(iter(SERVERS))]
    print(
        f"throughput by server CPU, with / without: {ratio}, "
        f"target >= {TARGET}: {ratio.at_least(TARGET)}"
    )


def turn(load: Load, server: Server, rate: int, spells: dict[str, list[Loaded]]) -> None:
    """One spell without the command and one with it."""
    # Hooks that come and go make V8 compile anew, and that takes as many requests as there are: no
    # spell is to pay for it.
    load.on(server, WARM_UP)
    spells["without"].append(load.on(server, SPELL, rate=rate))
    with Latency(server) as latency:
        warm = load.on(server, WARM_UP)
        loaded = load.on(server, SPELL, rate=rate)
        summary = latency.finished()
    spells["with"].append(loaded)
    if summary["drops"]:
        raise MeasurementError(f"drops: {summary['drops']}")
    if summary["count"] < warm.requests + loaded.requests:
        raise MeasurementError(
            f"{warm.requests + loaded.requests:,} requests, {summary['count']:,} in the tables"
        )


def report(name: str, spells: dict[str, list[Loaded]]) -> Ratio:
    for which, results in spells.items():
        print(
            f"  {name:8} {which:8} {figure([spell.rate for spell in results], 'requests/s', 0)}, "
            f"{figure([spell.cpu for spell in results], 'µs CPU each')}"
        )
    ratio = Ratio(*([spell.cpu for spell in spells[which]] for which in ("without", "with")))
    print(f"  {name:8} without / with: {ratio}")
    return ratio


if __name__ == "__main__":
    options = arguments(CLAIM, runs=2)
    finish(lambda: measure(options.runs))
