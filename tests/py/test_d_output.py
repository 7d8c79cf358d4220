"""What data statements print, as text and as JSON, and in what order things come."""

from __future__ import annotations

import datetime
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.d.options import Options
from nodeobs.d.printing.output import NEEDS_TOTALS, Output
from nodeobs.d.printing.screen import Screen
from nodeobs.d.program import Action, Aggregation
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.d.runtime.evaluate import Aggregated

relaxed = settings(deadline=None, derandomize=True)

MOMENT = 1_793_693_109_123_456_789

ACTIONS = {
    action.number: action
    for action in (
        Action(1, "printf", "%s took %d ms\n", (), ("string", "int64")),
        Action(2, "trace", None, (), ("int32",)),
        Action(3, "print", None, (), ("any",)),
        Action(4, "printa", None, ("@n",)),
        Action(5, "printa", "%-5s|%@3d|%@3d\n", ("@n", "@m")),
        Action(6, "clear", None, ("@n",)),
        Action(7, "trunc", None, ("@n",)),
        Action(8, "normalize", None, ("@m",)),
        Action(9, "denormalize", None, ("@m",)),
        Action(10, "printf", "%Y\n", (), ("int64",)),
        Action(11, "printa", None, ("@q",)),
        Action(12, "printf", "x=%x\n", (), ("int32",)),
    )
}
DECLARED = {
    "@n": Aggregation("@n", "count", (), 1, ("string",)),
    "@m": Aggregation("@m", "max", (), 1, ("string",)),
    "@q": Aggregation("@q", "lquantize", (0, 10, 5), 0),
}


def output(options: Options | None = None, screen: Screen | None = None) -> Output:
    totals = Aggregations(DECLARED)
    for key, value in (("a", 30), ("a", 90), ("b", 10)):
        totals.apply(Aggregated("@n", "count", (key,), []))
        totals.apply(Aggregated("@m", "max", (key,), [value]))
    for value in (-1, 3, 4, 70):
        totals.apply(Aggregated("@q", "lquantize", (), [value, 0, 10, 5]))
    screen = screen or Screen(zone=datetime.UTC)
    return Output(ACTIONS, totals, options or Options(quiet=True), screen)


def test_printf() -> None:
    assert output().perform(1, ["/users", 12]) == "/users took 12 ms\n"
    assert output().perform(10, [MOMENT]) == "2026 Nov  3 08:05:09\n"
    assert output().perform(12, [-1]) == "x=ffffffff\n"
    # An agent that sends something else breaks nothing.
    assert output().perform(1, [7]) == "7 took  ms\n"


def test_a_text_that_was_never_set_is_empty() -> None:
    assert output().perform(1, [0, 12]) == " took 12 ms\n"
    assert output().perform_json(1, [0, 12])[0]["values"] == ["", 12]
    # What may also be a number is one.
    assert output().perform(3, [0]).split() == ["int64_t", "0"]
    totals = Aggregations(DECLARED)
    for key in ("", 0):
        totals.apply(Aggregated("@n", "count", (key,), []))
    totals.merge([["@n", "count", [0], 3]])
    assert [(one.keys, one.value) for one in totals.entries("@n", Options())] == [(("",), 5)]


def test_numbers_beyond_2_53_are_the_doubles_they_stand_for() -> None:
    # As JavaScript writes 2^62 and -2^63.
    for written, meant in ((4611686018427388000, 2**62), (-9223372036854776000, -(2**63))):
        assert output().perform(1, ["k", written]) == f"k took {meant} ms\n"
        assert output().perform_json(1, ["k", written])[0]["values"] == ["k", meant]


def test_a_firing_when_not_quiet() -> None:
    one = output(Options())
    text = one.perform(2, [42]) + one.perform(1, ["/", 1])
    assert one.line(0, 7, "route-done", "route-done", text) == (
        "CPU     ID                    FUNCTION:NAME\n"
        "  0      7            route-done:route-done        42/ took 1 ms\n\n"
    )
    # The heading comes once; a clause without actions has an empty text.
    assert one.line(1, 8, "", "tick-1s", "") == ("  1      8                         :tick-1s \n")


def test_a_firing_when_quiet() -> None:
    one = output()
    assert one.heading() == ""
    assert one.line(0, 7, "f", "n", one.perform(2, [42])) == "42"


def test_the_end_prints_what_printa_has_not() -> None:
    assert output().rest().split() == [
        "b", "1", "a", "2", "b", "10", "a", "90",
        "value", "-------------", "Distribution", "-------------", "count",
        "<", "0", "|@@@@@@@@@@", "1",
        "0", "|@@@@@@@@@@@@@@@@@@@@", "2",
        "5", "|", "0",
        ">=", "10", "|@@@@@@@@@@", "1",
    ]  # fmt: skip
    one = output()
    one.perform(11, [])
    assert one.rest().split() == ["b", "1", "a", "2", "b", "10", "a", "90"]
    one.perform(5, [])
    assert one.rest() == ""


def test_actions_on_aggregations_work_in_order() -> None:
    one = output()
    assert one.perform(5, []) == "b    |  1| 10\na    |  2| 90\n"
    assert one.perform(8, [10]) == ""
    assert one.perform(5, []) == "b    |  1|  1\na    |  2|  9\n"
    assert one.perform(9, []) == ""
    assert one.perform(7, [1]) == ""
    # What one of those printed together does not have is 0.
    assert one.perform(5, []) == "b    |  0| 10\na    |  2| 90\n"
    assert one.perform(6, []) == ""
    assert one.perform(4, []) == f"\n  {'a':50} {0:16}\n"
    assert one.perform(7, [0]) == ""
    assert one.perform(4, []) == "\n"


def test_what_needs_totals() -> None:
    assert {action.kind for action in ACTIONS.values()} - NEEDS_TOTALS == {
        "printf",
        "trace",
        "print",
    }


def test_objects() -> None:
    one = output()
    about = {"time": 5, "probe": "restify:route-done"}
    assert one.perform_json(1, ["/users", 12], about) == [
        {"type": "printf", **about, "text": "/users took 12 ms\n", "values": ["/users", 12]}
    ]
    assert one.perform_json(2, [42], about) == [{"type": "trace", **about, "value": 42}]
    assert one.perform_json(3, [{"a": 1}]) == [{"type": "print", "value": {"a": 1}}]
    assert one.perform_json(8, [4], about) == []
    assert one.perform_json(5, [], about)[:2] == [
        {
            **about,
            "type": "aggregation",
            "name": "@n",
            "function": "count",
            "keys": ["b"],
            "value": 1,
        },
        {
            **about,
            "type": "aggregation",
            "name": "@m",
            "function": "max",
            "keys": ["b"],
            "value": 2,
            "normal": 4,
        },
    ]
    assert one.rest_json() == [
        {
            "type": "aggregation",
            "name": "@q",
            "function": "lquantize",
            "keys": [],
            "count": 4,
            "buckets": [
                {"min": None, "max": -1, "count": 1},
                {"min": 0, "max": 4, "count": 2},
                {"min": 10, "max": None, "count": 1},
            ],
        }
    ]


def test_objects_are_not_made_for_a_terminal() -> None:
    one = output(screen=Screen(terminal=True))
    assert one.perform(1, ["\x1b[2J", 1]) == "\\x1b[2J took 1 ms\n"
    assert one.perform_json(1, ["\x1b[2J", 1])[0]["text"] == "\x1b[2J took 1 ms\n"


VALUES = st.lists(
    st.integers(-(2**63), 2**63) | st.text(max_size=5) | st.floats() | st.none() | st.booleans(),
    max_size=4,
)


@relaxed
@given(st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), VALUES), max_size=8), st.booleans())
def test_no_values_break_the_output(statements: list[tuple[int, list[Any]]], quiet: bool) -> None:
    text, objects = output(Options(quiet=quiet)), output(Options(quiet=quiet))
    for number, values in statements:
        text.line(0, 1, "f", "n", text.perform(number, values))
        json.dumps(objects.perform_json(number, values))
    text.rest()
    json.dumps(objects.rest_json())
