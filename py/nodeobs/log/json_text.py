"""JSON as ``JSON.stringify`` writes it."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

from nodeobs.javascript import SAFE_INTEGER, number_text

#: Deeper than this is written as `null`: it came from no logger and no screen shows it.
_MAX_DEPTH: Final = 500


def stringify(value: Any, indent: int = 0) -> str:
    """`value` in one line, or with `indent` spaces for each level.

    Numbers are written as JavaScript does (`1e21` as `1e+21`, `1.0` as `1`), which is all that
    orjson does otherwise.
    """
    if isinstance(value, str):
        return quote(value)
    if indent in (0, 2) and _plain(value, _MAX_DEPTH):
        try:
            return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indent else None).decode()
        except (orjson.JSONEncodeError, RecursionError):
            pass  # a lone surrogate, which JSON may contain and UTF-8 may not
    return _write(value, indent, "\n" if indent else "", _MAX_DEPTH)


def quote(text: str) -> str:
    """A string literal. A lone surrogate is escaped, as JavaScript does since ES2019."""
    try:
        return orjson.dumps(text).decode()
    except orjson.JSONEncodeError:
        return json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _plain(value: Any, depth: int) -> bool:
    """Whether orjson writes `value` as JavaScript does."""
    if isinstance(value, int):
        return -SAFE_INTEGER <= value <= SAFE_INTEGER
    if isinstance(value, float) or depth == 0:
        return False
    if isinstance(value, dict):
        return all(_plain(item, depth - 1) for item in value.values())
    if isinstance(value, list):
        return all(_plain(item, depth - 1) for item in value)
    return True


def _write(value: Any, indent: int, line: str, depth: int) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        written = number_text(value)
        return "null" if written[-1].isalpha() else written
    if not isinstance(value, (dict, list)) or depth == 0:
        return "null"
    inner = line + " " * indent
    if isinstance(value, list):
        opening, closing = "[", "]"
        items = [_write(item, indent, inner, depth - 1) for item in value]
    else:
        opening, closing = "{", "}"
        colon = ": " if indent else ":"
        items = [
            quote(key) + colon + _write(item, indent, inner, depth - 1)
            for key, item in value.items()
        ]
    if not items:
        return opening + closing
    return opening + inner + ("," + inner).join(items) + line + closing
