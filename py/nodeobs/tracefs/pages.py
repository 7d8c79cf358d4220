"""Pages of the kernel's trace buffers, as `per_cpu/cpuN/trace_pipe_raw` gives them.

The layout is that of kernel/trace/ring_buffer.c, unchanged since Linux 2.6.30 but for absolute
timestamps (4.17): a header (events/header_page), then events, each after 32 bits of which 5 are a
type or the length in words, and 27 the nanoseconds since the event before (events/header_event).
"""

from __future__ import annotations

import struct
import sys
from typing import Final, NamedTuple

from nodeobs.tracefs.event_format import parse_fields

_PADDING: Final = 29
_TIME_EXTEND: Final = 30
_TIME_STAMP: Final = 31
_DELTA_BITS: Final = 27
# An absolute timestamp has 59 bits; the others are those of the time before it.
_STAMP_BITS: Final = 59
# Flags of the header's commit, whose low bits are the length of the data (RB_MISSED_FLAGS).
_MISSED: Final = 1 << 31
_MISSED_STORED: Final = 1 << 30
_LENGTH: Final = (1 << 27) - 1


class PageLayout(NamedTuple):
    """`size` of a whole page, where its `data` starts, and the bytes of its `commit` field."""

    size: int
    data: int
    commit: int


class Event(NamedTuple):
    """`time` in nanoseconds of the trace clock; the event's bytes are page[start:end]."""

    time: int
    start: int
    end: int


class Page(NamedTuple):
    """`missed` events were lost before the first: None for none, 0 where nobody counted."""

    events: list[Event]
    missed: int | None


def parse_layout(header_page: str) -> PageLayout:
    """The layout that events/header_page describes. Raises ValueError where it does not."""
    fields = parse_fields(header_page)
    if not {"timestamp", "commit", "data"} <= fields.keys():
        raise ValueError("no description of a page")
    data = fields["data"]
    return PageLayout(data.offset + data.size, data.offset, fields["commit"].size)


def page_time(page: bytes) -> int:
    """When the first event of a page was; nanoseconds of the trace clock."""
    return int.from_bytes(page[:8], sys.byteorder)


def parse_page(page: bytes, layout: PageLayout, order: str = sys.byteorder) -> Page:
    """The events of a page. One that is damaged ends where that shows."""
    big = order == "big"
    mark = ">" if big else "<"
    if len(page) < layout.data:
        return Page([], None)
    time, commit = struct.unpack_from(f"{mark}Q{'Q' if layout.commit == 8 else 'I'}", page)
    end = layout.data + (commit & _LENGTH)
    missed = None
    if commit & _MISSED:
        missed = 0
        if commit & _MISSED_STORED and end + layout.commit <= len(page):
            missed = int.from_bytes(page[end : end + layout.commit], order)  # type: ignore[arg-type]
    word = struct.Struct(f"{mark}I").unpack_from
    end = min(end, len(page))
    events: list[Event] = []
    at = layout.data
    while at + 4 <= end:
        (head,) = word(page, at)
        if big:
            kind, delta = head >> _DELTA_BITS, head & (1 << _DELTA_BITS) - 1
        else:
            kind, delta = head & 31, head >> 5
        start = at + 4
        if 0 < kind < _PADDING:
            at = start + kind * 4
            time += delta
            events.append(Event(time, start, at))
            continue
        if start + 4 > end:
            break
        (more,) = word(page, start)
        if kind == _TIME_EXTEND:
            time += (more << _DELTA_BITS) + delta
            at = start + 4
        elif kind == _TIME_STAMP:
            time = _absolute((more << _DELTA_BITS) + delta, time)
            at = start + 4
        elif kind == _PADDING:
            if delta == 0:
                break  # the rest of the page is empty
            # An event that was discarded; the time of the next one counts from it all the same.
            time += delta
            at = start + more
        else:
            time += delta
            at = start + max(more, 4)
            events.append(Event(time, start + 4, at))
    if events and events[-1].end > end:
        events.pop()
    return Page(events, missed)


def _absolute(stamp: int, before: int) -> int:
    stamp &= (1 << _STAMP_BITS) - 1
    stamp |= before >> _STAMP_BITS << _STAMP_BITS
    return stamp if stamp >= before else stamp + (1 << _STAMP_BITS)
