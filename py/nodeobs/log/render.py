"""Records and firings to the text that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.log.firing import firing_line, is_firing, simple_firing
from nodeobs.log.json_text import stringify
from nodeobs.log.ordinary import OrdinaryLines
from nodeobs.log.record import Line, indent, is_record, line_of, simple
from nodeobs.log.style import LEVEL_STYLES, paint, visible, visible_json

if TYPE_CHECKING:
    from nodeobs.log.record import Clock

#: Names of the modes, as `-o` takes them.
MODES: Final = ("long", "short", "simple", "json", "bunyan")


class Renderer:
    """Renders for one output.

    With `color` there are escape sequences. With `terminal` (implied by `color`) whatever a
    record contains reaches the output as text, not as commands to a terminal.
    """

    def __init__(
        self,
        mode: str = "long",
        *,
        color: bool = False,
        terminal: bool = False,
        indent: int = 2,
        clock: Clock | None = None,
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}")
        self.mode = mode
        self.color = color
        self.terminal = terminal or color
        self._indent = indent
        self._clock = clock
        #: For those who have many records and know what they are.
        self.ordinary: OrdinaryLines | None = None
        if mode in ("long", "short"):
            self.ordinary = OrdinaryLines(
                short=mode == "short", color=color, terminal=self.terminal, clock=clock
            )

    def record(self, record: Any, raw: bytes) -> str:
        """A log record, or the line `raw` as it came where it is none. Ends in a newline."""
        try:
            if self.ordinary is not None and (line := self.ordinary.text(record)) is not None:
                return line
            if not is_record(record) or self.mode == "bunyan":
                return self.raw(raw)
            return self.fields(record)
        except RecursionError:
            return self.raw(raw)  # nested hundreds deep, where a text was expected

    def fields(self, record: dict[str, Any]) -> str:
        """What there is of a record, which need not have all that bunyan's have."""
        if self.mode in ("json", "bunyan"):
            return self._json(record, 0 if self.mode == "bunyan" else self._indent)
        if self.mode == "simple":
            return self._clean(simple(record)) + "\n"
        return self._line(line_of(record, short=self.mode == "short", clock=self._clock))

    def firing(self, firing: Any, raw: bytes) -> str:
        """A probe firing, or the line `raw` as it came where it is none. Ends in a newline."""
        if not is_firing(firing) or self.mode == "bunyan":
            return self.raw(raw)
        if self.mode == "json":
            return self._json(firing, self._indent)
        if self.mode == "simple":
            return self._clean(simple_firing(firing)) + "\n"
        return self._line(firing_line(firing, short=self.mode == "short"))

    def raw(self, line: bytes) -> str:
        """A line as it came."""
        if not self.terminal:
            return line.decode("utf-8", "surrogateescape") + "\n"
        if line.startswith(b"{"):
            return visible_json(line).decode("utf-8", "backslashreplace") + "\n"
        return visible(line.decode("utf-8", "backslashreplace")) + "\n"

    def _json(self, value: Any, indent: int) -> str:
        written = stringify(value, indent)
        if self.terminal:
            written = visible_json(written.encode()).decode()
        return written + "\n"

    def _clean(self, text: str) -> str:
        return visible(text) if self.terminal else text

    def _line(self, line: Line) -> str:
        time, level, subject = line.time, line.level, line.subject
        host, source, message = line.host, line.source, line.message
        extras = f" ({', '.join(line.extras)})" if line.extras else ""
        details = line.details
        if self.terminal:
            time, level = visible(time), visible(level)
            subject = None if subject is None else visible(subject)
            host, source, extras = visible(host), visible(source), visible(extras)
            message = None if message is None else visible(message)
            # Header blocks end their lines with CR LF, which is no attack.
            details = [visible(block.replace("\r\n", "\n")) for block in details]
        if self.color:
            level = paint(level, _level_style(line))
            source = paint(source, "green")
            if message is not None:
                message = paint(message, "cyan")
            else:
                details = [paint(details[0], "cyan"), *details[1:]]
        message = "" if message is None else f" {message}"
        parts = [time] if time else []
        if level:
            # No colon after the level in the short form, as in bunyan.
            parts.append(level if line.short else f"{level}:")
        if host:
            subject = f"{subject} on {host}" if subject else f"on {host}"
        if subject is not None:
            parts.append(f"{subject}{source}:")
        elif line.short and parts:
            parts[-1] += ":"
        head = " ".join(parts) + message + extras
        if "\n" in head:
            # A newline in a name or a request id would let a record forge another one.
            head = head.replace("\n", "\\n")
        if not details:
            return head + "\n"
        return f"{head}\n" + "\n    --\n".join(map(indent, details)) + "\n"


def _level_style(line: Line) -> str | None:
    return "blue" if line.level_key == "probe" else LEVEL_STYLES.get(line.level_key)
