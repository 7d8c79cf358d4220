"""The probes of a process: where they are, and whether a tracer is attached to them.

Everything is read from outside: /proc, the files it has mapped, and its memory.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from nodeobs.discovery.procfs import PROC, Procfs
from nodeobs.usdt.elf import EM_386, EM_AARCH64, EM_X86_64, ElfFile, open_elf
from nodeobs.usdt.mappings import MappedFile, mapped_files, open_mapped
from nodeobs.usdt.memory import ProcessMemory
from nodeobs.usdt.notes import Note, read_notes
from nodeobs.usdt.operands import Operand, operand_texts, parse_operands

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOP5: Final = b"\x0f\x1f\x44\x00\x00"
#: What is at a probe while nobody is attached.
_NOPS: Final = {
    EM_X86_64: (b"\x90", _NOP5),
    EM_386: (b"\x90", _NOP5),
    EM_AARCH64: (b"\x1f\x20\x03\xd5",),
}
#: What a breakpoint or the kernel's optimised call (x86-64, Linux 6.18) may overwrite, in bytes.
_LONGEST: Final = 5


@dataclass(frozen=True, slots=True)
class Site:
    """One place where a probe fires. A probe that the compiler copied has several.

    `object` is the file as the process calls it, `path` as we and tracers open it; `offset` and
    `semaphore_offset` are positions in it, `address` and `semaphore_address` those in the memory
    of the process (None: there is no semaphore). `linked_address` is the one in the file's symbols,
    `original` the instruction in the file.
    """

    provider: str
    probe: str
    argument_text: str
    arguments: tuple[Operand, ...]
    object: str
    path: str
    identity: tuple[int, int]
    machine: int
    wide: bool
    order: str
    offset: int
    address: int
    linked_address: int
    semaphore_offset: int | None
    semaphore_address: int | None
    original: bytes

    @property
    def name(self) -> str:
        """`provider:probe`."""
        return f"{self.provider}:{self.probe}"

    @property
    def operand_texts(self) -> list[str]:
        """The arguments as the note has them."""
        return operand_texts(self.argument_text)


@dataclass(frozen=True, slots=True)
class Attached:
    """Whether tracers are at a site: None where the memory cannot be read, with the reason.

    `semaphore` is its count, None where there is none or it cannot be read.
    """

    attached: bool | None
    semaphore: int | None = None
    reason: str | None = None


class Sites:
    """Finds the sites of processes; what it has seen of a file it does not read again."""

    def __init__(self, proc: Procfs = PROC) -> None:
        self._proc = proc
        self._known: dict[tuple[int, int, str, int], list[Site]] = {}
        #: What could not be read, and why.
        self.problems: list[str] = []

    def of(self, pid: int) -> list[Site]:
        """The sites of a process, in the order of its memory.

        Raises NodeobsError `no_process` and `permission`.
        """
        found: list[Site] = []
        for file in mapped_files(pid, self._proc):
            # What has no name any more is opened by way of the process.
            key = (*file.identity, file.path, pid if file.deleted else 0)
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._read(pid, file)
                found += known
            else:
                found += _moved(known, file)
        return found

    def _read(self, pid: int, file: MappedFile) -> list[Site]:
        opened = open_mapped(pid, file, self._proc)
        if isinstance(opened, str):
            self.problems.append(opened)
            return []
        try:
            elf = open_elf(opened.descriptor)
            if isinstance(elf, str):
                return []  # data that was mapped so, or code of another kind
            notes = read_notes(elf)
            if notes.problem is not None:
                self.problems.append(f"{file.path}: {notes.problem}")
            sites = (_site(note, file, opened.path, elf) for note in notes.notes)
            return [site for site in sites if site is not None]
        finally:
            os.close(opened.descriptor)


def _site(note: Note, file: MappedFile, path: str, elf: ElfFile) -> Site | None:
    address = file.address(note.offset) if note.offset is not None else None
    if note.offset is None or address is None:
        return None  # the file has it, the process does not
    original = os.pread(elf.descriptor, _LONGEST, note.offset)
    return Site(
        provider=note.provider,
        probe=note.probe,
        argument_text=note.arguments,
        arguments=parse_operands(note.arguments, elf.machine),
        object=file.path,
        path=path,
        identity=file.identity,
        machine=elf.machine,
        wide=elf.wide,
        order=elf.order,
        offset=note.offset,
        address=address,
        linked_address=note.address,
        semaphore_offset=note.semaphore_offset,
        semaphore_address=address + note.semaphore - note.address if note.semaphore else None,
        original=original[: _length(original, elf.machine)],
    )


def _moved(sites: Sequence[Site], file: MappedFile) -> list[Site]:
    """The same sites in another process, or later."""
    moved = []
    for site in sites:
        address = file.address(site.offset)
        if address is None:
            continue
        semaphore = site.semaphore_address
        if semaphore is not None:
            semaphore += address - site.address
        moved.append(replace(site, address=address, semaphore_address=semaphore))
    return moved


def _length(original: bytes, machine: int) -> int:
    """How many bytes of an instruction a tracer may change."""
    if machine in (EM_X86_64, EM_386):
        return 5 if original == _NOP5 else 1
    return 4 if machine == EM_AARCH64 else 2


def attachment(pid: int, sites: Sequence[Site], proc: Procfs = PROC) -> list[Attached]:
    """For each site of a process, whether somebody is attached to it just now.

    Every kind of tracer, and a debugger, changes the instruction; so it is compared with the file.
    """
    with ProcessMemory(pid, proc) as memory:
        return [_attached(memory, site) for site in sites]


def _attached(memory: ProcessMemory, site: Site) -> Attached:
    if memory.problem is not None:
        return Attached(None, None, memory.problem)
    semaphore = None
    if site.semaphore_address is not None:
        count = memory.read(2, site.semaphore_address)
        if len(count) == 2:
            (semaphore,) = struct.unpack(f"{site.order}H", count)
    now = memory.read(len(site.original), site.address)
    if len(now) < len(site.original) or not now:
        return Attached(None, semaphore, "its memory cannot be read there")
    return Attached(now != site.original, semaphore)


def untraceable(site: Site) -> str | None:
    """Why a tracer must keep its hands off a site; None where it need not.

    A breakpoint that is not on a whole instruction breaks the program. So what a note says is
    believed only where there is a no-op, as in every probe, and in the file as it is now.
    """
    nops = _NOPS.get(site.machine)
    if nops is not None and site.original not in nops:
        return "its note leads to something that is no probe"
    try:
        descriptor = os.open(site.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        return f"{site.path}: {error.strerror}"
    try:
        same = os.fstat(descriptor).st_ino == site.identity[1]
        now = os.pread(descriptor, len(site.original), site.offset)
    except OSError as error:
        return f"{site.path}: {error.strerror}"
    finally:
        os.close(descriptor)
    return None if same and now == site.original else f"{site.path} has been replaced"
