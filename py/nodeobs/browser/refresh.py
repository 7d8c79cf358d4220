"""Asking for what is looked at, again and again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.browser.known import Known
    from nodeobs.browser.pace import Pace
    from nodeobs.browser.source import StateSource
    from nodeobs.browser.view import View


class Refresh:
    """Brings answers from the source into views, and learns from them what they cost."""

    def __init__(self, source: StateSource, known: Known, pace: Pace) -> None:
        self._source = source
        self._known = known
        self._pace = pace

    async def ask(self, view: View) -> str | None:
        """Have the view take an answer; or why there is none."""
        began = time.monotonic()
        try:
            answer = await view.fetch(self._source)
            await view.prepare(answer)
        except NodeobsError as error:
            self._pace.note(time.monotonic() - began)
            return f"{error.message}" + (f" ({error.hint})" if error.hint else "")
        view.take(answer)
        self._pace.note(time.monotonic() - began)
        self._known.note(view, answer)
        return None
