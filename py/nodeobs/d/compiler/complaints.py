"""What the checks of a program say, where several of them say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.d.error import Problem
from nodeobs.d.signatures import (
    ACTIONS,
    AGGREGATING,
    ANY,
    FUNCTIONS,
    REFUSED,
    STRING,
    is_integer,
)
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from nodeobs.d.syntax.tree import Call


def describe(kind: str) -> str:
    """A type for a sentence."""
    if kind == STRING:
        return "a string"
    return "an integer" if is_integer(kind) else "an argument"


def mixed(one: str, other: str) -> bool:
    """Whether one is a text and the other an integer."""
    return ANY not in (one, other) and is_integer(one) != is_integer(other)


def check_count(node: Call, least: int, most: int) -> None:
    """The number of arguments of a call."""
    given = len(node.arguments)
    if least <= given <= most:
        return
    wanted = str(least) if least == most else f"{least} to {most}"
    plural = "" if wanted == "1" else "s"
    raise Problem(node.at, f"{node.name}() takes {wanted} argument{plural}, not {given}")


def unknown_function(node: Call) -> Problem:
    """What is called is not here: why not, or what may have been meant."""
    if node.name in REFUSED:
        return Problem(node.at, f"{node.name}() is not available: {REFUSED[node.name]}")
    known = [*FUNCTIONS, *ACTIONS, *AGGREGATING]
    near = did_you_mean(f"{name}()" for name in near_names(node.name, known))
    return Problem(node.at, f"unknown function {node.name}()", near)


def count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
