"""The part of a large file that has the records of a span of time."""

from __future__ import annotations

import datetime
import json
import os
import random
from typing import TYPE_CHECKING
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.log import Renderer
from nodeobs.log.times import iso
from nodeobs.logfile import span as spans
from nodeobs.logfile.selection import Selection
from nodeobs.logfile.source import pieces
from nodeobs.logfile.span import Span, part_of
from nodeobs.logfile.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

START = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)
HOURS = 10


def at(seconds: float) -> str:
    written = iso(START + datetime.timedelta(seconds=seconds))
    assert written is not None
    return written


def log(seed: int, *, disorder: float) -> bytes:
    """Ten hours of records, with other lines between them, and every one of them known by a
    number."""
    choose = random.Random(seed)
    seconds = sorted(choose.uniform(0, HOURS * 3600) for _ in range(choose.randrange(1, 1500)))
    lines = []
    for number, second in enumerate(seconds):
        time = at(max(0, second - choose.uniform(0, disorder)))
        message = f"n{number}" + "x" * choose.choice((0, 0, 100, 900))
        record = {"name": "api", "hostname": "box", "pid": 1, "level": 30, "msg": message,
                  "time": time, "v": 0}  # fmt: skip
        lines.append(json.dumps(record))
        lines += [f"line {choose.random()}"] * choose.choice((0, 0, 0, 1, 5))
    return "".join(f"{line}\n" for line in lines).encode()


def small_scale() -> AbstractContextManager[object]:
    """The sizes that matter, small enough for a test."""
    return mock.patch.multiple(spans, _LEAST=0, _NEAR=256, _FAR=4096)


def shown(chunks: Iterator[bytes], span: Span) -> bytes:
    view = View(Renderer("simple"), Selection(span=span))
    return b"".join(map(view.text, chunks))


@settings(deadline=None)
@given(
    st.integers(0, 10**6),
    st.none() | st.floats(-3600, (HOURS + 1) * 3600),
    st.none() | st.floats(-3600, (HOURS + 1) * 3600),
    st.sampled_from([0.0, 59.0]),
)
def test_nothing_of_the_span_is_left_out(
    seed: int, since: float | None, until: float | None, disorder: float
) -> None:
    span = Span(None if since is None else at(since), None if until is None else at(until))
    data = log(seed, disorder=disorder)
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        whole = shown(pieces(descriptor), span)
        with small_scale():
            start, end = part_of(descriptor, span)
            assert start == 0 or data[start - 1 : start] == b"\n"
            assert end is None or data[end - 1 : end] == b"\n"
            part = shown(pieces(descriptor, span=span), span)
    finally:
        os.close(descriptor)
    records = [line for line in whole.splitlines() if line.startswith(b"INFO")]
    assert [line for line in part.splitlines() if line.startswith(b"INFO")] == records


def part(data: bytes, span: Span) -> tuple[int, int | None]:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, data)
        with small_scale():
            return part_of(descriptor, span)
    finally:
        os.close(descriptor)


def test_little_else_is_read() -> None:
    data = log(5, disorder=0)
    start, end = part(data, Span(at(18_000), at(18_060)))
    assert end is not None
    assert end - start < len(data) / 20


def test_a_file_out_of_order_is_read_from_end_to_end() -> None:
    data = log(1, disorder=0) + log(2, disorder=0)
    assert part(data, Span(at(18_000), None)) == (0, None)


def test_a_file_without_times() -> None:
    span = Span(at(18_000), at(19_000))
    assert part(b"line\n" * 10_000, span) == (0, None)
    assert part(b"", span) == (0, None)
    assert part(b"x" * 100_000, span) == (0, None)


def test_a_small_file_is_read_from_end_to_end() -> None:
    descriptor = os.memfd_create("log")
    os.write(descriptor, log(5, disorder=0))
    assert part_of(descriptor, Span(at(18_000), at(18_060))) == (0, None)
    os.close(descriptor)
