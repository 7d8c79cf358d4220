"""nodeobs trace -l: the probes that processes have (`trace.list` of docs/protocol.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.cli.session import ask, attached, run
from nodeobs.cli.target import choose
from nodeobs.cli.terminal import print_json, print_lines
from nodeobs.errors import NodeobsError, did_you_mean, near_names
from nodeobs.reports.trace import ListedProbe, listed, probes_listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.process import Process


def list_probes(targets: Sequence[str], globs: Sequence[str], *, as_json: bool) -> int:
    """Print what `globs` mean in the processes that `targets` mean."""

    async def ask_all() -> list[ListedProbe]:
        async with attached(choose(targets), "trace") as processes:
            return await fetch(processes, globs)

    found = run(ask_all())
    probes = listed(found, globs)
    if not probes:
        raise _nothing(found, globs)
    if as_json:
        print_json(probe._asdict() for probe in probes)
    else:
        print_lines(probes_listing(probes))
    return 0


async def fetch(processes: Sequence[Process], globs: Sequence[str]) -> list[ListedProbe]:
    """The probes of all threads, and what is only made on demand and one of `globs` names."""
    found: list[ListedProbe] = []
    # What is made on demand is listed when it is asked for by its whole description.
    demanded = [{"glob": glob} for glob in globs if glob.count(":") >= 3]
    for given in ({}, *demanded):

        async def question(
            process: Process, tid: int, given: dict[str, str] = given
        ) -> list[ListedProbe]:
            return _parsed(process.pid, await process.request("trace.list", tid=tid, **given))

        for _, _, probes in await ask(processes, question):
            found.extend(probes)
    return found


def _parsed(pid: int, answer: Any) -> list[ListedProbe]:
    probes = answer.get("probes") if isinstance(answer, dict) else None
    found: list[ListedProbe] = []
    for one in probes if isinstance(probes, list) else ():
        if isinstance(one, dict):
            provider, module, function, name = (
                str(one.get(key, "")) for key in ("provider", "module", "function", "name")
            )
            types = tuple(map(str, one.get("types") or ()))
            found.append(ListedProbe(pid, provider, module, function, name, types))
    return found


def _nothing(found: Sequence[ListedProbe], globs: Sequence[str]) -> NodeobsError:
    known = {f"{probe.provider}:::{probe.name}" for probe in found}
    near = [name for glob in globs for name in near_names(glob, sorted(known))]
    hint = did_you_mean(dict.fromkeys(near)) or "nodeobs trace -l without a glob lists all"
    return NodeobsError("no_probe", f"{' '.join(globs) or '*'} matches no probes", hint)
