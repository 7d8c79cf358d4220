"""Nop: a firing with a tracer attached, with the 5-byte instruction that Linux 6.18 and later turn
into a call, against the 1-byte one, which is a trap. From C, without arguments."""

from __future__ import annotations

import platform
import re
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from _processes import NotPossibleError, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns
from _tracers import Fired, bpftrace_counts, compiled, fire_c, open_tracing, tracefs_records

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIM = "nop: ns a firing that a kernel tracer sees, 5-byte nop against 1-byte nop"
TARGET = 1.0
FIRINGS = 50_000  # a spell
LENGTHS = (1, 5)
TRACERS = ("bpftrace", "tracefs")


def kernel_optimises() -> bool:
    """As kernel_optimises of native/stapsdt/site.c."""
    numbers = re.match(r"(\d+)\.(\d+)", platform.release())
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (6, 18)


def measure(runs: int) -> None:
    heading(CLAIM)
    tracefs = open_tracing()
    if platform.machine() != "x86_64":
        raise NotPossibleError("there are two kinds of nop on x86-64 only")
    with ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="nodeobs-bench-"))
        stack.enter_context(runtime_directory())
        program = compiled(Path(directory))
        cases: dict[str, Callable[[], Fired]] = {}
        for length in LENGTHS:
            for tracer in TRACERS:
                firer = stack.enter_context(fire_c(program, nop=length))
                if tracer == "bpftrace":
                    stack.enter_context(bpftrace_counts(firer))
                else:
                    stack.enter_context(tracefs_records(firer, tracefs))
                cases[f"nop{length}, {tracer}"] = lambda firer=firer: firer.spell(FIRINGS)  # type: ignore[misc]
        results = collected(in_turns(cases, runs))
    for name, each in results.items():
        print(
            f"  {name:14} {figure([one.cpu for one in each], 'ns CPU', 0)}, "
            f"{figure([one.wall for one in each], 'ns', 0)}"
        )
    ratios = [
        Ratio(*([one.cpu for one in results[f"nop{length}, {tracer}"]] for length in (5, 1)))
        for tracer in TRACERS
    ]
    for tracer, ratio in zip(TRACERS, ratios, strict=True):
        print(f"  {tracer}, nop5 / nop1: {ratio}")
    worst = max(ratios, key=lambda ratio: ratio.value)
    if kernel_optimises():
        print(f"CPU, the worse nop5 / nop1: {worst}, target <= {TARGET}: {worst.at_most(TARGET)}")
    else:
        print(
            f"CPU, the worse nop5 / nop1: {worst}, no target: Linux {platform.release()} does not "
            "turn it into a call (6.18 and later do), so nodeobs takes the 1-byte nop here"
        )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=15)
    finish(lambda: measure(options.runs))
