"""What a filter may ask of a value: members and the methods of texts and lists.

A method that a value does not have gives undefined, where JavaScript would throw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.javascript import (
    SPACE,
    UNDEFINED,
    from_units,
    length,
    number,
    strict_equal,
    text,
    units,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.filter.pattern import Pattern


def member(owner: Any, key: Any) -> Any:
    """``owner[key]``; undefined where there is none, also of null and undefined."""
    if isinstance(owner, dict):
        return owner.get(key if isinstance(key, str) else text(key), UNDEFINED)
    if isinstance(owner, (list, str)):
        name = key if isinstance(key, str) else text(key)
        size = length(owner) if isinstance(owner, str) else len(owner)
        if name == "length":
            return size
        index = _index(name)
        if index is not None and index < size:
            return owner[index] if isinstance(owner, list) else _cut(owner, index, index + 1)
    return UNDEFINED


def has(key: Any, owner: Any) -> bool:
    """``key in owner``; false where JavaScript would throw because owner is no object."""
    name = key if isinstance(key, str) else text(key)
    if isinstance(owner, dict):
        return name in owner
    if isinstance(owner, list):
        index = _index(name)
        return name == "length" or (index is not None and index < len(owner))
    return False


def test(pattern: Pattern, subject: Any) -> bool:
    """``/…/.test(subject)``; false for null and undefined, which JavaScript spells out."""
    if subject is None or subject is UNDEFINED:
        return False
    return pattern.test(text(subject))


def match(pattern: Pattern, subject: Any) -> Any:
    """``subject.match(/…/)``: the match and its groups, with the flag g all matches, or null."""
    if not isinstance(subject, str):
        return UNDEFINED
    found = pattern.match(subject)
    return found and [UNDEFINED if group is None else group for group in found]


def _index(name: str) -> int | None:
    """An array index written as JavaScript writes it."""
    if name.isascii() and name.isdigit() and len(name) < 16 and (name == "0" or name[0] != "0"):
        return int(name)
    return None


def _integer(value: Any, default: int) -> int:
    """``ToIntegerOrInfinity``, with infinities far outside any length."""
    if value is UNDEFINED:
        return default
    double = number(value)
    if double != double:
        return 0
    return int(max(min(double, 1e15), -1e15))


def _cut(subject: str, start: int, end: int) -> str:
    if subject.isascii() or max(subject) <= "\uffff":
        return subject[start:end]
    return from_units(units(subject)[2 * start : 2 * end])


def _bounds(size: int, start: Any, end: Any) -> tuple[int, int]:
    first, last = _integer(start, 0), _integer(end, size)
    first = max(size + first, 0) if first < 0 else min(first, size)
    last = max(size + last, 0) if last < 0 else min(last, size)
    return first, max(first, last)


def _slice(owner: Any, start: Any = UNDEFINED, end: Any = UNDEFINED) -> Any:
    if isinstance(owner, list):
        first, last = _bounds(len(owner), start, end)
        return owner[first:last]
    if isinstance(owner, str):
        return _cut(owner, *_bounds(length(owner), start, end))
    return UNDEFINED


def _find(owner: str, wanted: str, start: int) -> int:
    size = length(owner)
    start = min(max(start, 0), size)
    if size == len(owner):
        return owner.find(wanted, start)
    data, part = units(owner), units(wanted)
    at = 2 * start
    # A match at an odd offset would be half a unit off.
    while (at := data.find(part, at)) % 2:
        if at < 0:
            return -1
        at += 1
    return at // 2


def _includes(owner: Any, wanted: Any, start: Any = UNDEFINED) -> Any:
    if isinstance(owner, str):
        return _find(owner, text(wanted), _integer(start, 0)) >= 0
    if isinstance(owner, list):
        first, _ = _bounds(len(owner), start, UNDEFINED)
        if wanted != wanted:
            return any(item != item for item in owner[first:])
        return any(strict_equal(item, wanted) for item in owner[first:])
    return UNDEFINED


def _index_of(owner: Any, wanted: Any, start: Any = UNDEFINED) -> Any:
    if isinstance(owner, str):
        return _find(owner, text(wanted), _integer(start, 0))
    if isinstance(owner, list):
        first, _ = _bounds(len(owner), start, UNDEFINED)
        for index in range(first, len(owner)):
            if strict_equal(owner[index], wanted):
                return index
        return -1
    return UNDEFINED


def _starts_with(owner: Any, wanted: Any, start: Any = UNDEFINED) -> Any:
    if not isinstance(owner, str):
        return UNDEFINED
    size = length(owner)
    return _cut(owner, min(max(_integer(start, 0), 0), size), size).startswith(text(wanted))


def _ends_with(owner: Any, wanted: Any, end: Any = UNDEFINED) -> Any:
    if not isinstance(owner, str):
        return UNDEFINED
    size = length(owner)
    return _cut(owner, 0, min(max(_integer(end, size), 0), size)).endswith(text(wanted))


def _lower(owner: Any) -> Any:
    return owner.lower() if isinstance(owner, str) else UNDEFINED


def _upper(owner: Any) -> Any:
    return owner.upper() if isinstance(owner, str) else UNDEFINED


def _trim(owner: Any) -> Any:
    return owner.strip(SPACE) if isinstance(owner, str) else UNDEFINED


METHODS: Final[dict[str, Callable[..., Any]]] = {
    "includes": _includes,
    "startsWith": _starts_with,
    "endsWith": _ends_with,
    "indexOf": _index_of,
    "toLowerCase": _lower,
    "toUpperCase": _upper,
    "trim": _trim,
    "slice": _slice,
}
