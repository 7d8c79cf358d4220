"""What is on the screen: the list, and the lines above and below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from nodeobs.browser.asking import Asking
from nodeobs.browser.bar import Bar
from nodeobs.browser.bars import breadcrumbs, keys_line, status_text
from nodeobs.browser.cells import DIM, ERROR
from nodeobs.browser.line_list import LineList
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from nodeobs.browser.cells import Line
    from nodeobs.browser.condition import Condition
    from nodeobs.browser.known import Known
    from nodeobs.browser.pace import Pace
    from nodeobs.browser.source import StateSource
    from nodeobs.browser.way import Way


class Picture(Vertical):
    """Shows the end of the way, and how things are."""

    DEFAULT_CSS = """
    Picture LineList { height: 1fr; }
    Picture #crumbs { text-style: reverse; }
    Picture #keys, Picture #command { text-style: dim; }
    Picture #status.wrong { color: ansi_red; text-style: bold; }
    """

    def __init__(
        self, source: StateSource, way: Way, known: Known, condition: Condition, pace: Pace
    ) -> None:
        super().__init__()
        self._source = source
        self._way = way
        self._known = known
        self._condition = condition
        self._pace = pace

    def compose(self) -> ComposeResult:
        yield Bar("crumbs")
        yield LineList()
        yield Bar("status")
        yield Asking(self._known)
        yield Bar("command")
        yield Bar("keys")

    @property
    def lines(self) -> LineList:
        return self.query_one(LineList)

    @property
    def asking(self) -> Asking:
        return self.query_one(Asking)

    def ask(self, sign: str, text: str) -> None:
        """Have something typed, in the place of the command line."""
        self.query_one("#command").display = False
        self.asking.ask(sign, text)
        # A click must not take the keys away from what is being typed.
        self.lines.can_focus = False
        self.show_bars()

    def stop_asking(self) -> None:
        self.asking.stop()
        self.query_one("#command").display = True
        self.lines.can_focus = True
        self.lines.focus()
        self.show()

    def show(self) -> None:
        view = self._way.view
        view.is_ended = self._condition.is_ended
        view.several = self._condition.several
        self.lines.show(view, self._known.types, self._instead())
        self.show_bars()

    def show_bars(self) -> None:
        view, width = self._way.view, self.app.size.width
        right = "ended" if self._condition.is_over else str(self._pace)
        wrong = self._condition.wrong()
        self._put("crumbs", breadcrumbs(self._source.title, self._way.steps, right, width))
        if self.asking.asks_where:
            matches = single_line("  ".join(self.asking.candidates()))
            self._put("status", f" {matches or 'go to TYPE or TYPE/ID'}")
        else:
            status = status_text(view, self.lines.room, wrong, self._condition.message)
            self._put("status", f" {status}")
        self.query_one("#status").set_class(bool(wrong), "wrong")
        self._put("command", f" $ {single_line(view.command(self._source))}")
        self._put("keys", keys_line(width))

    def _instead(self) -> Line:
        """What is said where there is no line."""
        if self._way.view.loaded:
            return [(f" {self._way.view.nothing()}", DIM)]
        if self._condition.error is not None:
            return [(f" {single_line(self._condition.error)}", ERROR)]
        return [(" waiting for the answer …", DIM)]

    def _put(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Bar).put(text)
