"""What is in a log: how much of what, when, and how slow it was. In bounded memory."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from nodeobs.javascript import number, text
from nodeobs.latency.latencies import UNKNOWN, Latencies
from nodeobs.latency.timeline import Timeline
from nodeobs.log.decode import decode
from nodeobs.log.foreign import log_record
from nodeobs.log.times import canonical, moment
from nodeobs.logfile.frequent import Frequent
from nodeobs.logfile.lines import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nodeobs.logfile.selection import Selection

#: Where records have how long something took, in milliseconds: of restify, pino-http and others.
LATENCY_FIELDS: Final = ("latency", "responseTime", "res.responseTime", "duration", "elapsed")
#: The logger of those that are not counted alone.
OTHERS: Final = "(others)"
#: The level of records whose level is no number.
UNKNOWN_LEVEL: Final = -1
MINUTE: Final = 60.0

_MOST_LOGGERS: Final = 1000
_SLOWEST: Final = 10
_LONGEST: Final = 200
#: A latency of more than a year is none.
_MOST_MS: Final = 366 * 86_400_000
# What differs from one message to the next of the same kind.
_VARYING: Final = re.compile(r"\b(?=[a-f0-9-]*\d)[a-f0-9-]{8,}\b|\d+(?:\.\d+)?", re.IGNORECASE)


@dataclass(order=True, frozen=True, slots=True)
class Slow:
    """Something slow: `ms`, the field that says so, when, and what it was."""

    ms: float
    order: int
    name: str = field(compare=False)
    time: str = field(compare=False)
    what: str = field(compare=False)


class LogStats:
    """Counts of the records that a selection takes.

    `levels` by number, `loggers` by name and level, `timeline` by minute (or more, when there are
    too many) and level, `messages` with `#` for numbers and ids, `latencies` by field, `slowest`,
    `first` and `last` times, and how many lines are `other`s.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.levels: Counter[int] = Counter()
        self.loggers: dict[str, Counter[int]] = {}
        self.timeline = Timeline(MINUTE)
        self.messages = Frequent()
        self.latencies: dict[str, Latencies] = {}
        self.other = 0
        self.first: str | None = None
        self.last: str | None = None
        self._slowest: list[Slow] = []
        self._minute = ("", 0.0)
        self._inside = selection.span is None

    @property
    def records(self) -> int:
        """How many records there are."""
        return self.levels.total()

    @property
    def slowest(self) -> list[Slow]:
        """The slowest first."""
        return sorted(self._slowest, reverse=True)

    def read(self, pieces: Iterable[bytes]) -> None:
        """Count the lines of a log that comes in whole lines."""
        self._inside = self._selection.span is None
        for piece in pieces:
            if isinstance(piece, Fragment):
                self.other += piece.endswith(b"\n")
                continue
            for line in self._selection.lines(piece):
                self._line(line)

    def _line(self, line: bytes) -> None:
        value = decode(line)
        record = log_record(value)
        if record is None:
            self.other += self._inside and self._selection.takes_line(line)
            return
        time = canonical(record.get("time"))
        if self._selection.span is not None and time is not None:
            self._inside = self._selection.takes_time(time)
        seen = record if record is value else {**value, **record}
        try:
            if self._inside and self._selection.takes(seen):
                self._add(record, time)
        except RecursionError:
            self.other += 1  # nested hundreds deep, where a text was expected

    def _add(self, record: dict[str, Any], time: str | None) -> None:
        # All of them before anything is counted: deep nesting ends here.
        level = number(record["level"])
        name = text(record.get("name", ""))[:_LONGEST]
        message = text(record.get("msg", "")).partition("\n")[0][:_LONGEST]
        level = int(level) if math.isfinite(level) else UNKNOWN_LEVEL
        self.levels[level] += 1
        if name not in self.loggers and len(self.loggers) >= _MOST_LOGGERS:
            name = OTHERS
        self.loggers.setdefault(name, Counter())[level] += 1
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
            self.timeline.add(self._seconds(time), {level: 1})
        self.messages.add(_VARYING.sub("#", message))
        for field_name in LATENCY_FIELDS:
            self._add_latency(field_name, record, time)

    def _add_latency(self, name: str, record: dict[str, Any], time: str | None) -> None:
        owner, _, key = name.rpartition(".")
        fields = record.get(owner) if owner else record
        ms = fields.get(key) if isinstance(fields, dict) else None
        if isinstance(ms, bool) or not isinstance(ms, (int, float)) or not 0 <= ms <= _MOST_MS:
            return
        self.latencies.setdefault(name, Latencies()).add(round(ms * 1e6), UNKNOWN)
        if len(self._slowest) < _SLOWEST or ms > self._slowest[0].ms:
            # Of equal ones the first stays.
            slow = Slow(ms, -self.records, name, time or "", _what(record))
            push = heapq.heappush if len(self._slowest) < _SLOWEST else heapq.heapreplace
            push(self._slowest, slow)

    def _seconds(self, time: str) -> float:
        """The start of a minute in seconds since the epoch."""
        minute = time[:16]
        if self._minute[0] != minute:
            at = moment(f"{minute}Z")
            self._minute = (minute, at.timestamp() if at is not None else 0.0)
        return self._minute[1]


def _what(record: dict[str, Any]) -> str:
    """What was slow: the request if there is one, and the message."""
    request = record.get("req")
    parts = [request.get(key) for key in ("method", "url")] if isinstance(request, dict) else []
    if isinstance(record.get("req_id"), (str, int)):
        parts.append(f"req_id={record['req_id']}")
    parts.append(text(record.get("msg", "")).partition("\n")[0])
    return " ".join(part for part in parts if part and isinstance(part, str))[:_LONGEST]
