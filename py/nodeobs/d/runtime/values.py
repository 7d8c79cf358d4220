"""The values of D programs: integers of 64 bits and strings.

The agents compute with JavaScript's doubles, so an integer here is what a double can hold: a
result is exact up to 2^53 and rounded beyond. Strings count in UTF-16 code units, as JavaScript
does. `tests/fixtures/d-expressions.json` holds both halves to the same results.
"""

from __future__ import annotations

import re
from typing import Any, Final

from nodeobs.javascript import from_units, length, units

Value = int | str

#: A key of an associative array or an aggregation: 1 and "1" are different.
Keys = tuple[Value, ...]

MASK64: Final = 2**64 - 1

#: The largest double that is an int64.
LARGEST: Final = 2**63 - 1024

_EXACT: Final = 2**53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Fault(Exception):  # noqa: N818
    """What ends a clause at run time: the text that the ERROR probe reports.

    It starts with `divide-by-zero`, `invalid address (0x…)` or `illegal operation`: DTrace's
    words (libdtrace's fault strings), so that scripts which look for them go on working.
    """


def integer(value: float) -> int:
    """`value` as an integer of D: truncated, wrapped to a signed 64 bits, held by a double."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return 0
        value = int(value)
    if -_EXACT < value < _EXACT:
        return value
    wrapped = (value + 2**63 & MASK64) - 2**63
    return min(int(float(wrapped)), LARGEST)


def received(value: float) -> int:
    """A number that an agent wrote, as an integer.

    Beyond 2^53 JavaScript writes the shortest digits that stand for the same double, `1e+21` among
    them; its value is what that double is.
    """
    if isinstance(value, int) and -_EXACT < value < _EXACT:
        return int(value)
    try:
        return int(float(value))
    except (OverflowError, ValueError):
        return 0


def meant(value: Any, type_name: str) -> Any:
    """A value as its type means it: a text that was never set, which is 0, is empty."""
    if type(value) is not int:
        return value
    return "" if value == 0 and type_name == "string" else received(value)


def wrap(value: int, bits: int, *, signed: bool) -> int:
    """The low bits of `value`, as a cast to a narrower type keeps them."""
    low = value & (1 << bits) - 1
    return low - (1 << bits) if signed and low >> bits - 1 else low


def number(value: Value) -> int:
    """`value` where D needs an integer."""
    if isinstance(value, str):
        raise Fault("illegal operation (a string where an integer is needed)")
    return value


def string(value: Value) -> str:
    """`value` where D needs a string. 0 is a variable that was never set, or NULL."""
    if isinstance(value, str):
        return value
    if value == 0:
        return ""
    raise Fault(f"invalid address ({address(value)})")


def address(value: int) -> str:
    """`value` in the manner of an address: hexadecimal, two's complement."""
    return hex(value & MASK64)


def truth(value: Value) -> bool:
    """Whether a predicate or an operand counts as true: all but 0 and the empty string."""
    return bool(value)


def compare(left: Value, right: Value) -> int:
    """Negative, 0 or positive; a string compares with another, or with 0 as the empty one."""
    if isinstance(left, int) and isinstance(right, int):
        return (left > right) - (left < right)
    first, second = units(string(left)), units(string(right))
    return (first > second) - (first < second)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` code units, without half a surrogate pair at the end."""
    if len(text) <= limit // 2 or length(text) <= limit:
        return text
    if text.isascii():
        return text[:limit]
    cells = split(text)[:limit]
    if cells and "\ud800" <= cells[-1] <= "\udbff":
        cells = cells[:-1]
    return join(cells)


def split(text: str) -> str:
    """`text` with one character for each UTF-16 code unit."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    data = units(text)
    return "".join(chr(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2))


def join(cells: str) -> str:
    """The text of code units; a surrogate that lost its other half becomes U+FFFD."""
    if cells.isascii():
        return cells
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", from_units(units(cells)))
