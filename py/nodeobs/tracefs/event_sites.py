"""Which sites the events of one kind are from.

Switching off one event takes the kernel some 50 ms (it waits until no CPU can be in it any more),
and removing it 25; so sites whose arguments have the same types share an event. The kernel says
for each firing where it was.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.tracefs.decoder import Decoder
    from nodeobs.tracefs.event_format import EventFormat
    from nodeobs.usdt.sites import Site

_Entry = tuple["Site", "Decoder"]

Position = tuple[tuple[int, int], int]
"""A file (device, inode) and an offset in it."""


class EventSites:
    """The sites of one event.

    `position_of` tells what is mapped at an address of a process, for those that nobody placed.
    """

    def __init__(
        self, layout: EventFormat, position_of: Callable[[int, int], Position | None]
    ) -> None:
        self.layout = layout
        self._position_of = position_of
        self._entries: dict[Position, _Entry] = {}
        self._at: dict[tuple[int, int], _Entry] = {}
        address = layout.fields["__probe_ip"]
        self._address = struct.Struct("=Q" if address.size == 8 else "=I")
        self._offset = address.offset

    def add(self, site: Site, decoder: Decoder) -> None:
        self._entries[site.identity, site.offset] = site, decoder

    def place(self, pid: int, site: Site) -> None:
        """Say where a process has a site."""
        entry = self._entries.get((site.identity, site.offset))
        if entry is not None:
            self._at[pid, site.address] = entry

    def find(self, pid: int, page: bytes, start: int) -> _Entry:
        """The site of the event at `start`."""
        (address,) = self._address.unpack_from(page, start + self._offset)
        entry = self._at.get((pid, address))
        if entry is None:
            entry = self._at[pid, address] = self._look(pid, address)
        return entry

    def _look(self, pid: int, address: int) -> _Entry:
        """For an object that was mapped a moment ago, or a second time."""
        if len(self._entries) > 1:
            position = self._position_of(pid, address)
            if position in self._entries:
                return self._entries[position]
        # It is gone already: the place in the page tells nearly as well.
        entries = list(self._entries.values())
        alike = [entry for entry in entries if (entry[0].offset ^ address) & 0xFFF == 0]
        return (alike or entries)[0]
