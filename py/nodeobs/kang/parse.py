"""JSON that a service answers or a file holds: anything, until it has been looked at."""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

import orjson

from nodeobs.errors import NodeobsError

#: Levels of nesting, as many as orjson writes.
MAX_DEPTH: Final = 250


def parse_json(body: bytes, whose: str, hint: str = "is that kang's path?") -> Any:
    """The value of `body`. Raises NodeobsError, naming `whose` it is."""
    try:
        value = orjson.loads(body)
        orjson.dumps(value)
    except ValueError:
        pass  # orjson is stricter than JavaScript: half a surrogate pair, say
    except TypeError:  # what it raises for what is too deep to be written again
        raise _too_deep(whose) from None
    else:
        return value
    try:
        value = json.loads(
            body.decode("utf-8", "replace"), parse_constant=_refuse, parse_float=_number
        )
    except ValueError as error:
        raise _not_json(body, whose, str(error), hint) from None
    except RecursionError:
        raise _too_deep(whose) from None
    if _is_deep(value):
        raise _too_deep(whose)
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _number(text: str) -> float | None:
    """What is too large for a double is Infinity to JavaScript, which writes it as null."""
    value = float(text)
    return value if math.isfinite(value) else None


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity, which are no JSON."""
    raise ValueError(f"{constant} is no JSON")


def _not_json(body: bytes, whose: str, why: str, hint: str) -> NodeobsError:
    if not body.strip():
        return NodeobsError("not_json", f"{whose}: the answer is empty", hint)
    if body.lstrip()[:1] == b"<":
        why = "it looks like HTML"
    return NodeobsError("not_json", f"{whose}: this is not JSON: {why}", hint)


def _too_deep(whose: str) -> NodeobsError:
    return NodeobsError(
        "too_deep", f"{whose}: the JSON nests deeper than {MAX_DEPTH} levels", "nothing shows that"
    )
