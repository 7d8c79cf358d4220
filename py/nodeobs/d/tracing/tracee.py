"""One process under a program: the `trace.*` requests of docs/protocol.md, thread by thread."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from nodeobs.d.program import Ast, ProbeDescription
    from nodeobs.process import Process

#: How often an agent is asked for more of one reading.
_PARTS: Final = 1000


@dataclass(frozen=True, slots=True)
class TracedProbe:
    """A probe that the program has hooked. `provider` is DTrace's: with the pid behind it."""

    provider: str
    module: str
    function: str
    name: str

    @property
    def description(self) -> str:
        """`provider:module:function:name`."""
        return f"{self.provider}:{self.module}:{self.function}:{self.name}"


@dataclass(slots=True)
class Reading:
    """What a thread has handed out since it was asked before. Counts are numbers of records,
    of firings by probe, of drops by kind."""

    aggregations: list[Any] = field(default_factory=list)
    globals: dict[str, Any] = field(default_factory=dict)
    drops: dict[str, int] = field(default_factory=dict)

    @classmethod
    def parse(cls, answer: object) -> Reading:
        """What can be made out of an agent's answer."""
        reading = cls()
        if not isinstance(answer, dict):
            return reading
        rows, values = answer.get("aggregations"), answer.get("globals")
        drops = answer.get("drops")
        reading.aggregations = rows if isinstance(rows, list) else []
        reading.globals = values if isinstance(values, dict) else {}
        for kind, count in drops.items() if isinstance(drops, dict) else ():
            if isinstance(count, int) and count > 0:
                reading.drops[str(kind)] = count
        return reading


class _Thread:
    def __init__(self) -> None:
        self.probes: dict[int, TracedProbe] = {}
        self.going = False
        self.gone = False
        # Records published and seen so far, as far as known.
        self.published = 0
        self.seen = 0
        self.asking: asyncio.Task[None] | None = None


class Tracee:
    """A process that a program runs in. `on_reading(tracee, tid, reading)` gets what a thread
    hands out, however it was asked; `on_set(tracee, tid, globals)` is told when a thread has taken
    in variables."""

    def __init__(
        self,
        process: Process,
        program: Ast,
        watch: str,
        fetched: Iterable[str],
        on_reading: Callable[[Tracee, int, Reading], None],
        on_set: Callable[[Tracee, int, Mapping[str, Any]], None],
    ) -> None:
        self.process = process
        self.pid = process.pid
        self._program = program
        self._watch = watch
        self._fetched = sorted(fetched)
        self._on_reading = on_reading
        self._on_set = on_set
        self._threads: dict[int, _Thread] = {}

    @property
    def threads(self) -> list[int]:
        """The threads in which the program has been started."""
        return sorted(self._threads)

    def probe(self, tid: int, number: object) -> TracedProbe | None:
        """The probe that a record of a thread means."""
        thread = self._threads.get(tid)
        return thread.probes.get(number) if thread and isinstance(number, int) else None

    def probes(self) -> list[TracedProbe]:
        """All probes hooked, of all threads."""
        return [probe for thread in self._threads.values() for probe in thread.probes.values()]

    def add_probes(self, tid: int, described: object) -> None:
        """Take in probes as an agent lists them."""
        thread = self._threads.get(tid)
        for one in described if isinstance(described, list) and thread else ():
            if isinstance(one, dict) and isinstance(one.get("id"), int) and thread:
                provider, module, function, name = (
                    str(one.get(key, "")) for key in ("provider", "module", "function", "name")
                )
                thread.probes[one["id"]] = TracedProbe(
                    f"{provider}{self.pid}", module, function, name
                )

    async def known(self) -> set[str]:
        """The probes of the process, hooked or not, as one would write them: `provider:::name`."""
        try:
            answer = await self.process.request("trace.list", tid=min(self._threads, default=0))
        except NodeobsError:
            return set()
        listed = answer.get("probes") if isinstance(answer, dict) else None
        return {
            f"{one.get('provider')}:::{one.get('name')}"
            for one in (listed if isinstance(listed, list) else ())
            if isinstance(one, dict)
        }

    def matched(self, description: ProbeDescription) -> int:
        """How many of the probes a description means."""
        return sum(self._matches(description, probe) for probe in self.probes())

    def _matches(self, description: ProbeDescription, probe: TracedProbe) -> bool:
        plain = probe.provider.removesuffix(str(self.pid))
        wanted = description.provider or "*"
        return (
            (fnmatchcase(plain, wanted) or fnmatchcase(probe.provider, wanted))
            and fnmatchcase(probe.module, description.module or "*")
            and fnmatchcase(probe.function, description.function or "*")
            and fnmatchcase(probe.name, description.name or "*")
        )

    # -- requests ---------------------------------------------------------------------------

    async def start(self, tid: int) -> None:
        """Have a thread take in the program; nothing runs yet. Raises NodeobsError."""
        try:
            answer = await self.process.request(
                "trace.start", tid=tid, program=self._program, watch=self._watch
            )
        except NodeobsError as error:
            if error.code == "unknown_op":
                raise NodeobsError(
                    "unknown_op",
                    f"the agent of {self.process.label} is older than this nodeobs: "
                    "it runs no programs",
                    "install the same release on both sides",
                ) from None
            raise
        self._threads[tid] = _Thread()
        if isinstance(answer, dict):
            self.add_probes(tid, answer.get("probes"))

    async def go(self, tid: int, globals_: Mapping[str, Any]) -> None:
        """Give a thread its variables and let the program run there. Raises NodeobsError."""
        if self._threads[tid].going:
            return
        if globals_:
            await self._set(tid, globals_)
        await self.process.request("trace.go", tid=tid, watch=self._watch)
        self._threads[tid].going = True

    def set(self, globals_: Mapping[str, Any]) -> list[asyncio.Task[None]]:
        """Give all threads new values of variables."""
        going = [tid for tid, thread in self._threads.items() if thread.going]
        return [asyncio.create_task(self._set_quietly(tid, globals_)) for tid in going]

    async def _set_quietly(self, tid: int, globals_: Mapping[str, Any]) -> None:
        # What has ended needs no variables.
        with contextlib.suppress(NodeobsError):
            await self._set(tid, globals_)

    async def _set(self, tid: int, globals_: Mapping[str, Any]) -> None:
        values = dict(globals_)
        await self.process.request("trace.set", tid=tid, watch=self._watch, globals=values)
        self._on_set(self, tid, values)

    def read(self) -> list[asyncio.Task[None]]:
        """Ask all threads for what they have; one that has not answered is not asked again."""
        return self._ask_all("trace.read")

    def stop(self) -> list[asyncio.Task[None]]:
        """End the program everywhere; the last that threads have comes as a reading too."""
        return self._ask_all("trace.stop")

    def _ask_all(self, op: str) -> list[asyncio.Task[None]]:
        for tid, thread in self._threads.items():
            if thread.gone or not thread.going:
                continue
            before = thread.asking
            if before is None or before.done():
                before = None
            elif op == "trace.read":
                continue
            thread.asking = asyncio.create_task(self._ask(op, tid, thread, before))
        return [
            thread.asking
            for thread in self._threads.values()
            if thread.asking is not None and not thread.asking.done()
        ]

    async def _ask(
        self, op: str, tid: int, thread: _Thread, before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            for _ in range(_PARTS):
                answer = await self.process.request(
                    op, tid=tid, watch=self._watch, globals=self._fetched
                )
                self._on_reading(self, tid, Reading.parse(answer))
                if isinstance(answer, dict) and isinstance(answer.get("records"), int):
                    thread.published = answer["records"]
                if not (isinstance(answer, dict) and answer.get("more")):
                    break
        except NodeobsError:
            thread.gone = True  # the thread has ended, or the watch with it

    # -- records ----------------------------------------------------------------------------

    def note(self, tid: int, seen: int) -> None:
        """So many records of a thread have come, lost ones counted."""
        thread = self._threads.get(tid)
        if thread is not None:
            thread.seen = max(thread.seen, seen)

    @property
    def behind(self) -> bool:
        """Whether records are on their way that were there at the last reading."""
        return any(
            thread.seen < thread.published for thread in self._threads.values() if not thread.gone
        )
