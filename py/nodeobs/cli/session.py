"""Running a verb on attached processes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from nodeobs.cli.terminal import tell
from nodeobs.errors import NodeobsError
from nodeobs.process import Process, attach

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence

    from nodeobs.discovery.processes import NodeProcess

_Result = TypeVar("_Result")


def run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a verb's coroutine; Ctrl-C cancels it, and KeyboardInterrupt follows."""
    return asyncio.run(work)


@asynccontextmanager
async def attached(targets: Sequence[NodeProcess], verb: str) -> AsyncIterator[list[Process]]:
    """All these processes at once. One that cannot be attached is told of and left out, unless
    it was the only one."""
    async with AsyncExitStack() as stack:

        async def enter(target: NodeProcess) -> Process:
            return await stack.enter_async_context(attach(target, verb=verb, notice=tell))

        entered = await asyncio.gather(*map(enter, targets), return_exceptions=True)
        yield _those_that_worked(entered)


async def ask(
    processes: Sequence[Process],
    question: Callable[[Process, int], Awaitable[_Result]],
) -> list[tuple[Process, int, _Result]]:
    """Put a question to every thread of every process: (process, tid, answer).

    Raises the first error when nobody has an answer; `not_found` of some is nothing to tell when
    others have found it.
    """
    asked = [(process, tid) for process in processes for tid in process.threads]
    answers = await asyncio.gather(
        *(question(process, tid) for process, tid in asked), return_exceptions=True
    )
    good: list[tuple[Process, int, _Result]] = []
    errors: list[NodeobsError] = []
    for (process, tid), answer in zip(asked, answers, strict=True):
        if isinstance(answer, NodeobsError):
            errors.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            good.append((process, tid, answer))
    if not good:
        raise _most_telling(errors)
    for error in errors:
        if error.code not in ("not_found", "ended", "no_thread"):
            tell(error.message)
    return good


def _most_telling(errors: Sequence[NodeobsError]) -> NodeobsError:
    if not errors:
        return NodeobsError("ended", "the process has ended")
    return next((error for error in errors if error.hint is not None), errors[0])


def _those_that_worked(entered: Sequence[Process | BaseException]) -> list[Process]:
    processes = [entry for entry in entered if isinstance(entry, Process)]
    for entry in entered:
        if isinstance(entry, Process):
            continue
        if not isinstance(entry, NodeobsError) or not processes:
            raise entry
        tell(entry.message)
    return processes
