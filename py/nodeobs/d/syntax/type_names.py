"""Names of types as a program writes them."""

from __future__ import annotations

from nodeobs.d.signatures import ANY, STRING, TYPES


def type_of(text: str) -> tuple[str, int]:
    """The name of a type and how many stars it has: `const char *` is `("char", 1)`."""
    words = [word for word in text.replace("*", " ").split() if word not in ("const", "volatile")]
    return " ".join(words), text.count("*")


def declared(text: str, *, pointer: bool) -> str:
    """What a variable of that type holds: an integer, `string`, or `any`."""
    name, _ = type_of(text)
    if pointer:
        return ANY
    return STRING if name == "string" else TYPES.get(name, ANY)
