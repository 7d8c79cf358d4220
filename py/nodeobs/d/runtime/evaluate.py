"""Clauses that the controller runs itself: BEGIN, END, ERROR and ticks.

The same syntax tree goes to the agents, whose `js/trace` obeys the same rules; docs/trace.md
states them and `tests/fixtures/d-expressions.json` has both halves prove it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.runtime.functions import FUNCTIONS, Tokens
from nodeobs.d.runtime.operators import COMPARISONS, arithmetic, compared
from nodeobs.d.runtime.values import Fault, Keys, Value, cut, integer, number, string, truth, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nodeobs.d.program import Ast

#: Scalars by name, associative arrays as a dict by key.
Variables = dict[str, Value | dict[Keys, Value]]


@dataclass(frozen=True, slots=True)
class Data:
    """A data statement: its number in the program and the values of its arguments."""

    number: int
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Aggregated:
    """An aggregating statement: `values` are the arguments of the function, bounds included."""

    name: str
    function: str
    keys: Keys
    values: list[Value]


@dataclass(frozen=True, slots=True)
class Exit:
    """`exit(code)`. What is left of the clause runs."""

    code: int


Happening = Data | Aggregated | Exit


#: Functions that hand on what they are given: it is cut where it is kept.
_WHOLE: Final = ("copyinstr", "stringof")


class Firing:
    """One firing of a probe, for all the clauses that it runs.

    `values` are builtins (`probename`, `timestamp`, …) and arguments (`arg0`, …); what is not
    there is 0. `this->` variables live as long as the firing.
    """

    __slots__ = ("this", "tokens", "values")

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = values
        self.this: Variables = {}
        self.tokens = Tokens()


class Evaluator:
    """Evaluates with one set of variables.

    `strsize` is in UTF-16 code units; `dynvars` bounds elements of arrays and `self->` variables
    together. All that the controller runs is one thread, so it has one set of `self->`.
    """

    def __init__(
        self,
        strsize: int = 256,
        globals: Variables | None = None,  # noqa: A002
        dynvars: int = 10_000,
    ) -> None:
        self.globals: Variables = {} if globals is None else globals
        self.self_variables: Variables = {}
        self._strsize = strsize
        self._dynvars = dynvars
        self._drops = 0
        self._kinds: dict[str, Callable[[Ast, Firing], Value]] = {
            "int": lambda node, _: integer(node["v"]),
            "str": lambda node, _: cut(node["v"], self._strsize),
            "var": self._variable,
            "builtin": lambda node, firing: self._given(node["name"], firing),
            "arg": lambda node, firing: self._given(f"arg{node['n']}", firing),
            "args": lambda node, firing: self._given(f"arg{node['n']}", firing),
            "unary": self._unary,
            "binary": self._binary,
            "cond": self._conditional,
            "assign": self._assign,
            "step": self._step,
            "call": self._call,
            "cast": self._cast,
        }

    def holds(self, condition: Ast | None, firing: Firing) -> bool:
        """Whether a predicate lets its clause run. Raises Fault."""
        return condition is None or truth(self.expression(condition, firing))

    def run(
        self, condition: Ast | None, body: Sequence[Ast], firing: Firing
    ) -> Iterator[Happening]:
        """What a clause does, in order; nothing where its predicate is false.

        Raises Fault, after the aggregating statements before it: like DTrace, a clause that
        faults gives no data, but what it has counted and assigned stands.
        """
        happenings: list[Happening] = []
        try:
            if not self.holds(condition, firing):
                return
            for statement in body:
                happening = self._statement(statement, firing)
                if happening is not None:
                    happenings.append(happening)
        except Fault:
            yield from (one for one in happenings if isinstance(one, Aggregated))
            raise
        yield from happenings

    def expression(self, node: Ast, firing: Firing) -> Value:
        """The value of an expression. Raises Fault."""
        evaluate = self._kinds.get(node["k"])
        if evaluate is None:
            raise Fault(f"illegal operation ({node['k']} outside of a process)")
        return evaluate(node, firing)

    def take_drops(self) -> int:
        """How many values found no room since the last call."""
        drops, self._drops = self._drops, 0
        return drops

    def _statement(self, statement: Ast, firing: Firing) -> Happening | None:
        kind = statement["k"]
        if kind == "expr":
            self.expression(statement["e"], firing)
            return None
        if kind == "data":
            return Data(statement["n"], self._all(statement["args"], firing))
        if kind == "agg":
            keys = tuple(self._all(statement["keys"], firing))
            return Aggregated(
                statement["name"], statement["fn"], keys, self._all(statement["args"], firing)
            )
        return Exit(number(self.expression(statement["e"], firing)))

    def _all(self, nodes: Sequence[Ast], firing: Firing) -> list[Value]:
        """Values as they are kept or printed."""
        return [self._kept(self.expression(node, firing)) for node in nodes]

    def _kept(self, value: Value) -> Value:
        return cut(value, self._strsize) if isinstance(value, str) else value

    def _given(self, name: str, firing: Firing) -> Value:
        # Whole: json() may be asked for a part of what is longer than a string.
        value = firing.values.get(name, 0)
        return value if isinstance(value, str) else integer(value)

    def _variable(self, node: Ast, firing: Firing) -> Value:
        return self._read(self._place(node, firing))

    def _place(self, node: Ast, firing: Firing) -> _Place:
        scope, index = node["scope"], node.get("index")
        variables = {"global": self.globals, "self": self.self_variables}.get(scope, firing.this)
        keys = None if index is None else tuple(self._all(index, firing))
        return _Place(variables, node["name"], keys, scope != "this")

    def _read(self, place: _Place) -> Value:
        value = place.variables.get(place.name, 0)
        if place.keys is not None:
            return value.get(place.keys, 0) if isinstance(value, dict) else 0
        return 0 if isinstance(value, dict) else value

    def _write(self, place: _Place, value: Value) -> Value:
        value = self._kept(value)
        variables: dict[Any, Any] = place.variables
        key: Any = place.name
        dynamic = variables is self.self_variables
        if place.keys is not None:
            elements = variables.get(place.name)
            if not isinstance(elements, dict):
                elements = variables[place.name] = {}
            variables, key, dynamic = elements, place.keys, True
        if not dynamic:
            variables[key] = value
        elif value == 0:
            variables.pop(key, None)
        elif key in variables or not place.counted or self._room():
            variables[key] = value
        else:
            self._drops += 1
        return value

    def _room(self) -> bool:
        arrays = [*self.globals.values(), *self.self_variables.values()]
        elements = sum(len(value) for value in arrays if isinstance(value, dict))
        return elements + len(self.self_variables) < self._dynvars

    def _unary(self, node: Ast, firing: Firing) -> Value:
        value = self.expression(node["e"], firing)
        if node["op"] == "!":
            return int(not truth(value))
        operand = number(value)
        return integer({"-": -operand, "~": ~operand}.get(node["op"], operand))

    def _binary(self, node: Ast, firing: Firing) -> Value:
        operator = node["op"]
        left = self.expression(node["l"], firing)
        if operator == "&&":
            return int(truth(left) and truth(self.expression(node["r"], firing)))
        if operator == "||":
            return int(truth(left) or truth(self.expression(node["r"], firing)))
        right = self.expression(node["r"], firing)
        if operator == "^^":
            return int(truth(left) != truth(right))
        if operator in COMPARISONS:
            return compared(operator, left, right)
        return arithmetic(operator, left, right)

    def _conditional(self, node: Ast, firing: Firing) -> Value:
        branch = "then" if truth(self.expression(node["if"], firing)) else "else"
        return self.expression(node[branch], firing)

    def _assign(self, node: Ast, firing: Firing) -> Value:
        place = self._place(node["to"], firing)
        value = self.expression(node["e"], firing)
        if node["op"] != "=":
            value = arithmetic(node["op"][:-1], self._read(place), value)
        return self._write(place, value)

    def _step(self, node: Ast, firing: Firing) -> Value:
        place = self._place(node["to"], firing)
        before = number(self._read(place))
        after = self._write(place, integer(before + node["by"]))
        return before if node["post"] else after

    def _call(self, node: Ast, firing: Firing) -> Value:
        name = node["fn"]
        values = [self.expression(argument, firing) for argument in node["args"]]
        if name == "strtok":
            return self._kept(firing.tokens.next(values[0], values[1]))
        result = FUNCTIONS[name](*values)
        return result if name in _WHOLE else self._kept(result)

    def _cast(self, node: Ast, firing: Firing) -> Value:
        value, wanted = self.expression(node["e"], firing), node["type"]
        if wanted == "string":
            return string(value)
        operand = number(value)
        bits = int(wanted.removeprefix("u").removeprefix("int"))
        # 64 bits are what an integer has; unsigned ones are a matter of printing them.
        return operand if bits == 64 else wrap(operand, bits, signed=wanted[0] == "i")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a variable lives. `counted` is whether its elements count as dynamic variables."""

    variables: Variables
    name: str
    keys: Keys | None
    counted: bool
