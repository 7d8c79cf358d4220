"""`nodeobs http`: the requests, calls and collections that it shows of real servers."""

from __future__ import annotations

import socket
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.http_app import APP, PROBING, REGISTER, App, Snoop, in_order

if TYPE_CHECKING:
    from tests.system.conftest import StartNode, StartNodeobs


@pytest.fixture
def app(node: StartNode) -> App:
    return App(node(APP, options=(*REGISTER, "--expose-gc"), ready=None))


@pytest.fixture
def snoop(start_nodeobs: StartNodeobs, app: App) -> Any:
    return partial(Snoop.start, start_nodeobs, app)


# -- requests ------------------------------------------------------------------------------


@pytest.mark.smoke
def test_each_request_once_with_its_latency(app: App, snoop: Any) -> None:
    with snoop() as running:
        app.get("/wait/20?x=1", "/status/404", "/status/503", "/wait/0")
        app.get("/status/201", method="POST", headers={"x-request-id": "r-7", "host": "shop"})
    rows = running.rows()
    assert [(row["method"], row["path"], row["status"]) for row in rows] == [
        ("GET", "/wait/20", 200),
        ("GET", "/status/404", 404),
        ("GET", "/status/503", 503),
        ("GET", "/wait/0", 200),
        ("POST", "/status/201", 201),
    ]
    assert in_order(rows)
    # A timer of Node's may be early by a millisecond.
    assert rows[0]["latency_ms"] >= 19
    assert rows[0]["url"] == "/wait/20?x=1"
    assert (rows[4]["reqid"], rows[4]["host"]) == ("r-7", "shop")
    assert all(row["raddr"] == "127.0.0.1" and row["rport"] > 0 for row in rows)
    assert len({row["rport"] for row in rows[:4]}) == 1, "the connection is kept"
    assert {(row["pid"], row["thread"], row["probe"]) for row in rows} == {(app.pid, 0, "server")}
    assert all(row["bytes"] > 50 and not row["aborted"] and not row["error"] for row in rows)
    summary = running.summary()
    assert summary["server"]["count"] == summary["shown"] == 5
    assert summary["server"]["errors"] == 1
    assert summary["server"]["wrong"] == [
        {"method": "GET", "status": 503, "count": 1},
        {"method": "GET", "status": 404, "count": 1},
    ]


def test_latencies_are_between_what_the_client_and_the_server_measure(app: App, snoop: Any) -> None:
    held = []
    with snoop("-ls") as running:
        for number in range(5):
            asking = threading.Thread(target=app.get, args=(f"/hold/{number}",))
            before = time.monotonic()
            asking.start()
            # Its beginning is shown before it is answered.
            running.child.out.until(lambda line, n=number: f'"/hold/{n}"' in line)
            seen = time.monotonic()
            time.sleep(0.01 * number)
            released = time.monotonic()
            app.child.do(f"release {number}")
            asking.join()
            # The client may have its answer before the server knows that it is done.
            running.child.out.until(lambda line, n=number: f'"/hold/{n}"' in line)
            held.append((released - seen, time.monotonic() - before))
    starts, ends = running.rows(which="->"), running.rows(which="<-")
    assert [row["id"] for row in starts] == [row["id"] for row in ends]
    assert all(row["latency_ms"] is None and row["status"] is None for row in starts)
    for row, (least, most) in zip(ends, held, strict=True):
        assert least * 1000 <= row["latency_ms"] <= most * 1000


def test_several_at_once_on_one_connection_are_not_mixed_up(app: App, snoop: Any) -> None:
    with snoop("-l") as running, socket.create_connection(("127.0.0.1", app.port)) as stream:
        # Pipelined: the third is ready first, and has to wait for the others.
        for path in ("/hold/a", "/wait/30", "/wait/0"):
            stream.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        running.child.out.containing("/hold/a")
        app.child.do("release a")
        answers = b""
        while b"held\n" not in answers or answers.count(b"wait\n") < 2:
            answers += stream.recv(65536) or pytest.fail("the connection was closed")
    ends = {row["path"]: row for row in running.rows(which="<-")}
    starts = {row["path"]: row for row in running.rows(which="->")}
    assert set(ends) == set(starts) == {"/hold/a", "/wait/30", "/wait/0"}
    assert all(starts[path]["id"] == ends[path]["id"] for path in ends)
    assert len({row["rport"] for row in ends.values()}) == 1


def test_aborted_requests(app: App, snoop: Any) -> None:
    with snoop("-c", "-s") as running:
        with socket.create_connection(("127.0.0.1", app.port)) as stream:
            stream.sendall(b"GET /hold/nobody HTTP/1.1\r\nhost: x\r\n\r\n")
            # Waits until the server has it: the next request is answered after it.
            app.get(PROBING)
        running.child.out.containing("/hold/nobody")
        app.get("/call/break", "/refused")
    rows = {(row["probe"], row["path"]): row for row in running.rows()}
    gone = rows["server", "/hold/nobody"]
    assert (gone["status"], gone["aborted"]) == (None, True)
    assert gone["error"]
    assert gone["latency_ms"] > 0
    assert rows["server", "/break"]["aborted"]
    assert rows["client", "/break"]["aborted"]
    refused = rows["client", "/"]
    assert (refused["status"], refused["error"]) == (None, "ECONNREFUSED")
    summary = running.summary()
    assert {"method": "GET", "status": None, "count": 2} in summary["server"]["wrong"]
    assert {"method": "GET", "status": None, "count": 2} in summary["client"]["wrong"]


@pytest.mark.smoke
def test_requests_that_had_begun_before(app: App, snoop: Any) -> None:
    asking = threading.Thread(target=app.get, args=("/hold/early",))
    asking.start()
    app.get(PROBING)  # answered after the other was read
    with snoop("-l") as running:
        app.child.do("release early")
        running.child.out.containing("/hold/early")
        asking.join()
    [row] = running.rows()
    assert (row["which"], row["earlier"], row["latency_ms"]) == ("<-", True, None)
    assert (row["path"], row["status"], row["aborted"]) == ("/hold/early", 200, False)
    server = running.summary()["server"]
    assert (server["count"], server["earlier"], server["p50_ms"]) == (1, 1, None)


# -- calls and collections -----------------------------------------------------------------


@pytest.mark.smoke
def test_calls_of_http_and_fetch(app: App, snoop: Any) -> None:
    with snoop("-cls") as running:
        app.get("/call/status/418", "/fetch/status/503")
    calls = running.rows(probe="client", which="<-")
    assert [(row["path"], row["status"]) for row in calls] == [
        ("/status/418", 418),
        ("/status/503", 503),
    ]
    assert [row["rport"] for row in calls] == [app.port, app.port]
    assert calls[0]["reqid"] == "call"
    assert [row["id"] for row in running.rows(probe="client", which="->")] == [
        row["id"] for row in calls
    ]
    # What a call takes is longer than what the server that it calls takes, by the same clock.
    for call in calls:
        [served] = running.rows(probe="server", path=call["path"], which="<-")
        assert call["latency_ms"] > served["latency_ms"]
    assert [row["path"] for row in running.rows(probe="server", which="<-")] == [
        "/status/418",
        "/call/status/418",
        "/status/503",
        "/fetch/status/503",
    ]


def test_collections(app: App, snoop: Any) -> None:
    with snoop("-g") as running:
        app.child.do("collect 3")
        app.get(PROBING)
        for _ in range(3):
            running.child.out.containing('"mark-sweep-compact"')
    rows = running.rows(kind="mark-sweep-compact")
    assert len(rows) == 3
    assert {row["probe"] for row in running.rows()} == {"gc"}, "servers only with -s then"
    assert all(row["latency_ms"] > 0 and row["path"] is None for row in rows)
    gc = running.summary()["gc"]
    assert gc["kinds"]["mark-sweep-compact"] == 3
    assert gc["count"] == len(running.rows())


# -- choosing ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--slow", "40ms"), ["/wait/60"]),
        (("--status", "5xx"), ["/status/503", "/status/500"]),
        (("--status", "404,500-502"), ["/status/404", "/status/500"]),
        (("--status", "2xx", "--status", "404"), ["/wait/60", "/wait/0", "/status/404"]),
        (("--slow", "40ms", "--status", "404,2xx"), ["/wait/60"]),
        (("--filter", "status >= 404 && path.endsWith('3')"), ["/status/503"]),
        (("--filter", "probe == 'server'", "--filter", "latency_ms >= 40"), ["/wait/60"]),
    ],
)
def test_only_some(app: App, snoop: Any, arguments: tuple[str, ...], expected: list[str]) -> None:
    with snoop(*arguments) as running:
        app.get("/wait/60", "/status/503", "/wait/0", "/status/404", "/status/500")
    rows = running.rows()
    if "--slow" in arguments:
        # The machine may be slow itself.
        rows = [row for row in rows if row["path"] == "/wait/60" or row["latency_ms"] < 40]
    assert [row["path"] for row in rows] == expected
    summary = running.summary()
    assert summary["server"]["count"] == 5, "the summary is over everything"
    assert summary["shown"] == len(running.rows())
