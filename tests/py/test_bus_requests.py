"""The request side of the client against a fake agent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.py.fake_agent import Answer, FakeAgent

from nodeobs.bus import requests as requests_module
from nodeobs.bus.requests import Requests
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from pathlib import Path


def test_answers_come_back_to_their_requests(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.answers["echo"] = lambda request: request["value"]
            requests = Requests(str(agent.path))
            answers = await asyncio.gather(
                *(requests.request("echo", value=number) for number in range(50))
            )
            assert answers == list(range(50))
            assert requests.outstanding == 0
            requests.close()

    asyncio.run(scenario())


def test_hello_negotiates(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            requests = Requests(str(agent.path))
            assert (await requests.hello("nodeobs test[1]"))["agent"] == "0.1.0"
            assert agent.requests == [
                {"id": 1, "op": "hello", "versions": [1], "client": "nodeobs test[1]"}
            ]
            requests.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            {"error": {"code": "version", "message": "no", "versions": [2, 3]}},
            "the agent speaks protocol version 2, 3, this nodeobs 1",
        ),
        ({"v": 2}, "the agent speaks protocol version 2, this nodeobs 1"),
    ],
)
def test_unknown_version(tmp_path: Path, answer: object, message: str) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.answers["hello"] = lambda request: answer
            requests = Requests(str(agent.path))
            with pytest.raises(NodeobsError) as raised:
                await requests.hello("test")
            assert (raised.value.code, raised.value.message) == ("version", message)
            assert raised.value.hint == "install the same release of nodeobs on both sides"
            requests.close()

    asyncio.run(scenario())


def test_error_with_candidates_becomes_a_question(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.answers["state.list"] = lambda request: {
                "error": {
                    "code": "not_found",
                    "message": 'no type "loger"',
                    "candidates": ["logger", "queue"],
                }
            }
            requests = Requests(str(agent.path))
            with pytest.raises(NodeobsError) as raised:
                await requests.request("state.list", type="loger")
            assert raised.value.code == "not_found"
            assert raised.value.hint == "did you mean logger or queue?"
            requests.close()

    asyncio.run(scenario())


def test_stuck_loop_is_told_once_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "STUCK_AFTER", 0.05)

    async def scenario() -> None:
        told: list[str] = []
        stuck = asyncio.Event()

        def on_stuck(since: float) -> None:
            told.append("stuck")
            stuck.set()

        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.running.clear()
            requests = Requests(
                str(agent.path),
                on_stuck=on_stuck,
                on_recovered=lambda after: told.append("recovered" if after > 0.05 else "early"),
            )
            asking = asyncio.gather(requests.request("ping"), requests.request("ping"))
            await stuck.wait()
            assert requests.stuck_since is not None
            agent.running.set()
            await asking
            assert told == ["stuck", "recovered"]
            assert requests.stuck_since is None
            requests.close()

    asyncio.run(scenario())


def test_agent_that_goes_away_fails_what_is_outstanding(tmp_path: Path) -> None:
    async def scenario() -> None:
        gone = asyncio.Event()
        async with FakeAgent(tmp_path / "1.sock") as agent:
            requests = Requests(str(agent.path), on_gone=gone.set)
            await requests.request("ping")

            def hang_up(request: object) -> bytes:
                agent.peers[0].writer.close()
                return b""

            agent.answers["ping"] = hang_up
            with pytest.raises(NodeobsError) as raised:
                await requests.request("ping")
            assert raised.value.code == "gone"
            await gone.wait()
            with pytest.raises(NodeobsError):
                await requests.request("ping")
            requests.close()

    asyncio.run(scenario())


def test_nobody_listening_is_gone_not_a_hang(tmp_path: Path) -> None:
    async def scenario() -> None:
        requests = Requests(str(tmp_path / "absent.sock"))
        with pytest.raises(NodeobsError) as raised:
            await requests.request("ping")
        assert raised.value.code == "gone"
        requests.close()

    asyncio.run(scenario())


def says(answer: bytes) -> Answer:
    return lambda request: answer


def test_answers_that_cannot_be_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            requests = Requests(str(agent.path))
            for count, garbage in enumerate((b"\xff\x00{", b"[1]", b"", b"[" * 100_000, b"{}"), 1):
                agent.answers["garbage"] = says(garbage)
                with pytest.raises(NodeobsError) as raised:
                    await requests.request("garbage")
                assert raised.value.code == "bad_answer"
                assert requests.decode_errors == count
            agent.answers["empty"] = lambda request: b'{"id":%d}' % request["id"]
            with pytest.raises(NodeobsError) as raised:
                await requests.request("empty")
            assert raised.value.code == "bad_answer"
            # Nobody's answer, and then the right one.
            agent.answers["late"] = lambda request: b'{"id":99,"ok":1}'
            late = asyncio.ensure_future(requests.request("late"))
            await asyncio.sleep(0)
            assert await requests.request("ping")
            late.cancel()
            assert requests.decode_errors == 6
            requests.close()

    asyncio.run(scenario())


def test_half_a_character_in_an_answer(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.answers["odd"] = lambda request: b'{"id":%d,"ok":"\\ud800"}' % request["id"]
            requests = Requests(str(agent.path))
            assert await requests.request("odd") == "\ud800"
            requests.close()

    asyncio.run(scenario())


def test_path_longer_than_an_address_holds(tmp_path: Path) -> None:
    import os
    import socket

    directory = tmp_path / ("d" * 100)
    directory.mkdir()
    assert len(str(directory / "1.sock")) > 107
    # Bound the way such a socket comes about: from inside another root, or relatively.
    here = os.open(directory, os.O_PATH)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"/proc/self/fd/{here}/1.sock")

    async def scenario() -> None:
        agent = FakeAgent(tmp_path / "unused.sock")
        server = await asyncio.start_unix_server(agent._serve, sock=listener)
        requests = Requests(str(directory / "1.sock"))
        assert await requests.request("ping")
        requests.close()
        server.close()

    asyncio.run(scenario())
    os.close(here)
