"""Being attached to a process: its threads' agents, whether they answer, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from nodeobs import notices
from nodeobs.bus.requests import Requests
from nodeobs.bus.subscription import Subscription
from nodeobs.discovery.processes import Endpoint, NodeProcess, endpoints_of
from nodeobs.discovery.procfs import PROC
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from types import TracebackType

    from nodeobs.bus.protocol import Batch, DecodeError
    from nodeobs.merge import MergedBatches

# Seconds between looks at an attached process. An event loop that hangs right after a look is
# noticed at the next one plus STUCK_AFTER: within two seconds.
_LOOK_EVERY = 0.4

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a process is no longer observed.

    `reason` is `exited` (`code` is its exit code), `killed` (gone without a goodbye: a signal, or
    a crash), `ended` (nothing was subscribed that could have told how), `agent gone` (the process
    lives on without its agent) or `detached` (by us).
    """

    reason: str
    code: int | None = None
    detail: str | None = None

    def __str__(self) -> str:
        if self.reason == "exited":
            return f"exited with code {self.code}"
        if self.reason == "killed":
            return "ended without a goodbye (killed or crashed)"
        if self.reason == "ended":
            return "has ended"
        if self.reason == "agent gone":
            if self.detail:
                return f"switched its agent off: {self.detail}"
            return "closed the connection, though it is alive (too many observers?)"
        return self.reason


class _Thread:
    """The connection to the agent of one thread."""

    def __init__(self, endpoint: Endpoint, requests: Requests) -> None:
        self.endpoint = endpoint
        self.requests = requests
        self.hello: dict[str, Any] | None = None


class Attachment:
    """A Node process with its agent, made by `attach`.

    The main thread has `tid` 0, worker threads have their `threadId`; threads that start or end
    while attached are followed. `ended` says why, once the process is gone.
    """

    def __init__(
        self, found: NodeProcess, *, verb: str, notice: Notice | None, follow_threads: bool
    ) -> None:
        self.found = found
        self.pid = found.pid
        self.hello: dict[str, Any] = {}
        self.ended: Ended | None = None
        self.decode_errors = 0
        self._client = f"nodeobs {verb}[{os.getpid()}]"
        self._notice = notice
        self._follow_threads = follow_threads
        self._threads: dict[int, _Thread] = {}
        self._subscriptions: set[Subscription] = set()
        self._streams: set[MergedBatches] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._exit_code: int | None = None
        self._stop_reason: str | None = None
        self._pidfd: int | None = None
        self._gone = asyncio.Event()
        self._told_stopped = False
        self._ready = False

    @property
    def label(self) -> str:
        """`4242 (server.js)`, for messages."""
        return self.found.label

    @property
    def client(self) -> str:
        """The name under which its agents list us among their peers."""
        return self._client

    @property
    def stuck_since(self) -> float | None:
        """When the oldest unanswered request was sent (seconds since the epoch), while stuck."""
        since = [thread.requests.stuck_since for thread in self._threads.values()]
        return min((moment for moment in since if moment is not None), default=None)

    @property
    def threads(self) -> list[int]:
        """The thread ids of the agents connected to, main thread (0) first."""
        return sorted(self._threads)

    @property
    def dropped(self) -> int:
        """Records the agents reported as dropped for the streams open now."""
        return sum(subscription.counts.dropped for subscription in self._subscriptions)

    async def request(self, op: str, /, *, tid: int = 0, **args: Any) -> Any:
        """Send a request to the agent of a thread and return its answer.

        Waits for a stuck event loop, saying so through `notice`. Raises NodeobsError with the
        agent's own code (`not_found`, `bad_request`, …) or `ended` when the process goes away.
        """
        thread = self._threads.get(tid)
        if thread is None:
            if self.ended is not None:
                raise self._ended_error()
            raise NodeobsError(
                "no_thread",
                f"{self.label} has no agent in a thread {tid}",
                f"its threads are {', '.join(map(str, self.threads)) or 'gone'}",
            )
        try:
            return await thread.requests.request(op, **args)
        except NodeobsError as error:
            if error.code == "gone":
                if self._threads:
                    raise NodeobsError("ended", f"{self._name(tid)} has ended") from None
                await self._look_after_loss()
                raise self._ended_error() from None
            raise

    async def wait_ended(self) -> Ended:
        """Wait until the process or its agent is gone."""
        await self._gone.wait()
        assert self.ended is not None
        return self.ended

    # -- life -------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        try:
            self._open_pidfd()
            for endpoint in self.found.endpoints:
                self._connect(endpoint)
            self._start(self._watch())
            main = min(self._threads)
            await self._say_hello(self._threads[main])
            self.hello = self._threads[main].hello or {}
            for tid, thread in self._threads.items():
                if tid != main:
                    self._start(self._say_hello_quietly(thread))
            self._ready = True
        except BaseException:
            await self.detach()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.detach()

    async def detach(self) -> None:
        """Close all connections: what was switched on in the process goes off."""
        if self.ended is None:
            self.ended = Ended("detached")
        self._gone.set()
        for thread in self._threads.values():
            thread.requests.close()
        self._threads.clear()
        for subscription in list(self._subscriptions):
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stream in list(self._streams):
            await stream.stop()
        self._close_pidfd()

    def _open_pidfd(self) -> None:
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            return  # a kernel before 5.3, or it is gone: `_watch` looks at /proc as well
        asyncio.get_running_loop().add_reader(self._pidfd, self._note_exit)

    def _close_pidfd(self) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, text: str) -> None:
        if self._notice is not None:
            self._notice(text)
        else:
            import logging

            logging.getLogger("nodeobs").warning("%s", text)

    def _connect(self, endpoint: Endpoint) -> None:
        requests = Requests(
            endpoint.path,
            on_stuck=lambda since: self._tell_stuck(endpoint.tid, since),
            on_recovered=lambda after: self._tell_recovered(endpoint.tid, after),
            on_gone=lambda: self._lose(endpoint),
        )
        thread = _Thread(endpoint, requests)
        self._threads[endpoint.tid] = thread
        for stream in self._streams:
            stream.add(endpoint)
        if self._ready:
            self._start(self._say_hello_quietly(thread))

    async def _say_hello(self, thread: _Thread) -> None:
        try:
            thread.hello = await thread.requests.hello(self._client)
        except NodeobsError as error:
            if error.code == "version":
                raise NodeobsError(
                    "version", f"{self.label}: {error.message}", error.hint
                ) from None
            if error.code == "gone":
                await self._look_after_loss()
                raise self._ended_error() from None
            raise

    async def _say_hello_quietly(self, thread: _Thread) -> None:
        try:
            await self._say_hello(thread)
        except NodeobsError as error:
            if thread.endpoint.tid in self._threads and error.code == "version":
                self._tell(error.message)

    def _subscription(self, endpoint: Endpoint, prefixes: list[str]) -> Subscription:
        subscription = Subscription(
            endpoint.path,
            self.pid,
            endpoint.tid,
            ["agent", f"agent.name.{self._client}", *prefixes],
            on_problem=self._tell_problem,
        )
        self._subscriptions.add(subscription)
        return subscription

    def _close_subscription(self, subscription: Subscription) -> None:
        subscription.close()
        self._subscriptions.discard(subscription)
        self.decode_errors += subscription.counts.decode_errors

    def _note_agent_event(self, batch: Batch) -> None:
        for event in batch.records():
            if type(event) is not dict:
                continue
            if event.get("event") == "exit" and batch.tid == 0:
                code = event.get("code")
                self._exit_code = code if isinstance(code, int) else None
                if self.ended is not None and self.ended.reason == "killed":
                    self.ended = Ended("exited", self._exit_code)
            elif event.get("event") == "stopped":
                self._stop_reason = str(event.get("reason"))

    # -- watching ---------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Ask the event loops for a sign of life and look for threads that came or went."""
        seen: dict[str, int] = {}
        asked: dict[int, asyncio.Task[None]] = {}
        while not self._gone.is_set():
            await asyncio.sleep(_LOOK_EVERY)
            if self._pidfd is None and PROC.start_time(self.pid) != self.found.start_time:
                self._note_exit()
                return
            for tid, thread in list(self._threads.items()):
                if thread.requests.outstanding == 0:
                    asked[tid] = asyncio.create_task(self._ping(thread))
            if self._follow_threads and self._directories_changed(seen):
                for endpoint in endpoints_of(self.pid):
                    if endpoint.tid not in self._threads and not self._gone.is_set():
                        try:
                            self._connect(endpoint)
                        except NodeobsError as error:
                            self._tell(f"{self.label}: {error.message}")

    async def _ping(self, thread: _Thread) -> None:
        # An answer of any kind is a sign of life; a lost connection has its own way of being told.
        with contextlib.suppress(NodeobsError):
            await thread.requests.request("ping")

    def _directories_changed(self, seen: dict[str, int]) -> bool:
        changed = False
        for directory in {os.path.dirname(endpoint.path) for endpoint in self.found.endpoints}:
            try:
                modified = os.stat(directory).st_mtime_ns
            except OSError:
                continue
            changed |= seen.get(directory) != modified
            seen[directory] = modified
        return changed

    def _lose(self, endpoint: Endpoint) -> None:
        thread = self._threads.pop(endpoint.tid, None)
        if thread is not None:
            thread.requests.close()
        if not self._threads:
            self._start(self._look_after_loss())

    async def _look_after_loss(self) -> None:
        """The last agent has closed its connection: is the process still there?"""
        if self._gone.is_set():
            return
        # An exiting process closes its sockets some time before it is gone.
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and not self._gone.is_set():
            if PROC.start_time(self.pid) != self.found.start_time:
                break
            await asyncio.sleep(0.01)
        if not self._gone.is_set():
            alive = PROC.start_time(self.pid) == self.found.start_time
            self._end(alive)

    def _note_exit(self) -> None:
        self._close_pidfd()
        if not self._gone.is_set():
            self._end(alive=False)

    def _end(self, alive: bool) -> None:
        if alive:
            self.ended = Ended("agent gone", detail=self._stop_reason)
        elif self._exit_code is not None:
            self.ended = Ended("exited", self._exit_code)
        else:
            self.ended = Ended("killed" if self._streams else "ended")
        self._gone.set()
        for stream in list(self._streams):
            self._start(stream.finish())

    def _ended_error(self) -> NodeobsError:
        return NodeobsError("ended", f"{self.label} {self.ended or 'is gone'}")

    # -- messages ---------------------------------------------------------------------------

    def _name(self, tid: int) -> str:
        return self.label if tid == 0 else f"{self.label} thread {tid}"

    def _tell_stuck(self, tid: int, since: float) -> None:
        if PROC.state(self.pid) not in ("T", "t"):
            self._tell(notices.stuck(self._name(tid), since, time.time()))
        elif not self._told_stopped:
            self._told_stopped = True
            self._tell(notices.stopped(self.label, self.pid))

    def _tell_recovered(self, tid: int, after: float) -> None:
        self._told_stopped = False
        self._tell(notices.recovered(self._name(tid), after))

    def _tell_problem(self, error: DecodeError) -> None:
        self._tell(notices.unreadable(self.label, error))
