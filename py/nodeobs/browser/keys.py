"""Which keys there are: for the help, and for what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Key:
    """`names` are Textual's, `shown` is how the help writes them, `action` is the app's."""

    names: str
    action: str
    shown: str
    does: str


#: In the order of the help. What has no `shown` is an alias.
KEYS: Final = (
    Key("down,j", "move(1)", "↑ ↓  j k", "move"),
    Key("up,k", "move(-1)", "", ""),
    Key("pagedown,ctrl+f", "pages(1.0)", "PgUp PgDn", "a page, ctrl+u/d: half of one"),
    Key("pageup,ctrl+b", "pages(-1.0)", "", ""),
    Key("ctrl+d", "pages(0.5)", "", ""),
    Key("ctrl+u", "pages(-0.5)", "", ""),
    Key("home,g", "end(False)", "g G", "first, last (Home, End)"),
    Key("end,G", "end(True)", "", ""),
    Key("enter", "enter", "Enter", "open; in an object: open, close, follow a link"),
    Key("backspace", "go_back", "Esc  Bksp", "back (Esc first takes a filter away)"),
    Key("escape", "escape", "", ""),
    Key("right,l", "side(True)", "← →", "close, open a branch; scroll a wide table"),
    Key("left,h", "side(False)", "", ""),
    Key("e", "expand_all(True)", "e E", "open, close all branches"),
    Key("E", "expand_all(False)", "", ""),
    Key("slash", "ask_filter", "/", "a filter (docs/filter.md), or a text to look for"),
    Key("colon", "ask_jump", ":", "go to TYPE or TYPE/ID; Tab completes"),
    Key("o", "sort_next", "1-9  o O", "sort by a column, by the next; the other way round"),
    Key("O", "sort_reverse", "", ""),
    *(Key(str(number), f"sort({number})", "", "") for number in range(10)),
    Key("s", "stuck", "s", "what is stuck; again: for longer"),
    Key("m", "more", "m", "load ten times as many objects"),
    Key("p,space", "pause", "p  Space", "pause, go on"),
    Key("plus,equals_sign", "interval(-1)", "+ -", "refresh more often, less often"),
    Key("minus", "interval(1)", "", ""),
    Key("r,f5", "refresh_now", "r", "refresh now"),
    Key("y", "copy", "y", "copy the object or row as JSON"),
    Key("c", "copy_command", "c", "copy the command line that prints the same"),
    Key("question_mark", "help", "?", "this help"),
    Key("q", "leave(0)", "q", "quit (Ctrl-C as well)"),
)


def help_lines() -> list[tuple[str, str]]:
    """Keys and what they do."""
    return [(key.shown, key.does) for key in KEYS if key.shown]
