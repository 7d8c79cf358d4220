"""Shared objects with probes laid out as native/stapsdt makes them, but made by gcc."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_REGISTERS = {
    1: ("dil", "sil", "dl", "cl", "r8b", "r9b"),
    2: ("di", "si", "dx", "cx", "r8w", "r9w"),
    4: ("edi", "esi", "edx", "ecx", "r8d", "r9d"),
    8: ("rdi", "rsi", "rdx", "rcx", "r8", "r9"),
}
_IN_NOTE = 12

# A function that does nothing, in a frame; the probe is at its nop. `fire_N` calls it with the
# block of arguments it is given: the first six in registers, the address of all in r10.
_PROBE = """
.globl "{name}"
.type "{name}", @function
"{name}":
    push %rbp
    mov %rsp, %rbp
.Lsite{index}:
    .byte {nop}
    pop %rbp
    ret
.size "{name}", . - "{name}"
.globl fire_{index}
.type fire_{index}, @function
fire_{index}:
    mov %rdi, %r10
    mov 8(%r10), %rsi
    mov 16(%r10), %rdx
    mov 24(%r10), %rcx
    mov 32(%r10), %r8
    mov 40(%r10), %r9
    mov (%r10), %rdi
    call "{name}"
    ret
.size fire_{index}, . - fire_{index}
.pushsection .note.stapsdt, "", "note"
.balign 4
.4byte 8, .Lend{index} - .Lstart{index}, 3
.asciz "stapsdt"
.Lstart{index}:
.8byte .Lsite{index}, _.stapsdt.base, 0
.asciz "{provider}"
.asciz "{name}"
.asciz "{operands}"
.Lend{index}:
.balign 4
.popsection
"""
_BASE = """
.section .stapsdt.base, "aG", "progbits", .stapsdt.base, comdat
.weak _.stapsdt.base
.hidden _.stapsdt.base
_.stapsdt.base: .space 1
.size _.stapsdt.base, 1
"""

NOP1 = "0x90"
NOP5 = "0x0f, 0x1f, 0x44, 0x00, 0x00"


def make_object(
    path: Path, provider: str, probes: Mapping[str, Sequence[int]], nop: str = NOP5
) -> Path:
    """An object with these probes: for each the sizes of its arguments, negative where signed."""
    parts = [".text"]
    for index, (name, sizes) in enumerate(probes.items()):
        operands = " ".join(_operand(*pair) for pair in enumerate(sizes[:_IN_NOTE]))
        parts.append(
            _PROBE.format(index=index, name=name, provider=provider, operands=operands, nop=nop)
        )
    source = path.with_suffix(".S")
    source.write_text("".join([*parts, _BASE, '.section .note.GNU-stack, "", @progbits\n']))
    subprocess.run(
        ["gcc", "-shared", "-nostdlib", "-Wl,--build-id", "-o", str(path), str(source)], check=True
    )
    return path


def _operand(index: int, size: int) -> str:
    if index < 6:
        return f"{size}@%{_REGISTERS[abs(size)][index]}"
    return f"{size}@{index * 8}(%r10)"
