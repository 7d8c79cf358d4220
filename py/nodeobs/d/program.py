"""A compiled program: what goes to the agents, and what the controller keeps for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodeobs.d.options import Options

#: A statement or an expression as it is sent to agents: docs/protocol.md, `trace.start`.
Ast = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ControllerProbe:
    """A probe that the controller fires itself.

    `kind` is `BEGIN`, `END`, `ERROR` or `tick`, `name` as the program has it (`tick-1s`), `period`
    that of a tick in nanoseconds.
    """

    kind: str
    name: str
    period: int | None = None

    @property
    def provider(self) -> str:
        """The provider it has in DTrace."""
        return "profile" if self.kind == "tick" else "dtrace"


@dataclass(frozen=True, slots=True)
class ControllerClause:
    """A clause of BEGIN, END, ERROR or tick probes. No `body` at all is the default action."""

    number: int
    probes: tuple[ControllerProbe, ...]
    condition: Ast | None
    body: tuple[Ast, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """What the controller does with the values of one `data` statement.

    `kind` is `printf`, `trace`, `print`, `printa`, `clear`, `trunc`, `normalize` or `denormalize`.
    The values are the arguments of printf, the one of trace and print, the number that trunc keeps
    (none: 0), the factor of normalize. `aggregations` are names with their @, `types` those of the
    values.
    """

    number: int
    kind: str
    format: str | None = None
    aggregations: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aggregation:
    """An aggregation of the program: `keys` is how many it has, `types` are theirs, `parameters`
    the bounds of lquantize and llquantize."""

    name: str
    function: str
    parameters: tuple[int, ...]
    keys: int
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProbeDescription:
    """One probe description that agents match, as written; empty parts match everything."""

    text: str
    provider: str
    module: str
    function: str
    name: str
    clause: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program ready to run.

    `agent` is the `program` of a `trace.start` request, None where no clause is for an agent.
    `sent` names the global variables that controller clauses set and agents use, `fetched` those
    that agents set and controller clauses use; of the latter `counters` are those that agents
    only ever add to.
    """

    agent: Ast | None
    clauses: tuple[ControllerClause, ...]
    descriptions: tuple[ProbeDescription, ...]
    actions: Mapping[int, Action]
    aggregations: Mapping[str, Aggregation]
    options: Options
    sent: frozenset[str]
    fetched: frozenset[str]
    counters: frozenset[str]

    def controller(self, kind: str) -> list[ControllerClause]:
        """The clauses of BEGIN, END or ERROR, in order."""
        return [
            clause for clause in self.clauses if any(probe.kind == kind for probe in clause.probes)
        ]
