"""`nodeobs latency --json`: the same as the tables, for programs. All times are milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nodeobs.latency.grouping import BEFORE_ROUTING, NO_ROUTE, OTHERS
from nodeobs.latency.scale import SCALE
from nodeobs.reports.latency import sorted_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nodeobs.latency.figures import Figures
    from nodeobs.latency.grouping import Grouping
    from nodeobs.latency.latencies import Latencies
    from nodeobs.latency.timeline import Timeline


def latency_objects(figures: Figures, seconds: float, *, sort: str) -> Iterator[dict[str, Any]]:
    """`{"type":"requests"|"handler", …}` for each row, in the order of the tables."""
    if figures.grouping.tables[0]:
        for row in sorted_rows(figures.requests(), sort):
            about = _about(figures.grouping, row.key)
            yield {"type": "requests", **about, **_numbers(row.latencies, seconds)}
    if figures.grouping.tables[1]:
        for row in sorted_rows(figures.handlers(), sort):
            route, name = row.key
            yield {
                "type": "handler",
                "route": None if route == BEFORE_ROUTING else route,
                "handler": name,
                **_numbers(row.latencies, seconds),
            }


def heat_objects(timeline: Timeline) -> Iterator[dict[str, Any]]:
    """`{"type":"interval","time":…,"seconds":…,"histogram":…}` for each column of a heat map."""
    for number, column in enumerate(timeline.columns):
        at = (timeline.start or 0.0) + number * timeline.span
        yield {
            "type": "interval",
            "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
            "seconds": timeline.span,
            "histogram": _histogram(column),
        }


def summary_object(figures: Figures, seconds: float, **more: Any) -> dict[str, Any]:
    """`{"type":"summary", …}`, the last line."""
    return {
        "type": "summary",
        "in_flight_at_start": figures.underway,
        **_numbers(figures.all, seconds),
        "seconds": round(seconds, 3),
        **more,
    }


def _about(grouping: Grouping, key: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in zip(grouping.requests, key, strict=True):
        if value == OTHERS:
            return {"others": True, **dict.fromkeys(grouping.requests)}
        if name == "status":
            found[name] = int(value) if value.isdecimal() else value
        else:
            found[name] = None if name == "route" and value == NO_ROUTE else value
    return found


def _numbers(latencies: Latencies, seconds: float) -> dict[str, Any]:
    times = {f"p{percent}_ms": latencies.percentile(percent) for percent in (50, 90, 99)}
    times["max_ms"] = latencies.greatest
    return {
        "count": latencies.count,
        "rate": round(latencies.count / seconds, 3) if seconds > 0 else None,
        **{name: _ms(ns) if latencies.count else None for name, ns in times.items()},
        "errors": latencies.errors,
        "error_share": latencies.error_share,
        "aborted": latencies.aborted,
        "histogram": _histogram(latencies.counts),
    }


def _histogram(counts: Mapping[int, int]) -> list[list[float | int | None]]:
    """`[lower bound, upper bound, count]` for each bucket with something in it."""
    found: list[list[float | int | None]] = []
    for index in sorted(counts):
        bucket = SCALE.bounds(index)
        high = None if bucket.high is None else _ms(bucket.high)
        found.append([_ms(bucket.low or 0), high, counts[index]])
    return found


def _ms(ns: int) -> float:
    return ns / 1e6
