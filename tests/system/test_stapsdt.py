"""The C library (native/stapsdt), driven by tests/native: as it is, and watched by tools."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.system.compiled import LIBRARY, Compiled, run
from tests.system.conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITES = (
    *("declarations", "firing", "storage", "planted", "mounts", "collection"),
    *("threads", "forks", "growth", "fuzz", "memory", "images"),
)


@dataclass(frozen=True)
class Watch:
    """A way to run a suite."""

    sanitize: str = ""
    cycles: int = 1000
    suites: tuple[str, ...] = SUITES
    prefix: tuple[str, ...] = ()
    traced: bool = True

    @property
    def flags(self) -> tuple[str, ...]:
        if not self.sanitize:
            return ()
        return ("-O1", f"-fsanitize={self.sanitize}", "-fno-sanitize-recover=all")


WATCHES = {
    "plain": Watch(),
    "address": Watch(sanitize="address,undefined", cycles=500),
    # Its shadow memory wants to know where things are.
    "thread": Watch(
        sanitize="thread", cycles=300, suites=("threads", "forks"), prefix=("setarch", "-R")
    ),
    "valgrind": Watch(
        cycles=100,
        prefix=(
            *("valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full"),
            "--errors-for-leak-kinds=definite,indirect",
            # What only threads know of that a forked child has not would be leaked there.
            "--child-silent-after-fork=yes",
        ),
        # It translates the code, and would run into the tracer's breakpoints.
        traced=False,
    ),
}
# Some tests look for growth: the point is that there are many.
MANY = {("plain", "growth"): 10_000, ("plain", "fuzz"): 2_000}


def test_every_suite_is_run(compiled: Compiled) -> None:
    assert tuple(run(str(compiled.program()), "--list").split()) == SUITES


@pytest.mark.parametrize(
    ("name", "suite"),
    [(name, suite) for name, watch in WATCHES.items() for suite in watch.suites],
)
def test_suite(
    name: str,
    suite: str,
    compiled: Compiled,
    needs_tool: Callable[[str], str],
    environment: dict[str, str],
    why_no_tracing: str,
    tmp_path: Path,
) -> None:
    watch = WATCHES[name]
    traced = watch.traced and not why_no_tracing
    if watch.prefix:
        needs_tool(watch.prefix[0])
    program = compiled.program(watch.flags)
    scratch = tmp_path / "s"
    scratch.mkdir(0o700)
    cycles = MANY.get((name, suite), watch.cycles)
    untraced = {} if traced else {"NODEOBS_TEST_UNTRACED": name}
    done = subprocess.run(
        [*watch.prefix, str(program), suite, str(scratch), str(cycles)],
        env={**environment, **untraced, "ASAN_OPTIONS": "detect_leaks=1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    failed = [line for line in lines if line.startswith("not ok")]
    assert (done.returncode, failed, done.stderr) == (0, [], ""), done.stdout + done.stderr
    assert any(line.startswith(("ok", "skip")) for line in lines), done.stdout
    skipped = [line for line in lines if line.startswith("skip")]
    require(not skipped, "; ".join(skipped))
    require(traced or not watch.traced, f"its untraced part has passed; {why_no_tracing}")


def test_the_header_stands_alone(compiled: Compiled) -> None:
    for language in ("-xc", "-xc++"):
        if language == "-xc++" and shutil.which("g++") is None:
            continue
        options = ("-std=c11", "-pedantic") if language == "-xc" else ()
        run(
            *(
                compiled.compiler,
                "-fsyntax-only",
                "-Wall",
                "-Wextra",
                "-Werror",
                *options,
                language,
            ),
            str(LIBRARY / "stapsdt.h"),
        )
