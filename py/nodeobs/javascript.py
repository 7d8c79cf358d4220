"""JavaScript's conversions of plain data: what Node would print, compare or count.

Records come from JavaScript and filters are written in it, so a number, a length or a
truth value has to mean here what it means there. Values are what JSON gives: ``None``
(null), ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict``; and ``UNDEFINED``.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

#: What JavaScript calls white space (ECMA-262 WhiteSpace and LineTerminator). Python's
#: differs: it has U+001C to U+001F and U+0085, and lacks U+FEFF.
SPACE: Final = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)

#: Integers up to here are exact in a double; beyond, JavaScript rounds.
SAFE_INTEGER: Final = 2**53 - 1

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_RADIX = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)", re.ASCII)


class Undefined:
    """The type of `UNDEFINED`: a value that is not there."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


def truthy(value: Any) -> bool:
    """Whether `value` counts as true in a JavaScript condition."""
    if isinstance(value, (bool, str, int)):
        return bool(value)
    if isinstance(value, float):
        # NaN is the one number besides zero that is false.
        return value == value and value != 0
    return value is not None and value is not UNDEFINED


def length(text: str) -> int:
    """The length JavaScript reports: UTF-16 code units."""
    if text.isascii() or max(text) <= "\uffff":
        return len(text)
    return len(units(text)) // 2


def units(text: str) -> bytes:
    """The UTF-16 code units of `text`, big-endian, so that they compare as JavaScript does."""
    return text.encode("utf-16-be", "surrogatepass")


def from_units(data: bytes) -> str:
    """The text of UTF-16 code units; a lone surrogate stays one."""
    return data.decode("utf-16-be", "surrogatepass")


def number_text(value: float) -> str:
    """A number as ``String(value)`` writes it (ECMA-262 Number::toString).

    >>> [number_text(x) for x in (7.0, 1e-7, 1e21, 0.1, float("nan"))]
    ['7', '1e-7', '1e+21', '0.1', 'NaN']
    """
    if isinstance(value, int):
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return str(int(value))
        value = as_double(value)
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    if value < 0:
        return "-" + number_text(-value)
    # Both languages print the shortest digits that read back the same; only the layout differs.
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    sign = "+" if point > 0 else "-"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{sign}{abs(point - 1)}"


def as_double(value: float) -> float:
    """`value` as the double JavaScript would hold."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def text_number(text: str) -> float:
    """``Number(text)``: NaN where the text is not a number."""
    text = text.strip(SPACE)
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _RADIX.fullmatch(text):
        return as_double(int(text, 0))
    if text in ("Infinity", "+Infinity"):
        return math.inf
    return -math.inf if text == "-Infinity" else math.nan


def text(value: Any) -> str:
    """``String(value)``."""
    if isinstance(value, str):
        return value
    if type(value) is int and -SAFE_INTEGER <= value <= SAFE_INTEGER:
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, list):
        return ",".join("" if x is None or x is UNDEFINED else text(x) for x in value)
    if isinstance(value, dict):
        return "[object Object]"
    return str(value)


def primitive(value: Any) -> Any:
    """Objects and arrays as their text, as operators see them; anything else unchanged."""
    if value is None or isinstance(value, (str, int, float)) or value is UNDEFINED:
        return value
    return text(value)


def number(value: Any) -> float:
    """``Number(value)``."""
    if isinstance(value, (int, float)):
        return as_double(value)
    if value is None:
        return 0.0
    if value is UNDEFINED:
        return math.nan
    return text_number(text(value))


def strict_equal(a: Any, b: Any) -> bool:
    """``a === b``."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)):
        return isinstance(b, (int, float)) and as_double(a) == as_double(b)
    if isinstance(a, str):
        return isinstance(b, str) and a == b
    return a is b


def loose_equal(a: Any, b: Any) -> bool:
    """``a == b``."""
    a_missing = a is None or a is UNDEFINED
    b_missing = b is None or b is UNDEFINED
    if a_missing or b_missing:
        return a_missing and b_missing
    a_object = not isinstance(a, (str, int, float))
    b_object = not isinstance(b, (str, int, float))
    if a_object and b_object:
        return a is b
    a, b = primitive(a), primitive(b)
    if isinstance(a, str) and isinstance(b, str):
        return a == b
    return number(a) == number(b)


def less(a: Any, b: Any) -> bool:
    """``a < b``; false where either is not comparable."""
    a, b = primitive(a), primitive(b)
    if isinstance(a, str) and isinstance(b, str):
        if a.isascii() and b.isascii():
            return a < b
        return units(a) < units(b)
    return number(a) < number(b)


def less_or_equal(a: Any, b: Any) -> bool:
    """``a <= b``; false where either is not comparable."""
    a, b = primitive(a), primitive(b)
    if isinstance(a, str) and isinstance(b, str):
        if a.isascii() and b.isascii():
            return a <= b
        return units(a) <= units(b)
    return number(a) <= number(b)


def kind(value: Any) -> str:
    """``typeof value``."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "object"
