"""Which texts come most often, in bounded memory."""

from __future__ import annotations

from typing import Final

#: Texts that are kept when there are too many.
CAPACITY: Final = 2000


class Frequent:
    """Counts of texts. When there are more than twice `capacity`, the rarer half is forgotten; a
    text that comes (again) then begins at what it may have had, so no count is too low, and none
    is too high by more than `error`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._counts: dict[str, int] = {}
        self.error = 0

    def add(self, text: str) -> None:
        """One more of a text."""
        counts = self._counts
        counts[text] = counts.get(text, self.error) + 1
        if len(counts) > 2 * self._capacity:
            ranked = self._ranked()
            self._counts = dict(ranked[: self._capacity])
            self.error = ranked[self._capacity][1]

    def most(self, count: int) -> list[tuple[str, int]]:
        """The most frequent texts and their counts, equal ones by text."""
        return self._ranked()[:count]

    def _ranked(self) -> list[tuple[str, int]]:
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
