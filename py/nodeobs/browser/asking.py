"""What `/` and `:` ask for: a filter or text, and where to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from nodeobs.browser.bar import Bar
from nodeobs.browser.completion import completed
from nodeobs.browser.prompt import Prompt

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from nodeobs.browser.known import Known


class _After(Message):
    """A text after a sign."""

    def __init__(self, sign: str, text: str) -> None:
        super().__init__()
        self.sign = sign
        self.text = text


class Asking(Horizontal):
    """A sign and what is typed after it, shown while it is asked for. `:` can be completed."""

    DEFAULT_CSS = """
    Asking { height: 1; display: none; }
    Asking #sign { width: 2; }
    Asking Prompt { width: 1fr; }
    """

    class Typed(_After):
        """What is typed so far."""

    class Accepted(_After):
        """Enter."""

    class Left(_After):
        """Esc; `text` is what was there before."""

    def __init__(self, known: Known) -> None:
        super().__init__(id="asking")
        self._known = known
        self._before = ""

    def compose(self) -> ComposeResult:
        yield Bar("sign")
        yield Prompt()

    @property
    def _prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def ask(self, sign: str, text: str) -> None:
        self._before = text
        self.query_one(Bar).put(f" {sign}")
        self.display = True
        self._prompt.ask(sign, text)

    def stop(self) -> None:
        self.display = False

    @property
    def asks_where(self) -> bool:
        """Whether a TYPE or TYPE/ID is being typed."""
        return bool(self.display) and self._prompt.sign == ":"

    def candidates(self) -> list[str]:
        """What can be gone to from what is typed."""
        return self._known.matches(self._prompt.value)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.display:
            self.post_message(self.Typed(self._prompt.sign, event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Accepted(self._prompt.sign, event.value))

    @on(Prompt.Left)
    def _left(self) -> None:
        self.post_message(self.Left(self._prompt.sign, self._before))

    @on(Prompt.Completion)
    def _complete(self) -> None:
        prompt = self._prompt
        if prompt.sign == ":":
            # What could disturb the terminal is not put where it would be shown as it is.
            matches = filter(str.isprintable, self.candidates())
            text = completed(prompt.value, [*matches])
            if text == prompt.value and text in self._known.types:
                text += "/"
            prompt.value = text
            prompt.cursor_position = len(text)
