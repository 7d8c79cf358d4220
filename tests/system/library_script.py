"""A D program of the library that runs in a process, and what it prints in the end."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNodeobs

#: Says once that the program runs in the process.
_GOING = 'tick-20ms /!going/ { going = 1; printf("going\\n"); }'


class Script:
    """A script that has begun."""

    def __init__(self, child: Child) -> None:
        self.child = child
        child.out.containing("going")

    @classmethod
    def start(cls, start_nodeobs: StartNodeobs, pid: int, name: str, *arguments: str) -> Script:
        """By its name, with its arguments."""
        child = start_nodeobs("trace", "-p", str(pid), "-n", _GOING, "-s", name, *arguments)
        return cls(child)

    def end(self) -> list[str]:
        """Ctrl-C; what it has printed, without blank lines."""
        self.child.send(signal.SIGINT)
        assert self.child.wait() == 130, self.child.err.all()
        assert self.child.err.all() == []
        return [line for line in self.child.out.all() if line and line != "going"]


def table(lines: list[str], title: str) -> dict[str, list[int]]:
    """The last table with that title: the numbers of each row by the words after them."""
    [*_, start] = [number for number, line in enumerate(lines) if line.split()[0] == title]
    rows = {}
    for line in lines[start + 1 :]:
        match = re.fullmatch(r"((?: +\d+)+)  +(\S.*)", line)
        if match is None:
            break
        rows[" ".join(match[2].split())] = [int(number) for number in match[1].split()]
    return rows


def buckets(lines: list[str], title: str) -> dict[int, int]:
    """A distribution: the buckets with something in them."""
    start = next(number for number, line in enumerate(lines) if line.strip() == title)
    found = {}
    for line in lines[start + 2 :]:
        match = re.fullmatch(r"\s*(-?\d+) \|[@ ]*\s(\d+)\s*", line)
        if match is None:
            break
        if int(match[2]):
            found[int(match[1])] = int(match[2])
    return found


def counted(lines: list[str], title: str) -> int:
    """How many values a distribution has."""
    return sum(buckets(lines, title).values())
