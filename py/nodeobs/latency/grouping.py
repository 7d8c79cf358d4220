"""What requests and handlers are told apart by: the values of `--by`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.d.runtime.values import Value

#: The values of `--by`.
DIMENSIONS: Final = ("route", "handler", "status", "method", "client")

#: Rows of what has none.
NO_ROUTE: Final = "(no route)"
BEFORE_ROUTING: Final = "*"
OTHERS: Final = "(others)"
_ABORTED: Final = "aborted"
#: Statuses of what has no route because there is nothing.
_NOT_FOUND: Final = (404, 405)
_NOTHING: Final = "-"

#: What is a key of a database rather than a part of the interface: numbers, UUIDs, digests, and
#: long words with digits in them.
_ID: Final = re.compile(
    r"\d+|(?=\w*\d)[0-9A-Fa-f]{12,}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|(?=[\w.~-]*\d)[\w.~-]{24,}",
    re.ASCII,
)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
_SEGMENTS: Final = 8


@dataclass(frozen=True, slots=True)
class Grouping:
    """`requests` are the dimensions of a request, of which `route` follows its `method`;
    `tables` says which of the tables of requests and of handlers are wanted."""

    requests: tuple[str, ...] = ("method", "route")
    tables: tuple[bool, bool] = (True, True)

    @classmethod
    def parse(cls, by: Sequence[str]) -> Grouping:
        """The grouping that options `--by` mean together; none are routes and handlers."""
        dimensions: dict[str, None] = {}
        for name in by:
            if name == "route":
                dimensions["method"] = None
            if name != "handler":
                dimensions[name] = None
        ordered = list(dimensions)
        if "route" in dimensions:
            # One cell in a table: the method is read with the route.
            ordered.remove("method")
            ordered.insert(ordered.index("route"), "method")
        if not by:
            return cls()
        if not ordered:
            return cls(tables=(False, True))
        return cls(tuple(ordered), (True, "handler" in by))

    def key(self, values: Sequence[Value]) -> tuple[str, ...]:
        """What a row is about, of the keys of the program of `nodeobs latency`: those of the
        dimensions, with the URL after the route, and the status as the last."""
        *rest, status = values
        given = iter(rest)
        found: list[str] = []
        for name in self.requests:
            if name == "status":
                found.append(str(status) if status else _ABORTED)
            elif name == "route":
                found.append(route_label(str(next(given)), str(next(given)), status))
            else:
                text = str(next(given))
                found.append(client_label(text) if name == "client" else text)
        return tuple(found)


def route_label(route: str, url: str, status: Value) -> str:
    """The route; where there is none the path without ids, unless nothing was found there."""
    if route:
        return route
    return NO_ROUTE if status in _NOT_FOUND else folded(url)


def client_label(address: str) -> str:
    """The address of a client as it is shown."""
    return address.removeprefix("::ffff:") or _NOTHING


def folded(path: str) -> str:
    """A path with what looks like an id in it replaced by `:id`, so that paths stay few."""
    path = _ORIGIN.sub("", path.partition("?")[0], count=1) or "/"
    parts = path.split("/", _SEGMENTS + 1)
    if len(parts) > _SEGMENTS + 1:
        parts[-1] = "…"
    return "/".join(":id" if _ID.fullmatch(part) else part for part in parts)


def restify_name(method: str, path: str) -> str:
    """The name that restify gives to a route that has none of its own (lib/router.js)."""
    return re.sub(r"\W", "", method + path, flags=re.ASCII).lower()
