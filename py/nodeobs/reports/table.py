"""Tables in plain text: columns as wide as what they hold, cut only to fit a terminal."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nodeobs.log.style import paint, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Where a width is given, the columns with the lowest `keep` are cut first.

    They are cut to `least` cells; only when that is not enough for all, further, and then their
    titles as well.
    """

    title: str
    right: bool = False
    keep: int = 1
    least: int = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with a style (`nodeobs.log.style`)."""

    text: str
    style: str | None = None


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | Cell]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """The lines of a table, title first, without trailing blanks.

    `width` is that of the terminal in cells; None never cuts anything.
    """
    # Titles may be names of fields, which come from elsewhere as well.
    columns = [replace(column, title=single_line(column.title)) for column in columns]
    cells = [[_clean(cell) for cell in row] for row in rows]
    titles = [Cell(column.title, "bold") for column in columns]
    widths = [
        max(cell_width(row[index].text) for row in [titles, *cells])
        for index in range(len(columns))
    ]
    if width is not None:
        widths = _fit(columns, widths, width - len(_GAP) * (len(columns) - 1))
    return [_line(columns, row, widths, colour) for row in [titles, *cells]]


def cell_width(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def cut(text: str, width: int) -> str:
    """A text in at most `width` cells, ending in `…` where something is missing."""
    if cell_width(text) <= width:
        return text
    if width <= 0:
        return ""
    used, kept = 1, []
    for character in text:
        used += _character_width(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


def single_line(text: str) -> str:
    """A text that cannot disturb the terminal or leave its line."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _clean(cell: str | Cell) -> Cell:
    if isinstance(cell, Cell):
        return Cell(single_line(cell.text), cell.style)
    return Cell(single_line(cell))


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(columns: Sequence[Column], natural: list[int], available: int) -> list[int]:
    # More than there is for all of them no column gets anyway.
    widths = [min(width, max(available, 0)) for width in natural]
    excess = sum(widths) - available
    titles = [cell_width(column.title) for column in columns]
    floors = [max(column.least, title) for column, title in zip(columns, titles, strict=True)]
    # A title may be the name of a field, and as long as somebody likes.
    further = [[max(4, title) for title in titles], [4] * len(columns)]
    # Of the columns that may be cut, the least important first and the widest of them first.
    while excess > 0:
        candidates = [index for index, floor in enumerate(floors) if widths[index] > floor]
        if not candidates:
            if not further:
                break
            floors = further.pop(0)
            continue
        least = min(columns[index].keep for index in candidates)
        widest = max(
            (index for index in candidates if columns[index].keep == least),
            key=lambda index: widths[index],
        )
        widths[widest] -= 1
        excess -= 1
    return widths


def _line(
    columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int], colour: bool
) -> str:
    parts = []
    for index, (column, cell, width) in enumerate(zip(columns, row, widths, strict=True)):
        text = cut(cell.text, width)
        padding = " " * (width - cell_width(text))
        painted = paint(text, cell.style) if colour else text
        if column.right:
            parts.append(padding + painted)
        else:
            parts.append(painted + (padding if index < len(columns) - 1 else ""))
    return _GAP.join(parts).rstrip()
