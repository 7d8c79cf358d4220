"""What has changed from one snapshot to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from nodeobs.javascript import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.kang.snapshot import Entry, Snapshot

#: Deeper than this, values are compared as a whole.
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`path` is written as in a filter: `memory.rss`, `list[0]`. UNDEFINED is none."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    kind: Literal["added", "removed", "changed"]
    entry: Entry
    fields: tuple[FieldChange, ...] = ()


def difference(before: Snapshot, after: Snapshot) -> list[Change]:
    """Objects that are there on one side only, and those whose data differ.

    An object is the same where type, id and the service that reports it are. With one service on
    each side that is the same one, whatever it calls itself: a process has a new ident after a
    restart.
    """
    alone = len(before.services()) == 1 == len(after.services())
    old, new = _by_key(before, alone), _by_key(after, alone)
    changes = [Change("added", entry) for key, entry in new.items() if key not in old] + [
        Change("removed", entry) for key, entry in old.items() if key not in new
    ]
    for key, entry in new.items():
        if key in old and (fields := tuple(_fields(old[key], entry, alone))):
            changes.append(Change("changed", entry, fields))
    order = [*dict.fromkeys([*after.types(), *before.types()])]
    rank = {name: index for index, name in enumerate(order)}
    return sorted(changes, key=lambda change: rank[change.entry.type])


def _by_key(snapshot: Snapshot, alone: bool) -> dict[tuple[str, ...], Entry]:
    entries: dict[tuple[str, ...], Entry] = {}
    for type_name in snapshot.types():
        for entry in snapshot.entries(type_name):
            if not alone:
                key: tuple[str, ...] = (type_name, entry.id, entry.origin)
            elif type_name in ("service", "stats"):
                key = (type_name,)  # their id is the service
            else:
                key = (type_name, entry.id)
            entries[key] = entry
    return entries


def _fields(old: Entry, new: Entry, alone: bool) -> Iterator[FieldChange]:
    named = {"origin", "source"} if new.type == "service" else {"origin"}
    skipped = named | ({new.type} if alone else set())
    yield from _changes(
        "",
        {key: value for key, value in old.data.items() if key not in skipped},
        {key: value for key, value in new.data.items() if key not in skipped},
        _DEPTH,
    )


def _changes(path: str, old: Any, new: Any, depth: int) -> Iterator[FieldChange]:
    if depth and isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{path}.{key}" if path else key
            yield from _changes(inner, old.get(key, UNDEFINED), new.get(key, UNDEFINED), depth - 1)
    elif depth and isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (first, second) in enumerate(zip(old, new, strict=True)):
            yield from _changes(f"{path}[{index}]", first, second, depth - 1)
    elif not _same(old, new):
        yield FieldChange(path, old, new)


def _same(old: Any, new: Any) -> bool:
    # To Python, true is 1.
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)
