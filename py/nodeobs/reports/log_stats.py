"""`nodeobs log --stats`: what a log is made of, as tables and as objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing.histogram import Scale
from nodeobs.log.record import level_text
from nodeobs.log.style import LEVEL_STYLES
from nodeobs.logfile.stats import MINUTE, UNKNOWN_LEVEL
from nodeobs.reports.quantities import amount, duration, latency
from nodeobs.reports.table import Cell, Column, table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from nodeobs.latency.timeline import Timeline
    from nodeobs.logfile.stats import LogStats

#: Cells of a sparkline, and rows of the tables of loggers and messages.
_CELLS: Final = 40
_LOGGERS: Final = 20
_MESSAGES: Final = 10
_ERROR: Final = 50


def stats_lines(
    stats: LogStats, *, width: int | None = None, colour: bool = False, unicode: bool = True
) -> list[str]:
    """The lines of all tables; `width` is that of the terminal, None cuts nothing."""
    look: dict[str, Any] = {"width": width, "colour": colour}
    timeline = stats.timeline.merged(_CELLS)
    lines = [_title(stats)]
    if not stats.records:
        return lines
    each = duration(timeline.span)
    lines += ["", *_levels(stats, timeline, each, look, unicode)]
    lines += ["", *_loggers(stats, look)]
    lines += ["", *_messages(stats, look)]
    if stats.latencies:
        lines += ["", *_latencies(stats, look, unicode)]
        lines += ["", *_slowest(stats, look, unicode)]
    return lines


def stats_objects(stats: LogStats) -> list[dict[str, Any]]:
    """An object for each row, a `summary` at the end."""
    objects: list[dict[str, Any]] = [
        {"type": "level", "level": level, "count": count}
        for level, count in sorted(stats.levels.items())
    ]
    objects += [
        {"type": "logger", "name": name, "count": levels.total(), "levels": _by_level(levels)}
        for name, levels in _ranked(stats.loggers)
    ]
    objects += [
        {"type": "interval", "time": _iso(start), "seconds": stats.timeline.span,
         "count": column.total(), "levels": _by_level(column)}
        for start, column in _columns(stats.timeline)
    ]  # fmt: skip
    objects += [
        {"type": "message", "msg": message, "count": count}
        for message, count in stats.messages.most(_MESSAGES)
    ]
    objects += [
        {"type": "latency", "field": name, "count": latencies.count,
         **{f"p{share}_ms": latencies.percentile(share) / 1e6 for share in (50, 90, 99)},
         "max_ms": latencies.greatest / 1e6}
        for name, latencies in stats.latencies.items()
    ]  # fmt: skip
    objects += [
        {"type": "slowest", "ms": slow.ms, "field": slow.name, "time": slow.time or None,
         "what": slow.what}
        for slow in stats.slowest
    ]  # fmt: skip
    summary = {
        "type": "summary",
        "records": stats.records,
        "other_lines": stats.other,
        "first": stats.first,
        "last": stats.last,
        "message_error": stats.messages.error,
    }
    return [*objects, summary]


def _title(stats: LogStats) -> str:
    title = amount(stats.records, "record")
    if stats.first is not None and stats.last is not None:
        seconds = (
            datetime.fromisoformat(stats.last) - datetime.fromisoformat(stats.first)
        ).total_seconds()
        title += f" in {duration(seconds)}, from {stats.first} to {stats.last}"
    if stats.other:
        title += f"; {amount(stats.other, 'other line')}"
    return title


def _levels(
    stats: LogStats, timeline: Timeline, each: str, look: Mapping[str, Any], unicode: bool
) -> list[str]:
    columns = [Column("LEVEL"), Column("COUNT", right=True), Column("SHARE", right=True),
               Column(f"EACH {each}" if timeline.columns else "", keep=2)]  # fmt: skip
    rows: list[list[str | Cell]] = []
    for level, count in sorted(stats.levels.items()):
        counts = [column[level] for column in timeline.columns]
        rows.append([
            _level_cell(level),
            f"{count:,}",
            _share(count, stats.records),
            _sparkline(counts, unicode),
        ])  # fmt: skip
    if len(stats.levels) > 1:
        totals = [column.total() for column in timeline.columns]
        rows.append(["all", f"{stats.records:,}", "", _sparkline(totals, unicode)])
    lines = table(columns, rows, **look)
    if timeline.columns:
        start, busiest = max(_columns(stats.timeline), key=lambda item: item[1].total())
        span = "minute" if stats.timeline.span == MINUTE else duration(stats.timeline.span)
        lines.append(f"busiest {span}: {busiest.total():,} from {_iso(start)}")
    return lines


def _loggers(stats: LogStats, look: Mapping[str, Any]) -> list[str]:
    columns = [Column("LOGGER", keep=2, least=12), Column("COUNT", right=True),
               Column("SHARE", right=True), Column("ERRORS", right=True)]  # fmt: skip
    rows: list[list[str | Cell]] = []
    ranked = _ranked(stats.loggers)
    for name, levels in ranked[:_LOGGERS]:
        errors = sum(count for level, count in levels.items() if level >= _ERROR)
        rows.append([
            name or "-",
            f"{levels.total():,}",
            _share(levels.total(), stats.records),
            Cell(f"{errors:,}", "red" if errors else None),
        ])  # fmt: skip
    lines = table(columns, rows, **look)
    if len(ranked) > _LOGGERS:
        lines.append(f"… and {amount(len(ranked) - _LOGGERS, 'other logger')}")
    return lines


def _messages(stats: LogStats, look: Mapping[str, Any]) -> list[str]:
    columns = [Column("COUNT", right=True), Column("MESSAGE", least=20)]
    rows = [[f"{count:,}", message] for message, count in stats.messages.most(_MESSAGES)]
    lines = table(columns, rows, **look)
    if stats.messages.error:
        lines.append(f"counts of messages are too high by at most {stats.messages.error:,}")
    return lines


def _latencies(stats: LogStats, look: Mapping[str, Any], unicode: bool) -> list[str]:
    columns = [Column("LATENCY"), *(Column(title, right=True) for title in
               ("COUNT", "P50", "P90", "P99", "MAX"))]  # fmt: skip
    rows: list[list[str | Cell]] = [
        [
            name,
            f"{latencies.count:,}",
            *(latency(latencies.percentile(share), unicode=unicode) for share in (50, 90, 99)),
            latency(latencies.greatest, unicode=unicode),
        ]
        for name, latencies in stats.latencies.items()
    ]
    return table(columns, rows, **look)


def _slowest(stats: LogStats, look: Mapping[str, Any], unicode: bool) -> list[str]:
    columns = [Column("SLOWEST", right=True), Column("TIME", keep=2, least=24),
               Column("WHAT", least=20)]  # fmt: skip
    rows = [
        [latency(round(slow.ms * 1e6), unicode=unicode), slow.time, slow.what]
        for slow in stats.slowest
    ]
    return table(columns, rows, **look)


def _level_cell(level: int) -> Cell:
    if level == UNKNOWN_LEVEL:
        return Cell("no number")
    name, key = level_text(level)
    return Cell(name, LEVEL_STYLES.get(key))


def _sparkline(counts: Sequence[int], unicode: bool) -> str:
    scale = Scale.of(counts, zoom=True)
    return "".join(scale.block(count, unicode=unicode) for count in counts)


def _ranked(loggers: Mapping[str, Counter[int]]) -> list[tuple[str, Counter[int]]]:
    return sorted(loggers.items(), key=lambda item: (-item[1].total(), item[0]))


def _columns(timeline: Timeline) -> list[tuple[float, Counter[int]]]:
    """The intervals that have records, and when they start."""
    start = timeline.start or 0.0
    return [
        (start + index * timeline.span, column)
        for index, column in enumerate(timeline.columns)
        if column
    ]


def _by_level(levels: Counter[int]) -> dict[str, int]:
    return {str(level): count for level, count in sorted(levels.items())}


def _share(count: int, whole: int) -> str:
    share = 100 * count / whole
    return f"{share:.1f}%" if share >= 0.05 else "<0.1%"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
