"""Enabled: what a firing from JavaScript costs while bpftrace counts it, against the same firing
with only a subscriber on the bus, and against the same probe fired from C for bpftrace."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from _processes import MeasurementError, Subscriber, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns
from _tracers import WARM_UP, Fired, bpftrace_counts, compiled, fire_c, fire_js, open_tracing

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIM = "enabled: ns CPU a firing that bpftrace counts, against a subscriber's, and against C"
FIRINGS = 20_000  # a spell: what the queues of the agent can hold
# A letter for each argument: i for an int, s for a string of 18 characters.
TYPES = ("", "ii", "iiiiii", "iiiiiiiiiiii", "si", "sisisi", "sisisisisisi")


def take_turns(program: Path, types: str, runs: int) -> dict[str, list[Fired]]:
    """A probe with such arguments, in three processes."""
    with ExitStack() as stack:
        counted = stack.enter_context(fire_js(types))
        stack.enter_context(bpftrace_counts(counted))
        in_c = stack.enter_context(fire_c(program, types))
        stack.enter_context(bpftrace_counts(in_c))
        published = stack.enter_context(fire_js(types))
        topic = f"probe.{published.provider}.fire"
        subscriber = stack.enter_context(Subscriber(published, topic)).ready()
        published.spell(WARM_UP)

        def publish() -> Fired:
            # Only then the queue is empty again.
            subscriber.counts(published.fired)
            return published.spell(FIRINGS)

        cases: dict[str, Callable[[], Fired]] = {
            "bpftrace": lambda: counted.spell(FIRINGS),
            "bus": publish,
            "C": lambda: in_c.spell(FIRINGS),
        }
        results = collected(in_turns(cases, runs))
        fate = subscriber.counts(published.fired)
        if fate["received"] != published.fired:
            raise MeasurementError(f"{published.fired} firings, the subscriber knows {fate}")
    return results


def described(types: str) -> str:
    strings = types.count("s")
    return f"{len(types):2} arguments" + (f", {strings} of them strings" if strings else "")


def measure(runs: int) -> None:
    heading(CLAIM)
    open_tracing()
    to_bus: list[Ratio] = []
    to_c: list[Ratio] = []
    with tempfile.TemporaryDirectory(prefix="nodeobs-bench-") as directory, runtime_directory():
        program = compiled(Path(directory))
        for types in TYPES:
            results = take_turns(program, types, runs)
            took = {name: [one.cpu for one in each] for name, each in results.items()}
            to_bus.append(Ratio(took["bpftrace"], took["bus"]))
            to_c.append(Ratio(took["bpftrace"], took["C"]))
            print(
                f"  {described(types):31} bpftrace {figure(took['bpftrace'], 'ns', 0)}, "
                f"subscriber {figure(took['bus'], 'ns', 0)}, "
                f"C and bpftrace {figure(took['C'], 'ns', 0)}"
            )
            print(f"  {'':31} bpftrace / subscriber {to_bus[-1]}, JavaScript / C {to_c[-1]}")
    print(f"  bpftrace / subscriber, the worst of {len(TYPES)}: {worst(to_bus)}")
    print(f"for bpftrace, JavaScript / C, the worst of {len(TYPES)}: {worst(to_c)}, no target")


def worst(ratios: list[Ratio]) -> Ratio:
    return max(ratios, key=lambda ratio: ratio.value)


if __name__ == "__main__":
    options = arguments(CLAIM, runs=15)
    finish(lambda: measure(options.runs))
