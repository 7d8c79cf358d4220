"""What the program printed in a process, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypedDict

from nodeobs.http.columns import NOTHING
from nodeobs.http.program import word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nodeobs.http.program import Shape


class Row(TypedDict, total=False):
    """A request that began or is over, or a collection. What was not asked for is not there;
    what there is none of is None.

    `at` is when, in ns of CLOCK_MONOTONIC, `time` µs since the beginning, `latency` µs, None where
    it is not known. `earlier` is whether it had begun before anybody looked.
    """

    at: float
    time: int
    pid: int
    thread: int
    probe: str
    which: str
    latency: int | None
    earlier: bool
    method: str | None
    path: str | None
    url: str | None
    raddr: str | None
    rport: int | None
    fd: int | None
    status: int | None
    bytes: int | None
    reqid: str | None
    route: str | None
    host: str | None
    kind: str | None
    error: str | None
    id: int | None


class Reader:
    """Reads the values that the rows of one shape are printed from."""

    def __init__(self, shape: Shape) -> None:
        kind = shape.kind
        self._fixed: dict[str, Any] = dict.fromkeys(column.name for column in shape.empty)
        self._fixed |= {name: word(name, kind) for name in ("probe", "which")}
        self._fixed["earlier"] = not kind.known and not kind.start
        self._read = [(column.name, _FORMS[column.form]) for column in shape.read]
        if kind.note:
            self._read.append((kind.note, _note))

    def row(self, record: Mapping[str, Any], pid: int, values: Sequence[Any]) -> Row:
        """The row of a record. Raises ValueError where the values are not what was asked for."""
        left = iter(values)
        row: dict[str, Any] = {
            **self._fixed,
            "at": record.get("t", 0),
            "pid": pid,
            "thread": record.get("tid", 0),
        }
        try:
            for name, read in self._read:
                row[name] = read(left)
        except (StopIteration, TypeError):
            raise ValueError("the values are not those of the program") from None
        return row  # type: ignore[return-value]  # keys are those of COLUMNS


def _time(values: Iterator[Any]) -> int:
    return int(next(values)) * 1_000_000 + int(next(values))


def _latency(values: Iterator[Any]) -> int:
    return int(next(values)) * 1000 + int(next(values))


def _int(values: Iterator[Any]) -> int:
    return int(next(values))


def _count(values: Iterator[Any]) -> int | None:
    value = next(values)
    return None if value == NOTHING else int(value)


def _text(values: Iterator[Any]) -> str | None:
    value = next(values)
    # D's strtok() gives 0 where there is nothing.
    return None if value == NOTHING or not isinstance(value, str) else value


def _note(values: Iterator[Any]) -> str | None:
    value = next(values)
    return value.strip()[1:-1] if isinstance(value, str) and value else None


_FORMS: Final[dict[str, Callable[[Iterator[Any]], Any]]] = {
    "time": _time,
    "latency": _latency,
    "int": _int,
    "count": _count,
    "text": _text,
}
