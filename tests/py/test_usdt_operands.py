"""The operands of notes, and what tracers are to fetch for them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.usdt.elf import EM_386, EM_AARCH64, EM_X86_64
from nodeobs.usdt.operands import (
    Immediate,
    Memory,
    Operand,
    Register,
    Unsupported,
    operand_texts,
    parse_operands,
    type_name,
)


@pytest.mark.parametrize(
    ("text", "operand", "name"),
    [
        ("-4@%edi", Register(4, True, "di"), "int32"),
        ("8@%rdi", Register(8, False, "di"), "uint64"),
        ("2@%si", Register(2, False, "si"), "uint16"),
        ("1@%dil", Register(1, False, "di"), "uint8"),
        ("1@%r8b", Register(1, False, "r8"), "uint8"),
        ("-2@%r15w", Register(2, True, "r15"), "int16"),
        ("4@%r10d", Register(4, False, "r10"), "uint32"),
        ("1@%al", Register(1, False, "ax"), "uint8"),
        ("8@48(%r10)", Memory(8, False, "r10", 48), "uint64"),
        ("-8@-80(%rbx)", Memory(8, True, "bx", -80), "int64"),
        ("8@(%rsp)", Memory(8, False, "sp", 0), "uint64"),
        ("4@0x10(%rbp)", Memory(4, False, "bp", 16), "uint32"),
        ("8@$5", Immediate(8, False, 5), "uint64"),
        ("-4@$-3", Immediate(4, True, -3), "int32"),
        ("1@$-56", Immediate(1, False, 200), "uint8"),
        ("8@$-1", Immediate(8, False, 2**64 - 1), "uint64"),
        ("-8@$0x7fffffffffffffff", Immediate(8, True, 2**63 - 1), "int64"),
    ],
)
def test_operands_of_x86_64(text: str, operand: Operand, name: str) -> None:
    assert parse_operands(text, EM_X86_64) == (operand,)
    assert type_name(operand) == name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8@sym+4(%rip)", "the address of a symbol"),
        ("4@counter(%rip)", "the address of a symbol"),
        ("8@(%rax,%rbx,8)", "an address that is computed"),
        ("8@16(%eax)", "an address that is computed"),
        ("1@%ah", "no register that can be traced"),
        ("8f@%xmm0", "floating point"),
        ("8@%xmm0", "floating point or vector register"),
        ("%rdi", "not SIZE@OPERAND"),
        ("3@%rdi", "not SIZE@OPERAND"),
        ("8@", "not SIZE@OPERAND"),
        ("8@99999999999(%rdi)", "an offset beyond 31 bits"),
        ("8@" + "9" * 40 + "(%rdi)", "an address that is computed"),
    ],
)
def test_what_tracers_cannot_follow_is_told_as_such(text: str, reason: str) -> None:
    (operand,) = parse_operands(text, EM_X86_64)
    assert operand == Unsupported(text, reason)
    assert type_name(operand) == text


@pytest.mark.parametrize(
    ("text", "operand"),
    [
        ("4@x0", Register(4, False, "x0")),
        ("-8@x30", Register(8, True, "x30")),
        ("4@w7", Register(4, False, "x7")),
        ("8@sp", Register(8, False, "sp")),
        ("8@[x9, 48]", Memory(8, False, "x9", 48)),
        ("-4@[x29,#-20]", Memory(4, True, "x29", -20)),
        ("8@[sp]", Memory(8, False, "sp", 0)),
        ("8@[sp, 16]", Memory(8, False, "sp", 16)),
        ("4@1", Immediate(4, False, 1)),
        ("-4@-1", Immediate(4, True, -1)),
        ("8@xzr", Immediate(8, False, 0)),
        ("8@[x0, x1, lsl 3]", Unsupported("8@[x0, x1, lsl 3]", "an address that is computed")),
        ("8@d0", Unsupported("8@d0", "floating point or vector register")),
        ("8@x31", Unsupported("8@x31", "an address that is computed")),
    ],
)
def test_operands_of_aarch64(text: str, operand: Operand) -> None:
    assert parse_operands(text, EM_AARCH64) == (operand,)


def test_operands_of_32_bit_x86() -> None:
    assert parse_operands("-4@%eax 4@8(%ebp) 4@8(%rbp)", EM_386) == (
        Register(4, True, "ax"),
        Memory(4, False, "bp", 8),
        Unsupported("4@8(%rbp)", "an address that is computed"),
    )


def test_operands_of_an_unknown_machine() -> None:
    (operand,) = parse_operands("8@r3", 21)
    assert operand == Unsupported("8@r3", "the operands of machine 21 are not known here")


def test_blanks_separate_except_in_brackets() -> None:
    assert operand_texts("  4@x0 8@[x9, 48]\t8@[sp]  ") == ["4@x0", "8@[x9, 48]", "8@[sp]"]
    assert operand_texts("") == []
    assert len(operand_texts("8@%rdi " * 1000)) == 64


@given(st.text(max_size=100), st.sampled_from([EM_386, EM_X86_64, EM_AARCH64, 0]))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_it_fail(text: str, machine: int) -> None:
    operands = parse_operands(text, machine)
    assert len(operands) == len(operand_texts(text))
