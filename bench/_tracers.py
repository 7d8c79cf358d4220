"""Probes that fire when they are asked to, and kernel tracers that are attached to them.

Tracing needs root, bpftrace and tracefs; where they are missing, `NotPossibleError` says so.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _processes import HERE, ROOT, Child, MeasurementError, NotPossibleError, cpus, node_binary
from nodeobs.errors import NodeobsError
from nodeobs.tracefs import guardian
from nodeobs.tracefs.filesystem import Tracefs, open_tracefs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WARM_UP = 20_000  # firings
_PATIENCE = 20.0  # seconds until bpftrace is attached, and until it has ended
_MOMENT = 0.1  # seconds
_numbers = itertools.count()
# As native/build.js has them.
_FLAGS = ("-std=gnu11", "-O2", "-fno-omit-frame-pointer", "-pthread")


def open_tracing() -> Tracefs:
    """The kernel's tracing, where bpftrace is there, too."""
    try:
        tracefs = open_tracefs()
    except NodeobsError as error:
        raise NotPossibleError(error.message) from None
    if shutil.which("bpftrace") is None:
        raise NotPossibleError("there is no bpftrace; Debian has it: apt-get install bpftrace")
    return tracefs


def compiled(directory: Path) -> Path:
    """_fire.c with native/stapsdt, as a program in the directory."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise NotPossibleError("there is no C compiler")
    stapsdt = ROOT / "native" / "stapsdt"
    sources = [HERE / "_fire.c", *sorted(stapsdt.glob("*.c"))]
    program = directory / "fire"
    ended = subprocess.run(
        [compiler, *_FLAGS, f"-I{stapsdt}", *map(str, sources), "-o", str(program), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise MeasurementError(f"_fire.c does not compile: {ended.stderr.strip()}")
    return program


@dataclass(frozen=True, slots=True)
class Fired:
    """What one firing of a spell took, in ns."""

    cpu: float
    wall: float


class Firer(Child):
    """A process with one probe, called `fire`, of a provider that no other process has."""

    def __init__(self, command: Sequence[str], *options: str) -> None:
        self.provider = f"bench{os.getpid()}_{next(_numbers)}"
        self.fired = 0
        super().__init__([*command, self.provider, *options], cpus()[0])
        try:
            place = json.loads(self.line())
            if "path" not in place:
                raise NotPossibleError(f"kernel tracers cannot see the probe: {place['reason']}")
        except BaseException:
            self.end()
            raise
        self.path: str = place["path"]
        self.offset: int = place["offset"]

    @property
    def attached(self) -> bool:
        """Whether a kernel tracer is attached now."""
        return self.ask({"firings": 0})["attached"] is True

    def spell(self, firings: int) -> Fired:
        told = self.ask({"firings": firings})
        self.fired += firings
        return Fired(told["cpu_s"] * 1e9 / firings, told["wall_s"] * 1e9 / firings)


def fire_js(types: str = "") -> Firer:
    """_fire.js, with arguments of these types."""
    return Firer([node_binary(), str(HERE / "_fire.js")], types)


def fire_c(program: Path, types: str = "", nop: int = 0) -> Firer:
    """_fire.c, with arguments of these types and a nop of that length (0: the default)."""
    return Firer([str(program)], str(nop), types)


def _interrupted(process: subprocess.Popen[str]) -> str:
    """End bpftrace as with Ctrl-C; what it has said.

    More than once: a signal between two of its waits only sets a flag that nobody looks at.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=1)[0]
    raise MeasurementError("bpftrace does not end")


@contextlib.contextmanager
def bpftrace_counts(firer: Firer) -> Iterator[None]:
    """`usdt:…:fire { @ = count(); }` is attached, and has counted every firing in the end."""
    process = subprocess.Popen(
        [
            *("bpftrace", "-p", str(firer.pid)),
            *("-e", f"usdt:{firer.path}:{firer.provider}:fire {{ @ = count(); }}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not firer.attached:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise MeasurementError(f"bpftrace: {process.communicate()[0].strip()}")
        # It counts a moment after the kernel has changed the probe's instruction.
        time.sleep(_MOMENT)
        before = firer.fired
        firer.spell(WARM_UP)
        warm = firer.fired
        yield
        said = _interrupted(process)
        counted = re.search(r"^@: (\d+)$", said, re.MULTILINE)
        if counted is None:
            raise MeasurementError(f"bpftrace: {said.strip()}")
        if not firer.fired - warm <= int(counted[1]) <= firer.fired - before:
            raise MeasurementError(
                f"{firer.fired - before} firings, bpftrace has counted {counted[1]}"
            )
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@contextlib.contextmanager
def tracefs_records(firer: Firer, tracefs: Tracefs) -> Iterator[None]:
    """A uprobe event without arguments writes into a buffer that nobody reads.

    The names are those of `nodeobs snoop --via kernel`, which removes what a killed bench leaves.
    """
    owner = (os.getpid(), guardian.start_time(os.getpid()) or 0, next(_numbers))
    group = guardian.group_name(owner)
    instance = f"{guardian.instance_prefix(owner)}{firer.pid}"
    try:
        tracefs.add(f"p:{group}/fire {firer.path}:{firer.offset:#x}\n", "uprobe_events")
        os.mkdir(tracefs.path("instances", instance))
        tracefs.write("1", "instances", instance, "events", group, "fire", "enable")
        before = firer.fired
        firer.spell(WARM_UP)
        yield
        hits = re.search(
            rf"^\s*{re.escape(firer.path)}\s+fire\s+(\d+)",
            tracefs.read("uprobe_profile"),
            re.MULTILINE,
        )
        if hits is None or int(hits[1]) != firer.fired - before:
            raise MeasurementError(
                f"{firer.fired - before} firings, the kernel has counted {hits and hits[1]}"
            )
    except (NodeobsError, OSError) as error:
        raise MeasurementError(f"tracefs: {error}") from None
    finally:
        if not guardian.remove_patiently(tracefs.root, owner):
            raise MeasurementError(f"{group} stays in {tracefs.root}: something uses it")
