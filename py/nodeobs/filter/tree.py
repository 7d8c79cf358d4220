"""The parsed form of a filter: plain data, so that it can be sent, stored and checked anywhere.

docs/filter.md describes it. A node is a list whose first element says what it is; everything else
in it is a node or, where stated, a JSON scalar.
"""

from __future__ import annotations

from typing import Any, Final

from nodeobs.filter.error import FilterError

#: A node: `["path", "req", "method"]`, `["==", node, node]`, …
Node = list[Any]

#: Bounds of a filter: characters of its text, nesting of its form, nodes in it.
MAX_LENGTH: Final = 4096
MAX_DEPTH: Final = 64
MAX_NODES: Final = 4096

#: What `["const", name]` names: the values that JSON has no literal for.
CONSTANTS: Final = ("undefined", "NaN", "Infinity")

#: Operators with two operands.
BINARY: Final = (
    "==", "!=", "===", "!==", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "in",
)  # fmt: skip

#: Operators with one operand; `neg` and `pos` are the signs.
UNARY: Final = ("!", "neg", "pos", "typeof")

#: Operators with two or more operands, evaluated from the left until one decides.
CHAINS: Final = ("&&", "||", "??")

#: Methods that take a regular expression, which is part of the node.
PATTERNS: Final = ("test", "match")

#: Methods and the number of arguments each takes, at least and at most. `test` and `match`, which
#: take a regular expression, are nodes of their own: `["test", source, flags, node]`.
METHODS: Final[dict[str, tuple[int, int]]] = {
    "includes": (1, 2),
    "startsWith": (1, 2),
    "endsWith": (1, 2),
    "indexOf": (1, 2),
    "toLowerCase": (0, 0),
    "toUpperCase": (0, 0),
    "trim": (0, 0),
    "slice": (0, 2),
}


def check(node: object) -> Node:
    """`node` if it is the parsed form of a filter; FilterError says where it is not.

    For forms that come from elsewhere: what `parse` returns has passed.
    """
    budget = [MAX_NODES]
    _check(node, "filter", MAX_DEPTH, budget)
    assert isinstance(node, list)
    return node


def _check(node: object, where: str, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if depth == 0 or budget[0] < 0:
        raise FilterError(f"{where}: the form is too large", None)
    if not isinstance(node, list) or not node or not isinstance(node[0], str):
        raise FilterError(f"{where}: a node is a list that starts with its kind", None)
    head, *rest = node
    operands: list[object] = rest
    count = len(rest)
    if head == "lit":
        fits = count == 1 and (rest[0] is None or isinstance(rest[0], (bool, int, float, str)))
        operands = []
    elif head == "const":
        fits = count == 1 and rest[0] in CONSTANTS
        operands = []
    elif head in PATTERNS:
        fits = count == 3 and isinstance(rest[0], str) and isinstance(rest[1], str)
        operands = rest[2:]
    elif head == "path":
        fits = all(isinstance(key, str) for key in rest)
        operands = []
    elif head == "call":
        fits = count >= 2 and rest[0] in METHODS
        if fits:
            least, most = METHODS[rest[0]]
            fits = least <= count - 2 <= most
        operands = rest[1:]
    else:
        wanted = {"get": (2, 2), "?:": (3, 3), "array": (0, MAX_NODES)}.get(head)
        if head in BINARY:
            wanted = (2, 2)
        elif head in UNARY:
            wanted = (1, 1)
        elif head in CHAINS:
            wanted = (2, MAX_NODES)
        if wanted is None:
            raise FilterError(f"{where}: unknown kind of node {head!r:.40}", None)
        fits = wanted[0] <= count <= wanted[1]
    if not fits:
        raise FilterError(f"{where}: wrong operands of {head}", None)
    for index, operand in enumerate(operands):
        _check(operand, f"{where}.{head}[{index}]", depth - 1, budget)
