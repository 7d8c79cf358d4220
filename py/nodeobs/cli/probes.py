"""nodeobs probes"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nodeobs.bus.topics import matches_probe
from nodeobs.cli.session import ask, attached, run
from nodeobs.cli.target import choose, target_option
from nodeobs.cli.terminal import colour_wanted, print_json, print_lines, table_width, tell
from nodeobs.errors import NodeobsError, did_you_mean, near_names
from nodeobs.reports.probes import is_traced, kernel_line, kernel_notes, losses, probes_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.reports.where import Place

_Row = tuple["Place", dict[str, Any]]


@click.command(
    "probes",
    short_help="List the probes and who listens to them.",
    epilog="""\b
Examples:
  nodeobs probes                         of the only process with an agent
  nodeobs probes -p api 'restify:*'      one provider's
  nodeobs probes -p '*' 'route-*'        by probe name, in every process
  nodeobs probes --kernel -p 4242        those that tracers can see, whoever made them
  nodeobs probes --show bpftrace -p api restify:route-done

A GLOB is PROVIDER:PROBE, or one word that matches the provider or the probe.
To see them fire: nodeobs snoop --no-logs --probes GLOB""",
)
@target_option(multiple=True)
@click.option(
    "--kernel",
    is_flag=True,
    help="The probes that the kernel's tracers can see, of any program; needs no agent.",
)
@click.option(
    "--show",
    "tool",
    type=click.Choice(["bpftrace", "perf", "tracefs"]),
    help="Print the command line with which this tool shows the firings of GLOB.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("glob", required=False)
def command(
    targets: tuple[str, ...], kernel: bool, tool: str | None, as_json: bool, glob: str | None
) -> None:
    """List probes: provider, module, name, argument types, firings so far while somebody
    listened, and who listens now."""
    if tool is not None:
        from nodeobs.cli.sites import show_recipe

        show_recipe(tool, targets, glob, as_json)
    elif kernel:
        from nodeobs.cli.sites import list_sites

        list_sites(targets, glob, as_json)
    else:
        _list(targets, glob or "*", as_json)


def _list(targets: tuple[str, ...], glob: str, as_json: bool) -> None:
    rows, kernel = run(_fetch(choose(targets), glob))
    if as_json:
        print_json({"pid": pid, "tid": tid, **probe} for (pid, tid), probe in rows)
        return
    if not rows:
        tell("there are no probes; providers are made by nodeobs.createProvider")
        return
    print_lines(probes_table(rows, width=table_width(sys.stdout), colour=colour_wanted(sys.stdout)))
    for line in [*losses(rows), *([kernel] if kernel else kernel_notes(rows))]:
        tell(line)


async def _fetch(targets: Sequence[NodeProcess], glob: str) -> tuple[list[_Row], str | None]:
    async with attached(targets, "probes") as processes:
        answers = await ask(processes, lambda process, tid: process.probes(tid=tid))
    everything = [
        ((process.pid, tid), _with_names(probe, answer.get("peers")))
        for process, tid, answer in answers
        for probe in answer.get("probes") or []
        if isinstance(probe, dict)
    ]
    rows = [
        (place, probe)
        for place, probe in everything
        if matches_probe(glob, str(probe.get("provider")), str(probe.get("name")))
    ]
    if everything and not rows:
        names = {f"{probe.get('provider')}:{probe.get('name')}" for _, probe in everything}
        words = {word for name in names for word in name.split(":")}
        raise NodeobsError(
            "not_found",
            f'no probe matches "{glob}"',
            did_you_mean(near_names(glob, names if ":" in glob else words))
            or "nodeobs probes lists them all",
        )
    kernel = next(
        (line for *_, answer in answers if (line := kernel_line(answer.get("kernel")))), None
    )
    return rows, kernel


def _with_names(probe: dict[str, Any], peers: Any) -> dict[str, Any]:
    """The probe with its listeners' names instead of their numbers."""
    known = peers if isinstance(peers, dict) else {}
    listeners = []
    for number in probe.get("listeners") or []:
        peer = known.get(str(number))
        name = peer.get("name") if isinstance(peer, dict) else None
        listeners.append(str(name or f"peer {number}"))
    if is_traced(probe):
        listeners.append("kernel tracer")
    return {**probe, "listeners": listeners}
