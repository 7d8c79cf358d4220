"""What each of several places answered last, so that one which does not answer delays nobody."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

# Questions whose answers are kept: those of the way taken, and some more.
_KEPT: Final = 16
#: Seconds that the others wait for one that does not answer. By then it counts as stuck.
PATIENCE: Final = 2.0

Question = Callable[[], Coroutine[Any, Any, Any]]


class LastAnswers:
    """At most one request for each question is under way in each place, however long it takes:
    what asks again and again must not pile up in an event loop that is stuck."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, dict[str, Any]] = OrderedDict()
        self._asking: dict[tuple[Hashable, str], asyncio.Task[Any]] = {}

    async def ask(
        self,
        key: Hashable,
        questions: Mapping[str, Question],
        *,
        stays: Callable[[str], bool],
        is_slow: Callable[[str], bool],
    ) -> dict[str, Any]:
        """The answers of all places; of those that do not answer in time, the last one.

        Waits for the first answer as long as it takes, then for those that are not slow.
        `stays(place)` says whether the last answer of a place that is gone is kept. Raises the
        most telling NodeobsError where nobody has an answer.
        """
        known = self._known.setdefault(key, {})
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        asked = {place: self._under_way(key, place, ask) for place, ask in questions.items()}
        if not known:
            await _first_success(asked.values())
        awaited = [task for place, task in asked.items() if not is_slow(place)]
        if awaited:
            await asyncio.wait(awaited, timeout=PATIENCE)
        errors = []
        for place, task in asked.items():
            if task.done() and not task.cancelled():
                error = task.exception()
                if error is None:
                    known[place] = task.result()
                elif not isinstance(error, NodeobsError):
                    raise error
                elif not stays(place):
                    errors.append(error)
                    known.pop(place, None)
        for place in [place for place in known if place not in questions and not stays(place)]:
            del known[place]
        if not known:
            raise _most_telling(errors)
        return dict(known)

    async def close(self) -> None:
        """Let go of what is under way."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _under_way(self, key: Hashable, place: str, ask: Question) -> asyncio.Task[Any]:
        task = self._asking.get((key, place))
        if task is None:
            task = asyncio.create_task(ask())
            self._asking[(key, place)] = task
            task.add_done_callback(lambda done: self._note(key, place, done))
        return task

    def _note(self, key: Hashable, place: str, task: asyncio.Task[Any]) -> None:
        """An answer may come when nobody waits for it any more."""
        self._asking.pop((key, place), None)
        if not task.cancelled() and task.exception() is None and key in self._known:
            self._known[key][place] = task.result()


async def _first_success(tasks: Iterable[asyncio.Task[Any]]) -> None:
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if any(not task.cancelled() and task.exception() is None for task in done):
            return


def _most_telling(errors: list[NodeobsError]) -> NodeobsError:
    if not errors:
        return NodeobsError("ended", "the process has ended before it could answer this")
    return next((error for error in errors if error.hint is not None), errors[0])
