"""What has begun and not ended (`state.stuck` of docs/protocol.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nodeobs.answers import counts
from nodeobs.log.style import paint
from nodeobs.reports.quantities import amount, duration
from nodeobs.reports.shell_words import command_line
from nodeobs.reports.table import Column, cell_width, cut, single_line, table
from nodeobs.reports.values import value_text
from nodeobs.reports.where import Place, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Keys of `more` that tell where something is, in this order, and how; the rest is for --json.
_WHERE: Final = {
    "iterations": "{} iterations",
    "pending": "{} pending",
    "waiting": "{} waiting",
    "status": "status {}",
    "sent": "sent {}",
    "route": "route {}",
    "waiting_for": "waiting for {}",
    "preview": "{}",
    "operations": "{}",
}

#: What `--stuck` can be asked for: types, and the kinds that entries of them have.
PENDING_TYPES: Final = ("flow", "queue", "barrier", "request")
PENDING_KINDS: Final = (
    "pipeline",
    "forEachPipeline",
    "parallel",
    "forEachParallel",
    "waterfall",
    "tryEach",
    "whilst",
    "filter",
    "filterSeries",
    "filterLimit",
    "task",
    "call",
)

#: Titles of the columns that a narrow terminal has below each line.
_DETAILS: Final = ("DOING", "STARTED BY", "CREATED AT")
_FIRST_DETAIL: Final = 3
_INDENT: Final = " " * 9


class StuckRow(NamedTuple):
    """One thing that is pending. `cwd` is the directory of its process."""

    place: Place
    entry: dict[str, Any]
    cwd: str = ""

    @property
    def age_ms(self) -> float:
        age = self.entry.get("age_ms")
        return age if isinstance(age, int | float) else 0

    @property
    def more(self) -> dict[str, Any]:
        more = self.entry.get("more")
        return more if isinstance(more, dict) else {}

    @property
    def target(self) -> str:
        """What `nodeobs state` calls the object."""
        return f"{self.entry.get('type')}/{self.entry.get('id')}"


def stuck_table(
    rows: Sequence[StuckRow], *, width: int | None = None, colour: bool = False
) -> list[str]:
    """`nodeobs state --stuck`: a line for each, in the order given.

    Where that is too wide, the lines below it have what its last columns would.
    """
    where = Where([row.place for row in rows])
    titles = ["PENDING", "WHAT", "OBJECT", *_DETAILS]
    cells = [
        [
            age_text(row.age_ms),
            f"{row.entry.get('kind')} {row.entry.get('name') or '-'}",
            row.target,
            *(text or "-" for text in _details(row)),
        ]
        for row in rows
    ]
    # A column that nothing has is left out.
    kept = [index for index in range(len(titles)) if any(line[index] != "-" for line in cells)]

    def shown(indices: Sequence[int], width: int | None, colour: bool) -> list[str]:
        return table(
            [
                *where.columns(),
                *(
                    Column(titles[index], right=index == 0, keep=2 if index == 1 else 8)
                    for index in indices
                ),
            ],
            [
                [*where.cells(row.place), *(line[index] for index in indices)]
                for row, line in zip(rows, cells, strict=True)
            ],
            width=width,
            colour=colour,
        )

    if width is None or max(map(cell_width, shown(kept, None, False))) <= width:
        return shown(kept, None, colour)
    lines = shown([index for index in kept if index < _FIRST_DETAIL], width, colour)
    blocks = [lines[0]]
    for row, line in zip(rows, lines[1:], strict=True):
        blocks += [line, *_below(_details(row), width, colour)]
    return blocks


def _details(row: StuckRow) -> list[str]:
    return [doing(row.more), started_by(row.more), created_at(row.more, row.cwd)]


def _below(details: Sequence[str], width: int, colour: bool) -> list[str]:
    """The texts of `_DETAILS`, as few lines as they fit in."""
    lines: list[str] = []
    for title, text in zip(_DETAILS, details, strict=True):
        if not text:
            continue
        part = single_line(text if title == _DETAILS[0] else f"{title.lower()} {text}")
        if lines and cell_width(lines[-1]) + cell_width(part) + 2 <= width:
            lines[-1] += f", {part}"
        else:
            lines.append(cut(f"{_INDENT}{part}", width))
    return [paint(line, "dim") for line in lines] if colour else lines


def age_text(ms: float) -> str:
    """`30ms`, `1.4s`, `41s`, `3m07s`."""
    if ms < 999.5:
        return f"{ms:.0f}ms"
    return f"{ms / 1000:.1f}s" if ms < 9_950 else duration(max(10, ms / 1000))


def doing(more: dict[str, Any]) -> str:
    """Where it is: `step 3 of 5 putBlob`, `fulfil task 7, 12 waiting, {item: "pen"}`."""
    words = []
    if more.get("step") is not None:
        of = f" of {value_text(more['steps'])}" if more.get("steps") is not None else ""
        words.append(f"step {value_text(more['step'])}{of}")
    if more.get("function"):
        words.append(value_text(more["function"]))
    if more.get("task") is not None:
        words.append(f"task {value_text(more['task'])}")
    parts = [" ".join(words)] if words else []
    for key, form in _WHERE.items():
        text = _words(more.get(key))
        if text:
            parts.append(form.format(text).rstrip())
    # That of what it is for is with that.
    if more.get("req_id") and not more.get("request"):
        parts.append(f"req_id {value_text(more['req_id'])}")
    return ", ".join(parts)


def _words(value: Any) -> str:
    if value in (None, "", False, 0):
        return ""
    if value is True:
        return " "
    if isinstance(value, list):
        return ", ".join(
            value_text(one.get("name", one)) if isinstance(one, dict) else value_text(one)
            for one in value
        )
    return value_text(value)


def started_by(more: dict[str, Any]) -> str:
    """The request that it is for: `GET /x req_id 0c6b…`, else what it is part of."""
    request, parent = more.get("request"), more.get("parent")
    if isinstance(request, dict):
        words = [value_text(request[key]) for key in ("method", "url") if request.get(key)]
        req_id = request.get("req_id")
    else:
        words = [value_text(request)] if request else []
        req_id = more.get("req_id") if request else None
    if req_id:
        words.append(f"req_id {value_text(req_id)}")
    if words or not parent:
        return " ".join(words)
    if not isinstance(parent, dict):
        return value_text(parent)
    words = [value_text(parent[key]) for key in ("kind", "label") if parent.get(key)]
    return " ".join([*words, f"flow/{parent.get('id')}"])


def created_at(more: dict[str, Any], cwd: str) -> str:
    """File and line, from the directory of the process on."""
    at = more.get("at")
    return value_text(at).removeprefix(f"{cwd}/") if at else ""


def looked_text(
    answers: Sequence[tuple[Place, dict[str, Any]]],
    older: float,
    type_name: str | None = None,
    *,
    filtered: bool = False,
) -> str:
    """What to say where there is nothing, and of how many that is true."""
    found: dict[str, int] = {}
    for _, answer in answers:
        for name, number in counts(answer, "looked").items():
            found[name] = found.get(name, 0) + number
    of = f"no {type_name}" if type_name else "nothing"
    of += " that -c is true for" if filtered else ""
    text = f"{of} is pending for longer than {age_text(older * 1000)}"
    looked = ", ".join(amount(count, name) for name, count in found.items())
    return f"{text}; looked at {looked}" if looked else text


def next_step(row: StuckRow) -> str:
    """The command that shows the object."""
    return command_line(["nodeobs", "state", "-p", str(row.place[0]), row.target])
