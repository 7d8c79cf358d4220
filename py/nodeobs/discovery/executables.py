"""Is an executable Node, and which? Told from its symbols, not from its name."""

from __future__ import annotations

import mmap
import os
import re
import struct
from typing import NamedTuple

# Node exports its C API to addons and its own C++ names; other runtimes which offer the C API
# (and plain programs that happen to be called node) lack the latter.
_NODE_SYMBOLS = (b"napi_module_register", b"_ZN4node")
_NODE_LIBRARY = b"\0libnode.so"
_RELEASE = rb"/download/release/v(\d[0-9A-Za-z.+-]*)/"
_HEADER_NUMBER = r"#define NODE_(MAJOR|MINOR|PATCH)_VERSION (\d+)"
_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_STRTAB, _DT_STRSZ = 5, 10
_MAX_STRINGS = 64 << 20


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class Executables:
    """Answers about executables, each file (device, inode) looked at once."""

    def __init__(self) -> None:
        self._is_node: dict[tuple[int, int], bool] = {}
        self._versions: dict[tuple[int, int], str | None] = {}

    def is_node(self, path: str) -> bool | None:
        """Whether the file at `path` (such as /proc/PID/exe) is Node; None if unreadable."""
        identity = _identity(path)
        if identity is None:
            return None
        known = self._is_node.get(identity)
        if known is None:
            answer = _exports_node(path)
            if answer is None:
                return None
            known = self._is_node[identity] = answer
        return known

    def version(self, path: str, installed_at: str | None) -> str | None:
        """The version of a Node executable without running it, such as `20.11.1`.

        `installed_at` is its real place: with `bin/node` there come headers which say it at once,
        otherwise it is searched in the file (distributors' builds may not have it).
        """
        identity = _identity(path)
        if identity is None:
            return None
        if identity not in self._versions:
            self._versions[identity] = _header_version(installed_at) or _embedded_version(path)
        return self._versions[identity]


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _exports_node(path: str) -> bool | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        strings = _dynamic_strings(file)
    except (OSError, struct.error, IndexError, OverflowError):
        return False  # cut off, or not ELF after all
    finally:
        os.close(file)
    return _NODE_LIBRARY in strings or all(symbol in strings for symbol in _NODE_SYMBOLS)


def _dynamic_strings(file: int) -> bytes:
    """The dynamic string table (.dynstr) of an ELF file; empty where there is none."""
    ident = os.pread(file, 64, 0)
    if ident[:4] != b"\x7fELF":
        return b""
    order = ">" if ident[5] == 2 else "<"
    wide = ident[4] == 2
    segments = _segments(file, ident, order, wide)
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    tags: dict[int, int] = {}
    for segment in segments:
        if segment.kind == _PT_DYNAMIC:
            data = os.pread(file, segment.size, segment.offset)
            data = data[: len(data) // entry.size * entry.size]
            tags = dict(entry.iter_unpack(data))
    address, size = tags.get(_DT_STRTAB), tags.get(_DT_STRSZ, 0)
    if address is None or not 0 < size <= _MAX_STRINGS:
        return b""
    for segment in segments:
        if segment.kind == _PT_LOAD and 0 <= address - segment.address < segment.size:
            return os.pread(file, size, segment.offset + address - segment.address)
    return b""


def _segments(file: int, ident: bytes, order: str, wide: bool) -> list[_Segment]:
    if wide:
        (table,) = struct.unpack_from(order + "Q", ident, 32)
        entry_size, count = struct.unpack_from(order + "HH", ident, 54)
    else:
        (table,) = struct.unpack_from(order + "I", ident, 28)
        entry_size, count = struct.unpack_from(order + "HH", ident, 42)
    data = os.pread(file, entry_size * count, table)
    segments: list[_Segment] = []
    for start in range(0, entry_size * count, entry_size):
        if wide:
            kind, _, offset, address, _, size = struct.unpack_from(order + "IIQQQQ", data, start)
        else:
            kind, offset, address, _, size = struct.unpack_from(order + "IIIII", data, start)
        segments.append(_Segment(kind, offset, address, size))
    return segments


def _header_version(installed_at: str | None) -> str | None:
    # A renamed executable may sit beside the headers of another one.
    if installed_at is None or os.path.basename(installed_at) not in ("node", "nodejs"):
        return None
    prefix = os.path.dirname(os.path.dirname(installed_at))
    try:
        with open(f"{prefix}/include/node/node_version.h", encoding="utf-8") as file:
            numbers = dict(re.findall(_HEADER_NUMBER, file.read(65536)))
        return f"{numbers['MAJOR']}.{numbers['MINOR']}.{numbers['PATCH']}"
    except (OSError, KeyError, UnicodeDecodeError):
        return None


def _embedded_version(path: str) -> str | None:
    """From the address of its own headers that a release build carries."""
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
            start = data.find(b"/download/release/v")
            if start < 0:
                return None
            match = re.search(_RELEASE, data[start : start + 200])
    except (OSError, ValueError):
        return None
    return match[1].decode() if match is not None else None
