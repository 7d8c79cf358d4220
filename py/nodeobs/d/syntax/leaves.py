"""Tokens to the leaves of the syntax tree: literals, macro variables, names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nodeobs.d.error import Problem
from nodeobs.d.signatures import ARGUMENTS, BUILTINS, CONSTANTS, REFUSED_BUILTINS
from nodeobs.d.syntax import literals
from nodeobs.d.syntax.tree import (
    MAX_NAME,
    Aggregated,
    Argument,
    Builtin,
    Expression,
    Integer,
    String,
    Target,
    Variable,
)

if TYPE_CHECKING:
    from lark import Token

    from nodeobs.d.syntax.macros import Macros

_ARGUMENT: Final = re.compile(r"arg(\d{1,4})", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def is_argument(name: str) -> bool:
    """Whether it is the name of an argument: `arg0`, …"""
    return _ARGUMENT.fullmatch(name) is not None


def leaf(token: Token, at: int, macros: Macros) -> Expression:
    """What a token at the position `at` stands for. Raises Problem."""
    match token.type:
        case "NAME":
            return named(str(token), at)
        case "INTEGER":
            value = literals.integer(token)
            if value is None:
                raise Problem(at, f"{token:.40} is not a number of 64 bits")
            return Integer(at, value)
        case "STRING":
            return String(at, _text(token, at), str(token))
        case "CHARACTER":
            return _character(token, at)
        case "MACRO":
            return _macro(token, at, macros)
    return Aggregated(at, short(str(token), at), None)


def named(name: str, at: int) -> Expression:
    """A constant, a builtin, an argument or a variable."""
    if name in CONSTANTS:
        return Integer(at, CONSTANTS[name])
    if name in BUILTINS:
        return Builtin(at, name)
    match = _ARGUMENT.fullmatch(name)
    if match is not None:
        return argument(int(match[1]), at, translated=False)
    if name == "args":
        raise Problem(at, "args needs the number of an argument", "write args[0]")
    if name in REFUSED_BUILTINS:
        raise Problem(at, f"{name} is not known here: {REFUSED_BUILTINS[name]}")
    if name in ("self", "this"):
        raise Problem(at, f"{name} needs the name of a variable", f"write {name}->name")
    return Variable(at, "global", short(name, at), None)


def argument(number: int, at: int, *, translated: bool) -> Argument:
    """`arg0`, or `args[0]` where `translated`."""
    if number >= ARGUMENTS:
        raise Problem(at, f"a probe has at most {ARGUMENTS} arguments", "arg0 to arg31")
    return Argument(at, number, translated)


def short(name: str, at: int) -> str:
    """A name, if it is not too long."""
    if len(name) > MAX_NAME:
        raise Problem(at, f"a name has at most {MAX_NAME} characters")
    return name


def _text(token: Token, at: int) -> str:
    text = literals.string(token)
    if text is None:
        raise Problem(at, "the string has an escape sequence that C does not know")
    return text


def _character(token: Token, at: int) -> Integer:
    text = _text(token, at)
    value = 0
    if not text or len(text) > 8:
        raise Problem(at, "a character is one letter in quotes", 'texts: "…"')
    for character in text:
        value = value << 8 | ord(character)
    return Integer(at, value)


def _macro(token: Token, at: int, macros: Macros) -> Expression:
    name = token.lstrip("$")
    if name == "target":
        return Target(at)
    if token.startswith("$$"):
        return String(at, macros.text(name, at))
    value = macros.integer(name, at)
    if value is not None:
        return Integer(at, value)
    text = macros.text(name, at)
    if _NAME.fullmatch(text):
        return named(text, at)
    raise Problem(at, f"{token} is {text!r:.40}, which is no number", f"as a text: $${name}")
