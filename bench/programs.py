"""Programs: what a firing costs the application when a D program in it counts it, against sending
every firing to Python, which would count there.

The application fires at an even pace whoever looks, so its CPU time can be compared: what a case
costs is the CPU time of the process for each firing less that of the same firings unobserved. All
records are parsed by whoever gets them.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from _processes import HERE, Child, MeasurementError, cpus, node_binary, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns
from nodeobs.d import Text, compile_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CLAIM = "programs: CPU of the application for each firing that a D program sees, against sending it"
TARGET = 3
FIRINGS = 100_000
WARM_UP = 20_000
PREFIX = "probe.bench.done"

DONE = "bench*:::done"
#: Programs, and whether the last line is about them.
PROGRAMS = {
    "predicate false": (f"{DONE} /arg2 == 500/ {{ @ = count(); }}", True),
    "@[arg1] = count()": (f"{DONE} {{ @[copyinstr(arg1)] = count(); }}", True),
    "@[arg1] = quantize(arg0)": (f"{DONE} {{ @[copyinstr(arg1)] = quantize(arg0); }}", True),
    "two keys, two aggregations": (
        (
            f"{DONE} {{ @n[copyinstr(arg1), arg2] = count();"
            " @q[copyinstr(arg1), arg2] = quantize(arg0 / 1000); }"
        ),
        False,
    ),
    "a variable set and freed": (
        (
            f"{DONE} {{ track[arg0] = timestamp; }}"
            f" {DONE} /track[arg0]/ {{ @ = quantize(timestamp - track[arg0]); track[arg0] = 0; }}"
        ),
        False,
    ),
    "printf of four values": (
        f'{DONE} {{ printf("%d %s %d %s\\n", arg0, copyinstr(arg1), arg2, copyinstr(arg3)); }}',
        False,
    ),
}


class Application(Child):
    """A process that fires."""

    def __init__(self) -> None:
        super().__init__([node_binary(), str(HERE / "_probes.js")], cpus()[0])
        self.line()

    def cost(self, firings: int) -> float:
        """Nanoseconds of CPU for each of so many firings."""
        before = self.cpu_seconds()
        self.ask({"firings": firings})
        return (self.cpu_seconds() - before) * 1e9 / firings

    @property
    def socket(self) -> str:
        return f"{os.environ['NODEOBS_RUNTIME_DIR']}/{self.pid}.sock"


def traced(application: Application, source: str) -> float:
    program = compile_program([Text(source)]).agent
    script = [sys.executable, str(HERE / "_tracer.py"), application.socket, json.dumps(program)]
    with Child(script, cpus()[1]) as tracer:
        tracer.line()
        application.ask({"firings": WARM_UP})
        cost = application.cost(FIRINGS)
        counts = tracer.ask({"firings": WARM_UP + FIRINGS})
    if counts["fired"] != WARM_UP + FIRINGS or counts["dropped"]:
        raise MeasurementError(f"{WARM_UP + FIRINGS} firings, the program knows {counts}")
    return cost


def shipped(application: Application) -> float:
    script = [sys.executable, str(HERE / "_subscriber.py"), str(application.pid), PREFIX]
    with Child(script, cpus()[1]) as subscriber:
        subscriber.line()
        application.ask({"firings": WARM_UP})
        cost = application.cost(FIRINGS)
        counts: dict[str, Any] = subscriber.ask({"records": WARM_UP + FIRINGS})
    if counts["received"] != WARM_UP + FIRINGS:
        raise MeasurementError(f"{WARM_UP + FIRINGS} firings, the subscriber knows {counts}")
    return cost


def measure(runs: int) -> None:
    heading(CLAIM)
    with runtime_directory(), Application() as application:
        application.ask({"firings": WARM_UP})
        cases: dict[str, Callable[[], float]] = {
            "unobserved": lambda: application.cost(FIRINGS),
            "every firing sent": lambda: shipped(application),
            **{
                name: (lambda source=source: traced(application, source))  # type: ignore[misc]
                for name, (source, _) in PROGRAMS.items()
            },
        }
        costs = collected(in_turns(cases, runs))
    alone = costs.pop("unobserved")
    print(f"  {'unobserved, with the loop':27} {figure(alone, 'ns CPU a firing', 0)}")
    more = {
        name: [max(cost - idle, 1.0) for cost, idle in zip(each, alone, strict=True)]
        for name, each in costs.items()
    }
    sent = more.pop("every firing sent")
    print(f"  {'every firing sent':27} {figure(sent, 'ns more', 0)}")
    worst: tuple[str, Ratio] | None = None
    for name, each in more.items():
        ratio = Ratio(sent, each)
        print(f"  {name:27} {figure(each, 'ns more', 0)}; sent / this: {ratio}")
        if PROGRAMS[name][1] and (worst is None or ratio.value < worst[1].value):
            worst = (name, ratio)
    assert worst is not None
    name, ratio = worst
    print(
        f"every firing sent / aggregated in place, the worst ({name}): {ratio}, "
        f"target >= {TARGET}: {ratio.at_least(TARGET)}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=3)
    finish(lambda: measure(options.runs))
