"""Runs of a measurement: taken in turns, reduced to medians, judged as ratios.

Every figure comes with what it is compared with, measured in the same run. A target that is missed
is said so and is no failure of the script; `MeasurementError` is one.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn, TypeVar

from _processes import MeasurementError, NotPossibleError, node_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")

_RESAMPLES = 2000


class Ratio:
    """The median of paired ratios, and the interval that holds it with 95 % probability.

    Pairs were measured right after one another, so what slows the machine down for a while slows
    both of a pair down. The interval is a percentile bootstrap; with fewer than three pairs it is
    the whole range.
    """

    def __init__(self, ours: Sequence[float], peers: Sequence[float]) -> None:
        if not ours or len(ours) != len(peers) or not all(peers):
            raise MeasurementError("there is nothing to compare")
        pairs = [our / peer for our, peer in zip(ours, peers, strict=True)]
        self.value = statistics.median(pairs)
        self.low, self.high = min(pairs), max(pairs)
        if len(pairs) >= 3:
            # Seeded: the same measurements give the same interval.
            choose = random.Random(len(pairs)).choices
            medians = sorted(
                statistics.median(choose(pairs, k=len(pairs))) for _ in range(_RESAMPLES)
            )
            self.low, self.high = medians[_RESAMPLES // 40], medians[-_RESAMPLES // 40]

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def at_least(self, target: float) -> str:
        """`met` or `not met`, with a word where the interval allows the other."""
        return _judgement(self.value >= target, self.low >= target, self.high >= target)

    def at_most(self, target: float) -> str:
        """`met` or `not met`, with a word where the interval allows the other."""
        return _judgement(self.value <= target, self.high <= target, self.low <= target)


def _judgement(met: bool, certain: bool, possible: bool) -> str:
    if met:
        return "met" if certain else "met, but the noise reaches beyond (--runs N for more)"
    return "not met, but within the noise (--runs N for more)" if possible else "not met"


def figure(values: Sequence[float], unit: str, digits: int = 1) -> str:
    """`12.3 ms (11.9 to 13.0)`: the median and the range."""
    median = statistics.median(values)
    return f"{median:,.{digits}f} {unit} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def in_turns(cases: Mapping[str, Callable[[], T]], runs: int) -> Iterator[tuple[str, T]]:
    """Run every case `runs` times, in turns, every other round in reverse order."""
    names = list(cases)
    for number in range(runs):
        for name in names if number % 2 == 0 else reversed(names):
            yield name, cases[name]()


def collected(turns: Iterator[tuple[str, T]]) -> dict[str, list[T]]:
    """What `in_turns` gives, by case."""
    results: dict[str, list[T]] = {}
    for name, result in turns:
        results.setdefault(name, []).append(result)
    return results


def arguments(claim: str, runs: int) -> argparse.Namespace:
    """The command line that all the scripts have."""
    parser = argparse.ArgumentParser(description=claim)
    parser.add_argument("--runs", type=_count, default=runs, help=f"of each case (default {runs})")
    return parser.parse_args()


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


def heading(claim: str) -> None:
    """What is measured, and on what: figures mean nothing without it."""
    node = subprocess.run(
        [node_binary(), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    load = os.getloadavg()[0]
    cpus = len(os.sched_getaffinity(0))
    print(claim)
    print(
        f"  node {node}, Python {platform.python_version()}, "
        f"{cpus} CPU{'' if cpus == 1 else 's'} ({_cpu_model()}), load average {load:.2f}"
    )
    if load > 0.5 * cpus:
        print("  the machine is busy with something else: expect noise")


def _cpu_model() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def finish(measure: Callable[[], None]) -> NoReturn:
    """Run the measurement; exit 1, with the reason, where it could not be made."""
    try:
        measure()
    except MeasurementError as reason:
        print(f"could not measure: {reason}", file=sys.stderr)
        sys.exit(1)
    except NotPossibleError as reason:
        print(f"not measured: {reason}")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)
