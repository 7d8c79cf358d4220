"""State of kang services: overview, types, tables, objects with their links, differences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nodeobs.javascript import UNDEFINED
from nodeobs.kang.address import DEFAULT_PATH
from nodeobs.log.style import paint
from nodeobs.reports.table import Column, cut, single_line, table
from nodeobs.reports.values import tree, value_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.kang.collect import Collection
    from nodeobs.kang.difference import Change
    from nodeobs.kang.snapshot import Entry, Snapshot

#: Cells that a column needs at least, and the gap before it.
_NARROW = 8 + 2
_VALUE = 120
_STYLES = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def services_table(
    snapshot: Snapshot, *, width: int | None = None, colour: bool = False
) -> list[str]:
    """`nodeobs kang`: who answered, since when they run, and how many objects they report."""
    counts: dict[str, int] = {}
    for name in snapshot.types():
        if name not in ("service", "stats"):
            for entry in snapshot.entries(name):
                counts[entry.origin] = counts.get(entry.origin, 0) + 1
    rows = []
    for entry in snapshot.entries("service"):
        stats = [one.data for one in snapshot.lookup("stats", entry.id)]
        rows.append(
            [
                entry.id,
                value_text(entry.data.get("version")),
                _to_the_second(value_text(stats[0].get("started") if stats else None)),
                f"{counts.get(entry.id, 0):,}",
                _short(value_text(entry.data.get("source"))),
            ]
        )
    return table(
        [
            Column("SERVICE", keep=5),
            Column("VERSION", keep=1),
            Column("STARTED", keep=6),
            Column("OBJECTS", right=True, keep=9),
            Column("SOURCE", keep=3),
        ],
        rows,
        width=width,
        colour=colour,
    )


def _to_the_second(time: str) -> str:
    return re.sub(r"\.\d+Z$", "Z", time)


def _short(url: str) -> str:
    """As it would be given to -h."""
    return url.removeprefix("http://").removesuffix(DEFAULT_PATH)


def types_table(found: Collection, *, width: int | None = None, colour: bool = False) -> list[str]:
    """`nodeobs kang types`: how many objects of each, at how many services."""
    rows = []
    for name in found.snapshot.all_types():
        entries = [*found.snapshot.entries(name)]
        rows.append(
            [
                name,
                f"{len(entries):,}",
                f"{len({entry.origin for entry in entries}):,}",
                ", ".join(found.columns(name)) or "-",
            ]
        )
    return table(
        [
            Column("TYPE", keep=9),
            Column("COUNT", right=True, keep=9),
            Column("SERVICES", right=True, keep=9),
            Column("FIELDS"),
        ],
        rows,
        width=width,
        colour=colour,
    )


def objects_table(
    entries: Sequence[Entry],
    fields: Sequence[str],
    *,
    total: int,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs kang list` and `query`: a row for each; last lines say what is not there."""
    several = len({entry.origin for entry in entries}) > 1
    fields = [name for name in fields if name != "origin"]
    first = ["ID", "SERVICE"] if several else ["ID"]
    shown = list(fields)
    if width is not None:
        shown = shown[: max(1, (width - _NARROW * len(first)) // _NARROW)]
    numeric = {
        name
        for name in shown
        if entries and all(_is_number(entry.data.get(name)) for entry in entries)
    }
    lines = table(
        [
            *(Column(title, keep=9) for title in first),
            *(Column(name.upper(), right=name in numeric, keep=2) for name in shown),
        ],
        [
            [
                *([entry.id, entry.origin] if several else [entry.id]),
                *(value_text(entry.data.get(name)) for name in shown),
            ]
            for entry in entries
        ],
        width=width,
        colour=colour,
    )
    if len(shown) < len(fields):
        lines.append(f"{len(fields) - len(shown)} more fields; --json shows all")
    if len(entries) < total:
        lines.append(f"{len(entries):,} of {total:,} shown; --limit N shows more")
    return lines


def object_tree(entry: Entry, links: Sequence[str], *, colour: bool = False) -> list[str]:
    """`nodeobs kang get`: an object whole, and the objects that it names."""
    data = {key: value for key, value in entry.data.items() if key not in ("origin", entry.type)}
    at = "" if entry.type in ("service", "stats") else f" at {entry.origin}"
    lines = tree(f"{entry.type}/{entry.id}{at}", data, colour=colour)
    if links:
        lines.append("links")
    for link in dict.fromkeys(links):
        name = single_line(link)
        lines.append(f"→ {paint(name, 'cyan') if colour else name}")
    return lines


def difference_lines(
    changes: Sequence[Change], *, width: int | None = None, colour: bool = False
) -> list[str]:
    """`nodeobs kang diff`: what came, went and changed, with the fields that did."""
    several = len({change.entry.origin for change in changes}) > 1
    lines = []
    for change in changes:
        sign, style = _STYLES[change.kind]
        entry = change.entry
        at = f" at {entry.origin}" if several and entry.origin != entry.id else ""
        head = _fitting(f"{sign} {entry.type}/{entry.id}{at}", width)
        lines.append(paint(head, style) if colour else head)
        lines += [
            _fitting(f"    {one.path}: {_shown(one.before)} → {_shown(one.after)}", width)
            for one in change.fields
        ]
    kinds = [change.kind for change in changes]
    counts = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in _STYLES if kind in kinds)
    return [*lines, counts or "no differences"]


def _fitting(text: str, width: int | None) -> str:
    text = single_line(text)
    return text if width is None else cut(text, width)


def _shown(value: Any) -> str:
    if value is UNDEFINED:
        return "(none)"
    text = "null" if value is None else value_text(value)
    return cut(single_line(text), _VALUE)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def failure_lines(messages: Sequence[str]) -> list[str]:
    """Where the output is all that is seen: what went wrong, in it."""
    return [f"! {single_line(message)}" for message in messages]
