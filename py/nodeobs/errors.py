"""The one exception of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class NodeobsError(Exception):
    """Something the user should know, with the next step where there is one.

    `code` is stable and meant for programs (`no_process`, `no_agent`, `permission`, …, or the
    code an agent answered with), `message` says what is wrong in one sentence, `hint` says what to
    do about it. `exit_code` is what the command line returns: 1 for failures, 2 for usage.
    """

    def __init__(
        self, code: str, message: str, hint: str | None = None, *, exit_code: int = 1
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


def did_you_mean(candidates: Iterable[str]) -> str | None:
    """`did you mean a, b or c?`, or None when there is no candidate."""
    names = [str(name) for name in candidates][:5]
    if not names:
        return None
    if len(names) == 1:
        return f"did you mean {names[0]}?"
    return f"did you mean {', '.join(names[:-1])} or {names[-1]}?"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that look like `name`, the nearest first."""
    import difflib  # only after a mistake

    by_folded = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), list(by_folded), n=3, cutoff=0.5)
    return [by_folded[match] for match in matches]


def output_error(error: OSError) -> NodeobsError:
    """The output could not be written, for another reason than that nobody reads it."""
    return NodeobsError(
        "output",
        f"cannot write the output: {error.strerror or error}",
        "make room, or write it elsewhere; what came after is not in it",
    )
