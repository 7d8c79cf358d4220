"""The blocks of a log record in bunyan's long form: requests, responses, errors.

Each function gives the text of the block, or "" for none, and what is left of the object.
`docs/snoop.md` lists where the text differs from bunyan's.
"""

from __future__ import annotations

from typing import Any

from nodeobs.javascript import SPACE, UNDEFINED, text, truthy
from nodeobs.log.http_status import STATUS_CODES
from nodeobs.log.json_text import stringify

Fields = dict[str, Any]


def as_fields(value: Any) -> Fields | None:
    """The own properties of an object or list, as a copy; None of anything else."""
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return None


def request_block(fields: Fields) -> tuple[str, Fields]:
    """`req` and `client_req`: request line, headers, body, trailers."""
    headers = fields.pop("headers", None)
    block = (
        f"{text(fields.pop('method', UNDEFINED))} {text(fields.pop('url', UNDEFINED))} "
        f"HTTP/{_or(fields.pop('httpVersion', None), '1.1')}"
    )
    if truthy(headers):
        block += "\n" + _headers(headers)
    if truthy(fields.get("body")):
        block += "\n\n" + _body(fields.pop("body"))
    trailers = fields.pop("trailers", None)
    if truthy(trailers) and as_fields(trailers):
        block += "\n" + _headers(trailers)
    return block, fields


def response_block(fields: Fields) -> tuple[str, Fields]:
    """`res` and `client_res`: status line, headers, body, trailer."""
    headers: Any = UNDEFINED
    for key in ("header", "headers"):
        value = fields.get(key)
        if truthy(value) and isinstance(value, (str, dict, list)):
            headers = fields.pop(key)
            break
    header_text = ""
    if headers is not UNDEFINED:
        header_text = _headers(headers).rstrip(SPACE)
    block = ""
    status = fields.pop("statusCode", UNDEFINED)
    has_status_line = isinstance(headers, str) and header_text.startswith("HTTP/")
    if status is not UNDEFINED and not has_status_line:
        block = f"HTTP/1.1 {text(status)} {_reason(status)}\n"
    block += header_text
    if "body" in fields:
        body = fields.pop("body")
        if isinstance(body, (str, dict, list)) or body is None:
            written = _body(body)
            block += f"\n\n{written}" if written else ""
    else:
        block = block.rstrip(SPACE)
    trailer = fields.pop("trailer", None)
    if truthy(trailer):
        block += "\n" + text(trailer)
    return block, fields


def error_block(fields: Fields) -> tuple[str, Fields]:
    """`err` with a stack."""
    block = text(fields.pop("stack"))
    fields.pop("message", None)
    fields.pop("name", None)
    return block, fields


def _reason(status: Any) -> str:
    code = text(status)
    known = STATUS_CODES.get(int(code)) if code.isascii() and code.isdecimal() else None
    return known or "undefined"


def _headers(headers: Any) -> str:
    fields = as_fields(headers)
    if fields is None:
        return headers if isinstance(headers, str) else ""
    return "\n".join(f"{key}: {text(value)}" for key, value in fields.items())


def _body(body: Any) -> str:
    return stringify(body, 2) if body is None or isinstance(body, (dict, list)) else text(body)


def _or(value: Any, default: str) -> str:
    return text(value) if truthy(value) else default
