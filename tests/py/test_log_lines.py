"""Blocks to lines: whatever the blocks are, the bytes are the same."""

from __future__ import annotations

import gzip
import os
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodeobs.errors import NodeobsError
from nodeobs.logfile.blocks import BLOCK
from nodeobs.logfile.lines import Fragment, LineSplitter, whole_lines
from nodeobs.logfile.source import last_lines_at, open_log, pieces

if TYPE_CHECKING:
    from pathlib import Path

DATA = st.lists(st.sampled_from([b"\n", b"\r\n", b"a", b"bc", b"\0", b"\xff", b"{}"])).map(b"".join)


def blocks_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    edges = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def ended(data: bytes) -> bytes:
    return data + b"\n" if data and not data.endswith(b"\n") else data


@given(DATA, st.lists(st.integers(min_value=0)))
@example(b"\n", [0, 1])
@example(b"a\nb", [1, 2])
def test_the_lines_do_not_depend_on_the_blocks(data: bytes, cuts: list[int]) -> None:
    found = list(whole_lines(blocks_of(data, cuts)))
    assert b"".join(found) == ended(data)
    assert all(piece.endswith(b"\n") for piece in found)
    assert not any(isinstance(piece, Fragment) for piece in found)


@given(DATA, st.lists(st.integers(min_value=0)), st.integers(0, 5))
def test_long_lines_come_in_fragments(data: bytes, cuts: list[int], longest: int) -> None:
    found = list(whole_lines(blocks_of(data, cuts), longest))
    assert b"".join(found) == ended(data)
    inside = False
    for piece in found:
        if isinstance(piece, Fragment):
            inside = not piece.endswith(b"\n")
            assert piece.count(b"\n") == (not inside)
        else:
            assert not inside
            assert piece.endswith(b"\n")


def test_nothing_is_kept_of_a_long_line() -> None:
    splitter = LineSplitter(longest=10)
    assert splitter.feed(b"0123456789") == []
    assert splitter.waiting == 10
    assert splitter.feed(b"x") == [b"0123456789x"]
    assert splitter.waiting == 0
    assert splitter.feed(b"y") == [b"y"]
    assert splitter.feed(b"z\nline\nre") == [b"z\n", b"line\n"]
    assert splitter.finish() == [b"re\n"]
    assert splitter.finish() == []


def read(path: Path, last: int | None = None) -> bytes:
    descriptor = open_log(str(path))
    try:
        return b"".join(pieces(descriptor, last=last))
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_compressed_files_are_read_by_any_name(size: int, tmp_path: Path) -> None:
    data = (b"0123456789abcde\n" * (size // 16 + 1))[:size]
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(data)
    # Several members, and the padding that tapes leave.
    packed.write_bytes(gzip.compress(data[:100]) + gzip.compress(data[100:]) + b"\0" * 512)
    assert read(plain) == read(packed) == ended(data)
    assert read(plain, 2) == read(packed, 2)


@given(DATA, st.integers(0, 6))
def test_the_last_lines(data: bytes, count: int) -> None:
    descriptor = os.memfd_create("log")
    try:
        os.write(descriptor, data)
        lines = [line + b"\n" for line in ended(data).split(b"\n")[:-1]]
        at = last_lines_at(descriptor, count)
        assert ended(data[at:]) == b"".join(lines[max(len(lines) - count, 0) :])
        os.lseek(descriptor, 0, os.SEEK_SET)
        assert b"".join(pieces(descriptor, last=count)) == ended(data[at:])
    finally:
        os.close(descriptor)


def test_the_last_lines_of_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = [b"%d" % number + b"x" * (number % 3000) for number in range(400)]
    path.write_bytes(b"\n".join(lines))
    for count in (0, 1, 50, 200, 399, 400, 1000):
        kept = lines[max(len(lines) - count, 0) :]
        assert read(path, count) == b"".join(line + b"\n" for line in kept)


@pytest.mark.parametrize("damage", [slice(0, -9), slice(0, 40)])
def test_what_was_before_the_damage_is_read(damage: slice, tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"a line\n" * 50_000)[damage])
    descriptor = open_log(str(path))
    found: list[bytes] = []
    with pytest.raises(NodeobsError, match="ends too early"):
        found.extend(pieces(descriptor))
    os.close(descriptor)
    assert set(b"".join(found).splitlines()) == {b"a line"}


def test_garbage_after_a_member(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"a line\n") + b"garbage")
    descriptor = open_log(str(path))
    found: list[bytes] = []
    with pytest.raises(NodeobsError, match="damaged"):
        found.extend(pieces(descriptor))
    os.close(descriptor)
    assert found == [b"a line\n"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_log(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        open_log(str(tmp_path / "none"))
