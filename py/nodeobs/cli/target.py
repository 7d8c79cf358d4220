"""The option -p and which processes it means."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from nodeobs.cli.terminal import table_width, tell
from nodeobs.discovery import processes as discovery
from nodeobs.discovery.observed import Observed, find_observed, observed
from nodeobs.discovery.processes import NodeProcess, discover, find, no_agent_error
from nodeobs.errors import NodeobsError
from nodeobs.reports.processes import AgentReport, processes_table

_Function = TypeVar("_Function", bound=Callable[..., Any])

_ONE = "The process: its pid, or a name as `nodeobs ps` shows it (may be a glob)."
_MANY = "A process: its pid, a name as `nodeobs ps` shows it (may be a glob), or '*'. Repeatable."

_MANY_PROCESSES = 50


def target_option(*, multiple: bool) -> Callable[[_Function], _Function]:
    """`-p PID|NAME`, given as `targets` (a tuple), or `target` (a text or None)."""
    return click.option(
        "-p",
        "--process",
        "targets" if multiple else "target",
        metavar="PID|NAME",
        multiple=multiple,
        help=(_MANY if multiple else _ONE) + "  [default: the only one with an agent]",
    )


def choose(specs: Sequence[str]) -> list[NodeProcess]:
    """The processes with an agent that -p options mean; without any, the only one of mine.

    Raises NodeobsError when there is none to talk to, saying why and what to do.
    """
    if not specs:
        return [_only_one()]
    chosen: dict[int, NodeProcess] = {}
    for spec in specs:
        matches = find(spec)
        usable = [process for process in matches if process.endpoints]
        if not usable and len(matches) == 1:
            raise no_agent_error(matches[0])
        if not usable:
            called = "Node processes here" if spec == "*" else f"processes called {spec}"
            raise _none_usable(matches, f"none of the {len(matches)} {called} has an agent")
        chosen.update((process.pid, process) for process in usable)
    if len(chosen) > _MANY_PROCESSES:
        _allow_many_files()
    return list(chosen.values())


def choose_or_wait(specs: Sequence[str]) -> list[NodeProcess]:
    """As `choose`; none where that is '*', whose first process may come later."""
    try:
        return choose(specs)
    except NodeobsError:
        # A name that nobody has is more likely a mistake.
        if list(specs) != ["*"]:
            raise
    tell("no Node process has an agent yet; waiting for one")
    return []


def _allow_many_files() -> None:
    """Each process takes some ten descriptors, and the usual limit is 1,024."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def choose_any(specs: Sequence[str]) -> list[Observed]:
    """The processes that -p options mean, with an agent or without; a pid may be any program's.

    Without any, the only Node process of mine. Raises NodeobsError.
    """
    if specs:
        chosen = {one.pid: one for spec in specs for one in find_observed(spec)}
        return list(chosen.values())
    processes = discover()
    mine = [process for process in processes if process.uid == os.geteuid()] or processes
    usable = [process for process in mine if process.endpoints]
    only = usable if len(usable) == 1 else mine
    if len(only) == 1:
        return [observed(only[0])]
    if mine:
        raise _ambiguous(mine, f"there are {len(mine)} Node processes")
    raise NodeobsError(
        "no_process", "no Node process is running here", "add -p PID: any program's will do"
    )


def choose_one(spec: str | None) -> NodeProcess:
    """The one process that -p means, or the only one of mine with an agent."""
    if spec is None:
        return _only_one()
    chosen = choose([spec])
    if len(chosen) > 1:
        raise _ambiguous(chosen, f"{spec} means {len(chosen)} processes")
    return chosen[0]


def _only_one() -> NodeProcess:
    processes = discover()
    usable = [process for process in processes if process.endpoints]
    mine = [process for process in usable if process.uid == os.geteuid()] or usable
    if len(mine) == 1:
        return mine[0]
    if mine:
        raise _ambiguous(mine, f"{len(mine)} Node processes have an agent")
    raise _none_usable(
        processes,
        "no Node process here has an agent" if processes else "no Node process is running here",
    )


def _ambiguous(processes: Sequence[NodeProcess], message: str) -> NodeobsError:
    return NodeobsError(
        "ambiguous",
        f"{message}; which one?\n\n{_listed(processes)}\n",
        f"add -p {processes[0].pid}, or another pid or name",
        exit_code=2,
    )


def _none_usable(processes: Sequence[NodeProcess], message: str) -> NodeobsError:
    listed = f"\n\n{_listed(processes)}\n" if processes else ""
    return NodeobsError(
        "no_agent",
        message + listed,
        "start one with node -r nodeobs/register app.js, or with require('nodeobs') in it",
    )


def _listed(processes: Sequence[NodeProcess]) -> str:
    width = table_width(sys.stderr)
    rows = [(process, AgentReport(_unasked(process))) for process in processes]
    lines = processes_table(rows, width=width - 2 if width else None)
    return "\n".join(f"  {line}" for line in lines)


def _unasked(process: NodeProcess) -> str:
    return "yes" if process.agent_state == discovery.PRESENT else process.agent_state
