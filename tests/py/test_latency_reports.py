"""`nodeobs latency`: tables, heat map, picture and JSON as functions of figures."""

from __future__ import annotations

import json
import random
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.latency.figures import Figures, Request
from nodeobs.latency.grouping import Grouping
from nodeobs.latency.latencies import FAILED, OK, UNKNOWN
from nodeobs.latency.program import latency_program
from nodeobs.latency.scale import BOUNDS, SCALE
from nodeobs.latency.timeline import Timeline
from nodeobs.reports.latency import (
    SORTS,
    latency_tables,
    notes,
    summary_line,
)
from nodeobs.reports.latency_heatmap import heatmap
from nodeobs.reports.latency_json import heat_objects, latency_objects, summary_object
from nodeobs.reports.latency_picture import page, svg
from nodeobs.reports.quantities import bound, latency, percent, rate
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from tests.py.conftest import Golden

MS = 1_000_000
#: Method, route, typical latency in ms.
ROUTES = (
    ("GET", "/users/:id", 3.0),
    ("GET", "/health", 0.4),
    ("POST", "/orders", 1.5),
    ("GET", "/report/monthly/by-department", 150.0),
)


def aggregated(name: str, keys: list[Any], values: list[int]) -> list[Any]:
    counts: dict[str, int] = {}
    for ns in values:
        counts[str(SCALE.index(ns))] = counts.get(str(SCALE.index(ns)), 0) + 1
    longest = ["@slowest", "max", keys] if name == "@request" else ["@longest", "max", keys[:-1]]
    return [[name, "llquantize", keys, [list(BOUNDS), counts]], [*longest, max(values)]]


@pytest.fixture
def figures() -> Figures:
    """Four routes with their handlers, some errors, two requests under way at the start."""
    random.seed(1)
    figures, program = Figures(Grouping()), latency_program(Grouping())
    rows: list[Any] = []
    for number, (method, route, typical) in enumerate(ROUTES):
        values = [int(random.lognormvariate(0, 0.4) * typical * MS) for _ in range(900 - number)]
        rows += aggregated("@request", [method, route, "", 200], values[20:])
        rows += aggregated("@request", [method, route, "", 500], values[:20])
        halves = [value // 2 for value in values]
        rows += aggregated("@handler", [route, "find", OK], halves[1:])
        rows += aggregated("@handler", [route, "find", FAILED], halves[:1])
        rows += aggregated("@handler", [route, "render", OK], halves)
        rows += aggregated(
            "@handler", ["", "parseBody", UNKNOWN], [value // 100 for value in values]
        )
    rows += aggregated("@request", ["GET", "", "/nope", 404], [200_000] * 12)
    rows += aggregated("@request", ["POST", "", "/old/17", 0], [30 * MS])
    rows += aggregated("@request", ["GET", "/users/:id", "", 200], [0, 0])[:1]
    figures.take(program, rows)
    assert figures.drops == 0
    return figures


@pytest.fixture
def timeline() -> Timeline:
    """Two minutes in which it gets slower."""
    random.seed(2)
    timeline = Timeline(1.0)
    for second in range(120):
        slower = 20 if 60 <= second < 80 else 1
        for _ in range(20):
            ns = int(random.lognormvariate(0, 0.5) * 2 * MS * slower)
            timeline.add(1795423980.5 + second, {SCALE.index(ns): 1})
    return timeline


@pytest.mark.parametrize("width", [80, 160, None])
def test_tables(figures: Figures, golden: Golden, width: int | None) -> None:
    lines = latency_tables(figures, 60.0, width=width)
    assert all(cell_width(line) <= (width or 999) for line in lines)
    golden(f"latency.{width or 'uncut'}", [summary_line(figures, 60.0), *lines, *notes(figures)])


def test_ascii_and_narrow(figures: Figures) -> None:
    lines = latency_tables(figures, 60.0, width=66, unicode=False)
    assert all(line.isascii() or "…" in line for line in lines)
    assert all(cell_width(line) <= 66 for line in lines)


@pytest.mark.parametrize("by", [["status"], ["method"], ["client"], ["route", "status"]])
def test_tables_by_something_else(by: list[str], golden: Golden) -> None:
    figures = Figures(Grouping.parse(by))
    for number in range(40):
        status = (200, 201, 404, 500, 0)[number % 5]
        method = ("GET", "POST")[number % 2]
        path, client = f"/orders/{number}", f"::ffff:10.0.0.{number % 3}"
        figures.add(Request(method, path, status, client, (1 + number) * MS))
    golden(f"latency_by_{'_'.join(by)}", latency_tables(figures, 10.0, width=120))


@pytest.mark.parametrize("sort", SORTS)
def test_sorting(figures: Figures, sort: str) -> None:
    objects = [
        one for one in latency_objects(figures, 60.0, sort=sort) if one["type"] == "requests"
    ]
    field = {"count": "count", "max": "max_ms", "errors": "errors"}.get(sort, f"{sort}_ms")
    if sort == "name":
        assert [(one["method"], one["route"] or "") for one in objects] == sorted(
            (one["method"], one["route"] or "") for one in objects
        )
    elif sort == "time":
        assert objects[0]["route"] == "/report/monthly/by-department"
    else:
        values = [one[field] for one in objects]
        assert values == sorted(values, reverse=True)


def test_nothing_at_all() -> None:
    figures = Figures(Grouping())
    assert latency_tables(figures, 0.0) == ["ROUTE LATENCY", "no requests"]
    assert summary_line(figures, 0.0) == "0 requests in 0.0 s"
    assert summary_line(figures, 86_000.0) == "0 requests in 23h53m (0.0/s)"
    assert latency_tables(Figures(Grouping.parse(["handler"])), 1.0) == [
        "HANDLER LATENCY",
        "no handlers",
    ]
    assert heatmap(Timeline(1.0))[1] == "no requests"
    assert "no requests" in svg(Timeline(1.0), "a", "b")


def test_colours_mark_errors_and_nothing_else(figures: Figures) -> None:
    lines = latency_tables(figures, 60.0, width=160, colour=True)
    assert sum("\x1b[31m" in line for line in lines) == 4 + 1 + 4  # routes, aborted, handlers
    plain = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
    assert plain == latency_tables(figures, 60.0, width=160)


def test_names_of_the_application_cannot_disturb_the_terminal() -> None:
    figures = Figures(Grouping())
    figures.take(
        latency_program(Grouping()),
        [
            *aggregated("@request", ["GET", "/\x1b[2J\n\u202e", "", 200], [MS]),
            *aggregated("@handler", ["/x", "\x1b]0;title\x07", OK], [MS]),
        ],
    )
    text = "\n".join(latency_tables(figures, 1.0))
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)
    assert r"/\x1b[2J\n\u202e" in text


# -- heat map --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 160])
def test_heatmap(
    timeline: Timeline, golden: Golden, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    import time

    time.tzset()
    lines = heatmap(timeline, width=width)
    assert all(cell_width(line) <= width for line in lines)
    golden(f"latency_heatmap.{width}", lines)


def test_every_request_is_in_the_legend(timeline: Timeline) -> None:
    lines = heatmap(timeline, width=80, unicode=False)
    legend = lines[-1]
    parts = re.findall(r"([.:*#]) ([\d,]+)(?:-([\d,]+))?", legend)
    assert [part[0] for part in parts] == [".", ":", "*", "#"]
    edges = [int((part[2] or part[1]).replace(",", "")) for part in parts]
    assert edges == sorted(set(edges))


def test_a_single_request_has_one_shade() -> None:
    timeline = Timeline(1.0)
    timeline.add(1795423980.0, {SCALE.index(MS): 1})
    lines = heatmap(timeline, width=80)
    assert lines[1].endswith("│█")
    assert lines[-1].endswith("requests in a cell: █ 1")


# -- JSON ------------------------------------------------------------------------------------


def test_json_has_all_that_tables_have(figures: Figures, timeline: Timeline) -> None:
    objects = list(latency_objects(figures, 60.0, sort="count"))
    json.dumps(objects)
    users = next(one for one in objects if one.get("route") == "/users/:id")
    assert users["type"] == "requests"
    assert (users["method"], users["count"], users["errors"]) == ("GET", 900, 20)
    assert users["rate"] == 15.0
    assert sum(count for _, _, count in users["histogram"]) == 900
    assert all(low < high for low, high, _ in users["histogram"])
    assert users["histogram"][-1][0] <= users["max_ms"] < users["histogram"][-1][1]
    missing = next(one for one in objects if one["type"] == "requests" and one["route"] is None)
    assert (missing["count"], missing["errors"]) == (12, 0)
    before = next(one for one in objects if one.get("handler") == "parseBody")
    assert (before["route"], before["errors"], before["error_share"]) == (None, None, None)
    summary = summary_object(figures, 60.0, drops=[])
    assert (summary["in_flight_at_start"], summary["aborted"]) == (2, 1)
    assert summary["count"] == sum(one["count"] for one in objects if one["type"] == "requests")
    heat = list(heat_objects(timeline))
    assert len(heat) == 120
    assert heat[0]["time"] == "2026-11-23T08:53:00.500+00:00"
    assert sum(count for one in heat for _, _, count in one["histogram"]) == 2400


# -- picture ---------------------------------------------------------------------------------


def test_the_picture_is_well_formed_and_self_contained(timeline: Timeline) -> None:
    text = svg(timeline, 'Latency of <&"\x00\x1b', "2,400 requests\u202e")
    root = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    titles = [element.text or "" for element in root.iter(f"{space}title")]
    assert titles[0] == 'Latency of <&"\\x00\\x1b'
    counted = [int(title.rpartition(": ")[2].replace(",", "")) for title in titles[1:]]
    assert sum(counted) == 2400
    assert re.findall(r"https?://[^\"]+", text) == ["http://www.w3.org/2000/svg"]
    for element in root.iter(f"{space}rect"):
        assert float(element.get("x", 0)) + float(element.get("width", 0)) <= 1000.01


def test_the_page_has_the_tables_too(figures: Figures, timeline: Timeline) -> None:
    text = page(figures, timeline, 60.0, title="Latency of <api>", subtitle="s", sort="count",
                footer="f & g")  # fmt: skip
    assert "<title>Latency of &lt;api&gt;</title>" in text
    assert "GET /users/:id" in text
    assert "f &amp; g" in text
    assert not re.search(r"<script|<link|@import|src=|href=", text)


# -- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0"), (400, "0.40µs"), (1000, "1.00µs"), (9_994, "9.99µs"), (9_995, "10.0µs"),
        (99_949, "99.9µs"), (99_950, "100µs"), (999_400, "999µs"), (999_600, "1.00ms"),
        (12_340_000, "12.3ms"), (999_600_000, "1.00s"), (61 * 10**9, "61.0s"),
        (1000 * 10**9, "1000s"),
    ],
)  # fmt: skip
def test_latency(ns: int, text: str) -> None:
    assert latency(ns) == text


def test_small_texts() -> None:
    assert [bound(ns) for ns in (100, 1500, 200_000, 10**9)] == ["0.1µs", "1.5µs", "200µs", "1s"]
    assert bound(200_000, unicode=False) == "200us"
    assert [percent(share) for share in (0, 0.0001, 0.012, 0.0995, 1)] == [
        "0", "<0.1%", "1.2%", "10%", "100%"
    ]  # fmt: skip
    assert [rate(*one) for one in ((3, 10.0), (12345, 10.0), (3, 0.0))] == ["0.3", "1,234", "-"]
