"""The arguments of a probe: where its note says that their values are.

An argument is `N@OP`: N bytes, negative where it is signed, and an operand as the assembler of the
machine writes it. Compilers may put any operand there; those that tracers cannot follow are told
as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nodeobs.usdt.elf import EM_386, EM_AARCH64, EM_X86_64

#: Arguments that are looked at; nobody has more than the 12 of sys/sdt.h, dtrace 32.
_MAX_OPERANDS: Final = 64


@dataclass(frozen=True, slots=True)
class Register:
    """A value in a register, under the name the kernel's tracing knows it by."""

    size: int
    signed: bool
    name: str


@dataclass(frozen=True, slots=True)
class Memory:
    """A value in memory, `offset` bytes after what a register points to."""

    size: int
    signed: bool
    base: str
    offset: int


@dataclass(frozen=True, slots=True)
class Immediate:
    """A constant."""

    size: int
    signed: bool
    value: int


@dataclass(frozen=True, slots=True)
class Unsupported:
    """An operand that tracers cannot follow, as the note has it, and why."""

    text: str
    reason: str


Operand = Register | Memory | Immediate | Unsupported

# aarch64 has blanks in its operands, but only between brackets.
_WORD: Final = re.compile(r"[^\s\[]*\[[^\]]*\]\S*|\S+")
_SIZED: Final = re.compile(r"(-?)([1248])(f?)@(.+)", re.DOTALL)
_NUMBER: Final = r"[+-]?(?:0x[0-9a-fA-F]{1,16}|[0-9]{1,20})"
_X86_IMMEDIATE: Final = re.compile(rf"\$({_NUMBER})")
_X86_MEMORY: Final = re.compile(rf"({_NUMBER})?\(%([a-z0-9]+)\)")
_ARM_IMMEDIATE: Final = re.compile(rf"#?({_NUMBER})")
_ARM_MEMORY: Final = re.compile(rf"\[\s*(x[0-9]+|sp)\s*(?:,\s*#?({_NUMBER})\s*)?\]")


def _x86_registers() -> dict[str, str]:
    """How the assembler calls parts of a register: how the kernel calls all of it."""
    names = {}
    for letter in "abcd":
        whole = f"{letter}x"
        names.update(dict.fromkeys((f"r{whole}", f"e{whole}", whole, f"{letter}l"), whole))
    for whole in ("si", "di", "bp", "sp"):
        names.update(dict.fromkeys((f"r{whole}", f"e{whole}", whole, f"{whole}l"), whole))
    for number in range(8, 16):
        whole = f"r{number}"
        names.update(dict.fromkeys((whole, f"{whole}d", f"{whole}w", f"{whole}b"), whole))
    return names


_X86: Final = _x86_registers()
_X86_WIDE: Final = {name: whole for name, whole in _X86.items() if name.startswith("r") and (
    name == whole or name == f"r{whole}")}  # fmt: skip
_X86_32: Final = {name: whole for name, whole in _X86.items() if name == f"e{whole}"}


def operand_texts(text: str) -> list[str]:
    """The arguments in a note, each as it stands there."""
    return _WORD.findall(text)[:_MAX_OPERANDS]


def parse_operands(text: str, machine: int) -> tuple[Operand, ...]:
    """The arguments in a note for a machine (e_machine of its file)."""
    return tuple(_parse(word, machine) for word in operand_texts(text))


def _parse(word: str, machine: int) -> Operand:
    match = _SIZED.fullmatch(word)
    if match is None:
        return Unsupported(word, "not SIZE@OPERAND")
    minus, digit, float_mark, place = match.groups()
    size, signed = int(digit), bool(minus)
    if float_mark:
        return Unsupported(word, "floating point")
    if machine in (EM_X86_64, EM_386):
        return _parse_x86(word, size, signed, place, _X86_WIDE if machine == EM_X86_64 else _X86_32)
    if machine == EM_AARCH64:
        return _parse_arm(word, size, signed, place)
    return Unsupported(word, f"the operands of machine {machine} are not known here")


def _parse_x86(word: str, size: int, signed: bool, place: str, pointers: dict[str, str]) -> Operand:
    if place.startswith("%"):
        if place.startswith(("%xmm", "%ymm", "%zmm", "%st", "%mm")):
            return Unsupported(word, "floating point or vector register")
        name = _X86.get(place[1:])
        if name is None:
            return Unsupported(word, "no register that can be traced")
        return Register(size, signed, name)
    if match := _X86_IMMEDIATE.fullmatch(place):
        return Immediate(size, signed, _cut(_number(match[1]), size, signed))
    if match := _X86_MEMORY.fullmatch(place):
        base = pointers.get(match[2])
        if base is not None:
            return _memory(word, size, signed, base, match[1])
    if "(%rip)" in place:
        return Unsupported(word, "the address of a symbol")
    return Unsupported(word, "an address that is computed")


def _parse_arm(word: str, size: int, signed: bool, place: str) -> Operand:
    if match := re.fullmatch(r"[xw]([0-9]|[12][0-9]|30)", place):
        return Register(size, signed, f"x{match[1]}")
    if place in ("sp", "wsp"):
        return Register(size, signed, "sp")
    if place in ("xzr", "wzr"):
        return Immediate(size, signed, 0)
    if match := _ARM_IMMEDIATE.fullmatch(place):
        return Immediate(size, signed, _cut(_number(match[1]), size, signed))
    if match := _ARM_MEMORY.fullmatch(place):
        return _memory(word, size, signed, match[1], match[2])
    if re.fullmatch(r"[bhsdqv][0-9]+.*", place):
        return Unsupported(word, "floating point or vector register")
    return Unsupported(word, "an address that is computed")


def _memory(word: str, size: int, signed: bool, base: str, offset: str | None) -> Operand:
    number = _number(offset or "0")
    if not -(1 << 31) <= number < 1 << 31:
        return Unsupported(word, "an offset beyond 31 bits")
    return Memory(size, signed, base, number)


def _number(text: str) -> int:
    return int(text, 16 if "x" in text else 10)


def _cut(value: int, size: int, signed: bool) -> int:
    """A constant as a value of its size holds it: `1@$-56` is 200."""
    bits = size * 8
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> bits - 1 else value


def type_name(operand: Operand) -> str:
    """`int32`, `uint64`, …; the text of an operand that is not supported."""
    if isinstance(operand, Unsupported):
        return operand.text
    return f"{'' if operand.signed else 'u'}int{operand.size * 8}"
