"""Providers: what 1,000 providers of 10 probes each take when they are made visible to the kernel,
against the same with NODEOBS_KERNEL=off, and what of it is given back."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from functools import partial
from typing import Any

from _processes import (
    HERE,
    Child,
    MeasurementError,
    NotPossibleError,
    cpus,
    node_binary,
    runtime_directory,
)
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

PROVIDERS = 1000
PROBES = 10
CLAIM = f"providers: {PROVIDERS:,} of {PROBES} probes each, with and without NODEOBS_KERNEL=off"
# ext4 does not use the inode of a file again for five seconds after its end, and looks at all of
# them, so that one turn would pay for the one before. tmpfs is where these files usually are, too.
TMPFS = "/dev/shm"


def command(count: int, *options: str) -> list[str]:
    script = str(HERE / "_providers.js")
    return [node_binary(), "--expose-gc", script, str(count), str(PROBES), *options]


def make(count: int, *, kernel: bool = True, beside: bool = False) -> dict[str, Any]:
    """One process; `beside`: one that has the same providers already."""
    with ExitStack() as stack:
        stack.enter_context(runtime_directory(place()))
        if beside:
            stack.enter_context(Child(command(count, "hold"), cpus()[1])).line()
        ended = subprocess.run(
            command(count),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "NODEOBS_KERNEL": "" if kernel else "off"},
            preexec_fn=lambda: os.sched_setaffinity(0, cpus()[0]),
        )
    if ended.returncode != 0:
        raise MeasurementError(f"making providers: {ended.stderr.strip()}")
    told: dict[str, Any] = json.loads(ended.stdout)
    if told["visible"] != (count if kernel else 0):
        raise NotPossibleError(
            f"{told['visible']} of {count} providers are in a file; nodeobs probes says why"
        )
    return told


def place() -> str | None:
    """A directory on tmpfs whose files can be mapped; None where there is none."""
    try:
        usable = not os.statvfs(TMPFS).f_flag & os.ST_NOEXEC and os.access(TMPFS, os.W_OK)
    except OSError:
        return None
    return TMPFS if usable else None


def growth(
    each: list[dict[str, Any]], key: str, moment: str = "during", since: str = "before"
) -> list[float]:
    return [told[moment][key] - told[since][key] for told in each]


def most(each: list[dict[str, Any]], key: str, moment: str = "during") -> str:
    return f"{max(growth(each, key, moment)):+,.0f}"


def measure(runs: int) -> None:
    heading(CLAIM)
    if place() is None:
        print(f"  no {TMPFS} to map files from: they are in the usual place for temporary ones")
    results = collected(
        in_turns(
            {
                "none": partial(make, 0),
                "kernel off": partial(make, PROVIDERS, kernel=False),
                "kernel": partial(make, PROVIDERS),
                "second process": partial(make, PROVIDERS, beside=True),
            },
            runs,
        )
    )
    for name, each in results.items():
        if name != "none":
            load = [told["ms"] for told in each]
            print(
                f"  {name:14} load {figure(load, 'ms', 0)}, "
                f"{figure([ms / PROVIDERS for ms in load], 'ms each', 2)}, "
                f"{figure([told['cpu_ms'] for told in each], 'ms CPU', 0)}"
            )
        indent = name if name == "none" else ""
        print(
            f"  {indent:14} RSS {figure(growth(each, 'rss'), 'MiB more')}, "
            f"mappings {most(each, 'mappings')}, descriptors {most(each, 'descriptors')}, "
            f"files {most(each, 'files')} of {max(growth(each, 'disk')):.1f} MiB"
        )
        print(
            f"  {'':14} let go of: RSS still {figure(growth(each, 'rss', 'after'), 'MiB more')}, "
            f"four more times later {figure(growth(each, 'rss', 'end', 'grown'), 'MiB more')}; "
            f"mappings of objects {most(each, 'objects', 'end')}, "
            f"descriptors {most(each, 'descriptors', 'end')}, files {most(each, 'files', 'end')}"
        )
    visible = results["kernel"] + results["second process"]
    left = {key: max(growth(visible, key, "end")) for key in ("objects", "descriptors")}
    times = Ratio(
        *([told["cpu_ms"] for told in results[name]] for name in ("kernel", "kernel off"))
    )
    print(
        f"CPU to load, kernel / kernel off: {times}; left after collection: {left['objects']:.0f} "
        f"mappings, {left['descriptors']:.0f} descriptors, target 0: "
        f"{'met' if max(left.values()) <= 0 else 'not met'}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=3)
    finish(lambda: measure(options.runs))
