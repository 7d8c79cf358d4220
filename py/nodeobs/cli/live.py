"""Output that comes while something runs, until that ends, a signal ends it, or nobody reads."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final

from nodeobs.errors import output_error
from nodeobs.snoop.output import Output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: Seconds that the last output may take.
_PATIENCE: Final = 5.0
_LOOK_FOR_READER: Final = 0.5
#: Exit codes of what ends a command from outside: 128 and the number of the signal.
_CODES: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


async def show_live(
    descriptor: int, show: Callable[[Output], Awaitable[None]], stop: Callable[[int], None]
) -> Output:
    """Have `show` write until it returns, and return what it has written to.

    The first signal calls `stop` with the exit code, after which `show` is expected to come to an
    end; a second one, or a reader that leaves, ends it at once.
    """
    signalled = False

    def end(code: int) -> None:
        nonlocal signalled
        if signalled:
            showing.cancel()
        signalled = True
        stop(code)

    async def watch_reader() -> None:
        while True:
            await asyncio.sleep(_LOOK_FOR_READER)
            output.check_reader()

    def leave() -> None:
        showing.cancel()

    output = Output(descriptor, on_gone=leave)
    showing = asyncio.ensure_future(show(output))
    watching = asyncio.create_task(watch_reader())
    for number, code in _CODES.items():
        asyncio.get_running_loop().add_signal_handler(number, end, code)
    try:
        await asyncio.wait([showing])
        if not showing.cancelled():
            showing.result()  # raises what went wrong
    finally:
        watching.cancel()
    return output


async def close(output: Output) -> None:
    """Write what is left, for a while. Raises NodeobsError when something could not be written."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            await output.close()
    if output.error is not None:
        raise output_error(output.error)
