"""An object as a tree of which only what is open is ever walked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.cells import cell_text, same
from nodeobs.browser.entry import BATCH, INDENT, Entry, is_branch, is_long, items
from nodeobs.reports.table import cell_width, single_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nodeobs.browser.cells import Line
    from nodeobs.browser.entry import Path
    from nodeobs.browser.wanted import Wanted

# Branches are open from the start where they are small and near the top.
_SMALL: Final = 8
_NEAR: Final = 2

_MISSING: Final = object()


class Outline:
    """What is open in an object, and the lines that makes."""

    def __init__(self, value: Any, *, width: int = 80) -> None:
        self.value = value
        self.width = width
        self._toggled: dict[Path, bool] = {}
        self._shown: dict[Path, int] = {}
        self._before: Any = _MISSING
        self.entries: list[Entry] = []
        self.matching: int | None = None
        self._wanted: Wanted | None = None
        self.arrange()

    def replace(self, value: Any) -> None:
        """A newer version of the object; what was open stays open."""
        self._before = self.value
        self.value = value
        self.arrange()

    def look_for(self, wanted: Wanted | None) -> None:
        """Show only what has the text in its key or value, and what it is in."""
        self._wanted = wanted
        self.arrange()

    def arrange(self) -> None:
        if self._wanted:
            self.entries = self._found(self._wanted)
        else:
            self.matching = None
            self.entries = [*self._walk(self.value, ())]

    def toggle(self, entry: Entry, wanted: bool | None = None) -> None:
        """Open a branch or a long text, or close it; of what is hidden, show more."""
        if entry.hidden:
            branch = entry.path[:-1]
            self._shown[branch] = self._shown.get(branch, BATCH) * 10
        elif entry.expandable:
            self._toggled[entry.path] = not entry.is_open if wanted is None else wanted
        self.arrange()

    def reveal(self, path: Path) -> None:
        """Open what this is in."""
        for end in range(1, len(path)):
            self._toggled[path[:end]] = True
            key = path[end]
            if isinstance(key, int):
                self._shown[path[:end]] = max(self._shown.get(path[:end], BATCH), key + 1)
        self.arrange()

    def toggle_all(self, wanted: bool) -> None:
        """Open every branch, or close it. Opening stops at what no screen can show anyway."""
        self._toggled.clear()
        room = 10_000
        stack: list[tuple[Any, Path]] = [(self.value, ())]
        while stack and room > 0:
            value, path = stack.pop()
            for key, item in items(value):
                if is_branch(item):
                    room -= 1
                    self._toggled[(*path, key)] = wanted
                    stack.append((item, (*path, key)))
        self.arrange()

    def line(self, index: int, is_link: Callable[[Entry], bool]) -> Line:
        entry = self.entries[index]
        is_changed = self._before is not _MISSING and not same(
            _at(self._before, entry.path), entry.value
        )
        return entry.line(self.width, is_link=is_link(entry), is_changed=is_changed)

    def _is_open(self, path: Path, value: Any) -> bool:
        chosen = self._toggled.get(path)
        if chosen is not None:
            return chosen
        return is_branch(value) and len(path) <= _NEAR and len(value) <= _SMALL

    def _walk(self, value: Any, path: Path) -> Iterator[Entry]:
        # Without recursion: data from elsewhere may be nested as deep as it likes.
        stack: list[Iterator[Entry]] = [self._children(value, path)]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
                continue
            yield entry
            if entry.is_open and entry.part is None:
                if isinstance(entry.value, str):
                    yield from self._parts(entry)
                else:
                    stack.append(self._children(entry.value, entry.path))

    def _children(self, value: Any, path: Path) -> Iterator[Entry]:
        limit = self._shown.get(path, BATCH)
        for count, (key, item) in enumerate(items(value)):
            if count == limit:
                yield Entry((*path, ""), None, hidden=len(value) - count)
                return
            below = (*path, key)
            yield Entry(below, item, self._is_open(below, item) and _opens(item))

    def _parts(self, entry: Entry) -> Iterator[Entry]:
        room = max(20, self.width - len(INDENT) * (entry.depth + 2))
        number = 0
        for text in entry.value.split("\n"):
            shown = single_line(text)
            for piece in _wrapped(shown, room):
                yield Entry(entry.path, entry.value, part=number, text=piece)
                number += 1

    def _found(self, wanted: Wanted) -> list[Entry]:
        """All entries that have the text, with those above them, everything opened."""
        found: list[Entry] = []
        above: list[Entry] = []
        self.matching = 0
        stack: list[Iterator[tuple[str | int, Any]]] = [items(self.value)]
        path: list[str | int] = []
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
                if path:
                    path.pop()
                if above and above[-1].depth >= len(path):
                    above.pop()
                continue
            key, value = item
            here = (*path, key)
            branch = is_branch(value)
            entry = Entry(here, value)
            if wanted.in_text(str(key)) or (not branch and wanted.in_text(cell_text(value))):
                self.matching += 1
                found += [replace(one, is_open=True) for one in above]
                above.clear()
                found.append(entry)
            elif branch:
                above.append(entry)
            if branch:
                path.append(key)
                stack.append(items(value))
        return found


def _opens(value: Any) -> bool:
    return is_branch(value) or is_long(value)


def _at(value: Any, path: Path) -> Any:
    for key in path:
        if isinstance(value, dict):
            value = value.get(str(key), _MISSING) if isinstance(key, str) else _MISSING
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        elif not (key == "value" and len(path) == 1):
            return _MISSING
    return value


def _wrapped(text: str, room: int) -> Iterator[str]:
    if cell_width(text) == len(text):
        for start in range(0, max(len(text), 1), room):
            yield text[start : start + room]
        return
    piece, width = "", 0
    for character in text:
        wide = cell_width(character)
        if width + wide > room:
            yield piece
            piece, width = "", 0
        piece += character
        width += wide
    yield piece
