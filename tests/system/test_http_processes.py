"""`nodeobs http`: processes that come, go and hang, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.http_app import APP, REGISTER, App, Snoop, in_order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.conftest import Fifo, RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def app(node: StartNode) -> App:
    return App(node(APP, options=(*REGISTER, "--expose-gc"), ready=None))


@pytest.fixture
def snoop(start_nodeobs: StartNodeobs, app: App) -> Any:
    return partial(Snoop.start, start_nodeobs, app)


def test_several_processes_and_threads(
    app: App, node: StartNode, snoop: Any, runtime_dir: Path
) -> None:
    other = App(node(APP, options=REGISTER, ready=None))
    app.child.tell("worker")
    worker = int(app.child.out.containing("worker").split()[1])
    deadline = time.monotonic() + 60
    while not (runtime_dir / f"{app.pid}.1.sock").exists():
        assert time.monotonic() < deadline, "the thread has no agent"
    with snoop("-p", f"{app.pid},{other.pid}", joining=2) as running:
        for _ in range(3):
            app.get("/wait/1")
            other.get("/wait/2")
            app.get("/wait/3", port=worker)
    rows = running.rows()
    assert in_order(rows)
    # A client may have its answer before the server's finish event, so only threads are in order
    # with themselves; what is shown is in the order of time.
    assert sorted((row["pid"], row["path"]) for row in rows) == sorted(
        [(app.pid, "/wait/1"), (other.pid, "/wait/2"), (app.pid, "/wait/3")] * 3
    )
    assert {row["thread"] for row in rows if row["path"] == "/wait/3"} == {1}
    assert running.summary()["server"]["count"] == 9


def test_processes_that_come_and_go(
    node: StartNode, start_nodeobs: StartNodeobs, renamed: Callable[[str], Path]
) -> None:
    script = renamed(APP.name)
    app = App(node(script, options=REGISTER, ready=None))
    with Snoop.start(start_nodeobs, app, "-p", script.name) as running:
        other = App(node(script, options=REGISTER, ready=None))
        running.child.out.containing(f'"type":"join","pid":{other.pid}')
        other.get("/status/202")
        running.child.out.containing('"status":202')
        other.child.tell("exit")
        running.child.out.containing(f'"type":"leave","pid":{other.pid}')
        app.get("/status/203")
    assert [(row["pid"], row["status"]) for row in running.rows()] == [
        (other.pid, 202),
        (app.pid, 203),
    ]


def test_ends_with_the_process(app: App, snoop: Any) -> None:
    running = snoop()
    app.get("/status/200", "/status/500")
    app.child.tell("exit")
    assert running.child.wait() == 0
    assert running.summary()["server"]["count"] == 2
    assert len(running.rows()) == 2


def test_duration(app: App, nodeobs: RunNodeobs) -> None:
    finished = nodeobs("http", "-d", "300ms", "-p", str(app.pid))
    assert finished.returncode == 0
    assert finished.stdout.split() == ["TIME", "PID", "PROBE", "LATENCY", "METHOD", "PATH"]
    assert "PROBE   COUNT" in finished.stderr


def test_everything_is_off_afterwards(app: App, snoop: Any, nodeobs: RunNodeobs) -> None:
    for kill in (signal.SIGINT, signal.SIGKILL):
        running = snoop("-cgls")
        app.get("/call/status/200")
        running.child.out.containing('"client"')
        running.child.send(kill)
        running.child.wait()
        deadline = time.monotonic() + 10
        while _listeners(nodeobs, app):
            assert time.monotonic() < deadline, "a probe is still listened to"


def _listeners(nodeobs: RunNodeobs, app: App) -> list[str]:
    listed = nodeobs("probes", "-p", str(app.pid), "--json").stdout
    probes = [json.loads(line) for line in listed.splitlines()]
    return [probe["name"] for probe in probes if probe.get("listeners")]


def test_an_event_loop_that_hangs_is_told_of_at_once_and_waited_for(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    stuck = node("app.js")
    fifo.block(stuck)
    running = start_nodeobs("http", "-p", str(stuck.pid), "-d", "100ms")
    running.err.containing("event loop has not answered")
    fifo.release()
    running.err.containing(f"{stuck.pid} (app.js) joined")
    assert running.wait() == 0


def test_ctrl_c_before_anything_has_answered(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    stuck = node("app.js")
    fifo.block(stuck)
    running = start_nodeobs("http", "-p", str(stuck.pid))
    running.err.containing("event loop has not answered")
    running.send(signal.SIGINT)
    assert running.wait() == 130
    assert running.out.all() == []
    assert running.err.all()[-1] == "-- nothing was seen: no process has answered"
    fifo.release()


def test_a_process_that_is_killed(app: App, start_nodeobs: StartNodeobs) -> None:
    running = start_nodeobs("http", "-p", str(app.pid))
    running.err.containing("joined")
    app.get("/status/200")
    running.out.containing("/status/200")
    app.child.send(signal.SIGKILL)
    assert running.wait() == 0
    left = running.err.all()[1]
    assert left.startswith(f"-- {app.pid} (http_app.js) ended without a goodbye")
    assert left.endswith("what it had counted last is missing in the summary")


def test_a_reader_that_leaves(app: App, environment: dict[str, str]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "nodeobs", "http", "-p", str(app.pid)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stderr is not None
    child.stderr.readline()  # it has begun
    app.get("/status/200")
    while "/status/200" not in child.stdout.readline():
        pass
    child.stdout.close()
    with child:
        assert child.wait() == 0
        assert child.stderr.read() == ""
