"""The parser's tree to the syntax tree: macros and inlines replaced, names told apart."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

from lark import Token, Tree

from nodeobs.d.error import Problem
from nodeobs.d.signatures import BUILTINS, CONSTANTS
from nodeobs.d.syntax.leaves import argument, is_argument, leaf, short
from nodeobs.d.syntax.precedence import nested
from nodeobs.d.syntax.probes import parse_probe
from nodeobs.d.syntax.tree import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_KEYS,
    MAX_NODES,
    MAX_VALUES,
    Aggregated,
    Assignment,
    Binary,
    Call,
    Cast,
    Clause,
    Conditional,
    Declaration,
    Expression,
    Integer,
    Member,
    Script,
    SizeOf,
    Step,
    Unary,
    Variable,
)
from nodeobs.d.syntax.tree import depth as depth_of
from nodeobs.d.syntax.type_names import declared, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodeobs.d.syntax.macros import Macros

_Parsed: TypeAlias = Tree[Any] | Token


class Builder:
    """Builds one script of the trees of several texts."""

    def __init__(self, macros: Macros) -> None:
        self._macros = macros
        self._clauses: list[Clause] = []
        self._declarations: list[Declaration] = []
        # What an inline stands for, with the nodes and the depth of it.
        self._inlines: dict[str, tuple[Expression, int, int]] = {}
        self._nodes = 0
        self._start = 0

    def add(self, tree: Tree[Any], start: int) -> None:
        """Take in the tree of one text, which begins at the position `start`."""
        self._start = start
        for item in tree.children:
            assert isinstance(item, Tree)
            if item.data == "clause":
                if len(self._clauses) == MAX_CLAUSES:
                    raise self._problem(item, f"a program has at most {MAX_CLAUSES:,} clauses")
                self._clauses.append(self._clause(item))
            elif item.data == "variable":
                self._declarations.extend(self._variable(item))
            else:
                self._inline(item)

    def define(self, tree: Tree[Any], start: int) -> None:
        """Take in the inline that a `#define` is; it may hide a name that has a meaning."""
        self._start = start
        for item in tree.children:
            assert isinstance(item, Tree)
            self._inline(item, hiding=True)

    def script(self) -> Script:
        return Script(tuple(self._clauses), tuple(self._declarations))

    # -- outside the braces -----------------------------------------------------------------

    def _clause(self, item: Tree[Any]) -> Clause:
        parts = {str(part.data): part for part in item.children}
        probes = [
            parse_probe(str(token), self._at(token), self._macros)
            for token in parts["probes"].children
        ]
        predicate = None
        if "predicate" in parts:
            predicate = self._expression(parts["predicate"].children[1], MAX_DEPTH)
        body: list[Expression] = []
        if "body" in parts:
            for statement in parts["body"].children[1:-1]:
                several = isinstance(statement, Tree) and statement.data == "comma"
                statements = statement.children if several else (statement,)
                body.extend(self._expression(one, MAX_DEPTH) for one in statements)
        return Clause(self._at(item), tuple(probes), predicate, tuple(body))

    def _variable(self, item: Tree[Any]) -> Iterator[Declaration]:
        scope, kind = "global", ""
        pointer = array = False
        name: Token | None = None
        for part in [*item.children, None]:
            is_name = isinstance(part, Token) and part.type == "NAME"
            if name is not None and (part is None or is_name or str(part) == "*"):
                self._check_new(name)
                yield Declaration(
                    self._at(name), scope, str(name), declared(kind, pointer=pointer), array
                )
                name, pointer, array = None, False, False
            if part is None:
                return
            if isinstance(part, Tree):
                array = True
            elif part.type == "SCOPE":
                scope = str(part)
            elif part.type == "DECLARED":
                kind = str(part)
            elif is_name:
                name = part
            else:
                pointer = True

    def _inline(self, item: Tree[Any], *, hiding: bool = False) -> None:
        name = next(part for part in item.children if _is(part, "NAME"))
        assert isinstance(name, Token)
        if not hiding:
            self._check_new(name)
        before = self._nodes
        value = self._expression(item.children[-1], MAX_DEPTH)
        self._inlines[str(name)] = (value, self._nodes - before, depth_of(value))

    def _check_new(self, name: Token) -> None:
        known = self._inlines.keys() | CONSTANTS.keys() | BUILTINS.keys()
        if str(name) in known or is_argument(name):
            raise self._problem(name, f"{name} has a meaning already", "choose another name")

    # -- expressions ------------------------------------------------------------------------

    def _at(self, item: Any) -> int:
        while isinstance(item, Tree):
            item = item.children[0] if item.children else None
        return self._start + (item.start_pos or 0 if isinstance(item, Token) else 0)

    def _problem(self, item: Any, problem: str, hint: str | None = None) -> Problem:
        return Problem(self._at(item), problem, hint)

    def _expression(self, item: _Parsed, depth: int) -> Expression:
        self._nodes += 1
        if depth == 0 or self._nodes > MAX_NODES:
            what = "nested too deeply" if depth == 0 else "too long"
            raise self._problem(item, f"the expression is {what}", "split it over variables")
        if isinstance(item, Token):
            return self._token(item, depth)
        build: Callable[[Tree[Any], int], Expression] = getattr(self, f"_{item.data}")
        return build(item, depth - 1)

    def _token(self, token: Token, depth: int) -> Expression:
        inlined = self._inlines.get(str(token)) if token.type == "NAME" else None
        if inlined is None:
            return leaf(token, self._at(token), self._macros)
        value, nodes, deep = inlined
        self._nodes += nodes
        if self._nodes > MAX_NODES or deep > depth:
            raise self._problem(token, "the expression is nested too deeply")
        return value

    def _scoped(self, item: Tree[Any], depth: int) -> Expression:
        scope, _, name = item.children
        at = self._at(scope)
        return Variable(at, str(scope), short(str(name), at), None)

    def _group(self, item: Tree[Any], depth: int) -> Expression:
        return self._expression(item.children[0], depth)

    def _xlate(self, item: Tree[Any], depth: int) -> Expression:
        # The arguments of our probes are translated already.
        return self._expression(item.children[1], depth)

    def _index(self, item: Tree[Any], depth: int) -> Expression:
        owner, *given = item.children
        if _is(owner, "NAME") and str(owner) == "args" and "args" not in self._inlines:
            number = given[0] if len(given) == 1 else None
            at = self._at(owner)
            value = number and self._expression(number, depth)
            if not isinstance(value, Integer):
                raise Problem(at, "args takes the number of an argument", "write args[0]")
            return argument(value.value, at, translated=True)
        keys = tuple(self._expression(one, depth) for one in given)
        if not keys:
            raise self._problem(owner, "the keys are missing")
        if len(keys) > MAX_KEYS:
            raise self._problem(owner, f"there are {len(keys)} keys, {MAX_KEYS} at most")
        if _is(owner, "AGGREGATION"):
            return Aggregated(self._at(owner), str(owner), keys)
        target = self._expression(owner, depth)
        if not isinstance(target, Variable) or target.index is not None:
            raise self._problem(owner, "only variables have keys", "several keys: name[a, b]")
        return dataclasses.replace(target, index=keys)

    def _member(self, item: Tree[Any], depth: int) -> Expression:
        owner, _, name = item.children
        return Member(self._at(name), self._expression(owner, depth), str(name))

    def _call(self, item: Tree[Any], depth: int) -> Expression:
        name, *arguments = item.children
        assert isinstance(name, Token)
        if len(arguments) > MAX_VALUES:
            raise self._problem(
                name, f"{name} has {len(arguments)} arguments, {MAX_VALUES} at most"
            )
        return Call(
            self._at(name), str(name), tuple(self._expression(one, depth) for one in arguments)
        )

    def _stringof(self, item: Tree[Any], depth: int) -> Expression:
        operator, operand = item.children
        return Call(self._at(operator), "stringof", (self._expression(operand, depth),))

    def _cast(self, item: Tree[Any], depth: int) -> Expression:
        cast, operand = item.children
        name, stars = type_of(str(cast)[1:-1])
        return Cast(self._at(cast), name, stars, self._expression(operand, depth))

    def _sizeof(self, item: Tree[Any], depth: int) -> Expression:
        operator, operand = item.children
        if _is(operand, "CAST"):
            name, stars = type_of(str(operand)[1:-1])
            return SizeOf(self._at(operator), "uintptr_t" if stars else name)
        return SizeOf(self._at(operator), self._expression(operand, depth))

    def _unary(self, item: Tree[Any], depth: int) -> Expression:
        operator, operand = item.children
        assert isinstance(operator, Token)
        if operator.type in ("AMPERSAND", "STAR"):
            raise self._problem(
                operator,
                "there are no addresses in a Node process",
                "members of an argument: args[0]->name",
            )
        return Unary(self._at(operator), str(operator), self._expression(operand, depth))

    def _step(self, item: Tree[Any], depth: int) -> Expression:
        operator, operand = item.children
        by = 1 if operator == "++" else -1
        return Step(self._at(operator), self._expression(operand, depth), by, post=False)

    def _post_step(self, item: Tree[Any], depth: int) -> Expression:
        operand, operator = item.children
        by = 1 if operator == "++" else -1
        return Step(self._at(operator), self._expression(operand, depth), by, post=True)

    def _assignment(self, item: Tree[Any], depth: int) -> Expression:
        target, operator, value = item.children
        return Assignment(
            self._at(operator),
            str(operator),
            self._expression(target, depth),
            self._expression(value, depth),
        )

    def _conditional(self, item: Tree[Any], depth: int) -> Expression:
        condition, sign, then, otherwise = item.children
        return Conditional(
            self._at(sign),
            self._expression(condition, depth),
            self._expression(then, depth),
            self._expression(otherwise, depth),
        )

    def _operation(self, item: Tree[Any], depth: int) -> Expression:
        return self._binary(nested(item.children), depth)

    def _binary(self, item: Tree[Any], depth: int) -> Expression:
        left, operator, right = item.children
        return Binary(
            self._at(operator),
            str(operator),
            self._expression(left, depth),
            self._expression(right, depth),
        )


def _is(item: Any, kind: str) -> bool:
    return isinstance(item, Token) and item.type == kind
