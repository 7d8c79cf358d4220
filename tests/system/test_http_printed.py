"""`nodeobs http`: the lines that it prints, and its D program, which prints the same."""

from __future__ import annotations

import re
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from tests.system.http_app import APP, PROBING, REGISTER, App

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Child, RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def app(node: StartNode) -> App:
    return App(node(APP, options=(*REGISTER, "--expose-gc"), ready=None))


# -- what it prints ------------------------------------------------------------------------


def test_as_nhttpsnoop_prints_it(app: App, start_nodeobs: StartNodeobs) -> None:
    running = start_nodeobs("http", "-cgls", "-p", str(app.pid))
    running.err.containing("joined")
    app.get("/call/wait/5?a=b")
    running.out.containing("/call/wait/5")
    running.out.containing("/call/wait/5")
    running.send(signal.SIGINT)
    assert running.wait() == 130
    lines = running.out.all()
    assert lines[0].rstrip() == "TIME            PID PROBE        LATENCY METHOD PATH"
    kinds = set()
    for line in lines[1:]:
        match = re.fullmatch(
            r"\[ {0,2}\d{1,3}\.\d{6}\] ( *\d+) (server|client|gc    ) (->|<-) "
            r"( {9}-| *\d+\.\d{3}ms) (\S+) +(\S+)(?: +\([a-z-]+\))? *",
            line,
        )
        assert match is not None, line
        kinds.add((match[2].strip(), match[3], match[5], match[6]))
    assert {
        ("server", "->", "GET", "/call/wait/5"),
        ("client", "->", "GET", "/wait/5"),
        ("server", "->", "GET", "/wait/5"),
        ("server", "<-", "GET", "/wait/5"),
        ("client", "<-", "GET", "/wait/5"),
        ("server", "<-", "GET", "/call/wait/5"),
    } <= kinds
    said = running.err.all()
    assert said[0] == f"-- {app.pid} (http_app.js) joined"
    assert re.fullmatch(r"-- \d+\.\d s", said[1])
    assert any(line.startswith("client      1") for line in said)


# -- the D program -------------------------------------------------------------------------

COLUMNS = (
    (),
    ("-o", "time,pid,probe,which,latency,method,path,url,raddr,rport,fd"),
    ("-o", "+status,bytes,reqid,route,host,thread,kind,error,id", "-t", "simple"),
    ("-o", "path,id,status"),
)
#: Options, and how many lines each request that calls another one gives.
FLAGS = {("-s",): 2, ("-c", "-l"): 2, ("-c", "-g", "-l", "-s"): 6}


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda columns: columns[1] if columns else "none")
@pytest.mark.parametrize("flags", FLAGS, ids="".join)
def test_programs_tell_the_same(
    app: App,
    columns: tuple[str, ...],
    flags: tuple[str, ...],
    start_nodeobs: StartNodeobs,
    nodeobs: RunNodeobs,
    tmp_path: Path,
) -> None:
    path = tmp_path / "http.d"
    path.write_text(nodeobs("http", "-n", *flags, *columns).stdout)
    traced = start_nodeobs("trace", "-p", str(app.pid), "-s", str(path))
    shown = start_nodeobs("http", "-p", str(app.pid), *flags, *columns)
    title = shown.out.until(lambda line: True)
    assert traced.out.until(lambda line: True) == title
    for running in (traced, shown):
        wait_until_called(app, running)
    app.get("/call/status/404", "/wait/3?q", "/refused")
    with socket.create_connection(("127.0.0.1", app.port)) as stream:
        stream.sendall(b"GET /hold/x HTTP/1.1\r\nhost: x\r\n\r\n")
        app.get(PROBING)
    app.get("/call/last/request")
    for running in (traced, shown):
        for _ in range(FLAGS[flags]):
            running.out.containing("/last/request")
        running.send(signal.SIGINT)
        assert running.wait() == 130
    # What differs is when each of them began.
    assert facts(shown.out.all()) == facts(traced.out.all())


def wait_until_called(app: App, running: Child) -> None:
    seen = threading.Event()

    def ask() -> None:
        while not seen.is_set():
            app.get("/call/probing")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        running.out.containing("/probing")
    finally:
        seen.set()
        asking.join()


def facts(lines: list[str]) -> list[str]:
    """Rows without the time, as far as both have seen them; collections are not of a request."""
    rows = [re.sub(r"^\[[ \d.]+\] ", "", line) for line in lines if line]
    kept = [row for row in rows if "probing" not in row and " gc " not in f" {row}"]
    return [row for row in kept if "/" in row]


def test_usage(nodeobs: RunNodeobs) -> None:
    for arguments, message in (
        (("-o", "time,speed"), "invalid column name: speed"),
        (("--status", "6xyz"), "'6xyz' is no status"),
        (("-l", "--slow", "1s"), "-l and --slow exclude each other"),
        (("--filter", "status >"), "filter"),
        (("-t", "none"), "translated"),
        (("-x",), "-x"),
    ):
        finished = nodeobs("http", *arguments)
        assert finished.returncode == 2, finished.stderr
        assert message in finished.stderr
        assert finished.stdout == ""
