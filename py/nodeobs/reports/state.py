"""The objects that processes keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from nodeobs.answers import count, counts, entries, listed, mapping
from nodeobs.reports.table import Column, single_line, table
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
                f"{row['count']:,}" if _is_number(row.get("count")) else "?",
                ", ".join(map(str, listed(row, "fields"))) or "-",
            ]
            for place, row in rows
        ],
        width=width,
        colour=colour,
    )


def objects_table(
    lists: Sequence[tuple[Place, dict[str, Any]]],
    *,
    sort: str | None = None,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs state TYPE`: the answers of `state.list`, merged."""
    where = Where([place for place, _ in lists])
    fields: dict[str, None] = {}
    for _, answer in lists:
        fields.update(dict.fromkeys(map(str, listed(answer, "fields"))))
    fields.pop("id", None)
    objects = sorted_objects(lists, sort)
    numeric = {
        field for field in fields if _are_numbers([entry.get(field) for _, entry in objects])
    }
    return table(
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


def sorted_objects(
    lists: Sequence[tuple[Place, dict[str, Any]]],
    field: str | None,
    rows: Sequence[tuple[Place, dict[str, Any]]] | None = None,
) -> list[tuple[Place, dict[str, Any]]]:
    """The rows of all answers (or `rows`): numbers from the largest, then texts from A, the rest.

    Without a field, in their own order.
    """
    found = rows
    if found is None:
        found = [(place, entry) for place, answer in lists for entry in entries(answer, "objects")]
    if field is None:
        return list(found)

    def key(row: tuple[Place, dict[str, Any]]) -> tuple[int, float, str]:
        value = row[1].get(field)
        if _is_number(value):
            return 0, -value, ""
        return (2, 0.0, "") if value is None else (1, 0.0, value_text(value))

    return sorted(found, key=key)


def limit_notes(
    lists: Sequence[tuple[Place, dict[str, Any]]], type_name: str, *, sort: bool = False
) -> list[str]:
    """Where there are more objects than were asked for."""
    where = Where([place for place, _ in lists])
    notes = []
    for place, answer in lists:
        if answer.get("truncated"):
            count, total = answer.get("shown", len(entries(answer, "objects"))), answer.get("total")
            of = f"{count:,} of {total:,}" if isinstance(total, int) else f"the first {count:,}"
            word = "looked at" if sort or "shown" in answer else "shown"
            notes.append(f"{where.text(place)}{type_name}: {of} {word}; --limit N shows more")
    return notes


#: Reasons of `cut`, as the values that it says so of.
_CUT = {
    "size": "over the size of an object",
    "nodes": "over the number of values",
    "depth": "nested too deep",
    "string": "long texts",
    "time": "over the time that a look may take",
    "threw": "getters that threw",
}


def cut_notes(
    answers: Sequence[tuple[Place, dict[str, Any]]], hint: str | None = None
) -> list[str]:
    """What is not in the values shown, and why."""
    where = Where([place for place, _ in answers])
    notes = []
    for place, answer in answers:
        reasons = [
            f"{number:,} {_CUT.get(reason, reason)}"
            for reason, number in counts(answer, "cut").items()
        ]
        if reasons:
            rest = f"; {hint}" if hint else ""
            notes.append(f"{where.text(place)}values are cut: {', '.join(reasons)}{rest}")
    return notes


def failed_notes(answers: Sequence[tuple[Place, dict[str, Any]]]) -> list[str]:
    """What callbacks of the application threw, the first of them for each thread."""
    where = Where([place for place, _ in answers])
    notes = []
    for place, answer in answers:
        failed = mapping(answer, "failed")
        total = count(failed, "total")
        if not total:
            continue
        first: dict[str, Any] = next(iter(entries(failed, "first")), {})
        of = "/".join(str(first[key]) for key in ("type", "id") if first.get(key) is not None)
        text = f"{of}: {first.get('message')}" if of else str(first.get("message"))
        others = f", and {total - 1:,} more" if total > 1 else ""
        notes.append(
            f"{where.text(place)}a callback of the application threw: {single_line(text)}{others}"
        )
    return notes


def object_trees(
    objects: Sequence[tuple[Place, Any]], title: str, *, colour: bool = False
) -> list[str]:
    """`nodeobs state TYPE/ID`: the object as a tree, for each process that has it."""
    where = Where([place for place, _ in objects])
    lines: list[str] = []
    for place, value in objects:
        lines += tree(where.text(place) + title, value, colour=colour)
    return lines


def _are_numbers(values: Sequence[Any]) -> bool:
    """Whether they line up on the right: numbers, and perhaps nothing in between."""
    numbers = [value for value in values if value is not None]
    return bool(numbers) and all(map(_is_number, numbers))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
