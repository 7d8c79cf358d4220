"""The shared objects that hold probes, as tools for ELF and disassemblers see them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.system.compiled import FLAGS, LIBRARY, Compiled, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """What there is code for (native/stapsdt/site.c)."""

    machine: str
    nop: int
    disassembler: str
    page: int
    code: tuple[str, ...]
    """As the GNU disassembler has it."""
    operands: tuple[str, ...]
    """Of the probe `most`: its first six, and where the others begin."""

    @property
    def name(self) -> str:
        return f"{self.machine}.nop{self.nop}"


def x86_64(nop: int, instruction: str) -> Kind:
    return Kind(
        machine="x86-64",
        nop=nop,
        disassembler="objdump",
        page=0x1000,
        code=("push %rbp", "mov %rsp,%rbp", instruction, "pop %rbp", "ret"),
        operands=(
            *("1@%dil", "-1@%sil", "2@%dx", "-2@%cx", "4@%r8d", "-4@%r9d"),
            *("8@48(%r10)", "-8@56(%r10)", "1@64(%r10)", "-2@72(%r10)", "-4@80(%r10)"),
            "8@88(%r10)",
        ),
    )


KINDS = (
    x86_64(5, "nopl 0x0(%rax,%rax,1)"),
    x86_64(1, "nop"),
    Kind(
        machine="aarch64",
        nop=4,
        disassembler="aarch64-linux-gnu-objdump",
        page=0x10000,
        code=(
            *("stp x29, x30, [sp, #-16]!", "mov x29, sp", "nop", "ldp x29, x30, [sp], #16"),
            "ret",
        ),
        operands=(
            *("1@x0", "-1@x1", "2@x2", "-2@x3", "4@x4", "-4@x5"),
            *("8@[x9, 48]", "-8@[x9, 56]", "1@[x9, 64]", "-2@[x9, 72]", "-4@[x9, 80]"),
            "8@[x9, 88]",
        ),
    ),
)
PROBES = ("none", "six-kinds", "most")
STRIDE = 32  # bytes, from one probe's code to the next one's

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
with_semaphores = pytest.mark.parametrize("semaphores", ["plain", "semaphores"])


@pytest.fixture(scope="module")
def images(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests/native/images.c has written them."""
    directory = tmp_path_factory.mktemp("images")
    run(str(compiled.program()), "images", str(directory))
    return directory


@dataclass(frozen=True)
class Section:
    flags: str
    address: int
    size: int


def sections_of(readelf: str, image: Path) -> dict[str, Section]:
    rows = re.findall(
        r"^ +\[ *\d+\] (\S+) +\S+ +([0-9a-f]{16}) [0-9a-f]{6} ([0-9a-f]{6}) \d\d +([A-Z]*)",
        run(readelf, "-SW", str(image)),
        re.MULTILINE,
    )
    return {
        name: Section(flags, int(address, 16), int(size, 16)) for name, address, size, flags in rows
    }


def symbols_of(readelf: str, image: Path) -> dict[str, int]:
    table = run(readelf, "--dyn-syms", "-W", str(image))
    rows = re.findall(r"^ +\d+: ([0-9a-f]{16}) +\d+ (?:FUNC|OBJECT).* (\S+)$", table, re.MULTILINE)
    return {name: int(value, 16) for value, name in rows}


def disassembled(disassembler: str, *options: str) -> dict[str, dict[int, str]]:
    """The instructions of each function by their address, with single spaces, no comments."""
    functions: dict[str, dict[int, str]] = {}
    for line in run(disassembler, "-d", "--no-show-raw-insn", *options).splitlines():
        if function := re.fullmatch(r"[0-9a-f]{16} <(.*)>:", line):
            instructions = functions.setdefault(function[1], {})
        elif instruction := re.fullmatch(r" +([0-9a-f]+):\t(.*)", line):
            text = re.sub(r"\s+", " ", instruction[2]).strip()
            instructions[int(instruction[1], 16)] = text
    return functions


@each_kind
def test_the_code(kind: Kind, images: Path, needs_tool: Callable[[str], str]) -> None:
    image = images / f"{kind.name}.plain.so"
    functions = disassembled(needs_tool(kind.disassembler), str(image))
    symbols = symbols_of(needs_tool("readelf"), image)
    assert tuple(symbols) == tuple(functions) == PROBES
    for number, (name, instructions) in enumerate(functions.items()):
        assert min(instructions) == symbols[name] == symbols[PROBES[0]] + number * STRIDE
        # Up to the next probe there are zeros, which it prints as "...".
        assert tuple(instructions.values())[: len(kind.code)] == kind.code


@each_kind
@with_semaphores
def test_the_notes(
    kind: Kind, semaphores: str, images: Path, needs_tool: Callable[[str], str]
) -> None:
    readelf = needs_tool("readelf")
    image = images / f"{kind.name}.{semaphores}.so"
    symbols, sections = symbols_of(readelf, image), sections_of(readelf, image)
    notes = re.findall(
        r"Provider: (\S+)\n +Name: (\S+)\n +Location: (\S+), Base: (\S+), Semaphore: (\S+)\n"
        r" +Arguments: ?(.*)\n",
        run(readelf, "-nW", str(image)),
    )
    assert [(provider, name) for provider, name, *_ in notes] == [("shop", name) for name in PROBES]
    functions = disassembled(needs_tool(kind.disassembler), str(image))
    for _, name, location, base, semaphore, _ in notes:
        # A tracer's breakpoint goes onto the nop, inside of the frame.
        assert functions[name][int(location, 16)] == kind.code[2]
        assert int(base, 16) == sections[".stapsdt.base"].address
        assert int(semaphore, 16) == symbols.get(f"{name}_semaphore", 0)
        assert (int(semaphore, 16) != 0) == (semaphores == "semaphores")
    arguments = [operands for *_, operands in notes]
    assert arguments[0] == ""
    # libbpf takes twelve operands, and refuses the whole note for one more.
    assert arguments[2] == " ".join(kind.operands)
    assert [operand.split("@")[0] for operand in arguments[1].split()] == [
        *("-1", "2", "-4", "4", "-8", "8")
    ]


@each_kind
@with_semaphores
def test_the_layout(
    kind: Kind, semaphores: str, images: Path, needs_tool: Callable[[str], str]
) -> None:
    readelf = needs_tool("readelf")
    image = images / f"{kind.name}.{semaphores}.so"
    sections = sections_of(readelf, image)
    # bcc finds no note whose section comes before the first executable one.
    names = list(sections)
    assert names.index(".text") < names.index(".note.stapsdt")
    assert sections[".text"].flags == "AX"
    assert ".note.gnu.build-id" in sections  # perf
    assert (".probes" in sections) == (semaphores == "semaphores")
    table = run(readelf, "-lW", str(image))
    segments = re.findall(
        r"^ +(\w+) +0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x(\w+) ([R ][W ][E ]) 0x(\w+)$",
        table,
        re.MULTILINE,
    )
    loads = [segment for segment in segments if segment[0] == "LOAD"]
    assert [flags.replace(" ", "") for *_, flags, _ in loads] == ["R", "RE", "RW"]
    for _, offset, address, file_size, memory_size, _, alignment in loads:
        assert int(offset, 16) == int(address, 16)
        assert int(file_size, 16) == int(memory_size, 16)
        assert int(alignment, 16) == kind.page
        assert int(offset, 16) % kind.page == 0
    assert [flags for name, *_, flags, _ in segments if name == "GNU_STACK"] == ["RW "]


@each_kind
@with_semaphores
def test_elflint(
    kind: Kind, semaphores: str, images: Path, needs_tool: Callable[[str], str]
) -> None:
    lint([needs_tool("eu-elflint"), str(images / f"{kind.name}.{semaphores}.so")], len(PROBES))


def lint(command: list[str], notes: int) -> None:
    """Nothing is wrong but that elflint has never heard of SDT notes."""
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (said.stdout + said.stderr).splitlines()
    unknown = "unknown object file note type 3 with owner name 'stapsdt'"
    assert [line for line in lines if unknown not in line] == []
    assert len(lines) == notes


def test_calls_for_aarch64(tmp_path: Path, needs_tool: Callable[[str], str]) -> None:
    compiler = needs_tool("aarch64-linux-gnu-gcc")
    for source in sorted(LIBRARY.glob("*.c")):
        made = tmp_path / f"{source.stem}.o"
        run(compiler, *FLAGS, f"-I{LIBRARY}", "-c", str(source), "-o", str(made))
    functions = disassembled(needs_tool("aarch64-linux-gnu-objdump"), str(tmp_path / "site.o"))
    call = [text for text in functions["site_call"].values() if text != "nop"]
    assert call == [
        "stp x29, x30, [sp, #-16]!",
        "mov x29, sp",
        "mov x16, x0",
        "mov x9, x1",
        "ldp x0, x1, [x9]",
        "ldp x2, x3, [x9, #16]",
        "ldp x4, x5, [x9, #32]",
        "blr x16",
        "ldp x29, x30, [sp], #16",
        "ret",
    ]
