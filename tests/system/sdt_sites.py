"""What `nodeobs probes --kernel` says of a process, and what readers have left in the kernel."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.system.conftest import PATIENCE

from nodeobs.tracefs import guardian

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs

TRACEFS = "/sys/kernel/tracing"


def listed(nodeobs: RunNodeobs, pid: int, *arguments: str) -> list[dict[str, Any]]:
    """The sites of a process."""
    done = nodeobs("probes", "--kernel", "--json", "-p", str(pid), *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def attached(nodeobs: RunNodeobs, pid: int, glob: str) -> list[bool | None]:
    """For each of the sites whether a tracer is there."""
    return [row["attached"] for row in listed(nodeobs, pid, glob)]


def leftovers() -> set[guardian.Owner]:
    """Dead readers of which something is left."""
    return {owner for owner in guardian.owners(TRACEFS) if guardian.is_dead(owner)}


def wait_until_nothing_is_left() -> None:
    """Guardians take a moment."""
    deadline = time.monotonic() + PATIENCE
    while left := leftovers():
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
