"""Start: the command line as whole processes, against a Python that imports what it stands on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from _processes import MeasurementError
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

CLAIM = "start: nodeobs --version and nodeobs ps --json, against importing zmq, orjson and click"
TARGET = 1.5
NODEOBS = Path(sys.executable).with_name("nodeobs")


@dataclass(frozen=True, slots=True)
class Ran:
    wall_ms: float
    cpu_ms: float
    lines: int


def run(command: Sequence[str]) -> Ran:
    before = os.times()
    start = time.perf_counter()
    ended = subprocess.run(command, capture_output=True, check=False)
    wall = time.perf_counter() - start
    after = os.times()
    if ended.returncode != 0:
        raise MeasurementError(f"{' '.join(command)}: {ended.stderr.decode().strip()}")
    cpu = (after.children_user - before.children_user) + (
        after.children_system - before.children_system
    )
    return Ran(wall * 1000, cpu * 1000, ended.stdout.count(b"\n"))


def measure(runs: int) -> None:
    heading(CLAIM)
    if not NODEOBS.exists():
        raise MeasurementError(f"there is no {NODEOBS}: make setup")
    cases = {
        "imports": partial(run, [sys.executable, "-c", "import zmq, orjson, click"]),
        "--version": partial(run, [str(NODEOBS), "--version"]),
        "ps --json": partial(run, [str(NODEOBS), "ps", "--json"]),
    }
    for case in cases.values():
        case()  # compiles what is not compiled yet
    results = collected(in_turns(cases, runs))
    for name, each in results.items():
        listed = f", {each[-1].lines} processes listed" if name == "ps --json" else ""
        print(
            f"  {name:9} {figure([one.wall_ms for one in each], 'ms')}, "
            f"{figure([one.cpu_ms for one in each], 'ms CPU', 0)}{listed}"
        )
    peer = [one.wall_ms for one in results["imports"]]
    version = Ratio([one.wall_ms for one in results["--version"]], peer)
    ps = Ratio([one.wall_ms for one in results["ps --json"]], peer)
    print(f"  nodeobs --version / imports: {version}: {version.at_most(TARGET)}")
    print(f"  nodeobs ps --json / imports: {ps}: {ps.at_most(TARGET)}")
    worst = max(version, ps, key=lambda ratio: ratio.value)
    print(f"the slower / imports: {worst}, target <= {TARGET}: {worst.at_most(TARGET)}")


if __name__ == "__main__":
    options = arguments(CLAIM, runs=15)
    finish(lambda: measure(options.runs))
