"""A small agent to test the client against: ZMTP 3.1 on a unix socket, misbehaving on demand."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Self

import orjson

if TYPE_CHECKING:
    from pathlib import Path

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
Answer = Callable[[dict[str, Any]], Any]


def header(seq: int = 0, count: int = 1, dropped: int = 0, **more: Any) -> bytes:
    return orjson.dumps({"v": 1, "seq": seq, "n": count, "dropped": dropped, "at": seq, **more})


class Peer:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.type = ""
        self.subscriptions: list[str] = []

    def send(self, *frames: bytes) -> None:
        for index, frame in enumerate(frames):
            flags = 1 if index < len(frames) - 1 else 0
            self.writer.write(_frame(flags, frame))

    async def drain(self) -> None:
        await self.writer.drain()


class FakeAgent:
    """`async with FakeAgent(path) as agent`. `answers` maps an op to what computes its answer.

    While `stuck` is set nothing is read or written, like an event loop that hangs.
    """

    def __init__(self, path: Path, *, pid: int | None = None) -> None:
        self.path = path
        self.pid = pid or os.getpid()
        self.peers: list[Peer] = []
        self.requests: list[dict[str, Any]] = []
        self.running = asyncio.Event()
        self.running.set()
        self.changed = asyncio.Condition()
        self.answers: dict[str, Answer] = {
            "hello": lambda request: {
                "v": 1,
                "versions": [1],
                "agent": "0.1.0",
                "pid": self.pid,
                "tid": 0,
                "node": "20.0.0",
                "main": "/srv/server.js",
                "app": {"name": "fake", "version": "1"},
            },
            "ping": lambda request: {"time": "2026-01-01T00:00:00.000Z"},
        }

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for peer in self.peers:
            peer.writer.close()
        self.path.unlink(missing_ok=True)

    @property
    def subscribers(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.type == "SUB"]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for an event of the agent after which `condition` holds."""
        async with self.changed:
            await self.changed.wait_for(lambda: bool(condition()))

    async def subscribed(self, prefix: str) -> Peer:
        await self.until(lambda: any(prefix in peer.subscriptions for peer in self.subscribers))
        return next(peer for peer in self.subscribers if prefix in peer.subscriptions)

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.running.wait()
        peer = Peer(writer)
        self.peers.append(peer)
        try:
            writer.write(GREETING)
            await reader.readexactly(64)
            while True:
                flags, body = await _read_frame(reader)
                await self.running.wait()
                await self._handle(peer, flags, body)
                await self._note()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.peers.remove(peer)
            await self._note()

    async def _handle(self, peer: Peer, flags: int, body: bytes) -> None:
        if flags & 4:
            name, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
            if name == b"READY":
                peer.type = _property(rest, b"Socket-Type").decode()
                ours = b"XPUB" if peer.type == "SUB" else b"ROUTER"
                peer.writer.write(_frame(4, b"\x05READY" + _pair(b"Socket-Type", ours)))
            elif name == b"SUBSCRIBE":
                peer.subscriptions.append(rest.decode())
            elif name == b"CANCEL":
                peer.subscriptions.remove(rest.decode())
        elif peer.type == "SUB":
            if body[0] == 1:
                peer.subscriptions.append(body[1:].decode())
            else:
                peer.subscriptions.remove(body[1:].decode())
        else:
            await self._answer(peer, orjson.loads(body))

    async def _answer(self, peer: Peer, request: dict[str, Any]) -> None:
        self.requests.append(request)
        answer = self.answers.get(request["op"])
        if answer is None:
            result: Any = {"error": {"code": "unknown_op", "message": f"no op {request['op']}"}}
        else:
            result = answer(request)
            if isinstance(result, Awaitable):
                result = await result
            if isinstance(result, bytes):
                peer.send(result)
                return
            if not (isinstance(result, dict) and "error" in result):
                result = {"ok": result}
        peer.send(orjson.dumps({"id": request["id"], **result}))


def _frame(flags: int, body: bytes) -> bytes:
    if len(body) > 255:
        return bytes([flags | 2]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


async def _read_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    flags = (await reader.readexactly(1))[0]
    size = await reader.readexactly(8 if flags & 2 else 1)
    return flags, await reader.readexactly(int.from_bytes(size, "big"))


def _pair(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value


def _property(properties: bytes, name: bytes) -> bytes:
    start = properties.index(name) + len(name)
    (size,) = struct.unpack_from(">I", properties, start)
    return properties[start + 4 : start + 4 + size]
