"""`nodeobs http`: rows and what there is to say between them, as lines or as JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from nodeobs.http.columns import NOTHING
from nodeobs.http.program import EARLIER
from nodeobs.log.style import paint
from nodeobs.reports.table import cell_width, cut, single_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.filter import Filter
    from nodeobs.http.columns import Column
    from nodeobs.http.rows import Row

#: To how many cells a column is cut at least where a line does not fit the terminal.
_LEAST: Final = 8
#: Everything that rows may have, in the order of the objects of --json.
_FIELDS: Final = (
    "method", "path", "url", "status", "bytes", "route", "host", "reqid", "raddr", "rport", "fd",
    "kind", "error", "id",
)  # fmt: skip


class Printer:
    """Renders for one output. `shown` counts the rows of what was over.

    `render` gives what goes to stdout and what goes to stderr: with `inline` notices stand among
    the rows, else beside them. `width` is that of the terminal; None never cuts anything.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        filters: Sequence[Filter] = (),
        *,
        as_json: bool = False,
        inline: bool = False,
        colour: bool = False,
        width: int | None = None,
    ) -> None:
        self.shown = 0
        self._layout = Layout(columns, width)
        self._filters = filters
        self._as_json = as_json
        self._inline = inline
        self._colour = colour
        # Rows have the monotonic clock, in ns.
        self._apart = time.time_ns() - time.monotonic_ns()

    def title(self) -> bytes:
        """The titles of the columns."""
        if self._as_json:
            return b""
        line = self._layout.title()
        return f"{paint(line, 'bold') if self._colour else line}\n".encode()

    def render(self, events: Iterable[str | dict[str, Any]]) -> tuple[bytes, bytes]:
        """The bytes for stdout and for stderr."""
        out: list[bytes] = []
        beside: list[bytes] = []
        for event in events:
            if isinstance(event, str):
                continue  # the program prints nothing itself
            if event["type"] == "row":
                self._row(event["row"], out)
            elif self._as_json:
                out.append(_json_line(event))
            else:
                (out if self._inline else beside).append(self._notice(event["message"]))
        return b"".join(out), b"".join(beside)

    def _notice(self, message: str) -> bytes:
        line = f"-- {single_line(message)}"
        if self._inline and self._colour:
            line = paint(line, "dim")
        return f"{line}\n".encode("utf-8", "replace")

    def _row(self, row: Row, out: list[bytes]) -> None:
        if self._as_json or self._filters:
            thing = row_object(row, self._apart)
            if not all(one.matches(thing) for one in self._filters):
                return
        if row["which"] == "<-":
            self.shown += 1
        if self._as_json:
            out.append(_json_line({"type": "row", **thing}))
            return
        line = self._layout.line(row)
        if self._colour:
            line = paint(line, _style(row))
        out.append(f"{line}\n".encode("utf-8", "replace"))


class Layout:
    """How wide columns are: as wide as they say, less where a terminal has only `width` cells."""

    def __init__(self, columns: Sequence[Column], width: int | None = None) -> None:
        self.columns = columns
        self.width = width
        self._names = {column.name for column in columns}
        self._widths = [abs(column.width) for column in columns]
        if width is None:
            return
        excess = sum(self._widths) + len(columns) - 1 - width
        texts = [index for index, column in enumerate(columns) if column.form == "text"]
        while excess > 0 and texts:
            widest = max(texts, key=self._widths.__getitem__)
            if self._widths[widest] <= _LEAST:
                break
            self._widths[widest] -= 1
            excess -= 1

    def title(self) -> str:
        """The titles of the columns."""
        return self._joined([column.title for column in self.columns], "")

    def line(self, row: Row) -> str:
        """A row: as the program that it is of prints it, where there is no width; else nothing in
        it can disturb the terminal."""
        cells = [_cell(column, row) for column in self.columns]
        noted = "kind" if row["probe"] == "gc" else "error"
        note = ""
        if row.get(noted) and noted not in self._names:
            note = f"  ({row.get(noted)})"
        if self.width is not None:
            cells = [single_line(cell) for cell in cells]
            note = single_line(note)
            self._cut(cells, self.width - cell_width(note))
        return self._joined(cells, note)

    def _joined(self, cells: list[str], note: str) -> str:
        padded = [
            _padded(cell, width if column.width > 0 else -width)
            for cell, width, column in zip(cells, self._widths, self.columns, strict=True)
        ]
        if self.width is None:
            return " ".join(padded) + note
        return cut(" ".join(padded).rstrip() + note, self.width).rstrip()

    def _cut(self, cells: list[str], width: int) -> None:
        """Cut texts that do not fit their columns until all of it fits, the longest first."""
        last = len(cells) - 1
        taken = [
            cell_width(cell) if index == last else max(cell_width(cell), least)
            for index, (cell, least) in enumerate(zip(cells, self._widths, strict=True))
        ]
        excess = sum(taken) + last - width
        while excess > 0:
            room = [
                cell_width(cell) - (_LEAST if index == last else least)
                if column.form == "text"
                else 0
                for index, (cell, least, column) in enumerate(
                    zip(cells, self._widths, self.columns, strict=True)
                )
            ]
            longest = max(range(len(cells)), key=room.__getitem__)
            if room[longest] <= 0:
                return
            before = cell_width(cells[longest])
            cells[longest] = cut(cells[longest], before - min(excess, room[longest]))
            excess -= before - cell_width(cells[longest])


def row_object(row: Row, apart: float = 0.0) -> dict[str, Any]:
    """A row as programs and filters see it. `apart` is what the wall clock is ahead of the
    monotonic one, in ns."""
    latency = row.get("latency")
    values: dict[str, Any] = {
        "time": _iso(row["at"] + apart),
        "pid": row["pid"],
        "thread": row["thread"],
        "probe": row["probe"],
        "which": row["which"],
        "latency_ms": None if latency is None else latency / 1000,
        "earlier": row["earlier"],
    }
    for name in _FIELDS:
        values[name] = row.get(name)
    over = row["which"] == "<-" and row["probe"] != "gc"
    values["aborted"] = over and row.get("status") is None
    return values


def _cell(column: Column, row: Row) -> str:
    match column.form:
        case "time":
            seconds, rest = divmod(row["time"], 1_000_000)
            return f"[{seconds:3}.{rest:06}]"
        case "latency":
            latency = row.get("latency")
            if latency is None:
                return EARLIER if row["earlier"] else NOTHING
            whole, rest = divmod(latency, 1000)
            return f"{whole:4}.{rest:03}ms"
        case "word":
            return str(row["probe"] if column.name == "probe" else row["which"])
        case _:
            value = row.get(column.name)
            return NOTHING if value is None else str(value)


def _padded(text: str, width: int) -> str:
    padding = " " * (abs(width) - cell_width(text))
    return text + padding if width < 0 else padding + text


def _style(row: Row) -> str | None:
    status = row.get("status") or 0
    if row.get("error") is not None or status >= 500:
        return "red"
    if status >= 400:
        return "yellow"
    if row["probe"] == "gc":
        return "magenta"
    return "dim" if row["which"] == "->" or row["earlier"] else None


def _iso(nanoseconds: float) -> str:
    seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06}Z"


def _json_line(thing: dict[str, Any]) -> bytes:
    return orjson.dumps(thing, option=orjson.OPT_APPEND_NEWLINE)
