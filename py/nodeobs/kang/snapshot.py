"""Snapshots of several services as one: objects by type and id, each as often as it is reported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from nodeobs.errors import NodeobsError, did_you_mean, near_names
from nodeobs.javascript import UNDEFINED, text
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Objects that are looked at for the fields of a type.
_SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Part:
    """One service's snapshot as it came, and what it came from."""

    source: str
    raw: dict[str, Any]


class Entry(NamedTuple):
    """An object as one service reports it.

    `data` is what kang's merge makes of it: with `origin`, and the type as a key for the id.
    """

    type: str
    id: str
    origin: str
    data: dict[str, Any]


@dataclass(slots=True)
class Snapshot:
    """What `merge` makes; the methods are those of kang's client library."""

    objects: dict[str, dict[str, list[Entry]]] = field(default_factory=dict)
    #: Types that services name, though they may have no objects of them.
    named: dict[str, None] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        self.objects.setdefault(entry.type, {}).setdefault(entry.id, []).append(entry)

    def types(self) -> list[str]:
        return [*self.objects]

    def all_types(self) -> list[str]:
        """Those without objects as well, which kang's library leaves out."""
        return [*dict.fromkeys([*self.objects, *self.named])]

    def ids(self, type_name: str) -> list[str]:
        """What kang's library calls `list`."""
        return [*self.objects.get(type_name, {})]

    def lookup(self, type_name: str, object_id: str) -> Sequence[Entry]:
        """One for each service that reports it."""
        return self.objects.get(type_name, {}).get(object_id, [])

    def entries(self, type_name: str) -> Iterator[Entry]:
        for reported in self.objects.get(type_name, {}).values():
            yield from reported

    def services(self) -> list[str]:
        return self.ids("service")

    def known(self, type_name: str) -> str:
        """A type that there is. Raises NodeobsError."""
        if type_name in self.objects or type_name in self.named:
            return type_name
        raise NodeobsError(
            "not_found",
            f'no type "{single_line(type_name)}"',
            did_you_mean(map(single_line, near_names(type_name, self.all_types())))
            or "list them: nodeobs kang … types",
        )

    def reference(self, words: str) -> tuple[str, str | None]:
        """The type and id of `TYPE`, `TYPE/ID` or `TYPE:ID`, whichever there is. Raises
        NodeobsError when there is no such type."""
        known = self.all_types()
        if words in known:
            return words, None
        for mark in "/:":
            type_name, found, object_id = words.partition(mark)
            if found and type_name in known:
                return type_name, object_id
        return self.known(words.partition("/")[0].partition(":")[0]), None

    def found(self, type_name: str, object_id: str) -> Sequence[Entry]:
        """As `lookup`. Raises NodeobsError when there is none."""
        reported = self.lookup(self.known(type_name), object_id)
        if reported:
            return reported
        raise NodeobsError(
            "not_found",
            f'no {single_line(type_name)} "{single_line(object_id)}"',
            did_you_mean(map(single_line, near_names(object_id, self.ids(type_name)[:1000])))
            or f"list them: nodeobs kang … list {single_line(type_name)}",
        )

    def fields_for(self, type_name: str, entries: Iterable[Entry]) -> Sequence[str]:
        """Every key of these, sorted as JavaScript does, the type first."""
        keys = {key for entry in entries for key in entry.data} - {type_name}
        return [
            type_name,
            *sorted(keys, key=lambda key: key.encode("utf-16-be", "surrogatepass")),
        ]

    def plain_fields(self, type_name: str) -> Sequence[str]:
        """The keys of a type whose values fit in a cell, as they come."""
        keys: dict[str, None] = {}
        for _, entry in zip(range(_SAMPLE), self.entries(type_name), strict=False):
            for key, value in entry.data.items():
                if not isinstance(value, dict | list):
                    keys[key] = None
        return [key for key in keys if key not in (type_name, "origin")]

    def links(self, value: Any) -> Sequence[str]:
        """`type:id` of the objects that a value names, in keys and texts."""
        found: list[str] = []
        left = [value]
        while left:
            one = left.pop()
            if isinstance(one, str):
                type_name, mark, object_id = one.partition(":")
                if mark and self.lookup(type_name, object_id):
                    found.append(one)
            elif isinstance(one, list):
                left.extend(reversed(one))
            elif isinstance(one, dict):
                for key, inner in reversed(one.items()):
                    left += [inner, key]
        return found

    def plain(self) -> dict[str, dict[str, Any]]:
        """As JSON data: what kang's client library has in `cs_objects`."""
        return {
            name: {key: [entry.data for entry in reported] for key, reported in objects.items()}
            for name, objects in self.objects.items()
        }


def merge(parts: Iterable[Part]) -> Snapshot:
    """What is no snapshot (`check`) is left out."""
    merged = Snapshot()
    for part in parts:
        raw = part.raw
        if fault(raw) is not None:
            continue
        service = raw["service"]
        origin = service_key(service)
        for type_name, value in (("service", {**service, "source": part.source}), ("stats", None)):
            if type_name == "stats":
                if "stats" not in raw:
                    continue
                value = raw["stats"]
            data = value if isinstance(value, dict) else {"body": value}
            merged.add(Entry(type_name, origin, origin, {**data, type_name: origin}))
        for type_name, objects in _types(raw):
            merged.named[type_name] = None
            for object_id, value in objects.items():
                data = value if isinstance(value, dict) else {"body": value}
                data = {**data, "origin": origin, type_name: object_id}
                merged.add(Entry(type_name, object_id, origin, data))
    return merged


def service_key(service: dict[str, Any]) -> str:
    """`name[.component].ident`"""
    keys = ("name", "component", "ident") if "component" in service else ("name", "ident")
    return ".".join(text(service.get(key, UNDEFINED)) for key in keys)


def _types(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for type_name in raw.get("types", []):
        objects = raw.get(type_name) if isinstance(type_name, str) else None
        if isinstance(objects, dict):
            yield type_name, objects
        elif isinstance(objects, list):
            yield type_name, {str(index): one for index, one in enumerate(objects)}


def fault(raw: Any) -> str | None:
    """Why this is no snapshot, or None where it is one."""
    if not isinstance(raw, dict):
        return "it is no object"
    if not isinstance(raw.get("service"), dict):
        return 'it has no "service"'
    return None if isinstance(raw.get("types", []), list) else '"types" is no list'


def check(
    raw: Any, whose: str, hint: str = "is that kang's path? /kang/snapshot is usual"
) -> dict[str, Any]:
    """`raw`, if it is a snapshot. Raises NodeobsError, naming `whose` it is."""
    why = fault(raw)
    if why is None:
        assert isinstance(raw, dict)
        return raw
    if isinstance(raw, dict) and isinstance(raw.get("schemas"), dict):
        hint = "this is a schema; the snapshot is beside it"
    raise NodeobsError("not_kang", f"{whose}: this is no kang snapshot: {why}", hint)


def complaints(part: Part) -> list[str]:
    """What is wrong or missing in a snapshot, as its service says or as can be seen."""
    name = single_line(service_key(part.raw["service"]))
    told: list[str] = []
    for type_name in part.raw.get("types", []):
        if not isinstance(type_name, str):
            told.append(f"{name}: a type is no text")
        elif not isinstance(part.raw.get(type_name, {}), dict):
            told.append(f"{name}: the objects of {single_line(type_name)} are no object")
    if "nodeobs" not in part.raw.get("types", []):
        told += [f"{name}: {note}" for note in _notes(part.raw.get("nodeobs"))]
    return told


def _notes(noted: Any) -> Iterator[str]:
    """What a server of ours says that it left out (docs/kang.md)."""
    errors = noted.get("errors") if isinstance(noted, dict) else None
    for note in errors if isinstance(errors, list) else []:
        if isinstance(note, dict):
            what = "/".join(str(note[key]) for key in ("type", "id") if key in note)
            yield single_line(f"{what}: {note.get('error')}" if what else str(note.get("error")))
    if isinstance(noted, dict) and (more := noted.get("more")):
        yield single_line(f"{more} more like these")
