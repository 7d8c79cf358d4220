"""One object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.cells import DIM
from nodeobs.browser.links import Target, find_link, find_relative
from nodeobs.browser.objects_view import ObjectsView
from nodeobs.browser.outline import Outline
from nodeobs.browser.source import CommandSource
from nodeobs.browser.view import View
from nodeobs.errors import NodeobsError
from nodeobs.reports.quantities import amount
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from nodeobs.browser.cells import Line
    from nodeobs.browser.entry import Entry
    from nodeobs.browser.source import StateSource

# Objects of a type among which the one is looked for that a link leads to.
_SEARCHED: Final = 1000


class ObjectView(View):
    """A tree. Enter opens and closes branches and long texts, and follows links."""

    def __init__(self, target: Target, above: View) -> None:
        assert target.object_id is not None
        in_its_table = isinstance(above, ObjectsView) and above.type_name == target.type_name
        name = f"{target.type_name}/{target.object_id}"
        super().__init__(target.object_id if in_its_table else name)
        self._target = target
        self._id = target.object_id
        self.outline = Outline({})

    async def fetch(self, source: StateSource) -> Any:
        target = self._target
        try:
            return await source.get(target.type_name, self._id, target.place)
        except NodeobsError as error:
            if error.code != "not_found" or self.loaded or target.exact:
                raise
            # A link leads to wherever the object is.
            page = await source.objects(target.type_name, limit=_SEARCHED)
            place = next((row.place for row in page.rows if row.id == self._id), None)
            if place is None:
                raise
            self._target = replace(target, place=place)
            return await source.get(target.type_name, self._id, place)

    def _accept(self, answer: Any) -> None:
        if self.loaded:
            self.outline.replace(answer)
        else:
            self.outline = Outline(answer, width=self.width)
            self._arrange()

    def _arrange(self) -> None:
        self.outline.width = self.width
        self.outline.look_for(self.wanted)

    def __len__(self) -> int:
        return len(self.outline.entries)

    def _key(self, index: int) -> Hashable:
        entry = self.outline.entries[index]
        return _key(entry)

    def line(self, index: int, types: Collection[str]) -> Line:
        def is_link(entry: Entry) -> bool:
            return self._link(entry, types) is not None

        line = self.outline.line(index, is_link)
        ended = bool(self._target.place) and self.is_ended(self._target.place)
        return [(text, DIM) for text, _ in line] if ended else line

    def summary(self) -> str:
        place = self._target.place
        where = f" in {single_line(place)}" if self.several or "/" in place else ""
        name = single_line(f"{self._target.type_name}/{self._id}")
        if self.outline.matching is None:
            return name + where
        return f"{name}{where}, {amount(self.outline.matching, 'line')} found"

    def nothing(self) -> str:
        return super().nothing() if self.wanted else "an empty object"

    def command(self, source: StateSource) -> str:
        type_name, place = self._target.type_name, self._target.place
        if isinstance(source, CommandSource) and place:
            return source.object_command(type_name, self._id, place)
        return source.command(type_name, self._id)

    def copied(self) -> Any:
        return self.outline.value

    def enter(self, types: Collection[str]) -> Target | None:
        if self.cursor >= len(self):
            return None
        entry = self.outline.entries[self.cursor]
        target = self._link(entry, types)
        if target is None:
            self.moved = True
            if self.wanted:
                self.outline.reveal(entry.path)
                self.look_for("")
            else:
                with self._keeping_selection():
                    self.outline.toggle(entry)
        return target

    def expand(self, wanted: bool) -> bool:
        if self.cursor >= len(self):
            return False
        entry = self.outline.entries[self.cursor]
        if entry.expandable and entry.is_open != wanted:
            with self._keeping_selection():
                self.moved = True
                self.outline.toggle(entry, wanted)
            return True
        if not wanted and (entry.depth > 0 or entry.part is not None):
            above = entry.path if entry.part is not None else entry.path[:-1]
            index = self._index_of((above, None, False))
            if index is not None:
                self.move_to(index)
                return True
        return False

    def expand_all(self, wanted: bool) -> None:
        """Open or close everything."""
        with self._keeping_selection():
            self.outline.toggle_all(wanted)

    def _link(self, entry: Entry, types: Collection[str]) -> Target | None:
        if entry.part is not None or entry.hidden:
            return None
        place = self._target.place
        if isinstance(entry.value, dict | list):
            return None if entry.value else find_link(entry.path[-1], types, place)
        return (
            find_link(entry.value, types, place)
            or find_link(entry.path[-1], types, place)
            or find_relative(entry.path, entry.value, self._target.type_name, place)
        )


def _key(entry: Entry) -> Hashable:
    # A key may be empty, and what is hidden has no key.
    return (entry.path, entry.part, bool(entry.hidden))
