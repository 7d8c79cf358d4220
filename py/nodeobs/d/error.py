"""What is wrong with a program, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.d.text import Place, Texts

_WIDTH = 72


class Problem(Exception):  # noqa: N818
    """Something wrong at a position; becomes a DError where the texts are known."""

    def __init__(self, at: int | None, problem: str, hint: str | None = None) -> None:
        super().__init__(problem)
        self.at = at
        self.problem = problem
        self.hint = hint

    def error(self, texts: Texts) -> DError:
        place = None if self.at is None else texts.place(self.at)
        return DError(self.problem, self.hint, place)


class DError(NodeobsError):
    """A program that cannot be run: code `bad_program`, exit code 2.

    `message` is `name:line:column: problem`, the line of the program, and a caret under the place.
    `place` is None where the fault has none (an option, a missing argument).
    """

    def __init__(self, problem: str, hint: str | None = None, place: Place | None = None) -> None:
        self.problem = problem = _printable(problem)
        self.place = place
        message = f"trace: {problem}"
        if place is not None:
            message = f"{place}: {problem}\n{_excerpt(place.content, place.column)}"
        super().__init__("bad_program", message, hint, exit_code=2)


def _excerpt(line: str, column: int) -> str:
    """The part of `line` around `column` with a caret below it."""
    start = max(0, column - 1 - _WIDTH // 2) if len(line) > _WIDTH else 0
    shown = _printable(line[start : start + _WIDTH].replace("\t", " "))
    return f"  {shown}\n  {' ' * (column - 1 - start)}^"


def _printable(text: str) -> str:
    """What is not printable would move the caret, or the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
