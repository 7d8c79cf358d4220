"""What could stand where the parser met something else, in words."""

from __future__ import annotations

from typing import Final

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

#: What is named by one of its tokens: all others of its kind can stand there too.
_KINDS: Final = (
    ("PROBE", "a probe description"),
    ("INTEGER", "a value"),
    ("RELATION", "an operator"),
)
_SIGNS: Final = {
    "COMMA": ",",
    "COLON": ":",
    "RSQB": "]",
    "RPAR": ")",
    "_SEMICOLON": ";",
    "OPEN": "{",
    "CLOSE": "}",
    "PREDICATE_END": "/",
}


def expected(error: UnexpectedInput) -> str:
    """What the parser would have taken: `an operator, ',' or ')'`; "" where that is not known."""
    tokens: set[str] = set()
    if isinstance(error, UnexpectedToken):
        tokens = error.accepts or error.expected
    elif isinstance(error, UnexpectedCharacters):
        tokens = error.allowed or set()
    if {"INTEGER", "CLOSE"} <= tokens:
        return "a statement or '}'"
    words = [word for token, word in _KINDS if token in tokens]
    if tokens == {"NAME"}:
        words = ["a name"]
    if "PROBE" in tokens:
        tokens = tokens - {"_SEMICOLON"}  # behind a declaration
    words += [f"'{sign}'" for token, sign in _SIGNS.items() if token in tokens]
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
