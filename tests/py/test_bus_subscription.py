"""The subscription side of the client against a fake agent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.py.fake_agent import FakeAgent, header

from nodeobs.bus.subscription import Subscription

if TYPE_CHECKING:
    from pathlib import Path

    from nodeobs.bus.protocol import Batch, DecodeError


def test_batches_arrive_in_order_and_end_with_the_agent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            subscription = Subscription(str(agent.path), 71, 3, ["log.30.", "agent"])
            peer = await agent.subscribed("log.30.")
            # More than fits into the queue of libzmq, read by nobody until the agent is gone.
            for seq in range(1000):
                peer.send(b"log.30.api", header(seq), b'{"seq":%d}\n' % seq)
                if seq % 100 == 0:
                    await peer.drain()
                    await asyncio.sleep(0)
            peer.writer.close()
            records = []
            async for batch in subscription:
                assert (batch.pid, batch.tid, batch.kind) == (71, 3, "log")
                records += batch.records()
            assert [record["seq"] for record in records] == list(range(1000))
            assert subscription.gone
            assert subscription.counts.batches == subscription.counts.records == 1000
            subscription.close()

    asyncio.run(scenario())


def test_what_cannot_be_read_is_counted_and_told_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        problems: list[DecodeError] = []
        async with FakeAgent(tmp_path / "1.sock") as agent:
            subscription = Subscription(
                str(agent.path), 71, 0, ["log."], on_problem=problems.append
            )
            peer = await agent.subscribed("log.")
            for frames in (
                (b"log.30.a", b"{}"),
                (b"log.30.a", b"\xff\xfe", b"{}\n"),
                (b"log.30.a", b"[]", b"{}\n"),
                (b"log.30.a", header(v=2), b"\x00\x01"),
                (b"log.30.a", header(v=True), b"{}\n"),
                (b"log.30.a", header(-1), b"{}\n"),
                (b"log.30.a", header(runs=[0, 2]), b"{}\n"),
                (b"log.30.a", header(runs=[0]), b"{}\n"),
                (b"log.30.a", header(7), b'{"good":1}\n'),
            ):
                peer.send(*frames)
            batches: list[Batch] = []
            async for batch in subscription:
                batches.append(batch)
                subscription.close()
            assert [batch.seq for batch in batches] == [7]
            assert subscription.counts.decode_errors == 8
            assert [problem.version for problem in problems] == [None, 2]

    asyncio.run(scenario())


def test_drops_are_counted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            subscription = Subscription(str(agent.path), 71, 0, ["probe."])
            peer = await agent.subscribed("probe.")
            peer.send(b"probe.a.b", header(0, 2), b"{}\n{}\n")
            peer.send(b"probe.a.b", header(10, 0, 8), b"")
            peer.writer.close()
            seen = [(batch.seq, batch.count, batch.dropped) async for batch in subscription]
            assert seen == [(0, 2, 0), (10, 0, 8)]
            assert (subscription.counts.records, subscription.counts.dropped) == (2, 8)
            subscription.close()

    asyncio.run(scenario())


def test_close_takes_the_subscription_off(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FakeAgent(tmp_path / "1.sock") as agent:
            subscription = Subscription(str(agent.path), 71, 0, ["log.10."])
            await agent.subscribed("log.10.")
            reading = asyncio.ensure_future(anext(aiter(subscription), None))
            await asyncio.sleep(0)
            subscription.close()
            assert await reading is None
            await agent.until(lambda: not agent.peers)

    asyncio.run(scenario())
