"""One value by one conversion of printf().

The conversions are those of the Dynamic Tracing Guide, chapter "Output Formatting": C's, and
`%a %A %C %k %p %S %T %Y` of its own. A value that does not fit gives its text: output is never
lost over a type.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any, Final

from nodeobs.d.printing.screen import PLAIN, Screen
from nodeobs.d.runtime.values import address
from nodeobs.javascript import text as javascript_text
from nodeobs.log.json_text import stringify
from nodeobs.reports.table import cell_width

#: Wider fields and more digits than this are not given.
WIDEST: Final = 4096

_INTEGER: Final = "diouxXp"
_FLOAT: Final = "eEfgG"
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\0": "\\0",
    '"': '\\"',
    "\\": "\\\\",
}
_SIZED: Final = re.compile(r"(u?)int(8|16|32|64)")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion of a format, at `offset` in its text.

    `width` and `precision` are numbers, "*" where an argument gives them, None where there is
    none. `aggregation` is the `@` of printa(): the value is that of an aggregation.
    """

    letter: str
    offset: int
    flags: str = ""
    width: int | str | None = None
    precision: int | str | None = None
    aggregation: bool = False

    @property
    def stars(self) -> int:
        """How many arguments it takes before its value."""
        return (self.width == "*") + (self.precision == "*")

    @property
    def literal(self) -> bool:
        """Whether it is `%%`, which takes no value."""
        return self.letter == "%"


def bits_of(type_name: str) -> int:
    """The width of an integer type; 64 of one that is not known until run time."""
    match = _SIZED.fullmatch(type_name)
    return int(match[2]) if match else 64


def converted(
    conversion: Conversion,
    value: Any,
    width: int | None,
    precision: int | None,
    bits: int = 64,
    screen: Screen = PLAIN,
) -> str:
    """`value` as the conversion has it: any value, None for one that is missing."""
    flags = conversion.flags
    if width is not None and width < 0:
        width, flags = -width, flags + "-"
    if precision is not None and precision < 0:
        precision = None
    width = min(width or 0, WIDEST)
    precision = None if precision is None else min(precision, WIDEST)
    if isinstance(value, bool):
        value = int(value)
    letter = conversion.letter
    if letter in _INTEGER and isinstance(value, (int, float)):
        return _integer(letter, value, flags, width, precision, bits)
    if letter in _FLOAT and isinstance(value, (int, float)):
        return _pad(_floating(letter, value, flags, width, precision), width, flags)
    shown = _text(letter, value, screen)
    if precision is not None and letter in "sS":
        shown = shown[:precision]
    return _pad(shown, width, flags)


def value_text(value: Any) -> str:
    """A value without any conversion: objects as JSON, a missing one as nothing."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    return javascript_text(value) if isinstance(value, float) else stringify(value)


def escaped(text: str) -> str:
    """`text` with what cannot be seen as in a string literal of C; other letters stay."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return "".join(_ESCAPES.get(one) or _octal(one) for one in text)


def _octal(character: str) -> str:
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogatepass"))


def _text(letter: str, value: Any, screen: Screen) -> str:
    if isinstance(value, (int, float)) and value == value and abs(value) < 2**64:
        whole = int(value)
        if letter == "c":
            return screen.clean(_character(whole))
        if letter == "C":
            return escaped(_character(whole))
        if letter in "YT":
            return _moment(whole, letter, screen)
        if letter in "aA":
            return address(whole)
    shown = value_text(value)
    return escaped(shown) if letter in "SC" else screen.clean(shown)


def _character(code: int) -> str:
    try:
        character = chr(code)
    except (ValueError, OverflowError):
        return "\N{REPLACEMENT CHARACTER}"
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= character <= "\udfff" else character


def _moment(nanoseconds: int, letter: str, screen: Screen) -> str:
    """`2026 Nov 23 08:53:00`, or `Mon, 23 Nov 2026 08:53:00 UTC` as RFC 822 has it."""
    try:
        moment = datetime.datetime.fromtimestamp(nanoseconds // 1_000_000_000, datetime.UTC)
        moment = moment.astimezone(screen.zone)
    except (ValueError, OverflowError, OSError):
        return str(nanoseconds)
    month, clock = _MONTHS[moment.month - 1], f"{moment:%H:%M:%S}"
    if letter == "Y":
        return f"{moment.year:4} {month} {moment.day:2} {clock}"
    day = _DAYS[moment.weekday()]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {clock} {moment.tzname()}"


def _integer(
    letter: str, value: float, flags: str, width: int, precision: int | None, bits: int
) -> str:
    if isinstance(value, float):
        value = int(value) if abs(value) < 2**1000 else 0
    signed = letter in "di"
    if not signed:
        value &= (1 << bits) - 1
    base = {"x": "x", "X": "X", "p": "x", "o": "o"}.get(letter, "d")
    digits = format(abs(value), base)
    if precision is not None:
        digits = "" if precision == 0 and value == 0 else digits.rjust(precision, "0")
    prefix = _sign(value < 0, flags) if signed else ""
    if "#" in flags and value:
        if letter in "xX":
            prefix = "0" + letter
        elif letter == "o" and not digits.startswith("0"):
            digits = "0" + digits
    if "'" in flags and base == "d":
        digits = _grouped(digits)
    if "0" in flags and "-" not in flags and precision is None:
        digits = digits.rjust(width - len(prefix), "0")
    return _pad(prefix + digits, width, flags)


def _sign(negative: bool, flags: str) -> str:
    if negative:
        return "-"
    return "+" if "+" in flags else " " if " " in flags else ""


def _grouped(digits: str) -> str:
    first = len(digits) % 3 or 3
    return ",".join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])


def _floating(letter: str, value: float, flags: str, width: int, precision: int | None) -> str:
    try:
        number = float(value)
    except OverflowError:
        return str(value)
    zero = "0" if "0" in flags and "-" not in flags else ""
    chosen = "".join(one for one in "#+ " if one in flags) + zero
    places = "" if precision is None else f".{min(precision, 100)}"
    return f"%{chosen}{width if zero else ''}{places}{letter}" % number


def _pad(text: str, width: int, flags: str) -> str:
    """In a field of `width` cells of a terminal."""
    missing = width - cell_width(text)
    if missing <= 0:
        return text
    return text + " " * missing if "-" in flags else " " * missing + text
