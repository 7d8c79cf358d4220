"""The probes of processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.reports.table import Cell, Column, table
from nodeobs.reports.where import Place, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = (
    Column("PROVIDER", keep=6),
    Column("MODULE", keep=2),
    Column("PROBE", keep=7),
    Column("ARGUMENTS", keep=3, least=14),
    Column("FIRED", right=True, keep=8),
    Column("LISTENERS", keep=4),
)


def probes_table(
    rows: Sequence[tuple[Place, dict[str, Any]]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs probes`: one line for each probe. `listeners` are names already."""
    where = Where([place for place, _ in rows])
    return table(
        [*where.columns(), *_COLUMNS],
        [
            [
                *where.cells(place),
                str(probe.get("provider")),
                str(probe.get("module")),
                str(probe.get("name")),
                ", ".join(map(str, probe.get("types") or [])) or "-",
                f"{probe.get('fired') or 0:,}",
                Cell(_listeners(probe), "green" if probe.get("listeners") else None),
            ]
            for place, probe in rows
        ],
        width=width,
        colour=colour,
    )


def losses(rows: Sequence[tuple[Place, dict[str, Any]]]) -> list[str]:
    """A line for each probe with firings that were dropped or whose arguments failed."""
    where = Where([place for place, _ in rows])
    lines = []
    for place, probe in rows:
        parts = [
            f"{count:,} {word}"
            for key, word in (("dropped", "dropped"), ("errors", "failed (arguments threw)"))
            if (count := probe.get(key) or 0)
        ]
        if parts:
            name = f"{probe.get('provider')}:{probe.get('name')}"
            lines.append(f"{where.text(place)}{name}: {', '.join(parts)}")
    return lines


def kernel_line(kernel: Any) -> str | None:
    """Why kernel tracers cannot see the probes, where they cannot."""
    if not isinstance(kernel, dict) or kernel.get("state") in (None, "on"):
        return None
    reason = kernel.get("reason")
    return f"kernel tracers: {kernel['state']}" + (f" ({reason})" if reason else "")


def kernel_notes(rows: Sequence[tuple[Place, dict[str, Any]]]) -> list[str]:
    """A line for each provider that kernel tracers see otherwise than by a file, or not at all."""
    where = Where([place for place, _ in rows])
    notes: dict[str, None] = {}
    for place, probe in rows:
        kernel = probe.get("kernel")
        if not isinstance(kernel, dict) or not kernel.get("reason") or not probe.get("enabled"):
            continue
        provider, reason = f"{where.text(place)}{probe.get('provider')}", kernel["reason"]
        if kernel.get("path"):
            note = f"{provider}: kernel tracers find it by -p PID only ({reason})"
        else:
            note = f"{provider}:{probe.get('name')}: kernel tracers cannot see it ({reason})"
        notes[note] = None
    return list(notes)


def is_traced(probe: dict[str, Any]) -> bool:
    """Whether a kernel tracer was attached to the probe when the agent answered."""
    kernel = probe.get("kernel")
    return isinstance(kernel, dict) and kernel.get("attached") is True


def _listeners(probe: dict[str, Any]) -> str:
    return ", ".join(map(str, probe.get("listeners") or [])) or "-"
