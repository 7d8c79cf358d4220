"""The D program of `nodeobs http`: what it is, and that rows are what it prints."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.cli.main import run
from nodeobs.d.printing.output import Output
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.errors import NodeobsError
from nodeobs.http.columns import COLUMNS, columns
from nodeobs.http.program import compiled, program_text
from nodeobs.http.rows import Reader
from nodeobs.http.selection import Selection
from nodeobs.http.statuses import Statuses
from nodeobs.reports.http import Layout

if TYPE_CHECKING:
    from tests.py.conftest import Golden

    from nodeobs.d.program import Program
    from nodeobs.http.program import Shape


def test_the_program_for_everything(golden: Golden) -> None:
    selection = Selection(columns([], starts=True), client=True, gc=True, starts=True)
    golden("http_program_cgls", program_text(selection, "nodeobs http -ncgls").splitlines())


def test_the_program_for_a_choice(golden: Golden) -> None:
    selection = Selection(
        columns(["+status,route,error,raddr"], starts=False),
        translated=False,
        slow=2_500_000,
        statuses=Statuses.parse(["5xx,404", "aborted"]),
    )
    text = program_text(selection, "nodeobs http -t simple */ { exit(1); }")
    golden("http_program_chosen", text.splitlines())
    compiled(selection)


@pytest.mark.parametrize("chosen", ["", "ALL", "path,id,status", "+fd,kind"])
@pytest.mark.parametrize("flags", list(product((True, False), repeat=4)))
def test_programs_are_accepted(flags: tuple[bool, ...], chosen: str) -> None:
    specs = [",".join(COLUMNS)] if chosen == "ALL" else [chosen] if chosen else []
    server, client, gc, starts = flags
    shown = columns(specs, starts=starts)
    statuses = Statuses.parse(["4xx,503,aborted"])
    if not (server or client or gc):
        return
    for translated, slow, only in product((True, False), (None, 10**7), (None, statuses)):
        selection = Selection(
            shown, server=server, client=client, gc=gc, starts=starts, translated=translated,
            slow=slow, statuses=only,
        )  # fmt: skip
        program, shapes = compiled(selection)
        wanted = {"server": server, "client": client, "gc": gc}
        assert {shape.kind.probe for shape in shapes.values()} == {
            name for name, is_wanted in wanted.items() if is_wanted
        }
        assert program.options.quiet
        assert program.fetched == frozenset()


_TEXTS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["C", "Z"]),
    min_size=1,
    max_size=40,
)
_FORMS: dict[str, st.SearchStrategy[list[Any]]] = {
    "time": st.tuples(st.integers(0, 10**5), st.integers(0, 999_999)).map(list),
    "latency": st.tuples(st.integers(0, 10**6), st.integers(0, 999)).map(list),
    "int": st.integers(-1, 10**7).map(lambda value: [value]),
    "count": st.one_of(st.just("-"), st.integers(0, 10**9).map(str)).map(lambda value: [value]),
    "text": _TEXTS.map(lambda value: [value]),
}


def _values(shape: Shape) -> st.SearchStrategy[list[Any]]:
    parts = [_FORMS[column.form] for column in shape.read]
    if shape.kind.note:
        parts.append(st.one_of(st.just([""]), _TEXTS.map(lambda text: [f"  ({text})"])))
    return st.tuples(*parts).map(lambda lists: [value for one in lists for value in one])


@cache
def _compiled(selection: Selection) -> tuple[Program, dict[int, Shape]]:
    return compiled(selection)


@pytest.mark.parametrize("translated", [True, False])
@pytest.mark.parametrize(("starts", "client", "gc"), list(product((True, False), repeat=3)))
@pytest.mark.parametrize("chosen", ["", "+status,bytes,thread", "id,host,which,error", "ALL"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_rows_are_what_the_program_prints(
    chosen: str, starts: bool, client: bool, gc: bool, translated: bool, data: st.DataObject
) -> None:
    specs = [",".join(COLUMNS)] if chosen == "ALL" else [chosen] if chosen else []
    shown = columns(specs, starts=starts)
    selection = Selection(
        shown, client=client, gc=gc, starts=starts, translated=translated, whole=chosen == "ALL"
    )
    program, shapes = _compiled(selection)
    assert program.agent is not None
    output = Output(program.actions, Aggregations(program.aggregations), program.options)
    for clause in program.agent["clauses"]:
        number = clause["n"]
        if number not in shapes:
            continue
        [statement] = [one for one in clause["do"] if one["k"] == "data"]
        values = data.draw(_values(shapes[number]))
        assert len(values) == len(statement["args"])
        row = Reader(shapes[number]).row({"t": 1, "tid": 0}, 4242, values)
        assert Layout(shown).line(row) + "\n" == output.perform(statement["n"], values)


def test_rows_that_are_none() -> None:
    _, shapes = compiled(Selection(columns(["time,status"], starts=False)))
    reader = Reader(next(iter(shapes.values())))
    for values in ([], [1], [1, "x", "200", ""], [1, 2, "many", ""], [None, 2, "200", ""]):
        with pytest.raises(ValueError, match=r".*"):
            reader.row({"t": 1}, 1, values)


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        ([], "time pid probe latency method path"),
        (["time,url"], "time url"),
        (["time url", "fd"], "time url fd"),
        (["+status"], "time pid probe latency method path status"),
        (["+pid, pid,status", "id"], "time pid probe latency method path status id"),
    ],
)
def test_columns(specs: list[str], names: str) -> None:
    assert [column.name for column in columns(specs, starts=False)] == names.split()


def test_every_column_is_in_the_help_and_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["http", "--help"]) == 0
    words = capsys.readouterr().out.split()
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    for name, column in COLUMNS.items():
        assert name in words
        assert f"| `{name}` | " in page
        assert not column.title or f"| `{column.title}` |" in page


def test_columns_that_are_none() -> None:
    with pytest.raises(NodeobsError, match="invalid column name: stauts") as raised:
        columns(["time,stauts"], starts=False)
    assert raised.value.hint == "did you mean status?"
    assert raised.value.exit_code == 2
    with pytest.raises(NodeobsError, match="-o has no column"):
        columns([","], starts=False)


@pytest.mark.parametrize(
    ("specs", "condition"),
    [
        (["404"], "s == 404"),
        (["5XX"], "(s >= 500 && s <= 599)"),
        (["2xx, 404", "aborted"], "(s >= 200 && s <= 299) || s == 404 || a"),
        (["500-503 ABORTED"], "(s >= 500 && s <= 503) || a"),
        (["200,200"], "s == 200"),
    ],
)
def test_statuses(specs: list[str], condition: str) -> None:
    assert Statuses.parse(specs).condition("s", "a") == condition


@pytest.mark.parametrize("spec", ["", ",", "20", "0xx", "4x4", "5000", "503-500", "-1", "\u066500"])
def test_statuses_that_are_none(spec: str) -> None:
    with pytest.raises(NodeobsError, match="is no status"):
        Statuses.parse([spec])
