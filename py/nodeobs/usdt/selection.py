"""Which of a process's sites are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nodeobs.bus.topics import matches_probe
from nodeobs.errors import NodeobsError, did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.usdt.sites import Site

#: Providers of the C and C++ run-time libraries. A tracer on one of theirs slows down every program
#: of the machine, so they are traced only where they are asked for.
EVERYBODYS: Final = frozenset(
    ["libc", "libm", "libpthread", "libgcc", "libgomp", "libstdcxx", "rtld"]
)


def selected(sites: Iterable[Site], globs: Sequence[str]) -> list[Site]:
    """The sites that globs (as of `nodeobs probes`) mean; without any, those of the program and
    its own libraries."""
    if not globs:
        return [site for site in sites if site.provider not in EVERYBODYS]
    return [
        site
        for site in sites
        if any(matches_probe(glob, site.provider, site.probe) for glob in globs)
    ]


def nothing_selected(sites: Sequence[Site], globs: Sequence[str], label: str) -> NodeobsError:
    """Why there is nothing to show of these sites of a process."""
    if not sites:
        return NodeobsError(
            "no_probes",
            f"{label} has no SDT probes",
            "probes are made by <sys/sdt.h> or, in Node, by nodeobs.createProvider with its "
            "native part: nodeobs probes says what is there",
        )
    names = sorted({site.name for site in sites})
    if not globs:
        return NodeobsError(
            "no_probes",
            f"{label} has no SDT probes but those of the C and C++ libraries",
            f"to see those: --probes '{sites[0].provider}:*'",
        )
    words = {word for name in names for word in name.split(":")}
    near = [name for glob in globs for name in near_names(glob, names if ":" in glob else [*words])]
    asked = " or ".join(f'"{glob}"' for glob in globs)
    return NodeobsError(
        "not_found",
        f"no probe of {label} matches {asked}",
        did_you_mean(dict.fromkeys(near)) or "nodeobs probes --kernel lists them all",
    )
