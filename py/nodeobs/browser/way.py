"""The way from the types to what is looked at, and where it can go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nodeobs.browser.links import Target, parse_target
from nodeobs.browser.object_view import ObjectView
from nodeobs.browser.objects_view import ObjectsView
from nodeobs.browser.types_view import TypesView
from nodeobs.errors import NodeobsError
from nodeobs.log.json_text import stringify

if TYPE_CHECKING:
    from nodeobs.browser.known import Known
    from nodeobs.browser.source import StateSource
    from nodeobs.browser.view import View


class Way:
    """Views, each opened from the one before. `limit` is how many objects a table asks for."""

    def __init__(self, source: StateSource, known: Known, limit: int) -> None:
        self.limit = limit
        self._source = source
        self._known = known
        self._views: list[View] = [TypesView("types")]

    @property
    def view(self) -> View:
        """What is looked at."""
        return self._views[-1]

    @property
    def steps(self) -> list[str]:
        """The titles of what was opened."""
        return [view.title for view in self._views[1:]]

    def push(self, view: View) -> None:
        self._views.append(view)

    def back(self) -> bool:
        """One step; False at the beginning."""
        if len(self._views) == 1:
            return False
        self._views.pop()
        return True

    def leading_to(self, target: Target) -> View:
        """The next step, to a type or an object."""
        if target.object_id is None:
            return ObjectsView(target.type_name, self.limit)
        return ObjectView(target, self.view)

    async def leading_to_text(self, text: str) -> View:
        """The next step to a TYPE or TYPE/ID; where several places have the object, to the table
        of them."""
        await self._known.learn_types()
        target = parse_target(text, self._known.types)
        places = [] if target.object_id is None else await self._places_of(target)
        if len(places) < 2:
            return self.leading_to(replace(target, place="".join(places)))
        view = ObjectsView(target.type_name, self.limit)
        view.look_for(f"id == {stringify(target.object_id)}")
        return view

    async def _places_of(self, target: Target) -> list[str]:
        try:
            page = await self._source.objects(target.type_name, limit=self.limit)
        except NodeobsError:
            return []  # asking for the object will tell what is wrong
        return [row.place for row in page.rows if row.id == target.object_id]
