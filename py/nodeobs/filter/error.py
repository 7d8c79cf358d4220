"""What is wrong with a filter, and where."""

from __future__ import annotations

from nodeobs.errors import NodeobsError


class FilterError(NodeobsError):
    """A filter that cannot be used: code `bad_filter`, exit code 2.

    `line` and `column` count from 1 and are None where the fault has no place. `message` shows
    the line with a caret under the place.
    """

    def __init__(
        self,
        problem: str,
        hint: str | None,
        *,
        text: str | None = None,
        position: int | None = None,
    ) -> None:
        self.problem = problem
        self.line: int | None = None
        self.column: int | None = None
        message = f"filter: {problem}"
        if text is not None and position is not None:
            before = text[:position]
            self.line = before.count("\n") + 1
            start = before.rfind("\n") + 1
            self.column = position - start + 1
            end = text.find("\n", position)
            line = text[start : end if end >= 0 else len(text)]
            message += f" (line {self.line}, column {self.column})\n{_excerpt(line, self.column)}"
        super().__init__("bad_filter", message, hint, exit_code=2)


def _excerpt(line: str, column: int, width: int = 72) -> str:
    """The part of `line` around `column` with a caret below it."""
    start = max(0, column - 1 - width // 2)
    shown = line[start : start + width]
    # What is not printable would move the caret or the terminal.
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return f"  {shown}\n  {' ' * (column - 1 - start)}^"
