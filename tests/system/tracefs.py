"""tracefs, by hand: an instance and events of this test's own, gone when it is over."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path
from typing import Self

ROOT = Path("/sys/kernel/tracing")
_numbers = itertools.count()


class Tracefs:
    """`with Tracefs() as tracefs`. Events are on from `enable` until the end."""

    def __init__(self) -> None:
        self.group = f"nodeobs_test_{os.getpid()}_{next(_numbers)}"
        self._instance = ROOT / "instances" / self.group
        self._events: list[str] = []

    def __enter__(self) -> Self:
        self._instance.mkdir()
        return self

    def add(self, event: str, path: str, offset: int, arguments: str = "") -> None:
        """`arguments` as in Documentation/trace/uprobetracer.rst."""
        _define(f"p:{self.group}/{event} {path}:{offset:#x} {arguments}".rstrip())
        self._events.append(event)

    def enable(self, event: str) -> None:
        self._file(event, "enable").write_text("1")

    def disable(self, event: str) -> None:
        self._file(event, "enable").write_text("0")

    def recorded(self, event: str) -> list[str]:
        """What each hit has recorded, oldest first: `(0x…) name=value …`."""
        text = (self._instance / "trace").read_text(errors="surrogateescape")
        return [line.split(f" {event}: ")[1] for line in text.splitlines() if f" {event}: " in line]

    def _file(self, event: str, name: str) -> Path:
        return self._instance / "events" / self.group / event / name

    def __exit__(self, *_: object) -> None:
        for event in self._events:
            with contextlib.suppress(OSError):
                self.disable(event)
        self._instance.rmdir()
        for event in self._events:
            _define(f"-:{self.group}/{event}")


def _define(line: str) -> None:
    # Truncating it, as a file that is opened to be written is, would remove everybody's.
    fd = os.open(ROOT / "uprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)
