"""Words of a command line that can be pasted into a shell whatever is in them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def command_line(words: Iterable[str]) -> str:
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    """Quoted where needed; what is not printable in the form `$'\\x1b'`, which bash, zsh and ksh
    know, so that it reaches neither the terminal nor the line editor as it is."""
    if word.isprintable():
        return shlex.quote(word)
    return "$'" + "".join(map(_escaped, word)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    # Octal has at most three digits, so that a digit which follows is none of them.
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))
