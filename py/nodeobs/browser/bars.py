"""The lines above and below: where one is, how it goes, the command line, the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.reports.table import cell_width, cut, single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.browser.source import PlaceState
    from nodeobs.browser.view import View

_KEYS = (
    "Enter open",
    "Esc back",
    "/ filter",
    ": jump",
    "s stuck",
    "y copy",
    "p pause",
    "? help",
    "q quit",
)


def breadcrumbs(title: str, steps: Sequence[str], right: str, width: int) -> str:
    """`orders-api (4242) > queue > orders`, the way shortened in its middle where it is long."""
    room = width - cell_width(right) - 3
    parts = [single_line(part) for part in (title, *steps)]
    text = " > ".join(parts)
    while cell_width(text) > room and len(parts) > 2:
        del parts[1]
        text = " > ".join([parts[0], "…", *parts[1:]])
    text = cut(text, room)
    return f" {text}{' ' * (room - cell_width(text))} {right} "


def place_lines(places: Sequence[PlaceState]) -> list[str]:
    """Who has ended, and who does not answer."""
    lines = []
    for place in places:
        if place.ended is not None:
            lines.append(f"{place.label} {place.ended}; the last picture stays")
        elif place.silent_for is not None:
            lines.append(f"{place.label} is not answering for {place.silent_for:.0f} s")
    return [single_line(line) for line in lines]


def status_text(view: View, room: int, wrong: Sequence[str], message: str | None) -> str:
    """What is wrong, what was just done, how much is shown of what: the most important first."""
    parts = [*wrong] if message is None else [*wrong, message]
    if view.loaded:
        count = len(view)
        position = f"{view.cursor + 1:,}/{count:,}  " if count > room else ""
        parts += [position + view.summary(), *view.notes]
    if view.wanted:
        kind = "filter" if view.wanted.is_filter else "text"
        note = f" ({view.wanted.note})" if view.wanted.note else ""
        parts.append(f"{kind} {view.wanted.text}{note}")
    return single_line("; ".join(parts))


def keys_line(width: int) -> str:
    """As many of the keys as there is room for; help and quit first."""
    kept = list(_KEYS)
    while cell_width(line := " " + "  ".join(kept)) > width and len(kept) > 2:
        del kept[-3]
    return cut(line, width)
