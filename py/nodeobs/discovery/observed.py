"""A process that is looked at from outside: any, not only Node's, and without an agent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodeobs.discovery.processes import NodeProcess, find
from nodeobs.discovery.procfs import PROC, Procfs
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Observed:
    """`start_time` (clock ticks since boot) with the pid identifies it. `node` is what more is
    known of it where it is a Node process."""

    pid: int
    start_time: int
    name: str
    command: str
    node: NodeProcess | None = None

    @property
    def label(self) -> str:
        """`4242 (server.js)`: how messages name it."""
        return f"{self.pid} ({self.name})"


def observed(node: NodeProcess) -> Observed:
    name = node.names[0] if node.names else node.title
    return Observed(node.pid, node.start_time, name, node.command, node)


def find_observed(spec: str, *, proc: Procfs = PROC) -> Sequence[Observed]:
    """The processes a PID (of any program), or a NAME or `*` (of Node's) means.

    Raises NodeobsError `no_process` and `no_match`.
    """
    try:
        return [observed(node) for node in find(spec, proc=proc)]
    except NodeobsError as error:
        if error.code != "not_node":
            raise
    pid = int(spec)
    stat = proc.stat(pid)
    if stat is None:
        raise NodeobsError("no_process", f"there is no process {pid}", "ps -e lists all")
    argv = proc.argv(pid)
    name = os.path.basename(argv[0].split(" ")[0]) if argv and argv[0] else stat.comm
    return [Observed(pid, stat.start_time, name, " ".join(argv) or f"[{stat.comm}]")]
