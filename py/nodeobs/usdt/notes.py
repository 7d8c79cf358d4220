"""SDT notes: the probes an ELF file says it has.

The format is SystemTap's (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation): in
the section `.note.stapsdt`, notes of the owner "stapsdt" and type 3 with the addresses of the
probe, of `.stapsdt.base` when it was linked and of the semaphore (or 0), and three texts: provider,
probe and arguments.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.usdt.elf import SHT_NOTE

if TYPE_CHECKING:
    from nodeobs.usdt.elf import ElfFile, Section

_OWNER = b"stapsdt\0"
_TYPE: Final = 3
# Of one file: bytes of notes, probes, and bytes of a probe's names and arguments together.
_MAX_BYTES: Final = 8 << 20
_MAX_PROBES: Final = 1 << 16
_MAX_TEXT: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class Note:
    """One probe. Addresses are those of the file, as it is now (see `read_notes`).

    `arguments` is the text of the note. `offset` and `semaphore_offset` are positions in the file,
    None where the address is in no part of it that is loaded, or where there is no semaphore.
    """

    provider: str
    probe: str
    arguments: str
    address: int
    offset: int | None
    semaphore: int
    semaphore_offset: int | None


@dataclass(frozen=True, slots=True)
class Notes:
    """The probes of a file, and what was wrong with it where not all of it could be read."""

    notes: tuple[Note, ...]
    problem: str | None = None


def read_notes(elf: ElfFile) -> Notes:
    """The SDT notes of a file, in its order.

    prelink moves the addresses of an object but leaves its notes, which are in no segment, as they
    are. What it did to `.stapsdt.base` it did to the probes, so that is added here.
    """
    base = next((section.address for section in elf.named(b".stapsdt.base")), None)
    notes: list[Note] = []
    problem = None
    left = _MAX_BYTES
    for section in elf.named(b".note.stapsdt"):
        if section.kind == SHT_NOTE and left > 0:
            problem = _read_section(elf, section, left, base, notes) or problem
            # A damaged file may have many sections in one place.
            left -= section.size + 1024
    return Notes(tuple(notes), problem)


def _read_section(
    elf: ElfFile, section: Section, limit: int, base: int | None, notes: list[Note]
) -> str | None:
    data = elf.content(section, limit)
    problem = "its notes are cut off" if len(data) < section.size else None
    head = struct.Struct(elf.order + "III")
    addresses = struct.Struct(elf.order + ("QQQ" if elf.wide else "III"))
    at = 0
    while at + head.size <= len(data):
        if len(notes) >= _MAX_PROBES:
            return f"it has more than {_MAX_PROBES:,} probes"
        name_size, size, kind = head.unpack_from(data, at)
        name_at = at + head.size
        # Name and description are aligned to 4 bytes, in files of 64 bits, too.
        start = name_at + (name_size + 3 & ~3)
        at = start + (size + 3 & ~3)
        if start + size > len(data):
            return problem or "a note is longer than its section"
        if kind != _TYPE or data[name_at : name_at + name_size] != _OWNER:
            continue
        texts = data[start + addresses.size : start + size].split(b"\0", 3)
        if size < addresses.size or len(texts) < 3:
            problem = "a note is too short"
            continue
        if size > _MAX_TEXT:
            problem = "a note is too long"
            continue
        pc, linked_base, semaphore = addresses.unpack_from(data, start)
        provider, probe, arguments = (text.decode("utf-8", "replace") for text in texts[:3])
        if not (provider and probe):
            problem = "a note has no name"
            continue
        moved = base - linked_base if base is not None and linked_base else 0
        mask = (1 << (64 if elf.wide else 32)) - 1
        pc = pc + moved & mask
        semaphore = semaphore + moved & mask if semaphore else 0
        notes.append(
            Note(
                provider,
                probe,
                arguments,
                pc,
                elf.file_offset(pc),
                semaphore,
                elf.file_offset(semaphore) if semaphore else None,
            )
        )
    return problem
