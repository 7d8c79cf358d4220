"""What must stand in a line of JSON for a filter to be true of it.

Most filters ask for a field that few records have, or for a word in one. Whether the name of the
field, or the word, is in the line at all costs a tenth of parsing it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.filter.tree import Node

#: What JSON writes as it is, and no other value than a text with it in it is converted to.
_PLAIN_WORD: Final = re.compile(r"(?=.*[A-Za-z]{2})[A-Za-z_][A-Za-z0-9_ :-]*", re.ASCII)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
#: What objects and numbers are converted to has these in it.
_CONVERTED: Final = ("[object Object]", "Infinity", "NaN", "undefined")

_ORDERS: Final = frozenset(("<", "<=", ">", ">="))
_EQUALITIES: Final = frozenset(("==", "==="))
_CONTAINING: Final = frozenset(("includes", "startsWith", "endsWith"))


def needed_texts(form: Node) -> list[str]:
    """Texts that all stand in every line that a filter is true of, as JSON without escapes has
    them: names of fields in their quotes, and words."""
    return list(dict.fromkeys(_needed(form)))


def _needed(form: Node) -> Iterator[str]:
    head, *rest = form
    if head == "&&":
        for operand in rest:
            yield from _needed(operand)
    elif head == "path":
        yield from _keys(rest)
    elif head in _ORDERS or head in _EQUALITIES:
        for one, other in (rest, rest[::-1]):
            # What is undefined is not less, greater or equal; but null is.
            if one[0] == "path" and other[0] == "lit" and other[1] is not None:
                yield from _keys(one[1:])
                if head in _EQUALITIES:
                    yield from _word(other[1])
    elif head == "test":
        source, flags, subject = rest
        if subject[0] == "path":
            yield from _keys(subject[1:])
            if "i" not in flags:
                yield from _word(source)
    elif head == "call" and rest[0] in _CONTAINING:
        owner, argument = rest[1:3]
        if owner[0] == "path":
            yield from _keys(owner[1:])
            if argument[0] == "lit":
                yield from _word(argument[1])


def _keys(path: list[Any]) -> Iterator[str]:
    for key in path:
        # `length` is also of texts and lists, and there is no name of it.
        if _PLAIN_KEY.fullmatch(key) and key != "length":
            yield f'"{key}"'


def _word(word: Any) -> Iterator[str]:
    if (
        isinstance(word, str)
        and _PLAIN_WORD.fullmatch(word)
        and not any(word in text for text in _CONVERTED)
    ):
        yield word
