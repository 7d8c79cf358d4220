"""The objects that processes keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.reports.table import Column, table
from nodeobs.reports.values import tree, value_text
from nodeobs.reports.where import Place, Where

if TYPE_CHECKING:
    from collections.abc import Sequence


def types_table(
    rows: Sequence[tuple[Place, dict[str, Any]]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs state`: the types, how many objects there are of each, and what a table shows."""
    where = Where([place for place, _ in rows])
    return table(
        [
            *where.columns(),
            Column("TYPE", keep=9),
            Column("COUNT", right=True, keep=9),
            Column("FIELDS"),
        ],
        [
            [
                *where.cells(place),
                str(row.get("type")),
                "?" if row.get("count") is None else f"{row['count']:,}",
                ", ".join(map(str, row.get("fields") or [])) or "-",
            ]
            for place, row in rows
        ],
        width=width,
        colour=colour,
    )


def objects_table(
    lists: Sequence[tuple[Place, dict[str, Any]]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs state TYPE`: the answers of `state.list`, merged; a last line says what is cut."""
    where = Where([place for place, _ in lists])
    fields: dict[str, None] = {}
    for _, answer in lists:
        fields.update(dict.fromkeys(map(str, answer.get("fields") or [])))
    fields.pop("id", None)
    objects = [(place, entry) for place, answer in lists for entry in _objects(answer)]
    numeric = {
        field
        for field in fields
        if objects and all(_is_number(entry.get(field)) for _, entry in objects)
    }
    lines = table(
        [
            *where.columns(),
            Column("ID", keep=9),
            *(Column(field.upper(), right=field in numeric, keep=2) for field in fields),
        ],
        [
            [
                *where.cells(place),
                str(entry.get("id")),
                *(value_text(entry.get(field)) for field in fields),
            ]
            for place, entry in objects
        ],
        width=width,
        colour=colour,
    )
    for place, answer in lists:
        if answer.get("truncated"):
            shown, total = len(_objects(answer)), answer.get("total")
            lines.append(f"{where.text(place)}{shown:,} of {total:,} shown; --limit N shows more")
    return lines


def object_trees(
    objects: Sequence[tuple[Place, Any]], title: str, *, colour: bool = False
) -> list[str]:
    """`nodeobs state TYPE/ID`: the object as a tree, for each process that has it."""
    where = Where([place for place, _ in objects])
    lines: list[str] = []
    for place, value in objects:
        lines += tree(where.text(place) + title, value, colour=colour)
    return lines


def _objects(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in answer.get("objects") or [] if isinstance(entry, dict)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
