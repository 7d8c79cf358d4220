"""The statuses that `--status` chooses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABORTED: Final = "aborted"
_STATUS: Final = re.compile(r"([1-9])(\d\d|xx)", re.IGNORECASE)
_RANGE: Final = re.compile(r"([1-9]\d\d)-([1-9]\d\d)")


@dataclass(frozen=True, slots=True)
class Statuses:
    """Ranges of statuses, both ends included, and whether aborted requests belong to them."""

    ranges: tuple[tuple[int, int], ...]
    aborted: bool = False

    @classmethod
    def parse(cls, specs: Sequence[str]) -> Statuses:
        """`404`, `5xx`, `500-503`, `aborted`, between commas or blanks. Raises NodeobsError."""
        ranges: dict[tuple[int, int], None] = {}
        aborted = False
        for word in " ".join(specs).replace(",", " ").split():
            if word.lower() == _ABORTED:
                aborted = True
            elif (match := _STATUS.fullmatch(word)) is not None:
                whole = match[2].lower() == "xx"
                low = int(match[1]) * 100 if whole else int(word)
                ranges[low, low + 99 if whole else low] = None
            elif (match := _RANGE.fullmatch(word)) is not None and match[1] <= match[2]:
                ranges[int(match[1]), int(match[2])] = None
            else:
                raise _unclear(word)
        if not ranges and not aborted:
            raise _unclear("")
        return cls(tuple(ranges), aborted)

    def condition(self, status: str, aborted: str) -> str:
        """The choice in D; the arguments are what has the status (0: aborted) and whether."""
        parts = [
            f"{status} == {low}" if low == high else f"({status} >= {low} && {status} <= {high})"
            for low, high in self.ranges
        ]
        if self.aborted:
            parts.append(aborted)
        return " || ".join(parts)


def _unclear(word: str) -> NodeobsError:
    return NodeobsError(
        "usage",
        f"{word!r} is no status",
        "use 404, 5xx, 500-503 or aborted, several with commas between them",
        exit_code=2,
    )
