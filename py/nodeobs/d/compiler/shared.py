"""Which global variables agents and the controller have to tell each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from nodeobs.d.syntax.tree import Assignment, Step, Variable, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodeobs.d.syntax.tree import Clause

_ADDING: Final = ("+=", "-=")


@dataclass(frozen=True, slots=True)
class Shared:
    """Names of global variables: see program.Program."""

    sent: frozenset[str]
    fetched: frozenset[str]
    counters: frozenset[str]


@dataclass(slots=True)
class _Use:
    read: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    #: Written otherwise than by adding to it.
    replaced: set[str] = field(default_factory=set)


def shared_globals(agent: Iterable[Clause], controller: Iterable[Clause]) -> Shared:
    """What the clauses on the two sides have in common."""
    inside, here = _use(agent), _use(controller)
    return Shared(
        sent=frozenset(here.written & (inside.read | inside.written)),
        fetched=frozenset(inside.written & here.read),
        counters=frozenset(inside.written - inside.replaced),
    )


def _use(clauses: Iterable[Clause]) -> _Use:
    use = _Use()
    for clause in clauses:
        parts = clause.body if clause.predicate is None else (clause.predicate, *clause.body)
        for part in parts:
            for node in walk(part):
                if isinstance(node, Variable) and node.scope == "global":
                    use.read.add(node.name)
        # What is only ever the left side of = is not read.
        for part in parts:
            for node in walk(part):
                if not isinstance(node, Assignment | Step):
                    continue
                target = node.target
                if isinstance(target, Variable) and target.scope == "global":
                    use.written.add(target.name)
                    if isinstance(node, Assignment) and node.operator not in _ADDING:
                        use.replaced.add(target.name)
    return use
