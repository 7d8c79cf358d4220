"""No text makes the compiler do anything but answer or refuse, and quickly."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.py.d_programs import expressions, fragments, programs, texts

from nodeobs.d import DError, Program, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.d.text import MAX_LENGTH

SCRIPTS = Path(__file__).parents[1] / "fixtures" / "d"

relaxed = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def attempt(text: str) -> Program | None:
    # An argument that a program has no use for is a mistake as well.
    words = ["script.d", "1"] if "$1" in text or "$$1" in text else ["script.d"]
    try:
        program = compile_program([Text(text)], words)
    except DError as error:
        printable = all(line.isprintable() for line in error.message.split("\n")[:3])
        assert printable, error.message  # noqa: PT017
        return None
    check(program)
    return program


def check(program: Program) -> None:
    """A program survives JSON, and every statement of it is known to the controller."""
    assert json.loads(json.dumps(program.agent)) == program.agent
    clauses: list[Any] = [*(program.agent or {}).get("clauses", ())]
    bodies = [clause["do"] for clause in clauses] + [list(one.body) for one in program.clauses]
    for statement in [one for body in bodies for one in body]:
        if statement["k"] == "data":
            assert statement["n"] in program.actions
        if statement["k"] == "agg":
            assert statement["name"] in program.aggregations


@relaxed
@given(texts)
def test_any_text(text: str) -> None:
    attempt(text)


@relaxed
@given(st.sampled_from(["BEGIN", "tick-1s", "p*:::x", "BEGIN, p:::y"]), expressions)
def test_any_expression(probe: str, expression: str) -> None:
    attempt(f"{probe} /{expression}/ {{ trace({expression}); x = {expression}; }}")
    attempt(f'{probe} {{ printf("%d %s", {expression}, 1); @[{expression}] = sum({expression}); }}')


@relaxed
@given(programs("BEGIN", "tick-1s", "p*:::x", "BEGIN, p:::y"))
def test_any_program(text: str) -> None:
    attempt(text)


def test_most_random_programs_are_ones() -> None:
    """Or the tests with them would prove nothing."""
    outcomes: list[bool] = []

    @settings(deadline=None, max_examples=200, database=None, derandomize=True)
    @given(programs("BEGIN", "p*:::x"))
    def compile_one(text: str) -> None:
        outcomes.append(attempt(text) is not None)

    compile_one()
    assert sum(outcomes) > len(outcomes) * 0.6


@relaxed
@given(st.data())
def test_old_scripts_with_something_wrong(data: st.DataObject) -> None:
    script = data.draw(st.sampled_from(sorted(SCRIPTS.glob("*.d")))).read_text()
    at = data.draw(st.integers(0, len(script)))
    gone = data.draw(st.integers(0, 20))
    attempt(script[:at] + data.draw(fragments) + script[at + gone :])


@relaxed
@given(st.text(max_size=30))
def test_any_option(text: str) -> None:
    with contextlib.suppress(DError):
        compile_program([Text("BEGIN {}")], settings=[Setting.parse(text)])


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_LENGTH,
        "BEGIN{" + "(" * 60_000 + ")" * 60_000 + "}",
        "BEGIN{x=" + "-" * 100_000 + "1}",
        "BEGIN{" + "x;" * 60_000 + "}",
        "BEGIN{x=" + "1+" * 60_000 + "1}",
        "BEGIN{x" + "[1" * 40_000 + "}",
        "/*" * 60_000,
        "/" + " " * 120_000,
        "/ " * 60_000 + "{",
        "BEGIN /" + "/ " * 60_000 + "{",
        '"' + "\\" * 120_000,
        "unsigned " * 14_000,
        "BEGIN{x=(" + "unsigned " * 14_000,
        "BEGIN{x=(a " + "*" * 120_000,
        "BEGIN{x=" + "a?" * 40_000 + "}",
        "BEGIN{x=" + "x=" * 40_000 + "1}",
        "BEGIN{x=" + "stringof " * 14_000 + "1}",
        "a:::b," * 20_000,
        "BEGIN{@" + "[" * 100_000,
        "#pragma D option quiet\n" * 5_000 + "BEGIN{}",
        "#pragma D option" + " " * 60_000 + "quiet\nBEGIN{}",
        "#define X" + " " * 60_000 + "1 2\nBEGIN{}",
        "#define X " + "\\\n" * 30_000 + "1\nBEGIN{}",
        "#define X 1\n" * 4_000 + "BEGIN{trace(X);}",
        "#define X " + "(" * 60_000 + "\nBEGIN{}",
        "BEGIN{x=" + '"a"+1' * 10_000 + "}",
        'BEGIN{x="a"' + "+1" * 30_000 + "}",
        "$1" * 60_000,
        "BEGIN{x=" + "$$1" * 40_000 + "}",
        "\n" * 120_000 + "BEGIN{x=y}",
        'BEGIN{printf("' + "%d" * 60_000 + '")}',
        'BEGIN{printf("' + "%" + "9" * 100_000 + 'd", 1)}',
        "BEGIN{x=" + "9" * 100_000 + "}",
        "BEGIN{x=1" + "<<63" * 50 + "}",
    ],
    ids=lambda text: text[:16].replace("\n", "\\n"),
)
def test_long_texts_take_no_long_time(text: str) -> None:
    began = time.process_time()
    attempt(text[:MAX_LENGTH])
    # Ten seconds for what takes one, because machines that run tests are busy.
    assert time.process_time() - began < 10
