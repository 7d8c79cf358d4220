"""The application: what is shown, and what the keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import App
from textual.binding import Binding

from nodeobs.browser.asking import Asking
from nodeobs.browser.condition import Condition
from nodeobs.browser.help_screen import HelpScreen
from nodeobs.browser.keys import KEYS
from nodeobs.browser.known import Known
from nodeobs.browser.line_list import LineList
from nodeobs.browser.object_view import ObjectView
from nodeobs.browser.pace import Pace
from nodeobs.browser.picture import Picture
from nodeobs.browser.refresh import Refresh
from nodeobs.browser.stuck_view import StuckView
from nodeobs.browser.table_view import TableView
from nodeobs.browser.way import Way
from nodeobs.log.json_text import stringify
from nodeobs.reports.quantities import amount

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from nodeobs.browser.source import StateSource
    from nodeobs.browser.view import View

#: What the browser is left with after Ctrl-C.
INTERRUPTED: Final = 130

# How often the status line is looked at, for those who do not answer.
_TICK: Final = 0.5
# So many characters of JSON terminals take into their clipboard; some take less.
_CLIPBOARD: Final = 1_000_000


class Browser(App[int]):
    """The state browser. `source` may be anything that follows `StateSource`."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { background: ansi_default; color: ansi_default; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key.names, key.action, show=False) for key in KEYS),
        Binding("ctrl+c", f"leave({INTERRUPTED})", show=False, priority=True),
        Binding("ctrl+q", "leave(0)", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", show=False, priority=True),
    ]

    def __init__(
        self,
        source: StateSource,
        *,
        at: str | None = None,
        interval: float = 1.0,
        limit: int = 1000,
    ) -> None:
        # The terminal's own colours, so that light and dark ones are fine; and so that NO_COLOR
        # means the terminal's usual ones.
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.failure: Exception | None = None
        self._source = source
        self._start_at = at
        self._pace = Pace(interval)
        self._known = Known(source)
        self._way = Way(source, self._known, limit)
        self._refreshing = Refresh(source, self._known, self._pace)
        self._condition = Condition(source)
        self._picture = Picture(source, self._way, self._known, self._condition, self._pace)

    @property
    def view(self) -> View:
        """What is looked at."""
        return self._way.view

    def compose(self) -> ComposeResult:
        yield self._picture

    def on_mount(self) -> None:
        self._lines.focus()
        self.set_interval(_TICK, self._tick)
        if self._start_at is not None:
            self.run_worker(self._go(self._start_at), group="jump")
        else:
            self._look_anew()

    @property
    def _lines(self) -> LineList:
        return self._picture.lines

    # -- asking the source ------------------------------------------------------------------

    def _look_anew(self) -> None:
        """Ask for what is looked at now, and keep asking; whatever was asked before is let go."""
        self._show()
        self.run_worker(self._keep_fresh(), group="refresh", exclusive=True)

    async def _keep_fresh(self) -> None:
        self._pace.begin()
        while True:
            view = self.view
            self._condition.error = await self._refreshing.ask(view)
            if self._condition.error is None:
                self._show()
                await self._known.learn_types()
            elif not view.loaded and self._way.back():
                # There is nothing to look at: stay where one was.
                self._condition.say(self._condition.error)
                self._condition.error = None
                self.call_later(self._look_anew)
            self._tick()
            self._show()
            await self._pace.until_next()

    def _tick(self) -> None:
        self._condition.look()
        self._show_bars()

    def _show(self) -> None:
        # An answer may arrive when there is no screen any more.
        if self.is_running:
            self._picture.show()

    def _show_bars(self) -> None:
        if self.is_running:
            self._picture.show_bars()

    def _tell(self, text: str) -> None:
        self._condition.say(text)
        self._show_bars()

    # -- the way ----------------------------------------------------------------------------

    def _push(self, view: View) -> None:
        self._condition.forget()
        self._way.push(view)
        self._look_anew()

    async def _go(self, text: str) -> None:
        self._push(await self._way.leading_to_text(text))

    def action_enter(self) -> None:
        view = self.view
        if not view.loaded:
            return
        target = view.enter(self._known.types)
        if target is not None:
            self._push(self._way.leading_to(target))
        else:
            self._show()

    def action_go_back(self) -> None:
        self._condition.forget()
        if self._way.back():
            self._look_anew()

    def action_escape(self) -> None:
        if self.view.wanted:
            self.view.look_for("")
            self._show()
        else:
            self.action_go_back()

    def action_stuck(self) -> None:
        view = self.view
        if isinstance(view, StuckView):
            view.next_age()
            self._look_anew()
        else:
            self._push(StuckView())

    # -- typing -----------------------------------------------------------------------------

    def action_ask_filter(self) -> None:
        self._ask("/", self.view.wanted.text)

    def action_ask_jump(self) -> None:
        self._ask(":", "")
        self.run_worker(self._known.learn_types(), group="jump")

    def _ask(self, sign: str, text: str) -> None:
        self._condition.message = None
        self._picture.ask(sign, text)

    @on(Asking.Typed)
    def _typed(self, event: Asking.Typed) -> None:
        if event.sign == "/":
            self.view.look_for(event.text)
            self._show()
        else:
            self.run_worker(self._learn(event.text), group="jump")
            self._show_bars()

    async def _learn(self, text: str) -> None:
        await self._known.learn_ids(text, self._way.limit)
        self._show_bars()

    @on(Asking.Accepted)
    def _accepted(self, event: Asking.Accepted) -> None:
        self._picture.stop_asking()
        if event.sign == ":" and event.text.strip():
            self.run_worker(self._go(event.text), group="jump", exclusive=True)

    @on(Asking.Left)
    def _not_accepted(self, event: Asking.Left) -> None:
        if event.sign == "/":
            self.view.look_for(event.text)
        self._picture.stop_asking()

    # -- the other keys ---------------------------------------------------------------------

    def action_move(self, lines: int) -> None:
        self._lines.move(lines)
        self._show_bars()

    def action_pages(self, pages: float) -> None:
        self._lines.move_pages(pages)
        self._show_bars()

    def action_end(self, last: bool) -> None:
        self._lines.move_to_end(last)
        self._show_bars()

    def action_side(self, right: bool) -> None:
        if self.view.expand(right):
            self._show()
        else:
            self._lines.move_sideways(1 if right else -1)

    def action_expand_all(self, wanted: bool) -> None:
        if isinstance(self.view, ObjectView):
            self.view.expand_all(wanted)
            self._show()

    def action_sort(self, number: int) -> None:
        if isinstance(self.view, TableView):
            self.view.sort_by(number)
            self._show()

    def action_sort_next(self) -> None:
        if isinstance(self.view, TableView):
            self.view.sort_next()
            self._show()

    def action_sort_reverse(self) -> None:
        if isinstance(self.view, TableView):
            self.view.sort_reverse()
            self._show()

    @on(LineList.TitleClicked)
    def _title_clicked(self, event: LineList.TitleClicked) -> None:
        if isinstance(self.view, TableView):
            self.view.sort_at(event.x)
            self._show()

    @on(LineList.Chosen)
    def _chosen(self) -> None:
        self.action_enter()

    def action_more(self) -> None:
        if self.view.more():
            self._look_anew()

    def action_pause(self) -> None:
        self._pace.toggle()
        self._condition.message = None
        self._show_bars()

    def action_refresh_now(self) -> None:
        self._condition.message = None
        self._look_anew()

    def action_interval(self, step: int) -> None:
        self._pace.step(step)
        self._show_bars()

    def action_copy(self) -> None:
        view = self.view
        if not view.loaded:
            return
        text = stringify(view.copied(), 2)
        length = amount(len(text), "character")
        if len(text) > _CLIPBOARD:
            self._tell(f"not copied: {length} are too many for a terminal's clipboard")
            return
        self._copy(text, f"copied as JSON ({length})")

    def action_copy_command(self) -> None:
        command = self.view.command(self._source)
        self._copy(command, f"copied: {command}")

    def _copy(self, text: str, told: str) -> None:
        # Half a character (from a cut UTF-16 text) has no UTF-8.
        self.copy_to_clipboard(text.encode("utf-8", "replace").decode())
        self._tell(told)

    def action_help(self) -> None:
        self.push_screen(HelpScreen())

    def action_leave(self, code: int) -> None:
        self.exit(code)

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_bars)

    def _handle_exception(self, error: Exception) -> None:
        """A mistake of ours ends the browser, and is told of like any other: without the pages of
        Textual's traceback."""
        self.failure = error
        super()._handle_exception(error)
        self._exit_renderables.clear()
