"""Moments on the command line: -15m, 10:30, 2026-11-24, 2026-11-24T10:30:00Z."""

from __future__ import annotations

import datetime
import re
from typing import Final

from nodeobs.cli.durations import parse_duration
from nodeobs.errors import NodeobsError

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?", re.ASCII)
_FORMS: Final = "-15m, 10:30, 2026-11-24 or 2026-11-24T10:30:00Z"


def parse_moment(
    text: str, option: str, now: datetime.datetime, *, after: datetime.datetime | None = None
) -> datetime.datetime:
    """A time ago, a time of day, a date, or both.

    What names no zone is in that of `now`. A time of day is the last such moment, but not before
    `after`.
    """
    stripped = text.strip()
    clock = _CLOCK.fullmatch(stripped)
    try:
        if clock is not None:
            return _of_day(clock, now, after)
        if re.match(r"-?\d+(\.\d+)?[a-z]", stripped):
            return now - datetime.timedelta(seconds=parse_duration(stripped.removeprefix("-")))
        moment = datetime.datetime.fromisoformat(stripped)
    except (ValueError, OverflowError):
        raise NodeobsError(
            "usage", f"{option}: {text!r} is no time", f"write {_FORMS}", exit_code=2
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _of_day(
    clock: re.Match[str], now: datetime.datetime, after: datetime.datetime | None
) -> datetime.datetime:
    hour, minute, second, fraction = clock.groups(default="0")
    moment = now.replace(
        hour=int(hour),
        minute=int(minute),
        second=int(second),
        microsecond=int(fraction.ljust(6, "0")),
    )
    day = datetime.timedelta(days=1)
    if moment > now:
        moment -= day
    if after is not None and moment < after:
        moment += day
    return moment
