"""What has begun and not ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.cells import cell_text
from nodeobs.browser.grid import GridColumn, GridRow
from nodeobs.browser.links import Target
from nodeobs.browser.source import StuckSource
from nodeobs.browser.table_view import TableView
from nodeobs.errors import NodeobsError
from nodeobs.reports.quantities import amount, duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nodeobs.browser.source import StateSource, StuckPage, StuckRow

#: Seconds that something must have been pending; `s` goes from one to the next.
AGES: Final = (1.0, 5.0, 30.0, 300.0, 0.0)


class StuckView(TableView):
    """The oldest first."""

    def __init__(self) -> None:
        super().__init__("stuck")
        self.older_s = AGES[0]
        self._total = 0

    def next_age(self) -> None:
        self.older_s = AGES[(AGES.index(self.older_s) + 1) % len(AGES)]

    async def fetch(self, source: StateSource) -> StuckPage:
        if not isinstance(source, StuckSource):
            raise NodeobsError("not_offered", "what is stuck cannot be told here")
        return await source.stuck(self.older_s)

    def _accept(self, answer: StuckPage) -> None:
        self._total = answer.total
        self.notes = answer.notes
        several = len({row.place for row in answer.rows}) > 1
        more: dict[str, None] = {}
        for row in answer.rows:
            more.update(dict.fromkeys(row.more))
        columns = [GridColumn("place", "PLACE")] if several else []
        columns += [
            GridColumn("pending", "PENDING", _age_text, ticks=True),
            GridColumn("kind", "KIND"),
            GridColumn("name", "NAME"),
            GridColumn("object", "OBJECT"),
            *(GridColumn(name, name.upper()) for name in more),
        ]
        self._set_rows(columns, [_row(row, [*more], several) for row in answer.rows])

    def summary(self) -> str:
        age = f"pending for more than {duration(self.older_s)}" if self.older_s else "pending"
        loaded = len(self._rows)
        shown = f"{len(self):,} of {loaded:,} match, " if self.wanted else ""
        count = f"{loaded:,}" if loaded >= self._total else f"{loaded:,} of {self._total:,}"
        following = AGES[(AGES.index(self.older_s) + 1) % len(AGES)]
        return f"{shown}{count} {age}; s: {duration(following) if following else 'all'}"

    def nothing(self) -> str:
        if self.wanted:
            return super().nothing()
        return f"nothing has been pending for {amount(int(self.older_s), 'second')}"

    def command(self, source: StateSource) -> str:
        return source.stuck_command(self.older_s) if isinstance(source, StuckSource) else ""

    def enter(self, types: Collection[str]) -> Target | None:
        row = self.selected
        if row is None:
            return None
        return Target(row.origin.type, row.origin.id, row.origin.place, exact=True)

    def record(self, row: GridRow) -> Mapping[str, Any]:
        origin: StuckRow = row.origin
        return {
            **origin.more,
            "kind": origin.kind,
            "name": origin.name,
            "type": origin.type,
            "id": origin.id,
            "place": origin.place,
            "pending_ms": origin.age_ms,
        }


def _row(row: StuckRow, more: list[str], several: bool) -> GridRow:
    where = (row.place,) if several else ()
    shown = f"{row.type}/{row.id}"
    rest = [row.more.get(name) for name in more]
    cells = (*where, row.age_ms, row.kind, row.name, shown, *rest)
    return GridRow((row.place, row.kind, row.type, row.id, row.name), cells, row)


def _age_text(age_ms: Any) -> str:
    if not isinstance(age_ms, int | float):
        return cell_text(age_ms)
    return f"{age_ms:.0f}ms" if age_ms < 1000 else duration(age_ms / 1000)
