"""`nodeobs latency`: processes, threads, what is missing, and how it ends."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.latency_app import App, Measuring, rows, summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Fifo, RunNodeobs, StartNode, StartNodeobs


ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(node: StartNode) -> Callable[..., App]:
    return partial(App.start, node)


@pytest.fixture
def measure(start_nodeobs: StartNodeobs) -> Callable[..., Measuring]:
    return partial(Measuring.start, start_nodeobs)


def test_in_flight_at_the_start_and_aborted(
    app: Callable[..., App], measure: Callable[..., Measuring]
) -> None:
    server = app("http")
    before = socket.create_connection(("127.0.0.1", server.port))
    before.sendall(b"GET /wait/2500 HTTP/1.1\r\nhost: a\r\n\r\n")
    assert server.get("/wait/1") == 200  # the one before it has been read by now
    measuring = measure(server.pid)
    gone = socket.create_connection(("127.0.0.1", server.port))
    gone.sendall(b"GET /wait/60000 HTTP/1.1\r\nhost: a\r\n\r\n")
    assert server.get("/wait/1") == 200
    gone.close()
    assert before.recv(100).startswith(b"HTTP/1.1 200")
    before.close()
    objects = measuring.interrupt()
    found = summary(objects)
    assert (found["count"], found["errors"], found["aborted"]) == (2, 1, 1)
    assert found["in_flight_at_start"] == 1
    assert found["max_ms"] < 2500


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("status", {200: 3, 404: 2, 500: 1}),
        ("method", {"GET": 5, "POST": 1}),
        ("client", {"127.0.0.1": 6}),
    ],
)
def test_by(
    app: Callable[..., App], measure: Callable[..., Measuring], by: str, expected: dict[Any, int]
) -> None:
    server = app("http")
    measuring = measure(server.pid, "--by", by)
    for path, method in (
        ("/wait/1", "GET"), ("/wait/2", "GET"), ("/wait/3", "POST"),
        ("/nowhere", "GET"), ("/nowhere", "GET"), ("/fail", "GET"),
    ):  # fmt: skip
        server.get(path, method)
    found = [one for one in measuring.interrupt() if one["type"] == "requests"]
    assert {one[by]: one["count"] for one in found} == expected


def test_processes_are_merged_join_and_leave(
    app: Callable[..., App], measure: Callable[..., Measuring], renamed: Callable[[str], Path]
) -> None:
    script = renamed("latency_app.js")
    first = app("http", script=script)
    measuring = measure(first.pid, "-p", f"{script.stem}*")
    first.get_all(["/wait/3"] * 20)
    second = app("http", script=script)
    measuring.until(second.pid)
    second.get_all(["/wait/3"] * 30)
    first.get_all(["/fail"] * 5)
    first.child.tell("exit 0")
    assert first.child.wait() == 0
    measuring.child.err.containing("exited")
    second.get_all(["/wait/3"] * 7)
    objects = measuring.interrupt()
    counts = {key: row["count"] for key, row in rows(objects).items()}
    assert counts == {("GET", "/wait/:id"): 57, ("GET", "/fail"): 5}
    assert len(summary(objects)["processes"]) == 2


def test_worker_threads_are_merged(node: StartNode, measure: Callable[..., Measuring]) -> None:
    child = node(
        ROOT / "examples" / "http" / "server.js",
        *("--workers", "2"),
        options=("-r", str(ROOT / "js" / "register.js")),
        ready=None,
    )
    ports = [
        int(child.out.containing("listening").rpartition(":")[2].rstrip("/")) for _ in range(2)
    ]
    measuring = measure(child.pid)
    for port, count in zip(ports, (11, 22), strict=True):
        for _ in range(count):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/hello")
            connection.getresponse().read()
            connection.close()
    [row] = rows(measuring.interrupt()).values()
    assert row["count"] == 33


def test_the_end_of_the_process_ends_it_with_all_there_was(
    app: Callable[..., App], start_nodeobs: StartNodeobs
) -> None:
    server = app("http")
    child = start_nodeobs("latency", "-p", str(server.pid))
    child.err.containing("measuring in")
    server.get_all(["/wait/2"] * 25)
    server.child.tell("exit 0")
    assert child.wait() == 0
    text = "\n".join(child.out.all())
    assert re.search(r"^GET /wait/:id +25 ", text, re.MULTILINE), text
    assert "25 requests in" in text


def test_duration_and_picture(app: Callable[..., App], nodeobs: RunNodeobs, tmp_path: Path) -> None:
    server = app("http")
    picture = tmp_path / "latency.svg"
    done = nodeobs("latency", "-p", str(server.pid), "-d", "1", "-o", str(picture), "--heatmap")
    assert done.returncode == 0
    assert done.stdout.count("no requests") == 2
    assert picture.read_text().startswith("<svg")
    assert f"{picture} has the picture" in done.stderr


def test_nothing_is_left_behind(
    app: Callable[..., App], measure: Callable[..., Measuring], nodeobs: RunNodeobs
) -> None:
    server = app("http")
    measuring = measure(server.pid)
    server.get("/wait/1")
    measuring.child.send(signal.SIGKILL)
    measuring.child.wait()
    # A second one has the place to itself, and counts from its own start.
    again = measure(server.pid)
    server.get_all(["/wait/1"] * 3)
    assert summary(again.interrupt())["count"] == 3


# -- faults ----------------------------------------------------------------------------------


def test_an_event_loop_that_hangs_is_told_of_at_once_and_waited_for(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    stuck = node("app.js")
    fifo.block(stuck)
    child = start_nodeobs("latency", "-p", str(stuck.pid), "-d", "100ms")
    child.err.containing("event loop has not answered")
    fifo.release()
    child.err.containing("answers again")
    child.err.containing(f"measuring in {stuck.pid}")
    assert child.wait() == 0
    assert "no request was answered in that time" in child.err.all()[-1]


def test_ctrl_c_before_anything_has_answered(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    stuck = node("app.js")
    fifo.block(stuck)
    child = start_nodeobs("latency", "-p", str(stuck.pid))
    child.err.containing("event loop has not answered")
    child.send(signal.SIGINT)
    assert child.wait() == 130
    assert child.out.all() == []
    assert "nothing was measured: no process has answered" in child.err.all()[-1]
    fifo.release()


def test_a_process_that_is_killed_leaves_what_was_known(
    app: Callable[..., App], measure: Callable[..., Measuring]
) -> None:
    server = app("http")
    measuring = measure(server.pid, "-i", "100ms")
    server.get_all(["/wait/2"] * 9)
    again = measure(server.pid)  # answers of the agent are behind those requests
    again.interrupt()
    server.child.send(signal.SIGKILL)
    assert measuring.child.wait() == 0
    assert "killed" in "\n".join(measuring.child.err.all())
    assert measuring.objects()[-1]["type"] == "summary"


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--heatmap",)])
def test_a_reader_that_leaves(
    app: Callable[..., App], environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    server = app("http")
    command = [sys.executable, "-m", "nodeobs", "latency", "-p", str(server.pid), *arguments]
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stderr.readline()  # it measures
    child.stdout.close()
    with child:
        assert child.wait() == 0
        assert child.stderr.read() == ""


def test_a_full_disk_is_told_of(app: Callable[..., App], environment: dict[str, str]) -> None:
    server = app("http")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nodeobs", "latency", "-p", str(server.pid), "-d", "100ms"],
            env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot write the output: No space left on device" in done.stderr
