"""A table of which only the lines on the screen are ever made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.cells import CHANGED, DIM, PLAIN, TITLE, Line, cell_text, padded, same
from nodeobs.reports.table import cell_width, cut, single_line

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Mapping, Sequence

_GAP: Final = "  "
# Rows that are looked at for the widths of the columns, besides those that are shown.
_MEASURED: Final = 500
# A column that does not fit is cut to no less; what is wider than the screen is scrolled to.
_LEAST: Final = 12
# Titles are names of fields, which may be anything.
_TITLE: Final = 60

RISING, FALLING = "▲", "▼"


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column; `text` is how its values are written. One that `ticks` is new every time anyway."""

    name: str
    title: str
    text: Callable[[Any], str] = cell_text
    ticks: bool = False


@dataclass(slots=True)
class GridRow:
    """A row: what identifies it, a value for each column, and what it was made of."""

    key: Hashable
    cells: tuple[Any, ...]
    origin: Any


@dataclass(frozen=True, slots=True)
class Sorting:
    column: str
    reverse: bool = False


@dataclass(slots=True)
class Grid:
    """Columns and rows laid out for a screen of some width.

    `before` has the rows of the last time by their keys: what differs is marked, of a new row the
    first cell. Without it nothing is. No column is narrower than `at_least` unless it has to be.
    """

    columns: Sequence[GridColumn] = ()
    rows: Sequence[GridRow] = ()
    width: int = 80
    sorting: Sorting | None = None
    before: Mapping[Hashable, GridRow] | None = None
    at_least: Sequence[int] = ()
    #: How wide the columns would be if there were room.
    natural: list[int] = field(init=False)
    widths: list[int] = field(init=False)
    right: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        titles = [cell_width(self._title(column)) for column in self.columns]
        self.natural = [max(pair) for pair in zip(titles, self.at_least or titles, strict=True)]
        self.right = []
        for index in range(len(self.columns)):
            values = [row.cells[index] for row in self.rows[:_MEASURED]]
            present = [value for value in values if value is not None]
            self.right.append(bool(present) and all(map(_is_number, present)))
        self.measure(0, _MEASURED)

    def measure(self, first: int, count: int) -> None:
        """Make the columns as wide as what is in these rows. All rows may be too many."""
        for row in self.rows[first : first + count]:
            for index, (column, value) in enumerate(zip(self.columns, row.cells, strict=True)):
                width = cell_width(column.text(value))
                if width > self.natural[index]:
                    self.natural[index] = width
        self.widths = [*self.natural]
        self._narrow()

    def header(self) -> Line:
        return self._line([(self._title(column), TITLE) for column in self.columns])

    def line(self, index: int, *, dim: bool = False) -> Line:
        row = self.rows[index]
        changed = self.changed(row)
        usual = DIM if dim else PLAIN
        return self._line(
            [
                (column.text(value), CHANGED if place in changed else usual)
                for place, (column, value) in enumerate(zip(self.columns, row.cells, strict=True))
            ]
        )

    def changed(self, row: GridRow) -> Container[int]:
        """Which cells are not as they were."""
        if self.before is None:
            return ()
        old = self.before.get(row.key)
        if old is None:
            return (0,)
        return [
            index
            for index, column in enumerate(self.columns)
            if not column.ticks and not same(row.cells[index], old.cells[index])
        ]

    def column_at(self, x: int) -> str | None:
        """The column that is shown so many cells from the left."""
        for column, width in zip(self.columns, self.widths, strict=True):
            if x < width + len(_GAP):
                return column.name
            x -= width + len(_GAP)
        return None

    @property
    def total_width(self) -> int:
        return sum(self.widths) + len(_GAP) * (len(self.widths) - 1)

    def _title(self, column: GridColumn) -> str:
        mark = ""
        if self.sorting is not None and self.sorting.column == column.name:
            mark = " " + (FALLING if self.sorting.reverse else RISING)
        return cut(single_line(column.title[:_TITLE]), _TITLE) + mark

    def _line(self, cells: list[tuple[str, str]]) -> Line:
        line: Line = []
        for (text, style), width, right in zip(cells, self.widths, self.right, strict=True):
            if line:
                line.append((_GAP, PLAIN))
            line.append((padded(text, width, right=right), style))
        return line

    def _narrow(self) -> None:
        """Cut the widest columns, as long as that makes all of them fit."""
        least = [
            max(min(width, _LEAST), cell_width(self._title(column)))
            for width, column in zip(self.widths, self.columns, strict=True)
        ]
        while self.total_width > self.width:
            widest = max(
                (index for index, width in enumerate(self.widths) if width > least[index]),
                key=lambda index: self.widths[index],
                default=None,
            )
            if widest is None:
                return
            self.widths[widest] -= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
