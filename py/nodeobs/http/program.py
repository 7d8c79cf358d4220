"""The D program that `nodeobs http` runs, and prints with -n.

Pairing requests with responses is the probes' work: they know the latency of each, also where
several are under way on one connection. So a row is one firing, and a program without state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nodeobs.http import arguments
from nodeobs.http.columns import NOTHING
from nodeobs.latency.scale import BOUNDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.d.program import Program
    from nodeobs.http.arguments import Arguments
    from nodeobs.http.columns import Column
    from nodeobs.http.selection import Selection

#: What stands for the latency of a request that had begun before anybody looked.
EARLIER: Final = "(earlier)"
START, END = "->", "<-"

_SECOND: Final = 1_000_000_000

#: Rows a second that a thread sends at most, and characters of a text.
_OPTIONS: Final = ("quiet", "strsize=4k", "rate=1000000")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row: of which probe, whether of the beginning, and whether the latency is known.

    `note` is the column whose text stands in brackets behind all others, if one does: what went
    wrong, or what kind of collection it was, where that is not among the columns.
    """

    probe: str
    start: bool = False
    known: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the values of a row are: the columns in order, and a note behind them if the kind has
    one. The other columns of the program say nothing in such rows."""

    kind: Kind
    read: tuple[Column, ...]
    empty: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class _Clause:
    """One clause of the program, in D; `shape` is that of the rows that it prints, if it does."""

    text: str
    shape: Shape | None = None


def program_text(selection: Selection, heading: str = "nodeobs http") -> str:
    """The program in D. `heading` is a comment in it: the command line that it is of."""
    return _program([clause.text for clause in _clauses(selection)], heading)


def compiled(selection: Selection) -> tuple[Program, dict[int, Shape]]:
    """The program ready to run, and the shape of the rows that each of its clauses prints."""
    from nodeobs.d import Text, compile_program

    program = compile_program([Text(program_text(selection), "nodeobs http")])
    shapes = {
        number: clause.shape
        for number, clause in enumerate(_clauses(selection))
        if clause.shape is not None
    }
    return program, shapes


def _program(clauses: list[str], heading: str) -> str:
    options = "".join(f"#pragma D option {option}\n" for option in _OPTIONS)
    # A comment has no end in it.
    comment = " ".join(heading.split()).replace("*/", "* /")
    return "#!/usr/bin/env -S nodeobs trace -s\n" + "\n".join(
        [f"/* {comment} */\n{options}", *clauses]
    )


def _clauses(selection: Selection) -> Iterator[_Clause]:
    yield _Clause(_clause("BEGIN", "", ["start = timestamp;", _title(selection.fetched)]))
    wanted = {"server": selection.server, "client": selection.client}
    for probe in [name for name, is_wanted in wanted.items() if is_wanted]:
        yield from _of_requests(probe, selection)
    if selection.gc:
        yield from _of_collections(selection)
    names = [*(name for name, is_wanted in wanted.items() if is_wanted)]
    names += ["gc"] if selection.gc else []
    forgotten = [f"trunc(@{name});" for name in names]
    yield _Clause(
        "/* nodeobs http makes its summary of these; here they would be a long picture */\n"
        + _clause("END", "", forgotten)
    )


def _of_requests(probe: str, selection: Selection) -> Iterator[_Clause]:
    translated = selection.translated
    latency, begun, done = arguments.LATENCY, f"http-{probe}-request", f"http-{probe}-response"
    if selection.starts:
        kind = Kind(probe, start=True, known=False)
        yield _rows(begun, "", kind, selection, arguments.request(translated=translated))
    values = arguments.response(probe, translated=translated)
    conditions = []
    if selection.statuses is not None:
        chosen = selection.statuses.condition(arguments.STATUS, arguments.ABORTED)
        conditions = [chosen]
    note = _noted("error", selection)
    known = [f"{latency} >= {selection.slow or 0}", *conditions]
    kind = Kind(probe, note=note)
    yield _rows(done, _all(known), kind, selection, values, latency)
    if selection.slow is None:
        # How long those take that had begun before is not known.
        kind = Kind(probe, known=False, note=note)
        yield _rows(done, _all([f"{latency} < 0", *conditions]), kind, selection, values)
    keys = f"{arguments.METHOD}, {arguments.STATUS}"
    yield _Clause(_clause(f"node*:::{done}", "", [_summed(f"@{probe}[{keys}]", latency)]))


def _of_collections(selection: Selection) -> Iterator[_Clause]:
    latency = arguments.GC_LATENCY
    condition = f"{latency} >= {selection.slow}" if selection.slow else ""
    kind = Kind("gc", note=_noted("kind", selection))
    yield _rows("gc-done", condition, kind, selection, arguments.GC, latency)
    key = arguments.GC["kind"]
    yield _Clause(_clause("node*:::gc-done", "", [_summed(f"@gc[{key}]", latency)]))


def _noted(column: str, selection: Selection) -> str:
    return "" if any(one.name == column for one in selection.fetched) else column


def _all(conditions: list[str]) -> str:
    if len(conditions) == 1:
        return conditions[0]
    return " && ".join(f"({one})" if " || " in one else one for one in conditions)


def _summed(aggregation: str, latency: str) -> str:
    return f"{aggregation} = llquantize({latency}, {', '.join(map(str, BOUNDS))});"


def _rows(
    name: str,
    condition: str,
    kind: Kind,
    selection: Selection,
    values: Arguments,
    latency: str = "",
) -> _Clause:
    """The clause that prints rows of one kind."""
    formats: list[str] = []
    shown: list[str] = []
    read: list[Column] = []
    for column in selection.fetched:
        form, expressions = _printed(column, kind, values, latency)
        formats.append(form)
        shown += expressions
        if expressions:
            read.append(column)
    empty = tuple(column for column in selection.fetched if column not in read)
    timed = any(column.form == "time" for column in read)
    end = "%s\\n" if kind.note else "\\n"
    if kind.note:
        note = arguments.NOTES[kind.note]
        shown.append(f'strlen({note}) ? strjoin("  (", strjoin({note}, ")")) : ""')
    body = ["this->at = timestamp - start;"] if timed else []
    body.append(_printf(" ".join(formats) + end, shown))
    return _Clause(_clause(f"node*:::{name}", condition, body), Shape(kind, tuple(read), empty))


def _printed(column: Column, kind: Kind, values: Arguments, latency: str) -> tuple[str, list[str]]:
    """What a column is in the format of a printf, and the values for it."""
    if column.form == "time":
        return "[%3d.%06d]", [f"this->at / {_SECOND}", f"this->at % {_SECOND} / 1000"]
    if column.form == "latency" and kind.known:
        return "%4d.%03dms", [f"{latency} / 1000000", f"{latency} % 1000000 / 1000"]
    if column.form == "latency":
        return column.aligned(NOTHING if kind.start else EARLIER), []
    if column.form == "word":
        return column.aligned(word(column.name, kind)), []
    if column.name == "path" and "url" in values:
        return f"%{column.width}s", [f'strtok({values["url"]}, "?")']
    if column.name not in values:
        return column.aligned(NOTHING), []
    return f"%{column.width}{'d' if column.form == 'int' else 's'}", [values[column.name]]


def word(column: str, kind: Kind) -> str:
    """What a kind of row says in a column of its own."""
    if column == "probe":
        return kind.probe
    return START if kind.start else END


def _title(columns: tuple[Column, ...]) -> str:
    form = " ".join(f"%{column.width}s" for column in columns)
    return _printf(f"{form}\\n", [f'"{column.title}"' for column in columns])


def _printf(form: str, values: list[str]) -> str:
    return ",\n\t    ".join([f'printf("{form}"', *values]) + ");"


def _clause(description: str, condition: str, body: list[str]) -> str:
    predicate = f"/{condition}/\n" if condition else ""
    lines = "".join(f"\t{line}\n" for line in body)
    return f"{description}\n{predicate}{{\n{lines}}}\n"
