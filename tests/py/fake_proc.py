"""A /proc made of files, with executables in it that only look like ELF."""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING

from nodeobs.discovery.procfs import Procfs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NODE_SYMBOLS = (b"napi_module_register", b"_ZN4node5StartEiPPc")
RELEASE = b"https://nodejs.org/download/release/v%b/node-v%b-headers.tar.gz\0"


def elf(
    strings: Sequence[bytes], *, wide: bool = True, big: bool = False, tail: bytes = b""
) -> bytes:
    """An ELF file with nothing but a dynamic string table (and `tail`)."""
    order = ">" if big else "<"
    dynstr = b"\0" + b"".join(string + b"\0" for string in strings)
    head, segment = (64, 56) if wide else (52, 32)
    entry = order + ("qQ" if wide else "iI")
    dynamic_at = head + 2 * segment
    strings_at = dynamic_at + 3 * struct.calcsize(entry)
    end = strings_at + len(dynstr)
    base = 0x400000
    dynamic = b"".join(
        struct.pack(entry, tag, value)
        for tag, value in ((5, base + strings_at), (10, len(dynstr)), (0, 0))
    )
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    if wide:
        header = ident + struct.pack(
            order + "HHIQQQIHHHHHH", 3, 62, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0
        )

        def program(kind: int, at: int, size: int) -> bytes:
            return struct.pack(order + "IIQQQQQQ", kind, 4, at, base + at, 0, size, size, 8)
    else:
        header = ident + struct.pack(
            order + "HHIIIIIHHHHHH", 3, 3, 1, 0, head, 0, 0, head, segment, 2, 0, 0, 0
        )

        def program(kind: int, at: int, size: int) -> bytes:
            return struct.pack(order + "IIIIIIII", kind, at, base + at, 0, size, size, 4, 8)

    return (
        header + program(1, 0, end) + program(2, dynamic_at, len(dynamic)) + dynamic + dynstr + tail
    )


class FakeProc:
    """`add` processes, then look at them through `procfs`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.root = directory / "proc"
        self.root.mkdir()
        (self.root / "uptime").write_text("10000.00 1.00\n")
        self.unix: list[str] = ["Num       RefCount Protocol Flags    Type St Inode Path"]
        self._sockets: list[socket.socket] = []
        self.procfs = Procfs(str(self.root))
        own = self.root / "self"
        own.mkdir()
        (own / "root").symlink_to("/")
        self._namespaces(own, "own")

    def executable(
        self, name: str, strings: Sequence[bytes] = NODE_SYMBOLS, version: str | None = None
    ) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        release = RELEASE % (version.encode(), version.encode()) if version else b""
        path.write_bytes(elf(strings, tail=release))
        return path

    def add(
        self,
        pid: int,
        argv: Sequence[str],
        *,
        exe: Path | None,
        cwd: Path | None = None,
        state: str = "S",
        ns_pid: int | None = None,
        environ: str = "",
        uid: int | None = None,
        comm: str = "node",
        mounts: str = "own",
        root: Path | None = None,
    ) -> Path:
        process = self.root / str(pid)
        (process / "fd").mkdir(parents=True)
        # A name with blanks and parentheses is what stat(5) warns of.
        (process / "stat").write_text(
            f"{pid} ({comm}) {state} 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 11 0 900000 99999 2560 0"
        )
        owner = os.geteuid() if uid is None else uid
        (process / "status").write_text(
            f"Name:\t{comm}\nUid:\t{owner}\t{owner}\t{owner}\t{owner}\nNSpid:\t{pid}"
            + (f"\t{ns_pid}" if ns_pid else "")
            + "\n"
        )
        (process / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in argv))
        (process / "environ").write_bytes(os.fsencode(environ) + b"\0")
        if exe is not None:
            (process / "exe").symlink_to(exe)
        (process / "cwd").symlink_to(cwd or self.directory)
        (process / "root").symlink_to(root or "/")
        self._namespaces(process, mounts)
        (process / "net").mkdir()
        (process / "net" / "unix").symlink_to(self.root / "unix")
        self._write_unix()
        return process

    def listen(self, pid: int, path: Path, inode: int, *, shown_as: str | None = None) -> None:
        """Let a process listen on `path`, which /proc/net/unix shows as `shown_as`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        self._sockets.append(listener)
        self.unix.append(f"0000: 00000002 00000000 00010000 0001 01 {inode} {shown_as or path}")
        descriptors = self.root / str(pid) / "fd"
        (descriptors / str(inode)).symlink_to(f"socket:[{inode}]")
        self._write_unix()

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()

    def _namespaces(self, process: Path, mounts: str) -> None:
        # A namespace is told by the inode its link leads to.
        (process / "ns").mkdir()
        for kind in ("mnt", "net"):
            target = self.directory / f"namespace-{kind}-{mounts if kind == 'mnt' else 'own'}"
            target.touch()
            (process / "ns" / kind).symlink_to(target)

    def _write_unix(self) -> None:
        (self.root / "unix").write_text("\n".join(self.unix) + "\n")
