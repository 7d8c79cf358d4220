"""What the text that a program prints is meant for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodeobs.log.style import visible

if TYPE_CHECKING:
    import datetime


@dataclass(frozen=True, slots=True)
class Screen:
    """Where output goes.

    `unicode` is whether block characters can be shown (as `aggpack` does). With `terminal`, values
    from the process reach it as text, not as commands; formats are the operator's own. `zone` is
    for `%Y` and `%T`, None for the local one.
    """

    unicode: bool = True
    terminal: bool = False
    zone: datetime.tzinfo | None = None

    def clean(self, text: str) -> str:
        """A text of the process as it may be written here."""
        return visible(text) if self.terminal else text


PLAIN = Screen()
