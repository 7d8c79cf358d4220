"""What of all requests and collections is to be shown, and of them what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.http.columns import COLUMNS

if TYPE_CHECKING:
    from nodeobs.http.columns import Column
    from nodeobs.http.statuses import Statuses

_EVERYTHING: Final = tuple(COLUMNS.values())


@dataclass(frozen=True, slots=True)
class Selection:
    """`columns` are those shown. With `whole`, rows have everything that can be known, for
    programs and filters. `slow` is nanoseconds: rows of a known latency from there on.
    `translated` is whether arguments are taken from the objects that Node's old probes had, as
    `nhttpsnoop -t translated` does, or from the simple ones."""

    columns: tuple[Column, ...]
    server: bool = True
    client: bool = False
    gc: bool = False
    starts: bool = False
    whole: bool = False
    translated: bool = True
    slow: int | None = None
    statuses: Statuses | None = None

    @property
    def fetched(self) -> tuple[Column, ...]:
        """The columns that the program prints."""
        return _EVERYTHING if self.whole else self.columns
