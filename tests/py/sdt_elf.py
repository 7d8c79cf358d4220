"""ELF files with SDT notes, for every class and byte order: what readers of notes need, no code."""

from __future__ import annotations

import struct
from dataclasses import dataclass

X86_64, I386, AARCH64 = 62, 3, 183
#: What is where; as GNU ld does, all is loaded to `SKEW` behind where it is in the file.
SKEW = 0x400000
TEXT, BASE, DATA = 0x1000, 0x1800, 0x2000


@dataclass(frozen=True)
class Probe:
    """`at` and `semaphore` are positions in the file; the latter 0 where there is none."""

    provider: str = "shop"
    name: str = "sold"
    arguments: str = "-8@%rdi 8@%rsi"
    at: int = TEXT + 4
    semaphore: int = 0


def note(
    probe: Probe, *, wide: bool = True, order: str = "<", prelinked: int = 0, skew: int = SKEW
) -> bytes:
    """A note as it was before prelink moved the file by `prelinked`."""
    moved = skew - prelinked
    addresses = struct.pack(
        order + ("QQQ" if wide else "III"),
        probe.at + moved,
        BASE + moved,
        probe.semaphore + moved if probe.semaphore else 0,
    )
    texts = "\0".join((probe.provider, probe.name, probe.arguments, "")).encode()
    return note_of(b"stapsdt\0", 3, addresses + texts, order)


def note_of(name: bytes, kind: int, content: bytes, order: str = "<") -> bytes:
    head = struct.pack(order + "III", len(name), len(content), kind)
    return head + _padded(name) + _padded(content)


def elf(
    notes: bytes,
    *,
    wide: bool = True,
    order: str = "<",
    machine: int = X86_64,
    skew: int = SKEW,
    sections: bool = True,
) -> bytes:
    """A file with these notes, a text of no-ops and data."""
    names = b"\0.text\0.stapsdt.base\0.note.stapsdt\0.shstrtab\0"
    notes_at = DATA + 0x1000
    names_at = notes_at + len(notes)
    table_at = names_at + len(names)
    rows = [
        (b"", 0, 0, 0, 0),
        (b".text", 1, TEXT + skew, TEXT, 0x400),
        (b".stapsdt.base", 1, BASE + skew, BASE, 1),
        (b".note.stapsdt", 7, 0, notes_at, len(notes)),
        (b".shstrtab", 3, 0, names_at, len(names)),
    ]
    table = b"".join(
        struct.pack(
            order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"),
            names.index(name + b"\0") if name else 0,
            kind, 2, address, offset, size, 0, 0, 4, 0,
        )
        for name, kind, address, offset, size in rows
    )  # fmt: skip
    head, segment, section = (64, 56, 64) if wide else (52, 32, 40)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    header = ident + struct.pack(
        order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
        3, machine, 1, 0, head, table_at if sections else 0, 0,
        head, segment, 2, section, len(rows), len(rows) - 1,
    )  # fmt: skip
    loads = b"".join(
        _load(at, at + skew, size, wide, order) for at, size in ((TEXT, 0xC00), (DATA, 0x100))
    )
    body = (header + loads).ljust(TEXT, b"\0") + b"\x90" * 0xC00
    return body.ljust(DATA, b"\0") + bytes(0x1000) + notes + names + table


def _load(offset: int, address: int, size: int, wide: bool, order: str) -> bytes:
    if wide:
        return struct.pack(order + "IIQQQQQQ", 1, 5, offset, address, address, size, size, 4096)
    return struct.pack(order + "IIIIIIII", 1, offset, address, address, size, size, 5, 4096)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
