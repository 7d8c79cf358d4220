"""nodeobs probes --kernel and --show: the probes that the kernel's tracers can see."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nodeobs.cli.session import run
from nodeobs.cli.target import choose_any
from nodeobs.cli.terminal import colour_wanted, print_json, print_lines, table_width, tell
from nodeobs.errors import NodeobsError
from nodeobs.reports.sites import Row, site_object, sites_table
from nodeobs.snoop.declared_types import UNANSWERED, declared_types
from nodeobs.usdt.recipes import recipe
from nodeobs.usdt.selection import nothing_selected, selected
from nodeobs.usdt.sites import Site, Sites, attachment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.observed import Observed


def list_sites(targets: Sequence[str], glob: str | None, as_json: bool) -> None:
    """Print the sites of processes, and whether somebody is attached to them."""
    finder = Sites()
    rows: list[Row] = []
    for pid, sites in _chosen(choose_any(targets), glob or "*", finder):
        rows += [(pid, *pair) for pair in zip(sites, attachment(pid, sites), strict=True)]
    if as_json:
        print_json(site_object(*row) for row in rows)
        return
    print_lines(sites_table(rows, width=table_width(sys.stdout), colour=colour_wanted(sys.stdout)))
    reasons = [state.reason for *_, state in rows if state.reason is not None]
    for line in dict.fromkeys([*finder.problems, *(f"ATTACHED is ?: {one}" for one in reasons)]):
        tell(line)


def show_recipe(tool: str, targets: Sequence[str], glob: str | None, as_json: bool) -> None:
    """Print how to see the firings of probes with another tool, and nothing else."""
    if glob is None or as_json:
        raise NodeobsError(
            "usage",
            "--show needs a PROBE, and prints no JSON",
            f"nodeobs probes --show {tool} PROVIDER:PROBE; nodeobs probes --kernel lists them",
            exit_code=2,
        )
    processes = choose_any(targets)
    if len(processes) > 1:
        raise NodeobsError(
            "ambiguous",
            f"that means {len(processes)} processes; which one?",
            f"add -p {processes[0].pid}, or another pid",
            exit_code=2,
        )
    ((pid, sites),) = _chosen(processes, glob, Sites())
    types = run(declared_types(processes[0].node))
    made = recipe(tool, pid, sites, types or {})
    print_lines(made.lines)
    for hint in [*made.hints, *([UNANSWERED] if types is None else [])]:
        tell(hint)


def _chosen(
    processes: Sequence[Observed], glob: str, finder: Sites
) -> list[tuple[int, list[Site]]]:
    """The sites that a glob means, by pid. Raises NodeobsError where there are none at all."""
    found: list[tuple[int, list[Site]]] = []
    everything: list[Site] = []
    for process in processes:
        try:
            sites = finder.of(process.pid)
        except NodeobsError as error:
            # Of several, those that may be looked into.
            if len(processes) == 1:
                raise
            tell(error.message)
            continue
        everything += sites
        found.append((process.pid, selected(sites, [glob])))
    if not any(sites for _, sites in found):
        label = " and ".join(process.label for process in processes[:3])
        raise nothing_selected(everything, [glob], label)
    return found
