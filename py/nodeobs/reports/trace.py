"""What `nodeobs trace -l` prints: probes in the columns of `dtrace -l`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ListedProbe(NamedTuple):
    """A probe of a process. `types` are those of its arguments."""

    pid: int
    provider: str
    module: str
    function: str
    name: str
    types: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.provider}{self.pid}:{self.module}:{self.function}:{self.name}"


def probes_listing(probes: Iterable[ListedProbe]) -> list[str]:
    """One line for each, and the title."""
    lines = [_line("ID", "PROVIDER", "MODULE", "FUNCTION", "NAME")]
    for number, probe in enumerate(probes, 1):
        provider = f"{probe.provider}{probe.pid}"
        arguments = f"({', '.join(probe.types)})"
        lines.append(
            _line(str(number), provider, probe.module, probe.function, f"{probe.name}{arguments}")
        )
    return lines


def _line(*columns: str) -> str:
    number, provider, module, function, name = columns
    return f"{number:>5} {provider:>16} {module:>18} {function:>26} {name}"


def listed(probes: Iterable[ListedProbe], globs: Sequence[str]) -> list[ListedProbe]:
    """Those of `probes` that one of `globs` means, each once, in order."""
    return [
        probe
        for probe in sorted(set(probes))
        if not globs or any(_matches(glob, probe) for glob in globs)
    ]


def _matches(glob: str, probe: ListedProbe) -> bool:
    """Also one word, and provider:probe as `nodeobs probes` has it."""
    from fnmatch import fnmatchcase

    providers = (probe.provider, f"{probe.provider}{probe.pid}")
    parts = glob.split(":", 3)
    if len(parts) == 1:
        return any(fnmatchcase(one, glob) for one in (*providers, probe.name))
    first = parts[0] or "*"
    provider = any(fnmatchcase(one, first) for one in providers)
    if len(parts) == 2:
        function = fnmatchcase(probe.function, first)
        return (provider or function) and fnmatchcase(probe.name, parts[1] or "*")
    names = (probe.module, probe.function, probe.name)[-len(parts) + 1 :]
    if len(parts) == 3:
        # From the right, as D counts: module, function, name.
        names, provider = (probe.function, probe.name), fnmatchcase(probe.module, first)
    return provider and all(
        fnmatchcase(name, part or "*") for name, part in zip(names, parts[1:], strict=True)
    )
