"""Expressions whose value is known before a program runs."""

from __future__ import annotations

from nodeobs.d.error import Problem
from nodeobs.d.runtime.operators import COMPARISONS, arithmetic, compared
from nodeobs.d.runtime.values import integer
from nodeobs.d.syntax.tree import Binary, Conditional, Expression, Integer, Unary


def constant(node: Expression) -> int | None:
    """The value of a constant expression, None where it is none. Raises Problem for a division
    by 0, also of what is no constant."""
    match node:
        case Integer():
            return integer(node.value)
        case Unary():
            operand = constant(node.operand)
            return None if operand is None else _unary(node.operator, operand)
        case Conditional():
            condition = constant(node.condition)
            if condition is None:
                return None
            return constant(node.then if condition else node.otherwise)
        case Binary():
            left, right = constant(node.left), constant(node.right)
            if node.operator in ("/", "%") and right == 0:
                raise Problem(node.at, "this divides by 0")
            if left is None or right is None:
                return None
            return _binary(node.operator, left, right)
    return None


def _unary(operator: str, operand: int) -> int:
    match operator:
        case "!":
            return int(not operand)
        case "~":
            return integer(~operand)
        case "-":
            return integer(-operand)
    return operand


def _binary(operator: str, left: int, right: int) -> int:
    match operator:
        case "&&":
            return int(bool(left and right))
        case "||":
            return int(bool(left or right))
        case "^^":
            return int(bool(left) != bool(right))
    if operator in COMPARISONS:
        return compared(operator, left, right)
    return arithmetic(operator, left, right)
