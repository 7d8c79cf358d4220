"""Records as a template says: text with expressions of the filter language in braces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nodeobs.errors import NodeobsError
from nodeobs.filter import FilterError, compile_filter
from nodeobs.javascript import UNDEFINED, text
from nodeobs.log.json_text import stringify
from nodeobs.log.record import LEVEL_NAMES, level_text
from nodeobs.log.render import Renderer
from nodeobs.log.style import LEVEL_STYLES, paint, visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.filter import Filter
    from nodeobs.log.record import Clock

# An expression may have braces and bars in its texts and regular expressions only.
_PIECE: Final = re.compile(
    r"(?P<brace>\{\{|\}\})|(?P<escape>\\[nt\\])"
    r"""|\{(?P<expression>(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^{}"'])+)\}"""
    r"|(?P<stray>[{}])|(?P<text>[^{}\\]+|\\)"
)
_WIDTH: Final = re.compile(r"(?<!\|)\|\s*(-?\d{1,4})\s*$", re.ASCII)
_STYLES: Final = {name: LEVEL_STYLES[number] for number, name in LEVEL_NAMES.items()}
_ESCAPES: Final = {r"\n": "\n", r"\t": "\t", r"\\": "\\", "{{": "{", "}}": "}"}


class TemplateRenderer(Renderer):
    """Renders as `template` says. NodeobsError `bad_template` or FilterError where it is none."""

    def __init__(self, template: str, *, color: bool, terminal: bool, clock: Clock | None) -> None:
        super().__init__("simple", color=color, terminal=terminal, clock=clock)
        self._pieces = [*map(self._piece, _PIECE.finditer(template))]

    def fields(self, record: dict[str, Any]) -> str:
        """A record as the template says, ending in a newline."""
        shown = dict(record)
        if "level" in record:
            shown["level"] = level_text(record["level"])[0]
        if self._clock is not None and "time" in record:
            shown["time"] = self._clock(text(record["time"]))
        return "".join([piece(shown) for piece in self._pieces]) + "\n"

    def _piece(self, match: re.Match[str]) -> Callable[[dict[str, Any]], str]:
        written = match[0]
        if match["stray"]:
            raise NodeobsError(
                "bad_template",
                f"template: a {written} without its counterpart at character {match.start() + 1}",
                "write {{ or }} for a brace that is text",
                exit_code=2,
            )
        if match["expression"] is None:
            constant = _ESCAPES.get(written, written)
            return lambda record: constant
        expression, width = match["expression"], 0
        if found := _WIDTH.search(expression):
            expression, width = expression[: found.start()], int(found[1])
        try:
            return self._expression(compile_filter(expression), width)
        except FilterError as error:
            raise NodeobsError(
                "bad_template", error.message.replace("filter:", "template:", 1), error.hint,
                exit_code=2,
            ) from None  # fmt: skip

    def _expression(self, filter_: Filter, width: int) -> Callable[[dict[str, Any]], str]:
        is_level = filter_.form == ["path", "level"]

        def show(record: dict[str, Any]) -> str:
            value = filter_.value(record)
            written = _written(value)
            if self.terminal:
                written = visible(written)
            # Lines after the first are indented: none of them can look like a record.
            written = written.replace("\n", "\n    ")
            if width:
                written = written.ljust(-width) if width < 0 else written.rjust(width)
            if is_level and self.color:
                written = paint(written, _STYLES.get(text(value)))
            return written

        return show


def _written(value: Any) -> str:
    if value is None or value is UNDEFINED:
        return ""
    return stringify(value) if isinstance(value, (dict, list)) else text(value)
