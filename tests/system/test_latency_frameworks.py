"""`nodeobs latency`: routes and handlers of each framework, against what the servers measure."""

from __future__ import annotations

import http.client
import re
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.system.latency_app import (
    WAITS,
    App,
    Measuring,
    agrees,
    handlers,
    of_route,
    rows,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import StartNode, StartNodeobs


@pytest.fixture
def app(node: StartNode) -> Callable[..., App]:
    return partial(App.start, node)


@pytest.fixture
def measure(start_nodeobs: StartNodeobs) -> Callable[..., Measuring]:
    return partial(Measuring.start, start_nodeobs)


@pytest.mark.smoke
@pytest.mark.parametrize(
    "name", ["http", "express", "express4", "restify", "koa", "koa2", "fastify"]
)
def test_percentiles_and_counts(
    app: Callable[..., App], measure: Callable[..., Measuring], name: str
) -> None:
    server = app(name)
    measuring = measure(server.pid)
    server.get_all([f"/wait/{ms}?again" for ms in WAITS for _ in range(10)])
    objects = measuring.interrupt()
    route = "/wait/:id" if name == "http" else "/wait/:ms"
    agrees(rows(objects)["GET", route], of_route(server.truth(), "/wait/"))
    found = summary(objects)
    assert (found["count"], found["errors"], found["in_flight_at_start"]) == (60, 0, 0)
    assert sum(count for _, _, count in found["histogram"]) == 60
    assert [one["pid"] for one in found["processes"]] == [server.pid]


def test_handlers_of_restify(app: Callable[..., App], measure: Callable[..., Measuring]) -> None:
    server = app("restify")
    measuring = measure(server.pid)
    server.get_all([f"/slow-next/{ms}" for ms in WAITS for _ in range(5)])
    server.get_all(["/fail"] * 4)
    assert server.get("/nowhere") == 404
    assert server.get("/fail", "POST") == 405
    objects = measuring.interrupt()
    truth = server.truth()

    found = rows(objects)
    assert {key: (row["count"], row["errors"]) for key, row in found.items()} == {
        ("GET", "/slow-next/:ms"): (30, 0),
        ("GET", "/fail"): (4, 4),
        ("GET", None): (1, 0),
        ("POST", None): (1, 0),
    }
    agrees(found["GET", "/slow-next/:ms"], of_route(truth, "/slow-next"))

    measured = handlers(objects)
    # What runs before a route is known runs for what has none, too.
    assert {key: row["count"] for key, row in measured.items()} == {
        (None, "first"): 36,
        (None, "second"): 34,
        ("GET /slow-next/:ms", "check"): 30,
        ("GET /slow-next/:ms", "answer"): 30,
        ("GET /fail", "fail"): 4,
    }
    agrees(measured["GET /slow-next/:ms", "check"], truth["handlers"]["check"])
    agrees(measured[None, "first"], truth["handlers"]["first"])
    assert measured["GET /slow-next/:ms", "answer"]["p90_ms"] < 20


def test_handlers_of_restify_that_never_hand_on_take_no_room(
    app: Callable[..., App], measure: Callable[..., Measuring]
) -> None:
    server = app("restify")
    measuring = measure(server.pid)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(3000):
        connection.request("GET", "/silent")
        connection.getresponse().read()
    connection.close()
    objects = measuring.interrupt()
    assert summary(objects)["count"] == 3000
    assert handlers(objects)[None, "second"]["count"] == 3000


def test_restify_without_its_probes_says_how_to_have_them(
    app: Callable[..., App], measure: Callable[..., Measuring]
) -> None:
    server = app("restify", "--no-dtrace")
    measuring = measure(server.pid)
    server.get("/fail")
    objects = measuring.interrupt()
    assert (rows(objects)["GET", "/fail"]["errors"], handlers(objects)) == (1, {})
    assert "createServer({ dtrace: true })" in "\n".join(measuring.child.err.all())


@pytest.mark.parametrize("name", ["express", "express4"])
def test_handlers_of_express(
    app: Callable[..., App], measure: Callable[..., Measuring], name: str
) -> None:
    server = app(name)
    measuring = measure(server.pid)
    server.get_all([f"/slow-next/{ms}" for ms in WAITS for _ in range(5)])
    server.get_all(["/fail"] * 4)
    assert server.get("/nowhere") == 404
    objects = measuring.interrupt()
    truth = server.truth()
    found = rows(objects)
    assert {key: (row["count"], row["errors"]) for key, row in found.items()} == {
        ("GET", "/slow-next/:ms"): (30, 0),
        ("GET", "/fail"): (4, 4),
        ("GET", None): (1, 0),
    }
    measured = handlers(objects)
    assert measured["GET /slow-next/:ms", "answer"]["count"] == 30
    assert measured["GET /fail", "fail"]["errors"] == 4
    agrees(measured[None, "first"], truth["handlers"]["first"])
    agrees(measured["GET /slow-next/:ms", "check"], truth["handlers"]["check"])


def test_routes_of_restify_in_one_line_of_d(
    app: Callable[..., App], start_nodeobs: StartNodeobs
) -> None:
    server = app("restify")
    program = (
        "restify*:::route-start { track[arg2] = timestamp; } "
        "restify*:::route-done /track[arg2]/ { @[copyinstr(arg1)] = "
        "quantize((timestamp - track[arg2]) / 1000000); track[arg2] = 0; } "
        'BEGIN { printf("going\\n"); } tick-20ms /!told/ { told = 1; printf("going\\n"); }'
    )
    child = start_nodeobs("trace", "-q", "-p", str(server.pid), "-n", program)
    child.out.containing("going")
    child.out.containing("going")
    server.get_all([*["/wait/20"] * 5, *["/wait/40"] * 3, *["/wait/140"] * 2])
    child.send(signal.SIGINT)
    assert child.wait() == 130
    lines = [line.rstrip() for line in child.out.all()]
    title, *picture = lines[lines.index("  getwaitms") + 1 :]
    assert title == "           value  ------------- Distribution ------------- count"
    counts: dict[int, int] = {}
    for line in picture:
        if row := re.fullmatch(r" *(\d+) \|(@*) +(\d+) *", line):
            counts[int(row[1])] = int(row[3])
            assert len(row[2]) == 40 * int(row[3]) // 10
    # A busy machine lets them take longer, never shorter.
    assert sum(counts.values()) == 10
    assert counts[8] == 0
    assert sum(count for least, count in counts.items() if least >= 32) >= 5
    assert sum(count for least, count in counts.items() if least >= 128) >= 2


def test_handlers_of_fastify(app: Callable[..., App], measure: Callable[..., Measuring]) -> None:
    server = app("fastify")
    measuring = measure(server.pid)
    server.get_all([f"/wait/{ms}" for ms in WAITS for _ in range(5)])
    server.get_all(["/fail"] * 4)
    assert server.get("/nowhere") == 404
    objects = measuring.interrupt()
    found = rows(objects)
    assert {key: (row["count"], row["errors"]) for key, row in found.items()} == {
        ("GET", "/wait/:ms"): (30, 0),
        ("GET", "/fail"): (4, 4),
        ("GET", None): (1, 0),
    }
    measured = handlers(objects)
    # The handler has the request until fastify goes on with what it has returned, which is after
    # all others that wait for the same turn of the event loop.
    agrees(measured["GET /wait/:ms", "wait"], server.truth()["handlers"]["wait"], slack_ms=10.0)
    assert measured["GET /fail", "fail"]["errors"] == 4
