"""The list of Node processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeobs.discovery import processes as discovery
from nodeobs.reports.quantities import duration, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.processes import NodeProcess


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What is known of the agents of a process: `version` where the main one answered.

    `state` is `ok`, `no answer`, `unknown version`, or a state of `discovery.processes`. `threads`
    counts worker threads with an agent.
    """

    state: str
    version: str | None = None
    reason: str | None = None
    protocol: object = None
    threads: int = 0

    @property
    def column(self) -> str:
        """The text of the column AGENT."""
        if self.state == discovery.ABSENT:
            return "-"
        if self.state == "unknown version":
            return f"v{self.protocol} (unknown)"
        text = self.version if self.state == "ok" and self.version else self.state
        return f"{text} +{self.threads}" if self.threads else text


def processes_table(
    rows: Sequence[tuple[NodeProcess, AgentReport]],
    *,
    width: int | None = None,
    colour: bool = False,
) -> list[str]:
    """`nodeobs ps`: one line for each process. CPU% is the average over the process's life."""
    from nodeobs.reports.table import Cell, Column, table  # --json starts faster without

    columns = (
        Column("PID", right=True, keep=9),
        Column("USER", keep=3),
        Column("NODE", keep=8),
        Column("UPTIME", right=True, keep=8),
        Column("CPU%", right=True, keep=8),
        Column("RSS", right=True, keep=8),
        Column("AGENT", keep=5, least=13),
        Column("APP", keep=2, least=12),
        Column("COMMAND", keep=1, least=16),
    )
    return table(
        columns,
        [
            [
                str(process.pid),
                process.user,
                process.node_version or "?",
                duration(process.uptime),
                f"{process.cpu_percent:.1f}",
                size(process.rss),
                Cell(agent.column, _style(agent)),
                process.app or "-",
                process.command,
            ]
            for process, agent in rows
        ],
        width=width,
        colour=colour,
    )


def process_object(process: NodeProcess, agent: AgentReport) -> dict[str, Any]:
    """A process as one JSON object of `nodeobs ps --json`."""
    return {
        "pid": process.pid,
        "user": process.user,
        "uid": process.uid,
        "node": process.node_version,
        "uptime": round(process.uptime, 2),
        "cpu_percent": round(process.cpu_percent, 2),
        "rss": process.rss,
        "agent": {
            "state": agent.state,
            "version": agent.version,
            "reason": agent.reason,
            "threads": agent.threads,
        },
        "app": process.app,
        "script": process.script,
        "command": process.command,
        "state": process.state,
        "endpoints": [
            {"tid": endpoint.tid, "path": endpoint.path} for endpoint in process.endpoints
        ],
    }


def _style(agent: AgentReport) -> str | None:
    if agent.state == "ok":
        return "green"
    return "dim" if agent.state in (discovery.ABSENT, discovery.OFF) else "yellow"
