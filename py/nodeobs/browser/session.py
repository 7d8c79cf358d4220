"""Running the browser in the terminal, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Final

from nodeobs.browser.app import INTERRUPTED, Browser
from nodeobs.browser.terminal import require_terminal

if TYPE_CHECKING:
    from nodeobs.browser.source import StateSource

#: Exit codes of what ends the browser from outside: 128 and the number of the signal.
_CODES: Final = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: 143, signal.SIGHUP: 129}


async def browse(
    source: StateSource, *, at: str | None = None, interval: float = 1.0, limit: int = 1000
) -> None:
    """Run the browser until the user leaves it.

    `at` is a TYPE or TYPE/ID to start at, `interval` how often it is asked, in seconds, `limit`
    how many objects a table asks for. Raises NodeobsError without a terminal, KeyboardInterrupt
    after Ctrl-C, SystemExit after SIGTERM or SIGHUP.
    """
    require_terminal(f"{source.command(None, None)} prints it")
    if not os.environ.get("NO_COLOR"):
        # Textual takes an empty one for set; no-color.org, and everything else here, does not.
        os.environ.pop("NO_COLOR", None)
    app = Browser(source, at=at, interval=interval, limit=limit)
    loop = asyncio.get_running_loop()
    for number, code in _CODES.items():
        loop.add_signal_handler(number, app.action_leave, code)
    try:
        left_with = await app.run_async()
    finally:
        for number in _CODES:
            loop.remove_signal_handler(number)
    if app.failure is not None:
        raise app.failure
    if left_with == INTERRUPTED:
        raise KeyboardInterrupt
    if left_with:
        raise SystemExit(left_with)
