"""Changes of log levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.bus.topics import level_name
from nodeobs.reports.table import Column, table
from nodeobs.reports.where import Place, Where

if TYPE_CHECKING:
    from collections.abc import Sequence


def changes_table(
    changes: Sequence[tuple[Place, dict[str, Any]]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """What `log.level` answered under `changed`: logger, level before, level now."""
    where = Where([place for place, _ in changes])
    return table(
        [*where.columns(), Column("LOGGER"), Column("FROM", keep=9), Column("TO", keep=9)],
        [
            [
                *where.cells(place),
                str(change.get("name")),
                level_text(change.get("from")),
                level_text(change.get("to")),
            ]
            for place, change in changes
        ],
        width=width,
        colour=colour,
    )


def level_text(level: Any) -> str:
    """`debug`, `35`, or `-` where a logger has none."""
    return level_name(level) if isinstance(level, int) else "-"
