"""The files of `nodeobs latency --from`: plain or gzipped, or stdin, in pieces, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Self

from nodeobs.errors import NodeobsError
from nodeobs.logfile.blocks import BLOCK, decompressed

if TYPE_CHECKING:
    from collections.abc import Iterator


class LogFiles:
    """`with LogFiles() as files: for chunk in files.chunks(name): …`

    Ctrl-C ends the reading between two pieces, and a second one everything. `damaged` are the
    gzipped files that are cut off or broken: what comes behind is missing.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self.damaged: list[str] = []
        self._waiting = False

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file, `-` being stdin; what a pipe has is not waited for to be more.
        Raises NodeobsError where it cannot be read."""
        try:
            descriptor = sys.stdin.fileno() if name == "-" else os.open(name, os.O_RDONLY)
            try:
                yield from self._unpacked(name, self._pieces(descriptor))
            finally:
                if name != "-":
                    os.close(descriptor)
        except OSError as error:
            reason = error.strerror or error
            raise NodeobsError("usage", f"cannot read {name}: {reason}", exit_code=2) from None

    def _pieces(self, descriptor: int) -> Iterator[bytes]:
        while not self.interrupted and (piece := self._read(descriptor)):
            yield piece

    def _read(self, descriptor: int) -> bytes:
        try:
            self._waiting = True
            return os.read(descriptor, BLOCK)
        except KeyboardInterrupt:
            return b""
        finally:
            self._waiting = False

    def _interrupt(self, *_: object) -> None:
        again, self.interrupted = self.interrupted, True
        if again or self._waiting:
            raise KeyboardInterrupt

    def _unpacked(self, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from decompressed(pieces)
        except NodeobsError:
            if not self.interrupted:
                self.damaged.append(name)
