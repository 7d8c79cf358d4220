"""nodeobs state: a task that nobody calls back for, and callbacks that make looking hard."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.conftest import Fifo, RunNodeobs, StartNode, StartNodeobs

RESTIFY = Path(__file__).parents[2] / "examples" / "restify"


def test_a_task_that_is_never_called_back_is_named(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node(
        RESTIFY / "server.js",
        "--lose-order",
        "3",
        options=("-r", "nodeobs/register"),
        cwd=RESTIFY,
        ready=None,
    )
    url = child.out.containing("listening on").split()[-1]
    for _ in range(8):
        order = urllib.request.Request(f"{url}/orders", b'{"item":"pen"}', method="POST")
        order.add_header("content-type", "application/json")
        order.add_header("x-request-id", "the-request")
        with urllib.request.urlopen(order) as answer:
            assert answer.status == 202
    pid = str(child.pid)
    # The others take 80 ms at most: they are gone before this one is as old.
    stuck: list[dict[str, object]] = []
    while len(stuck) != 1:
        done = nodeobs("state", "-p", pid, "--stuck", "0.5s", "--json")
        assert done.returncode == 0, done.stderr
        stuck = [json.loads(line) for line in done.stdout.splitlines()]
    (task,) = stuck
    assert (task["kind"], task["type"], task["id"]) == ("task", "queue", "orders")
    assert isinstance(task["age_ms"], int)
    assert task["age_ms"] >= 500
    table = nodeobs("state", "-p", pid, "--stuck", "500ms").stdout
    assert "fulfil" in table
    assert "queue/orders" in table
    assert "POST /orders" in table
    assert table.splitlines()[-1] == f"next: nodeobs state -p {pid} queue/orders"
    tree = nodeobs("state", "-p", pid, "queue/orders")
    assert tree.returncode == 0
    assert "fulfil" in tree.stdout
    (order_row,) = map(
        json.loads, nodeobs("state", "-p", pid, "order", "--json").stdout.splitlines()
    )
    assert (order_row["id"], order_row["state"]) == ("order-3", "pending")
    calm = nodeobs("state", "-p", pid, "--stuck", "1h")
    assert calm.returncode == 0
    assert calm.stdout.startswith("nothing is pending for longer than 1h00m; looked at ")
    assert " 1 queue" in calm.stdout


def test_a_callback_that_hangs_is_waited_for(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo, tmp_path: Path
) -> None:
    child = node("state_app.js")
    child.do(f"hang {tmp_path / 'fifo'}")
    waiting = start_nodeobs("state", "-p", str(child.pid), "hanging")
    child.out.containing("hangs")
    assert "has not answered" in waiting.err.containing("event loop")
    fifo.release()
    waiting.err.containing("answers again")
    assert waiting.wait() == 0
    assert waiting.out.all() == ["ID", "a"]


def test_a_callback_that_ends_the_process(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("state_app.js")
    child.do("leave 7")
    done = nodeobs("state", "-p", str(child.pid), "leaving")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"nodeobs: {child.pid} (state_app.js) ")
    assert "Traceback" not in done.stderr
    assert child.wait() == 7


def test_an_observer_that_is_killed_between_pages(
    node: StartNode, start_nodeobs: StartNodeobs, nodeobs: RunNodeobs
) -> None:
    child = node("state_app.js")
    child.do("many 50000")
    pid = str(child.pid)
    looking = start_nodeobs("state", "-p", pid, "many", "--watch", "--limit", "50000", "--json")
    looking.out.containing('"many"')
    looking.send(signal.SIGKILL)
    looking.wait()
    done = nodeobs("state", "-p", pid, "many", "--limit", "50000", "--sort", "i", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [rows[0]["i"], rows[-1]["i"], len(rows)] == [49_999, 0, 50_000]
    assert done.stderr == ""
