"""Frames of a publication to `Batch`es. Nothing here raises on what a peer sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERSION = 1
VERSIONS = (VERSION,)


class NotJson(str):
    """A line of a payload that is not JSON, as text."""

    __slots__ = ()


@dataclass(slots=True)
class Batch:
    """The records of one message: one topic, one thread of one process, in order.

    `pid` is the pid on the controller's side, which differs from the one in the records when the
    process lives in another pid namespace. `seq` numbers the records of this topic since the
    subscription made it live, `dropped` were lost immediately before it. `order` says where the
    records stand among all records of the agent: pairs of first number and count, flattened.
    """

    pid: int
    tid: int
    topic: str
    seq: int
    count: int
    dropped: int
    order: tuple[int, ...]
    payload: bytes

    @property
    def kind(self) -> str:
        """`log`, `probe`, `watch` or `agent`."""
        return self.topic.partition(".")[0]

    def numbers(self) -> Iterable[int]:
        """The agent-wide number of each record; sorting by it gives the order of events."""
        if len(self.order) == 2:
            return range(self.order[0], self.order[0] + self.order[1])
        pairs = zip(self.order[::2], self.order[1::2], strict=True)
        return chain.from_iterable(range(first, first + count) for first, count in pairs)

    def lines(self) -> list[bytes]:
        """The records as they came, without line ends."""
        return self.payload.removesuffix(b"\n").split(b"\n") if self.payload else []

    def records(self) -> list[Any]:
        """The records parsed; a line that is not JSON becomes a `NotJson`."""
        payload = self.payload
        if not payload:
            return []
        try:
            # One call for the whole batch is several times faster than one for each line.
            joined = b"[%b]" % payload.removesuffix(b"\n").replace(b"\n", b",")
            records: list[Any] = orjson.loads(joined)
            if len(records) == self.count:
                return records
        except orjson.JSONDecodeError:
            pass
        return [_parse_line(line) for line in self.lines()]


def parse_json(text: bytes) -> Any:
    """What JSON.stringify has written; ValueError for anything else."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # Half a character in a text: an app cuts an emoji in two, Node writes it, orjson refuses.
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _parse_line(line: bytes) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return NotJson(line.decode("utf-8", "replace"))


class DecodeError(ValueError):
    """A message that this client cannot read. `version` is set where it is the reason."""

    def __init__(self, message: str, version: object = None) -> None:
        super().__init__(message)
        self.version = version


def decode(pid: int, tid: int, frames: Sequence[bytes]) -> Batch:
    """One message as a Batch, or DecodeError."""
    if len(frames) != 3:
        raise DecodeError(f"{len(frames)} frames instead of 3")
    topic, header_bytes, payload = frames
    try:
        header = orjson.loads(header_bytes)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"the header is not JSON: {error}") from None
    if type(header) is not dict:
        raise DecodeError("the header is not an object")
    version = header.get("v")
    if version != VERSION or type(version) is not int:
        raise DecodeError(f"protocol version {version!r} is not known", version=version)
    seq, count, dropped = header.get("seq"), header.get("n"), header.get("dropped", 0)
    if not (_natural(seq) and _natural(count) and _natural(dropped)):
        raise DecodeError("seq, n and dropped are not all natural numbers")
    return Batch(
        pid,
        tid,
        topic.decode("utf-8", "replace"),
        seq,
        count,
        dropped,
        _order(header, count),
        payload,
    )


def _order(header: dict[str, Any], count: int) -> tuple[int, ...]:
    runs = header.get("runs")
    if runs is None:
        at = header.get("at")
        if _natural(at):
            return (at, count)
        if count == 0:
            return ()
        raise DecodeError("neither at nor runs say where the records stand")
    if type(runs) is not list or len(runs) % 2 or not all(map(_natural, runs)):
        raise DecodeError("runs are not pairs of natural numbers")
    if sum(runs[1::2]) != count:
        raise DecodeError(f"runs have {sum(runs[1::2])} records, n is {count}")
    return tuple(runs)


def _natural(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 0
