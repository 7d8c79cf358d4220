"""Several logs as one in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: What is printed together, and its time: a text that can be compared.
Unit = tuple[str, bytes]


class _Source:
    """What is at hand of one log."""

    def __init__(self, index: int, batches: Iterator[list[Unit]]) -> None:
        self.index = index
        self._batches = batches
        self._units: list[Unit] = []
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Whether another batch is needed."""
        return self._at >= len(self._units)

    def fill(self) -> bool:
        """Make sure that there is a unit; whether there is one."""
        while self.is_empty:
            following = next(self._batches, None)
            if following is None:
                return False
            self._units, self._at = following, 0
        return True

    @property
    def time(self) -> str:
        return self._units[self._at][0]

    def take(self, before: str | None, upto: str | None) -> bytes:
        """The units at hand from the next one on whose times are before one and up to another
        time, joined. The first one is always taken."""
        units, start = self._units, self._at
        end = start + 1
        while end < len(units) and (
            (before is None or units[end][0] < before) and (upto is None or units[end][0] <= upto)
        ):
            end += 1
        self._at = end
        return b"".join([shown for _, shown in units[start:end]])


def merged(logs: Sequence[Iterable[list[Unit]]]) -> Iterator[bytes]:
    """Logs that come in batches, each in its own order: whichever has the earliest next unit, of
    equal ones the first, goes on. Of each log one batch is kept at a time. Nothing (`b""`) comes
    where another batch may have to be waited for."""
    sources = [_Source(index, iter(batches)) for index, batches in enumerate(logs)]
    sources = [source for source in sources if source.fill()]
    while sources:
        first = min(sources, key=lambda source: source.time)
        earlier = [source.time for source in sources if source.index < first.index]
        later = [source.time for source in sources if source.index > first.index]
        yield first.take(min(earlier, default=None), min(later, default=None))
        if first.is_empty:
            yield b""
        if not first.fill():
            sources.remove(first)
