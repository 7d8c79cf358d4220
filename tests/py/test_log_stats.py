"""What `nodeobs log --stats` counts and shows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from nodeobs.filter import compile_filter
from nodeobs.logfile.frequent import Frequent
from nodeobs.logfile.lines import Fragment
from nodeobs.logfile.selection import Selection
from nodeobs.logfile.span import Span
from nodeobs.logfile.stats import OTHERS, UNKNOWN_LEVEL, LogStats
from nodeobs.reports.log_stats import stats_lines, stats_objects

if TYPE_CHECKING:
    from tests.py.conftest import Golden


def record(minute: int = 0, **more: Any) -> dict[str, Any]:
    time = f"2026-11-23T{8 + minute // 60:02}:{minute % 60:02}:12.345Z"
    return {"name": "api", "hostname": "box", "pid": 71, "level": 30, "msg": "hello",
            "time": time, "v": 0, **more}  # fmt: skip


def counted(*records: Any, selection: Selection | None = None) -> LogStats:
    stats = LogStats(selection or Selection())
    lines = [one if isinstance(one, bytes) else orjson.dumps(one) for one in records]
    stats.read([b"".join(line + b"\n" for line in lines)] if lines else [])
    return stats


def day() -> LogStats:
    choose = random.Random(1)
    records: list[Any] = []
    for minute in range(90):
        for number in range(choose.randrange(1, 40)):
            level = choose.choices((10, 30, 40, 50, 35), (3, 9, 2, 1, 0.1))[0]
            name = choose.choice(("api", "db", "a logger \x1b[2J with a name that is rather long"))
            more: dict[str, Any] = {"latency": number * 1.5} if level == 30 else {}
            if level == 40:
                more = {"req": {"method": "GET", "url": f"/u/{number}"}, "req_id": "a-1",
                        "res": {"responseTime": 2_000 + minute}}  # fmt: skip
            records.append(record(minute, level=level, name=name, msg=f"user {number}", **more))
    return counted(*records, b"junk", {"level": "error", "message": "x"}, b"")


def test_the_tables(golden: Golden) -> None:
    stats = day()
    for name, width in (("80", 80), ("160", 160), ("uncut", None)):
        golden(f"log_stats.{name}", stats_lines(stats, width=width))
    golden("log_stats.ascii", stats_lines(stats, unicode=False))


def test_colours() -> None:
    lines = "\n".join(stats_lines(day(), colour=True))
    assert "\x1b[36mINFO\x1b[39m" in lines
    assert "\x1b[2J" not in lines


def test_the_objects() -> None:
    stats = day()
    objects = stats_objects(stats)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for one in objects:
        by_type.setdefault(one["type"], []).append(one)
    assert sum(one["count"] for one in by_type["level"]) == stats.records
    assert sum(one["count"] for one in by_type["logger"]) == stats.records
    assert sum(one["count"] for one in by_type["interval"]) == stats.records - 1  # has no time
    assert len(by_type["interval"]) == 90
    assert by_type["interval"][1]["time"] == "2026-11-23T08:01:00Z"
    assert {one["field"] for one in by_type["latency"]} == {"latency", "res.responseTime"}
    assert [one["ms"] for one in by_type["slowest"]] == sorted(
        (one["ms"] for one in by_type["slowest"]), reverse=True
    )
    assert by_type["slowest"][0]["what"].startswith("GET /u/")
    assert objects[-1] == {
        "type": "summary", "records": stats.records, "other_lines": 2,
        "first": "2026-11-23T08:00:12.345Z", "last": "2026-11-23T09:29:12.345Z",
        "message_error": 0,
    }  # fmt: skip


def test_nothing() -> None:
    assert stats_lines(counted()) == ["0 records"]
    assert stats_lines(counted(b"junk")) == ["0 records; 1 other line"]


def test_messages_of_a_kind_are_one() -> None:
    stats = counted(
        record(msg="user 5 has 2.5 MB"), record(msg="user 17 has 3 MB"), record(msg="a\nb"),
        record(msg="job 1f0c9e4a-7c1b-4bd8-9f0e-0a6d2b1c3d4e failed"),
        record(msg="job 2f0c9e4a-7c1b-4bd8-9f0e-0a6d2b1c3d4e failed"),
        record(msg="deadbeef facade"),
    )  # fmt: skip
    assert stats.messages.most(9) == [
        ("job # failed", 2), ("user # has # MB", 2), ("a", 1), ("deadbeef facade", 1),
    ]  # fmt: skip


def test_a_selection() -> None:
    selection = Selection(level=40, filters=[compile_filter("msg == 'x'")], strict=True)
    stats = counted(
        record(level=50, msg="x"), record(level=30, msg="x"), record(level=50), b"junk",
        selection=selection,
    )  # fmt: skip
    assert (stats.records, stats.other) == (1, 0)
    span = Selection(span=Span("2026-11-23T08:02:00.000Z", None))
    stats = counted(record(1), b"of 1", record(2), b"of 2", selection=span)
    assert (stats.records, stats.other) == (1, 1)


def test_odd_records() -> None:
    stats = counted(
        record(level="loud"), record(level=[30]), record(time="soon"), record(latency="5"),
        record(latency=-1), record(latency=True), record(latency=1e300), record(res=5),
        record(name=None, level=30),
    )  # fmt: skip
    assert stats.levels == {UNKNOWN_LEVEL: 1, 30: 8}
    assert stats.latencies == {}
    stats.read([Fragment(b"long"), Fragment(b"line\n")])
    assert stats.other == 1


def test_memory_is_bounded() -> None:
    stats = counted(*(record(minute % 60, name=f"n{minute}", msg=f"{minute:b}".translate(
        str.maketrans("01", "ab"))) for minute in range(5000)))  # fmt: skip
    assert len(stats.loggers) == 1001
    assert stats.loggers[OTHERS].total() == 4000
    assert len(stats.messages.most(10_000)) <= 4000
    assert stats.messages.error == 1


@given(st.lists(st.sampled_from("aaaaabbbccdefghijklmnop")), st.integers(1, 4))
def test_no_count_is_too_low_nor_too_high_by_more_than_the_error(
    texts: list[str], capacity: int
) -> None:
    frequent = Frequent(capacity)
    for text in texts:
        frequent.add(text)
    for text, count in frequent.most(100):
        assert texts.count(text) <= count <= texts.count(text) + frequent.error
    assert len(frequent.most(100)) <= 2 * capacity
