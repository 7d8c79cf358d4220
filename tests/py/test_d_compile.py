"""What agents and the controller get of a program."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from nodeobs.d import DError, Program, Text, compile_program
from nodeobs.d.options import Options
from nodeobs.d.runtime import functions as done
from nodeobs.d.signatures import ACTIONS, AGGREGATING, BUILTINS, FUNCTIONS


def program(text: str, *words: str) -> Program:
    return compile_program([Text(text)], ["script.d", *words])


def expression(text: str, prepare: str = "") -> Any:
    compiled = program(f"p:::x {{ {prepare} trace({text}); }}")
    assert compiled.agent is not None
    return compiled.agent["clauses"][0]["do"][-1]["args"][0]


def integer(value: int) -> dict[str, Any]:
    return {"k": "int", "v": value}


def from_there(text: dict[str, Any], offset: int) -> dict[str, Any]:
    return {"k": "call", "fn": "substr", "args": [text, integer(offset)]}


def argument(number: int) -> dict[str, Any]:
    return {"k": "arg", "n": number}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # constants are computed
        ("2 * (3 + 4) - 1", integer(13)),
        ("-7 / 2", integer(-3)),
        ("-7 % 2", integer(-1)),
        ("1 << 62", integer(1 << 62)),
        ("1 << 63", integer(-(1 << 63))),
        ("1 << 64", integer(1)),
        ("0xffffffffffffffff", integer(-1)),
        ("~0 ^ 5", integer(-6)),
        ("1 ? 2 : 3", integer(2)),
        ("!5 || 3 && 0", integer(0)),
        ('sizeof ("abc")', integer(4)),
        ('sizeof ("\u00e9")', integer(3)),
        ("sizeof (uint16_t)", integer(2)),
        ("sizeof (string)", integer(256)),
        ("sizeof (pid)", integer(4)),
        ("sizeof (timestamp)", integer(8)),
        # a text and how far to go into it
        ("probename + 5", from_there({"k": "builtin", "name": "probename"}, 5)),
        ("(probename + 6) - 1", from_there({"k": "builtin", "name": "probename"}, 5)),
        ('1 + "abc"', from_there({"k": "str", "v": "abc"}, 1)),
        # arguments, and what casts say of them
        ("arg3", argument(3)),
        ("args[3]", {"k": "args", "n": 3}),
        ("args[0]->a.b", {"k": "member", "e": {"k": "member", "e": {"k": "args", "n": 0},
                                               "name": "a"}, "name": "b"}),
        ("((req_t *)arg0)->url", {"k": "member", "e": {"k": "args", "n": 0}, "name": "url"}),
        ("(req_t *)arg0", {"k": "args", "n": 0}),
        ("((req_t *)copyin(arg0, sizeof (req_t)))->url",
         {"k": "member", "e": {"k": "args", "n": 0}, "name": "url"}),
        ("(char *)arg0", argument(0)),
        ("(uintptr_t)arg0", argument(0)),
        ("(thing_t)arg0", argument(0)),
        ("(int)arg0", {"k": "cast", "type": "int32", "e": argument(0)}),
        ("(unsigned char)arg0", {"k": "cast", "type": "uint8", "e": argument(0)}),
        ("(string)arg0", {"k": "cast", "type": "string", "e": argument(0)}),
        ("(int)pid", {"k": "builtin", "name": "pid"}),
        ("(string)probename", {"k": "builtin", "name": "probename"}),
        ("$target", {"k": "builtin", "name": "pid"}),
        # the rest
        ("arg0 + 1 * 2", {"k": "binary", "op": "+", "l": argument(0), "r": integer(2)}),
        ("-arg0", {"k": "unary", "op": "-", "e": argument(0)}),
        ("arg0 ? 1 : 2", {"k": "cond", "if": argument(0), "then": integer(1), "else": integer(2)}),
        ('strjoin("a", probename)', {"k": "call", "fn": "strjoin", "args": [
            {"k": "str", "v": "a"}, {"k": "builtin", "name": "probename"}]}),
        ("stringof arg1", {"k": "call", "fn": "stringof", "args": [argument(1)]}),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: Any) -> None:
    assert expression(text) == expected


def test_assignments_and_steps() -> None:
    compiled = program('p:::x { self->x = 1; this->a[pid, "k"] += 2; y++; --y; }')
    assert compiled.agent is not None
    y = {"k": "var", "scope": "global", "name": "y"}
    key = [{"k": "builtin", "name": "pid"}, {"k": "str", "v": "k"}]
    assert [statement["e"] for statement in compiled.agent["clauses"][0]["do"]] == [
        {"k": "assign", "to": {"k": "var", "scope": "self", "name": "x"}, "op": "=",
         "e": integer(1)},
        {"k": "assign", "to": {"k": "var", "scope": "this", "name": "a", "index": key},
         "op": "+=", "e": integer(2)},
        {"k": "step", "to": y, "by": 1, "post": True},
        {"k": "step", "to": y, "by": -1, "post": False},
    ]  # fmt: skip


def test_aggregations() -> None:
    compiled = program(
        "p:::x { @ = count(); @l[arg0, probename] = lquantize(arg1, -10, 10); "
        "@ll = llquantize(arg1, 10, 0, 6, 20); @q = quantize(arg1, 3); }"
    )
    assert compiled.agent is not None
    statements = compiled.agent["clauses"][0]["do"]
    assert statements[0] == {"k": "agg", "name": "@", "keys": [], "fn": "count", "args": []}
    assert [argument_["v"] for argument_ in statements[1]["args"][1:]] == [-10, 10, 1]
    assert statements[1]["keys"] == [argument(0), {"k": "builtin", "name": "probename"}]
    assert [argument_["v"] for argument_ in statements[2]["args"][1:]] == [10, 0, 6, 20]
    assert statements[3]["args"] == [argument(1), integer(3)]
    assert compiled.aggregations["@l"].parameters == (-10, 10, 1)
    assert compiled.aggregations["@l"].types == ("any", "string")
    assert compiled.aggregations["@ll"].parameters == (10, 0, 6, 20)


def test_keys_that_are_known_here_and_not_there() -> None:
    compiled = program("p:::x { @[pid] = count(); } p:::y { @[arg0] = count(); }")
    assert compiled.aggregations["@"].types == ("any",)


def test_actions() -> None:
    compiled = program(
        'p:::x { printf("%d %s\\n", pid, copyinstr(arg0)); trace(timestamp); printa(@a); exit(2); }'
        ' END { printa("%s %@d\\n", @a); clear(@a); trunc(@a, 5); normalize(@a, 1000); } '
        "p:::y { @a[probename] = sum(arg0); }"
    )
    assert compiled.agent is not None
    first = compiled.agent["clauses"][0]["do"]
    assert [(one["k"], one.get("n")) for one in first] == [
        ("data", 0), ("data", 1), ("data", 2), ("exit", None),
    ]  # fmt: skip
    assert first[2]["args"] == []
    assert first[3]["e"] == integer(2)
    kinds = {number: action.kind for number, action in compiled.actions.items()}
    assert kinds == {
        0: "printf", 1: "trace", 2: "printa", 4: "printa", 5: "clear", 6: "trunc", 7: "normalize",
    }  # fmt: skip
    assert compiled.actions[0].format == "%d %s\n"
    assert compiled.actions[0].types == ("int32", "string")
    assert compiled.actions[1].types == ("int64",)
    assert compiled.actions[4].aggregations == ("@a",)
    (end,) = compiled.clauses
    assert [one["args"] for one in end.body] == [[], [], [integer(5)], [integer(1000)]]


def test_clauses_go_to_those_who_fire_their_probes() -> None:
    compiled = program(
        "BEGIN { x = $target; } p:::a, tick-100ms, q*:::b /x/ { x++; } p:::c dtrace:::END, ERROR {}"
    )
    assert compiled.agent is not None
    assert [clause["n"] for clause in compiled.agent["clauses"]] == [1, 2]
    assert compiled.agent["clauses"][0]["probes"] == [["p", "", "", "a"], ["q*", "", "", "b"]]
    assert compiled.agent["clauses"][0]["if"] == {"k": "var", "scope": "global", "name": "x"}
    assert compiled.agent["clauses"][1] == {
        "n": 2, "probes": [["p", "", "", "c"]], "if": None, "do": [],
    }  # fmt: skip
    names = [(one.number, [probe.name for probe in one.probes]) for one in compiled.clauses]
    assert names == [
        (0, ["BEGIN"]), (1, ["tick-100ms"]), (3, ["END", "ERROR"]),
    ]  # fmt: skip
    assert compiled.clauses[1].probes[0].period == 100_000_000
    assert compiled.clauses[0].body[0]["e"]["e"] == {"k": "builtin", "name": "target"}
    assert [description.text for description in compiled.descriptions] == [
        "p:::a",
        "q*:::b",
        "p:::c",
    ]


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("tick-1", 1_000_000_000), ("tick-10", 100_000_000), ("tick-10hz", 100_000_000),
        ("tick-1s", 1_000_000_000), ("tick-2sec", 2_000_000_000), ("tick-5ms", 5_000_000),
        ("tick-5msec", 5_000_000), ("tick-2000us", 2_000_000), ("tick-1500000ns", 1_500_000),
        ("tick-1m", 60_000_000_000), ("profile:::tick-1min", 60_000_000_000),
        ("tick-1h", 3_600_000_000_000), ("tick-1d", 86_400_000_000_000),
    ],
)  # fmt: skip
def test_ticks(name: str, period: int) -> None:
    (clause,) = program(f"{name} {{ trace(1); }}").clauses
    assert clause.probes[0].period == period


def test_which_globals_are_shared() -> None:
    compiled = program(
        "BEGIN { start = timestamp; limit = 3; unused = 1; n = 0; } "
        "p:::x /arg0 > limit/ { n++; total += arg0; last = arg0; mine = start; seen[arg0] = 1; } "
        "END { trace(n + total + last); trace(seen[3]); }"
    )
    assert compiled.sent == {"start", "limit", "n"}
    assert compiled.fetched == {"n", "total", "last", "seen"}
    assert compiled.counters == {"n", "total"}


def test_limits_go_to_the_agents() -> None:
    text = "\n".join(
        f"#pragma D option {option}"
        for option in ("strsize=1k", "aggsize=4k", "dynvarsize=10k", "bufsize=40k")
    )
    compiled = program(f"{text}\np:::x {{}}")
    assert compiled.agent is not None
    assert compiled.agent["options"] == {
        "strsize": 1024,
        "aggkeys": 10,
        "dynvars": 102,
        "rate": 102,
    }


def test_types_decide_the_width_of_columns() -> None:
    compiled = program(
        "p:::x { this->a = timestamp; trace(this->a / 1000); this->b = 3; trace(this->b); "
        "trace(strlen(probename)); trace(pid == 3); trace((short)arg0); trace(arg0); "
        'self->s = "x"; self->s = 0; trace(self->s); trace(this->c); this->c = 0; }'
    )
    assert [action.types[0] for action in compiled.actions.values()] == [
        "int64", "int32", "int64", "int32", "int16", "any", "string", "int32",
    ]  # fmt: skip


def test_the_order_of_assignments_does_not_matter_for_types() -> None:
    compiled = program("p:::x { trace(x); } p:::y { x = y; } p:::z { y = probename; }")
    assert compiled.actions[0].types == ("string",)


def test_a_variable_that_gets_an_argument_may_be_anything() -> None:
    compiled = program('p:::x { x = arg0; } p:::y { x = "a"; } p:::z { trace(x + 1); trace(x); }')
    assert [action.types for action in compiled.actions.values()] == [("int64",), ("any",)]


def test_functions_are_what_is_said_of_them() -> None:
    # strtok() has a state, so evaluate.py has it.
    assert done.FUNCTIONS.keys() | {"strtok"} == FUNCTIONS.keys()


def test_a_target_is_in_the_hint() -> None:
    with pytest.raises(DError) as raised:
        compile_program([Text("syscall::read:entry { @ = count(); }")], target=4242)
    assert raised.value.hint is not None
    assert "/pid == 4242/" in raised.value.hint


def test_the_documentation_has_everything() -> None:
    text = (Path(__file__).parents[2] / "docs" / "trace.md").read_text()
    words = set(re.findall(r"[A-Za-z_]\w*", text))
    options = {field.name for field in dataclasses.fields(Options)}
    for known in (FUNCTIONS, BUILTINS, ACTIONS, AGGREGATING, ("copyin", "sizeof"), options):
        assert set(known) <= words, set(known) - words
