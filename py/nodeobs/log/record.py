"""One log record in bunyan's modes: pure functions of a record to its text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from nodeobs.javascript import SAFE_INTEGER, UNDEFINED, length, number, number_text, text, truthy
from nodeobs.log.blocks import as_fields, error_block, request_block, response_block
from nodeobs.log.json_text import quote, stringify

LEVEL_NAMES: Final = {
    "10": "TRACE",
    "20": "DEBUG",
    "30": "INFO",
    "40": "WARN",
    "50": "ERROR",
    "60": "FATAL",
}

#: Longer values move from the line to the details below it, as in bunyan.
LONGEST_EXTRA: Final = 50

#: What every record of bunyan has.
NEEDED: Final = frozenset(("v", "level", "name", "hostname", "pid", "time", "msg"))
_ALL_NEEDED: Final = itemgetter(*NEEDED)
_BLOCKS: Final = (
    ("req", request_block, "req."),
    ("client_req", request_block, "client_req."),
    ("res", response_block, "res."),
    ("client_res", response_block, "res."),
    ("err", error_block, "err."),
)
BLOCK_FIELDS: Final = frozenset(key for key, _, _ in _BLOCKS)
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d\.\d{3}Z)", re.ASCII)

#: What a form shows of the time of a record.
Clock = Callable[[str], str]


@dataclass(slots=True)
class Line:
    """A record taken apart: what stands in its line and what below it.

    `message` is None where it has moved to `details`, `subject` where nothing says whose record it
    is; other parts that are not there are empty. Nothing is escaped or coloured yet.
    """

    time: str
    level: str
    level_key: str
    subject: str | None
    short: bool
    host: str = ""
    source: str = ""
    message: str | None = None
    extras: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


def is_record(value: Any) -> bool:
    """Whether `value` is a log record by bunyan's rule: seven fields that are there."""
    if not isinstance(value, dict):
        return False
    try:
        return None not in _ALL_NEEDED(value)
    except KeyError:
        return False


def level_text(level: Any) -> tuple[str, str]:
    """The name shown for a level (`LVL35` between the names) and its number as text."""
    key = text(level)
    return LEVEL_NAMES.get(key, "LVL" + key), key


def simple(record: dict[str, Any]) -> str:
    """`INFO - message`, of what there is."""
    level = [level_text(record["level"])[0]] if "level" in record else []
    message = [text(record["msg"])] if "msg" in record else []
    return " - ".join(level + message)


def line_of(record: dict[str, Any], *, short: bool, clock: Clock | None = None) -> Line:
    """The parts of the long or short form of a record; of bunyan's fields those that it has.

    `clock` makes what is shown of a time, instead of bunyan's UTC.
    """
    rest = dict(record)
    rest.pop("v", None)
    subject = _subject(rest, short)
    level, level_key = "", ""
    if "level" in rest:
        level, level_key = level_text(rest.pop("level"))
    line = Line(
        time=_shown_time(rest.pop("time", UNDEFINED), short, clock),
        # Only names are padded: bunyan leaves LVL0 as it is.
        level=f"{level:>5}" if level_key in LEVEL_NAMES else level,
        level_key=level_key,
        subject=subject,
        short=short,
    )
    host, source = rest.pop("hostname", UNDEFINED), rest.pop("src", None)
    if not short:
        if host is not UNDEFINED:
            line.host = text(host) if truthy(host) else "<no-hostname>"
        line.source = _source(source)
    request_id = rest.pop("req_id", None)
    if request_id is not None and truthy(request_id):
        line.extras.append("req_id=" + text(request_id))
    message = text(rest.pop("msg", ""))
    if "\n" in message:
        line.details.append(message)
    else:
        line.message = message
    take_blocks(rest, line.details)
    for key, value in rest.items():
        _place(key, value, line)
    return line


def _subject(rest: dict[str, Any], short: bool) -> str | None:
    """`name/component/pid`."""
    parts = [text(rest.pop("name"))] if "name" in rest else []
    component, pid = rest.pop("component", None), rest.pop("pid", UNDEFINED)
    if component is not None and truthy(component):
        parts.append(text(component))
    if not short and pid is not UNDEFINED:
        parts.append(text(pid))
    return "/".join(parts) if parts else None


def _shown_time(time: Any, short: bool, clock: Clock | None) -> str:
    if time is UNDEFINED:
        return ""
    shown = text(time)
    if clock is not None:
        shown = clock(shown)
    elif short:
        return short_time(shown)
    return shown if short else f"[{shown}]"


def short_time(time: str) -> str:
    """`HH:MM:SS.mmmZ` of a time, in UTC."""
    match = _UTC.fullmatch(time)
    if match is not None:
        return match[1]
    try:
        moment = datetime.datetime.fromisoformat(time)
    except ValueError:
        return time
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        moment = moment.astimezone(datetime.UTC)
    except OverflowError:
        return time
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def indent(block: str) -> str:
    """A block of details: four spaces before each line."""
    return "    " + block.replace("\r\n", "\n").replace("\n", "\n    ")


def _source(src: Any) -> str:
    if not isinstance(src, dict) or not truthy(src.get("file")):
        return ""
    line = src.get("line", UNDEFINED)
    place = f"{text(src['file'])}:{number_text(number(line))}"
    if truthy(src.get("func")):
        place += f" in {text(src['func'])}"
    return f" ({place})"


def take_blocks(rest: dict[str, Any], details: list[str]) -> None:
    """Move requests, responses and errors out of the fields of a record."""
    for key, render, prefix in _BLOCKS:
        if key not in rest:
            continue
        fields = as_fields(rest[key])
        if fields is None or (key == "err" and not truthy(fields.get("stack"))):
            continue
        del rest[key]
        block, left = render(fields)
        if block:
            details.append(block)
        for name, value in left.items():
            rest[prefix + name] = value


def _place(key: str, value: Any, line: Line) -> None:
    """A field that has no place of its own: in the line if it fits, else below."""
    if isinstance(value, str):
        written = value
        shown = quote(value) if not value or " " in value else value
    elif type(value) is int and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        written = shown = str(value)
    else:
        written = shown = stringify(value, 2)
    if "\n" in written or length(written) > LONGEST_EXTRA:
        line.details.append(f"{key}: {written}")
    else:
        line.extras.append(f"{key}={shown}")
