"""The lines of one log to what is printed of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from nodeobs.log.decode import decode, encode
from nodeobs.log.foreign import log_record
from nodeobs.log.record import is_record
from nodeobs.log.times import canonical
from nodeobs.logfile.lines import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.log.render import Renderer
    from nodeobs.logfile.fields import FieldChoice
    from nodeobs.logfile.merge import Unit
    from nodeobs.logfile.selection import Selection


class View:
    """What is printed of one log. A line that is no record belongs to the record before it."""

    def __init__(
        self, renderer: Renderer, selection: Selection, choice: FieldChoice | None = None
    ) -> None:
        self._renderer = renderer
        self._selection = selection
        self._choice = choice
        #: The time of the last record, where somebody asks for it.
        self._time = ""
        self._keeps_time = selection.span is not None
        #: Whether that was in the span that is wanted.
        self._inside = selection.span is None

    def text(self, lines: bytes) -> bytes:
        """What is printed of whole lines, or of a fragment of one."""
        if isinstance(lines, Fragment):
            return self._fragment(lines)
        ordinary, chooses = self._renderer.ordinary, not self._selection.everything
        if ordinary is None or self._choice is not None or self._keeps_time:
            return b"".join([shown for _, shown in self._units(lines)])
        # The same for the records that most are, in as few steps as possible.
        out = []
        loads, text, takes = orjson.loads, ordinary.text, self._selection.takes
        for line in self._selection.lines(lines):
            try:
                record = loads(line)
            except ValueError:
                out.append(self._shown(line, decode(line))[1])
                continue
            try:
                if chooses and not (is_record(record) and type(record["level"]) is int):
                    shown = None
                elif chooses and not takes(record):
                    continue
                else:
                    shown = text(record)
            except RecursionError:
                shown = None
            out.append(self._shown(line, record)[1] if shown is None else shown.encode())
        return b"".join(out)

    def units(self, lines: bytes) -> list[Unit]:
        """The same in parts that stay together, each with its time."""
        if isinstance(lines, Fragment):
            return [(self._time, self._fragment(lines))]
        self._keeps_time = True
        units: list[Unit] = []
        for is_start, shown in self._units(lines):
            if is_start or not units:
                units.append((self._time, shown))
            elif shown:
                units[-1] = (units[-1][0], units[-1][1] + shown)
        return units

    def _units(self, lines: bytes) -> Iterator[tuple[bool, bytes]]:
        for line in self._selection.lines(lines):
            yield self._shown(line, decode(line))

    def _shown(self, line: bytes, value: Any) -> tuple[bool, bytes]:
        """Whether a line is a record, and what is printed of it."""
        record = log_record(value)
        if record is None:
            wanted = self._inside and self._selection.takes_line(line)
            return False, self._raw(line) if wanted else b""
        if self._keeps_time:
            self._time = canonical(record.get("time")) or self._time
            if self._selection.span is not None:
                self._inside = self._selection.takes_time(self._time)
        try:
            return True, self._chosen(line, record, value) if self._inside else b""
        except RecursionError:
            return True, self._raw(line)  # nested hundreds deep, where a text was expected

    def _chosen(self, line: bytes, record: dict[str, Any], original: dict[str, Any]) -> bytes:
        """What is printed of a record, if it is wanted."""
        # Filters see a record of another logger as it was written, too.
        seen = record if record is original else {**original, **record}
        if not self._selection.takes(seen):
            return b""
        if self._choice is not None:
            return encode(self._renderer.fields(self._choice.of(record)))
        if record is not original:
            return encode(self._renderer.fields(record))
        if self._renderer.mode == "bunyan":
            return self._raw(line)
        return encode(self._renderer.record(record, line))

    def _raw(self, line: bytes) -> bytes:
        if self._renderer.terminal:
            return encode(self._renderer.raw(line))
        return line + b"\n"

    def _fragment(self, part: Fragment) -> bytes:
        if self._selection.strict or not self._inside:
            return b""
        end = b"\n" if part.endswith(b"\n") else b""
        return self._raw(part.removesuffix(b"\n")).removesuffix(b"\n") + end
