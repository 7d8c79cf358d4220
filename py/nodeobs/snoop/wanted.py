"""Probes that were asked for, and which of them there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.bus.topics import matches_probe
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Sequence


class WantedProbes:
    """The globs of a command line. `note` takes what agents answer to `probes`."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._missing = dict.fromkeys(globs)
        self._known: set[str] = set()

    def note(self, probes: Any) -> None:
        """Take in the probes of one agent."""
        for probe in probes if isinstance(probes, list) else ():
            provider, name, module = (str(probe.get(key)) for key in ("provider", "name", "module"))
            self._known.add(f"{provider}:{name}")
            for glob in list(self._missing):
                if matches_probe(glob, provider, name, module):
                    del self._missing[glob]

    def complaints(self) -> list[str]:
        """What to say of the globs that match no probe."""
        said = []
        for glob in self._missing:
            near = did_you_mean(near_names(glob, self._known))
            if near is None and self._known:
                near = "nodeobs probes lists them"
            text = f"no probe matches {glob} so far; waiting for one"
            said.append(f"{text} ({near})" if near else text)
        return said
