"""Where lines come from: files, compressed or not, and pipes."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from typing import TYPE_CHECKING, Final

from nodeobs.logfile.blocks import BLOCK, GZIP, decompressed
from nodeobs.logfile.lines import Fragment, whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nodeobs.logfile.span import Span

STDIN: Final = "-"


def open_log(name: str) -> int:
    """A descriptor of a file, or of stdin for `-`. OSError where it cannot be read."""
    descriptor = 0 if name == STDIN else os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        if descriptor:
            os.close(descriptor)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return descriptor


def open_regular(name: str) -> int:
    """A descriptor of a file that has places. OSError where it cannot be read, or is none."""
    # A pipe would be waited for.
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if _is_regular(descriptor):
        return descriptor
    is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    if is_directory:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is no regular file, and is followed without -f")


def pieces(
    descriptor: int, *, last: int | None = None, span: Span | None = None
) -> Iterator[bytes]:
    """The lines of a file from where its descriptor stands, a block of them at a time; its `last`
    so many, or those that have the records of a `span` of time and as few others as possible.

    What a pipe has is not waited for to be more. NodeobsError `damaged` after what could be
    decompressed of a file that is damaged.
    """
    end = None
    if (last is not None or span is not None) and _has_places(descriptor):
        if last is not None:
            start = last_lines_at(descriptor, last)
        else:
            start, end = _part_of(descriptor, span)
        os.lseek(descriptor, start, os.SEEK_SET)
        last = None
    lines = whole_lines(decompressed(_blocks(descriptor, end)))
    return lines if last is None else _last(lines, last)


def last_lines_at(descriptor: int, count: int) -> int:
    """Where the last so many lines of a regular file begin."""
    end = os.fstat(descriptor).st_size
    # The newline at the very end closes the last line, it does not begin another one.
    wanted = count + 1 if end and os.pread(descriptor, 1, end - 1) == b"\n" else count
    if count == 0:
        return end
    while end > 0:
        start = max(end - BLOCK, 0)
        block = os.pread(descriptor, end - start, start)
        here = block.count(b"\n")
        if here >= wanted:
            at = len(block)
            for _ in range(wanted):
                at = block.rindex(b"\n", 0, at)
            return start + at + 1
        wanted -= here
        end = start
    return 0


def _blocks(descriptor: int, end: int | None) -> Iterator[bytes]:
    if end is None:
        while block := os.read(descriptor, BLOCK):
            yield block
        return
    left = end - os.lseek(descriptor, 0, os.SEEK_CUR)
    while left > 0 and (block := os.read(descriptor, min(left, BLOCK))):
        left -= len(block)
        yield block


def _last(lines: Iterable[bytes], count: int) -> Iterator[bytes]:
    kept: deque[bytes] = deque(maxlen=count)
    for piece in lines:
        # A line too long to be kept is none of the last ones.
        if not isinstance(piece, Fragment):
            kept.extend(line + b"\n" for line in piece[:-1].split(b"\n"))
    yield from kept


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _has_places(descriptor: int) -> bool:
    """Whether lines can be found in a file without reading it from the beginning."""
    return _is_regular(descriptor) and os.pread(descriptor, len(GZIP), 0) != GZIP


def _part_of(descriptor: int, span: Span | None) -> tuple[int, int | None]:
    from nodeobs.logfile.span import part_of

    return (0, None) if span is None else part_of(descriptor, span)
