"""How `nodeobs http` shows rows and sums them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from nodeobs.d.program import Aggregation
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.filter import compile_filter
from nodeobs.http.columns import COLUMNS, columns
from nodeobs.http.totals import Totals
from nodeobs.latency.scale import BOUNDS, SCALE
from nodeobs.reports.http import Printer, row_object
from nodeobs.reports.http_summary import summary_lines, summary_object

if TYPE_CHECKING:
    from tests.py.conftest import Golden

    from nodeobs.http.rows import Row

STARTED = 12_345_000_000


def row(microseconds: int, **values: Any) -> Row:
    row: dict[str, Any] = {
        "at": STARTED + microseconds * 1000,
        "time": microseconds,
        "pid": 73160,
        "thread": 0,
        "probe": "server",
        "which": "<-",
        "latency": 177,
        "earlier": False,
        "method": "GET",
        "path": "/uter",
        "url": "/uter?page=2",
        "status": 200,
        "bytes": 1207,
        "reqid": None,
        "route": None,
        "error": None,
        **values,
    }
    return row  # type: ignore[return-value]


BEGUN: dict[str, Any] = {"which": "->", "latency": None, "status": None, "bytes": None}
ROWS = [
    row(814_249, **BEGUN),
    row(814_426, route="/:name", reqid="5fdc9b7c-8f6a-4a51-9d0b-3a1c7d6d3c52"),
    row(1_003_201, probe="client", pid=9, latency=12_345_678, url="/wf?q=%20", path="/wf"),
    row(1_003_202, latency=None, earlier=True, status=503, method="DELETE"),
    row(1_250_000, latency=30_001_005, status=None, bytes=None, error="ECONNRESET"),
    row(
        9_999_999,
        path="/search/wf_runners/869de259-5bdf-4efe-9f35-3ac8fb7c4c84/jobs/by-owner/and-name",
        url="/search/wf_runners/869de259-5bdf-4efe-9f35-3ac8fb7c4c84/jobs/by-owner/and-name?x=1",
        latency=1005,
        bytes=12_345_678,
        error="aborted",
        status=None,
    ),
    row(
        123_456_789_012, path="/日本語/テキスト/とても長いパス/ここから先は切れる/もっと",
        status=404,
    ),
    row(
        123_456_789_013, probe="gc", latency=831, method=None, path=None, url=None, status=None,
        bytes=None, kind="scavenge",
    ),
]  # fmt: skip


def printed(events: list[dict[str, Any]], *specs: str, **options: Any) -> list[str]:
    printer = Printer(columns(specs, starts=True), **options)
    out, beside = printer.render(events)
    return (printer.title() + out + beside).decode().splitlines()


def rows(*chosen: Row) -> list[dict[str, Any]]:
    return [{"type": "row", "row": one} for one in chosen or ROWS]


@pytest.mark.parametrize("width", [80, 160, None])
def test_rows(golden: Golden, width: int | None) -> None:
    golden(f"http.{width or 'uncut'}", printed(rows(), width=width))


@pytest.mark.parametrize("width", [80, 160, None])
def test_rows_with_more_columns(golden: Golden, width: int | None) -> None:
    more = "+status,bytes,route,reqid,kind,error"
    golden(f"http_more.{width or 'uncut'}", printed(rows(), more, width=width))


def test_colours_on_a_terminal() -> None:
    lines = printed(rows(), "+status", width=80, colour=True)
    styles = [line.partition("m")[0] if line.startswith("\x1b") else "" for line in lines]
    dim, red, yellow, magenta = "\x1b[2", "\x1b[31", "\x1b[33", "\x1b[35"
    assert styles == ["\x1b[1", dim, "", "", red, red, red, yellow, magenta]


def test_nothing_of_a_request_is_a_command_to_the_terminal() -> None:
    evil = row(1, path="/\x1b[2J\n\u202e", error="\x07", status=None)
    [_, line] = printed(rows(evil), width=80)
    assert line.endswith(r" /\x1b[2J\n\u202e  (\x07)")
    # Elsewhere it is as it was.
    assert "/\x1b[2J" in "".join(printed(rows(evil)))


def test_notices_stand_beside_the_rows() -> None:
    events: list[dict[str, Any]] = [
        {"type": "join", "pid": 7, "message": "7 (a.js) joined"},
        {"type": "drop", "pid": 7, "kind": "queue", "count": 3, "message": "3 rows of 7 dropped"},
    ]
    shown = columns((), starts=False)
    lines = b"-- 7 (a.js) joined\n-- 3 rows of 7 dropped\n"
    assert Printer(shown).render(events) == (b"", lines)
    assert Printer(shown, inline=True).render(events) == (lines, b"")
    [joined, dropped] = Printer(shown, as_json=True).render(events)[0].splitlines()
    assert [orjson.loads(joined), orjson.loads(dropped)] == events


def test_rows_for_programs() -> None:
    printer = Printer(tuple(COLUMNS.values()), as_json=True)
    out, _ = printer.render(rows())
    objects = [orjson.loads(line) for line in out.splitlines()]
    assert all(list(one) == list(objects[0]) for one in objects)
    assert set(COLUMNS) - {"latency"} <= set(objects[0])
    assert [one["latency_ms"] for one in objects[:4]] == [None, 0.177, 12345.678, None]
    assert [one["aborted"] for one in objects] == [False, False, False, False, True, True, False,
                                                   False]  # fmt: skip
    assert [one["earlier"] for one in objects] == [False] * 3 + [True] + [False] * 4
    assert printer.shown == 7, "what only begins is not counted"


def test_time_for_programs() -> None:
    # 2001-09-09T01:46:40 by the wall, when the monotonic clock was at 12.345 s.
    apart = 1_000_000_000_000_000_000 - STARTED
    assert row_object(ROWS[0], apart)["time"] == "2001-09-09T01:46:40.814249Z"


def test_filters() -> None:
    filters = [compile_filter("status == 404 || aborted"), compile_filter("latency_ms < 10")]
    lines = printed(rows(), "time,latency", filters=filters)
    assert lines[1:] == ["[  9.999999]    1.005ms  (aborted)", "[123456.789012]    0.177ms"]


# -- the summary ---------------------------------------------------------------------------


def totals(seconds: float = 12.5) -> Totals:
    names = {"@server": 2, "@client": 2, "@gc": 1}
    aggregations = Aggregations(
        {name: Aggregation(name, "llquantize", BOUNDS, keys) for name, keys in names.items()}
    )

    def add(name: str, keys: list[Any], counts: dict[int, int]) -> None:
        buckets = {str(SCALE.index(ns)): count for ns, count in counts.items()}
        aggregations.merge([[name, "llquantize", keys, [list(BOUNDS), buckets]]])

    add("@server", ["GET", 200], {1_200_000: 900, 4_500_000: 99, 80_000_000: 1})
    add("@server", ["POST", 201], {2_000_000: 200})
    add("@server", ["POST", 503], {3_000_000: 7})
    add("@server", ["GET", 404], {300_000: 25})
    add("@server", ["GET", 0], {-1: 1, 5_000_000: 1})
    add("@server", ["GET", 200], {-1: 3})
    add("@gc", ["scavenge"], {400: 1, 831_000: 30})
    add("@gc", ["mark-sweep-compact"], {12_000_000: 2})
    assert aggregations.take_drops() == 0
    return Totals(aggregations, seconds)


def test_summary(golden: Golden) -> None:
    golden("http_summary", summary_lines(totals(), 12))


def test_summary_of_nothing(golden: Golden) -> None:
    aggregations = Aggregations({"@server": Aggregation("@server", "llquantize", BOUNDS, 2)})
    golden("http_summary_empty", summary_lines(Totals(aggregations, 5.0), 0))
    # Ctrl-C before the first process has answered.
    [line] = summary_lines(Totals(aggregations, 0.0), 0)
    assert line == "-- nothing was seen: no process has answered"


def test_summary_for_programs() -> None:
    thing = summary_object(totals(10.0), 12)
    assert (thing["type"], thing["seconds"], thing["shown"]) == ("summary", 10.0, 12)
    server = thing["server"]
    assert (server["count"], server["rate"], server["earlier"]) == (1237, 123.7, 4)
    assert server["errors"] == 9
    assert server["wrong"] == [
        {"method": "POST", "status": 503, "count": 7},
        {"method": "GET", "status": None, "count": 2},
        {"method": "GET", "status": 404, "count": 25},
    ]
    for percent, ms in ((50, 1.2), (90, 2.0), (99, 4.5)):
        assert server[f"p{percent}_ms"] == pytest.approx(ms, rel=0.01)
    assert thing["client"] == {
        "count": 0, "rate": 0.0, "p50_ms": None, "p90_ms": None, "p99_ms": None, "earlier": 0,
        "errors": 0, "wrong": [],
    }  # fmt: skip
    assert thing["gc"]["kinds"] == {"scavenge": 31, "mark-sweep-compact": 2}
    assert thing["gc"]["total_ms"] == pytest.approx(24 + 30 * 0.831, rel=0.01)
