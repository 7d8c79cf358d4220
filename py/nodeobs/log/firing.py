"""Probe firings and agent events in the manner of log records."""

from __future__ import annotations

from typing import Any

from nodeobs.javascript import length, text
from nodeobs.log.json_text import stringify
from nodeobs.log.record import LONGEST_EXTRA, Line, level_text, short_time


def is_firing(value: Any) -> bool:
    """Whether `value` is a probe firing of docs/protocol.md."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("provider"), str)
        and isinstance(value.get("probe"), str)
        and isinstance(value.get("args"), list)
    )


def simple_firing(firing: dict[str, Any]) -> str:
    """`PROBE - provider:probe arguments`."""
    parts = [f"{firing['provider']}:{firing['probe']}", *map(stringify, firing["args"])]
    return "PROBE - " + " ".join(parts)


def firing_line(firing: dict[str, Any], *, short: bool) -> Line:
    """The parts of a firing's line.

    Arguments are JSON. In the long form one longer than 50 characters is `…` in the line and
    stands below it; the short form has all of them in the line.
    """
    time = text(firing.get("time"))
    subject = firing["provider"]
    if not short:
        subject += "/" + text(firing.get("pid"))
    line = Line(
        time=short_time(time) if short else f"[{time}]",
        level="PROBE",
        level_key="probe",
        subject=subject,
        short=short,
    )
    shown = [firing["probe"]]
    for index, argument in enumerate(firing["args"]):
        written = stringify(argument)
        if short or length(written) <= LONGEST_EXTRA:
            shown.append(written)
        else:
            shown.append("\N{HORIZONTAL ELLIPSIS}")
            line.details.append(f"args[{index}]: {stringify(argument, 2)}")
    line.message = " ".join(shown)
    return line


def event_text(event: dict[str, Any]) -> str:
    """An agent event in one sentence, for a notice."""
    kind = event.get("event")
    if kind == "exit":
        return f"exited (code {text(event.get('code'))})"
    if kind == "level":
        logger = event.get("logger")
        of = "all loggers" if logger is None else text(logger)
        level = event.get("level")
        if level is None:
            return f"temporary level of {of} ended"
        return f"temporary level of {of}: {level_text(level)[0].lower()}"
    if kind == "stopped":
        return f"agent stopped ({text(event.get('reason'))})"
    extras = " ".join(
        f"{key}={stringify(value)}"
        for key, value in event.items()
        if key not in ("event", "time", "pid", "tid")
    )
    return f"{text(kind)} {extras}".rstrip()
