"""What the controller does itself: its own clauses, and the output of everybody's."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing import layout
from nodeobs.d.printing.output import NEEDS_TOTALS, Output
from nodeobs.d.program import ControllerProbe
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.d.runtime.evaluate import Aggregated, Data, Evaluator, Exit, Firing
from nodeobs.d.runtime.values import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nodeobs.d.printing.screen import Screen
    from nodeobs.d.program import ControllerClause, Program
    from nodeobs.d.runtime.values import Value
    from nodeobs.d.tracing.tracee import TracedProbe

#: DTrace's numbers of faults, for arg4 of the ERROR probe.
_FAULTS: Final = {"invalid address": 1, "illegal operation": 3, "divide-by-zero": 4}

#: How often one fault is told as it happens; then it is counted.
_FAULTS_TOLD: Final = 5

#: The ids of the probes that every program has, as in DTrace.
_FIRST_IDS: Final = {("dtrace", "", "", name): number for number, name in
                     enumerate(("BEGIN", "END", "ERROR"), 1)}  # fmt: skip


class Controller:
    """Runs clauses of BEGIN, END, ERROR and ticks, and does what data statements say.

    `show` takes what is to be printed, in order: texts, or objects where `as_json`. `tell` takes a
    line for the user beside it. `exit_code` is set once a clause has called exit().
    """

    def __init__(
        self,
        program: Program,
        screen: Screen,
        show: Callable[[str | dict[str, Any]], None],
        tell: Callable[[str], None],
        *,
        as_json: bool,
        target: int = 0,
    ) -> None:
        options = program.options
        self.program = program
        self.aggregations = Aggregations(program.aggregations)
        self.evaluator = Evaluator(options.strsize, dynvars=options.dynvars)
        self.exit_code: int | None = None
        self._output = Output(program.actions, self.aggregations, options, screen)
        self._show = show
        self._tell = tell
        self._as_json = as_json
        self._target = target
        self._faults: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._ids: dict[tuple[str, str, str, str], int] = dict(_FIRST_IDS)
        self._needing = {
            number for number, action in program.actions.items() if action.kind in NEEDS_TOTALS
        }
        # The two clocks apart, in nanoseconds: records have the monotonic one.
        self._apart = time.time_ns() - time.monotonic_ns()

    # -- its own clauses --------------------------------------------------------------------

    def fire(self, probe: ControllerProbe, more: Mapping[str, Value] | None = None) -> None:
        """Run the clauses of a probe of the controller's."""
        firing = Firing({**self._builtins(probe), **(more or {})})
        for clause in self.program.clauses:
            if probe in clause.probes:
                self._run(clause, probe, firing)
                if self.exit_code is not None and probe.kind != "END":
                    return

    def looks_back(self, probe: ControllerProbe) -> bool:
        """Whether what a probe's clauses do depends on what has come from the agents."""
        return bool(self.program.fetched) or any(
            not clause.body or any(statement["k"] == "data" for statement in clause.body)
            for clause in self.program.clauses
            if probe in clause.probes
        )

    def fire_kind(self, kind: str, more: Mapping[str, Value] | None = None) -> None:
        """Run the clauses of BEGIN, END or ERROR."""
        self.fire(ControllerProbe(kind, kind), more)

    def _run(self, clause: ControllerClause, probe: ControllerProbe, firing: Firing) -> None:
        text: list[str] = []
        about = self._about(time.monotonic_ns(), os.getpid(), 0, _description(probe))
        printing = not clause.body
        try:
            if not self.evaluator.holds(clause.condition, firing):
                return
            for happening in self.evaluator.run(None, clause.body, firing):
                if isinstance(happening, Aggregated):
                    self.aggregations.apply(happening)
                    continue
                printing = True
                if isinstance(happening, Exit):
                    self.exit_code = happening.code & 0xFF
                elif isinstance(happening, Data):
                    self._perform(happening.number, happening.values, about, text)
        except Fault as fault:
            self._fault(probe, clause, fault)
            return
        if printing:
            self._print(about, 0, self._id(_parts(probe)), "", probe.name, text, clause.body)

    def _fault(self, probe: ControllerProbe, clause: ControllerClause, fault: Fault) -> None:
        number = self._id(_parts(probe))
        self._tell_fault(
            layout.fault_text(clause.number + 1, number, _description(probe), str(fault))
        )
        if probe.kind != "ERROR":
            self._fire_error(clause.number, 0, str(fault), os.getpid())

    def _builtins(self, probe: ControllerProbe) -> dict[str, Value]:
        now = time.monotonic_ns()
        return {
            "timestamp": now,
            "walltimestamp": now + self._apart,
            "pid": os.getpid(),
            "tid": 0,
            "ppid": os.getppid(),
            "uid": os.getuid(),
            "gid": os.getgid(),
            "cpu": 0,
            "execname": "nodeobs",
            "cwd": _working_directory(),
            "probeprov": probe.provider,
            "probemod": "",
            "probefunc": "",
            "probename": probe.name,
            "errno": 0,
            "id": self._id(_parts(probe)),
            "target": self._target,
        }

    # -- what agents send -------------------------------------------------------------------

    def needs_totals(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is about totals, which have to be fetched before."""
        return any(number in self._needing for number, _ in _data(record))

    def show_data(self, record: Mapping[str, Any], pid: int, probe: TracedProbe | None) -> None:
        """Do the data statements of one clause that ran in a process."""
        tid = record.get("tid")
        thread = tid if isinstance(tid, int) else 0
        about = self._about(
            record.get("t"), pid, thread, probe.description if probe is not None else ""
        )
        text: list[str] = []
        done = _data(record)
        for number, values in done:
            if number in self.program.actions:
                self._perform(number, values, about, text)
        parts = ("", "", "?", "?")
        if probe is not None:
            parts = (probe.provider, probe.module, probe.function, probe.name)
        self._print(about, thread, self._id(parts), parts[2], parts[3], text, done)

    def show_error(self, record: Mapping[str, Any], pid: int, probe: TracedProbe | None) -> None:
        """A clause faulted in a process: say so, and fire ERROR."""
        message, statement = str(record.get("message")), record.get("s")
        clause = record.get("c")
        number = clause if isinstance(clause, int) else 0
        where = statement if isinstance(statement, int) else None
        parts = ("", "", "?", "?")
        description = "?"
        if probe is not None:
            parts = (probe.provider, probe.module, probe.function, probe.name)
            description = probe.description
        self._tell_fault(
            layout.fault_text(number + 1, self._id(parts), description, message, where)
        )
        self._fire_error(number, where or 0, message, pid)

    def _fire_error(self, clause: int, statement: int, message: str, pid: int) -> None:
        kind = next((code for start, code in _FAULTS.items() if message.startswith(start)), 0)
        more: dict[str, Value] = {
            "arg1": clause + 1, "arg2": statement, "arg3": 0, "arg4": kind, "arg5": 0, "pid": pid,
        }  # fmt: skip
        self.fire_kind("ERROR", more)

    def _tell_fault(self, text: str) -> None:
        self._faults[text] += 1
        if self._faults[text] <= _FAULTS_TOLD:
            self._tell(text)
        else:
            self._untold[text] += 1

    def take_untold(self) -> list[str]:
        """Of faults that happen again and again, how often since the last call."""
        texts = [f"{text} ({count:,} more)" for text, count in self._untold.items()]
        self._untold.clear()
        return texts

    # -- output -----------------------------------------------------------------------------

    def finish(self) -> None:
        """Print the aggregations that nothing has printed."""
        if self._as_json:
            for thing in self._output.rest_json():
                self._show(thing)
        elif text := self._output.rest():
            self._show("\n" + text)

    def _perform(
        self, number: int, values: Sequence[Any], about: dict[str, Any], text: list[str]
    ) -> None:
        if self._as_json:
            for thing in self._output.perform_json(number, values, about):
                self._show(thing)
        else:
            text.append(self._output.perform(number, values))

    def _print(
        self,
        about: dict[str, Any],
        cpu: int,
        number: int,
        function: str,
        name: str,
        text: list[str],
        body: Sequence[Any],
    ) -> None:
        if not self._as_json:
            self._show(self._output.line(cpu, number, function, name, "".join(text)))
        elif not body:
            self._show({"type": "firing", **about})

    def _about(self, moment: Any, pid: int, tid: int, probe: str) -> dict[str, Any]:
        if not self._as_json:
            return {}
        known = isinstance(moment, int | float)
        return {"time": _iso(moment + self._apart) if known else None, "pid": pid, "tid": tid,
                "probe": probe}  # fmt: skip

    def _id(self, parts: tuple[str, str, str, str]) -> int:
        return self._ids.setdefault(parts, len(self._ids) + 1)


def _parts(probe: ControllerProbe) -> tuple[str, str, str, str]:
    return (probe.provider, "", "", probe.name)


def _description(probe: ControllerProbe) -> str:
    return f"{probe.provider}:::{probe.name}"


def _data(record: Mapping[str, Any]) -> list[tuple[int, list[Any]]]:
    """The statements of a record with their values, those that are ones."""
    done = record.get("d")
    return [
        (one[0], one[1])
        for one in (done if isinstance(done, list) else ())
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], int)
        and isinstance(one[1], list)
    ]  # fmt: skip


def _iso(nanoseconds: float) -> str:
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06}Z"


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
