"""The columns of `nodeobs http`: nhttpsnoop's, as wide as there, and ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from nodeobs.errors import NodeobsError, did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a column shows: `time` and `latency` in seconds and milliseconds with three or six digits
#: behind the point, `word` what the kind of row says, `int` a number that there always is, `count`
#: one that may be missing, `text` a text that may.
Form = Literal["time", "latency", "word", "int", "count", "text"]

#: What stands where there is nothing.
NOTHING: Final = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells: a column with a negative one is flush left. Nothing is ever cut to it.
    What each shows is in docs/http.md."""

    name: str
    title: str
    width: int
    form: Form

    def aligned(self, text: str) -> str:
        """An ASCII text as wide as the column."""
        return text.ljust(-self.width) if self.width < 0 else text.rjust(self.width)


_ALL: Final = (
    Column("time", "TIME", -12, "time"),
    Column("pid", "PID", 6, "int"),
    Column("probe", "PROBE", -6, "word"),
    Column("which", "", 2, "word"),
    Column("latency", "LATENCY", 10, "latency"),
    Column("method", "METHOD", -6, "text"),
    Column("path", "PATH", -20, "text"),
    Column("url", "URL", -20, "text"),
    Column("raddr", "RADDR", -16, "text"),
    Column("rport", "RPORT", 5, "int"),
    Column("fd", "FD", 4, "int"),
    Column("status", "STATUS", 6, "count"),
    Column("bytes", "BYTES", 8, "count"),
    Column("reqid", "REQID", -20, "text"),
    Column("route", "ROUTE", -20, "text"),
    Column("host", "HOST", -20, "text"),
    Column("thread", "THREAD", 6, "int"),
    Column("kind", "KIND", -19, "text"),
    Column("error", "ERROR", -12, "text"),
    Column("id", "ID", 6, "int"),
)  # fmt: skip
COLUMNS: Final = {column.name: column for column in _ALL}

_DEFAULT: Final = ("time", "pid", "probe", "latency", "method", "path")
_DEFAULT_WITH_STARTS: Final = ("time", "pid", "probe", "which", "latency", "method", "path")


def columns(specs: Sequence[str], *, starts: bool) -> tuple[Column, ...]:
    """The columns that options -o mean together: names between commas or blanks. A `+` before
    them adds them to the default ones. Raises NodeobsError."""
    default = _DEFAULT_WITH_STARTS if starts else _DEFAULT
    names: list[str] = []
    added = not specs
    for spec in specs:
        added = added or spec.startswith("+")
        names += spec.removeprefix("+").replace(",", " ").split()
    chosen = [*(default if added else ()), *names]
    for name in chosen:
        if name not in COLUMNS:
            raise NodeobsError(
                "usage",
                f"invalid column name: {name}",
                did_you_mean(near_names(name, COLUMNS)) or f"columns are {', '.join(COLUMNS)}",
                exit_code=2,
            )
    if not chosen:
        raise NodeobsError(
            "usage", "-o has no column", f"columns are {', '.join(COLUMNS)}", exit_code=2
        )
    return tuple(COLUMNS[name] for name in dict.fromkeys(chosen))
