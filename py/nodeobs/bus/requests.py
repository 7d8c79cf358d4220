"""Requests to one agent over a DEALER."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import orjson
import zmq

from nodeobs.bus.protocol import VERSIONS, parse_json
from nodeobs.bus.sockets import ConnectedSocket
from nodeobs.errors import NodeobsError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

# An event loop that has not answered for this long is reported as stuck, in seconds.
STUCK_AFTER = 1.5


class Requests:
    """The request side of one agent.

    `on_stuck(since)` is called when an answer has been due for 1.5 s, with the time (seconds since
    the epoch) of the oldest unanswered request; waiting goes on. `on_recovered(after)` follows
    when an answer comes, with the seconds from then. `on_gone()` is called when the agent has
    closed the connection; everything outstanding has then failed with the code `gone`.
    """

    def __init__(
        self,
        path: str,
        *,
        on_stuck: Callable[[float], None] | None = None,
        on_recovered: Callable[[float], None] | None = None,
        on_gone: Callable[[], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_stuck = on_stuck
        self._on_recovered = on_recovered
        self._on_gone = on_gone
        self._last_id = 0
        self._waiting: dict[int, tuple[asyncio.Future[Any], float]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._gone = False
        self.stuck_since: float | None = None
        self.last_answer = 0.0
        self.decode_errors = 0
        self._socket = ConnectedSocket(
            zmq.DEALER, path, on_readable=self._read, on_gone=self._fail_all
        )

    @property
    def outstanding(self) -> int:
        """Requests without an answer."""
        return len(self._waiting)

    async def request(self, op: str, /, **args: Any) -> Any:
        """Send one request and return what its answer has under `ok`.

        Waits as long as the agent is there. Raises NodeobsError with the agent's code, message
        and hint, or `gone` when the agent goes away first.
        """
        if self._gone or self._socket.closed:
            raise _gone_error()
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self._socket.send(orjson.dumps({"id": number, "op": op, **args})):
            raise NodeobsError("busy", "the agent does not read its requests")
        self._waiting[number] = (future, time.time())
        self._set_alarm()
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    async def hello(self, client: str) -> dict[str, Any]:
        """Agree on a protocol version; the answer describes the process.

        Raises NodeobsError `version` when the agent speaks none that this client knows.
        """
        answer = await self.request("hello", versions=list(VERSIONS), client=client)
        if not isinstance(answer, dict):
            raise NodeobsError("bad_answer", "the agent's hello is not an object")
        if answer.get("v") not in VERSIONS:
            raise version_error(answer.get("v"))
        return answer

    def close(self) -> None:
        """End the connection, and with it what its requests started."""
        self._on_gone = None
        self._socket.close()
        self._fail_all()

    def _set_alarm(self) -> None:
        if self._alarm is None and self._waiting:
            oldest = min(asked for _, asked in self._waiting.values())
            delay = max(0.0, oldest + STUCK_AFTER - time.time())
            self._alarm = self._loop.call_later(delay, self._check_late)

    def _check_late(self) -> None:
        self._alarm = None
        if not self._waiting or self.stuck_since is not None:
            return
        oldest = min(asked for _, asked in self._waiting.values())
        if time.time() - oldest < STUCK_AFTER:
            self._set_alarm()
            return
        self.stuck_since = oldest
        if self._on_stuck is not None:
            self._on_stuck(oldest)

    def _read(self) -> None:
        while (frames := self._socket.receive()) is not None:
            self._answered()
            try:
                answer = parse_json(frames[-1])
            except ValueError:
                answer = None
            if not isinstance(answer, dict) or answer.get("id") not in self._waiting:
                self._note_unreadable(answer)
                continue
            future, _ = self._waiting[answer["id"]]
            if not future.done():
                if "ok" in answer:
                    future.set_result(answer["ok"])
                else:
                    future.set_exception(_agent_error(answer.get("error")))

    def _note_unreadable(self, answer: Any) -> None:
        self.decode_errors += 1
        if isinstance(answer, dict) and answer.get("id") is not None:
            return  # to a request that nobody waits for any more
        # Answers come in the order of the requests: this was the oldest one's.
        oldest = next((future for future, _ in self._waiting.values() if not future.done()), None)
        if oldest is not None:
            oldest.set_exception(NodeobsError("bad_answer", "the agent's answer cannot be read"))

    def _answered(self) -> None:
        self.last_answer = time.time()
        if self.stuck_since is not None:
            since, self.stuck_since = self.stuck_since, None
            if self._on_recovered is not None:
                self._on_recovered(self.last_answer - since)
        # What is still waiting is measured anew from its own sending.
        if self._alarm is None:
            self._loop.call_soon(self._set_alarm)

    def _fail_all(self) -> None:
        if self._gone:
            return
        self._read()
        self._gone = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(_gone_error())
        if self._on_gone is not None:
            self._on_gone()


def version_error(version: object) -> NodeobsError:
    return NodeobsError(
        "version",
        f"the agent speaks protocol version {version!r}, this nodeobs {VERSIONS[-1]}",
        "install the same release of nodeobs on both sides",
    )


def _gone_error() -> NodeobsError:
    return NodeobsError("gone", "the agent closed the connection")


def _agent_error(error: object) -> NodeobsError:
    if not isinstance(error, dict):
        return NodeobsError("bad_answer", "the agent's answer has neither ok nor error")
    code = str(error.get("code", "failed"))
    message = str(error.get("message", code))
    if code == "version":
        theirs = error.get("versions")
        shown = ", ".join(map(str, theirs)) if isinstance(theirs, list) else "unknown"
        return NodeobsError(
            "version",
            f"the agent speaks protocol version {shown}, this nodeobs {VERSIONS[-1]}",
            "install the same release of nodeobs on both sides",
        )
    candidates = error.get("candidates")
    hint = error.get("hint")
    if candidates and isinstance(candidates, list):
        hint = did_you_mean(candidates)
    return NodeobsError(code, message, str(hint) if hint else None)
