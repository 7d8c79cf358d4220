"""What the state browser reads, when it looks at kang services."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from nodeobs.browser.source import ObjectPage, ObjectRow, TypeRow
from nodeobs.errors import NodeobsError
from nodeobs.kang.collect import Collection, collect
from nodeobs.reports.quantities import amount
from nodeobs.reports.shell_words import command_line
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.browser.source import PlaceState
    from nodeobs.kang.suppliers import Supplier

#: Seconds that a snapshot is good for: what is shown together is asked for once.
_FRESH = 1.0


class KangSource:
    """`nodeobs.browser.source.StateSource` over services; a place is `name[.component].ident`."""

    def __init__(self, suppliers: Sequence[Supplier], *, fresh: float = _FRESH) -> None:
        self._suppliers = suppliers
        self._fresh = fresh
        self._last: Collection | None = None
        self._fetched = 0.0
        self._fetching = asyncio.Lock()
        self._told: list[str] = []
        self._untold: list[str] = []

    @property
    def title(self) -> str:
        if self._last is None:
            return f"kang: {amount(len(self._suppliers), 'source')}"
        services = self._last.snapshot.services()
        what = single_line(services[0]) if len(services) == 1 else amount(len(services), "service")
        failed = len(self._last.failures)
        return f"kang: {what}" + (f" ({failed} not reached)" if failed else "")

    async def types(self) -> Sequence[TypeRow]:
        found = await self._collection()
        return [
            TypeRow(name, sum(1 for _ in found.snapshot.entries(name)), tuple(found.columns(name)))
            for name in found.snapshot.all_types()
        ]

    async def objects(self, type_name: str, *, limit: int) -> ObjectPage:
        found = await self._collection()
        entries = [*found.snapshot.entries(found.snapshot.known(type_name))]
        rows = [ObjectRow(entry.id, entry.origin, entry.data) for entry in entries[:limit]]
        return ObjectPage(tuple(found.columns(type_name)), rows, len(entries))

    async def get(self, type_name: str, object_id: str, place: str) -> Any:
        reported = (await self._collection()).snapshot.found(type_name, object_id)
        for entry in reported:
            if place in ("", entry.origin):
                return entry.data
        raise NodeobsError(
            "not_found",
            f"{single_line(place)} has no {single_line(type_name)} {single_line(object_id)!r} now",
            f"it is at {', '.join(single_line(entry.origin) for entry in reported[:5])}",
        )

    def command(self, type_name: str | None, object_id: str | None) -> str:
        words = ["nodeobs", "kang", *(word for one in self._suppliers for word in one.option)]
        if type_name is not None and object_id is not None:
            words += ["get", f"{type_name}/{object_id}"]
        elif type_name is not None:
            words += ["list", type_name]
        return command_line(words)

    def table_command(self, type_name: str, condition: str | None, sort: str | None) -> str:
        """The command line has no order of its own."""
        chosen = f" {command_line(['-c', condition])}" if condition is not None else ""
        return self.command(type_name, None) + chosen

    def object_command(self, type_name: str, object_id: str, place: str) -> str:
        """It prints the object of all services that have it."""
        return self.command(type_name, object_id)

    def places(self) -> Sequence[PlaceState]:
        """None: a service that does not answer is missing from the picture, and may come back."""
        return ()

    def notices(self) -> Sequence[str]:
        """Who could not be asked, and what is wrong with the answers; again when that is over and
        comes back."""
        untold, self._untold = self._untold, []
        return untold

    async def _collection(self) -> Collection:
        async with self._fetching:
            if self._last is None or time.monotonic() - self._fetched > self._fresh:
                self._last = await collect(self._suppliers, with_fields=True)
                self._fetched = time.monotonic()
                told, self._told = self._told, self._last.messages()
                self._untold += [one for one in self._told if one not in told]
            return self._last
