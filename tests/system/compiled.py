"""The C tests (tests/native), compiled with the C library."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "native" / "stapsdt"
TESTS = ROOT / "tests" / "native"

# As native/build.js has them, and every warning is an error.
FLAGS = ("-std=gnu11", "-O2", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror")
# tests/native/memory.c stands between the library and these.
WRAPPED = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup"


class Compiled:
    """The test program, made when it is first wanted, once for each set of flags."""

    def __init__(self, directory: Path, compiler: str) -> None:
        self.compiler = compiler
        self._directory = directory
        self._programs: dict[tuple[str, ...], Path] = {}

    def program(self, flags: tuple[str, ...] = ()) -> Path:
        if flags not in self._programs:
            program = self._directory / f"stapsdt_test{len(self._programs)}"
            sources = sorted((*LIBRARY.glob("*.c"), *TESTS.glob("*.c")))
            includes = (f"-I{LIBRARY}", f"-I{TESTS}")
            run(
                *(self.compiler, *FLAGS, *flags, *includes, *map(str, sources)),
                *("-o", str(program), "-pthread", "-ldl", WRAPPED),
            )
            self._programs[flags] = program
        return self._programs[flags]


def run(*command: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
