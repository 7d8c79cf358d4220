"""The answers of several agents as one. Each is what docs/protocol.md says, or anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.browser.source import ObjectPage, ObjectRow, StuckPage, StuckRow, TypeRow
from nodeobs.reports.quantities import amount

if TYPE_CHECKING:
    from collections.abc import Mapping


def merged_types(answers: Mapping[str, Any]) -> list[TypeRow]:
    """One row for each type, with the objects of all places counted."""
    counts: dict[str, int | None] = {}
    fields: dict[str, dict[str, None]] = {}
    for rows in answers.values():
        for row in rows:
            name, count = str(row.get("type")), row.get("count")
            known = counts.get(name, 0)
            counts[name] = known + count if isinstance(count, int) and known is not None else None
            fields.setdefault(name, {}).update(dict.fromkeys(map(str, row.get("fields") or [])))
    return [TypeRow(name, count, tuple(fields[name])) for name, count in counts.items()]


def merged_objects(answers: Mapping[str, Any]) -> ObjectPage:
    fields: dict[str, None] = {}
    rows = []
    total = 0
    for place, answer in answers.items():
        fields.update(dict.fromkeys(map(str, answer.get("fields") or [])))
        objects = [entry for entry in answer.get("objects") or [] if isinstance(entry, dict)]
        rows += [ObjectRow(str(entry.get("id")), place, entry) for entry in objects]
        count = answer.get("total")
        total += count if isinstance(count, int) and answer.get("truncated") else len(objects)
    return ObjectPage(tuple(fields), rows, total, _notes(answers))


def merged_stuck(answers: Mapping[str, Any]) -> StuckPage:
    """The oldest of all places first."""
    rows = []
    total = 0
    for place, answer in answers.items():
        entries = [entry for entry in answer.get("stuck") or [] if isinstance(entry, dict)]
        rows += [_stuck_row(entry, place) for entry in entries]
        count = answer.get("total")
        total += count if isinstance(count, int) else len(entries)
    rows.sort(key=lambda row: -(row.age_ms or 0))
    return StuckPage(rows, total, _notes(answers))


def _notes(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """What of the objects is cut, and which callbacks of the application threw."""
    cut = threw = 0
    first = None
    for answer in answers.values():
        counts, failed = answer.get("cut"), answer.get("failed")
        if isinstance(counts, dict):
            cut += sum(count for count in counts.values() if isinstance(count, int))
        if isinstance(failed, dict):
            some = failed.get("first")
            threw += failed["total"] if isinstance(failed.get("total"), int) else 0
            first = first or (some[0].get("message") if isinstance(some, list) and some else None)
    notes = []
    if cut:
        notes.append(f"{amount(cut, 'value')} cut")
    if threw:
        notes.append(f"{amount(threw, 'callback')} of the application threw: {first}")
    return tuple(notes)


def _stuck_row(entry: dict[str, Any], place: str) -> StuckRow:
    age, more = entry.get("age_ms"), entry.get("more")
    return StuckRow(
        str(entry.get("kind", "")),
        str(entry.get("name") or ""),
        str(entry.get("type", "")),
        str(entry.get("id", "")),
        place,
        age if isinstance(age, int | float) else None,
        more if isinstance(more, dict) else {},
    )
