"""Asking many agents at once who they are, with plain sockets.

`nodeobs ps` is started often and must answer at once: importing libzmq and asyncio takes longer
than all the answers. So this is the little of ZMTP 3.1 (ZeroMQ RFC 37) that one request needs.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.processes import Endpoint

_VERSIONS = (1,)
_MORE, _LONG, _COMMAND = 1, 2, 4
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = b"\x04\x1c\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
_MAX_ANSWER = 4 << 20
_SUN_PATH = 107


class _Call:
    def __init__(self, endpoint: Endpoint, connection: socket.socket) -> None:
        self.endpoint = endpoint
        self.socket = connection
        self.received = bytearray()
        self.greeted = False


def roll_call(endpoints: Sequence[Endpoint], *, client: str, seconds: float) -> dict[Endpoint, Any]:
    """What each agent answers to `hello`: its JSON object, with `ok` or `error`.

    Agents that have not answered within `seconds` in all, or not sensibly, are missing.
    """
    hello = json.dumps({"id": 1, "op": "hello", "versions": _VERSIONS, "client": client}).encode()
    message = _GREETING + _READY + _frame(hello)
    calls: dict[int, _Call] = {}
    answers: dict[Endpoint, Any] = {}
    poll = select.poll()
    for endpoint in endpoints:
        connection = _connect(endpoint.path)
        if connection is None:
            continue
        try:
            # All of it at once: the handshake of NULL asks nothing of the other side.
            connection.send(message)
        except OSError:
            connection.close()
            continue
        calls[connection.fileno()] = _Call(endpoint, connection)
        poll.register(connection, select.POLLIN)
    deadline = time.monotonic() + seconds
    while calls and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left * 1000):
            call = calls[descriptor]
            answer, finished = _receive(call)
            if answer is not None:
                answers[call.endpoint] = answer
            if finished:
                poll.unregister(descriptor)
                calls.pop(descriptor).socket.close()
    for call in calls.values():
        call.socket.close()
    return answers


def _connect(path: str) -> socket.socket | None:
    directory: int | None = None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        if len(os.fsencode(path)) > _SUN_PATH:
            parent, name = os.path.split(path)
            directory = os.open(parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            path = f"/proc/self/fd/{directory}/{name}"
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    finally:
        if directory is not None:
            os.close(directory)
    return connection


def _receive(call: _Call) -> tuple[Any, bool]:
    """The answer, if it is there, and whether the call is over."""
    try:
        data = call.socket.recv(65536)
    except BlockingIOError:
        return None, False
    except OSError:
        return None, True
    call.received += data
    if not data or len(call.received) > _MAX_ANSWER:
        return None, True
    if not call.greeted:
        if len(call.received) < len(_GREETING):
            return None, False
        del call.received[: len(_GREETING)]
        call.greeted = True
    while (taken := _take_frame(call.received)) is not None:
        flags, body = taken
        if not flags & _COMMAND:
            try:
                answer = json.loads(body)
            except ValueError:
                return None, True
            return (answer if isinstance(answer, dict) else None), True
    return None, False


def _frame(body: bytes) -> bytes:
    if len(body) > 255:
        return bytes([_LONG]) + len(body).to_bytes(8, "big") + body
    return bytes([0, len(body)]) + body


def _take_frame(received: bytearray) -> tuple[int, bytes] | None:
    if len(received) < 2:
        return None
    start = 9 if received[0] & _LONG else 2
    end = start + int.from_bytes(received[1:start], "big")
    if len(received) < start or len(received) < end:
        return None
    flags, body = received[0], bytes(received[start:end])
    del received[:end]
    return flags, body
