"""`nodeobs snoop` as a function of batches and events."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from nodeobs.attachment import Ended
from nodeobs.bus.protocol import Batch
from nodeobs.filter import compile_filter
from nodeobs.log import Renderer
from nodeobs.reports.snoop import Printer, Selection, summary_lines, summary_object
from nodeobs.snoop.watched import Event, Joined, Left, Told, Watched


def log(level: int, msg: str, **more: Any) -> bytes:
    return orjson.dumps(
        {"name": "api", "hostname": "box", "pid": 71, "level": level, "msg": msg,
         "time": "2026-11-23T08:53:00.123Z", "v": 0, **more}
    )  # fmt: skip


def firing(provider: str, probe: str, *args: Any, module: str = "m") -> bytes:
    return orjson.dumps(
        {"provider": provider, "module": module, "probe": probe, "pid": 71, "tid": 0,
         "time": "2026-11-23T08:53:00.123Z", "args": args}
    )  # fmt: skip


def batch(topic: str, *lines: bytes, pid: int = 4242, tid: int = 0, dropped: int = 0) -> Batch:
    payload = b"".join(line + b"\n" for line in lines)
    return Batch(pid, tid, topic, 0, len(lines), dropped, (0, len(lines)), payload)


def watched(**more: Any) -> Watched:
    return Watched(4243, "orders-api", "node server.js", "v20.20.2", since=10.0, **more)


def printed(
    *events: Event, mode: str = "simple", selection: Selection | None = None, **more: Any
) -> tuple[str, str]:
    printer = Printer(Renderer(mode), selection or Selection(), **more)
    out, beside = printer.render(events)
    return out.decode(), beside.decode()


def test_notices_stand_beside_a_pipe_and_among_the_lines_of_a_terminal() -> None:
    events: list[Event] = [
        Joined(watched()),
        batch("log.30.api", log(30, "a")),
        batch("log.20.api", log(20, "b"), dropped=312),
        Told(4242, "stuck", "4242 (server.js): event loop has not answered"),
        Left(watched(ended=Ended("exited", 0))),
        Left(watched(ended=Ended("killed"))),
    ]
    out, beside = printed(*events)
    assert out == "INFO - a\nDEBUG - b\n"
    assert beside == (
        "-- 4243 orders-api joined\n"
        "-- 4242: 312 records of log.20.api dropped (the reader was too slow)\n"
        "-- 4242 (server.js): event loop has not answered\n"
        "-- 4243 orders-api exited (code 0)\n"
        "-- 4243 orders-api gone (killed or crashed)\n"
    )
    out, beside = printed(*events, inline=True)
    assert beside == ""
    assert out.splitlines()[:4] == [
        "-- 4243 orders-api joined",
        "INFO - a",
        "-- 4242: 312 records of log.20.api dropped (the reader was too slow)",
        "DEBUG - b",
    ]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"event": "level", "logger": "api", "level": 20}, "temporary level of api: debug"),
        ({"event": "level", "logger": None, "level": 35}, "temporary level of all loggers: lvl35"),
        ({"event": "level", "logger": "api", "level": None}, "temporary level of api ended"),
        ({"event": "stopped", "reason": "asked to"}, "agent stopped (asked to)"),
        ({"event": "new", "pid": 71, "tid": 0, "time": "t", "size": 3}, "new size=3"),
    ],
)
def test_events_of_an_agent_are_told(event: dict[str, Any], said: str) -> None:
    assert printed(batch("agent", orjson.dumps(event)))[1] == f"-- 4242: {said}\n"
    exit_ = b'{"event":"exit","code":0}'
    assert printed(batch("agent", exit_))[1] == ""
    assert printed(batch("agent", exit_, tid=3))[1] == "-- 4242/3: exited (code 0)\n"


def test_json_has_everything_in_one_stream() -> None:
    out, beside = printed(
        Joined(watched()),
        batch("log.30.api", log(30, "a"), b"not json"),
        batch("probe.restify.route-start", firing("restify", "route-start", 7), tid=2),
        batch("log.20.api", dropped=3),
        batch("agent", b'{"event":"level","logger":"api","level":20}', b'{"event":"exit"}'),
        Told(4242, "stuck", "text"),
        Left(watched(ended=Ended("exited", 3))),
        as_json=True,
    )
    assert beside == ""
    objects = [orjson.loads(line) for line in out.splitlines()]
    assert [one["type"] for one in objects] == [
        "join", "log", "log", "probe", "drop", "agent", "stuck", "leave",
    ]  # fmt: skip
    assert objects[1] == {
        "type": "log", "pid": 4242, "tid": 0, "record": orjson.loads(log(30, "a")),
    }  # fmt: skip
    assert objects[2]["line"] == "not json"
    assert objects[3]["tid"] == 2
    assert objects[4]["count"] == 3
    assert objects[5]["events"] == [{"event": "level", "logger": "api", "level": 20}]
    assert (objects[7]["reason"], objects[7]["code"]) == ("exited", 3)


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (None, [5, 10, 15, 25, 30, 35, 40]),
        (10, [10, 15, 25, 30, 35, 40]),
        (20, [25, 30, 35, 40]),
        (25, [25, 30, 35, 40]),
        (35, [35, 40]),
    ],
)
def test_levels_between_the_topics(level: int | None, shown: list[int]) -> None:
    batches = [
        batch("log.10.api", *(log(number, str(number)) for number in (5, 10, 15))),
        batch("log.20.api", log(25, "25")),
        batch("log.30.api", log(30, "30"), log(35, "35")),
        batch("log.40.api", log(40, "40")),
    ]
    # Only what the subscription for the level lets through.
    batches = [one for one in batches if int(one.topic.split(".")[1]) >= (level or 10) // 10 * 10]
    out, _ = printed(*batches, selection=Selection(level), mode="bunyan")
    assert [orjson.loads(line)["level"] for line in out.splitlines()] == shown


def test_probes_are_matched_exactly() -> None:
    batches = [
        batch("probe.restify.route-start", firing("restify", "route-start", module="mod-1")),
        batch("probe.restify.route-startle", firing("restify", "route-startle", module="mod-2")),
        batch("probe.other.route-start", firing("other", "route-start")),
    ]
    for globs, expected in (
        (["restify:route-start"], ["restify:route-start"]),
        (["restify:mod-2:*"], ["restify:route-startle"]),
        (["restify::route-start"], ["restify:route-start"]),
        (["*:route-start"], ["restify:route-start", "other:route-start"]),
        (["other"], ["other:route-start"]),
        (["restify:*-startle", "o*:*"], ["restify:route-startle", "other:route-start"]),
    ):
        out, _ = printed(*batches, selection=Selection(globs=globs))
        assert [line.split()[2] for line in out.splitlines()] == expected


def test_filters_see_records_and_firings() -> None:
    filters = [compile_filter("msg == 'b' || args[0] == 7"), compile_filter("pid == 71")]
    out, _ = printed(
        batch("log.30.api", log(30, "a"), log(30, "b"), b"not json", log(30, "b", pid=72)),
        batch("probe.restify.x", firing("restify", "x", 7), firing("restify", "x", 8)),
        selection=Selection(filters=filters),
    )
    assert out == "INFO - b\nPROBE - restify:x 7\n"


def test_the_limit_is_exact() -> None:
    printer = Printer(Renderer("bunyan"), Selection(), limit=3)
    out, _ = printer.render([batch("log.30.api", *[log(30, "a")] * 2) for _ in range(3)])
    assert len(out.splitlines()) == 3
    assert printer.full
    assert printer.shown == 3


def test_bunyan_records_come_byte_for_byte() -> None:
    lines = (b'{"v":0, "odd" : 1e3}', log(30, "\x1b"), b"\xff not utf-8", b"")
    for selection in (Selection(), Selection(10)):
        printer = Printer(Renderer("bunyan"), selection)
        out, _ = printer.render([batch("log.10.api", *lines)])
        assert out == b"".join(line + b"\n" for line in lines)
    out, _ = Printer(Renderer("bunyan", terminal=True), Selection()).render(
        [batch("log.10.api", '{"a":"\x9b\x7f"}'.encode())]
    )
    assert out == b'{"a":"\\u009b\\u007f"}\n'


def test_the_pid_column() -> None:
    events = [
        batch("log.30.api", log(30, "a\nb"), pid=7),
        batch("log.30.api", log(30, "c"), pid=42424, tid=3),
        batch("log.30.api", log(30, "d"), pid=7),
    ]
    out, _ = printed(*events, column=True)
    assert out == "7 INFO - a\n  b\n42424/3 INFO - c\n7       INFO - d\n"
    # Without it, it begins with the first record of a second thread.
    out, _ = printed(*events)
    assert out == "INFO - a\nb\n42424/3 INFO - c\n7       INFO - d\n"
    assert printed(*events, column=True, mode="bunyan")[0].startswith("{")


def test_half_a_character_is_shown() -> None:
    line = b'{"name":"api","hostname":"h","pid":1,"level":30,"msg":"\\ud83d!","time":"t","v":0}'
    for terminal in (False, True):
        out, _ = Printer(Renderer("simple", terminal=terminal), Selection()).render(
            [batch("log.30.api", line)]
        )
        assert out.startswith(b"INFO - ")
        assert out.endswith(b"!\n")
        out.decode()


def test_the_summary() -> None:
    one = watched(
        records={20: 1200, 30: 34},
        firings={"restify.route-start": 7, "restify.route-done": 6},
        dropped=312,
        bytes=345_000,
        cost_ms=1.25,
    )
    assert summary_lines(one, 22.5) == [
        (
            "-- 4243 orders-api: 1,234 log records (1,200 debug, 34 info), 13 probe firings, "
            "312 dropped, 337KB in 12.5 s"
        ),
        "   firings: 7 restify:route-start, 6 restify:route-done",
        "   it cost the process 1.2 ms (0.01 % of the time)",
    ]
    assert summary_object(one, 22.5) == {
        "type": "summary", "pid": 4243, "app": "orders-api", "records": 1234,
        "levels": {"debug": 1200, "info": 34}, "firings": 13,
        "probes": {"restify:route-start": 7, "restify:route-done": 6}, "dropped": 312,
        "bytes": 345_000, "seconds": 12.5, "cost_ms": 1.25,
    }  # fmt: skip


def test_notices_cannot_drive_the_terminal() -> None:
    evil = Watched(1, "a\x1b[2J\nb", "", None, since=0.0)
    printer = Printer(Renderer("long", terminal=True), Selection(), inline=True)
    out, _ = printer.render([Joined(evil), batch("log.30.\x1b[2J", dropped=1)])
    _, summary = printer.summary([evil], 1.0)
    assert b"\x1b" not in out + summary
    assert len(out.splitlines()) == 2
