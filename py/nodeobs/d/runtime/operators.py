"""The operators of D with two operands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nodeobs.d.runtime.values import Fault, Value, compare, integer, number

if TYPE_CHECKING:
    from collections.abc import Callable

#: Whether a comparison holds, of what `compare` gives.
COMPARISONS: Final[dict[str, Callable[[int], bool]]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    ">": lambda order: order > 0,
    "<=": lambda order: order <= 0,
    ">=": lambda order: order >= 0,
}


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise Fault("divide-by-zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_ARITHMETIC: Final[dict[str, Callable[[int, int], int]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": lambda left, right: left - _divide(left, right) * right,
    "<<": lambda left, right: left << (right & 63),
    ">>": lambda left, right: left >> (right & 63),
    "&": lambda left, right: left & right,
    "|": lambda left, right: left | right,
    "^": lambda left, right: left ^ right,
}


def compared(operator: str, left: Value, right: Value) -> int:
    """1 where the comparison holds, else 0. Raises Fault."""
    return int(COMPARISONS[operator](compare(left, right)))


def arithmetic(operator: str, left: Value, right: Value) -> int:
    """The result of an operator on integers, of 64 bits. Raises Fault."""
    return integer(_ARITHMETIC[operator](number(left), number(right)))
