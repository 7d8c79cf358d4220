"""Formats: every conversion of DTrace, what does not go with it, and that no value breaks one.

Integers, floats and texts are compared with what C's printf gives, which Python's `%` follows.
"""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.d.printing.printf import FormatError, check, parse_format
from nodeobs.d.printing.screen import Screen

relaxed = settings(deadline=None, derandomize=True)

#: 2026-11-03 08:05:09.123456789 UTC, in nanoseconds.
MOMENT = 1_793_693_109_123_456_789


def show(text: str, *values: Any, types: tuple[str, ...] = (), screen: Screen | None = None) -> str:
    return parse_format(text).render(values, types, (), screen or Screen())


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("plain", (), "plain"),
        ("100%%", (), "100%"),
        ("%%%d%%", (5,), "%5%"),
        ("%d", (42,), "42"),
        ("%i", (-42,), "-42"),
        ("%5d|", (42,), "   42|"),
        ("%-5d|", (42,), "42   |"),
        ("%05d", (-42,), "-0042"),
        ("%-05d|", (42,), "42   |"),
        ("%+d % d", (42, 42), "+42  42"),
        ("%+d", (-1,), "-1"),
        ("%.4d", (42,), "0042"),
        ("%8.4d", (-42,), "   -0042"),
        ("%.0d|", (0,), "|"),
        ("%'d", (1234567,), "1,234,567"),
        ("%'d", (-123,), "-123"),
        ("%'u", (1000,), "1,000"),
        ("%x %X", (255, 255), "ff FF"),
        ("%#x %#X %#o", (255, 255, 8), "0xff 0XFF 010"),
        ("%#x", (0,), "0"),
        ("%#08x", (255,), "0x0000ff"),
        ("%o", (8,), "10"),
        ("%p", (4096,), "1000"),
        ("%?p", (4096,), "            1000"),
        ("%x", (-1,), "ffffffffffffffff"),
        ("%u", (-1,), "18446744073709551615"),
        ("%ld %lld %hd %lu %lx", (1, 2, 3, 4, 10), "1 2 3 4 a"),
        ("%s", ("text",), "text"),
        ("%10s|", ("text",), "      text|"),
        ("%-10s|", ("text",), "text      |"),
        ("%.2s", ("text",), "te"),
        ("%-6.2s|", ("text",), "te    |"),
        ("%.0s|", ("text",), "|"),
        ("%.s|", ("text",), "|"),
        ("%*d", (6, 42), "    42"),
        ("%*d|", (-6, 42), "42    |"),
        ("%.*s", (3, "abcdef"), "abc"),
        ("%-*.*s|", (6, 2, "abc"), "ab    |"),
        ("%.*d", (-3, 5), "5"),
        ("%c%c", (72, 105), "Hi"),
        ("%5c|", (65,), "    A|"),
        ("%c", (233,), "é"),
        ("%C%C", (10, 65), "\\nA"),
        ("%S", ('a"b\\\n\t\x01é',), '\\001'.join(['a\\"b\\\\\\n\\t', "é"])),
        ("%S", ("\x80",), "\\302\\200"),
        ("%e", (12345,), "1.234500e+04"),
        ("%f", (2,), "2.000000"),
        ("%.2f", (2.005,), "2.00"),
        ("%8.1f|", (3,), "     3.0|"),
        ("%08.1f", (-3,), "-00003.0"),
        ("%-8.1f|", (3,), "3.0     |"),
        ("%g %G", (1e-10, 100000), "1e-10 100000"),
        ("%+.1e", (5,), "+5.0e+00"),
        ("%a %A", (255, "node`main"), "0xff node`main"),
        ("%5%", (), None),
    ],
)  # fmt: skip
def test_conversions(text: str, values: tuple[Any, ...], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(FormatError):
            parse_format(text)
    else:
        assert show(text, *values) == expected


@pytest.mark.parametrize(
    ("zone", "short", "long"),
    [
        ("UTC", "2026 Nov  3 08:05:09", "Tue, 03 Nov 2026 08:05:09 UTC"),
        ("Asia/Tokyo", "2026 Nov  3 17:05:09", "Tue, 03 Nov 2026 17:05:09 JST"),
        ("America/New_York", "2026 Nov  3 03:05:09", "Tue, 03 Nov 2026 03:05:09 EST"),
    ],
)
def test_times(zone: str, short: str, long: str) -> None:
    screen = Screen(zone=ZoneInfo(zone))
    assert show("%Y", MOMENT, screen=screen) == short
    assert show("%T", MOMENT, screen=screen) == long
    assert show("[%22Y] [%-22Y]", MOMENT, MOMENT, screen=screen) == f"[  {short}] [{short}  ]"


def test_times_that_no_calendar_has() -> None:
    utc = Screen(zone=datetime.UTC)
    assert show("%Y", 0, screen=utc) == "1970 Jan  1 00:00:00"
    assert show("%Y", -1, screen=utc) == "1969 Dec 31 23:59:59"
    assert show("%Y", 2**63 - 1, screen=utc) == "2262 Apr 11 23:47:16"
    assert show("%Y", "never", screen=utc) == "never"


@pytest.mark.parametrize(
    ("text", "type_name", "value", "expected"),
    [
        ("%x", "int32", -1, "ffffffff"),
        ("%u", "int32", -1, "4294967295"),
        ("%x", "int8", -1, "ff"),
        ("%o", "int16", -1, "177777"),
        ("%x", "uint64", -1, "ffffffffffffffff"),
        ("%x", "any", -1, "ffffffffffffffff"),
        ("%d", "int32", -1, "-1"),
    ],
)
def test_negative_numbers_have_the_width_of_their_type(
    text: str, type_name: str, value: int, expected: str
) -> None:
    assert show(text, value, types=(type_name,)) == expected


def test_a_type_is_that_of_the_value_not_of_its_width() -> None:
    assert show("%*x", 4, -1, types=("int32", "int64")) == "ffffffffffffffff"
    assert show("%*x", 10, -1, types=("int64", "int32")) == "  ffffffff"


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("%d", ("text",), "text"),
        ("%6d|", ("text",), "  text|"),
        ("%f", ("text",), "text"),
        ("%s", (42,), "42"),
        ("%s", (2.5,), "2.5"),
        ("%d", (2.9,), "2"),
        ("%s", (None,), ""),
        ("%s", ({"a": [1, "b"]},), '{"a":[1,"b"]}'),
        ("%d", (True,), "1"),
        ("%d", (float("inf"),), "0"),
        ("%s", (float("nan"),), "NaN"),
        ("%d %s|", (), " |"),
        ("%*d|", ("wide", 5), "5|"),
        ("%c", (-1,), "\ufffd"),
        ("%c", (0xD800,), "\ufffd"),
        ("%c", (2**40,), "\ufffd"),
    ],
)
def test_values_that_do_not_fit_give_their_text(
    text: str, values: tuple[Any, ...], expected: str
) -> None:
    assert show(text, *values) == expected


def test_fields_are_measured_in_cells_of_a_terminal() -> None:
    assert show("%-6s|", "日本") == "日本  |"
    assert show("%6s|", "é") == "     é|"


def test_values_cannot_command_a_terminal_and_formats_may() -> None:
    screen = Screen(terminal=True)
    assert show("\x1b[H%s %c %d", "\x1b[2J", 27, "\x07", screen=screen) == (
        "\x1b[H\\x1b[2J \\x1b \\x07"
    )
    assert show("%s", "\x1b[2J") == "\x1b[2J"


def test_aggregations_follow_one_another() -> None:
    form = parse_format("%-5s %@5d %@x|")
    assert form.render(("k",), (), (10, 255)) == "k        10 ff|"
    assert form.render(("k",), (), (10,)) == "k        10 a|"
    assert form.render(("k",), (), ("\npicture\n", 3)) == "k     \npicture\n 3|"
    assert form.render(("k",), ()) == "k           |"
    assert parse_format("%@-8d%s").render(("k",), (), (7,)) == "7       k"


def test_what_is_known_of_conversions() -> None:
    form = parse_format("a%%%-*.*s %@d%5c")
    assert [(one.letter, one.stars, one.offset, one.aggregation) for one in form.conversions] == [
        ("s", 2, 3, False),
        ("d", 0, 10, True),
        ("c", 0, 13, False),
    ]


@pytest.mark.parametrize(
    ("text", "problem", "offset"),
    [
        ("100%", "#1 name expected before end", 3),
        ("%", "#1 name expected", 0),
        ("%d %-5", "#2 name expected", 3),
        ("ab%y", "#1 is undefined: %y", 3),
        ("%5.2.1d", 'more than one "."', 4),
        ("%**d", 'more than one "*" for the output width', 2),
        ("%.**d", 'more than one "*" for the output precision', 3),
        ("%1$d", "positional", 2),
        ("%-%", "cannot be combined", 2),
        ("%d %k", "#2 shows stacks", 4),
        ("%99999999d", "too wide", 1),
    ],
)
def test_formats_that_are_none(text: str, problem: str, offset: int) -> None:
    with pytest.raises(FormatError) as caught:
        parse_format(text)
    assert problem in caught.value.problem
    assert caught.value.offset == offset
    assert caught.value.argument is None


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("%d %i %u %x %X %o %c %p %Y", ("int",) * 9),
        ("%s %S", ("string", "string")),
        ("%a %A", ("int64", "string")),
        ("%f %e %g", ("int64", "int32", "any")),
        ("%d %s %f %Y %c", ("any",) * 5),
        ("%*.*s", ("int32", "int", "string")),
        ("no conversions", ()),
    ],
)
def test_types_that_go_with_a_format(text: str, types: tuple[str, ...]) -> None:
    check(parse_format(text), types)


@pytest.mark.parametrize(
    ("text", "types", "problem", "argument"),
    [
        ("%s", ("int",), "conversion #1 (%s): it shows char [] or string (or use stringof)", 0),
        ("%d %d", ("int", "string"), "conversion #2 (%d): it shows char, short, int", 1),
        ("%f", ("string",), "not string", 0),
        ("%d", ("object",), "not object", 0),
        ("%s", ("object",), "not object", 0),
        ("%d %d", ("int",), "conversion #2 (%d) is missing a value argument", None),
        ("%*d", ("int",), "conversion #1 (%d) is missing a value argument", None),
        ("%*d", (), 'conversion #1 (%d) is missing its "*" argument', None),
        ("%*d", ("string", "int"), "a width or precision is an int, not string", 0),
        ("%d", ("int", "int"), "only 1 arguments required", 1),
        ("text", ("int",), "only 0 arguments required", 0),
        ("", (), "format string is empty", None),
        ("%@d", (), "not for use with printf( )", None),
    ],
)
def test_types_that_do_not(
    text: str, types: tuple[str, ...], problem: str, argument: int | None
) -> None:
    with pytest.raises(FormatError) as caught:
        check(parse_format(text), types)
    assert problem in caught.value.problem
    assert caught.value.argument == argument


def test_printa_takes_keys_and_aggregations() -> None:
    check(parse_format("%s %@d %@d\n"), ("string",), "printa", aggregations=2)
    # Keys that are not shown are no mistake.
    check(parse_format("%@d\n"), ("string", "int32"), "printa", aggregations=1)
    with pytest.raises(FormatError, match="missing a value argument"):
        check(parse_format("%s %@d\n"), (), "printa", aggregations=1)
    with pytest.raises(FormatError, match="incompatible with the result of an aggregation"):
        check(parse_format("%@s\n"), (), "printa", aggregations=1)


VALUES = (
    st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.none()
    | st.booleans()
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=2)
    | st.lists(st.floats(), max_size=2)
    | st.sampled_from([2**63, -(2**63), "\ud800", "\x1b[2J", 10**400])
)
CONVERSIONS = st.builds(
    lambda flags, width, precision, size, letter: f"%{flags}{width}{precision}{size}{letter}",
    st.text("#+-' 0@?", max_size=3),
    st.sampled_from(["", "5", "20", "*", "999999"]),
    st.sampled_from(["", ".", ".3", ".*", ".200"]),
    st.sampled_from(["", "l", "ll", "h"]),
    st.sampled_from("dioxXucCeEfgGpsSaAYT"),
)
FORMATS = st.lists(CONVERSIONS | st.text(max_size=4), max_size=5).map("".join)
TYPES = st.lists(st.sampled_from(["int", "int32", "uint8", "string", "any", "object"]), max_size=6)


@relaxed
@given(FORMATS, st.lists(VALUES, max_size=6), TYPES, st.booleans())
def test_no_value_breaks_a_format(
    text: str, values: list[Any], types: list[str], terminal: bool
) -> None:
    errors: list[FormatError] = []
    try:
        form = parse_format(text)
        form.render(values, types, (1, "picture"), Screen(terminal=terminal))
        check(form, types)
    except FormatError as error:
        errors.append(error)
    for one in errors:
        assert 0 <= one.offset <= len(text)
        assert one.argument is None or 0 <= one.argument < len(types)


@relaxed
@given(
    st.integers(-(2**63), 2**63 - 1),
    st.text("-+ #0", max_size=3),
    st.sampled_from(["", "1", "7", "25"]),
    st.sampled_from(["", ".0", ".3", ".25"]),
    st.sampled_from("dixXo"),
)
def test_integers_are_laid_out_as_c_does(
    value: int, flags: str, width: str, precision: str, letter: str
) -> None:
    # Python's `%o` and `%x` write a sign and other prefixes, and it keeps `0` with a precision.
    value = value if letter in "di" else abs(value)
    flags = flags.replace("#", "") if letter == "o" else flags
    if letter not in "di":
        flags = flags.replace("+", "").replace(" ", "")
    if precision:
        flags = flags.replace("0", "")
        flags = flags.replace("#", "")
    if "#" in flags and value == 0:
        value = 1
    expected = f"%{flags}{width}{precision}{letter}" % value
    if precision == ".0" and value == 0:
        return
    assert show(f"%{flags}{width}{precision}{letter}", value) == expected
