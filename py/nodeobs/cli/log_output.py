"""`nodeobs log`: files to the terminal, once or as they grow."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from nodeobs.cli.pager import Destination
from nodeobs.cli.terminal import tell
from nodeobs.errors import NodeobsError
from nodeobs.logfile.merge import merged
from nodeobs.logfile.source import STDIN, open_log, pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from nodeobs.logfile.follow import FollowedFile
    from nodeobs.logfile.merge import Unit
    from nodeobs.logfile.span import Span
    from nodeobs.logfile.view import View

#: Seconds between two looks at followed files.
_INTERVAL: Final = 0.1
#: Bytes that are written together while several files are merged.
_TOGETHER: Final = 64 << 10


class LogReader:
    """Opens and reads files. One that cannot be read is told of, and the others are read."""

    def __init__(self, names: Sequence[str], last: int | None, span: Span | None) -> None:
        self._names = names
        self._last = last
        self._span = span
        #: Whether a file could not be read.
        self.failed = False

    def logs(self) -> list[Iterator[bytes]]:
        """The lines of each file that can be opened."""
        opened = []
        for name in self._names:
            try:
                opened.append(self._pieces(name, open_log(name)))
            except OSError as error:
                self.fail(name, error)
        return opened

    def followed(self) -> list[tuple[str, FollowedFile]]:
        """Each file that can be opened, or is not there yet."""
        from nodeobs.logfile.follow import FollowedFile

        files = []
        for name in self._names:
            try:
                file = FollowedFile(name, last=self._last, span=self._span)
            except OSError as error:
                self.fail(name, error)
                continue
            files.append((name, file))
            if file.missing:
                tell(f"{name} does not exist yet; waiting for it")
        return files

    def fail(self, name: str, error: OSError | NodeobsError) -> None:
        """Tell that a file cannot be read, or not to its end."""
        self.failed = True
        shown = "stdin" if name == STDIN else name
        if isinstance(error, NodeobsError):
            tell(f"{shown}: {error.message} ({error.hint})")
        else:
            tell(f"cannot read {shown}: {error.strerror or error}")

    def _pieces(self, name: str, descriptor: int) -> Iterator[bytes]:
        try:
            yield from pieces(descriptor, last=self._last, span=self._span)
        except (OSError, NodeobsError) as error:
            self.fail(name, error)
        finally:
            if name != STDIN:
                os.close(descriptor)


class LogOutput:
    """Shows files through views made by `make_view`, one for each."""

    def __init__(self, reader: LogReader, make_view: Callable[[], View], *, color: bool) -> None:
        self._reader = reader
        self._make_view = make_view
        self._color = color

    def show(self, *, paged: bool) -> int:
        """Show all that there is. The exit code."""
        logs = self._reader.logs()
        if logs:
            with Destination(paged=paged, color=self._color) as out:
                for data in self._shown(logs):
                    out.write(data)
                    if out.gone:
                        break
        return 1 if self._reader.failed else 0

    def follow(self) -> int:
        """Show what there is and what comes, until Ctrl-C. The exit code, if nothing can be."""
        followed = [
            _Followed(name, file, self._make_view(), self._reader)
            for name, file in self._reader.followed()
        ]
        with Destination(paged=False, color=self._color) as out:
            try:
                while followed:
                    if not _write(_joined([one.news() for one in followed]), out):
                        out.check_reader()
                        time.sleep(_INTERVAL)
                    followed = [one for one in followed if not one.failed]
            finally:
                # Ctrl-C: what waits for the end of its line is shown as it stands.
                _write(_joined([one.rest() for one in followed]), out)
        return 1

    def _shown(self, logs: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
        return _joined([(self._make_view(), lines) for lines in logs])


class _Followed:
    """A file that is followed, and how it is shown."""

    def __init__(self, name: str, file: FollowedFile, view: View, reader: LogReader) -> None:
        #: Whether it cannot be read any more.
        self.failed = False
        self._name = name
        self._file = file
        self._view = view
        self._reader = reader
        self._told = ""

    def news(self) -> tuple[View, Iterator[bytes]]:
        """What has been written since."""
        return self._view, self._pieces()

    def rest(self) -> tuple[View, Iterator[bytes]]:
        """What waits for the end of its line."""
        return self._view, self._file.close()

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from self._file.pieces()
        except OSError as error:
            self.failed = True
            self._reader.fail(self._name, error)
            return
        trouble = self._file.trouble
        reason = "" if trouble is None else trouble.strerror or str(trouble)
        if reason and reason != self._told:
            tell(f"cannot read the new {self._name}: {reason}; waiting until it can be read")
        self._told = reason


def _joined(logs: Sequence[tuple[View, Iterable[bytes]]]) -> Iterator[bytes]:
    """What is shown of several logs, in the order of time."""
    if len(logs) == 1:
        return map(logs[0][0].text, logs[0][1])
    return _together(merged([_units(view, lines) for view, lines in logs]))


def _units(view: View, lines: Iterable[bytes]) -> Iterator[list[Unit]]:
    return map(view.units, lines)


def _write(texts: Iterable[bytes], out: Destination) -> bool:
    """Write texts; whether there was any."""
    wrote = False
    for data in texts:
        if data:
            out.write(data)
            wrote = True
    return wrote


def _together(texts: Iterable[bytes]) -> Iterator[bytes]:
    """Small pieces as larger ones, but nothing is kept while more is waited for."""
    parts: list[bytes] = []
    size = 0
    for data in texts:
        parts.append(data)
        size += len(data)
        if size >= _TOGETHER or not data:
            yield b"".join(parts)
            parts.clear()
            size = 0
    yield b"".join(parts)
