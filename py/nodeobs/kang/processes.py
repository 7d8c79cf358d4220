"""Snapshots of our own processes, over their sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.errors import NodeobsError
from nodeobs.kang.snapshot import Part, check
from nodeobs.process import Process, attach

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.kang.suppliers import Fields

_OBJECTS = 1000


class ProcessSupplier:
    """A process: each of its threads is a service."""

    def __init__(self, target: NodeProcess, notice: Callable[[str], None] | None = None) -> None:
        self.target = target
        self._notice = notice

    @property
    def option(self) -> list[str]:
        return ["-p", str(self.target.pid)]

    async def parts(self) -> Sequence[Part]:
        async with attach(self.target, verb="kang", notice=self._notice) as process:
            return [
                Part(f"pid:{process.pid}" + (f"/{tid}" if tid else ""), raw)
                for tid in process.threads
                if (raw := await self._snapshot(process, tid)) is not None
            ]

    async def fields(self) -> Fields:
        fields: Fields = {}
        async with attach(self.target, verb="kang", notice=self._notice) as process:
            for tid in process.threads:
                for row in await process.state_types(tid=tid):
                    named = [one for one in row.get("fields") or [] if isinstance(one, str)]
                    if named and isinstance(row.get("type"), str):
                        fields.setdefault(row["type"], named)
        return fields

    async def _snapshot(self, process: Process, tid: int) -> dict[str, Any] | None:
        try:
            raw = await _whole(process, tid)
        except NodeobsError as error:
            if tid and error.code in ("ended", "no_thread"):
                return None  # a worker thread has come to its end meanwhile
            raise
        service = check(raw, process.label)["service"]
        if tid:
            # All threads of a process have its ident.
            raw["service"] = {**service, "ident": f"{service.get('ident')}/{tid}"}
        return raw


async def _whole(process: Process, tid: int) -> dict[str, Any]:
    """Everything, in one answer or, where that is too large, in several."""
    try:
        return await process.state_snapshot(tid=tid)
    except NodeobsError as error:
        if error.code != "too_large":
            raise
    names = [str(row.get("type")) for row in await process.state_types(tid=tid)]
    raw = await process.state_snapshot([], tid=tid)
    errors: list[dict[str, Any]] = []
    for name in names:
        try:
            raw[name] = (await process.state_snapshot([name], tid=tid)).get(name)
        except NodeobsError as error:
            if error.code != "too_large":
                errors.append({"type": name, "error": error.message})
                continue
            raw[name] = await _one_by_one(process, tid, name, errors)
    return {**raw, "types": [name for name in names if name in raw], "nodeobs": {"errors": errors}}


async def _one_by_one(
    process: Process, tid: int, name: str, errors: list[dict[str, Any]]
) -> dict[str, Any]:
    listed = await process.state_list(name, limit=_OBJECTS, tid=tid)
    objects: dict[str, Any] = {}
    for row in listed.get("objects") or []:
        key = str(row.get("id"))
        try:
            objects[key] = await process.state_get(name, key, tid=tid)
        except NodeobsError as error:
            if error.code != "not_found":  # gone meanwhile
                errors.append({"type": name, "id": key, "error": error.message})
    if listed.get("truncated"):
        errors.append({"type": name, "error": f"{len(objects):,} of {listed.get('total')} objects"})
    return objects
