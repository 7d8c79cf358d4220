"""The summary of `nodeobs http`: what servers, clients and collections did in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.reports.latency import NOTHING_CAME
from nodeobs.reports.quantities import amount, latency, percent, rate
from nodeobs.reports.table import Column, single_line, table

if TYPE_CHECKING:
    from nodeobs.http.totals import Total, Totals

_COLUMNS: Final = (
    Column("PROBE"),
    *(Column(title, right=True) for title in ("COUNT", "RATE/S", "P50", "P90", "P99")),
    Column("ERRORS"),
)
_PERCENTILES: Final = (50, 90, 99)
#: How many of method and status are named.
_NAMED: Final = 12


def summary_lines(totals: Totals, shown: int, *, unicode: bool = True) -> list[str]:
    """For people. `shown` is how many rows of what was over were."""
    if not totals.seconds:
        return ["-- nothing was seen: no process has answered"]
    rows = [_cells(probe, total, totals.seconds, unicode) for probe, total in totals.of.items()]
    lines = [f"-- {totals.seconds:.1f} s", *table(_COLUMNS, rows)]
    for probe, total in totals.of.items():
        if total.wrong:
            lines.append(f"   {probe}: {_wrong(total)}")
        if total.earlier:
            began = amount(total.earlier, "request")
            lines.append(f"   {probe}: {began} had begun before; how long they took is not known")
        if total.kinds:
            lines.append(f"   {probe}: {_collections(total, totals.seconds)}")
    count = sum(total.count for total in totals.of.values())
    if "server" in totals.of and not totals.of["server"].count and not shown:
        lines.append(f"   server: {NOTHING_CAME}")
    # Of a process that was killed, more may have been shown than it has told to have counted.
    if shown < count:
        lines.append(f"   {shown:,} of {count:,} shown")
    return lines


def summary_object(totals: Totals, shown: int) -> dict[str, Any]:
    """For programs: `{"type": "summary", …}`. Times are milliseconds, rates per second."""
    return {
        "type": "summary",
        "seconds": round(totals.seconds, 3),
        "shown": shown,
        **{probe: _object(probe, total, totals.seconds) for probe, total in totals.of.items()},
    }


def _cells(probe: str, total: Total, seconds: float, unicode: bool) -> list[str]:
    known = total.latencies.count
    errors = "-"
    if probe != "gc":
        share = percent(total.errors / total.count) if total.errors else ""
        errors = f"{total.errors:,} ({share})" if share else "0"
    return [
        probe,
        f"{total.count:,}",
        rate(total.count, seconds),
        *(
            latency(total.latencies.percentile(one), unicode=unicode) if known else "-"
            for one in _PERCENTILES
        ),
        errors,
    ]


def _wrong(total: Total) -> str:
    most = _ranked(total)
    named = [f"{count:,} {single_line(method)} {_status(status)}" for (method, status), count
             in most[:_NAMED]]  # fmt: skip
    more = sum(count for _, count in most[_NAMED:])
    return ", ".join(named) + (f" and {more:,} others" if more else "")


def _ranked(total: Total) -> list[tuple[tuple[str, int], int]]:
    """What ended with an error: errors of the server and aborted ones first, then by number."""

    def rank(item: tuple[tuple[str, int], int]) -> tuple[bool, int, tuple[str, int]]:
        (method, status), count = item
        return (400 <= status < 500, -count, (method, status))

    return sorted(total.wrong.items(), key=rank)


def _status(status: int) -> str:
    return str(status) if status else "aborted"


def _collections(total: Total, seconds: float) -> str:
    kinds = sorted(total.kinds.items(), key=lambda item: (-item[1], item[0]))
    text = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    share = total.latencies.total / 1e9 / seconds if seconds > 0 else 0.0
    return f"{text}; {percent(share)} of the time"


def _object(probe: str, total: Total, seconds: float) -> dict[str, Any]:
    known = total.latencies.count
    thing: dict[str, Any] = {
        "count": total.count,
        "rate": round(total.count / seconds, 3) if seconds > 0 else 0.0,
        **{
            f"p{one}_ms": total.latencies.percentile(one) / 1e6 if known else None
            for one in _PERCENTILES
        },
    }
    if probe == "gc":
        return {**thing, "kinds": total.kinds, "total_ms": total.latencies.total / 1e6}
    wrong = [
        {"method": method, "status": status or None, "count": count}
        for (method, status), count in _ranked(total)
    ]
    return {**thing, "earlier": total.earlier, "errors": total.errors, "wrong": wrong}
