"""Which threads belong to a process, also those that have ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# clone(2): the new task is a thread of its parent's process.
_CLONE_THREAD: Final = 0x10000


class Threads:
    """The threads of `pid`, from those it has at the start and from what the kernel says of new
    ones. Tasks have to be given in the order of time."""

    def __init__(self, pid: int, threads: Iterable[int], proc: str = "/proc") -> None:
        self._pid = pid
        self._proc = proc
        self._known = dict.fromkeys(threads, True)

    def note_new(self, creator: int, task: int, clone_flags: int) -> None:
        """A thread has started a thread, or a process (which may have the pid of a dead thread)."""
        self._known[task] = bool(clone_flags & _CLONE_THREAD) and self.owns(creator)

    def owns(self, thread: int) -> bool:
        """Whether a thread belongs to the process."""
        known = self._known.get(thread)
        if known is None:
            known = self._known[thread] = self._look(thread)
        return known

    def _look(self, thread: int) -> bool:
        """For a thread whose start was lost: one that has ended is taken for one of the process."""
        if os.path.exists(f"{self._proc}/{self._pid}/task/{thread}"):
            return True
        return not os.path.exists(f"{self._proc}/{thread}")
