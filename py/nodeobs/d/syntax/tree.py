"""The syntax tree of a program. `at` is the position of a node (text.Texts.place tells where)."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bounds of a program, below those of js/trace/limits.js: nesting of an expression, nodes in all,
#: clauses, characters of a name, keys, values of one statement.
MAX_DEPTH: Final = 56
MAX_NODES: Final = 15_000
MAX_CLAUSES: Final = 1000
MAX_NAME: Final = 64
MAX_KEYS: Final = 32
MAX_VALUES: Final = 128


@dataclass(frozen=True, slots=True)
class Integer:
    at: int
    value: int


@dataclass(frozen=True, slots=True)
class String:
    """`quoted` is the literal as it stands at `at`, "" where a macro gave the text."""

    at: int
    value: str
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """`scope` is `global`, `self` or `this`; `index` the keys of an associative array."""

    at: int
    scope: str
    name: str
    index: tuple[Expression, ...] | None

    @property
    def label(self) -> str:
        """As the program writes it, without the keys."""
        return self.name if self.scope == "global" else f"{self.scope}->{self.name}"


@dataclass(frozen=True, slots=True)
class Builtin:
    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Argument:
    """`arg0` … or, where `translated`, `args[0]` …"""

    at: int
    number: int
    translated: bool


@dataclass(frozen=True, slots=True)
class Target:
    """`$target`: the process that is traced."""

    at: int


@dataclass(frozen=True, slots=True)
class Member:
    """`owner->name`, `owner.name`"""

    at: int
    owner: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    at: int
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    at: int
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional:
    at: int
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Assignment:
    """`operator` is `=`, `+=`, …"""

    at: int
    operator: str
    target: Expression
    value: Expression


@dataclass(frozen=True, slots=True)
class Step:
    """`++` and `--`: `by` is 1 or -1, `post` whether the value is the one before."""

    at: int
    target: Expression
    by: int
    post: bool


@dataclass(frozen=True, slots=True)
class Call:
    at: int
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """`type` is the name as written, `stars` how often it is pointed to."""

    at: int
    type: str
    stars: int
    operand: Expression


@dataclass(frozen=True, slots=True)
class SizeOf:
    """Of an expression or of the name of a type."""

    at: int
    operand: Expression | str


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`@name[keys]`; `@` alone is a name too."""

    at: int
    name: str
    keys: tuple[Expression, ...] | None


Expression = (
    Integer
    | String
    | Variable
    | Builtin
    | Argument
    | Target
    | Member
    | Unary
    | Binary
    | Conditional
    | Assignment
    | Step
    | Call
    | Cast
    | SizeOf
    | Aggregated
)


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe description, macros replaced. Parts that are not given are empty."""

    at: int
    text: str
    provider: str
    module: str
    function: str
    name: str


@dataclass(frozen=True, slots=True)
class Clause:
    at: int
    probes: tuple[Probe, ...]
    predicate: Expression | None
    body: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """`self int x;`, `string names[int];`: `type` is `int`, `string` or `any`."""

    at: int
    scope: str
    name: str
    type: str
    array: bool


@dataclass(frozen=True, slots=True)
class Script:
    """What the texts of a program say."""

    clauses: tuple[Clause, ...]
    declarations: tuple[Declaration, ...]


def children(node: Any) -> Iterator[Expression]:
    """The expressions that a node is made of."""
    for field in fields(node):
        value = getattr(node, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_dataclass(one):
                yield one  # type: ignore[misc]


def walk(node: Expression) -> Iterator[Expression]:
    """A node and everything below it, the node first."""
    yield node
    for child in children(node):
        yield from walk(child)


def depth(node: Expression) -> int:
    """How deep a node nests: 1 for a leaf."""
    return 1 + max(map(depth, children(node)), default=0)
