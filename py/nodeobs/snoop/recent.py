"""What a process had logged before anybody looked: the records of its flight recorder."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from nodeobs.bus.protocol import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence


class RecentRecords:
    """Puts the kept records of one process before its live ones, none of them twice.

    Live batches are held back until `release` has been called with what was kept, and then go on
    without the records that were in it. `turn` is to be held from either call until its result has
    been passed on.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._held: list[Batch] | None = []
        self._kept: dict[int, set[int]] = {}

    @property
    def waiting(self) -> bool:
        """Whether `release` has still to come."""
        return self._held is not None

    def release(self, numbers: dict[int, set[int]]) -> list[Batch]:
        """The live batches held, less the records whose numbers, by thread, have been shown."""
        held, self._held = self._held or [], None
        self._kept = numbers
        return [part for batch in held for part in self.live(batch)]

    def live(self, batch: Batch) -> list[Batch]:
        """What of a live batch is to be shown now."""
        if self._held is not None:
            self._held.append(batch)
            return []
        kept = self._kept.get(batch.tid)
        if not kept or kept.isdisjoint(batch.numbers()):
            return [batch]
        new = [
            (number, line)
            for number, line in zip(batch.numbers(), batch.lines(), strict=False)
            if number not in kept
        ]
        order = tuple(chain.from_iterable((number, 1) for number, _ in new))
        payload = b"".join(line + b"\n" for _, line in new)
        return [replace(batch, count=len(new), order=order, payload=payload)]


def kept_batches(
    pid: int, tid: int, answer: Any, prefixes: Sequence[str]
) -> tuple[list[Batch], set[int]]:
    """What `log.recent` answered, of the topics asked for, and the numbers of what was published.

    What is malformed is left out.
    """
    batches: list[Batch] = []
    numbers: set[int] = set()
    records = answer.get("records") if isinstance(answer, dict) else None
    for record in records if isinstance(records, list) else ():
        if not isinstance(record, dict) or not isinstance(record.get("line"), str):
            continue
        topic = f"log.{record.get('level')}.{record.get('name')}"
        if not topic.startswith(tuple(prefixes)):
            continue
        number = record.get("n")
        if isinstance(number, int) and number >= 0:
            numbers.add(number)
        line = record["line"].encode("utf-8", "surrogatepass")
        batches.append(Batch(pid, tid, topic, 0, 1, 0, (), line))
    return batches, numbers
