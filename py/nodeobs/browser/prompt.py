"""The line that is typed into after `/` and `:`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.message import Message
from textual.widgets import Input

if TYPE_CHECKING:
    from textual.binding import BindingType


class Prompt(Input):
    """Enter accepts, Esc leaves things as they were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab", "complete", show=False),
    ]

    class Left(Message):
        """Esc: nothing is to happen."""

    class Completion(Message):
        """Tab."""

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False, id="prompt")
        self.cursor_blink = False
        self.sign = "/"

    def ask(self, sign: str, text: str) -> None:
        self.sign = sign
        self.value = text
        self.cursor_position = len(text)
        self.focus()

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_complete(self) -> None:
        self.post_message(self.Completion())
