"""The function json(): one value out of a text of JSON."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from nodeobs.d.runtime.values import Value, join, split, string
from nodeobs.javascript import as_double, text
from nodeobs.log.json_text import stringify

_PATH: Final = re.compile(r"(?:^|(?<!^)\.)([^.\[\]]+)|\[(\d{1,9})\]", re.ASCII)


def json_text(subject: Value, path: Value) -> Value:
    """json(): what stands at `path` in a text of JSON; 0 where nothing does, or it is not JSON.

    A text stands for itself; everything else is written as JavaScript writes it. Raises Fault.
    """
    document, where = string(subject), string(path)
    keys = _keys(where)
    if keys is None:
        return 0
    try:
        value = json.loads(document, parse_int=_json_integer, parse_constant=_no_such_constant)
    except (ValueError, RecursionError):
        return 0
    for key in keys:
        if isinstance(key, str):
            if not isinstance(value, dict) or key not in value:
                return 0
            value = value[key]
        else:
            if not isinstance(value, list) or key >= len(value):
                return 0
            value = value[key]
    if isinstance(value, str):
        return join(split(value))
    return stringify(value) if isinstance(value, (dict, list)) else text(value)


def _keys(path: str) -> list[str | int] | None:
    """`a.b[0].c` as `["a", "b", 0, "c"]`; None where it is not of that form."""
    keys: list[str | int] = []
    end = 0
    while end < len(path):
        # `^` matches where the search starts only at the beginning of the path.
        match = _PATH.match(path, end)
        if match is None:
            return None
        keys.append(match[1] if match[1] is not None else int(match[2]))
        end = match.end()
    return keys or None


def _json_integer(digits: str) -> float:
    # Beyond this many digits JavaScript reads Infinity, and Python refuses.
    return int(digits) if len(digits) < 400 else as_double(float(digits))


def _no_such_constant(name: str) -> Any:
    raise ValueError(name)
