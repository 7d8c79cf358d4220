"""What `:` can be completed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# A list that somebody can read.
_MOST: Final = 50


def type_before_id(text: str, types: Collection[str]) -> str | None:
    """The known type whose ids come next in `TYPE/…`; types may have a slash in them."""
    slashes = [index for index, character in enumerate(text) if character == "/"]
    return next((text[:index] for index in reversed(slashes) if text[:index] in types), None)


def candidates(text: str, types: Collection[str], ids: Iterable[str]) -> list[str]:
    """Everything that starts with what is typed: types, or objects of the type before the slash.

    `ids` are those of that type.
    """
    type_name = type_before_id(text, types)
    if type_name is None:
        return [name for name in types if name.startswith(text)][:_MOST]
    start = text[len(type_name) + 1 :]
    found = []
    for object_id in ids:
        if object_id.startswith(start):
            found.append(f"{type_name}/{object_id}")
            if len(found) == _MOST:
                break
    return found


def completed(text: str, matches: Collection[str]) -> str:
    """As much as all candidates have in common, and at least what is typed."""
    if not matches:
        return text
    # What the first and the last have in common, all between them have.
    first, last = min(matches), max(matches)
    common = 0
    while common < min(len(first), len(last)) and first[common] == last[common]:
        common += 1
    return first[:common] if common > len(text) else text
