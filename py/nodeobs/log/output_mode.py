"""The output modes of `nodeobs log`, by the names that `-o` takes."""

from __future__ import annotations

from typing import Any, Final

from nodeobs.errors import NodeobsError, did_you_mean, near_names
from nodeobs.log.render import MODES, Renderer

TEMPLATE: Final = "template:"
_NAMES: Final = (*MODES, "json-N", "inspect", "template:TEXT")
#: JSON.stringify indents by no more.
_MOST_SPACES: Final = 10


def renderer_of(mode: str, *, color: bool, terminal: bool, local: bool) -> Renderer:
    """What renders in a mode: one of MODES, `paul` (which is long), `json-N`, `inspect`, or
    `template:` and a template. With `local`, times are those of this machine's zone."""
    clock = None
    if local:
        from nodeobs.log.times import LocalClock

        clock = LocalClock(short=mode == "short")
    if mode.startswith(TEMPLATE):
        from nodeobs.log.template import TemplateRenderer

        template = mode.removeprefix(TEMPLATE)
        return TemplateRenderer(template, color=color, terminal=terminal, clock=clock)
    if mode == "inspect":
        return InspectRenderer(color=color, terminal=terminal)
    name, _, spaces = mode.partition("-")
    indent = 2
    if name == "json" and spaces.isascii() and spaces.isdecimal():
        mode, indent = name, min(int(spaces), _MOST_SPACES)
    if mode == "paul":
        mode = "long"
    if mode not in MODES:
        raise NodeobsError(
            "usage",
            f'unknown output mode "{mode}"',
            did_you_mean(near_names(mode, _NAMES)) or f"modes are {', '.join(_NAMES)}",
            exit_code=2,
        )
    return Renderer(mode, color=color, terminal=terminal, indent=indent, clock=clock)


class InspectRenderer(Renderer):
    """Renders as Node.js inspects objects."""

    def __init__(self, *, color: bool, terminal: bool) -> None:
        super().__init__("simple", color=color, terminal=terminal)

    def fields(self, record: dict[str, Any]) -> str:
        """A record, ending in a newline."""
        from nodeobs.log.inspected import inspected

        return inspected(record, color=self.color, terminal=self.terminal) + "\n"
