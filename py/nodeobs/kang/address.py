"""Where a snapshot is fetched from, in kang's notation: `[http[s]://]host[:port][/uri]`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from nodeobs.errors import NodeobsError
from nodeobs.reports.table import single_line

DEFAULT_PATH: Final = "/kang/snapshot"
VARIABLE: Final = "KANG_SOURCES"
_PORTS: Final = {"http": 80, "https": 443}

_SCHEME: Final = re.compile(r"(https?)://", re.IGNORECASE)
_OTHER_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+))(?::(.*))?", re.DOTALL)
_FOUR_NUMBERS: Final = re.compile(r"\d+(\.\d+){3}")


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """As kang's merge names the source: an IPv6 address has no brackets in it."""
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    @property
    def schema_path(self) -> str | None:
        """Where the schema is, if that can be told from where the snapshot is."""
        if not self.path.endswith("/snapshot"):
            return None
        return self.path.removesuffix("snapshot") + "schema"

    def __str__(self) -> str:
        """As short as it can be given to -h."""
        scheme = "" if self.scheme == "http" else f"{self.scheme}://"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return scheme + host + port + ("" if self.path == DEFAULT_PATH else self.path)


def parse_address(text: str) -> Address:
    """Raises NodeobsError (usage) that says what is wrong."""
    match = _SCHEME.match(text)
    scheme = match[1].lower() if match else "http"
    if match is None and (other := _OTHER_SCHEME.match(text)) is not None:
        raise _refused(text, f"{other[1]} is neither http nor https")
    authority, slash, rest = text[match.end() if match else 0 :].partition("/")
    if "@" in authority:
        raise _refused(text, "there is no place for a user or password")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise _refused(text, "it names no host")
    ipv6, name, port = found.groups()
    host = ipv6 if ipv6 is not None else name
    if ipv6 is not None or _FOUR_NUMBERS.fullmatch(name):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise _refused(text, f"{host} is no IP address") from None
    return Address(
        scheme,
        host,
        _PORTS[scheme] if port is None else _port(text, port),
        # What a request line cannot hold is percent-encoded; the rest is the user's.
        quote(f"/{rest}", safe="/%:=&?~+!$,;'@()*[]") if slash else DEFAULT_PATH,
    )


def parse_addresses(text: str) -> list[Address]:
    """Addresses with commas between them."""
    return [parse_address(piece.strip()) for piece in text.split(",") if piece.strip()]


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit()):
        raise _refused(text, f"{digits!r} is no port number")
    shown = digits.lstrip("0")[:9] or "0"
    if not 1 <= int(shown) <= 65535:
        raise _refused(text, f"port {shown} is not in the range 1-65535")
    return int(shown)


def _refused(text: str, why: str) -> NodeobsError:
    return NodeobsError(
        "usage",
        f'"{single_line(text[:200])}" is no address: {single_line(why)}',
        "write [http[s]://]host[:port][/path], an IPv6 address in brackets",
        exit_code=2,
    )
