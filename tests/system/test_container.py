"""A process in mount and pid namespaces of its own, seen from outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

import pytest
from tests.system.conftest import FIXTURES, Child, RunNodeobs, StartNodeobs, _start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")


@pytest.fixture
def private() -> Iterator[str]:
    """A directory with a short path; the container mounts files of its own there."""
    with tempfile.TemporaryDirectory(prefix="n", dir="/tmp") as directory:
        yield directory


@pytest.fixture
def contain(
    node_path: str, environment: dict[str, str], children: list[Child], private: str
) -> Callable[[str], Child]:
    """Start tests/fixtures/app.js with files of its own, listening in a directory of those."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make namespaces")
    possible = (
        shutil.which("unshare") is not None
        and not subprocess.run(
            [*UNSHARE, "mount", "-t", "tmpfs", "none", private], capture_output=True, check=False
        ).returncode
    )
    if not possible:
        pytest.skip("unshare and mount are not permitted here")

    def start(directory: str) -> Child:
        inside = 'mount -t tmpfs none "$0" && exec "$1" "$2"'
        command = [*UNSHARE, "sh", "-c", inside, private, node_path, str(FIXTURES / "app.js")]
        child = _start(command, {**environment, "NODEOBS_RUNTIME_DIR": directory}, None)
        children.append(child)
        child.out.containing("ready")
        return child

    return start


def pid_outside(nodeobs: RunNodeobs, directory: str) -> int:
    """The pid, on our side, of the process that listens in a directory."""
    entries = map(json.loads, nodeobs("ps", "--json").stdout.splitlines())
    (pid,) = [
        entry["pid"]
        for entry in entries
        for endpoint in entry["endpoints"]
        if endpoint["path"].startswith(f"/proc/{entry['pid']}/root{directory}/")
    ]
    assert isinstance(pid, int)
    return pid


@pytest.mark.parametrize(
    "name",
    [
        "inside",
        # It fits into a socket's address for the process, but not with /proc/PID/root before it.
        "d" * 80,
    ],
)
def test_it_is_asked_through_its_root(
    contain: Callable[[str], Child],
    nodeobs: RunNodeobs,
    start_nodeobs: StartNodeobs,
    private: str,
    name: str,
) -> None:
    directory = f"{private}/{name}"
    child = contain(directory)
    pid = pid_outside(nodeobs, directory)
    done = nodeobs("state", "-p", str(pid), "process", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    entry = json.loads(done.stdout)
    # The process has another pid on its own side, by which it calls itself.
    assert (entry["pid"], entry["id"]) == (pid, "1")
    snoop = start_nodeobs("snoop", "-p", str(pid), "-n", "1", "--json")
    while not snooped_levels(nodeobs, pid):
        pass
    child.do("log debug from inside")
    snoop.out.containing("from inside")
    assert snoop.wait() == 0


def snooped_levels(nodeobs: RunNodeobs, pid: int) -> list[int]:
    done = nodeobs("state", "-p", str(pid), "logger/api", "--json")
    snooped = json.loads(done.stdout)["object"]["snooped"]
    assert isinstance(snooped, list)
    return snooped
