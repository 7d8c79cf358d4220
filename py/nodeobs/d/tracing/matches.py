"""Whether the descriptions of a program match anything."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nodeobs.errors import NodeobsError, did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.d.program import ProbeDescription, Program
    from nodeobs.d.tracing.tracee import Tracee


async def matches(program: Program, tracees: Sequence[Tracee]) -> int:
    """How many probes a program has, counted for each of its clauses as dtrace does.

    Raises NodeobsError for a description that nothing matches, unless that is wished (`zdefs`) or
    there is no process yet.
    """
    total = sum(len(clause.probes) for clause in program.clauses)
    for description in program.descriptions:
        matched = sum(tracee.matched(description) for tracee in tracees)
        if not matched and tracees and not program.options.zdefs:
            raise await _unmatched(description, tracees)
        total += matched
    return total


async def _unmatched(description: ProbeDescription, tracees: Sequence[Tracee]) -> NodeobsError:
    known: set[str] = set()
    for tracee in tracees:
        known |= await tracee.known()
    return NodeobsError(
        "no_probe",
        f"probe description {description.text} does not match any probes",
        f"{_hint(description, known)} -Z waits for probes that come later",
    )


def _hint(description: ProbeDescription, known: set[str]) -> str:
    """What may have been meant, of what there is (`provider:::name`)."""
    providers = sorted({name.partition(":")[0] for name in known})
    wanted = description.provider.rstrip("*?0123456789")
    same = [
        one for one in providers if fnmatchcase(one, description.provider or "*") or one == wanted
    ]
    meant = same or near_names(wanted, providers)
    by_name = {one.partition(":::")[2]: one for one in sorted(known) if one.split(":")[0] in meant}
    if meant:
        near = did_you_mean(by_name[one] for one in near_names(description.name, by_name))
        return near or "nodeobs trace -l lists what there is;"
    there = ", ".join(providers) or "none"
    if wanted == "restify":
        return (
            f"there are the providers {there}; restify has probes with "
            "createServer({dtrace: true}) in a process started with -r nodeobs/register;"
        )
    return (
        f"there are the providers {there}; one that is made through dtrace-provider is seen when "
        "the process is started with -r nodeobs/register;"
    )
