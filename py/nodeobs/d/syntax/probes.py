"""Probe descriptions: `provider:module:function:name`, and which of them the controller fires."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nodeobs.d.error import Problem
from nodeobs.d.options import period
from nodeobs.d.program import ControllerProbe
from nodeobs.d.syntax.kernel import kernel_probe
from nodeobs.d.syntax.mistakes import word_problem
from nodeobs.d.syntax.tree import Probe

if TYPE_CHECKING:
    from nodeobs.d.syntax.macros import Macros

_MACRO: Final = re.compile(r"\$\$?(\w+)", re.ASCII)
_TICK: Final = re.compile(r"tick-(\d{1,15})([A-Za-z]*)", re.ASCII)
_PROFILE: Final = re.compile(r"profile-\d+[A-Za-z]*", re.ASCII)
_PLAIN: Final = ("BEGIN", "END", "ERROR")

#: The controller fires ticks, and asks the processes for each: not more often than this, in ns.
_SHORTEST: Final = 1_000_000


def parse_probe(text: str, at: int, macros: Macros) -> Probe:
    """The parts of a description, counted from the right as DTrace does; after the third colon
    everything is the name."""

    def replace(match: re.Match[str]) -> str:
        # Any process that is traced is the target, and a provider matches with any pid behind it.
        return "" if match[1] == "target" else macros.text(match[1], at + match.start())

    wrong = word_problem(text, at)
    if wrong is not None:
        raise wrong
    parts = text.split(":", 3)
    if len(parts) == 1 and parts[0].isdigit():
        raise Problem(at, "probes cannot be named by number", "write provider:::name")
    written = [*[""] * (4 - len(parts)), *parts]
    if written[0].startswith("pid$target"):
        written[0] = "pid" + written[0].removeprefix("pid$target")
    provider, module, function, name = (_MACRO.sub(replace, part) for part in written)
    return Probe(at, text, provider, module, function, name)


def controller_probe(probe: Probe, target: int | None = None) -> ControllerProbe | None:
    """BEGIN, END, ERROR and ticks; None for what agents have. Raises Problem for what nobody
    here has: probes of the kernel, and of the sampler. `target` is a pid for the hint."""
    rest = (probe.module, probe.function)
    name = probe.name
    if rest in (("", ""), ("*", "*")):
        if probe.provider in ("", "dtrace") and name in _PLAIN:
            return ControllerProbe(name, name)
        if probe.provider in ("", "profile"):
            if name.startswith("tick-"):
                return _tick(probe)
            if _PROFILE.fullmatch(name) or probe.provider == "profile":
                raise Problem(
                    probe.at,
                    f"{name or 'profile'} belongs to the sampler, which comes with a later release",
                    kernel_probe("profile", "", "", name, target),
                )
    hint = kernel_probe(probe.provider, probe.module, probe.function, name, target)
    if hint is not None:
        raise Problem(probe.at, f"{probe.text:.60} is a probe of the kernel", hint)
    if probe.provider == "" and rest == ("", "") and name.upper() in _PLAIN:
        raise Problem(probe.at, f"there is no probe {name}", f"did you mean {name.upper()}?")
    return None


def _tick(probe: Probe) -> ControllerProbe:
    match = _TICK.fullmatch(probe.name)
    nanoseconds = period(int(match[1]), match[2]) if match else None
    if not nanoseconds:
        raise Problem(
            probe.at, f"{probe.name:.40} is not an interval", "write tick-1s, tick-500ms or tick-10"
        )
    if nanoseconds < _SHORTEST:
        raise Problem(probe.at, f"{probe.name} is too often", "at most every millisecond: tick-1ms")
    return ControllerProbe("tick", probe.name, nanoseconds)
