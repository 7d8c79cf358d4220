"""Attached processes as a source of state: all of their threads, merged."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

from nodeobs.browser.last_answers import LastAnswers
from nodeobs.browser.merged import merged_objects, merged_stuck, merged_types
from nodeobs.browser.source import PlaceState
from nodeobs.cli.terminal import tell
from nodeobs.discovery.procfs import PROC
from nodeobs.errors import NodeobsError
from nodeobs.process import Process, attach
from nodeobs.reports.shell_words import command_line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence
    from types import TracebackType

    from nodeobs.browser.source import ObjectPage, StuckPage, TypeRow
    from nodeobs.discovery.processes import NodeProcess

# Seconds that the start waits for the other processes, once one has answered.
_OTHERS: Final = 1.0
# What is stuck in thousands is seen in any thousand of them.
_STUCK_LIMIT: Final = 1000


class LiveSource:
    """`async with LiveSource(targets, words) as source`: attaches, and detaches at the end.

    `words` are those of the command line that mean the same processes (`-p`, `4242`). A process
    that cannot be attached is told of and left out, unless it was the only one; one that does not
    answer at first joins when it does. Places are `PID`, and `PID/TID` for worker threads.
    """

    def __init__(self, targets: Sequence[NodeProcess], words: Sequence[str] = ()) -> None:
        self._targets = targets
        self._words = words
        self._processes: dict[int, Process] = {}
        self._holding: list[asyncio.Task[None]] = []
        self._notices: deque[str] = deque(maxlen=20)
        self._started = False
        self._answers = LastAnswers()

    # -- life -------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        ready: list[asyncio.Future[None]] = [loop.create_future() for _ in self._targets]
        for target, joined in zip(self._targets, ready, strict=True):
            self._holding.append(asyncio.create_task(self._hold(target, joined)))
        try:
            pending = set(ready)
            while pending and not self._processes:
                _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if pending:
                await asyncio.wait(pending, timeout=_OTHERS)
            errors = [error for one in ready if one.done() and (error := one.exception())]
            if not self._processes:
                raise errors[0]
            for error in errors:
                tell(str(error))
        except BaseException:
            await self._close()
            raise
        self._started = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        for task in self._holding:
            task.cancel()
        await asyncio.gather(*self._holding, return_exceptions=True)
        await self._answers.close()

    async def _hold(self, target: NodeProcess, joined: asyncio.Future[None]) -> None:
        """Stay attached to a process; also after its end, whose reason it knows."""
        try:
            async with attach(target, verb="state", notice=self._note) as process:
                self._processes[process.pid] = process
                joined.set_result(None)
                # Nothing but the agents' own events: with them it is known how a process ends.
                async for _ in process.batches([]):
                    pass
                await asyncio.get_running_loop().create_future()
        except NodeobsError as error:
            if self._started:
                self._note(error.message)
            elif not joined.done():
                joined.set_exception(error)
        finally:
            joined.cancel()

    def _note(self, text: str) -> None:
        if not self._started:
            tell(text)
        elif all(process.stuck_since is None for process in self._processes.values()):
            # Of those that are stuck, `places` tells.
            self._notices.append(text)

    # -- StateSource ------------------------------------------------------------------------

    @property
    def title(self) -> str:
        if len(self._targets) == 1:
            return self._targets[0].label
        return f"{len(self._targets)} processes"

    async def types(self) -> Sequence[TypeRow]:
        return merged_types(
            await self._ask("types", lambda process, tid: process.state_types(tid=tid))
        )

    async def objects(self, type_name: str, *, limit: int) -> ObjectPage:
        return merged_objects(
            await self._ask(
                ("objects", type_name, limit),
                lambda process, tid: process.state_list(type_name, limit=limit, tid=tid),
            )
        )

    async def get(self, type_name: str, object_id: str, place: str) -> Any:
        answers = await self._ask(
            ("get", type_name, object_id, place),
            lambda process, tid: process.state_get(type_name, object_id, tid=tid),
            place,
        )
        return next(iter(answers.values()))

    def command(self, type_name: str | None, object_id: str | None) -> str:
        if type_name is None:
            return self._command()
        return self._command(what=type_name if object_id is None else f"{type_name}/{object_id}")

    # -- CommandSource ----------------------------------------------------------------------

    def table_command(self, type_name: str, condition: str | None, sort: str | None) -> str:
        options = [] if condition is None else ["-c", condition]
        options += [] if sort is None else ["--sort", sort]
        return self._command(*options, what=type_name)

    def object_command(self, type_name: str, object_id: str, place: str) -> str:
        what = f"{type_name}/{object_id}"
        if len(self._targets) == 1:
            return self._command(what=what)
        pid, _ = _pid_and_tid(place)
        return command_line(["nodeobs", "state", "-p", str(pid), *_argument(what)])

    def _command(self, *options: str, what: str = "") -> str:
        return command_line(["nodeobs", "state", *self._words, *options, *_argument(what)])

    # -- StuckSource ------------------------------------------------------------------------

    async def stuck(self, older_s: float) -> StuckPage:
        return merged_stuck(
            await self._ask(
                ("stuck", older_s),
                lambda process, tid: _stuck(process, tid, older_s),
            )
        )

    def stuck_command(self, older_s: float) -> str:
        return self._command("--stuck", f"{older_s:g}s")

    # -- PlacesSource -----------------------------------------------------------------------

    def places(self) -> Sequence[PlaceState]:
        return [_place_state(process) for process in self._processes.values()]

    def notices(self) -> Sequence[str]:
        texts = list(self._notices)
        self._notices.clear()
        return texts

    # -- asking -----------------------------------------------------------------------------

    async def _ask(
        self,
        key: Hashable,
        ask: Callable[[Process, int], Coroutine[Any, Any, Any]],
        place: str = "",
    ) -> dict[str, Any]:
        questions = {}
        for process in self._processes.values():
            for tid in process.threads:
                name = _place(process.pid, tid)
                if place in ("", name) and process.ended is None:
                    questions[name] = _question(ask, process, tid)
        answers = await self._answers.ask(
            key, questions, stays=self._has_ended, is_slow=self._is_stuck
        )
        return {name: answers[name] for name in sorted(answers, key=_pid_and_tid)}

    def _has_ended(self, place: str) -> bool:
        process = self._processes.get(_pid_and_tid(place)[0])
        return process is not None and process.ended is not None

    def _is_stuck(self, place: str) -> bool:
        process = self._processes.get(_pid_and_tid(place)[0])
        return process is not None and process.stuck_since is not None


def _argument(text: str) -> list[str]:
    if not text:
        return []
    return ["--", text] if text.startswith("-") else [text]


def _question(
    ask: Callable[[Process, int], Coroutine[Any, Any, Any]], process: Process, tid: int
) -> Callable[[], Coroutine[Any, Any, Any]]:
    return lambda: ask(process, tid)


async def _stuck(process: Process, tid: int, older_s: float) -> Any:
    return await process.state_stuck(older_ms=older_s * 1000, limit=_STUCK_LIMIT, tid=tid)


def _place(pid: int, tid: int) -> str:
    return f"{pid}/{tid}" if tid else str(pid)


def _pid_and_tid(place: str) -> tuple[int, int]:
    pid, _, tid = place.partition("/")
    return int(pid), int(tid or 0)


def _place_state(process: Process) -> PlaceState:
    place, label = str(process.pid), process.label
    if process.ended is not None:
        return PlaceState(place, label, ended=str(process.ended))
    if process.stuck_since is None:
        return PlaceState(place, label)
    if PROC.state(process.pid) in ("T", "t"):
        label += f", stopped by a signal (kill -CONT {process.pid}),"
    return PlaceState(place, label, silent_for=time.time() - process.stuck_since)
