"""Whether the expressions of a program make sense: names, types, numbers of arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.d.compiler.complaints import check_count, count, describe, mixed, unknown_function
from nodeobs.d.compiler.fold import constant
from nodeobs.d.compiler.infer import Variables, is_null, is_offset, is_transparent, kind_of
from nodeobs.d.error import Problem
from nodeobs.d.signatures import (
    ACTIONS,
    AGGREGATING,
    ANY,
    BUILTINS,
    CONSTANTS,
    FUNCTIONS,
    STRING,
    TRANSPARENT,
    TYPES,
    is_integer,
)
from nodeobs.d.syntax.tree import (
    Aggregated,
    Argument,
    Assignment,
    Binary,
    Builtin,
    Call,
    Cast,
    Conditional,
    Expression,
    Integer,
    Member,
    SizeOf,
    Step,
    Target,
    Unary,
    Variable,
    children,
)
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")
_LOGICAL = ("&&", "||", "^^")


class Checker:
    """Checks expressions against the variables of their program. Everything raises Problem."""

    def __init__(self, variables: Variables) -> None:
        self.variables = variables
        # The first use of each associative array: its keys' types.
        self._arrays: dict[tuple[str, str], tuple[str, ...]] = {}
        self._scalars: set[tuple[str, str]] = set()

    def kind(self, node: Expression) -> str:
        """The type of an expression."""
        return kind_of(node, self.variables)

    def check(self, node: Expression) -> None:
        """An expression that gives a value, and everything in it."""
        if isinstance(node, Call):
            self._call(node)
        if isinstance(node, SizeOf):
            self._size(node)
            return
        if isinstance(node, Aggregated):
            raise Problem(
                node.at,
                f"{node.name} is an aggregation: it has no value in an expression",
                "printa() shows it",
            )
        for child in self._operands(node):
            self.check(child)
        match node:
            case Variable():
                self._variable(node)
            case Unary():
                if node.operator != "!":
                    self._integer(node.operand, f"{node.operator} needs an integer")
            case Binary():
                self._binary(node)
            case Conditional():
                self._alike(node, node.then, node.otherwise, "the two results are")
            case Assignment():
                self._assignment(node)
            case Step():
                sign = "++" if node.by > 0 else "--"
                self._target(node.target, f"{sign} changes")
                self._integer(node.target, f"{sign} needs an integer")
            case Member():
                if self.kind(node.owner) != ANY:
                    raise Problem(
                        node.at,
                        f"{describe(self.kind(node.owner))} has no member {node.name}",
                        "arguments of probes have members: args[0]->method",
                    )
            case Cast():
                self._cast(node)

    def require_integer(self, node: Expression, what: str) -> None:
        """Check an expression and that it is an integer; `what` says why it has to be."""
        self.check(node)
        self._integer(node, what)

    def _operands(self, node: Expression) -> Sequence[Expression]:
        if isinstance(node, Assignment | Step) and not isinstance(node.target, Variable):
            # Said of the assignment, not of what is there.
            return (node.value,) if isinstance(node, Assignment) else ()
        if isinstance(node, Call) and node.name == TRANSPARENT:
            return node.arguments[:1]  # the size of what would be copied
        return list(children(node))

    # -- names ------------------------------------------------------------------------------

    def _variable(self, node: Variable) -> None:
        key = (node.scope, node.name)
        if key not in self.variables.assigned:
            raise self._unknown(node)
        if node.index is None:
            if key in self._arrays:
                raise Problem(node.at, f"{node.label} is an array", f"write {node.label}[key]")
            self._scalars.add(key)
            return
        if key in self._scalars:
            raise Problem(
                node.at, f"{node.label} is used without keys elsewhere, so it is no array"
            )
        kinds = tuple(map(self.kind, node.index))
        known = self._arrays.setdefault(key, kinds)
        if len(known) != len(kinds):
            raise Problem(
                node.at,
                f"{node.label} has {count(len(known), 'key')} elsewhere, here it has {len(kinds)}",
            )
        for index, (one, other) in enumerate(zip(known, kinds, strict=True)):
            if mixed(one, other):
                raise Problem(
                    node.index[index].at,
                    f"key {index + 1} of {node.label} is {describe(one)} elsewhere, "
                    f"here it is {describe(other)}",
                )

    def _unknown(self, node: Variable) -> Problem:
        name = node.name
        problem = f"unknown variable {node.label}"
        if node.scope == "global":
            if name in FUNCTIONS or name in ACTIONS or name in AGGREGATING:
                return Problem(node.at, f"{name} is a function", f"write {name}(…)")
            for scope in ("self", "this"):
                if (scope, name) in self.variables.assigned:
                    return Problem(node.at, problem, f"did you mean {scope}->{name}?")
            # Constants are many, and written in capitals.
            constants = CONSTANTS if name.isupper() else ()
            known = [*self.variables.names("global"), *BUILTINS, *constants]
            near = near_names(name, known)
        else:
            near = [
                f"{node.scope}->{one}" for one in near_names(name, self.variables.names(node.scope))
            ]
        hint = did_you_mean(near)
        return Problem(node.at, problem, hint or "no clause gives it a value")

    # -- operators --------------------------------------------------------------------------

    def _integer(self, node: Expression, what: str) -> None:
        kind = self.kind(node)
        if kind == STRING:
            raise Problem(node.at, f"{what}, and this is {describe(kind)}", "strtoll() reads one")

    def _binary(self, node: Binary) -> None:
        if node.operator in _LOGICAL:
            return
        if node.operator in _COMPARISONS:
            self._alike(node, node.left, node.right, f"{node.operator} compares")
            return
        if is_offset(node, self.variables):
            return
        for side in (node.left, node.right):
            if self.kind(side) == STRING:
                both = self.kind(node.left) == self.kind(node.right)
                sides = "both sides are strings" if both else "one side is a string"
                joins = both and node.operator == "+"
                raise Problem(
                    node.at,
                    f"{node.operator} needs integers, and {sides}",
                    "strjoin() joins texts" if joins else "strtoll() reads one",
                )
        constant(node)  # a division by 0

    def _alike(self, node: Expression, one: Expression, other: Expression, what: str) -> None:
        first, second = self.kind(one), self.kind(other)
        if mixed(first, second) and not is_null(one) and not is_null(other):
            raise Problem(node.at, f"{what} {describe(first)} and {describe(second)}")

    def _cast(self, node: Cast) -> None:
        kind = self.kind(node.operand)
        if kind == STRING and not node.stars and node.type in TYPES:
            if not is_transparent(node, self.variables):
                raise Problem(
                    node.at, f"a string cannot be cast to {node.type}", "strtoll() reads a number"
                )
        elif node.type == "string" and not node.stars and is_integer(kind):
            raise Problem(node.at, "an integer cannot be cast to string", "lltostr() makes a text")

    def _size(self, node: SizeOf) -> None:
        if not isinstance(node.operand, str):
            self.check(node.operand)
        elif node.operand != "string" and node.operand not in TYPES:
            raise Problem(node.at, f"the size of {node.operand} is not known here")

    # -- assignments ------------------------------------------------------------------------

    def _assignment(self, node: Assignment) -> None:
        if isinstance(node.value, Call) and node.value.name in AGGREGATING:
            raise Problem(
                node.value.at,
                f"{node.value.name}() fills an aggregation",
                f"write @name = {node.value.name}(…)",
            )
        self._target(node.target, "= gives a value to")
        target = node.target
        assert isinstance(target, Variable)
        kind, given = self.kind(target), self.kind(node.value)
        if node.operator != "=":
            self._integer(target, f"{node.operator} needs an integer")
            self._integer(node.value, f"{node.operator} needs an integer")
            if node.operator in ("/=", "%=") and constant(node.value) == 0:
                raise Problem(node.at, "this divides by 0")
        elif mixed(kind, given) and not is_null(node.value):
            first = self.variables.assigned[target.scope, target.name]
            raise Problem(
                node.at,
                f"{target.label} is {describe(kind)}, and this is {describe(given)}",
                "a variable has one type: use another name" if first != node.at else None,
            )

    def _target(self, node: Expression, what: str) -> None:
        match node:
            case Variable():
                return
            case Builtin():
                raise Problem(node.at, f"{node.name} is a builtin variable: only D sets it")
            case Argument() | Member():
                raise Problem(node.at, "arguments of probes cannot be changed", "copy it: this->x")
            case Aggregated():
                raise Problem(
                    node.at, "an aggregation is filled by a function", f"{node.name} = count();"
                )
            case Target() | Integer():
                raise Problem(node.at, f"{what} a variable, and this is a constant")
        raise Problem(node.at, f"{what} a variable, and this is none")

    # -- calls ------------------------------------------------------------------------------

    def _call(self, node: Call) -> None:
        name = node.name
        if name in ACTIONS:
            raise Problem(node.at, f"{name}() is an action: it has no value", "a statement: alone")
        if name in AGGREGATING:
            hint = f"write @name = {name}(…)"
            raise Problem(node.at, f"{name}() fills an aggregation", hint)
        if name == TRANSPARENT:
            check_count(node, 1, 2)
            return
        function = FUNCTIONS.get(name)
        if function is None:
            raise unknown_function(node)
        most = len(function.arguments)
        check_count(node, most - function.optional, most)
        for index, (parameter, argument) in enumerate(
            zip(function.arguments, node.arguments, strict=False)
        ):
            kind = self.kind(argument)
            if mixed(parameter, kind) and not is_null(argument):
                raise Problem(
                    argument.at,
                    f"argument {index + 1} of {name}() is {describe(parameter)}, "
                    f"and this is {describe(kind)}",
                    "lltostr() makes a text of it" if parameter == STRING else None,
                )
