"""JavaScript's number and string literals."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from nodeobs.javascript import SAFE_INTEGER, as_double, text_number

if TYPE_CHECKING:
    from nodeobs.filter.tree import Node

_NUMBER: Final = re.compile(
    r"(?P<radix>0[xX][0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0[oO][0-7]+(?:_[0-7]+)*|0[bB][01]+(?:_[01]+)*)"
    r"|(?P<decimal>(?:(?:0|[1-9](?:_?[0-9])*)(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)"
    r"(?:[eE][+-]?[0-9](?:_?[0-9])*)?)",
    re.ASCII,
)
_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,8})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))"
)
_SIMPLE: Final = {
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0",
    "\n": "", "\r": "", "\r\n": "", "\u2028": "", "\u2029": "",
}  # fmt: skip
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def number(text: str) -> Node | None:
    """The node of a number literal, None where JavaScript has no such number."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = text.replace("_", "")
    value = float(int(digits, 0)) if match["radix"] and len(digits) < 200 else text_number(digits)
    if math.isinf(value):
        return ["const", "Infinity"]
    if value.is_integer() and abs(value) <= SAFE_INTEGER:
        return ["lit", int(value)]
    return ["lit", as_double(value)]


def string(quoted: str) -> str | None:
    """The value of a string literal with its quotes, None where an escape is not valid."""
    valid = True
    inner = quoted[1:-1]

    def replace(match: re.Match[str]) -> str:
        nonlocal valid
        code = match[1] or match[2] or match[3]
        if code is not None:
            point = int(code, 16)
            if point > 0x10FFFF:
                valid = False
                return ""
            return chr(point)
        character = match[4]
        after = inner[match.end() : match.end() + 1]
        if character in "ux123456789" or (character == "0" and after and after in "0123456789"):
            valid = False
        return _SIMPLE.get(character, character)

    value = _ESCAPE.sub(replace, inner)
    if not valid:
        return None
    # Two escaped surrogates are one character.
    return _PAIR.sub(_join_pair, value)


def _join_pair(match: re.Match[str]) -> str:
    return match[0].encode("utf-16", "surrogatepass").decode("utf-16")


def is_numeric(text: str) -> bool:
    """Whether JavaScript reads a text as a number when it compares."""
    value = text_number(text)
    return value == value
