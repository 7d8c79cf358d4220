"""What becomes of the values of a firing before they reach C."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeobs.usdt.arguments import STRING_BYTES, Arguments


def packed(kind: Any, value: object) -> tuple[int, bytes, bool]:
    words, text, good = Arguments([kind]).pack([value])
    return struct.unpack("=Q", words)[0], text.removesuffix(b"\0"), good


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0, 0),
        (-3, 2**64 - 3),
        (2**64 - 1, 2**64 - 1),
        (2**64 + 5, 5),
        (-(2**63), 2**63),
        (True, 1),
        (-1.9, 2**64 - 1),
        ("12", 12),
    ],
)
def test_integers_wrap(value: object, word: int) -> None:
    assert packed(int, value) == (word, b"", True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "x", [], 1j])
def test_what_is_no_integer_is_0(value: object) -> None:
    assert packed(int, value) == (0, b"", False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("äpfel", "äpfel".encode()),
        (b"\xff\x00a", b"\xff\x00a"),
        (memoryview(b"ab"), b"ab"),
        ("a\0b", b"a\0b"),
        ("\ud83d", b"\\ud83d"),
        (None, b"None"),
        (Path("/a"), b"/a"),
        ("x" * 40_000, b"x" * STRING_BYTES),
        (b"x" * 40_000, b"x" * STRING_BYTES),
        # 3 bytes each: the last one has no room.
        ("x" + "€" * 40_000, b"x" + "€".encode() * ((STRING_BYTES - 1) // 3)),
        ("\udc80" * 40_000, b"\\udc80" * (STRING_BYTES // 6) + b"\\"),
    ],
)
def test_strings(value: object, text: bytes) -> None:
    assert packed(str, value) == (0, text, True)


def test_floats_and_json_are_text() -> None:
    assert packed(float, 0.1) == (0, b"0.1", True)
    assert packed(float, 3) == (0, b"3.0", True)
    assert packed(float, "x") == (0, b"", False)
    assert packed("json", {"a": [1, None], 2: Path("/b")})[1:] == (
        b'{"a":[1,null],"2":"/b"}',
        True,
    )
    cycle: list[Any] = []
    cycle.append(cycle)
    assert packed("json", cycle)[1:] == (b"", False)


def test_texts_stand_one_after_the_other() -> None:
    words, text, good = Arguments([str, int, str, str]).pack(["ab", 7, "", "c"])
    assert struct.unpack("=4Q", words) == (0, 7, 3, 4)
    assert (text, good) == (b"ab\0\0c\0", True)
    assert Arguments([str, int, str, str]).strings == 0b1101


@given(st.lists(st.from_type(object) | st.text() | st.integers() | st.floats(), max_size=32))
def test_anything_can_be_fired(values: list[object]) -> None:
    for kind in (str, int, float, "json"):
        arguments = Arguments([kind] * len(values))
        words, text, _ = arguments.pack(values)
        assert len(words) == 8 * len(values)
        if kind is not int:
            assert all(start < len(text) for start in struct.unpack(f"={len(values)}Q", words))
