"""The types of a program's probes as it declared them, which SDT notes do not say."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodeobs.discovery.processes import NodeProcess

#: `provider:probe` to the types of its arguments.
Types = dict[str, list[str]]

#: Seconds that an agent is given to answer: an event loop that hangs is no reason to wait.
_PATIENCE = 1.0


#: What is said where that went on for too long.
UNANSWERED = "the agent does not answer, so which arguments are texts is only guessed"


async def declared_types(process: NodeProcess | None) -> Types | None:
    """What the agents of a process say: nothing where there is none, None where none answers."""
    if process is None or not process.endpoints:
        return {}
    from nodeobs.process import attach

    try:
        async with (
            asyncio.timeout(_PATIENCE),
            attach(process, verb="probes", notice=lambda _: None) as attached,
        ):
            answers = [await attached.probes(tid=tid) for tid in attached.threads]
    except (NodeobsError, TimeoutError):
        return None
    return merged(answer.get("probes") for answer in answers)


def merged(answers: Iterable[Any]) -> Types:
    """The types that agents answered to `probes`. Where modules have a probe of the same name with
    other types, nobody can tell which one fires."""
    types: Types = {}
    contradictory: set[str] = set()
    for probes in answers:
        for probe in probes if isinstance(probes, list) else ():
            declared = probe.get("types") if isinstance(probe, dict) else None
            if not isinstance(declared, list):
                continue
            name = f"{probe.get('provider')}:{probe.get('name')}"
            mine = [str(one) for one in declared]
            if types.setdefault(name, mine) != mine:
                contradictory.add(name)
    return {name: declared for name, declared in types.items() if name not in contradictory}
