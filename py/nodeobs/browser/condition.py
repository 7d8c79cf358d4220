"""What is wrong, who is gone, and what the user is to be told for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from nodeobs.browser.bars import place_lines
from nodeobs.browser.source import PlacesSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.browser.source import PlaceState, StateSource

# Seconds that what was just done, or happened, is told.
_MESSAGE_STAYS: Final = 10.0


class Condition:
    """`error` says why the last answer is none, `message` what was just done, or happened."""

    def __init__(self, source: StateSource) -> None:
        self.error: str | None = None
        self.message: str | None = None
        self._said = 0.0
        self._source = source
        self._places: Sequence[PlaceState] = ()

    def look(self) -> None:
        """How the processes or services are by now, and what they have to be told of."""
        if isinstance(self._source, PlacesSource):
            self._places = self._source.places()
            if notices := self._source.notices():
                self.say("; ".join(notices))
        if time.monotonic() > self._said + _MESSAGE_STAYS:
            self.message = None

    def say(self, text: str) -> None:
        self.message = text
        self._said = time.monotonic()

    def forget(self) -> None:
        """Something else is looked at."""
        self.message = self.error = None

    @property
    def several(self) -> bool:
        """Whether there are several processes or services."""
        return len(self._places) > 1

    @property
    def is_over(self) -> bool:
        """Whether all of them have ended."""
        return bool(self._places) and all(one.ended is not None for one in self._places)

    def is_ended(self, place: str) -> bool:
        return any(one.ended is not None and one.has(place) for one in self._places)

    def wrong(self) -> list[str]:
        """Who has ended or does not answer, and why there is no answer."""
        lines = place_lines(self._places)
        if self.error is not None and not self.is_over:
            lines.append(self.error)
        return lines
