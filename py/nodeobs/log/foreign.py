"""Records of pino and winston, and of whatever writes as they do, as bunyan's.

pino's have numbers as levels and milliseconds since the epoch as times, or by its options names and
ISO 8601; winston's have `message`, `timestamp` and the names that npm or syslog give to levels.
"""

from __future__ import annotations

import re
from typing import Any, Final

from nodeobs.log.record import is_record
from nodeobs.log.times import canonical

#: Levels by the names that loggers have for them.
LEVELS_BY_NAME: Final = {
    "trace": 10, "silly": 10,
    "debug": 20, "verbose": 20,
    "info": 30, "http": 30, "notice": 30,
    "warn": 40, "warning": 40,
    "error": 50, "err": 50,
    "fatal": 60, "crit": 60, "critical": 60, "alert": 60, "emerg": 60,
}  # fmt: skip

_COLOR: Final = re.compile(r"\x1b\[[\d;]*m")
_MESSAGES: Final = ("msg", "message")
_TIMES: Final = ("time", "timestamp")


def log_record(value: Any) -> dict[str, Any] | None:
    """The log record that a value from JSON is, with bunyan's names for its fields; None where it
    is none. bunyan's own are as they were, unless their levels are names."""
    if not isinstance(value, dict):
        return None
    if not is_record(value):
        return foreign(value)
    return (foreign(value) or value) if isinstance(value["level"], str) else value


def foreign(record: dict[str, Any]) -> dict[str, Any] | None:
    """What of bunyan's fields the record has, and all others. None where it is no log record: it
    has no level, or neither a message nor a time."""
    level = _level(record.get("level"))
    message = next((key for key in _MESSAGES if record.get(key) is not None), None)
    time = next((key for key in _TIMES if record.get(key) is not None), None)
    if level is None or (message is None and time is None):
        return None
    rest = {key: value for key, value in record.items() if key not in ("v", "level", message, time)}
    name = rest.pop("name", None)
    if name is None and isinstance(rest.get("service"), str):
        name = rest.pop("service")  # as winston's documentation has it
    known = {"name": name, "hostname": rest.pop("hostname", None), "pid": rest.pop("pid", None)}
    fields = {key: value for key, value in known.items() if value is not None}
    fields["level"] = level
    fields.update(_with_error(rest))
    if message is not None:
        fields["msg"] = record[message]
    if time is not None:
        fields["time"] = canonical(record[time]) or record[time]
    fields["v"] = 0
    return fields


def _level(level: Any) -> float | None:
    if isinstance(level, str):
        return LEVELS_BY_NAME.get(_COLOR.sub("", level).lower())
    return None if isinstance(level, bool) or not isinstance(level, (int, float)) else level


def _with_error(fields: dict[str, Any]) -> dict[str, Any]:
    """The error where bunyan has it, without what its stack says as well."""
    error, stack = fields.get("err"), fields.get("stack")
    if isinstance(error, dict) and isinstance(error.get("stack"), str):
        fields["err"] = {key: value for key, value in error.items() if key != "type"}
    elif isinstance(stack, str) and error is None:
        return {**{key: value for key, value in fields.items() if key != "stack"},
                "err": {"stack": stack}}  # fmt: skip
    return fields
