"""Lines to records, as tolerant as Node.js is."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson


def decode(line: bytes) -> Any:
    """The value of a line of JSON; None where it is none.

    orjson is strict about what JavaScript takes: bytes that are not UTF-8, half a surrogate pair.
    """
    try:
        return orjson.loads(line)
    except ValueError:
        if not line.startswith(b"{"):
            return None
    try:
        return json.loads(line.decode("utf-8", "replace"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def encode(text: str) -> bytes:
    """UTF-8, where half a surrogate pair is U+FFFD as in Node.js."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which are no JSON."""
    raise ValueError(constant)
