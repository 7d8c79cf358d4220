"""The state browser over attached processes: fake agents, and a real one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.fake_agent import FakeAgent
from tests.py.fake_state import press, type_in, until
from tests.py.real_app import running_app
from tests.py.test_process import node_process
from tests.system.conftest import Child, Fifo

from nodeobs import attachment
from nodeobs.browser import last_answers
from nodeobs.browser.app import Browser
from nodeobs.browser.last_answers import LastAnswers
from nodeobs.browser.live import LiveSource
from nodeobs.browser.source import CommandSource, PlacesSource, PlaceState, StuckSource
from nodeobs.bus import requests as requests_module
from nodeobs.discovery.processes import find
from nodeobs.errors import NodeobsError
from nodeobs.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A second process to stand for, until its stdin is closed."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.communicate(b"\n")


def keep(agent: FakeAgent, length: int, fields: tuple[str, ...] = ("length",)) -> None:
    """Have an agent answer as if it had one queue."""
    agent.answers["state.types"] = lambda request: {
        "types": [{"type": "queue", "count": 1, "fields": list(fields)}]
    }
    agent.answers["state.list"] = lambda request: {
        "type": "queue",
        "fields": list(fields),
        "objects": [{"id": "jobs", "length": length}],
        "total": 1,
        "truncated": False,
    }
    agent.answers["state.get"] = lambda request: (
        {"object": {"length": length}}
        if request["object"] == "jobs"
        else {"error": {"code": "not_found", "message": "no such object", "hint": "look"}}
    )


def pending_for(ms: int) -> Callable[[dict[str, Any]], Any]:
    entry = {"kind": "task", "type": "flow", "id": "1", "name": "x", "age_ms": ms}
    return lambda request: {"stuck": [entry]}


async def becomes(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of what is watched nobody tells
        await asyncio.sleep(0.005)


def lengths(page: Any) -> dict[str, Any]:
    return {row.place: row.values["length"] for row in page.rows}


def test_several_processes_and_threads_are_one_source(
    tmp_path: Path, other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask_stuck(self: Process, **asked: Any) -> Any:
        return await self.request("state.stuck", tid=asked.pop("tid"), **asked)

    monkeypatch.setattr(Process, "state_stuck", ask_stuck, raising=False)
    me = os.getpid()

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as main,
            FakeAgent(tmp_path / "1.1.sock") as worker,
            FakeAgent(tmp_path / "2.sock", pid=other.pid) as second,
        ):
            for length, agent in enumerate((main, worker, second)):
                keep(agent, length)
                agent.answers["state.stuck"] = pending_for(length)
            targets = [
                node_process(me, main.path, worker.path),
                node_process(other.pid, second.path),
            ]
            async with LiveSource(targets, ["-p", "a b"]) as source:
                assert isinstance(source, StuckSource)
                assert isinstance(source, CommandSource)
                assert isinstance(source, PlacesSource)
                assert source.title == "2 processes"
                assert [(row.name, row.count) for row in await source.types()] == [("queue", 3)]
                places = [str(me), f"{me}/1", str(other.pid)]
                page = await source.objects("queue", limit=7)
                assert lengths(page) == {place: index for index, place in enumerate(places)}
                assert second.requests[-1]["limit"] == 7
                for index, place in enumerate(places):
                    assert await source.get("queue", "jobs", place) == {"length": index}
                assert (await source.get("queue", "jobs", ""))["length"] in (0, 1, 2)
                with pytest.raises(NodeobsError, match="no such object"):
                    await source.get("queue", "nothing", "")
                stuck = await source.stuck(5.0)
                assert [(row.place, row.age_ms) for row in stuck.rows] == [
                    *zip(places[::-1], (2, 1, 0), strict=True)
                ]
                assert main.requests[-1]["older_ms"] == 5000
                assert source.command("queue", "a b") == "nodeobs state -p 'a b' 'queue/a b'"
                assert source.command("-x", None) == "nodeobs state -p 'a b' -- -x"
                assert source.object_command("queue", "jobs", f"{me}/1") == (
                    f"nodeobs state -p {me} queue/jobs"
                )
                assert source.stuck_command(5.0) == "nodeobs state -p 'a b' --stuck 5s"
                assert source.table_command("q", "a > 1", "b") == (
                    "nodeobs state -p 'a b' -c 'a > 1' --sort b q"
                )
                assert [state.ended for state in source.places()] == [None, None]

    asyncio.run(scenario())


def test_one_that_is_stuck_delays_nobody_and_is_asked_once(
    tmp_path: Path, other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "STUCK_AFTER", 0.05)
    monkeypatch.setattr(last_answers, "PATIENCE", 0.02)

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as good,
            FakeAgent(tmp_path / "2.sock", pid=other.pid) as bad,
        ):
            keep(good, 1)
            keep(bad, 2)
            me, its = str(os.getpid()), str(other.pid)
            targets = [node_process(os.getpid(), good.path), node_process(other.pid, bad.path)]
            async with LiveSource(targets) as source:
                assert lengths(await source.objects("queue", limit=1)) == {me: 1, its: 2}
                bad.running.clear()
                keep(good, 3)
                keep(bad, 4)
                for _ in range(20):
                    assert lengths(await source.objects("queue", limit=1)) == {me: 3, its: 2}
                await becomes(lambda: source.places()[1].silent_for is not None)
                # What it has never answered is not waited for.
                assert await source.get("queue", "jobs", me) == {"length": 3}
                assert [row.count for row in await source.types()] == [1]
                bad.running.set()
                await becomes(lambda: source.places()[1].silent_for is None)
                assert lengths(await source.objects("queue", limit=1)) == {me: 3, its: 4}
                asked = [request for request in bad.requests if request["op"] == "state.list"]
                assert len(asked) <= 4
                assert [state.silent_for for state in source.places()] == [None, None]
                assert any("answers again" in notice for notice in source.notices())
                assert source.notices() == []

    asyncio.run(scenario())


def test_the_last_picture_of_one_that_ends_stays(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as good,
            FakeAgent(tmp_path / "2.sock", pid=child.pid) as bad,
        ):
            keep(good, 1)
            keep(bad, 2)
            me, its = str(os.getpid()), str(child.pid)
            targets = [node_process(os.getpid(), good.path), node_process(child.pid, bad.path)]
            async with LiveSource(targets) as source:
                await source.objects("queue", limit=1)
                await source.get("queue", "jobs", its)
                child.communicate(b"\n")
                await becomes(lambda: source.places()[1].ended is not None)
                keep(good, 3)
                assert lengths(await source.objects("queue", limit=1)) == {me: 3, its: 2}
                assert await source.get("queue", "jobs", its) == {"length": 2}
                # What was never seen of it cannot be.
                with pytest.raises(NodeobsError) as raised:
                    await source.get("queue", "unseen", its)
                assert raised.value.code == "ended"
                ended = "ended without a goodbye (killed or crashed)"
                assert source.places()[1] == PlaceState(its, f"{its} (server.js)", ended)

    asyncio.run(scenario())


def test_one_that_cannot_be_attached_is_told_of_and_left_out(
    tmp_path: Path, other: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as good,
            FakeAgent(tmp_path / "2.sock", pid=other.pid) as bad,
        ):
            keep(good, 1)
            bad.answers["hello"] = lambda request: {"v": 99}
            alone = [node_process(other.pid, bad.path)]
            async with LiveSource([node_process(os.getpid(), good.path), *alone]) as source:
                assert lengths(await source.objects("queue", limit=1)) == {str(os.getpid()): 1}
            assert "the agent speaks protocol version 99" in capsys.readouterr().err
            with pytest.raises(NodeobsError, match="the agent speaks protocol version 99"):
                async with LiveSource(alone):
                    raise AssertionError
            assert capsys.readouterr().err == ""

    asyncio.run(scenario())


def test_one_that_does_not_answer_at_the_start_joins_later(
    tmp_path: Path, other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nodeobs.browser.live._OTHERS", 0.01)

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as good,
            FakeAgent(tmp_path / "2.sock", pid=other.pid) as late,
        ):
            keep(good, 1)
            keep(late, 2)
            late.running.clear()
            targets = [node_process(os.getpid(), good.path), node_process(other.pid, late.path)]
            async with LiveSource(targets) as source:
                assert len((await source.objects("queue", limit=1)).rows) == 1
                late.running.set()
                await becomes(lambda: len(source.places()) == 2)
                assert len((await source.objects("queue", limit=1)).rows) == 2

    asyncio.run(scenario())


def test_a_mistake_in_asking_is_not_hidden() -> None:
    async def scenario() -> None:
        async def fail() -> None:
            raise ZeroDivisionError

        answers = LastAnswers()
        with pytest.raises(ZeroDivisionError):
            await answers.ask("key", {"1": fail}, stays=lambda _: False, is_slow=lambda _: False)
        with pytest.raises(NodeobsError) as raised:
            await answers.ask("key", {}, stays=lambda _: False, is_slow=lambda _: False)
        assert raised.value.code == "ended"

    asyncio.run(scenario())


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Child]:
    with running_app({**os.environ, "NODEOBS_RUNTIME_DIR": str(tmp_path / "run")}) as child:
        yield child


def test_two_browsers_in_a_real_process(
    app: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "STUCK_AFTER", 0.1)
    monkeypatch.setattr(attachment, "_LOOK_EVERY", 0.05)
    fifo = Fifo(tmp_path / "fifo")
    label = f"{app.pid} (app.js)"
    met = asyncio.Barrier(2)

    async def look(first: bool) -> None:
        async with LiveSource(find(str(app.pid)), ["-p", str(app.pid)]) as source:
            browser = Browser(source, interval=0.05)
            async with browser.run_test(size=(80, 24)) as pilot:
                await visit(pilot, first)

    async def visit(pilot: Pilot[int], first: bool) -> None:
        assert label in (await until(pilot, "queue"))[0]
        await press(pilot, ":")
        await type_in(pilot, "queue/jobs")
        lines = await press(pilot, "enter")
        lines = await until(pilot, "retries")
        assert "  length: 3" in lines
        assert lines[-2] == f" $ nodeobs state -p {app.pid} queue/jobs"
        await press(pilot, "escape")
        await until(pilot, "TYPE")
        await met.wait()
        if first:
            await asyncio.to_thread(fifo.block, app)
        await until(pilot, f"{label} is not answering for")
        # The keys work meanwhile.
        await press(pilot, "?")
        await until(pilot, "this help")
        await press(pilot, "escape")
        await met.wait()
        if first:
            fifo.release()
        await until(pilot, "event loop answers again")
        await met.wait()
        if first:
            app.tell("exit 3")
        lines = await until(pilot, f"{label} exited with code 3; the last picture stays")
        assert any(line.startswith("queue ") for line in lines)
        assert lines[0].endswith("ended")

    async def both() -> None:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(look(first=True))
            group.create_task(look(first=False))

    asyncio.run(both())
    assert app.wait() == 3


def test_threads_come_and_go(app: Child) -> None:
    async def scenario() -> None:
        async with (
            asyncio.timeout(60),
            LiveSource(find(str(app.pid)), ["-p", str(app.pid)]) as source,
        ):
            browser = Browser(source, interval=0.05, at="queue")
            async with browser.run_test(size=(80, 24)) as pilot:
                await until(pilot, "jobs")
                await asyncio.to_thread(app.do, "worker")
                lines = await until(pilot, f"{app.pid}/1")
                assert [line.split()[:2] for line in lines[1:4]] == [
                    ["PLACE", "ID"],
                    [str(app.pid), "jobs"],
                    [f"{app.pid}/1", "jobs"],
                ]
                await press(pilot, "j", "enter")
                await until(pilot, f"queue/jobs in {app.pid}/1")
                await asyncio.to_thread(app.do, "end-worker")
                await until(pilot, "has ended before it could answer this")
                await press(pilot, "escape")
                lines = await until(pilot, "STATE")
                while lines[1].startswith("PLACE"):
                    await pilot.pause(0.01)
                    lines = await press(pilot)

    asyncio.run(scenario())
