"""The arguments of a probe made by `Provider`: their kinds, and values as C has them."""

from __future__ import annotations

import struct
from operator import index
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What an argument can be declared as. `int` is `"int64"`; `float` and `"json"` are made text,
#: since no tracer reads floating-point numbers or objects.
Kind: TypeAlias = (
    type[str]
    | type[int]
    | type[float]
    | Literal[
        "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "json"
    ]
)  # fmt: skip

#: Bytes of a string that a tracer can see, at most. The agent in Node.js has the same bound.
STRING_BYTES = (32 << 10) - 1

# ArgType_t of native/stapsdt/stapsdt.h: bytes, negative where signed.
_INTEGERS: dict[object, int] = {
    int: -8,
    **{f"int{8 * size}": -size for size in (1, 2, 4, 8)},
    **{f"uint{8 * size}": size for size in (1, 2, 4, 8)},
}
_POINTER = 8
_WORD = (1 << 64) - 1


class Arguments:
    """How the values of a firing are handed to the C part."""

    __slots__ = ("_converters", "_pack", "strings", "types")

    def __init__(self, kinds: Sequence[object]) -> None:
        """Raises TypeError for a kind that is none."""
        #: ArgType_t of each.
        self.types: list[int] = []
        #: Bit i is set where argument i is a string.
        self.strings = 0
        self._converters: list[Callable[[Any], int | bytes]] = []
        for position, kind in enumerate(kinds):
            if isinstance(kind, str | type) and kind in _INTEGERS:
                self.types.append(_INTEGERS[kind])
                self._converters.append(_integer)
            elif isinstance(kind, str | type) and kind in _TEXTS:
                self.types.append(_POINTER)
                self._converters.append(_TEXTS[kind])
                self.strings |= 1 << position
            else:
                raise TypeError(
                    f"{kind!r} is no kind of argument: they are str, int, float, int8 to int64,"
                    " uint8 to uint64 and json"
                )
        self._pack = struct.Struct(f"={len(self.types)}Q").pack

    def pack(self, values: Sequence[object]) -> tuple[bytes, bytes, bool]:
        """`words` and `text` of fire_packed (native/python/binding.h), and whether all values
        could be converted. Those that could not are 0 or empty. Never raises Exception."""
        words: list[int] = []
        texts: list[bytes] = []
        offset = 0
        good = True
        for position, convert in enumerate(self._converters):
            try:
                made = convert(values[position])
            except Exception:  # noqa: BLE001 (the values' own methods are called)
                made = b"" if self.strings >> position & 1 else 0
                good = False
            if isinstance(made, int):
                words.append(made)
            else:
                words.append(offset)
                texts.append(made)
                offset += len(made) + 1
        return self._pack(*words), b"\0".join((*texts, b"")), good


def _integer(value: Any) -> int:
    # Two's complement, as C converts; the C part cuts to fewer bits.
    try:
        return index(value) & _WORD
    except TypeError:
        return int(value) & _WORD


def _text(value: object) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value[:STRING_BYTES])
    text = value if isinstance(value, str) else str(value)
    # Half a surrogate pair, or a byte of a file name that is not UTF-8, shows as an escape.
    encoded = text[:STRING_BYTES].encode(errors="backslashreplace")
    if len(encoded) <= STRING_BYTES:
        return encoded
    end = STRING_BYTES
    while encoded[end] & 0xC0 == 0x80:  # not in the middle of a character
        end -= 1
    return encoded[:end]


def _real(value: Any) -> bytes:
    return repr(float(value)).encode()


def _json(value: object) -> bytes:
    import orjson

    return _text(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))


_TEXTS: dict[object, Callable[[Any], bytes]] = {str: _text, float: _real, "json": _json}
