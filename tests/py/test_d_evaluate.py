"""Expressions and clauses of D as the controller evaluates them, and that nothing breaks them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.d.runtime.evaluate import Aggregated, Data, Evaluator, Exit, Firing, Variables
from nodeobs.d.runtime.functions import FUNCTIONS
from nodeobs.d.runtime.values import Fault, integer
from nodeobs.javascript import length

relaxed = settings(deadline=None, derandomize=True)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "d-expressions.json").read_text()
)


def variables(given: dict[str, Any]) -> Variables:
    """Variables as they go over the wire: arrays are lists of pairs."""
    return {
        name: {tuple(keys): item for keys, item in value} if isinstance(value, list) else value
        for name, value in given.items()
    }


def prepared(case: dict[str, Any]) -> tuple[Evaluator, Firing]:
    scopes = case.get("variables", {})
    evaluator = Evaluator(case.get("strsize", 256), variables(scopes.get("global", {})))
    evaluator.self_variables.update(variables(scopes.get("self", {})))
    arguments = {f"arg{index}": value for index, value in enumerate(case.get("arguments", []))}
    firing = Firing({**case.get("builtins", {}), **arguments})
    firing.this.update(variables(scopes.get("this", {})))
    for before in case.get("before", []):
        evaluator.expression(before, firing)
    return evaluator, firing


@pytest.mark.parametrize("case", CASES, ids=[case["source"] for case in CASES])
def test_expressions_are_what_both_halves_agree_on(case: dict[str, Any]) -> None:
    evaluator, firing = prepared(case)
    run = evaluator.run(None, [{"k": "data", "n": 1, "args": [case["expr"]]}], firing)
    if "fault" in case:
        with pytest.raises(Fault) as caught:
            next(run)
        assert str(caught.value).startswith(case["fault"])
    else:
        (data,) = run
        assert data == Data(1, [case["expected"]])
        assert not any(isinstance(value, bool) for value in data.values)
    scopes = {"global": evaluator.globals, "self": evaluator.self_variables, "this": firing.this}
    for scope, after in case.get("after", {}).items():
        for name, value in variables(after).items():
            assert scopes[scope].get(name, 0) == value


def test_the_fixture_has_every_function_and_operator() -> None:
    text = json.dumps(CASES)
    assert [name for name in FUNCTIONS if f'"fn": "{name}"' not in text] == ["rand"]
    assert '"fn": "strtok"' in text
    for operator in [*BINARY, *ASSIGNMENTS, "!", "~"]:
        assert f'"op": "{operator}"' in text


def literal(value: int | str) -> dict[str, Any]:
    return {"k": "int" if isinstance(value, int) else "str", "v": value}


def name(text: str, scope: str = "global") -> dict[str, Any]:
    return {"k": "var", "scope": scope, "name": text}


def assign(text: str, value: int | str) -> dict[str, Any]:
    return {"k": "expr", "e": {"k": "assign", "op": "=", "to": name(text), "e": literal(value)}}


DIVISION = {"k": "binary", "op": "/", "l": literal(1), "r": name("zero")}


def test_a_clause_yields_what_it_does_in_order() -> None:
    body = [
        assign("x", 3),
        {"k": "data", "n": 7, "args": [name("x"), literal("a")]},
        {
            "k": "agg",
            "name": "@a",
            "keys": [literal("k"), name("x")],
            "fn": "sum",
            "args": [name("x")],
        },
        {"k": "exit", "e": literal(2)},
        {"k": "data", "n": 8, "args": []},
    ]
    assert list(Evaluator().run(None, body, Firing({}))) == [
        Data(7, [3, "a"]),
        Aggregated("@a", "sum", ("k", 3), [3]),
        Exit(2),
        Data(8, []),
    ]


def test_a_predicate_decides() -> None:
    evaluator = Evaluator()
    body = [assign("x", 1)]
    assert list(evaluator.run(name("off"), body, Firing({}))) == []
    assert "x" not in evaluator.globals
    assert list(evaluator.run(literal("text"), body, Firing({}))) == []
    assert evaluator.globals == {"x": 1}
    assert evaluator.holds(None, Firing({}))
    assert not evaluator.holds(literal(""), Firing({}))


def test_a_clause_that_faults_gives_no_data_but_keeps_what_it_counted() -> None:
    evaluator = Evaluator()
    body = [
        assign("x", 1),
        {"k": "data", "n": 1, "args": []},
        {"k": "agg", "name": "@", "keys": [], "fn": "count", "args": []},
        {"k": "data", "n": 2, "args": [DIVISION]},
        assign("x", 2),
    ]
    happened = evaluator.run(None, body, Firing({}))
    assert next(happened) == Aggregated("@", "count", (), [])
    with pytest.raises(Fault, match="divide-by-zero"):
        next(happened)
    assert evaluator.globals == {"x": 1}


def test_a_fault_in_a_predicate() -> None:
    with pytest.raises(Fault, match="divide-by-zero"):
        list(Evaluator().run(DIVISION, [], Firing({})))


def test_this_lives_as_long_as_the_firing() -> None:
    evaluator = Evaluator()
    to_this = {"k": "assign", "op": "=", "to": name("n", "this"), "e": literal(5)}
    to_self = {"k": "assign", "op": "=", "to": name("n", "self"), "e": literal(6)}
    firing = Firing({})
    list(evaluator.run(None, [{"k": "expr", "e": to_this}, {"k": "expr", "e": to_self}], firing))
    assert evaluator.expression(name("n", "this"), firing) == 5
    assert evaluator.expression(name("n", "this"), Firing({})) == 0
    assert evaluator.expression(name("n", "self"), Firing({})) == 6


def test_dynamic_variables_are_bounded_and_drops_counted() -> None:
    evaluator = Evaluator(dynvars=2)
    for key in range(4):
        target = {**name("a"), "index": [literal(key)]}
        evaluator.expression(
            {"k": "assign", "op": "=", "to": target, "e": literal(key + 1)}, Firing({})
        )
    assert evaluator.globals == {"a": {(0,): 1, (1,): 2}}
    assert evaluator.take_drops() == 2
    assert evaluator.take_drops() == 0
    # One that is freed makes room.
    for key, value in ((0, 0), (5, 9)):
        target = {**name("a"), "index": [literal(key)]}
        evaluator.expression(
            {"k": "assign", "op": "=", "to": target, "e": literal(value)}, Firing({})
        )
    assert evaluator.globals == {"a": {(1,): 2, (5,): 9}}


def test_what_only_a_process_has_is_a_fault() -> None:
    member = {"k": "member", "e": {"k": "args", "n": 0}, "name": "url"}
    with pytest.raises(Fault, match="illegal operation"):
        Evaluator().expression(member, Firing({}))


VALUES = st.integers(-(2**70), 2**70) | st.text(max_size=6) | st.sampled_from(["/a", "", "0x1f"])
LEAVES = VALUES.map(literal) | st.sampled_from("xyz").map(name)


BINARY = [
    "+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&&", "||", "^^", "==", "!=", "<", ">",
    "<=", ">=",
]  # fmt: skip
ASSIGNMENTS = ["=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="]
TWO_ARGUMENTS = [
    "copyinstr", "index", "inet_ntop", "json", "lltostr", "rindex", "strchr", "strjoin", "strrchr",
    "strstr", "strtok", "strtoll", "substr",
]  # fmt: skip


def _grow(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    targets = st.sampled_from("xyz").map(name) | st.builds(
        lambda text, key: {**name(text), "index": [key]}, st.sampled_from("ab"), inner
    )
    return (
        st.builds(
            lambda op, left, right: {"k": "binary", "op": op, "l": left, "r": right},
            st.sampled_from(BINARY),
            inner,
            inner,
        )
        | st.builds(lambda op, e: {"k": "unary", "op": op, "e": e}, st.sampled_from("-!~+"), inner)
        | st.builds(
            lambda to, op, e: {"k": "assign", "to": to, "op": op, "e": e},
            targets,
            st.sampled_from(ASSIGNMENTS),
            inner,
        )
        | st.builds(
            lambda to, by, post: {"k": "step", "to": to, "by": by, "post": post},
            targets,
            st.sampled_from([1, -1]),
            st.booleans(),
        )
        | st.builds(
            lambda type_name, e: {"k": "cast", "type": type_name, "e": e},
            st.sampled_from(["int8", "uint32", "int64", "string"]),
            inner,
        )
        | st.builds(
            lambda fn, args: {"k": "call", "fn": fn, "args": args},
            st.sampled_from(TWO_ARGUMENTS),
            st.lists(inner, min_size=2, max_size=2),
        )
    )


@relaxed
@given(st.recursive(LEAVES, _grow, max_leaves=12))
def test_any_expression_gives_a_value_or_faults(expression: dict[str, Any]) -> None:
    evaluator = Evaluator(strsize=16)
    try:
        value = evaluator.expression(expression, Firing({}))
    except Fault as fault:
        value, problem = 0, str(fault)
    else:
        problem = "illegal operation"
    assert problem.startswith(("divide-by-zero", "invalid address (0x", "illegal operation"))
    if isinstance(value, str):
        assert length(value) <= 16
        value.encode()
    else:
        assert type(value) is int
        assert -(2**63) <= value < 2**63
        assert int(float(value)) == value


@relaxed
@given(st.integers(-(2**64), 2**64))
def test_integers_are_what_a_double_holds(value: int) -> None:
    held = integer(value)
    assert int(float(held)) == held == integer(held)
    if abs(value) <= 2**53:
        assert held == value
