"""Where output goes: to stdout, or through a pager to the terminal."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING, Final, Self

from nodeobs.cli.terminal import is_terminal, tell

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

#: Ends what a line cut short by Ctrl-C may have begun.
_PLAIN: Final = b"\x1b[0m"


def paging_wanted(wanted: bool | None) -> bool:
    """Whether to page: on a terminal only, unless the environment or `wanted` says no."""
    if wanted is None:
        wanted = not (os.environ.get("NODEOBS_NO_PAGER") or os.environ.get("BUNYAN_NO_PAGER"))
    return wanted and is_terminal(sys.stdout) and is_terminal(sys.stdin)


class Destination:
    """Takes bytes. Leaving it waits for the pager to be left, if there is one.

    A reader that goes away is BrokenPipeError without a pager; with one it is the end of `write`,
    and `gone` tells.
    """

    def __init__(self, *, paged: bool, color: bool) -> None:
        self.gone = False
        self._color = color
        self._pager = _start_pager() if paged else None
        self._descriptor = sys.stdout.fileno()
        if self._pager is not None and self._pager.stdin is not None:
            self._descriptor = self._pager.stdin.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is KeyboardInterrupt and self._color:
            self._reset()
        if self._pager is None:
            return
        import signal

        # Ctrl-C is for the pager, which stays.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            assert self._pager.stdin is not None
            self._pager.stdin.close()
            self._pager.wait()
        finally:
            signal.signal(signal.SIGINT, before)

    def write(self, data: bytes) -> None:
        """Write all of it."""
        view = memoryview(data)
        while view and not self.gone:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                # Somebody else with the same terminal or pipe made it non-blocking.
                select.select([], [self._descriptor], [])
            except BrokenPipeError:
                if self._pager is None:
                    raise
                self.gone = True

    def check_reader(self) -> None:
        """Notice a reader that has gone while there is nothing to write."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
            raise BrokenPipeError

    def _reset(self) -> None:
        try:
            os.write(self._descriptor, _PLAIN)
        except OSError:
            return  # nobody sees it


def _start_pager() -> subprocess.Popen[bytes] | None:
    import shlex
    import subprocess

    words = os.environ.get("PAGER") or "less"
    environment = dict(os.environ)
    # Leave when it fits, colours as they are, and what was shown stays.
    environment.setdefault("LESS", "FRX")
    try:
        return subprocess.Popen(
            shlex.split(words), stdin=subprocess.PIPE, bufsize=0, env=environment
        )
    except (OSError, ValueError, IndexError) as error:
        tell(f"cannot start the pager {words}: {error}; going on without")
        return None
