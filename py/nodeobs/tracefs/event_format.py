"""The format file of a trace event: where in an event its fields are."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ID: Final = re.compile(r"^ID: (\d+)$", re.MULTILINE)
_FIELD: Final = re.compile(
    r"field:[^;]*?(\w+)(?:\[\w*\])?;\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d);)?"
)


class Field(NamedTuple):
    """Bytes from the start of the event; `size` in bytes, of arrays that of all of it."""

    offset: int
    size: int
    signed: bool


class EventFormat(NamedTuple):
    """`number` is what events of this kind start with."""

    number: int
    fields: dict[str, Field]


def parse_fields(text: str) -> dict[str, Field]:
    """The fields of a format file, or of events/header_page."""
    return {
        name: Field(int(offset), int(size), signed == "1")
        for name, offset, size, signed in _FIELD.findall(text)
    }


def parse_format(text: str) -> EventFormat:
    """A format file. Raises ValueError where it is none."""
    match = _ID.search(text)
    fields = parse_fields(text)
    if match is None or "common_pid" not in fields:
        raise ValueError("no format of a trace event")
    return EventFormat(int(match[1]), fields)
