"""The long and short form of ordinary records, in as few steps as possible.

Nearly all records of a log are ordinary: bunyan's seven fields with the types that bunyan gives
them, and others that are requests, errors, texts and integers. `OrdinaryLines` has the text of
these, the same that `line_of` leads to, and None for all others.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from nodeobs.javascript import SAFE_INTEGER
from nodeobs.log.json_text import quote
from nodeobs.log.record import (
    BLOCK_FIELDS,
    LEVEL_NAMES,
    LONGEST_EXTRA,
    NEEDED,
    indent,
    level_text,
    take_blocks,
)
from nodeobs.log.style import LEVEL_STYLES, STYLES, paint, visible

if TYPE_CHECKING:
    from nodeobs.log.record import Clock

#: Heads that are remembered; a log with more of them has few records of each.
_MOST_HEADS: Final = 4096

_NEEDED: Final = itemgetter("v", "name", "hostname", "pid", "level", "msg", "time")
_PLACED: Final = NEEDED | {"component", "req_id"}
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class OrdinaryLines:
    """The text of one form, for one output: as of `Renderer`, with the same options."""

    def __init__(self, *, short: bool, color: bool, terminal: bool, clock: Clock | None) -> None:
        self._short = short
        self._color = color
        self._terminal = terminal
        self._clock = clock
        self._message_style = STYLES["cyan"] if color else ("", "")
        #: What stands between the time and the message, by what it is made of.
        self._heads: dict[Any, str] = {}

    def text(self, record: Any) -> str | None:
        """The text of a record, ending in a newline; None where it is not ordinary."""
        try:
            version, name, hostname, pid, level, message, time = _NEEDED(record)
            # True is not 1 here, although it is as a key.
            if type(level) is not int or type(pid) is not int or version is None:
                return None
            component = record.get("component")
            head = self._heads.get((level, name, pid, hostname, component))
        except (KeyError, TypeError):
            return None
        if head is None:
            head = self._head(level, name, pid, hostname, component)
        if head is None or type(message) is not str or type(time) is not str or "src" in record:
            return None
        extras = ""
        details: list[str] = []
        if len(record) > len(NEEDED):
            found = _extras(record)
            if found is None:
                return None
            extras, details = found
        if self._terminal and not (
            message.isprintable() and extras.isprintable() and time.isprintable()
        ):
            return None
        if message and self._color:
            on, off = self._message_style
            message = f"{on}{message}{off}"
        if self._clock is not None:
            time = self._clock(time)
        elif self._short:
            if not _UTC.fullmatch(time):
                return None
            time = time[11:]
        if self._short:
            line = f"{time} {head} {message}{extras}"
        else:
            line = f"[{time}] {head} {message}{extras}"
        # A message of several lines, or a newline where it would let a record forge another one.
        if "\n" in line:
            return None
        return f"{line}\n{self._below(details)}" if details else line + "\n"

    def _below(self, details: list[str]) -> str:
        if self._terminal:
            # Header blocks end their lines with CR LF, which is no attack.
            details = [visible(block.replace("\r\n", "\n")) for block in details]
        return "\n    --\n".join(map(indent, details)) + "\n"

    def _head(self, level: int, name: Any, pid: int, hostname: Any, component: Any) -> str | None:
        if type(name) is not str or type(hostname) is not str:
            return None
        subject = name
        if component is not None:
            if type(component) is not str:
                return None
            if component:
                subject += "/" + component
        host = hostname or "<no-hostname>"
        if self._terminal:
            subject, host = visible(subject), visible(host)
        shown, key = level_text(level)
        shown = f"{shown:>5}" if key in LEVEL_NAMES else shown
        if self._color:
            shown = paint(shown, LEVEL_STYLES.get(key))
        head = f"{shown} {subject}:" if self._short else f"{shown}: {subject}/{pid} on {host}:"
        if len(self._heads) >= _MOST_HEADS:
            self._heads.clear()
        self._heads[level, name, pid, hostname, component] = head
        return head


def _extras(record: dict[str, Any]) -> tuple[str, list[str]] | None:
    """The fields without a place of their own: in brackets those that fit into the line, and the
    blocks below it. None where a value is not ordinary."""
    extras: list[str] = []
    details: list[str] = []
    request_id = record.get("req_id")
    if request_id is not None:
        if type(request_id) is not str:
            return None
        if request_id:
            extras.append(f"req_id={request_id}")
    if not BLOCK_FIELDS.isdisjoint(record):
        record = dict(record)
        take_blocks(record, details)
    for key, value in record.items():
        if key in _PLACED:
            continue
        kind = type(value)
        if kind is str:
            if not (value.isascii() or len(value) < 25):
                return None  # beyond ASCII JavaScript counts up to two for each character
            if len(value) > LONGEST_EXTRA or "\n" in value:
                details.append(f"{key}: {value}")
            else:
                extras.append(f"{key}={value if value and ' ' not in value else quote(value)}")
        elif kind is int:
            if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
                return None
            extras.append(f"{key}={value}")
        elif value is None or kind is bool:
            extras.append(f"{key}={'null' if value is None else str(value).lower()}")
        else:
            return None
    return f" ({', '.join(extras)})" if extras else "", details
