"""Durations on the command line: 30s, 2m, 1h30m, 500ms, 10."""

from __future__ import annotations

import re

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str) -> float:
    """Seconds. A number without a unit is seconds. Raises ValueError."""
    stripped = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", stripped):
        return float(stripped)
    if not stripped or _PART.sub("", stripped):
        raise ValueError(text)
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(stripped))


def positive_duration(text: str) -> float:
    """For `click.option(type=…)`: seconds, more than none."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a duration; use 30s, 2m, 1h30m") from None
    if seconds <= 0:
        raise click.BadParameter("it must be longer than 0")
    return seconds


#: Of verbs that go on until Ctrl-C.
duration_option = click.option(
    "-d", "--duration", type=positive_duration, metavar="TIME",
    help="Stop after this time.",
)  # fmt: skip
