"""From operands to fetch arguments, and from events to values."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.tracefs.decoder import Decoder
from nodeobs.tracefs.event_format import parse_format
from nodeobs.tracefs.plan import plan
from nodeobs.usdt.elf import EM_X86_64
from nodeobs.usdt.operands import parse_operands
from nodeobs.usdt.sites import Site

SIZES = {"8": 1, "16": 2, "32": 4, "64": 8}
OURS = (
    "-8@%rdi 8@%rsi -4@%edx 4@%ecx -2@%r8w 1@%r9b "
    "8@48(%r10) -8@56(%r10) 8@64(%r10) 8@72(%r10) 8@80(%r10) -1@88(%r10)"
)


def site(arguments: str, *, wide: bool = True, machine: int = EM_X86_64) -> Site:
    return Site(
        provider="shop",
        probe="item-sold",
        argument_text=arguments,
        arguments=parse_operands(arguments, machine),
        object="/srv/shop.so",
        path="/srv/shop.so",
        identity=(1, 2),
        machine=machine,
        wide=wide,
        order="<",
        offset=0x1004,
        address=0x7F0000001004,
        linked_address=0x1004,
        semaphore_offset=None,
        semaphore_address=None,
        original=b"\x90",
    )


def event(definition: str, values: list[Any]) -> tuple[str, bytes]:
    """What the kernel makes of a definition: the format, and an event with these values."""
    lines = [
        "name: e", "ID: 1234", "format:",
        "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;",
        "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;",
        "\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;",
    ]  # fmt: skip
    data = struct.pack("<HHiQ", 1234, 0, 42, 0x7F0000001004)
    for word, value in zip(definition.split(), values, strict=True):
        name, _, rest = word.partition("=")
        kind = rest.rpartition(":")[2]
        if "[" in kind:
            size = 8 * int(kind[kind.index("[") + 1 : -1])
            lines.append(f"\tfield:u64 {name}[];\toffset:{len(data)};\tsize:{size};\tsigned:0;")
            data += value[:size].ljust(size, b"\0")
        else:
            size, signed = SIZES[kind[1:]], kind[0] == "s"
            lines.append(
                f"\tfield:{kind} {name};\toffset:{len(data)};\tsize:{size};\tsigned:{signed:d};"
            )
            data += value.to_bytes(size, "little", signed=signed)
    return "\n".join(lines) + '\n\nprint fmt: ""\n', data


def decoded(
    arguments: str,
    values: list[Any],
    types: list[str] | None = None,
    *,
    empty: bool = False,
    text_bytes: int = 64,
) -> list[Any]:
    made = plan(site(arguments), types, text_bytes)
    layout, data = event(made.definition, values)
    decoder = Decoder(made, parse_format(layout))
    # As in a page: something before it, something behind it.
    return decoder.values(b"??" + data + b"??", 2, lambda _: empty)


# -- what is fetched ----------------------------------------------------------------------------


def test_numbers_and_texts_are_fetched_as_they_are_declared() -> None:
    types = ["int", "char *", "int32", "uint32", "int16", "uint8", "json", "int", "double", "x"]
    made = plan(site(" ".join(OURS.split()[:10])), types, 64)
    assert made.definition.split() == [
        "n0=%di:s64", "t1_0=+0(%si):x64[8]", "n2=%dx:s32", "n3=%cx:u32", "n4=%r8:s16", "n5=%r9:u8",
        "t6_0=+0(+48(%r10)):x64[8]", "n7=+56(%r10):s64", "t8_0=+0(+64(%r10)):x64[8]",
        "t9_0=+0(+72(%r10)):x64[8]",
    ]  # fmt: skip
    kinds = " ".join(argument.kind for argument in made.arguments)
    assert kinds == "number text number number number number json number double text"


def test_what_nobody_declared_is_fetched_both_ways() -> None:
    made = plan(site("8@%rdi -8@%rsi 8@-8(%rbp)"), None, 16)
    assert made.definition.split() == [
        "n0=%di:u64", "t0_0=+0(%di):x64[2]", "n1=%si:s64", "n2=-8(%bp):u64",
        "t2_0=+0(-8(%bp)):x64[2]",
    ]  # fmt: skip
    assert [argument.kind for argument in made.arguments] == ["either", "number", "either"]


def test_constants_are_not_fetched_but_may_be_addresses() -> None:
    made = plan(site("-4@$7 8@$4198400 8@$1 8@sym(%rip)"), None, 8)
    assert made.definition == "t1_0=@0x401000:x64[1]"
    assert [argument.kind for argument in made.arguments] == [
        "constant", "either", "constant", "nothing",
    ]  # fmt: skip


def test_long_texts_take_several_arrays() -> None:
    made = plan(site("8@%rdi"), ["char *"], 1200)
    assert made.definition.split() == [
        "t0_0=+0(%di):x64[64]", "t0_64=+512(%di):x64[64]", "t0_128=+1024(%di):x64[22]",
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 5, 12, 32, 64])
def test_all_arguments_fit_into_an_event(count: int) -> None:
    made = plan(site("8@%rdi " * count), None, 2048)
    fetched = made.definition.split()
    size = sum(8 * int(one[one.index("[") + 1 : -1]) if one.endswith("]") else 8 for one in fetched)
    assert len(fetched) <= 128
    assert size <= 3072
    assert len(made.definition) < 3500


def test_arguments_beyond_the_note_are_fetched_from_the_block() -> None:
    types = ["int", "char *", "int32", "uint32", "int16", "uint8", "char *", "int", "uint64",
             "char *", "json", "int8", "int", "char *", "uint64"]  # fmt: skip
    made = plan(site(OURS), types, 64)
    assert made.definition.split()[-3:] == [
        "n12=+96(%r10):s64", "t13_0=+0(+104(%r10)):x64[8]", "n14=+112(%r10):u64",
    ]  # fmt: skip
    # Not of objects that are laid out otherwise, and not what is not declared.
    assert len(plan(site(OURS), None).arguments) == 12
    assert len(plan(site(OURS.replace("88(%r10)", "96(%r10)")), types).arguments) == 12


def test_types_that_do_not_fit_are_not_believed() -> None:
    assert [one.kind for one in plan(site("8@%rdi"), ["int", "int"]).arguments] == ["either"]
    # A text has an address.
    assert [one.kind for one in plan(site("-4@%edi"), ["char *"]).arguments] == ["number"]


def test_32_bit_programs_have_short_addresses() -> None:
    made = plan(site("4@%rdi 4@8(%rbp)", wide=False), None, 8)
    assert made.definition.split() == ["n0=%di:u32", "t0_0=+0(%di):x64[1]", "n1=+8(%bp):u32"]


def test_plans_with_the_same_fields_can_share_an_event() -> None:
    first, second = plan(site("8@%rdi -4@%esi"), None), plan(site("8@-8(%rbp) -4@%edx"), None)
    assert first.fields == second.fields
    assert first.fields != plan(site("8@%rdi 4@%esi"), None).fields


# -- what it becomes ----------------------------------------------------------------------------


def test_numbers() -> None:
    assert decoded("-8@%rdi -4@%esi 2@%dx 1@%cl", [-5, -7, 65535, 200]) == [-5, -7, 65535, 200]


def test_numbers_beyond_a_double_are_digits() -> None:
    most = 2**53 - 1
    assert decoded("-8@%rdi -8@%rsi -8@%rdx -8@%rcx", [most, most + 1, -most, -most - 1]) == [
        most, str(most + 1), -most, str(-most - 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "data", "value"),
    [
        ("char *", b"apple\0rest", "apple"),
        ("char *", b"", ""),
        ("char *", "äpfel".encode(), "äpfel"),
        ("char *", b"bad \xff\xfe end", "bad \ufffd\ufffd end"),
        ("char *", b"\x1b[2J", "\x1b[2J"),
        ("char *", b"x" * 63, "x" * 63),
        ("char *", b"x" * 64, "x" * 64 + "…"),
        ("char *", b"x" * 62 + "ä".encode(), "x" * 62 + "ä…"),
        ("char *", b"x" * 63 + "ä".encode(), "x" * 63 + "…"),
        ("char *", b"x" * 61 + "😀".encode(), "x" * 61 + "…"),
        ("json", b'{"a":[1,null]}', {"a": [1, None]}),
        ("json", b"not json", "not json"),
        ("json", b"undefined", None),
        ("json", b'"' + b"x" * 80 + b'"', '"' + "x" * 63 + "…"),
        ("double", b"1.5", 1.5),
        ("double", b"3", 3),
        ("double", b"1e+21", 1e21),
        ("double", b"NaN", "NaN"),
        ("double", b"-Infinity", "-Infinity"),
        ("double", b"?", "?"),
    ],
)
def test_declared_texts(declared: str, data: bytes, value: Any) -> None:
    (found,) = decoded("8@%rdi", [data], [declared])
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("number", "data", "empty", "value"),
    [
        (0x7F0000001000, b"apple\0", False, "apple"),
        (0x7F0000001000, b"two\nlines\t\0", False, "two\nlines\t"),
        (0x7F0000001000, b"x" * 64, False, "x" * 64 + "…"),
        # What is there is no text.
        (0x7F0000001000, b"\x02\0", False, 0x7F0000001000),
        (0x7F0000001000, b"\xff\xfe\0", False, 0x7F0000001000),
        # What cannot be read is 0; so is what is empty.
        (0x7F0000001000, b"", False, 0x7F0000001000),
        (0x7F0000001000, b"", True, ""),
        (5, b"", True, 5),
        (0, b"", True, 0),
        (2**64 - 1, b"", False, str(2**64 - 1)),
    ],
)
def test_texts_that_nobody_declared(number: int, data: bytes, empty: bool, value: Any) -> None:
    assert decoded("8@%rdi", [number, data], empty=empty) == [value]


def test_constants_and_what_cannot_be_followed() -> None:
    assert decoded("-4@$-7 8@$4198400 8@sym(%rip)", [b"static\0"]) == [-7, "static", None]
    assert decoded("8@$4198400", [b""]) == [4198400]


@given(st.binary(max_size=64), st.integers(0, 2**64 - 1))
@settings(max_examples=300, deadline=None)
def test_no_memory_makes_it_fail(data: bytes, number: int) -> None:
    either = decoded("8@%rdi", [number, data])
    assert len(either) == 1
    for declared in ("char *", "json", "double"):
        decoded("8@%rdi", [data], [declared])
