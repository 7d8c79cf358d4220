"""nodeobs kang: what each of its commands shows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nodeobs.cli.terminal import colour_wanted, table_width, tell
from nodeobs.errors import NodeobsError
from nodeobs.kang.snapshot import Entry
from nodeobs.reports import kang as reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.filter import Filter
    from nodeobs.kang.collect import Collection
    from nodeobs.kang.snapshot import Snapshot

#: Objects that links are followed to.
_FOLLOWED = 100


class Output:
    """How results are printed."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.width = table_width(sys.stdout)
        self.colour = colour_wanted(sys.stdout)


class View:
    """One thing to show of a collection. Both methods may raise NodeobsError."""

    #: Whether the fields that services would show are wanted: another request to each.
    with_fields = False

    def lines(self, found: Collection, output: Output) -> list[str]:
        raise NotImplementedError

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        raise NotImplementedError


class Types(View):
    with_fields = True

    def lines(self, found: Collection, output: Output) -> list[str]:
        return reports.types_table(found, width=output.width, colour=output.colour)

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        return [
            {
                "type": name,
                "count": sum(1 for _ in found.snapshot.entries(name)),
                "services": sorted({entry.origin for entry in found.snapshot.entries(name)}),
                "fields": [*found.columns(name)],
            }
            for name in found.snapshot.all_types()
        ]


class Overview(Types):
    def lines(self, found: Collection, output: Output) -> list[str]:
        services = reports.services_table(found.snapshot, width=output.width, colour=output.colour)
        return [*services, "", *super().lines(found, output)]

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        services = [{"service": one.id, **one.data} for one in found.snapshot.entries("service")]
        return [*services, *super().objects(found)]


class Objects(View):
    """A table of a type, or of those that report one object."""

    def __init__(
        self, words: str, filters: Sequence[Filter], limit: int, *, every_field: bool
    ) -> None:
        self._words = words
        self._filters = filters
        self._limit = limit
        self._every_field = every_field
        self.with_fields = not every_field

    def lines(self, found: Collection, output: Output) -> list[str]:
        type_name, entries = self._chosen(found.snapshot)
        if self._every_field:
            fields = [*found.snapshot.fields_for(type_name, entries)][1:]
        else:
            fields = [*found.columns(type_name)]
        return reports.objects_table(
            entries[: self._limit],
            fields,
            total=len(entries),
            width=output.width,
            colour=output.colour,
        )

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        _, entries = self._chosen(found.snapshot)
        if len(entries) > self._limit:
            tell(f"{self._limit:,} of {len(entries):,} shown; --limit N shows more")
        return [_plain(entry) for entry in entries[: self._limit]]

    def _chosen(self, snapshot: Snapshot) -> tuple[str, list[Entry]]:
        if self._every_field and self._words == "type":  # kang's way to ask for the types
            return "type", [Entry("type", name, "", {"type": name}) for name in snapshot.types()]
        type_name, object_id = snapshot.reference(self._words)
        if object_id is None:
            entries = [*snapshot.entries(type_name)]
        else:
            entries = [*snapshot.found(type_name, object_id)]
        return type_name, [entry for entry in entries if self._wanted(entry)]

    def _wanted(self, entry: Entry) -> bool:
        # As in the browser, what identifies it wins over a field of the same name.
        record = {**entry.data, "id": entry.id}
        return all(one.matches(record) for one in self._filters)


class One(View):
    def __init__(self, words: str, depth: int) -> None:
        self._words = words
        self._depth = depth

    def lines(self, found: Collection, output: Output) -> list[str]:
        lines: list[str] = []
        followed = self._followed(found.snapshot)
        for _, entry, links in followed:
            lines += reports.object_tree(entry, links, colour=output.colour)
        if len(followed) >= _FOLLOWED:
            lines.append(f"links are followed to {_FOLLOWED} objects")
        return lines

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        return [
            {**_plain(entry), "links": links, "depth": depth}
            for depth, entry, links in self._followed(found.snapshot)
        ]

    def _followed(self, snapshot: Snapshot) -> list[tuple[int, Entry, list[str]]]:
        """The object and those it names, each once: (links from it, the object, its links)."""
        type_name, object_id = snapshot.reference(self._words)
        if object_id is None:
            raise NodeobsError(
                "usage",
                f"get shows one object, and {type_name} is a type",
                f"nodeobs kang … list {type_name}, or get {type_name}/ID",
                exit_code=2,
            )
        snapshot.found(type_name, object_id)
        followed: list[tuple[int, Entry, list[str]]] = []
        met = {(type_name, object_id)}
        level = [(type_name, object_id)]
        for depth in range(self._depth + 1):
            named: list[tuple[str, str]] = []
            for key in level:
                for entry in snapshot.lookup(*key):
                    links = [*dict.fromkeys(snapshot.links(entry.data))]
                    followed.append((depth, entry, links))
                    named += [_split(link) for link in links]
                if len(followed) >= _FOLLOWED:
                    return followed[:_FOLLOWED]
            level = [key for key in dict.fromkeys(named) if key not in met]
            met.update(level)
        return followed


class Whole(View):
    """What was answered, to be saved."""

    def __init__(self, merged: bool) -> None:
        self._merged = merged

    def lines(self, found: Collection, output: Output) -> list[str]:
        raise NotImplementedError

    def objects(self, found: Collection) -> list[dict[str, Any]]:
        return [found.snapshot.plain()] if self._merged else [part.raw for part in found.parts]


def compiled(conditions: Sequence[str]) -> list[Filter]:
    from nodeobs.filter import compile_filter

    return [compile_filter(condition) for condition in conditions]


def _plain(entry: Entry) -> dict[str, Any]:
    return {"type": entry.type, "id": entry.id, "origin": entry.origin, "object": entry.data}


def _split(name: str) -> tuple[str, str]:
    type_name, _, object_id = name.partition(":")
    return type_name, object_id
