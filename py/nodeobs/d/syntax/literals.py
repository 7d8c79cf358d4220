"""D's literals: integers, texts and characters, as in C."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_SIMPLE: Final = {
    "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_MOST: Final = 2**64 - 1


def integer(token: str) -> int | None:
    """The value of `42`, `0x2a`, `052` or `42ULL`; None where C has no such number in 64 bits."""
    digits = token.rstrip("uUlL")
    if len(digits) > 30:
        return None
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    try:
        value = int(digits, 8 if octal else 0)
    except ValueError:
        return None
    return value if value <= _MOST else None


def string(quoted: str) -> str | None:
    """The value of a literal with its quotes; None where an escape is none of C's."""
    valid = True

    def replace(match: re.Match[str]) -> str:
        nonlocal valid
        escape = match[1]
        if escape[0] == "x" and len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape[0] in "01234567":
            return chr(int(escape, 8))
        if escape in _SIMPLE:
            return _SIMPLE[escape]
        valid = valid and not escape.isalnum()
        return escape

    value = _ESCAPE.sub(replace, quoted[1:-1])
    return value if valid else None


def offset(quoted: str, index: int) -> int:
    """Where the character `index` of the value of a literal stands in the literal."""
    at = 1
    for _ in range(index):
        escape = _ESCAPE.match(quoted, at)
        at = escape.end() if escape is not None else at + 1
    return min(at, len(quoted) - 1)
