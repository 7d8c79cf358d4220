"""SDT notes of ELF files: those of every kind, and those that are damaged."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.py.sdt_elf import AARCH64, DATA, I386, SKEW, TEXT, X86_64, Probe, elf, note, note_of

from nodeobs.usdt.elf import ElfFile, open_elf
from nodeobs.usdt.notes import Notes, read_notes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROBES = [
    Probe(),
    Probe("shop", "route-done", "4@%eax", TEXT + 0x20, DATA + 6),
    Probe("other", "plain", "", TEXT + 0x40),
]


def read(content: bytes) -> tuple[ElfFile | str, Notes]:
    """The notes in a file with this content; none where it cannot be read."""
    descriptor = os.memfd_create("elf")
    try:
        os.write(descriptor, content)
        opened = open_elf(descriptor)
        return opened, Notes(()) if isinstance(opened, str) else read_notes(opened)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("machine", [X86_64, I386, AARCH64])
def test_files_of_every_kind(wide: bool, order: str, machine: int) -> None:
    notes = b"".join(note(probe, wide=wide, order=order) for probe in PROBES)
    opened, found = read(elf(notes, wide=wide, order=order, machine=machine))
    assert isinstance(opened, ElfFile)
    assert (opened.wide, opened.order, opened.machine) == (wide, order, machine)
    assert found.problem is None
    assert [(one.provider, one.probe, one.arguments, one.offset) for one in found.notes] == [
        (probe.provider, probe.name, probe.arguments, probe.at) for probe in PROBES
    ]
    assert [one.address for one in found.notes] == [probe.at + SKEW for probe in PROBES]
    assert [one.semaphore for one in found.notes] == [0, DATA + 6 + SKEW, 0]
    assert [one.semaphore_offset for one in found.notes] == [None, DATA + 6, None]


@pytest.mark.parametrize("prelinked", [0x10000, -0x300000])
def test_what_prelink_moved_is_found(prelinked: int) -> None:
    _, found = read(elf(note(PROBES[1], prelinked=prelinked)))
    (one,) = found.notes
    assert (one.offset, one.semaphore_offset) == (TEXT + 0x20, DATA + 6)


def test_other_notes_are_passed_over() -> None:
    others = note_of(b"GNU\0", 3, b"12345") + note_of(b"stapsdt\0", 4, bytes(40))
    _, found = read(elf(others + note(PROBES[0]) + others + note(PROBES[2])))
    assert [one.probe for one in found.notes] == ["sold", "plain"]
    assert found.problem is None


def test_an_address_that_is_not_loaded_has_no_offset() -> None:
    _, found = read(elf(note(Probe(at=0x90000))))
    assert [one.offset for one in found.notes] == [None]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not an ELF file"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "a damaged ELF header"),
        (b"\x7fELF\x02\x01\x01" + bytes(40), "a damaged ELF header"),
        (b"\x7fELF\x03\x01\x01" + bytes(60), "a damaged ELF header"),
        (elf(b"")[:-1], "some section headers are missing (half written?)"),
        (elf(b"")[:5000], "the section headers are missing (half written?)"),
    ],
)
def test_files_that_are_none(content: bytes, problem: str) -> None:
    assert read(content) == (problem, Notes(()))


def test_a_file_without_sections_has_no_probes() -> None:
    opened, found = read(elf(note(PROBES[0]), sections=False))
    assert isinstance(opened, ElfFile)
    assert found == Notes(())


@pytest.mark.parametrize(
    ("notes", "problem"),
    [
        (note(PROBES[0])[:-12], "a note is longer than its section"),
        (note_of(b"stapsdt\0", 3, bytes(10)), "a note is too short"),
        (note_of(b"stapsdt\0", 3, bytes(24) + b"a\0b"), "a note is too short"),
        (note_of(b"stapsdt\0", 3, bytes(24) + b"\0b\0\0"), "a note has no name"),
        (note_of(b"stapsdt\0", 3, bytes(24) + b"a" * 20000 + b"\0b\0\0"), "a note is too long"),
    ],
)
def test_damaged_notes_are_told_of_and_the_others_are_read(notes: bytes, problem: str) -> None:
    _, found = read(elf(note(PROBES[0]) + notes))
    assert [one.probe for one in found.notes] == ["sold"]
    assert found.problem == problem


def test_a_file_that_claims_more_than_it_has_takes_no_memory(tmp_path: Path) -> None:
    # A section of 2^60 bytes, and 65,535 headers.
    content = bytearray(elf(note(PROBES[0])))
    table = int.from_bytes(content[40:48], "little")
    content[table + 3 * 64 + 32 : table + 3 * 64 + 40] = (1 << 60).to_bytes(8, "little")
    (tmp_path / "huge").write_bytes(content)
    content[60:62] = b"\xff\xff"
    (tmp_path / "many").write_bytes(content)
    code = (
        "import os, sys\n"
        "from nodeobs.usdt.elf import open_elf\n"
        "from nodeobs.usdt.notes import read_notes\n"
        "for path in sys.argv[1:]:\n"
        "    elf = open_elf(os.open(path, os.O_RDONLY))\n"
        "    print(elf if isinstance(elf, str) else read_notes(elf).problem)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "huge"), str(tmp_path / "many")],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20)),
    )
    assert done.stdout.splitlines() == [
        "its notes are cut off",
        "some section headers are missing (half written?)",
    ]


@given(
    st.lists(st.tuples(st.integers(0, 20000), st.integers(0, 255)), max_size=20),
    st.integers(0, 20000),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_damage_makes_it_fail(changes: list[tuple[int, int]], length: int, wide: bool) -> None:
    notes = b"".join(note(probe, wide=wide) for probe in PROBES)
    content = bytearray(elf(notes, wide=wide))
    for at, value in changes:
        # Where something is: the headers, and what is behind the data.
        place = at if at < 200 else DATA + 0x1000 + at
        content[place % len(content)] = value
    _, found = read(bytes(content[:length] if length < 200 else content))
    assert all(one.provider and one.probe for one in found.notes)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_notes_make_it_fail(noise: bytes) -> None:
    _, found = read(elf(note(PROBES[0]) + noise))
    assert found.notes[0].probe == "sold"


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before
