"""State that comes in pages: tables and snapshots of many objects, sorted and filtered."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.fake_agent import FakeAgent
from tests.py.test_process import node_process

import nodeobs
from nodeobs.cli.main import run
from nodeobs.cli.session import ask
from nodeobs.cli.state_views import Objects, OneObject, Stuck, Types
from nodeobs.reports.state import cut_notes, failed_notes, limit_notes, sorted_objects

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from nodeobs.process import Process


def with_agent(tmp_path: Path, scenario: Callable[[FakeAgent, Process], Awaitable[None]]) -> None:
    async def attached() -> None:
        async with (
            FakeAgent(tmp_path / "0.sock") as agent,
            nodeobs.attach(node_process(os.getpid(), agent.path), verb="test") as process,
        ):
            await scenario(agent, process)

    asyncio.run(attached())


def pages(count: int, page: int = 1000) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A type with `count` objects, of which an answer has no more than `page`."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        first = int(request.get("after", -1)) + 1
        ids = range(first, min(count, first + min(page, request["limit"])))
        fields = request.get("fields", ["n"])
        more = {"next": str(ids[-1])} if ids and ids[-1] < count - 1 else {}
        rows = [{"id": str(i), **{name: i if name == "n" else f"{name}{i}" for name in fields}}
                for i in ids]  # fmt: skip
        return {
            "type": request["type"],
            "fields": fields,
            "objects": rows,
            "total": count,
            "truncated": bool(more),
            "cut": {"string": 2},
            **more,
        }

    return answer


def requests_of(agent: FakeAgent, op: str) -> list[dict[str, Any]]:
    return [request for request in agent.requests if request["op"] == op]


def test_list_goes_on_until_the_limit(tmp_path: Path) -> None:
    async def scenario(agent: FakeAgent, process: Process) -> None:
        agent.answers["state.list"] = pages(2500, 300)
        whole = await process.state_list("job", limit=10_000)
        assert [row["n"] for row in whole["objects"]] == list(range(2500))
        assert (whole["truncated"], whole["cut"]) == (False, {"string": 18})
        asked = requests_of(agent, "state.list")
        assert [request.get("after") for request in asked[:3]] == [None, "299", "599"]
        assert "fields" not in asked[0]
        assert all(request["fields"] == ["n"] for request in asked[1:])

        some = await process.state_list("job", limit=450)
        assert (len(some["objects"]), some["truncated"], some["next"]) == (450, True, "449")
        rest = await process.state_list("job", limit=2, after="449", fields=["x"])
        assert rest["objects"] == [{"id": "450", "x": "x450"}, {"id": "451", "x": "x451"}]

    with_agent(tmp_path, scenario)


def test_an_agent_that_never_comes_to_an_end(tmp_path: Path) -> None:
    async def scenario(agent: FakeAgent, process: Process) -> None:
        stays = {"type": "job", "fields": [], "objects": [], "total": 1, "truncated": True}
        agent.answers["state.list"] = lambda _: {**stays, "next": "1"}
        assert (await process.state_list("job"))["objects"] == []
        again = {"types": ["job"], "after": {"job": "1"}}
        agent.answers["state.snapshot"] = lambda _: {
            "types": ["job"],
            "job": {"1": 1},
            "cut": {"next": again},
        }
        assert await process.state_snapshot() == {"types": ["job"], "job": {"1": 1}}

    with_agent(tmp_path, scenario)


def test_snapshot_is_put_together(tmp_path: Path) -> None:
    failed = {"total": 1, "first": [{"type": "a", "message": "no"}]}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if "after" not in request:
            more = {"types": ["a", "b"], "after": {"a": "1", "b": None}}
            return {
                "service": {"name": "s"},
                "types": ["a", "b"],
                "a": {"1": {"n": 1}},
                "b": {},
                "cut": {"size": 3, "next": more},
                "failed": failed,
            }
        assert request["after"] == {"a": "1", "b": None}
        a, b = {"2": {"n": 2}}, {"3": 3}
        return {"types": request["types"], "a": a, "b": b, "cut": {"size": 1}, "failed": failed}

    async def scenario(agent: FakeAgent, process: Process) -> None:
        agent.answers["state.snapshot"] = answer
        assert await process.state_snapshot() == {
            "service": {"name": "s"},
            "types": ["a", "b"],
            "a": {"1": {"n": 1}, "2": {"n": 2}},
            "b": {"3": 3},
            "cut": {"size": 4},
            "failed": {"total": 2, "first": [*failed["first"], *failed["first"]]},  # type: ignore[misc]
        }

    with_agent(tmp_path, scenario)


def test_table_sorted_and_filtered_by_any_field(tmp_path: Path) -> None:
    async def scenario(agent: FakeAgent, process: Process) -> None:
        agent.answers["state.list"] = pages(30)
        view = Objects("job", 20, ["n % 2 == 0 && deep.startsWith('deep1')"], "size")
        answers = await ask([process], view.ask)
        assert requests_of(agent, "state.list")[-1]["fields"] == ["n", "deep", "size"]
        objects = view.objects(answers)
        assert [one["n"] for one in objects] == [10, 12, 14, 16, 18]
        assert objects[0] == {
            "pid": os.getpid(), "tid": 0, "type": "job", "id": "10", "n": 10, "deep": "deep10",
            "size": "size10",
        }  # fmt: skip
        assert view.lines(answers)[0].split() == ["ID", "N", "SIZE"]
        assert view.notes(answers) == [
            "job: 20 of 30 looked at; --limit N shows more",
            "values are cut: 2 long texts; nodeobs state job/ID shows one whole",
        ]
        by_id = Objects("job", 1000, ["id == '7'"])
        assert [one["n"] for one in by_id.objects(await ask([process], by_id.ask))] == [7]
        plain = Objects("job", 1000, sort="n")
        answers = await ask([process], plain.ask)
        assert [one["n"] for one in plain.objects(answers)] == list(range(29, -1, -1))

    with_agent(tmp_path, scenario)


def test_a_field_that_no_object_has_is_named(tmp_path: Path) -> None:
    async def scenario(agent: FakeAgent, process: Process) -> None:
        rows = [{"id": str(i), "n": i} for i in range(3)]

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            fields = request.get("fields", ["n"])
            objects = [{"id": row["id"], **{key: row.get(key) for key in fields}} for row in rows]
            return {"type": "job", "fields": fields, "objects": objects, "truncated": False}

        agent.answers["state.list"] = answer
        view = Objects("job", 10, ["mm > 1 && n >= 0"], "nn")
        assert view.notes(await ask([process], view.ask)) == [
            "job: no object has a field mm",
            "job: no object has a field nn",
        ]
        rows.clear()
        assert view.notes(await ask([process], view.ask)) == []

    with_agent(tmp_path, scenario)


_KEYS = [
    "types",
    "type",
    "count",
    "fields",
    "objects",
    "id",
    "total",
    "truncated",
    "next",
    "cut",
    "failed",
    "first",
    "message",
    "object",
    "stuck",
    "looked",
    "kind",
    "name",
    "age_ms",
    "more",
    "step",
    "steps",
    "function",
    "request",
    "parent",
    "at",
    "functions",
    "pending",
    "after",
]


def anything(dice: random.Random, depth: int = 0) -> Any:
    """What an agent may answer that speaks for an application gone mad."""
    kind = dice.randrange(7 if depth < 4 else 5)
    if kind == 5:
        return [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind == 6:
        return {dice.choice(_KEYS): anything(dice, depth + 1) for _ in range(dice.randrange(1, 12))}
    return dice.choice([None, True, 0, -1, 1e300, 10**18, "", "queue", "a\nb\x1b[31m", "é"])


def test_answers_that_are_garbage(tmp_path: Path) -> None:
    def answer(dice: random.Random, request: dict[str, Any]) -> Any:
        value = anything(dice, 1)
        if request["op"] == "state.list" or not isinstance(value, dict):
            value = {"objects": anything(dice, 2), "fields": anything(dice, 2)}
        for key in ("types", "objects", "stuck"):
            if dice.random() < 0.8:
                value[key] = [
                    {name: anything(dice, 2) for name in _KEYS if dice.random() < 0.4}
                    for _ in range(dice.randrange(4))
                ]
        return value

    async def scenario(agent: FakeAgent, process: Process) -> None:
        for seed in range(100):
            dice = random.Random(seed)
            for op in ("types", "list", "get", "snapshot", "stuck"):
                agent.answers[f"state.{op}"] = functools.partial(answer, dice)
            for view in (
                Types(),
                Objects("queue", 5),
                Objects("queue", 5, ['count > 1 && more.name == "x"'], "count"),
                OneObject("a", "b"),
                Stuck(1.0),
                Stuck(1.0, "queue", None, 5, ["age_ms > 1"], "name"),
            ):
                answers = await ask([process], view.ask)
                for line in (*view.lines(answers), *view.notes(answers)):
                    assert "\x1b" not in line
                view.objects(answers)
                view.next_steps(answers)
            with contextlib.suppress(nodeobs.NodeobsError):  # it may be no object at all
                await process.state_snapshot()

    with_agent(tmp_path, scenario)


def test_types_and_one_object(tmp_path: Path) -> None:
    failed = {"total": 1, "first": [{"message": "no types"}]}

    async def scenario(agent: FakeAgent, process: Process) -> None:
        agent.answers["state.types"] = lambda _: {"types": [{"type": "a"}], "failed": failed}
        agent.answers["state.get"] = lambda _: {"object": {"x": 1}, "cut": {"time": 2, "threw": 1}}
        types = Types()
        answers = await ask([process], types.ask)
        assert types.notes(answers) == ["a callback of the application threw: no types"]
        assert types.next_steps(answers) == []
        one = OneObject("a", "1")
        answers = await ask([process], one.ask)
        assert one.objects(answers)[0]["cut"] == {"time": 2, "threw": 1}
        assert one.notes(answers) == [
            "values are cut: 2 over the time that a look may take, 1 getters that threw"
        ]
        assert one.lines(answers) == ["a/1", "└─ x: 1"]

    with_agent(tmp_path, scenario)


def test_order_of_mixed_values() -> None:
    values = [None, "b", 2, True, "a", 10, 2.5]
    lists = [((1, 0), {"objects": [{"id": i, "v": value} for i, value in enumerate(values)]})]
    assert [row["v"] for _, row in sorted_objects(lists, "v")] == [10, 2.5, 2, "a", "b", True, None]
    assert [row["v"] for _, row in sorted_objects(lists, None)] == values


def test_notes_name_the_thread_where_there_are_several() -> None:
    answers: list[tuple[tuple[int, int], dict[str, Any]]] = [
        ((1, 0), {"truncated": True, "objects": [{}], "total": 5000, "cut": {"odd": 1}}),
        ((1, 2), {"truncated": False, "failed": {"total": 2, "first": [{"id": 0, "type": "t"}]}}),
    ]
    assert limit_notes(answers, "job") == ["thread 0: job: 1 of 5,000 shown; --limit N shows more"]
    assert cut_notes(answers) == ["thread 0: values are cut: 1 odd"]
    assert failed_notes(answers) == [
        "thread 2: a callback of the application threw: t/0: None, and 1 more"
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sort", "x"], "--sort needs a table: nodeobs state TYPE --sort …"),
        (["-c", "x", "a/b"], "-c needs a table: nodeobs state TYPE -c …"),
        (["--stuck", "a", "b"], "'a' is not a duration"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["state", *arguments]) == 2
    assert message in capsys.readouterr().err
