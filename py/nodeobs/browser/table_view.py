"""A table that can be sorted and filtered."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from nodeobs.browser.cells import cell_text
from nodeobs.browser.grid import Grid, Sorting
from nodeobs.browser.order import Order
from nodeobs.browser.view import View

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from nodeobs.browser.cells import Line
    from nodeobs.browser.grid import GridColumn, GridRow


class TableView(View):
    """Rows under columns; what they are of, a subclass knows."""

    has_header = True

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.sorting: Sorting | None = None
        self._columns: Sequence[GridColumn] = ()
        self._rows: Sequence[GridRow] = ()
        self._past: dict[Hashable, GridRow] | None = None
        self._order = Order()
        # All rows as they are sorted, until there are others or the order is another.
        self._sorted: Sequence[GridRow] | None = None
        self.grid = Grid()

    @abstractmethod
    def record(self, row: GridRow) -> Mapping[str, Any]:
        """What a filter looks at, and `y` copies."""

    def _set_rows(self, columns: Sequence[GridColumn], rows: Sequence[GridRow]) -> None:
        names = [column.name for column in columns]
        comparable = self.loaded and names == [column.name for column in self._columns]
        self._past = {row.key: row for row in self._rows} if comparable else None
        self._columns = columns
        self._rows = rows
        self._sorted = None
        self._arrange()

    def _learn(self, columns: Sequence[GridColumn], rows: Sequence[GridRow]) -> None:
        """Make rows comparable that are going to be sorted. May be called in another thread."""
        names = [column.name for column in columns]
        sorting = self.sorting
        if sorting is not None and sorting.column in names:
            index = names.index(sorting.column)
            self._order.learn(row.cells[index] for row in rows)

    def _arrange(self) -> None:
        rows = self._all_sorted()
        if (wanted := self.wanted).is_filter:
            rows = [row for row in rows if wanted.matches(self.record(row))]
        elif wanted:
            rows = [row for row in rows if wanted.in_text("\t".join(map(cell_text, row.cells)))]
        names = [column.name for column in self._columns]
        # Columns that grow and shrink with what is in them are hard to read.
        same = names == [column.name for column in self.grid.columns]
        at_least = self.grid.natural if same else ()
        self.grid = Grid(self._columns, rows, self.width, self.sorting, self._past, at_least)

    def _all_sorted(self) -> Sequence[GridRow]:
        if self._sorted is None:
            self._sorted = self._rows
            names = [column.name for column in self._columns]
            if self.sorting is not None and self.sorting.column in names:
                index = names.index(self.sorting.column)
                self._sorted = self._order.sorted(
                    self._rows, lambda row: row.cells[index], reverse=self.sorting.reverse
                )
        return self._sorted

    def __len__(self) -> int:
        return len(self.grid.rows)

    def _key(self, index: int) -> Hashable:
        return self.grid.rows[index].key

    def header(self, first: int, count: int) -> Line:
        self.grid.measure(first, count)
        return self.grid.header()

    @property
    def total_width(self) -> int:
        return self.grid.total_width

    def line(self, index: int, types: Collection[str]) -> Line:
        place = getattr(self.grid.rows[index].origin, "place", None)
        return self.grid.line(index, dim=place is not None and self.is_ended(place))

    def summary(self) -> str:
        """`12 of 40`, with what is cut by the limit in front of it."""
        shown, all_rows = len(self), len(self._rows)
        return f"{shown:,} of {all_rows:,}" if self.wanted else f"{all_rows:,}"

    @property
    def selected(self) -> GridRow | None:
        return self.grid.rows[self.cursor] if self.cursor < len(self) else None

    def copied(self) -> Any:
        row = self.selected
        return None if row is None else self.record(row)

    # -- sorting ----------------------------------------------------------------------------

    def sort_by(self, number: int) -> None:
        """Sort by the column of this number, counted from 1, or the other way round; 0: not."""
        if number == 0:
            self._sort(None)
        elif number <= len(self._columns):
            self._sort_by_name(self._columns[number - 1].name)

    def sort_at(self, x: int) -> None:
        """Sort by the column whose title is so many cells from the left."""
        if (name := self.grid.column_at(x)) is not None:
            self._sort_by_name(name)

    def sort_next(self) -> None:
        """Sort by the next column; after the last one, not."""
        names = [column.name for column in self._columns]
        if not names:
            return
        if self.sorting is None or self.sorting.column not in names:
            self._sort(Sorting(names[0]))
        else:
            after = names.index(self.sorting.column) + 1
            self._sort(Sorting(names[after]) if after < len(names) else None)

    def sort_reverse(self) -> None:
        if self.sorting is not None:
            self._sort(Sorting(self.sorting.column, not self.sorting.reverse))

    def _sort_by_name(self, name: str) -> None:
        same = self.sorting is not None and self.sorting.column == name
        if same:
            self.sort_reverse()
        else:
            self._sort(Sorting(name))

    def _sort(self, sorting: Sorting | None) -> None:
        with self._keeping_selection():
            self.sorting = sorting
            self._sorted = None
            self._arrange()
