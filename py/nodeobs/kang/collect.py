"""Asking everybody at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodeobs.errors import NodeobsError
from nodeobs.kang.snapshot import Part, Snapshot, complaints, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.kang.suppliers import Fields, Supplier


_COMPLAINTS = 20


@dataclass(slots=True)
class Collection:
    """What was fetched, and what could not be."""

    parts: list[Part] = field(default_factory=list)
    failures: list[NodeobsError] = field(default_factory=list)
    #: Keys that services would show of a type, where they say so.
    fields: Fields = field(default_factory=dict)
    snapshot: Snapshot = field(default_factory=Snapshot)

    def messages(self) -> list[str]:
        """Who could not be asked, and what is wrong with what the others said."""
        return [*(failure.message for failure in self.failures), *self.complaints()]

    def complaints(self) -> list[str]:
        """What is wrong or missing in what was fetched."""
        told = [one for part in self.parts for one in complaints(part)]
        more = len(told) - _COMPLAINTS
        return told if more <= 0 else [*told[:_COMPLAINTS], f"{more:,} more like these"]

    def columns(self, type_name: str) -> Sequence[str]:
        """The keys of a type for a table."""
        return self.fields.get(type_name) or self.snapshot.plain_fields(type_name)


async def collect(suppliers: Sequence[Supplier], *, with_fields: bool = False) -> Collection:
    """Everybody's snapshots, merged. Raises the first failure when there is nothing else."""
    asked = [supplier.parts() for supplier in suppliers]
    named = [supplier.fields() for supplier in suppliers] if with_fields else []
    # One after the other they would take as long as all timeouts together.
    answers, fields = await asyncio.gather(
        asyncio.gather(*asked, return_exceptions=True),
        asyncio.gather(*named, return_exceptions=True),
    )
    found = Collection()
    for answer in answers:
        if isinstance(answer, NodeobsError):
            found.failures.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.parts.extend(answer)
    if not found.parts and found.failures:
        raise _nothing(found.failures)
    for known in fields:
        # Only columns are lost without them.
        if not isinstance(known, BaseException):
            for name, keys in known.items():
                found.fields.setdefault(name, keys)
    found.snapshot = merge(found.parts)
    return found


def _nothing(failures: Sequence[NodeobsError]) -> NodeobsError:
    first = failures[0]
    if len(failures) == 1:
        return first
    lines = "".join(f"\n  {failure.message}" for failure in failures[:20])
    more = f"\n  … {len(failures) - 20} more" if len(failures) > 20 else ""
    return NodeobsError(first.code, f"nothing could be fetched:{lines}{more}", first.hint)
