"""Times of records: as one text that can be compared, and as a local clock shows them."""

from __future__ import annotations

import datetime
import re
from typing import Any, Final

#: The form that bunyan writes. Such texts are in the order of their times.
UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)

#: Numbers below are seconds since the epoch and not milliseconds: as milliseconds they would be
#: in its first three years.
_LEAST_MS: Final = 100_000_000_000
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
#: Minutes whose local time is remembered.
_MOST_MINUTES: Final = 4096


def moment(time: Any) -> datetime.datetime | None:
    """An ISO 8601 text, or a number of milliseconds or seconds since the epoch; None of others.

    A text that names no zone is in UTC.
    """
    try:
        if isinstance(time, str):
            parsed = datetime.datetime.fromisoformat(time)
            return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=datetime.UTC)
        if isinstance(time, bool) or not isinstance(time, (int, float)):
            return None
        milliseconds = time if abs(time) >= _LEAST_MS else time * 1000
        return _EPOCH + datetime.timedelta(milliseconds=int(milliseconds))
    except (ValueError, OverflowError):
        return None


def iso(time: datetime.datetime) -> str | None:
    """The form that bunyan writes; None of what is not in the years 1 to 9999 in UTC."""
    try:
        utc = time.astimezone(datetime.UTC)
    except OverflowError:
        return None
    return f"{utc.replace(tzinfo=None, microsecond=0).isoformat()}.{utc.microsecond // 1000:03}Z"


def canonical(time: Any) -> str | None:
    """A time of a record in the form that bunyan writes; None where it is no time."""
    if isinstance(time, str) and UTC.fullmatch(time):
        return time
    known = moment(time)
    return None if known is None else iso(known)


class LocalClock:
    """What is shown of a time in the zone of this machine: `2026-11-23T09:53:00.123+01:00`, or
    `09:53:00.123` where it is to be `short`. What is no time stays as it is."""

    def __init__(self, *, short: bool) -> None:
        self._short = short
        self._minutes: dict[str, tuple[str, str]] = {}

    def __call__(self, time: str) -> str:
        written = canonical(time)
        if written is None:
            return time
        minute = written[:16]
        around = self._minutes.get(minute)
        if around is None:
            if len(self._minutes) >= _MOST_MINUTES:
                self._minutes.clear()
            around = self._minutes[minute] = self._around(minute)
        return around[0] + written[16:23] + around[1]

    def _around(self, minute: str) -> tuple[str, str]:
        """What is shown before and after the seconds of a minute."""
        try:
            local = datetime.datetime.fromisoformat(f"{minute}Z").astimezone()
        except (ValueError, OverflowError):
            return minute, "Z"
        if self._short:
            return f"{local:%H:%M}", ""
        zone = local.isoformat()[-6:]
        return local.isoformat()[:16], zone
