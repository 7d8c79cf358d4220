"""The parts of an ELF file that probes need, read from a file that may be anything.

Nothing here raises on what is in the file, and nothing reads more of it than the limits below say,
whatever the file claims. (pyelftools knows all of ELF, but raises from deep inside on a damaged
file, and reads sections whole whatever size they claim.)
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: e_machine (gABI, and the psABI of each machine).
EM_386: Final = 3
EM_X86_64: Final = 62
EM_AARCH64: Final = 183

SHT_NOTE: Final = 7
_SHT_NOBITS = 8
_PT_LOAD = 1
# 2^16 of either is what e_shnum and e_phnum can say (more goes through section 0).
_MAX_HEADERS = 1 << 17
_MAX_STRINGS = 4 << 20


class Section(NamedTuple):
    name: bytes
    kind: int
    address: int
    offset: int
    size: int


class Segment(NamedTuple):
    """A PT_LOAD. `size` is that in the file."""

    offset: int
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class ElfFile:
    """An opened ELF file. `wide`: of 64 bits. `order` is that of struct: `<` or `>`."""

    descriptor: int
    wide: bool
    order: str
    machine: int
    sections: tuple[Section, ...]
    segments: tuple[Segment, ...]

    def content(self, section: Section, limit: int) -> bytes:
        """What is in a section: at most `limit` bytes, and fewer where the file ends."""
        if section.kind == _SHT_NOBITS:
            return b""
        return _read(self.descriptor, min(section.size, limit), section.offset)

    def named(self, name: bytes) -> Iterator[Section]:
        return (section for section in self.sections if section.name == name)

    def file_offset(self, address: int) -> int | None:
        """Where in the file the byte is that is loaded to an address."""
        for segment in self.segments:
            if 0 <= address - segment.address < segment.size:
                return segment.offset + address - segment.address
        return None


def open_elf(descriptor: int) -> ElfFile | str:
    """The ELF file behind a descriptor, or why it is none that can be read.

    A file without section headers is one without sections; the descriptor stays the caller's.
    """
    ident = _read(descriptor, 64, 0)
    if ident[:4] != b"\x7fELF":
        return "not an ELF file"
    if len(ident) < 52 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
        return "a damaged ELF header"
    wide = ident[4] == 2
    order = "<" if ident[5] == 1 else ">"
    header = struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"))
    if len(ident) < 16 + header.size:
        return "a damaged ELF header"
    fields = header.unpack_from(ident, 16)
    machine, segments_at, sections_at = fields[1], fields[4], fields[5]
    segment_size, segment_count, section_size, section_count, names_index = fields[8:13]
    sections = _sections(
        descriptor, order, wide, sections_at, section_size, section_count, names_index
    )
    if isinstance(sections, str):
        return sections
    segments = _segments(descriptor, order, wide, segments_at, segment_size, segment_count)
    return ElfFile(descriptor, wide, order, machine, sections, segments)


def _sections(
    descriptor: int, order: str, wide: bool, at: int, entry_size: int, count: int, names_index: int
) -> tuple[Section, ...] | str:
    header = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    if at == 0:
        return ()
    if entry_size != header.size:
        return f"section headers of {entry_size} bytes"
    first = _read(descriptor, header.size, at)
    if len(first) < header.size:
        return "the section headers are missing (half written?)"
    # gABI: what does not fit into e_shnum and e_shstrndx is in section 0.
    zero = header.unpack(first)
    count = count or zero[5]
    names_index = zero[6] if names_index == 0xFFFF else names_index
    if count > _MAX_HEADERS:
        return f"{count} sections"
    data = _read(descriptor, count * header.size, at)
    if len(data) < count * header.size:
        return "some section headers are missing (half written?)"
    rows = list(header.iter_unpack(data))
    names = b""
    if names_index < count:
        names = _read(descriptor, min(rows[names_index][5], _MAX_STRINGS), rows[names_index][4])
    return tuple(Section(_text_at(names, row[0]), row[1], row[3], row[4], row[5]) for row in rows)


def _segments(
    descriptor: int, order: str, wide: bool, at: int, entry_size: int, count: int
) -> tuple[Segment, ...]:
    header = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
    if entry_size != header.size:
        return ()
    data = _read(descriptor, count * header.size, at)
    found = []
    for row in header.iter_unpack(data[: len(data) // header.size * header.size]):
        if row[0] == _PT_LOAD:
            offset, address, size = (row[2], row[3], row[5]) if wide else (row[1], row[2], row[4])
            found.append(Segment(offset, address, size))
    return tuple(found)


def _text_at(table: bytes, start: int) -> bytes:
    end = table.find(b"\0", start)
    return table[start:end] if end >= 0 else b""


def _read(descriptor: int, size: int, offset: int) -> bytes:
    try:
        return os.pread(descriptor, size, offset)
    except (OSError, OverflowError):
        return b""
