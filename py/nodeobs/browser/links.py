"""Texts that name another object: `type:id`, which is kang's convention, and `type/id`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection

# Longer than any id; a long text is not searched for a type's name.
_LONGEST: Final = 1024

# Under these keys an object names others of its own type by their ids alone.
_RELATIVES: Final = frozenset(("parent", "child", "children", "parents"))


@dataclass(frozen=True, slots=True)
class Target:
    """A type, or an object of it: the one in this place where it is `exact`, else one that some
    other place has will do as well."""

    type_name: str
    object_id: str | None = None
    place: str = ""
    exact: bool = False


def find_link(text: Any, types: Collection[str], place: str = "") -> Target | None:
    """The object that a text names, where its type is one of `types`."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    longest: Target | None = None
    for index, character in enumerate(text):
        if character not in ":/" or index == len(text) - 1 or text[:index] not in types:
            continue
        longest = Target(text[:index], text[index + 1 :], place)
    return longest


def find_relative(
    path: tuple[str | int, ...], value: Any, type_name: str, place: str = ""
) -> Target | None:
    """The object of the same type that `parent: 17` or an element of `children` names."""
    if not path or isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    key = path[-1] if isinstance(path[-1], str) else path[-2] if len(path) > 1 else None
    return Target(type_name, str(value), place) if key in _RELATIVES else None


def parse_target(text: str, types: Collection[str]) -> Target:
    """What `TYPE`, `TYPE/ID` or `TYPE:ID` means. A known type wins, however it is spelt."""
    text = text.strip()
    if text in types:
        return Target(text)
    if (target := find_link(text, types)) is not None:
        return target
    type_name, _, object_id = text.partition("/")
    return Target(type_name, object_id or None)
