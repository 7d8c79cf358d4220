"""The objects of a type."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.grid import GridColumn, GridRow
from nodeobs.browser.links import Target
from nodeobs.browser.source import CommandSource
from nodeobs.browser.table_view import TableView
from nodeobs.errors import NodeobsError
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nodeobs.browser.source import ObjectPage, ObjectRow, StateSource

    _Table = tuple[Sequence[GridColumn], Sequence[GridRow]]

# As many as are ever asked for at once.
_MOST: Final = 100_000
# Rows that take so long to be made that somebody would notice.
_MANY: Final = 5000


class ObjectsView(TableView):
    """Asks for `limit` objects, and for more on demand."""

    def __init__(self, type_name: str, limit: int) -> None:
        super().__init__(type_name)
        self.type_name = type_name
        self.limit = limit
        self._total = 0
        # The limit of the last answer, and why a higher one had none.
        self._answered = limit
        self._refusal: str | None = None
        # Rows that were made ahead, and the answer they are of.
        self._prepared: tuple[ObjectPage, _Table] | None = None

    async def fetch(self, source: StateSource) -> ObjectPage:
        try:
            page = await source.objects(self.type_name, limit=self.limit)
        except NodeobsError as error:
            if self.limit > self._answered:
                self.limit, self._refusal = self._answered, error.message
            raise
        self._answered = self.limit
        return page

    async def prepare(self, answer: ObjectPage) -> None:
        if len(answer.rows) > _MANY:
            await asyncio.to_thread(self._make, answer)

    def _accept(self, answer: ObjectPage) -> None:
        self._total = answer.total
        self.notes = answer.notes
        prepared, self._prepared = self._prepared, None
        if prepared is None or prepared[0] is not answer:
            self._set_rows(*_table(answer))
        else:
            self._set_rows(*prepared[1])

    def _make(self, answer: ObjectPage) -> None:
        columns, rows = _table(answer)
        self._learn(columns, rows)
        self._prepared = (answer, (columns, rows))

    def summary(self) -> str:
        loaded = len(self._rows)
        shown = f"{len(self):,} of {loaded:,} match" if self.wanted else f"{loaded:,}"
        if loaded >= self._total:
            return shown if self.wanted else f"{shown} {single_line(self.type_name)}"
        more = "m loads more" if self.limit < _MOST else "no more can be loaded"
        if self._refusal is not None:
            more = f"no more: {self._refusal}"
        loaded_text = f", {loaded:,}" if self.wanted else ""
        return f"{shown}{loaded_text} of {self._total:,} shown; {more}"

    def nothing(self) -> str:
        return super().nothing() if self.wanted else f"no objects of {single_line(self.type_name)}"

    def command(self, source: StateSource) -> str:
        # Places are the browser's own; a command line that asks for one would print nothing.
        is_known = self.wanted.is_filter and not self.wanted.asks_for("place")
        condition = self.wanted.text if is_known else None
        sort = self._sorted_field()
        if isinstance(source, CommandSource) and (condition or sort):
            return source.table_command(self.type_name, condition, sort)
        return source.command(self.type_name, None)

    def _sorted_field(self) -> str | None:
        """What it is sorted by, where the command line sorts in the same direction."""
        if self.sorting is None or self.sorting.column == "place":
            return None
        names = [column.name for column in self.grid.columns]
        if self.sorting.column not in names:
            return None
        is_number = self.grid.right[names.index(self.sorting.column)]
        return self.sorting.column if self.sorting.reverse == is_number else None

    def enter(self, types: Collection[str]) -> Target | None:
        row = self.selected
        if row is None:
            return None
        return Target(self.type_name, row.origin.id, row.origin.place, exact=True)

    def record(self, row: GridRow) -> Mapping[str, Any]:
        # What identifies it wins over fields of the same names.
        origin: ObjectRow = row.origin
        return {**origin.values, "id": origin.id, "place": origin.place}

    def more(self) -> bool:
        if len(self._rows) >= self._total or self.limit >= _MOST:
            return False
        self._refusal = None
        self.limit = min(self.limit * 10, _MOST)
        return True

    def copied(self) -> Any:
        row = self.selected
        if row is None:
            return None
        origin: ObjectRow = row.origin
        place = {"place": origin.place} if origin.place else {}
        return {**place, "type": self.type_name, **origin.values, "id": origin.id}


def _table(answer: ObjectPage) -> _Table:
    fields = [field for field in answer.fields if field != "id"]
    several = len({row.place for row in answer.rows}) > 1
    columns = [GridColumn("place", "PLACE")] if several else []
    columns += [GridColumn("id", "ID")]
    columns += [GridColumn(field, field.upper()) for field in fields]
    return columns, [_row(row, fields, several) for row in answer.rows]


def _row(row: ObjectRow, fields: list[str], several: bool) -> GridRow:
    values = row.values
    cells = [row.id, *[values.get(field) for field in fields]]
    if several:
        cells.insert(0, row.place)
    return GridRow((row.place, row.id), tuple(cells), row)
