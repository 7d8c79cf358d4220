"""A file that grows, through its rotations."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from nodeobs.logfile.blocks import BLOCK
from nodeobs.logfile.lines import LineSplitter
from nodeobs.logfile.source import last_lines_at, open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodeobs.logfile.span import Span

#: Seconds in which a writer may still write to a file that has been renamed.
GRACE: Final = 10.0
#: Bytes before the position that are compared to see whether they are still the same file's.
_REMEMBERED: Final = 256
#: Copies that are looked through for what was written before a truncation.
_MOST_COPIES: Final = 8


class FollowedFile:
    """What is written to the file of a name, whichever file that is.

    When another file has taken the name, the old one is read on for a while, because its writer may
    not know yet. When the file was copied and truncated, what had not been read is looked for in
    the copy. The file need not be there at the beginning.

    OSError where it cannot be read. A file that takes the name later and cannot be read is waited
    for; `trouble` says why.
    """

    def __init__(
        self,
        path: str,
        *,
        last: int | None = None,
        span: Span | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._clock = clock
        self.trouble: OSError | None = None
        self._current = self._open()
        if self.trouble is not None:
            raise self.trouble
        if self._current is not None and last is not None:
            self._current.skip_to(lambda descriptor: last_lines_at(descriptor, last))
        elif self._current is not None and span is not None:
            from nodeobs.logfile.span import part_of

            self._current.skip_to(lambda descriptor: part_of(descriptor, span)[0])
        #: Files that have lost the name, and until when they are read.
        self._renamed: deque[tuple[_OpenFile, float]] = deque()

    @property
    def missing(self) -> bool:
        """Whether there has been no file so far."""
        return self._current is None

    def pieces(self) -> Iterator[bytes]:
        """The whole lines that have been written since; those that come meanwhile are for the next
        time."""
        for file, _ in self._renamed:
            yield from file.pieces()
        if self._current is None:
            self._current = self._open()
        elif self._has_another_file():
            yield from self._current.pieces()
            self._renamed.append((self._current, self._clock() + GRACE))
            self._current = self._open()
        elif self._current.was_truncated():
            yield from self._current.pieces_of_copy(self._path)
        if self._current is not None:
            yield from self._current.pieces()
        while self._renamed and self._renamed[0][1] <= self._clock():
            yield from self._renamed.popleft()[0].close()

    def close(self) -> Iterator[bytes]:
        """The lines that wait for their ends, as they stand."""
        for file, _ in self._renamed:
            yield from file.close()
        if self._current is not None:
            yield from self._current.close()

    def _open(self) -> _OpenFile | None:
        self.trouble = None
        try:
            return _OpenFile(open_regular(self._path))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.trouble = error
            return None

    def _has_another_file(self) -> bool:
        assert self._current is not None
        try:
            found = os.stat(self._path)
        except OSError:
            return False  # renamed, and the next one is still to come
        return (found.st_dev, found.st_ino) != self._current.identity


class _OpenFile:
    def __init__(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        #: While it is open, no other file can have the same.
        self.identity = (status.st_dev, status.st_ino)
        self._descriptor = descriptor
        self._position = 0
        self._before = b""
        self._splitter = LineSplitter()
        self._after_hole = False
        self._looked_at: tuple[int, int] | None = None

    def skip_to(self, place: Callable[[int], int]) -> None:
        """Go to the start of a line that `place` finds by the descriptor."""
        self._position = place(self._descriptor)
        start = max(self._position - _REMEMBERED, 0)
        self._before = os.pread(self._descriptor, self._position - start, start)

    def pieces(self) -> Iterator[bytes]:
        """The lines up to where the file ends now."""
        yield from self._read(self._descriptor, os.fstat(self._descriptor).st_size)

    def was_truncated(self) -> bool:
        """Whether what has been read is not there any more, be it that the file has grown since."""
        status = os.fstat(self._descriptor)
        looks = (status.st_size, status.st_mtime_ns)
        if looks == self._looked_at:
            return False
        self._looked_at = looks
        return status.st_size < self._position or not self._continues(self._descriptor)

    def pieces_of_copy(self, path: str) -> Iterator[bytes]:
        """What was written before the truncation and not read, as far as a copy has it. The file
        is read from its beginning then."""
        copy = self._find_copy(path)
        if copy is not None:
            try:
                yield from self._read(copy, os.fstat(copy).st_size)
            finally:
                os.close(copy)
        yield from self._splitter.finish()
        self._position, self._before, self._after_hole = 0, b"", True

    def close(self) -> Iterator[bytes]:
        """The line that waits for its end, as it stands."""
        os.close(self._descriptor)
        yield from self._splitter.finish()

    def _read(self, descriptor: int, end: int) -> Iterator[bytes]:
        while self._position < end:
            if self._after_hole:
                self._skip_hole(end)
            block = os.pread(descriptor, min(BLOCK, end - self._position), self._position)
            if not block:
                return
            self._position += len(block)
            self._before = (self._before + block)[-_REMEMBERED:]
            if self._after_hole:
                block = block.lstrip(b"\0")
                self._after_hole = not block
            yield from self._splitter.feed(block)

    def _skip_hole(self, end: int) -> None:
        """A writer that does not append goes on where it was, and leaves nothing before that."""
        try:
            self._position = os.lseek(self._descriptor, self._position, os.SEEK_DATA)
        except OSError:
            self._position = end  # nothing but a hole, or a file system that knows of none

    def _continues(self, descriptor: int) -> bool:
        start = self._position - len(self._before)
        return os.pread(descriptor, len(self._before), start) == self._before

    def _find_copy(self, path: str) -> int | None:
        """The newest file beside this one that has what was read of it."""
        if not self._before:
            return None
        for candidate in _newest_beside(path):
            try:
                descriptor = open_regular(candidate)
            except OSError:
                continue
            if self._continues(descriptor):
                return descriptor
            os.close(descriptor)
        return None


def _newest_beside(path: str) -> list[str]:
    """The newest files whose names begin with that of a file."""
    directory, name = os.path.split(os.path.abspath(path))
    try:
        with os.scandir(directory) as entries:
            beside = [
                (entry.stat().st_mtime_ns, entry.path)
                for entry in entries
                if entry.name.startswith(name) and entry.name != name and entry.is_file()
            ]
    except OSError:
        return []  # it may not be read, or is being changed right now
    return [path for _, path in sorted(beside, reverse=True)[:_MOST_COPIES]]
