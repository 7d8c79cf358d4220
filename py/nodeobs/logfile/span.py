"""Where in a large file the records of a span of time are, found by halving it."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from nodeobs.log.decode import decode
from nodeobs.log.foreign import log_record
from nodeobs.log.times import canonical, iso, moment

if TYPE_CHECKING:
    from collections.abc import Callable

#: Smaller files are read from end to end.
_LEAST: Final = 16 << 20
#: How far records may be out of order: processes that share a file buffer their lines.
SLACK: Final = datetime.timedelta(minutes=1)
#: Places that are looked at to see whether a file is in order at all.
_SAMPLES: Final = 64
#: A place is not found more exactly than this, and a record looked for no further than that.
_NEAR: Final = 64 << 10
_FAR: Final = 1 << 20


class Span(NamedTuple):
    """From one time until before another, in the form that bunyan writes; None is unbounded."""

    since: str | None
    until: str | None


class _Found(NamedTuple):
    start: int
    time: str


def part_of(descriptor: int, span: Span) -> tuple[int, int | None]:
    """Where to begin to read a regular file, and where one can end (None is at its end), so that
    all records of a span are read, and not many more. Both are starts of lines.

    The whole file if it is small, or not in the order of time but for SLACK.
    """
    size = os.fstat(descriptor).st_size
    if size < _LEAST or not _in_order(descriptor, size):
        return 0, None
    start, end = 0, None
    if span.since is not None and (early := _moved(span.since, -SLACK)) is not None:
        start, _ = _halved(descriptor, size, lambda found: found is None or found.time >= early)
    if span.until is not None and (late := _moved(span.until, SLACK)) is not None:
        _, after = _halved(descriptor, size, lambda found: found is not None and found.time >= late)
        end = _line_after(descriptor, after)
    return start, end


def _halved(
    descriptor: int, size: int, is_late: Callable[[_Found | None], bool]
) -> tuple[int, int]:
    """Two places near to each other: after the second all records are late, and after the first,
    the start of a line if one was found, not yet."""
    low, high = 0, size
    while high - low > _NEAR:
        middle = (low + high) // 2
        found = _record_after(descriptor, middle)
        if is_late(found):
            high = middle
        else:
            low = middle if found is None else found.start
    return low, high


def _in_order(descriptor: int, size: int) -> bool:
    latest = ""
    for sample in range(_SAMPLES):
        found = _record_after(descriptor, size * sample // _SAMPLES)
        if found is None:
            continue
        early = _moved(latest, -SLACK) if latest else None
        if early is not None and found.time < early:
            return False
        latest = max(latest, found.time)
    return bool(latest)


def _record_after(descriptor: int, place: int) -> _Found | None:
    """The first record with a time that begins after a place, if it is not far."""
    data, at = b"", 0
    while len(data) < _FAR and (block := os.pread(descriptor, _NEAR, place + len(data))):
        data += block
        while (end := data.find(b"\n", at)) >= 0:
            # What is before the first newline has begun before.
            record = log_record(decode(data[at:end].removesuffix(b"\r"))) if at else None
            time = None if record is None else canonical(record.get("time"))
            if time is not None:
                return _Found(place + at, time)
            at = end + 1
    return None


def _line_after(descriptor: int, place: int) -> int | None:
    """Where the line ends that a place is in; None where the file does."""
    while block := os.pread(descriptor, _NEAR, place):
        newline = block.find(b"\n") + 1
        if newline:
            return place + newline
        place += len(block)
    return None


def _moved(time: str, by: datetime.timedelta) -> str | None:
    at = moment(time)
    try:
        return None if at is None else iso(at + by)
    except OverflowError:
        return None
