"""Events of one probe to the values of its arguments, as firings on the bus have them."""

from __future__ import annotations

import codecs
import math
import struct
from typing import TYPE_CHECKING, Any, Final

from nodeobs.bus.protocol import parse_json
from nodeobs.javascript import SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.tracefs.event_format import EventFormat, Field
    from nodeobs.tracefs.plan import Argument, Plan

_INTEGERS: Final = {1: "b", 2: "h", 4: "i", 8: "q"}
#: Said at the end of a text of which more was there than was read.
ELLIPSIS: Final = "…"
# No program has anything there (vm.mmap_min_addr, and the first page at the least).
_FIRST_ADDRESS: Final = 1 << 12
# Of a text, but not of the bytes of a struct or a number.
_IN_TEXTS: Final = frozenset("\t\n\r\x1b")


class Decoder:
    """Reads the events that a plan leads to."""

    def __init__(self, plan: Plan, layout: EventFormat) -> None:
        self._arguments = plan.arguments
        names = [
            name
            for argument in plan.arguments
            for name in ((argument.number,) if argument.number else ()) + argument.texts
        ]
        texts = {name for argument in plan.arguments for name in argument.texts}
        self._struct = _structure([(layout.fields[name], name in texts) for name in names])
        self._at = {name: index for index, name in enumerate(names)}

    def values(self, page: bytes, start: int, empty_text_at: Callable[[int], bool]) -> list[Any]:
        """The arguments in the event at `start`.

        `empty_text_at` is asked whether there is an empty text at an address, for values of which
        nobody knows whether they are texts.
        """
        fields = self._struct.unpack_from(page, start)
        return [self._value(argument, fields, empty_text_at) for argument in self._arguments]

    def _value(
        self, argument: Argument, fields: tuple[Any, ...], empty_text_at: Callable[[int], bool]
    ) -> Any:
        kind = argument.kind
        if kind == "number":
            return _number(fields[self._at[argument.number or ""]])
        if kind == "constant":
            return _number(argument.value)
        if kind == "nothing":
            return None
        data = b"".join([fields[self._at[name]] for name in argument.texts])
        if kind == "either":
            number = (
                argument.value if argument.number is None else fields[self._at[argument.number]]
            )
            return _either(number, data, empty_text_at)
        text, whole = _text(data)
        if kind == "text":
            return text if whole else text + ELLIPSIS
        if not whole:
            return text + ELLIPSIS
        return _double(text) if kind == "double" else _json(text)


def _either(number: int, data: bytes, empty_text_at: Callable[[int], bool]) -> Any:
    """An unsigned value, or the text it is the address of."""
    if number < _FIRST_ADDRESS:
        return _number(number)
    if not data or data[0] == 0:
        return "" if empty_text_at(number) else _number(number)
    text, whole = _text(data)
    if not _is_text(text):
        return _number(number)
    return text if whole else text + ELLIPSIS


def _is_text(text: str) -> bool:
    # What was no UTF-8 is U+FFFD by now, which is printable.
    if "\ufffd" in text:
        return False
    return text.isprintable() or all(c.isprintable() or c in _IN_TEXTS for c in text)


def _structure(fields: list[tuple[Field, bool]]) -> struct.Struct:
    """One struct for numbers and (True) texts that follow each other, perhaps with gaps."""
    parts, end = ["="], 0
    for (offset, size, signed), is_text in fields:
        letter = _INTEGERS[size] if not is_text else f"{size}s"
        parts.append(f"{offset - end}x{letter if signed or is_text else letter.upper()}")
        end = offset + size
    return struct.Struct("".join(parts))


def _number(value: int) -> int | str:
    """Beyond what a double can hold, digits: docs/protocol.md."""
    return value if -SAFE_INTEGER <= value <= SAFE_INTEGER else str(value)


def _text(data: bytes) -> tuple[str, bool]:
    """The text in an array, and whether all of it was in there."""
    head, nul, _ = data.partition(b"\0")
    # A character that is cut in two is left out.
    return codecs.utf_8_decode(head, "replace", bool(nul))[0], bool(nul)


def _double(text: str) -> float | int | str:
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and abs(number) <= SAFE_INTEGER else number


def _json(text: str) -> Any:
    if text == "undefined":
        return None  # JSON.stringify(undefined), which on the bus is null
    try:
        return parse_json(text.encode())
    except ValueError:
        return text
