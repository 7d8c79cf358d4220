"""Starting the browser over the processes that a command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeobs.browser.terminal import require_terminal
from nodeobs.cli.session import run
from nodeobs.cli.target import choose

if TYPE_CHECKING:
    from collections.abc import Sequence


def browse_processes(specs: Sequence[str], *, at: str | None, interval: float, limit: int) -> None:
    """`specs` are those of -p; the rest is as for `browse`. Raises NodeobsError."""
    require_terminal("nodeobs state --watch does without")
    chosen = choose(specs)
    # Textual is for who has come so far.
    from nodeobs.browser.live import LiveSource
    from nodeobs.browser.session import browse

    pids = [str(process.pid) for process in chosen]
    words = [word for spec in specs or pids for word in ("-p", spec)]

    async def show() -> None:
        async with LiveSource(chosen, words) as source:
            await browse(source, at=at, interval=interval, limit=limit)

    run(show())
