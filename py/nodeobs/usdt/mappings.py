"""The files a process has mapped to run code from, and how we open them."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.discovery.procfs import Procfs

# proc_pid_maps(5): start-end perms offset dev inode path
_LINE: Final = re.compile(
    rb"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) +(/.*)"
)
_DELETED: Final = " (deleted)"


class Mapping(NamedTuple):
    """A part of a file in the memory of a process."""

    start: int
    end: int
    offset: int


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file with mappings that can be executed. `path` is what the process calls it."""

    path: str
    deleted: bool
    device: int
    inode: int
    mappings: tuple[Mapping, ...]

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode

    def address(self, offset: int) -> int | None:
        """Where a byte of the file is that can be executed."""
        for start, end, first in self.mappings:
            if first <= offset < first + end - start:
                return start + offset - first
        return None


class OpenedFile(NamedTuple):
    """The descriptor is the caller's. `path` is where tracers find the file, too."""

    descriptor: int
    path: str


def mapped_files(pid: int, proc: Procfs) -> list[MappedFile]:
    """The files of a process that have code, in the order of its memory.

    Raises NodeobsError `no_process` and `permission`.
    """
    try:
        with open(proc.path(pid, "maps"), "rb") as file:
            content = file.read()
    except PermissionError:
        raise permission_error(pid, "memory map", proc) from None
    except OSError:
        raise NodeobsError(
            "no_process", f"there is no process {pid}", "nodeobs ps lists the Node processes"
        ) from None
    found: dict[tuple[int, int], tuple[str, list[Mapping]]] = {}
    for line in content.split(b"\n"):
        match = _LINE.fullmatch(line)
        if match is None or match[3][2:3] != b"x" or match[7] == b"0":
            continue
        device = os.makedev(int(match[5], 16), int(match[6], 16))
        # The kernel escapes nothing but newlines.
        path = os.fsdecode(match[8].replace(rb"\012", b"\n"))
        _, mappings = found.setdefault((device, int(match[7])), (path, []))
        mappings.append(Mapping(int(match[1], 16), int(match[2], 16), int(match[4], 16)))
    return [
        MappedFile(
            path.removesuffix(_DELETED), path.endswith(_DELETED), device, inode, tuple(mappings)
        )
        for (device, inode), (path, mappings) in found.items()
    ]


def position_of(pid: int, address: int, proc: Procfs) -> tuple[tuple[int, int], int] | None:
    """The file (device, inode) and offset of what a process has at an address; None where it has
    nothing there that can be executed, or has ended."""
    try:
        files = mapped_files(pid, proc)
    except NodeobsError:
        return None
    for file in files:
        for start, end, first in file.mappings:
            if start <= address < end:
                return file.identity, address - start + first
    return None


def open_mapped(pid: int, file: MappedFile, proc: Procfs) -> OpenedFile | str:
    """The very file that is mapped, or why it cannot be opened.

    What was deleted or replaced since (an update), or never had a name (a memfd), is there as long
    as it is mapped or open, under names in /proc: the latter need CAP_SYS_ADMIN or
    CAP_CHECKPOINT_RESTORE (proc_pid_map_files(5)).
    """
    reason = f"{file.path} is not there any more"
    for path in _places(pid, file, proc):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except PermissionError:
            reason = f"no permission to read {file.path}"
            continue
        except OSError:
            continue
        status = os.fstat(descriptor)
        # Not the device: that of maps and of stat differ on btrfs and overlayfs.
        if stat.S_ISREG(status.st_mode) and status.st_ino == file.inode:
            return OpenedFile(descriptor, path)
        os.close(descriptor)
    return reason


def permission_error(pid: int, what: str, proc: Procfs) -> NodeobsError:
    """Why we may not look into a process (ptrace(2), access mode checking)."""
    status = proc.status(pid)
    if os.geteuid() == 0:
        hint = "even root may not: it is in another user namespace, or a security module forbids it"
    elif status is not None and status.euid == os.geteuid():
        hint = "it has dropped privileges or is not dumpable: be root (CAP_SYS_PTRACE)"
    else:
        hint = "be the user it runs as, or root (CAP_SYS_PTRACE): sudo nodeobs …"
    return NodeobsError("permission", f"the {what} of process {pid} may not be read", hint)


def _places(pid: int, file: MappedFile, proc: Procfs) -> Iterator[str]:
    # (A file may be called so.)
    yield proc.file(pid, file.path + _DELETED if file.deleted else file.path)
    # A descriptor lives longer than a mapping, whose name changes when it is split.
    yield from _descriptors(pid, file, proc)
    for mapping in file.mappings:
        yield proc.path(pid, "map_files", f"{mapping.start:x}-{mapping.end:x}")


def _descriptors(pid: int, file: MappedFile, proc: Procfs) -> Iterator[str]:
    directory = proc.path(pid, "fd")
    try:
        names = sorted(os.listdir(directory), key=int)
    except (OSError, ValueError):
        return
    for name in names:
        try:
            status = os.stat(f"{directory}/{name}")
        except OSError:
            continue
        # Inodes are numbered by file system; the devices of maps and of stat agree for memfds.
        if not stat.S_ISREG(status.st_mode) or status.st_ino != file.inode:
            continue
        if status.st_dev == file.device or not file.path.startswith("/memfd:"):
            yield f"{directory}/{name}"
