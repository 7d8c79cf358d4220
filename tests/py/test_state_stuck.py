"""nodeobs state --stuck: what is pending, as a table, as objects, and where there is nothing."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
from tests.py.fake_agent import FakeAgent
from tests.py.test_process import node_process

import nodeobs
from nodeobs.cli.main import run
from nodeobs.cli.session import ask
from nodeobs.cli.state import _check_pending, _stuck_after
from nodeobs.cli.state_views import Stuck
from nodeobs.reports.stuck import (
    StuckRow,
    age_text,
    created_at,
    doing,
    looked_text,
    next_step,
    started_by,
    stuck_table,
)
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from pathlib import Path

    from tests.py.conftest import Golden

PIPELINE = {
    "kind": "pipeline",
    "type": "flow",
    "id": "17",
    "name": "createUser",
    "age_ms": 41_300,
    "more": {
        "step": 3,
        "steps": 5,
        "function": "putBlob",
        "at": "/srv/api/lib/users.js:88",
        "request": {"method": "GET", "url": "/x", "req_id": "0c6b2f1e-8a1d-4a47-9b52-6a1d3c0e5f77"},
    },
}
TASK = {
    "kind": "task",
    "type": "queue",
    "id": "orders",
    "name": "fulfil",
    "age_ms": 3_700_000,
    "more": {
        "function": "fulfil",
        "task": 3,
        "preview": '{item: "pen"}',
        "waiting": 12,
        "pending": 2,
        "concurrency": 2,
        "at": "/srv/api/queue.js:40",
        "parent": {"id": "4", "kind": "waterfall", "label": "checkout"},
        "request": None,
    },
}
REQUEST = {
    "kind": "request",
    "type": "request",
    "id": "8",
    "name": "POST /a/rather/long/path/with\x1b[2J/everything?in=it",
    "age_ms": 5_240.4,
    "more": {"status": 200, "route": None, "req_id": "abc", "sent": True, "received": False},
}
CALL = {
    "kind": "call",
    "type": "request",
    "id": "9",
    "name": "GET http://127.0.0.1:8080/authorize",
    "age_ms": 5_000,
    "more": {"waiting_for": "connection", "req_id": None},
}
ALL = [TASK, PIPELINE, REQUEST, CALL]


@pytest.mark.parametrize("width", [80, 160, None])
def test_table(golden: Golden, width: int | None) -> None:
    rows = [StuckRow((71, 0), entry, "/srv/api") for entry in ALL]
    lines = stuck_table(rows, width=width)
    golden(f"stuck.{width or 'uncut'}", lines)
    if width is not None:
        assert max(map(cell_width, lines)) <= width


@pytest.mark.parametrize("width", [80, 160])
def test_table_of_several_processes(golden: Golden, width: int) -> None:
    rows = [StuckRow((71, 0), TASK, "/srv"), StuckRow((4242, 3), CALL, "/srv")]
    golden(f"stuck_places.{width}", stuck_table(rows, width=width))


def test_colour_changes_no_widths() -> None:
    rows = [StuckRow((71, 0), entry, "/srv/api") for entry in ALL]
    for width in (60, 200):
        plain = stuck_table(rows, width=width)
        painted = stuck_table(rows, width=width, colour=True)
        assert plain != painted
        assert plain == [re.sub(r"\x1b\[\d+m", "", line) for line in painted]


def test_columns_that_nothing_has_are_left_out() -> None:
    (title, _) = stuck_table([StuckRow((71, 0), {**CALL, "more": {}}, "")])
    assert title.split() == ["PENDING", "WHAT", "OBJECT"]


def test_parts_of_a_line() -> None:
    more = PIPELINE["more"]
    assert isinstance(more, dict)
    assert doing(more) == "step 3 of 5 putBlob"
    assert doing({"step": 2}) == "step 2"
    assert doing({"function": "f", "waiting": 3, "odd": {"x": 1}}) == "f, 3 waiting"
    assert doing({"sent": True, "waiting": 0, "status": 201}) == "status 201, sent"
    assert doing({"operations": ["a", {"name": "b", "ms": 3}], "pending": 2}) == "2 pending, a, b"
    assert doing({}) == ""
    assert started_by(more) == "GET /x req_id 0c6b2f1e-8a1d-4a47-9b52-6a1d3c0e5f77"
    assert started_by({"request": "GET /x"}) == "GET /x"
    assert started_by({"request": "GET /x", "req_id": 7}) == "GET /x req_id 7"
    # A request has its own.
    assert (started_by({"req_id": 7}), doing({"req_id": 7})) == ("", "req_id 7")
    assert started_by({"parent": "flow/3"}) == "flow/3"
    parent = {"id": "2.4", "kind": "pipeline", "label": "save"}
    assert started_by({"parent": parent, "request": None}) == "pipeline save flow/2.4"
    assert started_by({"parent": parent, "request": {"method": "GET"}}) == "GET"
    assert started_by({}) == ""
    assert created_at(more, "/srv/api") == "lib/users.js:88"
    assert created_at(more, "/srv/ap") == "/srv/api/lib/users.js:88"
    assert [age_text(ms) for ms in (0, 440, 9_999, 41_300, 187_000)] == [
        "0ms", "440ms", "10s", "41s", "3m07s",
    ]  # fmt: skip
    row = StuckRow((71, 0), {"type": "queue", "id": "a b"}, "")
    assert next_step(row) == "nodeobs state -p 71 'queue/a b'"
    odd = "it's \\ \x1b[31m\nü\x9b"
    command = next_step(StuckRow((71, 0), {"type": "queue", "id": odd}, ""))
    assert command.isprintable()
    word = command.removeprefix("nodeobs state -p 71 ")
    shown = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"queue/{odd}"
    assert (row.age_ms, row.more) == (0, {})


def test_nothing_says_what_was_looked_at() -> None:
    answers: list[tuple[tuple[int, int], dict[str, Any]]] = [
        ((71, 0), {"looked": {"flow": 2, "queue": 1, "request": 1200}}),
        ((71, 1), {"looked": {"flow": 0, "request": 0, "odd": "x"}}),
    ]
    assert looked_text(answers, 10.0) == (
        "nothing is pending for longer than 10s; looked at 2 flows, 1 queue, 1,200 requests"
    )
    assert looked_text([((71, 0), {})], 0.5, "queue") == "no queue is pending for longer than 500ms"


@pytest.mark.parametrize(
    ("value", "what", "expected"),
    [
        ("10s", None, (10.0, None)),
        ("500ms", "queue", (0.5, "queue")),
        # click takes the next word for the value, whatever it is.
        ("queue", None, (10.0, "queue")),
        ("queue/orders", None, (10.0, "queue/orders")),
        ("queue", "5s", (5.0, "queue")),
        ("0", None, (0.0, None)),
    ],
)
def test_what_follows_the_option(
    value: str, what: str | None, expected: tuple[float, str | None]
) -> None:
    assert _stuck_after(value, what) == expected


def test_two_words_that_are_no_time() -> None:
    with pytest.raises(click.BadParameter, match="'a' is not a duration"):
        _stuck_after("a", "b")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        # In an incident, "no queu is pending" would be believed.
        (["--stuck", "queu"], "'queu' is neither a time such as 30s, nor what can be pending"),
        (["--stuck", "5s", "orders/1"], "'orders' is neither a time"),
        (["--stuck", "1e9s"], "'1e9s' is neither a time"),
        (["-d", "1s"], "-d needs --watch"),
        (["/orders"], "the type is missing"),
    ],
)
def test_words_that_would_be_misread(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["state", *args]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("what", ["queue", "queue/a", "nodeobs.queue", "task", "pipeline", "call"])
def test_what_can_be_pending(what: str) -> None:
    _check_pending(what)


def test_view_merges_threads_and_selects(tmp_path: Path) -> None:
    asked = []

    def answer(*entries: dict[str, Any], **more: Any) -> Any:
        def stuck(request: dict[str, Any]) -> dict[str, Any]:
            asked.append((request["older_ms"], request["limit"]))
            return {"stuck": list(entries), "looked": {"flow": 1}, "truncated": False, **more}

        return stuck

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "0.sock") as main,
            FakeAgent(tmp_path / "1.sock") as worker,
            nodeobs.attach(node_process(os.getpid(), main.path, worker.path)) as process,
        ):
            main.answers["state.stuck"] = answer(PIPELINE, REQUEST, truncated=True)
            worker.answers["state.stuck"] = answer(
                TASK, failed={"total": 3, "first": [{"type": "flows", "message": "lost\ncount"}]}
            )

            async def names(view: Stuck) -> list[str]:
                answers = await ask([process], view.ask)
                return [entry["name"] for entry in view.objects(answers)]

            view = Stuck(5.0)
            answers = await ask([process], view.ask)
            objects = view.objects(answers)
            assert [(one["tid"], one["name"]) for one in objects] == [
                (1, "fulfil"),
                (0, "createUser"),
                (0, REQUEST["name"]),
            ]
            assert objects[1] == {"pid": os.getpid(), "tid": 0, **PIPELINE}
            assert view.next_steps(answers) == [
                f"next: nodeobs state -p {os.getpid()} queue/orders"
            ]
            assert view.notes(answers) == [
                "there is more; --limit N shows more, a longer TIME less",
                "thread 1: a callback of the application threw: flows: lost\\ncount, and 2 more",
            ]
            assert len(view.lines(answers)) == 4
            assert await names(Stuck(5.0, "flow")) == ["createUser"]
            assert await names(Stuck(5.0, "task")) == ["fulfil"]
            assert await names(Stuck(5.0, "queue", "other")) == []
            assert await names(Stuck(5.0, conditions=["age_ms > 40000 && more.steps == 5"])) == [
                "createUser"
            ]
            assert await names(Stuck(5.0, sort="name")) == [REQUEST["name"], "createUser", "fulfil"]
            nothing = Stuck(5.0, "barrier")
            answers = await ask([process], nothing.ask)
            assert nothing.lines(answers) == nothing.next_steps(answers) == []
            assert nothing.notes(answers)[0].startswith(
                "no barrier is pending for longer than 5.0s"
            )
            assert set(asked) == {(5000, 1000)}
            assert main.requests[-1]["type"] == "barrier"
            filtered = Stuck(5.0, conditions=["age_ms < 0"])
            answers = await ask([process], filtered.ask)
            assert filtered.notes(answers)[0].startswith("nothing that -c is true for is pending")
            assert "type" not in main.requests[-1]

    asyncio.run(scenario())
