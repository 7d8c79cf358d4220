"""Statements: aggregations, actions, and expressions that do something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nodeobs.d.compiler.complaints import check_count, count, describe, mixed, unknown_function
from nodeobs.d.compiler.fold import constant
from nodeobs.d.error import Problem
from nodeobs.d.printing.printf import FormatError, check, parse_format
from nodeobs.d.program import Action, Aggregation
from nodeobs.d.runtime.totals import new_total
from nodeobs.d.signatures import ACTIONS, AGGREGATING, ANY, ON_AGGREGATION
from nodeobs.d.syntax import literals
from nodeobs.d.syntax.tree import Aggregated, Assignment, Call, Expression, Step, String, walk
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.d.compiler.check import Checker

#: What lquantize and llquantize may have: buckets that a terminal can still show, and DTrace's own
#: bounds.
_MOST_LEVELS: Final = 10_000
_LARGEST: Final = 2**63 - 1


class Statements:
    """Checks statements and collects what the controller has to know of them.

    `aggregations` are those of the program by name, `actions` its data statements by number.
    Everything raises Problem.
    """

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.aggregations: dict[str, Aggregation] = {}
        self.actions: dict[int, Action] = {}

    def aggregate(self, node: Expression) -> tuple[Aggregated, Call] | None:
        """The two sides of `@name[keys] = function(…)`, None for other statements."""
        if not (isinstance(node, Assignment) and isinstance(node.target, Aggregated)):
            return None
        target, call = node.target, node.value
        if node.operator != "=" or not isinstance(call, Call):
            raise Problem(
                node.at, "an aggregation is filled by a function", f"{target.name} = count();"
            )
        return target, call

    def declare(self, target: Aggregated, call: Call) -> None:
        """Take in an aggregating statement; all of one name have to agree."""
        for key in target.keys or ():
            self.checker.check(key)
        parameters = self._function(call)
        kinds = tuple(map(self.checker.kind, target.keys or ()))
        known = self.aggregations.get(target.name)
        if known is None:
            self.aggregations[target.name] = Aggregation(
                target.name, call.name, parameters, len(kinds), kinds
            )
            return
        if known.function != call.name:
            raise Problem(
                call.at,
                f"{target.name} is filled by {known.function}() elsewhere, here by {call.name}()",
                "one aggregation has one function: use another name",
            )
        if known.parameters != parameters:
            raise Problem(call.at, f"{target.name} has other bounds elsewhere")
        if known.keys != len(kinds):
            raise Problem(
                target.at,
                f"{target.name} has {count(known.keys, 'key')} elsewhere, here it has {len(kinds)}",
            )
        for index, (one, other) in enumerate(zip(known.types, kinds, strict=True)):
            if mixed(one, other):
                raise Problem(
                    target.at,
                    f"key {index + 1} of {target.name} is {describe(one)} elsewhere, "
                    f"here it is {describe(other)}",
                )
        joined = tuple(
            one if one == other else ANY for one, other in zip(known.types, kinds, strict=True)
        )
        self.aggregations[target.name] = Aggregation(
            target.name, call.name, parameters, len(kinds), joined
        )

    def expression(self, node: Expression) -> None:
        """A statement that is neither an aggregation nor an action."""
        if isinstance(node, Aggregated):
            raise Problem(
                node.at, "an aggregation is filled by a function", f"{node.name} = count();"
            )
        self.checker.check(node)
        if not any(isinstance(part, Assignment | Step | Call) for part in walk(node)):
            raise Problem(node.at, "this statement does nothing", "trace() shows a value")

    # -- aggregating functions --------------------------------------------------------------

    def _function(self, call: Call) -> tuple[int, ...]:
        """Check a call of an aggregating function; the bounds it has."""
        values = AGGREGATING.get(call.name)
        if values is None:
            if call.name in ACTIONS:
                raise Problem(call.at, f"{call.name}() is an action, not an aggregating function")
            near = near_names(call.name, AGGREGATING)
            problem = unknown_function(call)
            known = ", ".join(AGGREGATING)
            raise Problem(
                call.at,
                f"{call.name}() is no aggregating function",
                did_you_mean(f"{name}()" for name in near) or problem.hint or f"there are {known}",
            )
        bounds = {"lquantize": (2, 3), "llquantize": (4, 4)}.get(call.name, (0, 0))
        increment = int(call.name.endswith("quantize"))
        check_count(call, values + bounds[0], values + bounds[1] + increment)
        for index, argument in enumerate(call.arguments):
            what = f"argument {index + 1} of {call.name}() is an integer"
            self.checker.require_integer(argument, what)
        given = call.arguments[1 : 1 + bounds[1]]
        parameters = tuple(self._bound(call, index, one) for index, one in enumerate(given))
        if call.name == "lquantize":
            parameters = _linear(call, parameters)
        if call.name == "llquantize":
            parameters = _log_linear(call, parameters)
        try:
            new_total(call.name, parameters)
        except ValueError as error:
            raise Problem(call.at, f"{call.name}(): {error}") from None
        return parameters

    def _bound(self, call: Call, index: int, node: Expression) -> int:
        value = constant(node)
        if value is None:
            raise Problem(node.at, f"argument {index + 2} of {call.name}() has to be a constant")
        return value

    # -- actions ----------------------------------------------------------------------------

    def is_action(self, node: Expression) -> bool:
        return isinstance(node, Call) and node.name in ACTIONS

    def action(self, node: Call, number: int) -> Sequence[Expression]:
        """Take in an action as the statement `number`; the expressions whose values it needs."""
        if node.name == "printf":
            return self._printf(node, number)
        if node.name == "printa":
            return self._printa(node, number)
        if node.name in ON_AGGREGATION:
            return self._on_aggregation(node, number)
        check_count(node, 1, 1)
        value = node.arguments[0]
        if isinstance(value, Aggregated) and node.name != "exit":
            raise Problem(value.at, f"{node.name}() shows values", f"write printa({value.name})")
        self.checker.check(value)
        if node.name == "exit":
            self.checker.require_integer(value, "exit() takes a number")
        else:
            self._add(node, number, None, (), [value])
        return [value]

    def _add(
        self,
        node: Call,
        number: int,
        form: str | None,
        aggregations: tuple[str, ...],
        values: Sequence[Expression],
    ) -> None:
        kinds = tuple(map(self.checker.kind, values))
        self.actions[number] = Action(number, node.name, form, aggregations, kinds)

    def _printf(self, node: Call, number: int) -> Sequence[Expression]:
        form = node.arguments[0] if node.arguments else None
        if not isinstance(form, String):
            raise Problem(node.at, "printf() begins with a format", 'printf("%d\\n", x);')
        values = node.arguments[1:]
        for value in values:
            if isinstance(value, Aggregated):
                raise Problem(value.at, "printf() shows values", f"write printa({value.name})")
            self.checker.check(value)
        kinds = [self.checker.kind(value) for value in values]
        _check_format(form, "printf", kinds, values, 0)
        self._add(node, number, form.value, (), values)
        return values

    def _printa(self, node: Call, number: int) -> Sequence[Expression]:
        form = node.arguments[0] if node.arguments else None
        shown = node.arguments[1:] if isinstance(form, String) else node.arguments
        names = tuple(self._named(node, one) for one in shown)
        if not names:
            raise Problem(node.at, "printa() needs an aggregation", "printa(@name);")
        if len({self.aggregations[name].keys for name in names}) > 1:
            raise Problem(node.at, "aggregations that are printed together have the same keys")
        if isinstance(form, String):
            kinds = list(self.aggregations[names[0]].types)
            _check_format(form, "printa", kinds, (), len(names))
        self._add(node, number, form.value if isinstance(form, String) else None, names, ())
        return ()

    def _on_aggregation(self, node: Call, number: int) -> Sequence[Expression]:
        least, most = ON_AGGREGATION[node.name]
        check_count(node, least + 1, most + 1)
        name = self._named(node, node.arguments[0])
        values = node.arguments[1:]
        for value in values:
            self.checker.require_integer(value, f"{node.name}() takes a number")
            if node.name == "normalize" and constant(value) == 0:
                raise Problem(value.at, "this divides by 0")
        self._add(node, number, None, (name,), values)
        return values

    def _named(self, call: Call, node: Expression) -> str:
        """The name of the aggregation that an action is about."""
        if not isinstance(node, Aggregated):
            raise Problem(node.at, f"{call.name}() takes an aggregation", f"{call.name}(@name)")
        if node.keys is not None:
            raise Problem(
                node.at,
                f"{call.name}() takes a whole aggregation",
                f"without keys: {call.name}({node.name})",
            )
        if node.name not in self.aggregations:
            near = did_you_mean(near_names(node.name, self.aggregations))
            raise Problem(node.at, f"nothing fills {node.name}", near)
        return node.name


def _check_format(
    form: Expression,
    function: str,
    kinds: Sequence[str],
    values: Sequence[Expression],
    aggregations: int,
) -> None:
    assert isinstance(form, String)
    try:
        check(parse_format(form.value), kinds, function, aggregations)
    except FormatError as error:
        at = form.at + (literals.offset(form.quoted, error.offset) if form.quoted else 0)
        if error.argument is not None and error.argument < len(values):
            at = values[error.argument].at
        raise Problem(at, error.problem) from None


def _linear(call: Call, parameters: tuple[int, ...]) -> tuple[int, ...]:
    low, high, *rest = parameters
    step = rest[0] if rest else 1
    if low >= high:
        raise Problem(call.arguments[1].at, f"lquantize() from {low} to {high} has no buckets")
    if step < 1 or step > high - low:
        at = call.arguments[3].at if len(call.arguments) > 3 else call.at
        raise Problem(at, f"the step of lquantize() is from 1 to {high - low}, not {step}")
    if (high - low) // step > _MOST_LEVELS:
        raise Problem(
            call.at, f"lquantize() has {(high - low) // step:,} buckets, {_MOST_LEVELS:,} at most"
        )
    return low, high, step


def _log_linear(call: Call, parameters: tuple[int, ...]) -> tuple[int, ...]:
    factor, low, high, steps = parameters
    if factor < 2:
        raise Problem(
            call.arguments[1].at, f"the factor of llquantize() is 2 or more, not {factor}"
        )
    if low < 0 or high < low:
        raise Problem(call.arguments[2].at, f"llquantize() from {low} to {high} has no buckets")
    if high > 64 or factor ** (high + 1) > _LARGEST:
        raise Problem(
            call.arguments[3].at, f"{factor} to the power of {high + 1} is beyond 64 bits"
        )
    power = factor
    while power < steps:
        power *= factor
    if steps < factor or steps % factor or power % steps:
        raise Problem(
            call.arguments[4].at,
            f"llquantize() cannot divide a magnitude of {factor} into {steps} steps",
            f"a multiple of {factor} that divides a power of it: {factor}, {factor * 2}",
        )
    return factor, low, high, steps
