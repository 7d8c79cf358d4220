"""How often it is asked: as often as wanted, and less often where answers are expensive."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Final

#: What `+` and `-` go through, in seconds.
INTERVALS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# Of the time of the process, no more than a tenth goes into answering.
_SHARE: Final = 9
_LONGEST: Final = 10.0


class Pace:
    """When to ask again. `paused` lasts until `toggle` is called once more."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.paused = False
        self._pause = interval
        self._took = 0.0
        self._changed = asyncio.Event()

    def __str__(self) -> str:
        if self.paused:
            return "paused"
        asked = f"every {self.interval:g}s"
        return asked if self._pause <= self.interval else f"{asked} (slow: {self._pause:.1f}s)"

    def begin(self) -> None:
        """Something else is asked for from now on."""
        self._took = 0.0

    def note(self, took: float) -> None:
        """An answer took that many seconds. One that is slow may have been a stall; two in a row
        are what it costs."""
        self._pause = max(self.interval, min(_SHARE * min(took, self._took), _LONGEST))
        self._took = took

    async def until_next(self) -> None:
        asked = time.monotonic()
        while self.paused or time.monotonic() < asked + self._pause:
            rest = None if self.paused else asked + self._pause - time.monotonic()
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._changed.wait()

    def toggle(self) -> None:
        self.paused = not self.paused
        self._changed.set()

    def step(self, direction: int) -> None:
        """To the next longer interval, or with -1 to the next shorter one."""
        longer = [one for one in INTERVALS if one > self.interval]
        shorter = [one for one in INTERVALS if one < self.interval]
        if direction > 0 and longer:
            self.interval = longer[0]
        elif direction < 0 and shorter:
            self.interval = shorter[-1]
        self._pause = self.interval
        self._changed.set()
