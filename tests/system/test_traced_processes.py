"""Tracers and processes: by name pattern, before the start, in workers, clusters and containers."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.conftest import FIXTURES, _start, require
from tests.system.traced import Traced
from tests.system.tracefs import Tracefs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.system.conftest import Child, StartNode


@pytest.fixture
def bpftrace(tracing: None, needs_tool: Callable[[str], str]) -> Callable[..., Bpftrace]:
    path = needs_tool("bpftrace")
    return lambda program, *options: Bpftrace(path, program, *options)


@pytest.mark.smoke
def test_wildcards(node: StartNode, bpftrace: Callable[..., Bpftrace]) -> None:
    app = Traced(node("traced.js"))
    app.provide("shop", item_sold=["int"], item_bought=["int"], door=[])
    app.provide("shopping", item_sold=["int"])
    with bpftrace(
        "usdt:*:shop:item-* { @item[arg0] = count(); } usdt:*:shop:* { @all = count(); }"
        "usdt:*:shop*:item-sold { @sold = count(); }",
        *("-p", str(app.pid)),
    ) as tracer:
        for provider, probe, times in (
            *(("shop", "item-sold", 300), ("shop", "item-bought", 200), ("shop", "door", 70)),
            ("shopping", "item-sold", 11),
        ):
            assert app.fire(provider, probe, times, times) == times
        assert tracer.stop() == {"item": {"300": 300, "200": 200}, "all": 570, "sold": 311}
    assert app.end() == 0


def test_nobody_looks(node: StartNode, tracing: None) -> None:
    app = Traced(node("traced.js"))
    app.provide("shop", sold=["int"])
    assert app.fire("shop", "sold", 1000, 1) == 0
    other = app.provide("shop", bought=["int"])["bought"]
    with Tracefs() as tracefs:
        tracefs.add("bought", other["path"], other["offset"])
        tracefs.enable("bought")
        # A tracer on one probe does not switch on the others.
        assert app.fire("shop", "sold", 1000, 1) == 0
        assert app.fire("shop", "bought", 10, 1) == 10
        tracefs.disable("bought")
        assert app.fire("shop", "bought", 10, 1) == 0
    assert app.end() == 0


def test_several_tracers_at_once(node: StartNode, bpftrace: Callable[..., Bpftrace]) -> None:
    app = Traced(node("traced.js"))
    place = app.provide("shop", sold=["int"])["sold"]
    program = "usdt:*:shop:sold { @ = count(); }"
    with Tracefs() as tracefs, bpftrace(program, "-p", str(app.pid)) as first:
        tracefs.add("sold", place["path"], place["offset"])
        tracefs.enable("sold")
        assert app.fire("shop", "sold", 100, 1) == 100
        with bpftrace(program, "-p", str(app.pid)) as second:
            assert app.fire("shop", "sold", 100, 1) == 100
            assert second.stop()[""] == 100
        assert app.fire("shop", "sold", 100, 1) == 100
        assert first.stop()[""] == 300
        assert app.fire("shop", "sold", 100, 1) == 100
        assert len(tracefs.recorded("sold")) == 400
    assert app.fire("shop", "sold", 100, 1) == 0
    assert app.end() == 0


def test_one_attachment_for_all_workers_of_a_cluster(
    node: StartNode, bpftrace: Callable[..., Bpftrace]
) -> None:
    app = Traced(node("traced.js"))
    path = app.provide("shop", sold=["int"])["sold"]["path"]
    early = app.cluster_worker("early")
    early.provide("shop", sold=["int"])
    # It sees those that are there, and those that come.
    with bpftrace(f"usdt:{path}:shop:sold {{ @[pid] = sum(arg0); }}") as tracer:
        late = app.cluster_worker("late")
        assert late.provide("shop", sold=["int"])["sold"]["path"] == path
        assert late.fire("shop", "sold", 50, 1) == 50
        assert early.fire("shop", "sold", 60, 2) == 60
        assert app.fire("shop", "sold", 70, 3) == 70
        seen = tracer.stop()[""]
    assert seen == {str(late.pid): 50, str(early.pid): 120, str(app.pid): 210}
    assert late.fire("shop", "sold", 10, 1) == 0
    # With -p, the others are left alone.
    with bpftrace("usdt:*:shop:sold { @[pid] = count(); }", "-p", str(late.pid)) as tracer:
        assert late.fire("shop", "sold", 50, 1) == 50
        assert early.fire("shop", "sold", 60, 1) == 0
        assert tracer.stop()[""] == {str(late.pid): 50}
    assert app.end() == 0


def test_worker_threads(node: StartNode, bpftrace: Callable[..., Bpftrace]) -> None:
    app = Traced(node("traced.js"))
    one, two = app.thread("one"), app.thread("two")
    paths = {thread.provide("shop", sold=["int"])["sold"]["path"] for thread in (app, one, two)}
    assert len(paths) == 1
    with bpftrace("usdt:*:shop:sold { @[arg0, tid] = count(); }", "-p", str(app.pid)) as tracer:
        for number, thread in enumerate((app, one, two)):
            assert thread.fire("shop", "sold", 100 + number, number) == 100 + number
        seen = tracer.stop()[""]
    assert sorted(seen.values()) == [100, 101, 102]
    assert len({key.split(", ")[1] for key in seen}) == 3
    assert app.end() == 0


# -- where no file can be, or it is in another place ---------------------------------------------


@dataclass(frozen=True)
class Volume:
    """What a process finds in the place of its runtime directory, "$1"."""

    mount: str
    agent: str
    reason: str
    """Why its probes are in a memfd; empty: they are in a file."""
    namespaces: tuple[str, ...] = ("--mount",)


TMPFS = 'mount -t tmpfs -o mode=0700{} none "$1"'
VOLUMES = {
    "noexec": Volume(TMPFS.format(",noexec"), "on", "is on a file system mounted noexec"),
    "read-only": Volume(
        f'{TMPFS.format("")} && mount -o remount,ro none "$1"', "failed", "Read-only file system"
    ),
    "full": Volume(
        f'{TMPFS.format(",size=64k")} && {{ ! cat /dev/zero > "$1/ballast" 2> /dev/null; }}',
        "on",
        "No space left on device",
    ),
    "container": Volume(TMPFS.format(""), "on", "", ("--mount", "--pid", "--fork", "--kill-child")),
}


@pytest.mark.parametrize("volume", VOLUMES.values(), ids=VOLUMES.keys())
def test_another_file_system(
    volume: Volume,
    node_path: str,
    environment: Mapping[str, str],
    children: list[Child],
    runtime_dir: Path,
    bpftrace: Callable[..., Bpftrace],
) -> None:
    runtime_dir.mkdir(0o700)
    unshare = ("unshare", *volume.namespaces)
    possible = (
        shutil.which("unshare")
        and not subprocess.run(
            [*unshare, "mount", "-t", "tmpfs", "none", str(runtime_dir)],
            capture_output=True,
            check=False,
        ).returncode
    )
    require(possible, "needs to be permitted to mount file systems")
    script = f'{volume.mount} && exec "$2" "$3"'
    command = [*unshare, "sh", "-c", script, "sh", str(runtime_dir), node_path]
    child = _start([*command, str(FIXTURES / "traced.js")], environment, None)
    children.append(child)
    child.out.until(lambda line: line == "ready")
    app = Traced(child)
    if "--fork" in volume.namespaces:
        children_of = f"/proc/{child.pid}/task/{child.pid}/children"
        with open(children_of) as file:
            app.pid = int(file.read())

    place = app.provide("shop", sold=["int"])["sold"]
    assert (volume.reason != "") == ("reason" in place) == place["path"].startswith("/proc/")
    assert volume.reason in place.get("reason", "")
    status = app.do("status")
    assert (status["state"] == "on") == (volume.agent == "on")
    assert status["kernel"] == {"state": "on", "reason": None, "hint": None}
    with bpftrace("usdt:*:shop:sold { @ = count(); }", "-p", str(app.pid)) as tracer:
        assert app.fire("shop", "sold", 250, 1) == 250
        assert tracer.stop()[""] == 250
    # By path: that of a memfd is good everywhere, that of a file below the process's root.
    root = "" if place["path"].startswith("/proc/") else f"/proc/{app.pid}/root"
    with Tracefs() as tracefs:
        tracefs.add("sold", root + place["path"], place["offset"])
        tracefs.enable("sold")
        assert app.fire("shop", "sold", 250, 1) == 250
        assert len(tracefs.recorded("sold")) == 250
    assert app.fire("shop", "sold", 250, 1) == 0
    assert app.end() == 0
    assert list(runtime_dir.iterdir()) == []
