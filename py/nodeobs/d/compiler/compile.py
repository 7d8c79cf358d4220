"""Syntax tree to what agents and the controller run: the AST that docs/protocol.md describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.d.compiler.check import Checker
from nodeobs.d.compiler.expressions import Expressions
from nodeobs.d.compiler.infer import infer
from nodeobs.d.compiler.shared import shared_globals
from nodeobs.d.compiler.statements import Statements
from nodeobs.d.error import Problem
from nodeobs.d.options import Options, Setting, apply
from nodeobs.d.program import Ast, ControllerClause, ControllerProbe, ProbeDescription, Program
from nodeobs.d.syntax.macros import Macros
from nodeobs.d.syntax.parse import parse, settings_of
from nodeobs.d.syntax.probes import controller_probe
from nodeobs.d.syntax.tree import Call
from nodeobs.d.text import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.d.syntax.tree import Clause, Probe, Script


def compile_program(
    texts: Iterable[Text],
    words: Sequence[str] = ("",),
    settings: Sequence[Setting] = (),
    target: int | None = None,
) -> Program:
    """The program that texts say together.

    `words` are $0, $1, …; `settings` the options of the command line, which have precedence over
    those of the texts; `target` is the process, where that is known. Raises DError, with the place
    of what is wrong.
    """
    sources = Texts(texts)
    try:
        options = apply([*settings_of(sources), *settings])
        macros = Macros(words, defaults=options.defaultargs)
        program = compile_script(parse(sources, macros), options, target)
        unused = macros.unused()
        if unused is not None:
            raise Problem(None, f"the program has no use for the argument {unused!r:.40}")
    except Problem as problem:
        raise problem.error(sources) from None
    return program


def compile_script(script: Script, options: Options, target: int | None = None) -> Program:
    """The program of a syntax tree. Raises Problem."""
    if not script.clauses:
        raise Problem(None, "the program has no clause", "a clause is PROBES { ACTIONS }")
    compiler = _Compiler(script, options, target)
    for number, clause in enumerate(script.clauses):
        compiler.add(number, clause)
    return compiler.program()


class _Compiler:
    def __init__(self, script: Script, options: Options, target: int | None) -> None:
        self._script = script
        self._options = options
        self._variables = infer(script)
        self._statements = Statements(Checker(self._variables))
        self._sides = [_Sides(clause, target) for clause in script.clauses]
        self._numbers = 0
        self._agent: list[Ast] = []
        self._controller: list[ControllerClause] = []
        self._descriptions: list[ProbeDescription] = []
        # Aggregations first: an action may stand before what fills it.
        for clause in script.clauses:
            for statement in clause.body:
                sides = self._statements.aggregate(statement)
                if sides is not None:
                    self._statements.declare(*sides)

    def add(self, number: int, clause: Clause) -> None:
        """Check a clause and compile it for those who run it."""
        sides = self._sides[number]
        checker = self._statements.checker
        if clause.predicate is not None:
            checker.check(clause.predicate)
        steps = [self._statement(statement) for statement in clause.body]
        for agent in (True, False):
            if not (sides.agent if agent else sides.controller):
                continue
            expressions = Expressions(self._variables, self._options, agent=agent)
            predicate = clause.predicate
            condition = None if predicate is None else expressions.ast(predicate)
            body = [_ast(step, expressions) for step in steps]
            if agent:
                self._add_agent(number, sides.agent, condition, body)
            else:
                self._controller.append(
                    ControllerClause(number, tuple(sides.controller), condition, tuple(body))
                )

    def program(self) -> Program:
        statements, options = self._statements, self._options
        agent = {"clauses": self._agent, "options": options.limits} if self._agent else None
        shared = shared_globals(
            [
                clause
                for clause, sides in zip(self._script.clauses, self._sides, strict=True)
                if sides.agent
            ],
            [
                clause
                for clause, sides in zip(self._script.clauses, self._sides, strict=True)
                if sides.controller
            ],
        )
        return Program(
            agent=agent,
            clauses=tuple(self._controller),
            descriptions=tuple(self._descriptions),
            actions=statements.actions,
            aggregations=statements.aggregations,
            options=options,
            sent=shared.sent,
            fetched=shared.fetched,
            counters=shared.counters,
        )

    def _add_agent(
        self, number: int, probes: Sequence[Probe], condition: Ast | None, body: list[Ast]
    ) -> None:
        parts = [(probe.provider, probe.module, probe.function, probe.name) for probe in probes]
        self._agent.append(
            {"n": number, "probes": [list(one) for one in parts], "if": condition, "do": body}
        )
        self._descriptions.extend(
            ProbeDescription(probe.text, *part, number)
            for probe, part in zip(probes, parts, strict=True)
        )

    def _statement(self, node: Any) -> tuple[str, int, Any]:
        """Check a statement: its kind, its number, and what is in it."""
        number = self._numbers
        self._numbers += 1
        sides = self._statements.aggregate(node)
        if sides is not None:
            return "agg", number, sides
        if self._statements.is_action(node):
            assert isinstance(node, Call)
            values = self._statements.action(node, number)
            return ("exit" if node.name == "exit" else "data"), number, values
        self._statements.expression(node)
        return "expr", number, node


class _Sides:
    """Who fires the probes of a clause: the agents, or the controller."""

    def __init__(self, clause: Clause, target: int | None) -> None:
        self.agent: list[Probe] = []
        self.controller: list[ControllerProbe] = []
        for probe in clause.probes:
            own = controller_probe(probe, target)
            if own is None:
                self.agent.append(probe)
            else:
                self.controller.append(own)


def _ast(step: tuple[str, int, Any], expressions: Expressions) -> Ast:
    kind, number, content = step
    if kind == "agg":
        target, call = content
        return {
            "k": "agg",
            "name": target.name,
            "keys": [expressions.ast(key) for key in target.keys or ()],
            "fn": call.name,
            "args": expressions.aggregate_arguments(call),
        }
    if kind == "data":
        return {"k": "data", "n": number, "args": [expressions.ast(value) for value in content]}
    if kind == "exit":
        return {"k": "exit", "e": expressions.ast(content[0])}
    return {"k": "expr", "e": expressions.ast(content)}
