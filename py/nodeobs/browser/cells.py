"""Lines of a picture: pieces of text with the name of a style."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from nodeobs.reports.table import cell_width, cut, single_line
from nodeobs.reports.values import value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Line = list[tuple[str, str]]
"""Texts that cannot disturb the terminal, each with one of `STYLES`."""

PLAIN: Final = ""
DIM: Final = "dim"
TITLE: Final = "title"
KEY: Final = "key"
LINK: Final = "link"
CHANGED: Final = "changed"
ERROR: Final = "error"

STYLES: Final = (PLAIN, DIM, TITLE, KEY, LINK, CHANGED, ERROR)


# What is longer is cut before it is looked at: no screen is as wide.
_LONGEST: Final = 1000
_DEEPEST: Final = 20


def cell_text(value: Any) -> str:
    """A value in one line that cannot disturb the terminal: texts as they are, `-` for null, what
    is nested as the beginning of its JSON."""
    if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable():
        return value
    if isinstance(value, dict | list):
        text, pieces = "", _json_pieces(value, _DEEPEST)
        while len(text) <= _LONGEST and (piece := next(pieces, None)) is not None:
            text += piece
    elif isinstance(value, float) and not math.isfinite(value):
        text = repr(value)
    else:
        text = value_text(value)
    return single_line(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def same(value: Any, other: Any) -> bool:
    """Whether two values are equal; of what is too deep to tell, they are not."""
    try:
        return bool(value == other)
    except RecursionError:
        return False


def _json_pieces(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield json.dumps(value[:_LONGEST], ensure_ascii=False)
    elif value is None:
        yield "null"
    elif not isinstance(value, dict | list):
        yield cell_text(value)
    elif depth == 0:
        yield "…"
    else:
        is_list = isinstance(value, list)
        yield "[" if is_list else "{"
        for index, item in enumerate(value):
            if index:
                yield ","
            if not is_list:
                yield from _json_pieces(item, depth)
                yield ":"
            yield from _json_pieces(item if is_list else value[item], depth - 1)
        yield "]" if is_list else "}"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text in exactly that many cells of the terminal, cut where it is too long."""
    shown = cut(text, width)
    blank = " " * (width - cell_width(shown))
    return blank + shown if right else shown + blank


def line_width(line: Line) -> int:
    return sum(cell_width(text) for text, _ in line)


def plain(line: Iterable[tuple[str, str]]) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line)
