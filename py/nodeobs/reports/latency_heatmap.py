"""`nodeobs latency --heatmap`: latencies over time in a terminal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.latency.scale import Steps, steps_over
from nodeobs.reports.quantities import bound, duration
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.latency.timeline import Timeline

_UNICODE: Final = "░▒▓█"
_ASCII: Final = ".:*#"
#: Of the 256 colours that terminals have: from faint to glowing.
_COLOURS: Final = (54, 126, 203, 220)
#: Rows that a heat map may have.
HEATMAP_ROWS: Final = 16
#: Columns where no terminal says how many there may be.
_COLUMNS: Final = 100
_AXIS: Final = 9


@dataclass(frozen=True, slots=True)
class HeatMap:
    """A picture of a timeline: `cells[column][step]` is how many requests there were; columns are
    `span` seconds each, from `start` on (seconds since the epoch)."""

    steps: Steps
    cells: tuple[tuple[int, ...], ...]
    start: float
    span: float

    @classmethod
    def of(cls, timeline: Timeline, *, rows: int, columns: int) -> HeatMap | None:
        """The picture in at most so many rows and columns; None where there is nothing."""
        merged = timeline.merged(columns)
        used = {bucket for column in merged.columns for bucket in column}
        steps = steps_over(used, rows)
        if steps is None or merged.start is None:
            return None
        cells = tuple(tuple(steps.counts(column)) for column in merged.columns)
        return cls(steps, cells, merged.start, merged.span)

    @property
    def most(self) -> int:
        """The greatest number in a cell."""
        return max(max(column) for column in self.cells)

    def limits(self, shades: int) -> list[int]:
        """The greatest number that each shade stands for, in powers, since counts differ so much:
        no more shades than there are numbers."""
        found = {max(1, round(self.most ** (step / shades))) for step in range(1, shades)}
        return sorted(found | {self.most})


def heatmap(
    timeline: Timeline,
    *,
    rows: int = HEATMAP_ROWS,
    width: int | None = None,
    colour: bool = False,
    unicode: bool = True,
) -> list[str]:
    """The lines of a heat map: time from left to right, latency upwards, shades for how many."""
    columns = (width or _COLUMNS + _AXIS + 2) - _AXIS - 2
    picture = HeatMap.of(timeline, rows=rows, columns=max(columns, 10))
    if picture is None:
        return ["LATENCY OVER TIME", "no requests"]
    shades = _Shades(picture, colour=colour, unicode=unicode)
    lines = [f"LATENCY OVER TIME   a column is {span_text(picture.span)}"]
    for step in reversed(range(len(picture.steps.lows))):
        label = bound(picture.steps.lows[step], unicode=unicode)
        row = "".join(shades.cell(column[step]) for column in picture.cells)
        bar = "│" if unicode else "|"
        lines.append(f"{' ' * (_AXIS - cell_width(label))}{label} {bar}{row}".rstrip())
    corner, line = ("└", "─") if unicode else ("+", "-")
    lines.append(f"{' ' * (_AXIS + 1)}{corner}{line * len(picture.cells)}")
    lines.append(_clock(picture))
    lines.append(f"{' ' * (_AXIS + 2)}requests in a cell: {shades.legend()}")
    return lines


def _clock(picture: HeatMap) -> str:
    """The line of times below."""
    margin = " " * (_AXIS + 2)
    first, last = (
        time.strftime("%H:%M:%S", time.localtime(at))
        for at in (picture.start, picture.start + picture.span * len(picture.cells))
    )
    gap = len(picture.cells) - len(first) - len(last)
    return f"{margin}{first}" + (f"{' ' * gap}{last}" if gap >= 2 else f" to {last}")


def span_text(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 60 else duration(seconds)


class _Shades:
    def __init__(self, picture: HeatMap, *, colour: bool, unicode: bool) -> None:
        marks = _UNICODE if unicode else _ASCII
        self._limits = picture.limits(len(marks))
        # The faintest and the strongest are always among them.
        chosen = _spread(len(self._limits), len(marks))
        self._marks = [
            f"\x1b[38;5;{_COLOURS[at]}m{marks[at]}\x1b[39m" if colour else marks[at]
            for at in chosen
        ]

    def cell(self, count: int) -> str:
        """One cell with so many."""
        if count == 0:
            return " "
        return next(
            mark for limit, mark in zip(self._limits, self._marks, strict=True) if count <= limit
        )

    def legend(self) -> str:
        """What the shades mean."""
        parts, low = [], 1
        for limit, mark in zip(self._limits, self._marks, strict=True):
            parts.append(f"{mark} {low:,}" + (f"-{limit:,}" if limit > low else ""))
            low = limit + 1
        return "  ".join(parts)


def _spread(count: int, of: int) -> Sequence[int]:
    """`count` positions out of `of`, the last among them, evenly."""
    return [of - 1 - (count - 1 - index) * (of - 1) // max(count - 1, 1) for index in range(count)]
