"""The types of variables, from what a program assigns to them, and of expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from nodeobs.d.signatures import (
    ANY,
    BUILTINS,
    FUNCTIONS,
    INT,
    INT32,
    STRING,
    TRANSPARENT,
    TYPES,
    is_integer,
)
from nodeobs.d.syntax.tree import (
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
    String,
    Target,
    Unary,
    Variable,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.d.syntax.tree import Script

#: Casts to these are about addresses, which there are none of: what is cast stays what it is.
_ADDRESSES: Final = ("uintptr_t", "intptr_t", "caddr_t")

_COMPARISONS: Final = frozenset(("==", "!=", "<", ">", "<=", ">=", "&&", "||", "^^"))

_Key = tuple[str, str]


@dataclass(slots=True)
class Variables:
    """What is known of the variables of a program, by scope and name.

    `types` has those with a type, `assigned` the first place at which each is given a value or
    declared.
    """

    types: dict[_Key, str] = field(default_factory=dict)
    assigned: dict[_Key, int] = field(default_factory=dict)
    declared: set[_Key] = field(default_factory=set)

    def kind(self, variable: Variable) -> str:
        """The type of a variable; one that is only ever set to 0 is an integer."""
        return self.types.get((variable.scope, variable.name), INT32)

    def names(self, scope: str) -> list[str]:
        """The names that a scope has."""
        return [name for where, name in self.assigned if where == scope]


def infer(script: Script) -> Variables:
    """The variables of a script. D takes the type from the first assignment; here the order does
    not matter, and a variable that a probe's argument is assigned to is `any`."""
    variables = Variables()
    for declaration in script.declarations:
        key = (declaration.scope, declaration.name)
        variables.assigned.setdefault(key, declaration.at)
        variables.types[key] = declaration.type
        variables.declared.add(key)
    changes = list(_changes(script))
    settled = False
    while not settled:
        settled = True
        for change in changes:
            target = change.target
            assert isinstance(target, Variable)
            key = (target.scope, target.name)
            variables.assigned.setdefault(key, change.at)
            found = _given(change, variables)
            known = variables.types.get(key)
            joined = found if known is None else known if found is None else _join(known, found)
            if joined != known and joined is not None and key not in variables.declared:
                variables.types[key] = joined
                settled = False
    return variables


def _changes(script: Script) -> Iterator[Assignment | Step]:
    for clause in script.clauses:
        parts = clause.body if clause.predicate is None else (clause.predicate, *clause.body)
        for part in parts:
            for node in walk(part):
                if isinstance(node, Assignment | Step) and isinstance(node.target, Variable):
                    yield node


def _given(change: Assignment | Step, variables: Variables) -> str | None:
    """The type that a change gives; None where it gives none (0 is also "no text")."""
    if isinstance(change, Step):
        return INT
    if change.operator != "=":
        return INT
    if is_null(change.value):
        return None
    if isinstance(change.value, Variable):
        value = change.value
        return variables.types.get((value.scope, value.name))
    return kind_of(change.value, variables)


def _join(one: str, other: str) -> str:
    """The type that holds both. A text and an integer have none: the first stays, and the checker
    complains of the second."""
    if one == other:
        return one
    if ANY in (one, other):
        return ANY
    if is_integer(one) and is_integer(other):
        return wider(one, other)
    return one


def is_null(node: Expression) -> bool:
    """Whether it is the literal 0, or NULL: what frees a variable and is no text."""
    return isinstance(node, Integer) and node.value == 0


def wider(one: str, other: str) -> str:
    """The type of an operation on two integers (C's usual conversions, without unsigned int)."""
    if "64" not in one + other:
        return INT32
    return "uint64" if "uint64" in (one, other) else INT


def kind_of(node: Expression, variables: Variables) -> str:
    """The type of an expression, as far as it can be known; never complains."""
    match node:
        case Integer():
            return INT32 if -(2**31) <= node.value < 2**31 else INT
        case String():
            return STRING
        case Variable():
            return variables.kind(node)
        case Builtin():
            return BUILTINS[node.name]
        case Target() | Step():
            return INT32 if isinstance(node, Target) else kind_of(node.target, variables)
        case Unary():
            kind = kind_of(node.operand, variables)
            return INT32 if node.operator == "!" else kind if is_integer(kind) else INT
        case Binary():
            return _binary_kind(node, variables)
        case Conditional():
            then, otherwise = (kind_of(one, variables) for one in (node.then, node.otherwise))
            if is_null(node.then) or is_null(node.otherwise):
                return otherwise if is_null(node.then) else then
            return _join(then, otherwise)
        case Assignment():
            return kind_of(node.value if node.operator == "=" else node.target, variables)
        case Call():
            if node.name == TRANSPARENT:
                return kind_of(node.arguments[0], variables) if node.arguments else ANY
            function = FUNCTIONS.get(node.name)
            return function.result if function is not None else ANY
        case Cast():
            return _cast_kind(node, variables)
        case SizeOf():
            return "uint64"
        case Argument() | Member():
            return ANY
    return ANY


def _binary_kind(node: Binary, variables: Variables) -> str:
    if node.operator in _COMPARISONS:
        return INT32
    left, right = kind_of(node.left, variables), kind_of(node.right, variables)
    if node.operator in ("<<", ">>"):
        return left if is_integer(left) else INT
    if is_integer(left) and is_integer(right):
        return wider(left, right)
    return STRING if is_offset(node, variables) else INT


def is_offset(node: Binary, variables: Variables) -> bool:
    """Whether it is a text and how far to go into it: `probename + 5`, as C has it."""
    left, right = kind_of(node.left, variables), kind_of(node.right, variables)
    if node.operator == "+":
        return (left == STRING) != (right == STRING)
    return node.operator == "-" and left == STRING and right != STRING


def _cast_kind(node: Cast, variables: Variables) -> str:
    if node.stars:
        return ANY
    if is_transparent(node, variables):
        return kind_of(node.operand, variables)
    return STRING if node.type == "string" else TYPES[node.type]


def is_transparent(node: Cast, variables: Variables) -> bool:
    """Whether a cast says only what an address points to, and changes nothing."""
    if node.stars or (node.type != "string" and node.type not in TYPES):
        return True
    return node.type in _ADDRESSES and not is_integer(kind_of(node.operand, variables))
