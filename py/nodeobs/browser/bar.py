"""One line above or below the list."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from nodeobs.reports.table import cut


class Bar(Static):
    """A text cut to the screen, drawn only when it is another."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self._shown = ""

    def put(self, text: str) -> None:
        shown = cut(text, self.app.size.width)
        if self._shown != shown:
            self._shown = shown
            self.update(Text(shown))
