"""What tracers read of a firing's arguments, from JavaScript values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.traced import Traced
from tests.system.tracefs import Tracefs

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import StartNode

needs_x86_64 = pytest.mark.skipif(
    os.uname().machine != "x86_64", reason="names the registers of x86-64"
)


@pytest.fixture
def app(tracing: None, node: StartNode) -> Traced:
    return Traced(node("traced.js"))


@pytest.fixture
def bpftrace(needs_tool: Callable[[str], str], app: Traced) -> Callable[[str], Bpftrace]:
    path = needs_tool("bpftrace")
    return lambda program: Bpftrace(path, program, "-p", str(app.pid))


# By type: what is fired, and what bpftrace has as an integer.
INTEGERS: dict[str, list[tuple[object, int]]] = {
    "int": [
        *((7, 7), ("7", 7), (1.9, 1), (-1.9, -1), ("-1n", -1), (None, 0), ("x", 0)),
        *((2**53, 2**53), (f"{2**60}n", 2**60), (f"{-(2**63)}n", -(2**63))),
        *((1e300, 2**63 - 1), (-1e300, -(2**63)), (True, 1), ({}, 0)),
    ],
    "int64": [(0, 0), (-1, -1), (f"{2**63 - 1}n", 2**63 - 1), (f"{2**63}n", -(2**63))],
    "uint64": [(0, 0), (f"{2**64 - 1}n", 2**64 - 1), (2**63, 2**63), (1e300, 2**64 - 1)],
    "int32": [(2**31 - 1, 2**31 - 1), (2**31, -(2**31)), (f"{2**32 - 1}n", -1)],
    "uint32": [(2**32 - 1, 2**32 - 1), (2**32, 0), (-1, 2**32 - 1)],
    "int16": [(32767, 32767), (-32768, -32768), (32768, -32768)],
    "uint16": [(65535, 65535), (65536, 0)],
    "int8": [(127, 127), (128, -128), (-1, -1)],
    "uint8": [(255, 255), (256, 0), (-1, 255)],
}


def test_integers(app: Traced, bpftrace: Callable[[str], Bpftrace]) -> None:
    app.provide("kinds", **{kind: ["int", kind] for kind in INTEGERS})
    program = "".join(
        f"usdt:*:kinds:{kind} {{ @{kind}[arg0, arg1] = count(); }}" for kind in INTEGERS
    )
    with bpftrace(program) as tracer:
        for kind, pairs in INTEGERS.items():
            for number, (fired, _) in enumerate(pairs):
                assert app.fire("kinds", kind, 2, number, fired) == 2
        maps = tracer.stop()
    for kind, pairs in INTEGERS.items():
        # The keys of its maps are signed.
        assert maps[kind] == {
            f"{number}, {seen - 2**64 if seen >= 2**63 else seen}": 2
            for number, (_, seen) in enumerate(pairs)
        }
    assert app.do("describe", "kinds", "int")["errors"] == 0


TEXTS: dict[str, list[tuple[object, str]]] = {
    "char *": [
        *(("", ""), ("apple", "apple"), ("äpfel", "äpfel"), ("a" * 63, "a" * 63)),
        *(("\N{SNOWMAN}\N{GRINNING FACE}",) * 2, (7, "7"), (True, "true"), (None, "null")),
    ],
    "json": [
        *(({"a": [1, "ü"]}, '{"a":[1,"ü"]}'), ([], "[]"), (None, "null"), ("text", '"text"')),
        *((1.5, "1.5"), (False, "false")),
    ],
    "double": [
        *((1.5, "1.5"), (-0.25, "-0.25"), (1e300, "1e+300"), (7, "7"), ("x", "NaN")),
        (None, "0"),
    ],
}


@pytest.mark.parametrize("kind", TEXTS)
def test_texts(kind: str, app: Traced, bpftrace: Callable[[str], Bpftrace]) -> None:
    app.provide("shop", sold=["int", kind])
    with bpftrace("usdt:*:shop:sold { @[arg0, str(arg1)] = count(); }") as tracer:
        for number, (fired, _) in enumerate(TEXTS[kind]):
            assert app.fire("shop", "sold", 2, number, fired) == 2
        assert tracer.stop()[""] == {
            f"{number}, {seen}": 2 for number, (_, seen) in enumerate(TEXTS[kind])
        }


@needs_x86_64
def test_long_texts(app: Traced) -> None:
    place = app.provide("shop", text=["char *"])["text"]
    with Tracefs() as tracefs:
        # The kernel reads texts of less than a page.
        tracefs.add("text", place["path"], place["offset"], "text=+0(%di):ustring")
        tracefs.add("end", place["path"], place["offset"], "a=+32765(%di):x8 b=+32766(%di):u8")
        tracefs.enable("text")
        for length in (0, 1, 1000, 2000):
            assert app.fire("shop", "text", 1, "ä" * length) == 1
        read = [line.split("text=")[1].strip('"') for line in tracefs.recorded("text")]
        tracefs.disable("text")
        tracefs.enable("end")
        # They are cut between two characters.
        assert app.fire("shop", "text", 1, "ä" * 100_000) == 1
        assert [line.split(") ")[1] for line in tracefs.recorded("end")] == ["a=0xa4 b=0"]
    assert read == ["", "ä", "ä" * 1000, "ä" * 2000]


@needs_x86_64
def test_more_than_six(app: Traced, bpftrace: Callable[[str], Bpftrace]) -> None:
    kinds = ["int", "int8", "char *", "int16", "uint32", "int64"]
    app.provide("shop", twelve=[*kinds, *kinds], most=["int"] * 32)
    twelve = [1, -2, "three", -4, 5, f"{-(2**63)}n", 7, -8, "nine", -10, 2**32 - 1, f"{2**60}n"]
    program = (
        "usdt:*:shop:twelve {"
        " @twelve[arg0, (int8)arg1, str(arg2), (int16)arg3, arg4, (int64)arg5] = count();"
        ' $b = reg("r10");'
        " @block[*(int64*)($b + 48), *(int8*)($b + 56), str(*(uint64*)($b + 64)),"
        " *(int16*)($b + 72), *(uint32*)($b + 80), *(int64*)($b + 88)] = count();"
        # All of them are there, and as wide as the word.
        " @first[*(int64*)($b + 8), str(*(uint64*)($b + 16)), *(int64*)($b + 56)] = count(); }"
        "usdt:*:shop:most {"
        ' $b = reg("r10");'
        " @most[arg0, *(int64*)($b), *(int64*)($b + 96), *(int64*)($b + 248)] = count(); }"
    )
    with bpftrace(program) as tracer:
        assert app.fire("shop", "twelve", 200, *twelve) == 200
        assert app.fire("shop", "most", 100, *range(101, 133)) == 100
        # Missing ones are there as well.
        assert app.fire("shop", "most", 10, 5) == 10
        assert tracer.stop() == {
            "twelve": {f"1, -2, three, -4, 5, {-(2**63)}": 200},
            "block": {f"7, -8, nine, -10, {2**32 - 1}, {2**60}": 200},
            "first": {"-2, three, -8": 200},
            "most": {"101, 101, 113, 132": 100, "5, 5, 0, 0": 10},
        }


@needs_x86_64
def test_tracefs_reads_them_all(app: Traced) -> None:
    kinds = ["int8", "uint16", "int32", "uint64", "char *", "int"] * 2
    place = app.provide("shop", twelve=kinds)["twelve"]
    registers = "a=%di:s8 b=%si:u16 c=%dx:s32 d=%cx:u64 e=+0(%r8):ustring f=%r9:s64"
    block = (
        "g=+48(%r10):s8 h=+56(%r10):u16 i=+64(%r10):s32 j=+72(%r10):u64 k=+0(+80(%r10)):ustring"
        " l=+88(%r10):s64"
    )
    values = [-1, 65535, -(2**31), f"{2**64 - 1}n", "äpfel", f"{-(2**63)}n"]
    read = [-1, 65535, -(2**31), 2**64 - 1, '"äpfel"', -(2**63)]
    with Tracefs() as tracefs:
        tracefs.add("twelve", place["path"], place["offset"], f"{registers} {block}")
        tracefs.enable("twelve")
        assert app.fire("shop", "twelve", 300, *values, *values) == 300
        lines = [line.split(") ")[1] for line in tracefs.recorded("twelve")]
    names = "abcdefghijkl"
    expected = " ".join(
        f"{name}={value}" for name, value in zip(names, [*read, *read], strict=True)
    )
    assert lines == [expected] * 300
