"""Records of pino and winston are understood."""

from __future__ import annotations

from typing import Any

import pytest

from nodeobs.log import Renderer
from nodeobs.log.foreign import log_record
from nodeobs.log.times import canonical

PINO = {"level": 30, "time": 1763888000123, "pid": 71, "hostname": "box", "msg": "hello", "n": 5}
WINSTON = {"level": "warn", "message": "hello", "timestamp": "2026-11-23T08:53:00.123Z", "n": 5}


def line(record: dict[str, Any], mode: str = "long") -> str:
    understood = log_record(record)
    assert understood is not None
    return Renderer(mode).fields(understood)


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (PINO, "[2025-11-23T08:53:20.123Z]  INFO: 71 on box: hello (n=5)\n"),
        ({**PINO, "name": "api"}, "[2025-11-23T08:53:20.123Z]  INFO: api/71 on box: hello (n=5)\n"),
        ({"level": 35, "time": 1, "msg": "x"}, "[1970-01-01T00:00:01.000Z] LVL35: x\n"),
        ({"level": "error", "msg": "x"}, "ERROR: x\n"),
        ({"level": "info", "time": "12:00", "msg": "x"}, "[12:00]  INFO: x\n"),
        ({"level": 30, "time": 1763888000123}, "[2025-11-23T08:53:20.123Z]  INFO: \n"),
        (WINSTON, "[2026-11-23T08:53:00.123Z]  WARN: hello (n=5)\n"),
        ({**WINSTON, "service": "api"}, "[2026-11-23T08:53:00.123Z]  WARN: api: hello (n=5)\n"),
        ({**WINSTON, "level": "\x1b[32msilly\x1b[39m", "n": "a b"},
         '[2026-11-23T08:53:00.123Z] TRACE: hello (n="a b")\n'),
        ({**WINSTON, "timestamp": "2026-11-23 09:53:00", "level": "crit"},
         "[2026-11-23T09:53:00.000Z] FATAL: hello (n=5)\n"),
    ],
)  # fmt: skip
def test_the_long_form(record: dict[str, Any], shown: str) -> None:
    assert line(record) == shown


def test_other_forms() -> None:
    assert line(PINO, "short") == "08:53:20.123Z  INFO: hello (n=5)\n"
    assert line(PINO, "simple") == "INFO - hello\n"
    assert line(PINO, "bunyan") == (
        '{"hostname":"box","pid":71,"level":30,"n":5,"msg":"hello",'
        '"time":"2025-11-23T08:53:20.123Z","v":0}\n'
    )


def test_errors_have_their_place() -> None:
    stack = "TypeError: boom\n    at f (a.js:1:2)"
    error = {"type": "TypeError", "message": "boom", "stack": stack, "code": "E"}
    assert line({**PINO, "err": error}) == (
        "[2025-11-23T08:53:20.123Z]  INFO: 71 on box: hello (n=5, err.code=E)\n"
        "    TypeError: boom\n        at f (a.js:1:2)\n"
    )
    assert line({**WINSTON, "stack": stack}).endswith(
        "    TypeError: boom\n        at f (a.js:1:2)\n"
    )


@pytest.mark.parametrize(
    "value",
    [
        None, 5, "text", [], {}, {"a": 1}, {"level": 30}, {"msg": "x"}, {"level": True, "msg": "x"},
        {"level": "loud", "msg": "x"}, {"level": None, "msg": "x"}, {"level": 30, "msg": None},
    ],
)  # fmt: skip
def test_what_is_no_record(value: Any) -> None:
    assert log_record(value) is None


def test_bunyans_stay_what_they_are() -> None:
    record = {**PINO, "name": "api", "time": "whenever", "v": 0}
    assert log_record(record) is record
    named = log_record({**record, "level": "error"})
    assert named is not None
    assert named["level"] == 50
    odd = {**record, "level": "loud"}
    assert log_record(odd) is odd


@pytest.mark.parametrize(
    ("time", "written"),
    [
        ("2026-11-23T08:53:00.123Z", "2026-11-23T08:53:00.123Z"),
        ("2026-11-23T09:53:00.123456+01:00", "2026-11-23T08:53:00.123Z"),
        ("2026-11-23", "2026-11-23T00:00:00.000Z"),
        (1763888000123, "2025-11-23T08:53:20.123Z"),
        (1763888000, "2025-11-23T08:53:20.000Z"),
        (1763888000123.9, "2025-11-23T08:53:20.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (1e30, None), (float("nan"), None), ("soon", None), (None, None), (True, None), ([], None),
        ("0001-01-01T00:00:00.000+23:00", None),
    ],
)  # fmt: skip
def test_times(time: Any, written: str | None) -> None:
    assert canonical(time) == written
