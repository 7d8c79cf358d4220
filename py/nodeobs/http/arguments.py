"""What the columns are in the arguments of Node's own probes (docs/node-probes.md), in D."""

from __future__ import annotations

from typing import Final

Arguments = dict[str, str]
"""Column: expression. What has no entry is nowhere to be had."""


def _text(argument: str) -> str:
    """A text, `-` where it is empty."""
    return f'strlen(copyinstr({argument})) ? copyinstr({argument}) : "-"'


_EVERYWHERE: Final[Arguments] = {"pid": "pid", "thread": "tid"}


def _address(text: str) -> str:
    """An address; one of IPv4 as it is written, whatever the socket's family (2: AF_INET)."""
    return f"inet_ntop(2, {text})"


_CONNECTION: Final[Arguments] = {
    "raddr": _address("{0}->remoteAddress"),
    "rport": "{0}->remotePort",
    "fd": "{0}->fd",
}


def _connection(object_: str) -> Arguments:
    return {name: expression.format(object_) for name, expression in _CONNECTION.items()}


_REQUEST: Final[Arguments] = {
    **_EVERYWHERE,
    "raddr": _address("copyinstr(arg2)"),
    "rport": "arg3",
    "method": "copyinstr(arg4)",
    "url": "copyinstr(arg5)",
    "fd": "arg6",
    "id": "arg7",
    "reqid": _text("arg8"),
    "host": _text("arg9"),
}
_REQUEST_OBJECTS: Final[Arguments] = {
    **_REQUEST,
    **_connection("args[1]"),
    "method": "args[0]->method",
    "url": "args[0]->url",
}

_CLIENT_RESPONSE: Final[Arguments] = {
    **_EVERYWHERE,
    "raddr": _address("copyinstr(arg1)"),
    "rport": "arg2",
    "fd": "arg3",
    "id": "arg4",
    "status": 'arg5 ? lltostr(arg5) : "-"',
    "method": "copyinstr(arg7)",
    "url": "copyinstr(arg8)",
    "bytes": 'arg10 < 0 ? "-" : lltostr(arg10)',
    "reqid": _text("arg11"),
    "host": _text("arg12"),
    "error": _text("arg13"),
}
_SERVER_RESPONSE: Final[Arguments] = {**_CLIENT_RESPONSE, "route": _text("arg9")}

GC: Final[Arguments] = {**_EVERYWHERE, "kind": "copyinstr(arg3)"}
GC_LATENCY: Final = "arg4"

LATENCY: Final = "arg6"
STATUS: Final = "arg5"
METHOD: Final = "copyinstr(arg7)"
#: Texts, empty where there is nothing to say, of the columns that may stand behind all others.
NOTES: Final[Arguments] = {"error": "copyinstr(arg13)", "kind": GC["kind"]}
ABORTED: Final = "arg14"


def request(*, translated: bool) -> Arguments:
    """Of http-server-request and http-client-request."""
    return _REQUEST_OBJECTS if translated else _REQUEST


def response(probe: str, *, translated: bool) -> Arguments:
    """Of http-server-response and http-client-response."""
    simple = _SERVER_RESPONSE if probe == "server" else _CLIENT_RESPONSE
    return {**simple, **_connection("args[0]")} if translated else simple
