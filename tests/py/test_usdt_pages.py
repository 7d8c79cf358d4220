"""Pages of trace buffers, made by hand: every kind of event, both byte orders, damage."""

from __future__ import annotations

import struct
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.tracefs.pages import Event, PageLayout, parse_layout, parse_page

HEADER_PAGE = """\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;
"""
LAYOUT = PageLayout(4096, 16, 8)
START = 1_000_000_000_000
MISSED, STORED = 1 << 31, 1 << 30

Order = Literal["little", "big"]


def head(kind: int, delta: int, order: Order = "little") -> bytes:
    word = kind << 27 | delta if order == "big" else delta << 5 | kind
    return word.to_bytes(4, order)


def word(value: int, order: Order = "little") -> bytes:
    return value.to_bytes(4, order)


def page(
    *events: bytes, flags: int = 0, order: Order = "little", tail: bytes = b"", start: int = START
) -> bytes:
    data = b"".join(events)
    mark = "<" if order == "little" else ">"
    return (struct.pack(f"{mark}QQ", start, len(data) | flags) + data + tail).ljust(4096, b"\0")


def small(delta: int, content: bytes, order: Order = "little") -> bytes:
    """An event whose length is in its head."""
    return head(len(content) // 4, delta, order) + content


def large(delta: int, content: bytes, order: Order = "little") -> bytes:
    """An event whose length is in a word of its own."""
    return head(0, delta, order) + word(len(content) + 4, order) + content


def test_layout() -> None:
    assert parse_layout(HEADER_PAGE) == LAYOUT
    narrow = HEADER_PAGE.replace("offset:8;\tsize:8", "offset:8;\tsize:4").replace("16;", "12;")
    assert parse_layout(narrow) == PageLayout(4092, 12, 4)
    with pytest.raises(ValueError, match="no description"):
        parse_layout("something else")


@pytest.mark.parametrize("order", ["little", "big"])
def test_lengths_and_times(order: Order) -> None:
    content = page(
        small(0, b"abcd", order), small(7, b"12345678", order), large(5, b"x" * 200, order),
        order=order,
    )  # fmt: skip
    found = parse_page(content, LAYOUT, order)
    assert found.missed is None
    assert [(event.time, content[event.start : event.end]) for event in found.events] == [
        (START, b"abcd"),
        (START + 7, b"12345678"),
        (START + 12, b"x" * 200),
    ]


@pytest.mark.parametrize("order", ["little", "big"])
def test_time_extends_and_timestamps(order: Order) -> None:
    extend = head(30, 3, order) + word(2, order)
    later = START + (1 << 40)
    stamp = head(31, later & (1 << 27) - 1, order) + word(later >> 27, order)
    first, second, third = (
        small(delta, text, order) for delta, text in ((1, b"aaaa"), (10, b"bbbb"), (0, b"cccc"))
    )
    content = page(first, extend, second, stamp, third, order=order)
    times = [event.time for event in parse_page(content, LAYOUT, order).events]
    assert times == [START + 1, START + 1 + (2 << 27) + 3 + 10, later]


def test_a_timestamp_has_59_bits_and_the_rest_is_of_the_time_before() -> None:
    start = (3 << 59) + 1000
    stamp = head(31, 2000) + word(0)
    before = head(31, 500) + word(0)
    content = page(stamp, small(0, b"aaaa"), before, small(0, b"bbbb"), start=start)
    times = [event.time for event in parse_page(content, LAYOUT).events]
    assert times == [(3 << 59) + 2000, (4 << 59) + 500]


def test_discarded_events_are_passed_over_and_count_in_time() -> None:
    discarded = head(29, 9) + word(12) + b"gone" + b"gone"
    content = page(small(1, b"aaaa"), discarded, small(2, b"bbbb"))
    assert [
        (event.time, content[event.start : event.end])
        for event in parse_page(content, LAYOUT).events
    ] == [(START + 1, b"aaaa"), (START + 12, b"bbbb")]


def test_padding_ends_a_page() -> None:
    content = page(small(1, b"aaaa"), head(29, 0), small(2, b"bbbb"))
    assert len(parse_page(content, LAYOUT).events) == 1


@pytest.mark.parametrize(
    ("flags", "tail", "missed"),
    [
        (0, b"", None),
        (MISSED, b"", 0),
        (MISSED | STORED, struct.pack("<Q", 1234), 1234),
    ],
)
def test_missed_events(flags: int, tail: bytes, missed: int | None) -> None:
    content = page(small(0, b"aaaa"), flags=flags, tail=tail)
    found = parse_page(content, LAYOUT)
    assert (found.missed, len(found.events)) == (missed, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 15,
        page(),
        page(head(0, 1)),
        page(head(30, 1)),
        page(head(20, 0) + b"cut off"),
        page(large(0, b"aaaa")[:-4]),
    ],
)
def test_damage_ends_a_page(content: bytes) -> None:
    assert parse_page(content, LAYOUT).events == []


@given(st.binary(max_size=400), st.integers(0, (1 << 32) - 1))
@settings(max_examples=300, deadline=None)
def test_no_page_makes_it_fail(noise: bytes, commit: int) -> None:
    content = struct.pack("<QQ", START, commit) + noise
    for event in parse_page(content, LAYOUT).events:
        assert isinstance(event, Event)
        assert 16 <= event.start <= event.end <= len(content)
