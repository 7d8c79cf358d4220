"""Running `nodeobs trace` in tests, and reading what it prints."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNodeobs

SCRIPTS = Path(__file__).parents[1] / "fixtures" / "d"

#: Says once that the program runs in all processes that there are.
GOING = ' tick-20ms /!going/ { going = 1; printf("going\\n"); }'


class Trace:
    """A running `nodeobs trace` whose program has begun."""

    def __init__(self, child: Child) -> None:
        self.child = child
        child.out.containing("going")

    @classmethod
    def start(cls, start_nodeobs: StartNodeobs, program: str, *arguments: str) -> Trace:
        """Run a program, and wait until it runs in all processes."""
        return cls(start_nodeobs("trace", "-q", "-n", program + GOING, *arguments))

    def interrupt(self) -> list[str]:
        """Ctrl-C; everything that it has printed."""
        self.child.send(signal.SIGINT)
        assert self.child.wait() == 130, self.child.err.all()
        return self.lines()

    def lines(self) -> list[str]:
        return [line for line in self.child.out.all() if line and line != "going"]

    @property
    def said(self) -> str:
        """What it has said beside its output."""
        return "\n".join(self.child.err.all())


def is_live(child: Child) -> bool:
    """Whether somebody listens to the probe of tests/fixtures/trace_app.js."""
    child.tell("live")
    return child.out.until(lambda line: line.startswith("is ")) == "is live"


def until_live(child: Child) -> None:
    """Until a program runs in it."""
    deadline = time.monotonic() + 30  # only to end a test that would hang
    while not is_live(child):
        assert time.monotonic() < deadline, "no program runs in it"


def table(lines: list[str]) -> dict[str, int]:
    """Aggregations with one number for each key."""
    rows = [line.rsplit(None, 1) for line in lines]
    return {row[0].strip() if len(row) > 1 else "": int(row[-1]) for row in rows}


def histograms(lines: list[str]) -> dict[str, dict[int, int]]:
    """Distributions by their key: the buckets with something in them."""
    found: dict[str, dict[int, int]] = {}
    key = ""
    for line in lines:
        bucket = re.fullmatch(r"\s*(-?\d+) \|[@ ]*\s(\d+)\s*", line)
        if bucket is not None:
            if int(bucket[2]):
                found[key][int(bucket[1])] = int(bucket[2])
        elif "Distribution" not in line:
            key = line.strip()
            found[key] = {}
    return found
