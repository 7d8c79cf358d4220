"""What `?` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding
from textual.screen import ModalScreen
from textual.widgets import Static

from nodeobs.browser.keys import help_lines

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class HelpScreen(ModalScreen[None]):
    """The keys, until any of the usual ones closes it."""

    CSS = """
    HelpScreen { background: ansi_default; }
    HelpScreen Static { height: 100%; overflow-y: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,backspace,space", "close", show=False)
    ]

    def compose(self) -> ComposeResult:
        yield Static(help_text(), id="help")

    def action_close(self) -> None:
        self.dismiss()


def help_text() -> Text:
    text = Text()
    for keys, does in help_lines():
        text.append(f" {keys:<11}", "bold")
        text.append(f"{does}\n")
    text.append(
        "\n What changed is bold. A text such as type:id or type/id is underlined: a link.\n"
        " Esc closes this help.",
        "dim",
    )
    return text
