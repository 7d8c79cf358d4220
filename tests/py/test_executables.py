"""Telling Node executables from others, and their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.py.fake_proc import NODE_SYMBOLS, RELEASE, elf

from nodeobs.discovery.executables import Executables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("big", [True, False])
@pytest.mark.parametrize(
    ("strings", "expected"),
    [
        (NODE_SYMBOLS, True),
        ((b"libnode.so.115", b"main"), True),
        # Another runtime with the C API for addons, and a C program called node.
        ((b"napi_module_register", b"JSC_init"), False),
        ((b"main", b"puts"), False),
        ((b"my_libnode.so",), False),
    ],
)
def test_symbols_decide(
    tmp_path: Path, wide: bool, big: bool, strings: tuple[bytes, ...], expected: bool
) -> None:
    path = tmp_path / "node"
    path.write_bytes(elf(strings, wide=wide, big=big))
    assert Executables().is_node(str(path)) is expected


@pytest.mark.parametrize(
    "content",
    [b"#!/bin/sh\nsleep 1\n", b"", b"\x7fELF", b"\x7fELF\x02\x01" + b"\xff" * 300, bytes(64)],
)
def test_what_is_no_elf_is_not_node(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "node"
    path.write_bytes(content)
    assert Executables().is_node(str(path)) is False


def test_truncated_elf_is_not_node(tmp_path: Path) -> None:
    whole = elf(NODE_SYMBOLS)
    path = tmp_path / "node"
    for size in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:size])
        assert Executables().is_node(str(path)) in (False, True)


def test_unreadable_is_unknown(tmp_path: Path) -> None:
    assert Executables().is_node(str(tmp_path / "absent")) is None


def test_a_file_is_looked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "node"
    path.write_bytes(elf(NODE_SYMBOLS))
    executables = Executables()
    assert executables.is_node(str(path)) is True
    inode = path.stat().st_ino
    path.write_bytes(b"x" * 10)
    assert path.stat().st_ino == inode
    assert executables.is_node(str(path)) is True


def test_version_from_the_headers_beside_it(tmp_path: Path) -> None:
    headers = tmp_path / "include" / "node"
    headers.mkdir(parents=True)
    (headers / "node_version.h").write_text(
        "#define NODE_MAJOR_VERSION 22\n"
        "#define NODE_MINOR_VERSION 3\n"
        "#define NODE_PATCH_VERSION 1\n"
    )
    (tmp_path / "bin").mkdir()
    path = tmp_path / "bin" / "node"
    path.write_bytes(elf(NODE_SYMBOLS, tail=RELEASE % (b"20.9.0", b"20.9.0")))
    assert Executables().version(str(path), str(path)) == "22.3.1"
    renamed = path.rename(path.with_name("api"))
    assert Executables().version(str(renamed), str(renamed)) == "20.9.0"


@pytest.mark.parametrize(
    ("tail", "version"),
    [
        (RELEASE % (b"24.11.0", b"24.11.0"), "24.11.0"),
        (RELEASE % (b"25.0.0-rc.2", b"25.0.0-rc.2"), "25.0.0-rc.2"),
        (b"node-v", None),
        (b"/download/release/vvv", None),
    ],
)
def test_version_from_the_binary(tmp_path: Path, tail: bytes, version: str | None) -> None:
    path = tmp_path / "api"
    path.write_bytes(elf(NODE_SYMBOLS, tail=tail))
    assert Executables().version(str(path), None) == version
