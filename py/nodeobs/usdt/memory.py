"""Reading the memory of another process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from nodeobs.discovery.procfs import Procfs


class ProcessMemory:
    """`with ProcessMemory(pid, proc) as memory`. Nothing raises; `problem` says why nothing can be
    read, where that is so."""

    def __init__(self, pid: int, proc: Procfs) -> None:
        self._path = proc.path(pid, "mem")
        self._file: int | None = None
        self.problem: str | None = None

    def __enter__(self) -> ProcessMemory:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            self.problem = "its memory may not be read: needs its user, or CAP_SYS_PTRACE"
        except OSError:
            self.problem = "the process has ended"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def read(self, size: int, address: int) -> bytes:
        """What is at an address: fewer bytes, or none, where nothing is mapped."""
        if self._file is None:
            return b""
        try:
            return os.pread(self._file, size, address)
        except (OSError, OverflowError):
            return b""
