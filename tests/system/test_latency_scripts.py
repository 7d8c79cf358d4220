"""The scripts of the library that are about collections, the event loop, handlers, logs, names."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.latency_app import REGISTER, App
from tests.system.library_script import Script, counted, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Child, StartNode, StartNodeobs


@pytest.fixture
def run(start_nodeobs: StartNodeobs) -> Callable[..., Script]:
    return partial(Script.start, start_nodeobs)


@pytest.fixture
def app(node: StartNode) -> Child:
    return node("scripts_app.js", options=(*REGISTER, "--expose-gc"))


def test_gc_pauses(app: Child, run: Any) -> None:
    script = run(app.pid, "gc-pauses", "60000")
    app.do("gc 5")
    # They come a turn of the event loop later.
    app.do("stall 1")
    lines = script.end()
    assert lines[0] == "Pauses of 60000 ms and longer; Ctrl-C ends it."
    assert lines[2].split()[0] == "PAUSES", "none is so long"
    pauses, total, longest = table(lines, "PAUSES")["mark-sweep-compact"]
    assert pauses >= 5
    assert 0 < longest <= total
    assert counted(lines, "mark-sweep-compact") == pauses


def test_long_gc_pauses_are_printed(app: Child, run: Any) -> None:
    # A full collection, even of a small heap, takes a millisecond most of the time.
    script = run(app.pid, "gc-pauses", "1")
    app.do("gc 20")
    app.do("stall 1")
    rows = [line.split() for line in script.end() if line.endswith("ms mark-sweep-compact")]
    assert rows
    assert all(row[4:6] == [str(app.pid), "0"] and float(row[6]) >= 1 for row in rows)


def test_event_loop_stalls(app: Child, run: Any) -> None:
    script = run(app.pid, "event-loop-stalls", "150")
    app.do("stall 40")
    app.do("stall 300")
    app.do("stall 600")
    lines = script.end()
    lengths = [int(line.split()[6]) for line in lines[2:] if " ms " in line]
    # On a machine without a free CPU there may be others.
    assert len([length for length in lengths if length >= 280]) >= 2
    assert max(lengths) >= 580
    # By thread.
    assert table(lines, "STALLS") == {"0": [len(lengths), max(lengths), app.pid]}
    assert counted(lines, "milliseconds") == len(lengths)


def test_dns_latency(app: Child, run: Any) -> None:
    script = run(app.pid, "dns-latency", "60000")
    app.do("lookup localhost")
    app.do("lookup localhost")
    app.do("lookup name.invalid")
    lines = script.end()
    [failed] = [line for line in lines if "name.invalid:" in line]
    assert re.search(r"name\.invalid: (ENOTFOUND|EAI_AGAIN)$", failed)
    found = table(lines, "LOOKUPS")
    assert {host: row[:2] for host, row in found.items()} == {
        "localhost": [2, 0],
        "name.invalid": [1, 1],
    }
    assert all(mean <= longest for _, _, mean, longest in found.values())
    assert counted(lines, "microseconds") == 3


def test_log_rate(app: Child, run: Any) -> None:
    script = run(app.pid, "log-rate", "3600")
    app.do("log info 30")
    app.do("log error 4")
    app.do("log debug 50")
    app.do("other 200")
    lines = script.end()
    found = table(lines, "RECORDS")
    assert {key: row[0] for key, row in found.items()} == {
        "api info": 30,
        "api error": 4,
        "db warn": 200,
    }
    assert all(row[1] > row[0] * 80 for row in found.values()), "bytes"
    assert list(found) == ["api error", "api info", "db warn"], "the most bytes are last"


def test_log_rate_at_intervals(app: Child, run: Any) -> None:
    script = run(app.pid, "log-rate", "1")
    app.do("other 3")
    script.child.out.until(lambda line: line.split()[-2:] == ["db", "warn"])
    app.do("other 2")
    script.child.out.until(lambda line: line.split()[-2:] == ["db", "warn"])
    lines = script.end()
    rows = [line.split() for line in lines if line.endswith("warn")]
    assert [row[0] for row in rows] == ["3", "2", "5"]


@pytest.mark.parametrize(
    ("framework", "route"),
    [
        ("express", "/slow-next/:ms"),
        ("express4", "/slow-next/:ms"),
        ("restify", "getslownextms"),
    ],
)
def test_handler_breakdown(node: StartNode, run: Any, framework: str, route: str) -> None:
    server = App.start(node, framework)
    script = run(server.pid, "handler-breakdown")
    server.get_all(["/slow-next/40"] * 6)
    server.get("/fail")
    found = table(script.end(), "RUNS")
    assert found["* first"][0] == 7
    runs, total, mean, longest = found[f"{route} check"]
    assert runs == 6
    assert 39_000 <= mean <= longest <= total
    assert found[f"{route} answer"][0] == 6
    assert list(found)[-1] == f"{route} check", "the greatest sum is last"

    script = run(server.pid, "handler-breakdown", "check")
    server.get("/slow-next/5")
    assert set(table(script.end(), "RUNS")) == {f"{route} check"}
