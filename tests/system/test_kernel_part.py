"""Without the native part everything works but tracers, and the reason shows."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.traced import Traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare_package(tmp_path: Path) -> Path:
    """A copy of this package as it is published, without a binary; its tests/fixtures/traced.js."""
    package = tmp_path / "package"
    shutil.copytree(ROOT / "js", package / "js")
    shutil.copytree(ROOT / "native", package / "native", ignore=shutil.ignore_patterns("build"))
    shutil.copy(ROOT / "package.json", package)
    fixtures = package / "tests" / "fixtures"
    fixtures.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "fixtures" / "traced.js", fixtures)
    return fixtures / "traced.js"


def works_over_the_bus(
    app: Traced, reason: str, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    place = app.provide("shop", sold=["int", "char *"])["sold"]
    assert place == {"reason": reason}
    assert app.do("status")["kernel"]["reason"] == reason
    assert app.fire("shop", "sold", 10, 1, "x") == 0

    done = nodeobs("probes", "-p", str(app.pid), "shop:*")
    assert done.returncode == 0
    assert reason in done.stdout + done.stderr
    (row,) = map(
        json.loads, nodeobs("probes", "--json", "-p", str(app.pid), "shop:*").stdout.splitlines()
    )
    assert row["kernel"] == {"reason": reason}

    snoop = start_nodeobs("snoop", "--json", "-p", str(app.pid), "-n", "12")
    while app.fire("shop", "sold", 1, 0, "first") == 0:
        pass
    assert app.fire("shop", "sold", 10, 7, "äpfel") == 10
    app.do("log", {"name": "shop", "level": "fatal"}, "debug", 1, "of the log")
    assert snoop.wait() == 0
    shown = [json.loads(line) for line in snoop.out.all()]
    fired = [event["record"]["args"] for event in shown if event["type"] == "probe"]
    assert fired == [[0, "first"], *[[7, "äpfel"]] * 10]
    logged = [event["record"]["msg"] for event in shown if event["type"] == "log"]
    assert logged == ["of the log"]
    assert app.end() == 0
    assert app.child.err.all() == []


def test_switched_off(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs, runtime_dir: Path
) -> None:
    app = Traced(node("traced.js", env={"NODEOBS_KERNEL": "off"}))
    works_over_the_bus(app, "NODEOBS_KERNEL=off is set", nodeobs, start_nodeobs)
    assert not (runtime_dir / "usdt").exists()


def test_not_there(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs, bare_package: Path
) -> None:
    app = Traced(node(bare_package))
    machine = {"x86_64": "x64", "aarch64": "arm64"}[os.uname().machine]
    works_over_the_bus(app, f"there is no native part for linux-{machine}", nodeobs, start_nodeobs)


def test_a_tracer_finds_nothing_then(
    tracing: None, node: StartNode, needs_tool: Callable[[str], str]
) -> None:
    app = Traced(node("traced.js", env={"NODEOBS_KERNEL": "off"}))
    app.provide("shop", sold=["int"])
    tracer = Bpftrace(
        needs_tool("bpftrace"), "usdt:*:shop:sold { @ = count(); }", "-p", str(app.pid)
    )
    with pytest.raises(AssertionError, match="does not attach"), tracer:
        pass
    assert app.end() == 0
