"""Where snapshots come from: a service's address, or a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Protocol

from nodeobs.errors import NodeobsError
from nodeobs.kang.fetch import MAX_BYTES, TIMEOUT, fetch_json
from nodeobs.kang.parse import parse_json
from nodeobs.kang.snapshot import Part, check
from nodeobs.kang.thread import in_thread
from nodeobs.reports.quantities import size
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.kang.address import Address

_SAVED = "nodeobs kang -h HOST snapshot > FILE saves one"

Fields = dict[str, list[str]]
"""The keys of each type that its service would show in a table."""


class Supplier(Protocol):
    @property
    def option(self) -> list[str]:
        """What says the same on the command line."""

    async def parts(self) -> Sequence[Part]:
        """Raises NodeobsError."""

    async def fields(self) -> Fields:
        """Empty where nothing is known. Raises NodeobsError."""


class HttpSupplier:
    """A service that is asked over HTTP."""

    def __init__(
        self, address: Address, *, timeout: float = TIMEOUT, insecure: bool = False
    ) -> None:
        self.address = address
        self._timeout = timeout
        self._insecure = insecure

    @property
    def option(self) -> list[str]:
        return ["-h", str(self.address)]

    async def parts(self) -> Sequence[Part]:
        raw = await self._fetch(self.address.path)
        return [Part(self.address.url, check(raw, str(self.address)))]

    async def fields(self) -> Fields:
        path = self.address.schema_path
        schema = await self._fetch(path) if path is not None else None
        schemas = schema.get("schemas") if isinstance(schema, dict) else None
        if not isinstance(schemas, dict):
            return {}
        return {name: found for name, one in schemas.items() if (found := summary_fields(one))}

    async def _fetch(self, path: str) -> Any:
        return await fetch_json(self.address, path, timeout=self._timeout, insecure=self._insecure)


class FileSupplier:
    """A file with what services answered: one snapshot, a list of them, or one in each line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._name = "standard input" if path == "-" else single_line(path)
        self._read: list[Part] | None = None

    @property
    def option(self) -> list[str]:
        return ["-f", self.path]

    async def parts(self) -> Sequence[Part]:
        if self._read is None:
            self._read = await in_thread(self._parts, f"read {self.path}")
        return self._read

    async def fields(self) -> Fields:
        return {}

    def _parts(self) -> list[Part]:
        body = self._body()
        found = self._values(body)
        if not found:
            raise NodeobsError("not_kang", f"{self._name} holds no snapshot", _SAVED)
        return [Part(f"file:{self.path}", check(one, self._name, _SAVED)) for one in found]

    def _values(self, body: bytes) -> list[Any]:
        if not body.strip():
            raise NodeobsError("not_kang", f"{self._name} is empty", _SAVED)
        try:
            value = parse_json(body, self._name, _SAVED)
        except NodeobsError:
            lines = [line for line in body.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [
                parse_json(line, f"{self._name} line {number}", _SAVED)
                for number, line in enumerate(lines, 1)
            ]
        if isinstance(value, dict) and _is_merged(value):
            raise NodeobsError(
                "merged",
                f"{self._name} holds a merged snapshot",
                "save what services answered: nodeobs kang … snapshot, without --merged",
            )
        return value if isinstance(value, list) else [value]

    def _body(self) -> bytes:
        try:
            # Not through a buffer, which Python waits for at its end even if a thread holds it.
            if self.path == "-":
                body = _read(sys.stdin.fileno())
            else:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    body = _read(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            raise NodeobsError(
                "no_file", f"cannot read {self._name}: {error.strerror or error}", _SAVED
            ) from None
        if len(body) > MAX_BYTES:
            raise NodeobsError(
                "too_large", f"{self._name} is longer than {size(MAX_BYTES)}", "save fewer services"
            )
        return body


def _read(descriptor: int) -> bytes:
    """All of it, or more than is allowed."""
    body = bytearray()
    while len(body) <= MAX_BYTES and (piece := os.read(descriptor, 1 << 20)):
        body += piece
    return bytes(body)


def _is_merged(value: dict[str, Any]) -> bool:
    services = value.get("service")
    return (
        isinstance(services, dict)
        and bool(services)
        and all(isinstance(one, list) for one in services.values())
    )


def summary_fields(schema: Any) -> list[str]:
    """kang's convention for the columns of a table."""
    fields = schema.get("summaryFields") if isinstance(schema, dict) else None
    return [one for one in fields if isinstance(one, str)] if isinstance(fields, list) else []
