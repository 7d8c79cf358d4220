"""Audit logs of restify: what is a request in them, and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeobs.latency import audit
from nodeobs.latency.audit import AuditLog, parse
from nodeobs.latency.figures import Request
from nodeobs.latency.grouping import Grouping

# As restify 8 wrote it with bunyan.
RECORD: dict[str, Any] = {
    "name": "api",
    "hostname": "web1",
    "pid": 71,
    "audit": True,
    "component": "after",
    "_audit": True,
    "event": "after",
    "level": 30,
    "remoteAddress": "::ffff:10.0.0.9",
    "remotePort": 50124,
    "req_id": "e0a5",
    "req": {
        "query": "verbose=1",
        "method": "GET",
        "url": "/users/12?verbose=1",
        "headers": {"host": "web1"},
        "httpVersion": "1.1",
        "trailers": {},
        "version": "*",
        "timers": {"parseQueryString": 18, "getUser": 4200},
    },
    "res": {"statusCode": 200, "headers": {}, "trailer": False},
    "latency": 5,
    "secure": False,
    "msg": "handled: 200",
    "time": "2026-11-23T08:53:00.500Z",
    "v": 0,
}


def changed(**more: Any) -> dict[str, Any]:
    """The record with other members; those of `req` and `res` are merged."""
    record = json.loads(json.dumps(RECORD))
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(record.get(key), dict):
            record[key].update(value)
        else:
            record[key] = value
    assert isinstance(record, dict)
    return record


def read(*lines: Any, by: list[str] | None = None, size: int = 1 << 20) -> AuditLog:
    log = AuditLog(Grouping.parse(by or []))
    text = b"".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines
    )
    log.read(text[at : at + size] for at in range(0, len(text), size))
    return log


def test_a_record() -> None:
    assert parse(RECORD) == Request(
        method="GET",
        path="/users/12?verbose=1",
        status=200,
        client="::ffff:10.0.0.9",
        ns=5_000_000,
        handlers=(("parseQueryString", 18_000), ("getUser", 4_200_000)),
    )


def test_rows_of_a_log() -> None:
    log = read(
        RECORD,
        changed(latency=7.25, time="2026-11-23T08:53:10.500Z"),
        changed(req={"url": "/nope"}, res={"statusCode": 404}),
        changed(res={"statusCode": 503}),
    )
    assert (log.records, log.lines, log.skipped.total(), log.seconds) == (4, 4, 0, 10.0)
    rows = {row.key: row.latencies for row in log.figures.requests()}
    assert {key: latencies.count for key, latencies in rows.items()} == {
        ("GET", "/users/:id"): 3,
        ("GET", "(no route)"): 1,
    }
    users = rows["GET", "/users/:id"]
    assert (users.errors, users.greatest) == (1, 7_250_000)
    handlers = {row.key: row.latencies.count for row in log.figures.handlers()}
    assert handlers["GET /users/:id", "getUser"] == 3
    assert log.timeline.start == 1795423980.5
    assert [column.total() for column in log.timeline.columns] == [3, *[0] * 9, 1]


@pytest.mark.parametrize(
    "more", [{"res": {"statusCode": 444}}, {"req": {"connectionState": "close"}}]
)
def test_a_client_that_went_away(more: dict[str, Any]) -> None:
    log = read(changed(**more), by=["status"])
    assert [row.key for row in log.figures.requests()] == [("aborted",)]
    assert log.figures.all.aborted == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json\n", audit.NOT_JSON),
        (b'{"audit": true,\n', audit.NOT_JSON),
        (b"\xff\xfe\x00\n", audit.NOT_JSON),
        (b"\x00\n", audit.NOT_JSON),
        (b"[" * 100_000 + b"\n", audit.NOT_JSON),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n", audit.NOT_JSON),
        (b'{"latency": NaN}\n', audit.NOT_JSON),
        (b"null\n", audit.NO_AUDIT),
        (b"[1, 2]\n", audit.NO_AUDIT),
        (b'"audit"\n', audit.NO_AUDIT),
        ({"msg": "listening", "level": 30}, audit.NO_AUDIT),
        ({**RECORD, "audit": "yes", "_audit": 1}, audit.NO_AUDIT),
        ({**RECORD, "event": "pre", "component": "pre"}, audit.OTHER_EVENT),
        ({**RECORD, "event": "routed", "component": "routed"}, audit.OTHER_EVENT),
        (changed(latency=None), audit.INCOMPLETE),
        (changed(latency="12"), audit.INCOMPLETE),
        (changed(latency=True), audit.INCOMPLETE),
        (changed(latency=-1), audit.INCOMPLETE),
        (changed(latency=1e300), audit.INCOMPLETE),
        (changed(latency=[1]), audit.INCOMPLETE),
        ({**RECORD, "req": False}, audit.INCOMPLETE),
        ({**RECORD, "req": []}, audit.INCOMPLETE),
        (changed(req={"method": 7}), audit.INCOMPLETE),
        (changed(req={"url": None}), audit.INCOMPLETE),
        ({**RECORD, "res": False}, audit.INCOMPLETE),
        (changed(res={"statusCode": "200"}), audit.INCOMPLETE),
        (changed(res={"statusCode": 10**30}), audit.INCOMPLETE),
        (b"x" * (5 << 20) + b"\n", audit.TOO_LONG),
    ],
)  # fmt: skip
def test_lines_that_are_skipped_and_counted(line: Any, reason: str) -> None:
    log = read(RECORD, line, RECORD)
    assert log.skipped == {reason: 1}
    assert (log.lines, log.records) == (3, 2)


def test_what_does_not_matter_may_be_anything() -> None:
    times: list[Any] = ["yesterday", 5, -1, 1e300, None, [], "0001-01-01", {}]
    clients: list[Any] = [None, 7, ["a"]]
    timers: list[Any] = [None, 5, [], {"a": "b", "c": None, "d": -1, "e": 1e300, "f": True}]
    odd = [changed(time=value) for value in times]
    odd += [changed(remoteAddress=value) for value in clients]
    odd += [{**RECORD, "req": {**RECORD["req"], "timers": value}} for value in timers]
    log = read(*odd)
    assert (log.records, log.skipped.total()) == (len(odd), 0)


def test_lines_come_in_pieces_of_any_size() -> None:
    whole = read(RECORD, b"\n", b"junk\r\n", changed(latency=9))
    for size in (1, 7, 100):
        parts = read(RECORD, b"\n", b"junk\r\n", changed(latency=9), size=size)
        assert parts.figures.requests() == whole.figures.requests()
        assert (parts.lines, parts.records) == (3, 2)


def test_a_line_without_an_end_is_not_kept() -> None:
    log = AuditLog(Grouping())

    def endless() -> Any:
        for _ in range(200):
            yield b"x" * (1 << 20)
        yield b"\n"
        yield json.dumps(RECORD).encode()

    log.read(endless())
    assert (log.skipped[audit.TOO_LONG], log.records) == (1, 1)


def test_records_of_pino_have_milliseconds() -> None:
    log = read(changed(time=1795423980500), changed(time=1795423981500))
    assert (log.timeline.start, log.seconds) == (1795423980.5, 1.0)


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes(lines: list[bytes]) -> None:
    log = AuditLog(Grouping())
    log.read(line + b"\n" for line in lines)
    assert log.records == 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(RECORD)), _JSON), st.sampled_from(["req", "res"]),
       _JSON)  # fmt: skip
def test_any_member(members: dict[str, Any], inner: str, value: Any) -> None:
    record = {**RECORD, **members, "audit": True}
    if isinstance(record.get(inner), dict):
        record[inner] = {**record[inner], "timers": value, "statusCode": value}
    log = AuditLog(Grouping())
    log.add(json.dumps(record).encode())
    assert log.lines == 1
    assert log.figures.all.count == log.records
