"""Running the program of `nodeobs http`: what comes from it is rows, not text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing.screen import PLAIN
from nodeobs.d.tracing.controller import Controller
from nodeobs.d.tracing.session import Trace
from nodeobs.d.tracing.tracees import Left
from nodeobs.http.program import compiled
from nodeobs.http.rows import Reader
from nodeobs.http.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nodeobs.bus.protocol import Batch
    from nodeobs.d.printing.screen import Screen
    from nodeobs.d.tracing.tracee import TracedProbe, Tracee
    from nodeobs.d.tracing.tracees import Joined, Told
    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.http.program import Shape
    from nodeobs.http.selection import Selection

#: What becomes of rows, by the kind of drop (docs/protocol.md, `trace.read`), where it is not
#: that they are lost because the reader was too slow.
_DROPS: Final = {
    "queue": "{count} rows of {pid} dropped (the reader was too slow)",
    "records": "{count} rows of {pid} dropped (there are too many)",
    "time": "{count} requests or collections of {pid} not counted (they took too much of its time)",
}
_OTHER_DROP: Final = "{count} requests or collections of {pid} are missing in the summary"


class HttpTrace(Trace):
    """As Trace: `async with HttpTrace(…) as trace: async for events in trace: …`

    The iteration gives objects: `{"type": "row", "row": Row}`, and what there is to say, with
    `type` being `join`, `leave`, `drop` or `notice`, always with `message` and `pid` (None where
    it is about none). What there is to say before the first process has begun goes to `tell`.
    `totals` says in the end what it all was together.
    """

    def __init__(
        self,
        selection: Selection,
        targets: Sequence[NodeProcess],
        tell: Callable[[str], None],
        *,
        follow: Sequence[str] = (),
        duration: float | None = None,
    ) -> None:
        program, self._shapes = compiled(selection)
        self._tell_early = tell
        super().__init__(
            program, targets, PLAIN, self._say, follow=follow, as_json=True, duration=duration
        )
        self._began = self._ended = 0
        self._joined: set[int] = set()

    @property
    def totals(self) -> Totals:
        """What the processes have counted: all of it, also what was not shown."""
        until = self._ended or time.monotonic_ns()
        seconds = (until - self._began) / 1e9 if self._began else 0.0
        return Totals(self._controller.aggregations, seconds)

    def _make_controller(self, screen: Screen, *, as_json: bool, target: int) -> Controller:
        return _Rows(self._program, self._shown.append, self._say, self._shapes)

    def _say(self, text: str) -> None:
        if not self._going:
            self._tell_early(text)
            return
        self._shown.append({"type": "notice", "pid": None, "message": text})

    async def _begin(self) -> None:
        await super()._begin()
        if not self._going:
            return  # stopped before that
        start = self._controller.evaluator.globals.get("start")
        self._began = start if isinstance(start, int) else time.monotonic_ns()

    async def _end(self) -> None:
        self._ended = time.monotonic_ns()
        await super()._end()

    async def _go(self, tracee: Tracee) -> None:
        await super()._go(tracee)
        process = tracee.process
        if process.pid in self._joined:
            return  # another thread of it
        self._joined.add(process.pid)
        message = f"{process.label} joined"
        self._shown.append({"type": "join", "pid": process.pid, "message": message})
        self._tracees.wake()

    def _take(self, item: Batch | Joined | Left | Told) -> None:
        if isinstance(item, Left):
            self._joined.discard(item.pid)
            lost = "; what it had counted last is missing in the summary" if item.unexpected else ""
            message = f"{item.text}{lost}"
            self._shown.append({"type": "leave", "pid": item.pid, "message": message})
            item = Left(item.pid, "", unexpected=False)
        super()._take(item)

    def _say_drops(self) -> None:
        for kind, pid, count in self._drops.take_counts():
            message = _DROPS.get(kind, _OTHER_DROP).format(count=f"{count:,}", pid=pid)
            self._shown.append(
                {"type": "drop", "pid": pid, "kind": kind, "count": count, "message": message}
            )
        super()._say_drops()


class _Rows(Controller):
    """Takes rows out of what the program prints."""

    def __init__(
        self,
        program: Any,
        show: Callable[[str | dict[str, Any]], None],
        tell: Callable[[str], None],
        shapes: Mapping[int, Shape],
    ) -> None:
        super().__init__(program, PLAIN, show, tell, as_json=True)
        self._readers = {number: Reader(shape) for number, shape in shapes.items()}
        self._unreadable = False

    def needs_totals(self, record: Mapping[str, Any]) -> bool:
        return False

    def show_data(self, record: Mapping[str, Any], pid: int, probe: TracedProbe | None) -> None:
        reader = self._readers.get(record.get("c", -1))
        statements = record.get("d")
        if reader is None or not isinstance(statements, list):
            return
        for statement in statements:
            try:
                row = reader.row(record, pid, statement[1])
            except (ValueError, TypeError, LookupError) as error:
                if not self._unreadable:
                    self._tell(f"{pid} sends rows that cannot be read: {error}")
                self._unreadable = True
                continue
            self._show({"type": "row", "row": row})

    def _perform(
        self, number: int, values: Sequence[Any], about: dict[str, Any], text: list[str]
    ) -> None:
        """The title is a table's, and what END forgets is read."""

    def finish(self) -> None:
        """Nothing is printed at the end; `totals` is what there is."""
