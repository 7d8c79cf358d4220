"""Audit logs of restify (its plugin auditLogger): requests, from lines that may be anything.

A record has `latency` in milliseconds, `req` with method, url and `timers` (microseconds by
handler), `res` with statusCode, `remoteAddress`, `time`; `audit` or `_audit` tells it from other
records of the same log (restify/node-restify, lib/plugins/audit.js).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from nodeobs.latency.figures import Figures, Request
from nodeobs.latency.scale import SCALE
from nodeobs.latency.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodeobs.latency.grouping import Grouping

#: Bytes of a line; what is longer is no record that restify writes.
_LINE: Final = 4 << 20
#: A latency of more than a year, in ms, or a time beyond the calendar, is none.
_YEAR_MS: Final = 366 * 86_400_000
#: The status that restify gives to a request whose client is gone.
_CLOSED: Final = 444
_TEXT: Final = 256
_TIMERS: Final = 200

NOT_JSON: Final = "not JSON"
NO_AUDIT: Final = "no audit record"
OTHER_EVENT: Final = "of another event than after"
INCOMPLETE: Final = "without a latency, a method, a URL or a status"
TOO_LONG: Final = "too long"


@dataclass(slots=True)
class AuditLog:
    """What audit logs have: `figures`, `timeline`, the time from the first to the last record in
    `seconds`, how many `lines`, and how many of them were `skipped`, by reason."""

    grouping: Grouping
    lines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    figures: Figures = field(init=False)
    timeline: Timeline = field(init=False)
    _first: float = math.inf
    _last: float = -math.inf

    def __post_init__(self) -> None:
        self.figures = Figures(self.grouping)
        self.timeline = Timeline(1.0)

    @property
    def records(self) -> int:
        """How many lines were audit records."""
        return self.lines - self.skipped.total()

    @property
    def seconds(self) -> float:
        """From the first record to the last; 0 where they have no times."""
        return max(0.0, self._last - self._first)

    def read(self, chunks: Iterable[bytes]) -> None:
        """Add all lines of a file that comes in pieces."""
        for line in _lines(chunks):
            if line is None:
                self.lines += 1
                self.skipped[TOO_LONG] += 1
            elif line.strip():
                self.add(line)

    def add(self, line: bytes) -> None:
        """Add one line."""
        self.lines += 1
        try:
            record = orjson.loads(line)
        except ValueError:
            self.skipped[NOT_JSON] += 1
            return
        problem = self._add(record)
        if problem is not None:
            self.skipped[problem] += 1

    def _add(self, record: Any) -> str | None:
        """What is wrong with a record, if anything."""
        if not isinstance(record, dict) or not (
            record.get("audit") is True or record.get("_audit") is True
        ):
            return NO_AUDIT
        # `pre` and `routed` are written before the request has ended.
        events = (record.get("event"), record.get("component"))
        if "after" not in events and any(event in ("pre", "routed") for event in events):
            return OTHER_EVENT
        request = parse(record)
        if request is None:
            return INCOMPLETE
        self.figures.add(request)
        at = _time(record.get("time"))
        if at is not None:
            self._first, self._last = min(self._first, at), max(self._last, at)
            self.timeline.add(at, {SCALE.index(request.ns): 1})
        return None


def parse(record: dict[str, Any]) -> Request | None:
    """The request of an audit record; None where something that matters is missing."""
    req, res = record.get("req"), record.get("res")
    ms = _number(record.get("latency"))
    if not isinstance(req, dict) or ms is None or not 0 <= ms <= _YEAR_MS:
        return None
    method, url = req.get("method"), req.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        return None
    status = _number(res.get("statusCode")) if isinstance(res, dict) else None
    if status is None or not 100 <= status < 1000:
        return None
    client = record.get("remoteAddress")
    timers = req.get("timers")
    return Request(
        method=method[:_TEXT],
        path=url[:_TEXT],
        status=0 if _aborted(req, status) else int(status),
        client=client[:_TEXT] if isinstance(client, str) else "",
        ns=round(ms * 1e6),
        handlers=tuple(_timers(timers)) if isinstance(timers, dict) else (),
    )


def _aborted(req: dict[str, Any], status: float) -> bool:
    """Whether the client was gone before it had its answer (restify's lib/server.js)."""
    return status == _CLOSED or req.get("connectionState") in ("close", "aborted")


def _timers(timers: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for name, value in list(timers.items())[:_TIMERS]:
        us = _number(value)
        if us is not None and 0 <= us <= _YEAR_MS * 1000:
            yield name[:_TEXT], round(us * 1000)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _time(value: Any) -> float | None:
    """Seconds since the epoch: restify 8 writes ISO 8601, pino milliseconds."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    number = _number(value)
    return number / 1000 if number is not None and 0 < number < 253_402_300_800_000 else None


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The lines; None for each that is too long, of which little is kept."""
    rest, skipping = b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if skipping:
                skipping = False
                yield None
            else:
                yield line if len(line) <= _LINE else None
        if len(rest) > _LINE or skipping:
            rest, skipping = b"", skipping or len(rest) > _LINE
    if skipping:
        yield None
    elif rest:
        yield rest
