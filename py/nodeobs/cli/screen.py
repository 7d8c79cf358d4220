"""Something shown again and again: in place on a terminal, block after block elsewhere."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, TextIO

from nodeobs.cli.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLEAR = "\x1b[2J"
_HOME = "\x1b[H"
_TO_END_OF_LINE = "\x1b[K"
_TO_END_OF_SCREEN = "\x1b[J"


class Screen:
    """Where `show` puts the newest version of a block of lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_place = is_terminal(stream)
        self._shown = False

    def show(self, title: str, lines: Sequence[str]) -> None:
        if self._in_place:
            self._draw(title, lines)
        else:
            blank = "\n" if self._shown else ""
            self._stream.write(blank + "".join(f"{line}\n" for line in [title, *lines]))
        self._shown = True
        self._stream.flush()

    def _draw(self, title: str, lines: Sequence[str]) -> None:
        height = shutil.get_terminal_size().lines - 1
        block = [title, *lines]
        if len(block) > height:
            block = [*block[: height - 1], f"… {len(block) - height + 1} more lines"]
        text = "".join(f"{line}{_TO_END_OF_LINE}\n" for line in block)
        clear = "" if self._shown else _CLEAR
        self._stream.write(clear + _HOME + text + _TO_END_OF_SCREEN)
