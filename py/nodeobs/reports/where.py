"""Columns that say whose a line is, where that is not clear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.reports.table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[int, int]
"""A pid and the id of one of its threads (0 is the main thread)."""


class Where:
    """PID with several processes, TID when worker threads are among them."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._pids = len({pid for pid, _ in places}) > 1
        self._tids = any(tid for _, tid in places)

    def columns(self) -> list[Column]:
        columns = [Column("PID", right=True, keep=9)] if self._pids else []
        return [*columns, Column("TID", right=True, keep=9)] if self._tids else columns

    def cells(self, place: Place) -> list[str]:
        pid, tid = place
        cells = [str(pid)] if self._pids else []
        return [*cells, str(tid)] if self._tids else cells

    def text(self, place: Place) -> str:
        """`4242 thread 1: `, or nothing where it is clear."""
        pid, tid = place
        words = [str(pid)] if self._pids else []
        if self._tids:
            words.append(f"thread {tid}")
        return " ".join(words) + ": " if words else ""
