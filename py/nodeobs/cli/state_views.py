"""What `nodeobs state` can show: types, a table, one object, what is stuck."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from nodeobs.answers import entries, listed
from nodeobs.cli.terminal import colour_wanted, table_width
from nodeobs.reports.state import (
    cut_notes,
    failed_notes,
    limit_notes,
    object_trees,
    objects_table,
    sorted_objects,
    types_table,
)
from nodeobs.reports.stuck import StuckRow, looked_text, next_step, stuck_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.filter import Filter
    from nodeobs.process import Process
    from nodeobs.reports.where import Place

    Answers = Sequence[tuple[Process, int, Any]]


# The figures of the event loop are those of a window which opens when somebody first asks.
_LOOP_WINDOW = 1.0


class View:
    """One thing to ask of every thread, and how to show the answers."""

    async def ask(self, process: Process, tid: int) -> Any:
        raise NotImplementedError

    def lines(self, answers: Answers) -> list[str]:
        """For people."""
        raise NotImplementedError

    def objects(self, answers: Answers) -> list[dict[str, Any]]:
        """For --json."""
        raise NotImplementedError

    def notes(self, answers: Answers) -> list[str]:
        """What is missing in the answers, and why."""
        return failed_notes(_placed(answers))

    def next_steps(self, answers: Answers) -> list[str]:
        return []


class Types(View):
    async def ask(self, process: Process, tid: int) -> Any:
        return await process.request("state.types", tid=tid)

    def lines(self, answers: Answers) -> list[str]:
        return types_table(
            [
                ((process.pid, tid), row)
                for process, tid, answer in answers
                for row in entries(answer, "types")
            ],
            width=table_width(sys.stdout),
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Answers) -> list[dict[str, Any]]:
        return [
            {"pid": process.pid, "tid": tid, **row}
            for process, tid, answer in answers
            for row in entries(answer, "types")
        ]


class Objects(View):
    """A table. Sorting and filtering may ask for fields that it does not show."""

    def __init__(
        self, type_name: str, limit: int, conditions: Sequence[str] = (), sort: str | None = None
    ) -> None:
        self._type = type_name
        self._limit = limit
        self._filters = _filters(conditions)
        self._sort = sort
        self._shown: dict[tuple[int, int], list[str]] = {}

    async def ask(self, process: Process, tid: int) -> Any:
        place = (process.pid, tid)
        wanted = [*_field_names(self._filters), *([self._sort] if self._sort else [])]
        if wanted and place not in self._shown:
            # The type's own fields come first, and only they are shown.
            first = await process.state_list(self._type, limit=1, tid=tid)
            self._shown[place] = list(map(str, listed(first, "fields")))
        fields = [*dict.fromkeys([*self._shown.get(place, []), *wanted])] if wanted else None
        answer = await process.state_list(self._type, limit=self._limit, fields=fields, tid=tid)
        rows = entries(answer, "objects")
        if wanted:
            answer["fields"] = [*self._shown[place], *([self._sort] if self._sort else [])]
            if rows:
                answer["unknown"] = [name for name in wanted if _has_none(rows, name)]
        if self._filters:
            answer["shown"] = len(rows)
            answer["objects"] = [
                entry
                for entry in rows
                if all(one.matches({**entry, "type": self._type}) for one in self._filters)
            ]
        return answer

    def lines(self, answers: Answers) -> list[str]:
        return objects_table(
            _placed(answers),
            sort=self._sort,
            width=table_width(sys.stdout),
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Answers) -> list[dict[str, Any]]:
        rows = sorted_objects(_placed(answers), self._sort)
        return [{"pid": pid, "tid": tid, "type": self._type, **entry} for (pid, tid), entry in rows]

    def notes(self, answers: Answers) -> list[str]:
        placed = _placed(answers)
        hint = f"nodeobs state {self._type}/ID shows one whole"
        return [
            *self._unknown_fields(answers),
            *limit_notes(placed, self._type, sort=self._sort is not None),
            *cut_notes(placed, hint),
            *failed_notes(placed),
        ]

    def _unknown_fields(self, answers: Answers) -> list[str]:
        """Fields asked for that no object of any thread has: they may be misspelt."""
        unknown = [set(answer["unknown"]) for _, _, answer in answers if "unknown" in answer]
        names = sorted(set.intersection(*unknown)) if unknown else []
        return [f"{self._type}: no object has a field {name}" for name in names]


class OneObject(View):
    def __init__(self, type_name: str, object_id: str) -> None:
        self._type = type_name
        self._id = object_id

    async def ask(self, process: Process, tid: int) -> Any:
        answer = await process.state_object(self._type, self._id, tid=tid)
        if _window_too_short(answer.get("object")):
            await asyncio.sleep(_LOOP_WINDOW)
            answer = await process.state_object(self._type, self._id, tid=tid)
        return answer

    def lines(self, answers: Answers) -> list[str]:
        return object_trees(
            [((process.pid, tid), answer.get("object")) for process, tid, answer in answers],
            f"{self._type}/{self._id}",
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Answers) -> list[dict[str, Any]]:
        return [
            {
                "pid": process.pid,
                "tid": tid,
                "type": self._type,
                "id": self._id,
                "object": answer.get("object"),
                **({"cut": answer["cut"]} if answer.get("cut") else {}),
            }
            for process, tid, answer in answers
        ]

    def notes(self, answers: Answers) -> list[str]:
        return cut_notes(_placed(answers))


class Stuck(View):
    """What began longer ago than `older` seconds, of one type or object, or of all."""

    def __init__(
        self,
        older: float,
        type_name: str | None = None,
        object_id: str | None = None,
        limit: int = 1000,
        conditions: Sequence[str] = (),
        sort: str | None = None,
    ) -> None:
        self._older = older
        self._type = type_name
        self._id = object_id
        self._limit = limit
        self._filters = _filters(conditions)
        self._sort = sort

    async def ask(self, process: Process, tid: int) -> Any:
        return await process.state_stuck(
            older_ms=self._older * 1000, limit=self._limit, type_name=self._type, tid=tid
        )

    def lines(self, answers: Answers) -> list[str]:
        rows = self._rows(answers)
        if not rows:
            return []
        return stuck_table(rows, width=table_width(sys.stdout), colour=colour_wanted(sys.stdout))

    def objects(self, answers: Answers) -> list[dict[str, Any]]:
        return [
            {"pid": row.place[0], "tid": row.place[1], **row.entry} for row in self._rows(answers)
        ]

    def notes(self, answers: Answers) -> list[str]:
        placed = _placed(answers)
        notes = [] if self._rows(answers) else [self._nothing(placed)]
        if any(answer.get("truncated") for _, answer in placed):
            notes.append("there is more; --limit N shows more, a longer TIME less")
        return [*notes, *failed_notes(placed)]

    def next_steps(self, answers: Answers) -> list[str]:
        rows = self._rows(answers)
        return [f"next: {next_step(rows[0])}"] if rows else []

    def _is_wanted(self, entry: dict[str, Any]) -> bool:
        # The agent has chosen by type already; one that did not know how has sent all.
        own = str(entry.get("type")).removeprefix("nodeobs.")
        return self._type in (None, own, entry.get("type"), entry.get("kind"))

    def _nothing(self, placed: Sequence[tuple[Place, dict[str, Any]]]) -> str:
        name = f"{self._type}/{self._id}" if self._id else self._type
        return looked_text(placed, self._older, name, filtered=bool(self._filters))

    def _rows(self, answers: Answers) -> list[StuckRow]:
        rows = [
            StuckRow((process.pid, tid), entry, str(process.hello.get("cwd") or ""))
            for process, tid, answer in answers
            for entry in entries(answer, "stuck")
            if self._is_wanted(entry)
            and self._id in (None, str(entry.get("id")))
            and all(one.matches(entry) for one in self._filters)
        ]
        rows.sort(key=lambda row: -row.age_ms)
        if self._sort is not None:
            order = [(row.place, {**row.more, **row.entry, "row": row}) for row in rows]
            rows = [entry["row"] for _, entry in sorted_objects([], self._sort, order)]
        return rows


def _placed(answers: Answers) -> list[tuple[Place, dict[str, Any]]]:
    return [((process.pid, tid), answer) for process, tid, answer in answers]


def _has_none(rows: Sequence[dict[str, Any]], name: str) -> bool:
    return all(row.get(name) is None for row in rows)


def _filters(conditions: Sequence[str]) -> list[Filter]:
    if not conditions:
        return []
    from nodeobs.filter import compile_filter

    return [compile_filter(condition) for condition in conditions]


def _field_names(filters: Sequence[Filter]) -> list[str]:
    """The fields that expressions ask for."""
    names: dict[str, None] = {}

    def walk(node: Any) -> None:
        if not isinstance(node, list) or not node:
            return
        if node[0] == "path" and len(node) > 1:
            names[str(node[1])] = None
            return
        for part in node[1:]:
            walk(part)

    for one in filters:
        walk(one.form)
    return [name for name in names if name not in ("id", "type")]


def _window_too_short(value: Any) -> bool:
    loop = value.get("loop") if isinstance(value, dict) else None
    window = loop.get("window_ms") if isinstance(loop, dict) else None
    return isinstance(window, int | float) and window < _LOOP_WINDOW * 500
