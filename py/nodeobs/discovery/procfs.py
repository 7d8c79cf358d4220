"""What /proc says about processes, read without raising on those that go away meanwhile."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")
# proc(5): __SO_ACCEPTCON, and SS_UNCONNECTED, which a listening socket is in.
_LISTENING = ("00010000", "01")


class ProcessStat(NamedTuple):
    """The parts of /proc/PID/stat used here. Times are in clock ticks, `rss` in bytes."""

    comm: str
    state: str
    cpu_ticks: int
    start_time: int
    rss: int


class ProcessStatus(NamedTuple):
    """The parts of /proc/PID/status used here; `ns_pid` is the pid the process itself sees."""

    euid: int
    ns_pid: int


class Procfs:
    """A proc file system. Every method answers None (or nothing) for what cannot be read."""

    def __init__(self, root: str = "/proc") -> None:
        self.root = root
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._listening: dict[int, dict[int, str]] = {}
        self._own_mounts: tuple[int, str] | None = None

    def path(self, pid: int, *parts: str) -> str:
        return "/".join((self.root, str(pid), *parts))

    def pids(self) -> list[int]:
        try:
            return sorted(int(name) for name in os.listdir(self.root) if name.isdecimal())
        except OSError:
            return []

    def read(self, pid: int, name: str) -> bytes | None:
        try:
            with open(self.path(pid, name), "rb") as file:
                return file.read()
        except OSError:
            return None

    def link(self, pid: int, name: str) -> str | None:
        try:
            return os.readlink(self.path(pid, name))
        except OSError:
            return None

    def uptime(self) -> float:
        """Seconds since boot."""
        try:
            with open(f"{self.root}/uptime", "rb") as file:
                return float(file.read().split()[0])
        except (OSError, ValueError, IndexError):
            return 0.0

    def seconds(self, ticks: int) -> float:
        return ticks / self._ticks

    def stat(self, pid: int) -> ProcessStat | None:
        content = self.read(pid, "stat")
        if content is None:
            return None
        # The name may hold blanks and parentheses; the last one closes it.
        head, _, tail = content.rpartition(b")")
        fields = tail.split()
        if len(fields) < 22:
            return None
        return ProcessStat(
            comm=head.partition(b"(")[2].decode("utf-8", "replace"),
            state=fields[0].decode(),
            cpu_ticks=int(fields[11]) + int(fields[12]),
            start_time=int(fields[19]),
            rss=int(fields[21]) * self._page,
        )

    def start_time(self, pid: int) -> int | None:
        """Ticks since boot at which the process started: with the pid, its identity.

        None for a zombie too: nothing of it is left to observe.
        """
        stat = self.stat(pid)
        return stat.start_time if stat is not None and stat.state not in "ZX" else None

    def state(self, pid: int) -> str | None:
        """`R`, `S`, `T` (stopped), …"""
        stat = self.stat(pid)
        return stat.state if stat is not None else None

    def status(self, pid: int) -> ProcessStatus | None:
        content = self.read(pid, "status")
        if content is None:
            return None
        euid, ns_pid = -1, pid
        for line in content.splitlines():
            if line.startswith(b"Uid:"):
                euid = int(line.split()[2])
            elif line.startswith(b"NSpid:"):
                ns_pid = int(line.split()[-1])
        return ProcessStatus(euid, ns_pid)

    def argv(self, pid: int) -> list[str]:
        """The command line; one text where the process has set its title."""
        content = self.read(pid, "cmdline") or b""
        words = content.rstrip(b"\0").split(b"\0")
        return [os.fsdecode(word) for word in words] if content else []

    def environment(self, pid: int, name: str) -> str | None:
        """A variable of the environment the process was started with."""
        prefix = os.fsencode(name) + b"="
        for entry in (self.read(pid, "environ") or b"").split(b"\0"):
            if entry.startswith(prefix):
                return os.fsdecode(entry[len(prefix) :])
        return None

    def listening(self, pid: int) -> dict[int, str]:
        """Inode and path of all unix sockets that listen in the network namespace of a process."""
        try:
            namespace = os.stat(self.path(pid, "ns", "net")).st_ino
        except OSError:
            namespace = -pid
        known = self._listening.get(namespace)
        if known is None:
            known = self._listening[namespace] = self._read_listening(pid)
        return known

    def forget_sockets(self) -> None:
        """Read the listening sockets anew next time."""
        self._listening.clear()

    def _read_listening(self, pid: int) -> dict[int, str]:
        found: dict[int, str] = {}
        for line in (self.read(pid, "net/unix") or b"").split(b"\n"):
            # Num RefCount Protocol Flags Type St Inode Path
            fields = line.split(None, 7)
            if len(fields) == 8 and (fields[3].decode(), fields[5].decode()) == _LISTENING:
                found[int(fields[6])] = os.fsdecode(fields[7])
        return found

    def socket_inodes(self, pid: int) -> set[int] | None:
        """Inodes of all sockets a process holds; None where looking is not permitted."""
        directory = self.path(pid, "fd")
        try:
            names = os.listdir(directory)
        except OSError:
            return None
        inodes: set[int] = set()
        for name in names:
            try:
                match = _SOCKET_LINK.fullmatch(os.readlink(f"{directory}/{name}"))
            except OSError:
                continue
            if match is not None:
                inodes.add(int(match[1]))
        return inodes

    def same_files(self, pid: int) -> bool:
        """Whether paths mean the same to a process and to us: one mount namespace, one root."""
        if self._own_mounts is None:
            self._own_mounts = self._mounts("self")
        return self._mounts(str(pid)) in (None, self._own_mounts)

    def _mounts(self, pid: str) -> tuple[int, str] | None:
        try:
            return (
                os.stat(f"{self.root}/{pid}/ns/mnt").st_ino,
                os.readlink(f"{self.root}/{pid}/root"),
            )
        except OSError:
            return None

    def file(self, pid: int, path: str) -> str:
        """How we must open what a process calls `path` (absolute)."""
        return path if self.same_files(pid) else f"{self.path(pid, 'root')}{path}"


PROC = Procfs()
