"""One line of an object's tree, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.cells import CHANGED, DIM, KEY, LINK, PLAIN, Line, cell_text
from nodeobs.reports.quantities import amount
from nodeobs.reports.table import cell_width, cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

#: Children of one branch that are shown before somebody asks for more.
BATCH: Final = 100
# A text is shown whole only when it is opened.
_LONG_TEXT: Final = 120
# A key that is longer is cut, so that there is room for its value.
_LONG_KEY: Final = 60

INDENT: Final = "  "

OPEN, CLOSED, NEITHER = "▾ ", "▸ ", "  "


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the tree. `path` and `part` identify it: parts are the lines of a long text."""

    path: Path
    value: Any
    is_open: bool = False
    part: int | None = None
    text: str = ""
    hidden: int = 0

    @property
    def depth(self) -> int:
        return len(self.path) - 1

    @property
    def expandable(self) -> bool:
        if self.hidden or self.part is not None:
            return False
        return is_branch(self.value) or is_long(self.value)

    def line(self, width: int, *, is_link: bool, is_changed: bool) -> Line:
        indent = INDENT * self.depth
        usual = CHANGED if is_changed else PLAIN
        if self.hidden:
            return [(f"{indent}{NEITHER}… {self.hidden:,} more (Enter)", DIM)]
        if self.part is not None:
            return [(f"{indent}{INDENT}{NEITHER}", PLAIN), (self.text, usual)]
        mark = (OPEN if self.is_open else CLOSED) if self.expandable else NEITHER
        key = _key_text(self.path[-1])
        line: Line = [(indent + mark, PLAIN), (key, KEY)]
        room = max(20, width - len(INDENT) * (self.depth + 1) - cell_width(key) - 2)
        rest = self._text(room)
        if is_link:
            style = LINK
        elif is_branch(self.value):
            style = DIM
        else:
            style = usual
        return [*line, (": ", PLAIN), (rest, style)] if rest else line

    def _text(self, room: int) -> str:
        """What is beside the key, where there are so many cells."""
        value = self.value
        if is_branch(value):
            size = amount(len(value), "item" if isinstance(value, list) else "key")
            if self.is_open:
                return size if len(value) > BATCH else ""
            return cut(f"{size} {_preview(value)}", room)
        if is_long(value):
            size = amount(len(value), "character")
            if self.is_open:
                return size
            room = max(8, room - cell_width(size) - 3)
            return f"{cut(cell_text(value[:room]) + '…', room)} ({size})"
        if isinstance(value, str) and (not value or value != value.strip()):
            return f'"{cell_text(value)}"'
        return "null" if value is None else cell_text(value)


def is_long(value: Any) -> bool:
    """Whether a text is shown whole only when it is opened."""
    return isinstance(value, str) and (len(value) > _LONG_TEXT or "\n" in value)


def is_branch(value: Any) -> bool:
    """Whether there is something in it."""
    return isinstance(value, dict | list) and bool(value)


def items(value: Any) -> Iterator[tuple[str | int, Any]]:
    """What is in it by key or number; what is no branch is in itself."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
    else:
        yield "value", value


def _key_text(key: str | int) -> str:
    return f"[{key}]" if isinstance(key, int) else cut(cell_text(key), _LONG_KEY)


def _preview(value: Mapping[str, Any] | list[Any]) -> str:
    """The beginning of a branch, without writing down all that may be in it."""
    parts: list[str] = []
    for key, item in items(value):
        if len(parts) == 6:
            parts.append("…")
            break
        shown = "{…}" if isinstance(item, dict) else "[…]" if isinstance(item, list) else None
        if shown is None:
            shown = cell_text(item[:40] if isinstance(item, str) else item)
        parts.append(shown if isinstance(key, int) else f"{cell_text(key)}: {shown}")
    inside = ", ".join(parts)
    return f"[{inside}]" if isinstance(value, list) else f"{{{inside}}}"
