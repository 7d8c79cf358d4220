"""A server to fetch from that misbehaves on demand, byte by byte."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import orjson

from nodeobs.kang.address import Address

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

CERTIFICATE = Path(__file__).parents[1] / "fixtures" / "localhost.pem"


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def status(code: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {code} Of Course", *headers, "", ""]).encode()


def snapshot(ident: str = "one", **types: Any) -> dict[str, Any]:
    return {
        "service": {"name": "svc", "ident": ident, "version": "1.2.3"},
        "stats": {"started": "2026-01-01T00:00:00.000Z", "memory": {"rss": 1}},
        "types": [*types],
        **types,
    }


class FakeServer:
    """`async with FakeServer(answers) as server`; `answers` maps a path to what is sent."""

    def __init__(self, answers: dict[str, Any], *, tls: bool = False) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        self._tls = tls

    async def __aenter__(self) -> Self:
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def address(self, path: str = "/kang/snapshot", scheme: str = "http") -> Address:
        host = "localhost" if self._tls else "127.0.0.1"
        return Address(scheme, host, self.port, path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            request = await reader.readexactly(1)
            if request == b"\x16":  # a TLS handshake, which is no request
                writer.write(status(400))
                await writer.drain()
            else:
                request += await reader.readuntil(b"\r\n\r\n")
                await self._answer(request, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        answer = self.answers.get(request.split()[1].decode(), status(404))
        if isinstance(answer, dict):
            answer = ok(orjson.dumps(answer))
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(writer)
