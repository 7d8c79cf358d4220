"""What the terminal can show, and writing to it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def colour_wanted(stream: TextIO) -> bool:
    """Colour on a terminal only, unless NO_COLOR or CLICOLOR_FORCE say otherwise."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def has_unicode(stream: TextIO) -> bool:
    """Whether more than ASCII can be written to it."""
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def table_width(stream: TextIO) -> int | None:
    """Cells in a line; None where lines must not be cut, because no terminal shows them."""
    if not is_terminal(stream):
        return None
    import shutil

    return shutil.get_terminal_size().columns


def print_lines(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_json(values: Iterable[Any]) -> None:
    """One JSON object in each line."""
    sys.stdout.flush()
    sys.stdout.buffer.write(b"".join(map(json_line, values)))
    sys.stdout.buffer.flush()


def json_line(value: Any) -> bytes:
    """A value as a line of NDJSON."""
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        import json

        # Half a character, or a number beyond 64 bits.
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def tell(text: str) -> None:
    """A line for the user beside the output."""
    sys.stdout.flush()
    sys.stderr.write(f"nodeobs: {text}\n")
    sys.stderr.flush()
