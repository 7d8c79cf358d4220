"""Blocks of bytes to whole lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: A line is not kept in memory beyond this many bytes: it is handed on in fragments.
LONGEST: Final = 16 << 20


class Fragment(bytes):
    """A part of a line that is too long to be a record. Its last one ends in a newline."""

    __slots__ = ()


class LineSplitter:
    """Takes blocks as they come and gives bytes that are whole lines: the last byte is a newline.

    What comes out is what went in, whatever the blocks are.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._waiting = 0
        self._fragmented = False

    @property
    def waiting(self) -> int:
        """How many bytes wait for the end of their line."""
        return self._waiting

    def feed(self, block: bytes) -> list[bytes]:
        """The whole lines that there are now, and fragments of too long ones."""
        found: list[bytes] = []
        if self._fragmented:
            end = block.find(b"\n") + 1
            if not end:
                return [Fragment(block)] if block else []
            self._fragmented = False
            found.append(Fragment(block[:end]))
            block = block[end:]
        end = block.rfind(b"\n") + 1
        if end:
            start = 0
            if self._parts:
                start = block.index(b"\n") + 1
                found.append(self._taken(block[:start]))
            if start < end:
                found.append(block[start:end])
        if end < len(block):
            rest = block[end:]
            self._parts.append(rest)
            self._waiting += len(rest)
        if self._waiting > self._longest:
            found.append(Fragment(self._taken()))
            self._fragmented = True
        return found

    def finish(self) -> list[bytes]:
        """Nothing more comes: the line without an end, with one."""
        if self._parts:
            return [self._taken(b"\n")]
        if self._fragmented:
            self._fragmented = False
            return [Fragment(b"\n")]
        return []

    def _taken(self, end: bytes = b"") -> bytes:
        """What waits, and the end of its line."""
        taken = b"".join((*self._parts, end))
        self._parts.clear()
        self._waiting = 0
        return taken


def whole_lines(blocks: Iterable[bytes], longest: int = LONGEST) -> Iterator[bytes]:
    """The whole lines of a file that comes in blocks; the last one gets a newline if need be."""
    splitter = LineSplitter(longest)
    for block in blocks:
        yield from splitter.feed(block)
    yield from splitter.finish()
