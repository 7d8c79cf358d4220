"""Asking many agents at once with plain sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.fake_agent import GREETING, FakeAgent
from tests.py.test_cli import process

from nodeobs.bus.roll_call import roll_call
from nodeobs.cli import ps
from nodeobs.discovery.processes import Endpoint
from nodeobs.reports.processes import AgentReport

if TYPE_CHECKING:
    from pathlib import Path


def call(*endpoints: Endpoint, seconds: float = 5.0) -> dict[Endpoint, Any]:
    return roll_call(endpoints, client="test", seconds=seconds)


def test_all_are_asked_at_once_and_the_stuck_are_left_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        paths = [tmp_path / f"{number}.sock" for number in (1, 2, 3)]
        endpoints = [Endpoint(number, 0, str(path), 0) for number, path in enumerate(paths)]
        async with FakeAgent(paths[0]) as first, FakeAgent(paths[1]), FakeAgent(paths[2]) as stuck:
            stuck.running.clear()
            # Long answers come in frames of the long kind and in several pieces.
            first.answers["hello"] = lambda request: {"v": 1, "agent": "x" * 300_000}
            answers = await asyncio.to_thread(call, *endpoints, seconds=0.5)
            assert len(answers[endpoints[0]]["ok"]["agent"]) == 300_000
            assert answers[endpoints[1]]["ok"]["agent"] == "0.1.0"
            assert endpoints[2] not in answers
            assert first.requests == [{"id": 1, "op": "hello", "versions": [1], "client": "test"}]
            stuck.running.set()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        GREETING,
        b"\xff" * 200,
        GREETING + b"\x00\x02{]",
        GREETING + b"\x00\x02[]",
        GREETING + b"\x02" + b"\xff" * 8 + b"x" * 100,
    ],
)
def test_garbage_is_no_answer(tmp_path: Path, sent: bytes) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "1.sock"))
    listener.listen()

    async def scenario() -> None:
        calling = asyncio.create_task(
            asyncio.to_thread(call, Endpoint(1, 0, str(tmp_path / "1.sock"), 0))
        )
        connection, _ = await asyncio.to_thread(listener.accept)
        connection.sendall(sent)
        connection.close()
        assert await calling == {}

    asyncio.run(scenario())
    listener.close()


def test_nobody_there(tmp_path: Path) -> None:
    assert call(Endpoint(1, 0, str(tmp_path / "absent.sock"), 0)) == {}
    assert call(Endpoint(1, 0, str(tmp_path / ("d" * 200) / "absent.sock"), 0)) == {}


def test_path_longer_than_an_address_holds(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 100)
    directory.mkdir()
    here = os.open(directory, os.O_PATH)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"/proc/self/fd/{here}/1.sock")

    async def scenario() -> None:
        agent = FakeAgent(tmp_path / "unused.sock")
        server = await asyncio.start_unix_server(agent._serve, sock=listener)
        endpoint = Endpoint(1, 0, str(directory / "1.sock"), 0)
        answers = await asyncio.to_thread(call, endpoint)
        assert answers[endpoint]["ok"]["agent"] == "0.1.0"
        server.close()

    asyncio.run(scenario())
    os.close(here)


@pytest.mark.parametrize(
    ("answer", "column"),
    [
        ({"id": 1, "ok": {"v": 1, "agent": "0.1.0"}}, "0.1.0"),
        ({"id": 1, "ok": {"v": 2, "agent": "9.0.0"}}, "v2 (unknown)"),
        ({"id": 1, "error": {"code": "version", "versions": [2, 3]}}, "v3 (unknown)"),
        ({"id": 1, "error": {"code": "failed"}}, "no answer"),
        ({"id": 1}, "no answer"),
        (None, "no answer"),
    ],
)
def test_column_agent(answer: Any, column: str) -> None:
    report = ps._agent(process(1), answer)
    assert isinstance(report, AgentReport)
    assert report.column == column


def test_the_process_knows_better() -> None:
    found = process(1)
    hello = {"v": 1, "agent": "0.1.0", "node": "v24.1.0", "app": {"name": "real", "version": "2"}}
    ps._agent(found, {"ok": hello})
    assert (found.node_version, found.app) == ("24.1.0", "real@2")
