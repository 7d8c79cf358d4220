"""Colours, and what must not reach a terminal."""

from __future__ import annotations

import re
from typing import Final

#: SGR codes on and off. Those of levels are bunyan's.
STYLES: Final = {
    "inverse": ("\x1b[7m", "\x1b[27m"),
    "dim": ("\x1b[2m", "\x1b[22m"),
    "bold": ("\x1b[1m", "\x1b[22m"),
    "red": ("\x1b[31m", "\x1b[39m"),
    "green": ("\x1b[32m", "\x1b[39m"),
    "yellow": ("\x1b[33m", "\x1b[39m"),
    "blue": ("\x1b[34m", "\x1b[39m"),
    "magenta": ("\x1b[35m", "\x1b[39m"),
    "cyan": ("\x1b[36m", "\x1b[39m"),
    "white": ("\x1b[37m", "\x1b[39m"),
    "grey": ("\x1b[90m", "\x1b[39m"),
}

LEVEL_STYLES: Final = {
    "10": "white",
    "20": "yellow",
    "30": "cyan",
    "40": "magenta",
    "50": "red",
    "60": "inverse",
}

_PROCESS_STYLES: Final = ("green", "yellow", "blue", "magenta", "cyan", "red")

# C0 but tab and newline, DEL, C1 (which terminals obey in UTF-8 as well), and the marks that
# reorder text, with which a line can be made to read as another.
_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def paint(text: str, style: str | None) -> str:
    """`text` in a style; an empty text stays empty."""
    if not text or style is None:
        return text
    on, off = STYLES[style]
    return f"{on}{text}{off}"


def process_style(pid: int) -> str:
    """The same style for one pid in every run."""
    return _PROCESS_STYLES[pid % len(_PROCESS_STYLES)]


def visible(text: str) -> str:
    r"""`text` with control characters spelt out: `\x1b[2J` instead of a cleared screen.

    Tabs and newlines stay.
    """
    if text.isprintable():
        return text
    return _CONTROLS.sub(_spell, text)


def visible_json(line: bytes) -> bytes:
    """A line of JSON that is safe to print and means the same.

    JSON escapes what is below U+0020 by itself; the rest can be escaped in its strings, the only
    place where it can be. A line that is not JSON is made safe all the same.
    """
    if not _SUSPECT.search(line):
        return line
    text = line.decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


# Bytes that a character of `_CONTROLS` may start with or be.
_SUSPECT: Final = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f-\xff]")


def _spell(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
