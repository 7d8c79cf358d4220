"""The types of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.browser.grid import GridColumn, GridRow
from nodeobs.browser.links import Target
from nodeobs.browser.table_view import TableView

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nodeobs.browser.source import StateSource, TypeRow

_COLUMNS = (
    GridColumn("type", "TYPE"),
    GridColumn("count", "COUNT", lambda count: "?" if count is None else f"{count:,}"),
    GridColumn("fields", "FIELDS"),
)


class TypesView(TableView):
    """Where the browser starts."""

    async def fetch(self, source: StateSource) -> Sequence[TypeRow]:
        return await source.types()

    def _accept(self, answer: Sequence[TypeRow]) -> None:
        self._set_rows(_COLUMNS, [_row(row) for row in answer])

    def summary(self) -> str:
        return f"{super().summary()} types"

    def nothing(self) -> str:
        return super().nothing() if self.wanted else "no types: nothing is registered"

    def command(self, source: StateSource) -> str:
        return source.command(None, None)

    def enter(self, types: Collection[str]) -> Target | None:
        row = self.selected
        return None if row is None else Target(row.origin.name)

    def record(self, row: GridRow) -> Mapping[str, Any]:
        origin: TypeRow = row.origin
        return {"type": origin.name, "count": origin.count, "fields": list(origin.fields)}


def _row(row: TypeRow) -> GridRow:
    return GridRow(row.name, (row.name, row.count, ", ".join(row.fields) or None), row)
