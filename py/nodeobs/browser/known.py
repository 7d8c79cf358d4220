"""What is known of a source by and by: its types for links, and ids for completion."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

from nodeobs.browser.completion import candidates, type_before_id
from nodeobs.browser.objects_view import ObjectsView
from nodeobs.browser.types_view import TypesView
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.browser.source import ObjectPage, StateSource, TypeRow
    from nodeobs.browser.view import View

# Seconds after which types are asked for again, where nobody looks at the list of them.
_AGE: Final = 10.0


class Known:
    """`types` in the order of the source."""

    def __init__(self, source: StateSource) -> None:
        self.types: dict[str, None] = {}
        self._source = source
        self._asked = -_AGE
        self._ids: dict[str, list[str]] = {}

    def note(self, view: View, answer: Any) -> None:
        """What an answer tells besides."""
        if isinstance(view, TypesView):
            self._note_types(answer)
        elif isinstance(view, ObjectsView):
            self._note_ids(view.type_name, answer)

    async def learn_types(self) -> None:
        """Ask for the types, unless that was just done."""
        if not self.types or time.monotonic() - self._asked > _AGE:
            self._asked = time.monotonic()
            with contextlib.suppress(NodeobsError):
                self._note_types(await self._source.types())

    async def learn_ids(self, text: str, limit: int) -> None:
        """Ask for the ids of the type that stands before a slash, the first time it does."""
        type_name = type_before_id(text, self.types)
        if type_name is not None and type_name not in self._ids:
            self._ids[type_name] = []
            with contextlib.suppress(NodeobsError):
                self._note_ids(type_name, await self._source.objects(type_name, limit=limit))

    def matches(self, text: str) -> list[str]:
        """What a text can be completed to."""
        type_name = type_before_id(text, self.types)
        return candidates(text, self.types, self._ids.get(type_name or "", []))

    def _note_types(self, rows: Sequence[TypeRow]) -> None:
        self.types = dict.fromkeys(row.name for row in rows)
        self._asked = time.monotonic()

    def _note_ids(self, type_name: str, page: ObjectPage) -> None:
        self._ids[type_name] = list(dict.fromkeys(row.id for row in page.rows))
