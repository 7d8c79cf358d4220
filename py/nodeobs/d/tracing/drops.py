"""What was lost, until the user is told."""

from __future__ import annotations

from collections import Counter

from nodeobs.d.printing.layout import drop_text


class Drops:
    """Counts drops by their kind (docs/protocol.md, `trace.read`) and by process."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int | None]] = Counter()

    def add(self, kind: str, pid: int | None, count: int) -> None:
        """`count` more; a pid of None is this command."""
        if count:
            self._counts[kind, pid] += count

    def take(self) -> list[str]:
        """A sentence for each kind and process since the last call."""
        return [
            drop_text(kind, count, "nodeobs" if pid is None else f"pid {pid}")
            for kind, pid, count in self.take_counts()
        ]

    def take_counts(self) -> list[tuple[str, int | None, int]]:
        """Kinds, processes and how many since the last call."""
        counts = [(kind, pid, count) for (kind, pid), count in self._counts.items()]
        self._counts.clear()
        return counts
