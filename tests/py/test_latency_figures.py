"""Latencies: buckets, percentiles, merging, and what rows are about."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeobs.latency.figures import MOST_ROWS, Figures, Request
from nodeobs.latency.grouping import OTHERS, Grouping, folded, restify_name, route_label
from nodeobs.latency.latencies import ABORTED, OK, UNKNOWN, Latencies
from nodeobs.latency.program import latency_program, program_text
from nodeobs.latency.scale import BOUNDS, ERROR, SCALE, middle, steps_over
from nodeobs.latency.timeline import MOST, Timeline

MS = 1_000_000
LONGEST = 1_000 * 10**9


# -- percentiles ----------------------------------------------------------------------------


def test_the_middle_of_every_bucket_is_within_the_error_of_all_that_is_in_it() -> None:
    for index in range(1, SCALE.last):
        bucket, value = SCALE.bounds(index), middle(index)
        assert bucket.low is not None
        assert bucket.high is not None
        assert value is not None
        for true in (bucket.low, bucket.high - 1):
            assert abs(value - true) <= ERROR * true


@given(st.lists(st.integers(100, LONGEST - 1), min_size=1, max_size=300), st.integers(1, 100))
def test_percentiles_are_within_the_error_of_those_of_the_sorted_values(
    values: list[int], percent: int
) -> None:
    latencies = Latencies()
    for value in values:
        latencies.add(value, OK)
    true = sorted(values)[max(-(-percent * len(values) // 100), 1) - 1]
    assert abs(latencies.percentile(percent) - true) <= ERROR * true
    assert latencies.greatest == max(values)
    assert abs(latencies.total - sum(values)) <= ERROR * sum(values)


def test_latencies_beyond_the_scale_count_and_the_greatest_is_exact() -> None:
    latencies = Latencies()
    for ns in (0, 40, 3 * LONGEST):
        latencies.add(ns, OK)
    assert latencies.count == 3
    assert latencies.percentile(1) <= 100
    assert latencies.percentile(99) == latencies.greatest == 3 * LONGEST


def test_nothing_has_no_percentile() -> None:
    assert (Latencies().percentile(50), Latencies().total, Latencies().errors) == (0, 0, 0)


def test_errors_are_5xx_and_aborted_and_unknown_is_not_counted() -> None:
    latencies = Latencies()
    for outcome in (ABORTED, 2, 2, 3, 4, 5, UNKNOWN):
        latencies.add(MS, outcome)
    assert (latencies.errors, latencies.aborted, latencies.count) == (2, 1, 7)
    assert latencies.error_share == 2 / 6
    unknown = Latencies()
    unknown.add(MS, UNKNOWN)
    assert (unknown.errors, unknown.error_share) == (None, None)


def test_steps_cover_what_is_used_and_no_more_than_asked_for() -> None:
    used = [SCALE.index(ns) for ns in (130_000, 2 * MS, 480 * MS)]
    for most in range(4, 60):
        steps = steps_over(used, most)
        assert steps is not None
        assert len(steps.lows) <= most
        assert steps.low <= 130_000
        assert steps.high > 480 * MS
        assert sum(steps.counts(dict.fromkeys(used, 2))) == 6
    assert steps_over([], 8) is None


@given(st.sets(st.integers(0, SCALE.last), min_size=1), st.integers(1, 50))
def test_steps_lose_nothing(used: set[int], most: int) -> None:
    steps = steps_over(used, most)
    assert steps is not None
    assert sum(steps.counts(dict.fromkeys(used, 1))) == len(used)
    assert list(steps.lows) == sorted(set(steps.lows))
    # All of them are bounds of buckets, so that no bucket belongs to two.
    inner = [low for low in steps.lows[1:] if 100 < low < LONGEST]
    assert all(SCALE.bounds(SCALE.index(low)).low == low for low in inner)


# -- what comes from processes ---------------------------------------------------------------


def rows_of(keys: list[Any], status: int, *latencies: int) -> list[Any]:
    """What a thread hands out for requests with these latencies; -1: it was under way."""
    counts: dict[str, int] = {}
    for ns in latencies:
        index = str(SCALE.index(ns) if ns >= 0 else 0)
        counts[index] = counts.get(index, 0) + 1
    return [
        ["@request", "llquantize", [*keys, status], [list(BOUNDS), counts]],
        ["@slowest", "max", [*keys, status], max(latencies)],
    ]


def test_merging_is_the_same_over_threads_processes_and_readings() -> None:
    random.seed(4)
    program = latency_program(Grouping())
    values = [int(random.lognormvariate(16, 1)) for _ in range(400)]
    together, apart = Figures(Grouping()), Figures(Grouping())
    together.take(program, rows_of(["GET", "/x", ""], 200, *values))
    for start in range(0, 400, 40):
        came = apart.take(program, rows_of(["GET", "/x", ""], 200, *values[start : start + 40]))
        assert came.total() == 40
    assert apart.requests() == together.requests()
    [row] = apart.requests()
    assert row.key == ("GET", "/x")
    assert row.latencies.count == 400
    assert row.latencies.greatest == max(values)


def test_requests_under_way_are_in_no_row() -> None:
    figures, program = Figures(Grouping()), latency_program(Grouping())
    came = figures.take(program, rows_of(["GET", "/x", ""], 200, -1, -1))
    assert (figures.underway, figures.requests(), came.total()) == (2, [], 0)


def test_rows_that_are_none_are_counted() -> None:
    figures, program = Figures(Grouping()), latency_program(Grouping())
    good = rows_of(["GET", "/x", ""], 200, MS)
    bad: list[Any] = [
        None,
        [],
        ["@request"],
        ["@nothing", "count", [], 1],
        ["@request", "count", ["GET", "/x", "", 200], 1],
        ["@request", "llquantize", ["GET"], [list(BOUNDS), {"5": 1}]],
        ["@request", "llquantize", ["GET", "/x", "", 200], [[2, 0, 3, 4], {"5": 1}]],
        ["@request", "llquantize", ["GET", "/x", "", 200], [list(BOUNDS), {"99999": 1}]],
        ["@request", "llquantize", ["GET", "/x", "", 200], [list(BOUNDS), {"5": "many"}]],
        ["@slowest", "max", ["GET", "/x", "", 200], "long"],
    ]
    figures.take(program, [*bad, *good])
    assert figures.drops == len(bad)
    assert figures.all.count == 1


def test_rows_are_bounded() -> None:
    figures = Figures(Grouping.parse(["client"]))
    for number in range(MOST_ROWS + 20):
        figures.add(Request("GET", "/", 200, f"client {number}", MS))
    rows = {row.key: row.latencies.count for row in figures.requests()}
    assert len(rows) == MOST_ROWS + 1
    assert rows[(OTHERS,)] == 20
    assert figures.all.count == MOST_ROWS + 20


@pytest.mark.parametrize(
    ("by", "keys", "shown"),
    [
        ([], ["GET", "/users/:id", "", 404], ("GET", "/users/:id")),
        ([], ["GET", "", "/users/77?x", 200], ("GET", "/users/:id")),
        ([], ["GET", "", "/users/77", 404], ("GET", "(no route)")),
        ([], ["PUT", "", "/users/77", 405], ("PUT", "(no route)")),
        ([], ["GET", "", "/users/77", 0], ("GET", "/users/:id")),
        (["status"], [503], ("503",)),
        (["status"], [0], ("aborted",)),
        (["client"], ["::ffff:10.0.0.7", 200], ("10.0.0.7",)),
        (["client"], ["", 200], ("-",)),
        (["status", "route"], ["GET", "/x", "", 200], ("200", "GET", "/x")),
        (["route", "client", "method"], ["GET", "/x", "", "::1", 200], ("GET", "/x", "::1")),
    ],
)
def test_what_a_row_is_about(by: list[str], keys: list[Any], shown: tuple[str, ...]) -> None:
    grouping = Grouping.parse(by)
    figures, program = Figures(grouping), latency_program(grouping)
    figures.take(program, rows_of(keys[:-1], keys[-1], MS))
    assert figures.drops == 0
    assert [row.key for row in figures.requests()] == [shown]
    assert figures.all.errors == (keys[-1] == 0 or keys[-1] >= 500)


def handler_row(route: Any, name: str, ns: int, outcome: int = UNKNOWN) -> list[Any]:
    counts = {str(SCALE.index(ns)): 1}
    return ["@handler", "llquantize", [route, name, outcome], [list(BOUNDS), counts]]


def test_handlers_of_restify_stand_under_the_route_that_its_name_is_of() -> None:
    figures, program = Figures(Grouping()), latency_program(Grouping())
    figures.take(
        program,
        [
            *rows_of(["GET", "/users/:id", ""], 200, MS),
            handler_row("getusersid", "getUser", MS),
            handler_row("mine", "other", MS),
            handler_row("", "parseBody", MS),
            handler_row(0, "parseBody", MS),
            ["@longest", "max", ["getusersid", "getUser"], 3 * MS],
        ],
    )
    rows = {row.key: row.latencies for row in figures.handlers()}
    assert {key: latencies.count for key, latencies in rows.items()} == {
        ("GET /users/:id", "getUser"): 1,
        ("mine", "other"): 1,
        ("*", "parseBody"): 2,
    }
    assert rows["GET /users/:id", "getUser"].greatest == 3 * MS
    assert restify_name("DELETE", "/a-b/:c_d/*") == "deleteabc_d"


def test_the_program_of_every_grouping_compiles_and_asks_for_no_more_than_is_shown() -> None:
    for by in ([], ["route"], ["handler"], ["status"], ["method", "client"], ["route", "status"]):
        text = program_text(Grouping.parse(by))
        assert latency_program(Grouping.parse(by)).agent is not None
        assert ("handler" in text) == (not by or "handler" in by)
        assert ("copyinstr(arg8)" in text) == (not by or bool({"route", "handler"} & set(by)))


# -- paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("", "/"),
        ("/users/42/orders/7", "/users/:id/orders/:id"),
        ("/v2/items", "/v2/items"),
        ("/b/5f3a9c2e8d1b4a6f", "/b/:id"),
        ("/deadbeefcafe", "/deadbeefcafe"),
        ("/k/123e4567-e89b-12d3-a456-426614174000", "/k/:id"),
        ("/files/a-long-name-with-2-digits-in-it.tar.gz", "/files/:id"),
        ("/files/a-long-name-without-digits", "/files/a-long-name-without-digits"),
        ("/search?q=1", "/search"),
        ("http://example.com/a/1?b", "/a/:id"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/…"),
        ("*", "*"),
    ],
)  # fmt: skip
def test_folded(path: str, shown: str) -> None:
    assert folded(path) == shown


@given(st.text())
def test_folding_takes_anything_and_a_route_stays(path: str) -> None:
    assert "?" not in folded(path)
    if path:
        assert route_label(path, "/x", 404) == path


# -- time ------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=60))
def test_a_timeline_loses_nothing_and_stays_small(times: list[float]) -> None:
    timeline = Timeline(1.0)
    for at in times:
        timeline.add(at, {3: 1})
    assert sum(column.total() for column in timeline.columns) == len(times)
    assert len(timeline.columns) <= MOST
    assert timeline.start is not None
    assert timeline.start <= min(times)
    assert timeline.start + timeline.span * len(timeline.columns) >= max(times)
    assert sum(column.total() for column in timeline.merged(7).columns) == len(times)
    assert len(timeline.merged(7).columns) <= 7
