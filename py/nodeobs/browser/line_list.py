"""The middle of the screen: the lines of a view, one of them selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from nodeobs.browser.cells import CHANGED, DIM, ERROR, KEY, LINK, PLAIN, TITLE

if TYPE_CHECKING:
    from collections.abc import Collection

    from textual import events

    from nodeobs.browser.cells import Line
    from nodeobs.browser.view import View

# The terminal's own colours, which fit its background. Without colours (NO_COLOR) what matters
# is still told apart.
_STYLES: Final = {
    PLAIN: Style(),
    DIM: Style(dim=True),
    TITLE: Style(bold=True),
    KEY: Style(color="cyan"),
    LINK: Style(underline=True),
    CHANGED: Style(color="magenta", bold=True),
    ERROR: Style(color="red", bold=True),
}
_SELECTED: Final = Style(reverse=True)
_WHEEL: Final = 3
_SIDEWAYS: Final = 8


class LineList(Widget, can_focus=True):
    """Asks the view for the lines that are on the screen, and for no others."""

    class Chosen(Message):
        """A line was clicked twice."""

    class TitleClicked(Message):
        """The titles were clicked, so many cells from the left."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._types: Collection[str] = ()
        self._instead: Line = []

    def show(self, view: View, types: Collection[str], instead: Line) -> None:
        """`instead` is shown where there is no picture yet, or no line in it."""
        self._view = view
        self._types = types
        self._instead = instead
        if self.size.width:
            view.resize(self.size.width)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        if self._view is not None:
            self._view.resize(event.size.width)
            self.refresh()

    @property
    def room(self) -> int:
        """Lines that can be seen at once."""
        has_header = self._view is not None and self._view.has_header
        return max(1, self.size.height - has_header)

    def render_line(self, y: int) -> Strip:
        view = self._view
        if view is None or not view.loaded:
            return self._strip(self._instead if y == 0 else [])
        if y == 0:
            self._follow_cursor(view)
        if view.has_header:
            if y == 0:
                return self._strip(view.header(view.top, self.room), view.left)
            y -= 1
        if not len(view):
            return self._strip(self._instead if y == 0 else [])
        index = view.top + y
        if index >= len(view):
            return self._strip([])
        return self._strip(view.line(index, self._types), view.left, index == view.cursor)

    def _follow_cursor(self, view: View) -> None:
        lowest = max(0, view.cursor - self.room + 1)
        # Where there is room for what is above, it is shown.
        last = max(0, len(view) - self.room)
        view.top = max(0, min(max(view.top, lowest), view.cursor, last))

    def _strip(self, line: Line, left: int = 0, selected: bool = False) -> Strip:
        base = self.rich_style
        segments = [Segment(text, base + _STYLES[style]) for text, style in line]
        width = self.size.width
        strip = Strip(segments).crop(left) if left else Strip(segments)
        strip = strip.adjust_cell_length(width, base)
        return strip.apply_style(_SELECTED) if selected else strip

    # -- moving -----------------------------------------------------------------------------

    def move(self, lines: int) -> None:
        if self._view is not None and len(self._view):
            self._view.move_to(self._view.cursor + lines)
            self.refresh()

    def move_pages(self, pages: float) -> None:
        self.move(round(pages * max(1, self.room - 1)))

    def move_to_end(self, last: bool) -> None:
        if self._view is not None:
            self._view.move_to(len(self._view) - 1 if last else 0)
            self.refresh()

    def move_sideways(self, steps: int) -> None:
        view = self._view
        if view is not None:
            most = max(0, view.total_width - self.size.width)
            view.left = max(0, min(view.left + steps * _SIDEWAYS, most))
            self.refresh()

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(_WHEEL)
        event.stop()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(-_WHEEL)
        event.stop()

    def _scroll(self, lines: int) -> None:
        view = self._view
        if view is None or not len(view):
            return
        view.top = max(0, min(view.top + lines, len(view) - self.room))
        view.move_to(max(view.top, min(view.cursor, view.top + self.room - 1)))
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        view = self._view
        if view is None or not view.loaded:
            return
        y = event.y
        if view.has_header:
            if y == 0:
                self.post_message(self.TitleClicked(event.x + view.left))
                return
            y -= 1
        if view.top + y < len(view):
            view.move_to(view.top + y)
            self.refresh()
            if event.chain == 2:
                self.post_message(self.Chosen())
