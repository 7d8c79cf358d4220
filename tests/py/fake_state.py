"""A source for the state browser that holds what a test puts into it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from tests.system.conftest import PATIENCE
from textual import events

from nodeobs.browser.app import Browser
from nodeobs.browser.prompt import Prompt
from nodeobs.browser.source import (
    ObjectPage,
    ObjectRow,
    PlaceState,
    StuckPage,
    StuckRow,
    TypeRow,
)
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.pilot import Pilot


# What a terminal sends as a character and Textual calls by a name.
_NAMES = {"/": "slash", ":": "colon", "?": "question_mark", "+": "plus", "-": "minus"}


class FakeState:
    """`types` holds fields and objects: {type: (fields, {(place, id): object})}.

    While `running` is cleared nothing is answered, like an event loop that hangs.
    """

    def __init__(self) -> None:
        self.title = "4242 (server.js)"
        self.held: dict[str, tuple[tuple[str, ...], dict[tuple[str, str], Any]]] = {}
        self.pending: list[StuckRow] = []
        self.states = [PlaceState("4242", "4242 (server.js)")]
        self.told: list[str] = []
        self.asked: list[tuple[Any, ...]] = []
        self.failure: NodeobsError | None = None
        self.running = asyncio.Event()
        self.running.set()

    def add(self, type_name: str, object_id: str, value: Any, place: str = "4242") -> None:
        self.held.setdefault(type_name, ((), {}))[1][(place, object_id)] = value

    def fields(self, type_name: str, *fields: str) -> None:
        self.held[type_name] = (fields, self.held.get(type_name, ((), {}))[1])

    async def types(self) -> list[TypeRow]:
        await self._answer("types")
        return [TypeRow(name, len(held), fields) for name, (fields, held) in self.held.items()]

    async def objects(self, type_name: str, *, limit: int) -> ObjectPage:
        await self._answer("objects", type_name, limit)
        if type_name not in self.held:
            raise NodeobsError("not_found", f'no type "{type_name}"', "list them: nodeobs state")
        fields, held = self.held[type_name]
        rows = [ObjectRow(key, place, value) for (place, key), value in held.items()]
        return ObjectPage(fields, rows[:limit], len(rows))

    async def get(self, type_name: str, object_id: str, place: str) -> Any:
        await self._answer("get", type_name, object_id, place)
        _, held = self.held.get(type_name, ((), {}))
        for (where, key), value in held.items():
            if key == object_id and place in ("", where):
                return value
        raise NodeobsError("not_found", f'no {type_name} "{object_id}"')

    def command(self, type_name: str | None, object_id: str | None) -> str:
        words = ["nodeobs state -p 4242"]
        if type_name is not None:
            words.append(type_name if object_id is None else f"{type_name}/{object_id}")
        return " ".join(words)

    async def stuck(self, older_s: float) -> StuckPage:
        await self._answer("stuck", older_s)
        rows = [row for row in self.pending if (row.age_ms or 0) >= older_s * 1000]
        return StuckPage(rows, len(rows))

    def stuck_command(self, older_s: float) -> str:
        return f"nodeobs state -p 4242 --stuck {older_s:g}s"

    def places(self) -> Sequence[PlaceState]:
        return self.states

    def notices(self) -> Sequence[str]:
        told, self.told = self.told, []
        return told

    async def _answer(self, *asked: Any) -> None:
        self.asked.append(asked)
        await self.running.wait()
        if self.failure is not None:
            raise self.failure


def screen_lines(app: Browser) -> list[str]:
    """What is on the screen, as plain text."""
    strips = app.screen._compositor.render_strips()
    return [strip.text.rstrip() for strip in strips]


async def press(pilot: Pilot[int], *keys: str) -> list[str]:
    """The screen after some keys. Pilot.press waits for the whole machine to be idle after each."""
    app = pilot.app
    assert isinstance(app, Browser)
    for key in keys:
        character = key if len(key) == 1 else None
        app.post_message(events.Key(_NAMES.get(key, key), character))
        await settled(pilot)
    return screen_lines(app)


async def type_in(pilot: Pilot[int], text: str) -> list[str]:
    """The screen after a text is typed or pasted into the prompt."""
    prompt = pilot.app.query_one(Prompt)
    prompt.insert_text_at_cursor(text)
    await settled(pilot)
    assert isinstance(pilot.app, Browser)
    return screen_lines(pilot.app)


async def settled(pilot: Pilot[int]) -> None:
    """All messages have been handled, and those which that gave rise to."""
    for _ in range(4):
        await pilot.pause(0)


async def until(pilot: Pilot[int], text: str, *, shown: bool = True) -> list[str]:
    """The screen, once it shows this, or no longer does."""
    app = pilot.app
    assert isinstance(app, Browser)
    ends = time.monotonic() + PATIENCE
    while any(text in line for line in screen_lines(app)) != shown:
        assert time.monotonic() < ends, "\n".join([f"waiting for {text!r}:", *screen_lines(app)])
        await pilot.pause(0.01)
    return screen_lines(app)
