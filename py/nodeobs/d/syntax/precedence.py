"""Which operators bind tighter: those of C, and `^^` between `||` and `&&`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lark import Token, Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The tokens of the grammar, the loosest first.
_LEVELS: Final = (
    ("OR",),
    ("XOR",),
    ("AND",),
    ("BITS_OR",),
    ("BITS_XOR",),
    ("AMPERSAND",),
    ("EQUALITY",),
    ("RELATION",),
    ("SHIFT",),
    ("SIGN",),
    ("STAR", "SLASH", "PERCENT"),
)
_TIGHTNESS: Final = {token: level for level, tokens in enumerate(_LEVELS) for token in tokens}


def nested(parts: Sequence[Any]) -> Tree[Any]:
    """Operands with operators between them, as a tree of `binary`; all associate to the left."""
    operands = [parts[0]]
    operators: list[Token] = []

    def join() -> None:
        right, left = operands.pop(), operands.pop()
        operands.append(Tree("binary", [left, operators.pop(), right]))

    for operator, operand in zip(parts[1::2], parts[2::2], strict=True):
        while operators and _TIGHTNESS[operators[-1].type] >= _TIGHTNESS[operator.type]:
            join()
        operators.append(operator)
        operands.append(operand)
    while operators:
        join()
    tree = operands[0]
    assert isinstance(tree, Tree)
    return tree
