"""An attached process, with fake agents in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from tests.py.fake_agent import FakeAgent, header

import nodeobs
from nodeobs import attachment
from nodeobs.bus import requests as requests_module
from nodeobs.discovery.processes import PRESENT, Endpoint, NodeProcess
from nodeobs.discovery.procfs import PROC
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from pathlib import Path


def node_process(pid: int, *paths: Path) -> NodeProcess:
    return NodeProcess(
        pid=pid,
        user="me",
        uid=os.geteuid(),
        node_version=None,
        uptime=1.0,
        cpu_percent=0.0,
        rss=0,
        app=None,
        command="node server.js",
        start_time=PROC.start_time(pid) or 0,
        script="server.js",
        endpoints=[Endpoint(pid, tid, str(path), 0) for tid, path in enumerate(paths)],
        agent_state=PRESENT,
    )


def record(**fields: Any) -> bytes:
    return orjson.dumps(fields) + b"\n"


def test_logs_of_one_logger_from_a_level_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as agent,
            nodeobs.attach(node_process(os.getpid(), agent.path), verb="test") as process,
        ):
            assert process.hello["agent"] == "0.1.0"
            records = process.logs("35", "api")
            first = asyncio.ensure_future(anext(aiter(records)))
            peer = await agent.subscribed("log.30.api")
            assert set(peer.subscriptions) == {
                "agent",
                f"agent.name.nodeobs test[{os.getpid()}]",
                "log.30.api",
                "log.40.api",
                "log.50.api",
                "log.60.api",
            }
            peer.send(b"log.30.api", header(0), record(name="api", level=30))
            peer.send(b"log.30.apicot", header(0), record(name="apicot", level=40))
            peer.send(b"log.40.api", header(0, 2), b"no json\n" + record(name="api", level=40))
            assert await first == {"name": "api", "level": 40}
            assert process.decode_errors == 1
            await records.aclose()
            await agent.until(lambda: not agent.subscribers)

    asyncio.run(scenario())


def test_threads_are_merged_and_asked_apart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as main,
            FakeAgent(tmp_path / "1.1.sock") as worker,
            nodeobs.attach(node_process(os.getpid(), main.path, worker.path)) as process,
        ):
            assert process.threads == [0, 1]
            worker.answers["stats"] = lambda request: {"who": "worker"}
            assert await process.stats(tid=1) == {"who": "worker"}
            with pytest.raises(NodeobsError) as raised:
                await process.stats(tid=7)
            assert raised.value.code == "no_thread"
            batches = process.batches(["probe."])
            first = asyncio.ensure_future(anext(aiter(batches)))
            for agent, topic in ((main, b"probe.a.main"), (worker, b"probe.a.worker")):
                (await agent.subscribed("probe.")).send(topic, header(0), b"{}\n")
            both = [await first, await anext(aiter(batches))]
            assert {(batch.tid, batch.topic) for batch in both} == {
                (0, "probe.a.main"),
                (1, "probe.a.worker"),
            }
            await batches.aclose()

    asyncio.run(scenario())


def test_stuck_loop_is_told_within_two_seconds_of_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "STUCK_AFTER", 0.05)
    monkeypatch.setattr(attachment, "_LOOK_EVERY", 0.02)
    notices: list[str] = []
    told = asyncio.Event()

    def notice(text: str) -> None:
        notices.append(text)
        told.set()

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as agent,
            nodeobs.attach(node_process(os.getpid(), agent.path), notice=notice) as process,
        ):
            assert process.stuck_since is None
            agent.running.clear()
            await told.wait()
            assert process.stuck_since is not None
            told.clear()
            agent.running.set()
            await told.wait()
        assert notices[0].startswith(
            f"{os.getpid()} (server.js): event loop has not answered since "
        )
        assert notices[0].endswith("waiting, Ctrl-C to stop")
        assert "event loop answers again, after" in notices[1]

    asyncio.run(scenario())


def test_end_is_told_with_exit_code_and_nothing_is_lost(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as agent,
            nodeobs.attach(node_process(child.pid, agent.path)) as process,
        ):
            seen = []
            batches = process.batches(["log."])
            first = asyncio.ensure_future(anext(aiter(batches)))
            peer = await agent.subscribed("log.")
            for seq in range(200):
                peer.send(b"log.30.a", header(seq), record(seq=seq))
            peer.send(b"agent", header(0), record(event="exit", code=3))
            child.communicate(b"\n")
            for other in list(agent.peers):
                other.writer.close()
            seen.append(await first)
            seen += [batch async for batch in batches]
            assert [batch.seq for batch in seen if batch.kind == "log"] == list(range(200))
            assert str(await process.wait_ended()) == "exited with code 3"
            with pytest.raises(NodeobsError) as raised:
                await process.stats()
            assert raised.value.message == f"{child.pid} (server.js) exited with code 3"

    asyncio.run(scenario())


def test_killed_process_has_no_goodbye(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as agent,
            nodeobs.attach(node_process(child.pid, agent.path)) as process,
        ):
            reading = asyncio.ensure_future(anext(aiter(process.batches(["log."])), None))
            await agent.subscribed("log.")
            child.send_signal(signal.SIGKILL)
            child.communicate()
            for peer in list(agent.peers):
                peer.writer.close()
            assert await reading is None
            assert (await process.wait_ended()).reason == "killed"

    asyncio.run(scenario())


def test_agent_that_stops_alone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            FakeAgent(tmp_path / "1.sock") as agent,
            nodeobs.attach(node_process(os.getpid(), agent.path)) as process,
        ):
            batches = process.batches(["log."])
            reading = asyncio.ensure_future(anext(aiter(batches)))
            peer = await agent.subscribed("log.")
            peer.send(b"agent", header(0), record(event="stopped", reason="asked to"))
            assert (await reading).kind == "agent"
            for other in list(agent.peers):
                other.writer.close()
            assert [batch async for batch in batches] == []
            assert str(await process.wait_ended()) == "switched its agent off: asked to"

    asyncio.run(scenario())


def test_a_consumer_that_leaves_does_not_hang_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            async with nodeobs.attach(node_process(os.getpid(), agent.path)) as process:
                batches = process.batches(["log."])
                reading = asyncio.ensure_future(anext(aiter(batches)))
                peer = await agent.subscribed("log.")
                for seq in range(500):
                    peer.send(b"log.30.a", header(seq), record(seq=seq))
                await reading
            assert process.ended is not None
            assert process.ended.reason == "detached"
            await agent.until(lambda: not agent.peers)

    asyncio.run(scenario())


def test_unknown_version_names_the_process(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            agent.answers["hello"] = lambda request: {"v": 9}
            with pytest.raises(NodeobsError) as raised:
                async with nodeobs.attach(node_process(os.getpid(), agent.path)):
                    pass
            assert raised.value.code == "version"
            assert raised.value.message.startswith(f"{os.getpid()} (server.js): ")

    asyncio.run(scenario())


def test_discover_stays_a_function_whatever_is_imported_first() -> None:
    code = "import nodeobs.discovery, nodeobs, nodeobs.process; assert callable(nodeobs.discover)"
    subprocess.run([sys.executable, "-c", code], check=True)
