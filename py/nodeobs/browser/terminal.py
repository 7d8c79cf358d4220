"""What the browser needs of a terminal."""

from __future__ import annotations

import os
import sys

from nodeobs.cli.terminal import has_unicode, is_terminal
from nodeobs.errors import NodeobsError


def require_terminal(instead: str) -> None:
    """Raises NodeobsError (usage) where there is none to work on; `instead` is the next step."""
    # Textual reads stdin and writes to stderr, so that these two have to be the terminal as well.
    for name in ("stdin", "stdout", "stderr"):
        if not is_terminal(getattr(sys, name)):
            raise NodeobsError(
                "no_terminal", f"the browser needs a terminal: {name} is none", instead, exit_code=2
            )
    if os.environ.get("TERM") in (None, "", "dumb"):
        raise NodeobsError(
            "no_terminal", "the terminal cannot move its cursor (TERM=dumb)", instead, exit_code=2
        )
    if not has_unicode(sys.stderr):
        raise NodeobsError(
            "no_terminal",
            "the browser needs a terminal with UTF-8",
            f"set LC_ALL=C.UTF-8, or {instead}",
            exit_code=2,
        )
