"""`nodeobs latency`: the tables of routes and handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nodeobs.d.printing.histogram import Scale
from nodeobs.latency.grouping import BEFORE_ROUTING, OTHERS
from nodeobs.latency.scale import steps_over
from nodeobs.reports.quantities import amount, bound, duration, latency, percent, rate
from nodeobs.reports.table import Cell, Column, cell_width, table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodeobs.latency.figures import Figures, Row
    from nodeobs.latency.grouping import Grouping
    from nodeobs.latency.latencies import Latencies

#: What rows can be sorted by: by `name` upwards, by anything else downwards.
SORTS: Final = ("count", "p50", "p90", "p99", "max", "errors", "time", "name")

#: Where one expects requests and there are none: the usual reason.
NOTHING_CAME: Final = (
    "no request was answered in that time; workers of a cluster are processes of their own, "
    "-p '*' takes all"
)

#: From so many seconds on, minutes are said.
_MINUTES: Final = 120
_PERCENTILES: Final = (50, 90, 99)
#: Cells of a packed distribution at least and at most, and from how many on it has a frame with its
#: bounds at either side, which take as many more.
_CELLS: Final = (8, 40)
_FRAMED: Final = 20
_FRAME: Final = 14
#: Cells of what says of whom a row is, at least.
_NAME_WIDTH: Final = 16
_GAP: Final = 2

_RANKS: Final[dict[str, Callable[[Latencies], int]]] = {
    "count": lambda latencies: latencies.count,
    "p50": lambda latencies: latencies.percentile(50),
    "p90": lambda latencies: latencies.percentile(90),
    "p99": lambda latencies: latencies.percentile(99),
    "max": lambda latencies: latencies.greatest,
    "errors": lambda latencies: latencies.errors or 0,
    "time": lambda latencies: latencies.total,
}


def latency_tables(
    figures: Figures,
    seconds: float,
    *,
    sort: str = "count",
    width: int | None = None,
    colour: bool = False,
    unicode: bool = True,
) -> list[str]:
    """The tables that the grouping of `figures` asks for, each under its title. `seconds` is how
    long was measured: 0 shows no rates."""
    look = _Look(seconds, width, colour, unicode)
    lines: list[str] = []
    if figures.grouping.tables[0]:
        rows = sorted_rows(figures.requests(), sort)
        lines += _requests_table(figures.grouping, rows, look)
    if figures.grouping.tables[1]:
        handlers = sorted_rows(figures.handlers(), sort)
        if handlers or not figures.grouping.tables[0]:
            lines += [""] if lines else []
            lines += _handlers_table(handlers, sort, look)
    return lines


def sorted_rows(rows: Sequence[Row], sort: str) -> list[Row]:
    """Rows in the order of one of SORTS, equal ones by name; the row of the others is last."""
    named = sorted(rows, key=lambda row: row.key)
    if sort != "name":
        named.sort(key=lambda row: _RANKS[sort](row.latencies), reverse=True)
    named.sort(key=lambda row: row.key[0] == OTHERS)
    return named


class _Look:
    """What a table has to fit into."""

    def __init__(self, seconds: float, width: int | None, colour: bool, unicode: bool) -> None:
        self.seconds = seconds
        self.width = width
        self.colour = colour
        self.unicode = unicode

    def numbers(self, latencies: Latencies) -> list[str | Cell]:
        """The cells of a row that are numbers."""
        count = latencies.count
        times = [latencies.percentile(percent) for percent in _PERCENTILES]
        share = latencies.error_share
        return [
            f"{count:,}",
            rate(count, self.seconds),
            *(latency(ns, unicode=self.unicode) for ns in (*times, latencies.greatest)),
            Cell("-" if share is None else percent(share), "red" if latencies.errors else None),
        ]


_NUMBERS: Final = (
    *(Column(title, right=True, keep=9) for title in ("COUNT", "RATE", "P50", "P90", "P99", "MAX")),
    Column("ERR", right=True, keep=9),
)


def _requests_table(grouping: Grouping, rows: Sequence[Row], look: _Look) -> list[str]:
    names = [name for name in grouping.requests if name != "method" or not _with_route(grouping)]
    title = (
        "ROUTE LATENCY" if "route" in names else f"LATENCY BY {' AND '.join(map(str.upper, names))}"
    )
    if not rows:
        return [title, "no requests"]
    columns = [Column(name.upper(), keep=2, least=_NAME_WIDTH) for name in names]
    cells = [(_names(grouping, row), row.latencies) for row in rows]
    return [title, *_table(columns, cells, look)]


def _with_route(grouping: Grouping) -> bool:
    return "route" in grouping.requests


def _names(grouping: Grouping, row: Row) -> list[str]:
    """The cells that say what a row is about: the method is one with the route."""
    names: list[str] = []
    method = ""
    for name, value in zip(grouping.requests, row.key, strict=True):
        if name == "method" and _with_route(grouping):
            method = "" if value == OTHERS else f"{value} "
        else:
            names.append(method + value if name == "route" else value)
    return names


def _handlers_table(rows: Sequence[Row], sort: str, look: _Look) -> list[str]:
    """The handlers of a route stand under it."""
    title = "HANDLER LATENCY"
    if not rows:
        return [title, "no handlers"]
    routes: dict[str, list[Row]] = {}
    for row in rows:
        routes.setdefault(row.key[0], []).append(row)
    cells: list[tuple[list[str], Latencies | None]] = []
    for route, handlers in routes.items():
        shown = f"{route} (before routing)" if route == BEFORE_ROUTING else route
        cells.append(([shown], None))
        cells += [([f"  {row.key[1]}"], row.latencies) for row in handlers]
    column = Column("ROUTE / HANDLER", keep=2, least=_NAME_WIDTH)
    return [title, *_table([column], cells, look)]


def _table(
    columns: Sequence[Column], rows: Sequence[tuple[list[str], Latencies | None]], look: _Look
) -> list[str]:
    """Rows of names, numbers and a distribution; one without latencies is a heading."""
    numbers = [
        [""] * len(_NUMBERS) if latencies is None else look.numbers(latencies)
        for _, latencies in rows
    ]
    used = {bucket for _, latencies in rows if latencies for bucket in latencies.counts}
    room = _room(columns, [names for names, _ in rows], numbers, look)
    distribution = _Distribution(used, room, look)
    return table(
        [*columns, *_NUMBERS, Column(distribution.title, keep=5)],
        [
            [*names, *cells, distribution.cells(latencies)]
            for (names, latencies), cells in zip(rows, numbers, strict=True)
        ],
        width=look.width,
        colour=look.colour,
    )


def _room(
    columns: Sequence[Column],
    names: Sequence[Sequence[str]],
    numbers: Sequence[Sequence[str | Cell]],
    look: _Look,
) -> int:
    """Cells that the last column may take: what names and numbers leave."""
    if look.width is None:
        return _CELLS[1] + _FRAME
    used = 0
    for index, column in enumerate(columns):
        widest = max(cell_width(row[index]) for row in names)
        used += max(cell_width(column.title), min(widest, 2 * _NAME_WIDTH)) + _GAP
    for index, column in enumerate(_NUMBERS):
        texts = [cell.text if isinstance(cell, Cell) else cell for cell in
                 (row[index] for row in numbers)]  # fmt: skip
        used += max(map(cell_width, (column.title, *texts))) + _GAP
    return look.width - used


class _Distribution:
    """The last column: packed distributions, all over the same steps, whose bounds are in the
    title as those of aggpack are; where there is little room, without the frame."""

    def __init__(self, used: set[int], room: int, look: _Look) -> None:
        framed = room - _FRAME >= _FRAMED
        cells = room - _FRAME if framed else room
        self._steps = steps = steps_over(used, min(max(cells, _CELLS[0]), _CELLS[1]))
        self._unicode = look.unicode
        self._frame = ("", "")
        if steps is None:
            self.title = ""
            return
        low, high = (bound(ns, unicode=look.unicode) for ns in (steps.low, steps.high))
        self.title = f"{low}-{high}"
        if framed:
            self.title = f"{low} .{'-' * len(steps.lows)}. {high}"
            self._frame = (f"{' ' * cell_width(low)} :", ":")

    def cells(self, latencies: Latencies | None) -> str:
        """The cell of a row."""
        if self._steps is None or latencies is None:
            return ""
        counts = self._steps.counts(latencies.counts)
        scale = Scale.of(counts, zoom=True)
        blocks = "".join(scale.block(count, unicode=self._unicode) for count in counts)
        return blocks.join(self._frame)


def summary_line(figures: Figures, seconds: float) -> str:
    """What all came to: `1,234 requests in 10.0 s (123/s), 2 aborted, 5 errors`."""
    whole = figures.all
    took = f"{seconds:.1f} s" if seconds < _MINUTES else duration(seconds)
    text = f"{amount(whole.count, 'request')} in {took}"
    if seconds > 0:
        text += f" ({rate(whole.count, seconds)}/s)"
    if whole.errors:
        text += f", {amount(whole.errors, 'error')}"
    if whole.aborted:
        text += f", {whole.aborted:,} of them aborted"
    return text


def notes(figures: Figures) -> list[str]:
    """What is not in the tables."""
    if not figures.underway:
        return []
    were = "request was" if figures.underway == 1 else "requests were"
    return [f"{figures.underway:,} {were} under way at the start: left out"]
