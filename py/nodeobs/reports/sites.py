"""The probes of processes that the kernel can see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from nodeobs.reports.table import Cell, Column, cell_width, table
from nodeobs.reports.where import Where
from nodeobs.usdt.operands import Unsupported, type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.usdt.sites import Attached, Site

Row = tuple[int, "Site", "Attached"]
"""A pid, a site of it, and whether somebody is there."""

_WORDS = {True: "yes", False: "no", None: "?"}


def sites_table(
    rows: Sequence[Row], *, width: int | None = None, colour: bool = False
) -> list[str]:
    """`nodeobs probes --kernel`: one line for each site.

    Where the paths of objects do not fit, their names stand for them.
    """
    lines = _table(rows, None, colour=False, short=False)
    short = width is not None and max(map(cell_width, lines)) > width
    return _table(rows, width, colour=colour, short=short)


def _table(rows: Sequence[Row], width: int | None, *, colour: bool, short: bool) -> list[str]:
    where = Where([(pid, 0) for pid, *_ in rows])
    semaphores = any(site.semaphore_address is not None for _, site, _ in rows)
    return table(
        [
            *where.columns(),
            Column("PROVIDER", keep=6),
            Column("PROBE", keep=7),
            Column("ARGUMENTS", keep=2, least=14),
            Column("ATTACHED", keep=9),
            *([Column("SEMAPHORE", right=True, keep=9)] if semaphores else []),
            Column("ADDRESS", right=True, keep=4, least=14),
            Column("OBJECT", keep=3, least=12),
        ],
        [
            [
                *where.cells((pid, 0)),
                site.provider,
                site.probe,
                ", ".join(map(type_name, site.arguments)) or "-",
                Cell(_WORDS[state.attached], "green" if state.attached else None),
                *([_semaphore(site, state)] if semaphores else []),
                f"{site.address:#x}",
                os.path.basename(site.object) if short else site.object,
            ]
            for pid, site, state in rows
        ],
        width=width,
        colour=colour,
    )


def site_object(pid: int, site: Site, state: Attached) -> dict[str, Any]:
    """The same for programs. Offsets are positions in the file, addresses those in the process."""
    return {
        "pid": pid,
        "provider": site.provider,
        "name": site.probe,
        "arguments": [
            {
                "operand": text,
                "type": None if isinstance(operand, Unsupported) else type_name(operand),
            }
            for text, operand in zip(site.operand_texts, site.arguments, strict=False)
        ],
        "attached": state.attached,
        "reason": state.reason,
        "semaphore": state.semaphore,
        "object": site.object,
        "path": site.path,
        "offset": site.offset,
        "address": site.address,
        "semaphore_offset": site.semaphore_offset,
        "semaphore_address": site.semaphore_address,
    }


def _semaphore(site: Site, state: Attached) -> str:
    if site.semaphore_address is None:
        return "-"
    return "?" if state.semaphore is None else str(state.semaphore)
