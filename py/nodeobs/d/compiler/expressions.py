"""Expressions of the syntax tree to their AST; what is constant is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.d.compiler.fold import constant
from nodeobs.d.compiler.infer import Variables, is_offset, is_transparent, kind_of
from nodeobs.d.error import Problem
from nodeobs.d.signatures import STRING, TRANSPARENT, TYPES, is_integer, size
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
)

if TYPE_CHECKING:
    from nodeobs.d.options import Options
    from nodeobs.d.program import Ast

_POINTER = 8


class Expressions:
    """Compiles checked expressions for the agents, or for the controller. Raises Problem."""

    def __init__(self, variables: Variables, options: Options, *, agent: bool) -> None:
        self._variables = variables
        self._options = options
        self._agent = agent

    def ast(self, node: Expression) -> Ast:
        """The AST of an expression."""
        value = constant(node)
        if value is not None:
            return _integer(value)
        match node:
            case String():
                return {"k": "str", "v": node.value}
            case Variable():
                return self._variable(node)
            case Builtin():
                return {"k": "builtin", "name": node.name}
            case Target():
                # Whatever process an agent is in is the target.
                return {"k": "builtin", "name": "pid" if self._agent else "target"}
            case Argument():
                return {"k": "args" if node.translated else "arg", "n": node.number}
            case Member():
                return {"k": "member", "e": self._object(node.owner), "name": node.name}
            case Unary():
                return {"k": "unary", "op": node.operator, "e": self.ast(node.operand)}
            case Binary() if is_offset(node, self._variables):
                return self._offset(node)
            case Binary():
                left, right = self.ast(node.left), self.ast(node.right)
                return {"k": "binary", "op": node.operator, "l": left, "r": right}
            case Conditional():
                return {
                    "k": "cond",
                    "if": self.ast(node.condition),
                    "then": self.ast(node.then),
                    "else": self.ast(node.otherwise),
                }
            case Assignment():
                to, value_ast = self.ast(node.target), self.ast(node.value)
                return {"k": "assign", "to": to, "op": node.operator, "e": value_ast}
            case Step():
                to = self.ast(node.target)
                return {"k": "step", "to": to, "by": node.by, "post": node.post}
            case Call():
                return self._call(node)
            case Cast():
                return self._cast(node)
            case SizeOf():
                return _integer(self._size(node))
        raise AssertionError(f"no expression: {type(node).__name__}")

    def aggregate_arguments(self, call: Call) -> list[Ast]:
        """The arguments of an aggregating function, all bounds given."""
        arguments = [self.ast(argument) for argument in call.arguments]
        if call.name == "lquantize" and len(arguments) == 3:
            arguments.append(_integer(1))
        return arguments

    def _object(self, node: Expression) -> Ast:
        """What has members: an argument by its number stands for the translated one."""
        if isinstance(node, Argument):
            return {"k": "args", "n": node.number}
        return self.ast(node)

    def _variable(self, node: Variable) -> Ast:
        ast: dict[str, Any] = {"k": "var", "scope": node.scope, "name": node.name}
        if node.index is not None:
            ast["index"] = [self.ast(key) for key in node.index]
        return ast

    def _offset(self, node: Binary) -> Ast:
        """The text from there on: `(probename + 6) - 1` is one step of 5, as with addresses."""
        text, offset = self._split(node)
        known = constant(offset)
        if known is not None and known < 0:
            raise Problem(node.at, "this is before the beginning of the text")
        return {"k": "call", "fn": "substr", "args": [self.ast(text), self.ast(offset)]}

    def _split(self, node: Expression) -> tuple[Expression, Expression]:
        if not (isinstance(node, Binary) and is_offset(node, self._variables)):
            return node, Integer(node.at, 0)
        text, step = node.left, node.right
        if kind_of(text, self._variables) != STRING:
            text, step = step, text
        base, before = self._split(text)
        return base, Binary(node.at, node.operator, before, step)

    def _call(self, node: Call) -> Ast:
        if node.name == TRANSPARENT:
            return self._object(node.arguments[0])
        return {"k": "call", "fn": node.name, "args": [self.ast(one) for one in node.arguments]}

    def _cast(self, node: Cast) -> Ast:
        if node.stars and node.type != "char":
            return self._object(node.operand)
        if is_transparent(node, self._variables):
            return self.ast(node.operand)
        kind = STRING if node.type == "string" else TYPES[node.type]
        if kind == kind_of(node.operand, self._variables):
            return self.ast(node.operand)
        return {"k": "cast", "type": kind, "e": self.ast(node.operand)}

    def _size(self, node: SizeOf) -> int:
        operand = node.operand
        if isinstance(operand, String):
            return len(operand.value.encode("utf-8", "surrogatepass")) + 1
        kind = operand if isinstance(operand, str) else kind_of(operand, self._variables)
        if kind == STRING:
            return self._options.strsize
        kind = TYPES.get(kind, kind)
        return size(kind) if is_integer(kind) else _POINTER


def _integer(value: int) -> Ast:
    return {"k": "int", "v": value}
