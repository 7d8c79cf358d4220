"""Parsed filters to closures over a record."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from nodeobs.filter import methods
from nodeobs.filter.pattern import Pattern
from nodeobs.filter.tree import Node, check
from nodeobs.javascript import (
    SAFE_INTEGER,
    UNDEFINED,
    kind,
    less,
    less_or_equal,
    loose_equal,
    number,
    primitive,
    strict_equal,
    text,
    truthy,
)

Record = Mapping[str, Any]
Program = Callable[[Record], Any]

#: Texts that a filter makes are cut here, so that `msg + msg + …` cannot take all memory.
MAX_TEXT: Final = 1 << 24

_CONSTANTS: Final = {"undefined": UNDEFINED, "NaN": math.nan, "Infinity": math.inf}


class Filter:
    """A filter ready for use. Evaluating it never raises: what is missing is undefined."""

    __slots__ = ("_program", "form", "text")

    def __init__(self, form: Node, text: str = "") -> None:
        #: The parsed form: JSON data, described in docs/filter.md.
        self.form = check(form)
        self.text = text
        self._program = _compile(self.form)

    def value(self, record: Record) -> Any:
        """What the expression gives for `record`; `UNDEFINED` for undefined."""
        try:
            return self._program(record)
        except RecursionError:
            # Only data nested a thousand deep gets here, on the way to its text.
            return UNDEFINED

    def matches(self, record: Record) -> bool:
        """Whether the expression is true for `record`, as JavaScript counts truth."""
        try:
            value = self._program(record)
        except RecursionError:
            return False  # as in `value`
        return value if value is True or value is False else truthy(value)

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"


def compile_filter(text: str) -> Filter:
    """The filter that `text` writes down; FilterError with line and column where it is none."""
    from nodeobs.filter.parse import parse  # loads the parser generator

    return Filter(parse(text), text)


def _compile(node: Node) -> Program:
    head, *rest = node
    match head:
        case "lit":
            value = rest[0]
            return lambda record: value
        case "const":
            value = _CONSTANTS[rest[0]]
            return lambda record: value
        case "path":
            return _path(rest)
        case "array":
            items = [_compile(item) for item in rest]
            return lambda record: [item(record) for item in items]
        case "get":
            owner, key = map(_compile, rest)
            return lambda record: methods.member(owner(record), key(record))
        case "?:":
            condition, then, otherwise = map(_compile, rest)
            return lambda record: (then if truthy(condition(record)) else otherwise)(record)
        case "&&" | "||" | "??":
            return _chain(head, [_compile(item) for item in rest])
        case "test" | "match":
            pattern = Pattern(rest[0], rest[1])
            subject = _compile(rest[2])
            look = methods.test if head == "test" else methods.match
            return lambda record: look(pattern, subject(record))
        case "call":
            method = methods.METHODS[rest[0]]
            owner, *arguments = map(_compile, rest[1:])
            if len(arguments) == 1:
                argument = arguments[0]
                return lambda record: method(owner(record), argument(record))
            return lambda record: method(owner(record), *[a(record) for a in arguments])
        case _ if len(rest) == 1:
            operand = _compile(rest[0])
            operation = _UNARY[head]
            return lambda record: operation(operand(record))
        case _:
            left, right = map(_compile, rest)
            combine = _BINARY[head]
            if head in _SAME and rest[1][0] == "lit" and _is_plain(rest[1][1]):
                return _with_literal(left, head, rest[1][1])
            return lambda record: combine(left(record), right(record))


def _is_plain(literal: Any) -> bool:
    """Whether a literal is an ASCII text or an integer that a double holds."""
    if type(literal) is str:
        return literal.isascii()
    return type(literal) is int and -SAFE_INTEGER <= literal <= SAFE_INTEGER


def _with_literal(left: Program, head: str, literal: Any) -> Program:
    """A comparison with a plain literal, which means the same in Python where the other side is of
    the same type. Most filters are made of these."""
    combine, compare, kind_ = _BINARY[head], _SAME[head], type(literal)

    def with_literal(record: Record) -> Any:
        value = left(record)
        if type(value) is kind_:
            return compare(value, literal)
        return combine(value, literal)

    return with_literal


def _path(keys: list[str]) -> Program:
    if not keys:
        return lambda record: record
    first, *others = keys
    if not others:
        return lambda record: record.get(first, UNDEFINED)

    def walk(record: Record) -> Any:
        value = record.get(first, UNDEFINED)
        for key in others:
            value = (
                value.get(key, UNDEFINED) if isinstance(value, dict) else methods.member(value, key)
            )
        return value

    return walk


def _chain(head: str, operands: list[Program]) -> Program:
    *others, last = operands

    def every(record: Record) -> Any:
        for operand in others:
            value = operand(record)
            if not truthy(value):
                return value
        return last(record)

    def some(record: Record) -> Any:
        for operand in others:
            value = operand(record)
            if truthy(value):
                return value
        return last(record)

    def present(record: Record) -> Any:
        for operand in others:
            value = operand(record)
            if value is not None and value is not UNDEFINED:
                return value
        return last(record)

    return {"&&": every, "||": some, "??": present}[head]


def _add(a: Any, b: Any) -> Any:
    a, b = primitive(a), primitive(b)
    if isinstance(a, str) or isinstance(b, str):
        return (text(a) + text(b))[:MAX_TEXT]
    return number(a) + number(b)


def _divide(a: Any, b: Any) -> float:
    dividend, divisor = number(a), number(b)
    if divisor != 0:
        return dividend / divisor
    if dividend == 0 or dividend != dividend:
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def _remainder(a: Any, b: Any) -> float:
    dividend, divisor = number(a), number(b)
    if divisor == 0 or math.isinf(dividend):
        return math.nan
    return math.fmod(dividend, divisor)


_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "!": lambda a: not truthy(a),
    "neg": lambda a: -number(a),
    "pos": number,
    "typeof": kind,
}

#: As `_BINARY`, of two integers or two texts of which one is plain.
_SAME: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "===": operator.eq,
    "!==": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": loose_equal,
    "!=": lambda a, b: not loose_equal(a, b),
    "===": strict_equal,
    "!==": lambda a, b: not strict_equal(a, b),
    "<": less,
    "<=": less_or_equal,
    ">": lambda a, b: less(b, a),
    ">=": lambda a, b: less_or_equal(b, a),
    "+": _add,
    "-": lambda a, b: number(a) - number(b),
    "*": lambda a, b: number(a) * number(b),
    "/": _divide,
    "%": _remainder,
    "in": methods.has,
}
