"""The functions of D at work.

Semantics are those of the Dynamic Tracing Guide, chapter "Actions and Subroutines"; where an
address is meant there, a string of the process is meant here. `js/trace/functions.js` has the
same ones.
"""

from __future__ import annotations

import posixpath
import random
import re
from typing import TYPE_CHECKING, Final

from nodeobs.d.runtime.json_path import json_text
from nodeobs.d.runtime.values import MASK64, Fault, Value, integer, join, number, split, string

if TYPE_CHECKING:
    from collections.abc import Callable

#: What inet_ntop() takes for AF_INET and for AF_INET6 (Linux, illumos, macOS).
_AF_INET: Final = 2
_AF_INET6: Final = (10, 26, 30)

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_MAPPED: Final = re.compile(r"::ffff:(\d+\.\d+\.\d+\.\d+)", re.ASCII | re.IGNORECASE)


class Tokens:
    """The text that strtok() goes on with: one for each firing."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = ""

    def next(self, subject: Value, delimiters: Value) -> Value:
        """The next token, of `subject` unless that is NULL; 0 at the end."""
        among = string(delimiters)
        rest = self._rest if subject == 0 else string(subject)
        start = 0
        while start < len(rest) and rest[start] in among:
            start += 1
        end = start
        while end < len(rest) and rest[end] not in among:
            end += 1
        self._rest = rest[end + 1 :]
        return rest[start:end] if end > start else 0


def _copyinstr(subject: Value, limit: Value = -1) -> Value:
    cells = split(string(subject))
    most = number(limit)
    return join(cells[:most]) if most >= 0 else join(cells)


def _strlen(subject: Value) -> Value:
    return len(split(string(subject)))


def _strjoin(left: Value, right: Value) -> Value:
    return string(left) + string(right)


def _strstr(subject: Value, wanted: Value) -> Value:
    haystack, needle = string(subject), string(wanted)
    at = haystack.find(needle)
    return haystack[at:] if at >= 0 else 0


def _strchr(subject: Value, character: Value) -> Value:
    return _from_character(string(subject), character, last=False)


def _strrchr(subject: Value, character: Value) -> Value:
    return _from_character(string(subject), character, last=True)


def _from_character(subject: str, character: Value, *, last: bool) -> Value:
    cells = split(subject)
    unit = chr(character & 0xFFFF) if isinstance(character, int) else split(character)
    if len(unit) != 1:
        raise Fault("illegal operation (not one character)")
    at = cells.rfind(unit) if last else cells.find(unit)
    return join(cells[at:]) if at >= 0 else 0


def _substr(subject: Value, start: Value, count: Value | None = None) -> Value:
    """Perl's rules: a negative start counts from the end, a negative count leaves some off it."""
    cells, at = split(string(subject)), number(start)
    size = len(cells)
    if at < 0:
        at += size
    left = size - min(at, 0) if count is None else number(count)
    if left < 0:
        # Leaves so many off the end; DTrace gives nothing if the start is off the text as well.
        return join(cells[at : max(size + left, 0)]) if at >= 0 else ""
    return join(cells[max(at, 0) : max(at + left, 0)])


def _index(subject: Value, wanted: Value, start: Value = 0) -> Value:
    cells, needle, at = split(string(subject)), split(string(wanted)), max(number(start), 0)
    return cells.find(needle, min(at, len(cells))) if needle else min(at, len(cells))


def _rindex(subject: Value, wanted: Value, start: Value | None = None) -> Value:
    cells, needle = split(string(subject)), split(string(wanted))
    at = len(cells) if start is None else number(start)
    if not needle:
        return min(max(at, 0), len(cells))
    return -1 if at < 0 else cells.rfind(needle, 0, at + len(needle))


def _toupper(subject: Value) -> Value:
    return string(subject).translate(_UPPER)


def _tolower(subject: Value) -> Value:
    return string(subject).translate(_LOWER)


def _basename(subject: Value) -> Value:
    path = string(subject)
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def _dirname(subject: Value) -> Value:
    path = string(subject)
    head, slash, _ = path.rstrip("/").rpartition("/")
    if not slash:
        return "/" if path.startswith("/") else "."
    return head.rstrip("/") or "/"


def _cleanpath(subject: Value) -> Value:
    """As Node's `path.posix.normalize`: a slash at the end stays one."""
    path = string(subject)
    clean = posixpath.normpath(path)
    if clean.startswith("//"):
        clean = clean[1:]
    return clean + "/" if path.endswith("/") and not clean.endswith("/") else clean


def _lltostr(subject: Value, base: Value = 10) -> Value:
    value, radix = number(subject), _radix(base)
    if radix == 10:
        return str(value)
    value &= MASK64
    digits = ""
    while value or not digits:
        value, digit = divmod(value, radix)
        digits = _DIGITS[digit] + digits
    return {16: "0x", 8: "0"}.get(radix, "") + digits


def _strtoll(subject: Value, base: Value = 10) -> Value:
    rest, radix = string(subject).lstrip(" \t"), _radix(base)
    sign = -1 if rest.startswith("-") else 1
    if rest.startswith(("-", "+")):
        rest = rest[1:]
    known = _DIGITS[:radix]
    if radix == 16 and rest[:2] in ("0x", "0X") and rest[2:3] and rest[2].lower() in known:
        rest = rest[2:]
    value = 0
    for character in rest:
        if not character.isascii() or character.lower() not in known:
            break
        # The low 64 bits are all that is asked for in the end.
        value = value * radix + known.index(character.lower()) & MASK64
    return integer(sign * value)


def _radix(base: Value) -> int:
    radix = number(base)
    if not 2 <= radix <= 36:
        raise Fault(f"illegal operation (base {radix})")
    return radix


def _inet_ntoa(subject: Value) -> Value:
    if isinstance(subject, str):
        return _MAPPED.sub(r"\1", subject) if _MAPPED.fullmatch(subject) else subject
    return ".".join(str(subject >> shift & 0xFF) for shift in (24, 16, 8, 0))


def _inet_ntoa6(subject: Value) -> Value:
    return _inet_ntoa(string(subject))


def _inet_ntop(family: Value, subject: Value) -> Value:
    kind = number(family)
    if kind == _AF_INET:
        return _inet_ntoa(subject)
    if kind in _AF_INET6:
        return _inet_ntoa6(subject)
    raise Fault(f"illegal operation (address family {kind})")


def _swapped(size: int) -> Callable[[Value], Value]:
    """The bytes of the low bits in the other order: the hosts of Linux are little-endian."""

    def swap(subject: Value) -> Value:
        low = number(subject) & (1 << 8 * size) - 1
        return integer(int.from_bytes(low.to_bytes(size, "little"), "big"))

    return swap


def _rand() -> Value:
    return random.getrandbits(31)


def _abs(subject: Value) -> Value:
    return integer(abs(number(subject)))


#: What each function does with its arguments; those that may be left out are at the end. Which
#: there are and what types they take is in `signatures.py`. strtok() has a state: `Tokens`.
FUNCTIONS: Final[dict[str, Callable[..., Value]]] = {
    "abs": _abs,
    "basename": _basename,
    "cleanpath": _cleanpath,
    "copyinstr": _copyinstr,
    "dirname": _dirname,
    "htonl": _swapped(4),
    "htonll": _swapped(8),
    "htons": _swapped(2),
    "index": _index,
    "inet_ntoa": _inet_ntoa,
    "inet_ntoa6": _inet_ntoa6,
    "inet_ntop": _inet_ntop,
    "json": json_text,
    "lltostr": _lltostr,
    "ntohl": _swapped(4),
    "ntohll": _swapped(8),
    "ntohs": _swapped(2),
    "rand": _rand,
    "rindex": _rindex,
    "stringof": string,
    "strchr": _strchr,
    "strjoin": _strjoin,
    "strlen": _strlen,
    "strrchr": _strrchr,
    "strstr": _strstr,
    "strtoll": _strtoll,
    "substr": _substr,
    "tolower": _tolower,
    "toupper": _toupper,
}
