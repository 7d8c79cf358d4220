"""The state browser as it looks, at the sizes of small and large terminals."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from tests.py.conftest import GOLDEN
from tests.py.fake_state import FakeState, press, screen_lines, type_in, until

from nodeobs.browser.app import Browser
from nodeobs.browser.source import ObjectPage, PlaceState, StuckRow
from nodeobs.errors import NodeobsError
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.py.conftest import Golden
    from textual.pilot import Pilot

SIZES = [(80, 24), (160, 50)]
SMALL = (80, 24)


def shop() -> FakeState:
    """A source like a small shop."""
    state = FakeState()
    state.fields("process", "node", "title", "uptime_s")
    state.add("process", "4242", {"node": "v20.20.2", "title": "node", "uptime_s": 61})
    state.fields("queue", "length", "pending", "owner", "note")
    for index in range(1, 13):
        state.add(
            "queue",
            f"q-{index}",
            {
                "length": index * 7 % 10,
                "pending": None if index % 3 else index * 100,
                "owner": f"worker:w{index % 2}",
                "note": "a note that is rather long, for a column " * 2 if index == 2 else "ok",
                "options": {"retries": [1, 2, 5], "deep": {"a": {"b": {"c": True}}}},
                "jobs": list(range(250)),
                "text": "first line\n" + "long " * 40,
                "empty": "",
                "nothing": {},
            },
        )
    state.fields("worker", "busy")
    state.add("worker", "w0", {"busy": False, "queue/q-1": "mine", "queues": ["queue:q-2"]})
    state.add("worker", "w1", {"busy": True})
    state.fields("flow")
    state.add("flow", "17", {"kind": "pipeline", "parent": "flow/3", "children": ["18"]})
    state.add("flow", "3", {"kind": "request"})
    state.pending = [
        StuckRow("pipeline", "createUser", "flow", "17", "4242", 41_000.0, {"step": "putBlob"}),
        StuckRow("request", "GET /x", "flow", "3", "4242", 2_500.0, {"step": None, "at": "a.js:1"}),
    ]
    return state


def browsed(
    state: FakeState,
    scenario: Callable[[Pilot[int]], Coroutine[Any, Any, None]],
    size: tuple[int, int] = SMALL,
    **options: Any,
) -> Browser:
    """Run a scenario in a browser that refreshes only when told to."""
    browser = Browser(state, **{"interval": 3600.0, **options})

    async def run() -> None:
        async with browser.run_test(size=size) as pilot:
            await pilot.pause()
            await scenario(pilot)

    asyncio.run(run())
    return browser


async def search(pilot: Pilot[int], text: str, *, accept: bool = True) -> list[str]:
    await press(pilot, "/")
    lines = await type_in(pilot, text)
    return await press(pilot, "enter") if accept else lines


@pytest.mark.parametrize("size", SIZES)
def test_a_tour(golden: Golden, size: tuple[int, int]) -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        def look(name: str, lines: list[str]) -> None:
            assert len(lines) == size[1]
            assert max(map(cell_width, lines)) <= size[0]
            golden(f"browser_{name}.{size[0]}", lines)

        look("types", await press(pilot))
        look("table", await press(pilot, "j", "enter"))
        look("sorted", await press(pilot, "2", "2", "j", "j"))
        look("filtered", await search(pilot, "length > 4"))
        look("object", await press(pilot, "end", "enter", "e"))
        look("found", await search(pilot, "work", accept=False))
        look("link", await press(pilot, "enter", "j", "enter"))
        look("paused", await press(pilot, "backspace", "p"))
        look("help", await press(pilot, "?"))
        await press(pilot, "escape", "p")
        look("stuck", await press(pilot, "s"))
        state.states = [PlaceState("4242", "4242 (server.js)", ended="exited with code 3")]
        state.failure = NodeobsError("ended", "4242 (server.js) exited with code 3")
        look("ended", await press(pilot, "r"))

    browsed(state, scenario, size, interval=10.0)


def cell_styles(app: Browser, text: str) -> list[str]:
    """The styles of the pieces of the screen that have a text."""
    strips = app.screen._compositor.render_strips()
    return [str(piece.style) for strip in strips for piece in strip if text in piece.text]


def selected(app: Browser) -> str:
    """The line that is shown in reverse, the bar at the top aside."""
    strips = app.screen._compositor.render_strips()[1:]
    reverse = [
        "".join(piece.text for piece in strip)
        for strip in strips
        if any(piece.style is not None and piece.style.reverse for piece in strip)
    ]
    return reverse[0].strip() if reverse else ""


def test_a_refresh_keeps_the_selection_the_order_and_the_place() -> None:
    state = FakeState()
    state.fields("queue", "length")
    for index in range(100):
        state.add("queue", f"q-{index}", {"length": index})

    async def scenario(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, Browser)
        await press(pilot, "enter", "2", "2")
        # Until it is moved, the selection is whatever is first.
        state.add("queue", "new", {"length": 1000})
        await press(pilot, "r")
        assert selected(app).startswith("new")
        before = await press(pilot, *["pagedown"] * 2, *["up"] * 3)
        chosen = selected(app)
        line = next(i for i, text in enumerate(before) if text.startswith(chosen.split()[0]))
        for index in range(5):
            state.add("queue", f"top-{index}", {"length": 2000 + index})
        after = await press(pilot, "r")
        assert selected(app).split() == chosen.split()
        assert after[line].startswith(chosen.split()[0])
        assert "LENGTH ▼" in after[1]
        # When it is gone, its neighbour is.
        del state.held["queue"][1]["4242", chosen.split()[0]]
        await press(pilot, "r")
        assert selected(app).split() == before[line + 1].split()

    browsed(state, scenario)


def test_what_changed_is_marked_once() -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, Browser)
        await press(pilot, "j", "enter", "end")
        assert not any("magenta" in style for style in cell_styles(app, "77"))
        state.held["queue"][1]["4242", "q-3"]["length"] = 77
        await press(pilot, "r")
        assert ["magenta" in style and "bold" in style for style in cell_styles(app, "77")] == [
            True
        ]
        await press(pilot, "r")
        assert ["magenta" in style for style in cell_styles(app, "77")] == [False]

    browsed(state, scenario)


def test_without_colours_what_changed_is_still_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, Browser)
        await press(pilot, "j", "enter", "end")
        state.held["queue"][1]["4242", "q-3"]["length"] = 77
        await press(pilot, "r")
        strips = app.screen._compositor.render_strips()
        filtered = [
            strip.apply_filter(f, app.screen.background_colors[1])
            for strip in strips
            for f in app._filters
            if f.enabled
        ]
        styles = [piece.style for strip in filtered for piece in strip if piece.style is not None]
        colours = {
            colour.name for style in styles for colour in (style.color, style.bgcolor) if colour
        }
        assert colours == {"default"}
        assert any(
            style.bold
            for strip in filtered
            for style in [p.style for p in strip if "77" in p.text]
            if style
        )

    browsed(state, scenario)


def test_many_objects_are_loaded_on_demand() -> None:
    state = FakeState()
    state.fields("order", "n")
    for index in range(100_000):
        state.add("order", str(index), {"n": index})

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "enter")
        assert lines[-3] == " 1/1,000  1,000 of 100,000 shown; m loads more"
        await press(pilot, "m")
        lines = await until(pilot, "1/10,000")
        assert lines[-3] == " 1/10,000  10,000 of 100,000 shown; m loads more"
        await press(pilot, "m")
        await until(pilot, "1/100,000")
        lines = await press(pilot, "end")
        assert lines[-3] == " 100,000/100,000  100,000 order"
        assert lines[-4].split() == ["99999", "99999"]
        await press(pilot, "m")
        assert [asked[2] for asked in state.asked if asked[0] == "objects"] == [
            1000,
            10_000,
            100_000,
        ]

    browsed(state, scenario)


def test_more_than_an_agent_answers_is_asked_for_once() -> None:
    state = FakeState()
    for index in range(2000):
        state.add("order", str(index), {})
    too_long = NodeobsError("too_long", "the answer is too long")
    answer = state.objects

    async def refuse(type_name: str, *, limit: int) -> ObjectPage:
        page = await answer(type_name, limit=limit)
        if limit > 1000:
            raise too_long
        return page

    state.objects = refuse  # type: ignore[method-assign]

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "enter", "m", "r", "r")
        assert lines[-3] == " 1/1,000  1,000 of 2,000 shown; no more: the answer is too long"
        limits = [asked[2] for asked in state.asked if asked[0] == "objects"]
        assert limits == [1000, 10_000, 1000, 1000]

    browsed(state, scenario)


def test_what_is_in_the_data_cannot_disturb_the_terminal() -> None:
    evil = "\x1b[2J\x1b]52;c;ZXZpbA==\x07\r\n\x9b31m\u202ebad"
    state = FakeState()
    state.title = evil
    state.states = [PlaceState("p", evil, silent_for=4.0)]
    state.fields(evil, evil)
    state.add(evil, evil, {evil: evil, "n": [evil, {evil: evil}]}, place=evil)
    state.told = [evil]

    async def scenario(pilot: Pilot[int]) -> None:
        for keys in (
            ("enter",),
            ("enter", "e"),
            ("/", "x"),
            ("escape", ":"),
            ("tab",),
            ("escape", "c"),
            ("y",),
        ):
            for line in await press(pilot, *keys):
                assert line.isprintable(), line
        assert any("\\x1b[2J" in line for line in screen_lines(app_of(pilot)))

    browsed(state, scenario)


def app_of(pilot: Pilot[int]) -> Browser:
    assert isinstance(pilot.app, Browser)
    return pilot.app


def test_a_large_object_is_cut_and_whole_on_demand() -> None:
    text = "".join(chr(97 + index % 26) for index in range(65_536))
    state = FakeState()
    state.add("blob", "b", {"text": text})

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "enter", "enter")
        assert lines[1].startswith("▸ text: abcdef")
        assert lines[1].endswith("… (65,536 characters)")
        lines = await press(pilot, "right", "end")
        assert lines[-4].strip() == text[-len(lines[-4].strip()) :]
        lines = await press(pilot, "left", "left")
        assert selected(app_of(pilot)).startswith("▸ text")
        await press(pilot, "y")
        assert orjson.loads(app_of(pilot).clipboard) == {"text": text}

    browsed(state, scenario)


def test_objects_rows_and_commands_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        app = app_of(pilot)
        driver = app._driver
        assert driver is not None
        written: list[str] = []
        monkeypatch.setattr(driver, "write", written.append)
        lines = await press(pilot, "y")
        assert re.search(r"copied as JSON \(\d+ characters\)", lines[-3])
        assert orjson.loads(app.clipboard)["type"] == "process"
        await press(pilot, "j", "enter", "j", "y")
        assert orjson.loads(app.clipboard)["id"] == "q-2"
        sent = [text for text in written if text.startswith("\x1b]52;c;")]
        assert base64.b64decode(sent[-1][len("\x1b]52;c;") : -1]).decode() == app.clipboard
        lines = await press(pilot, "enter", "c")
        assert app.clipboard == "nodeobs state -p 4242 queue/q-2"
        assert "copied: nodeobs state -p 4242 queue/q-2" in lines[-3]
        state.add("queue", "q-2", {"half": "\ud800", "long": "x" * 1_000_001})
        lines = await press(pilot, "r", "y")
        assert "not copied: 1,000,037 characters are" in lines[-3]

    browsed(state, scenario)


def test_jumping() -> None:
    state = shop()
    state.add("worker", "w1", {"busy": "other"}, place="77")

    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, ":")
        lines = await type_in(pilot, "q")
        assert lines[-3] == " queue"
        lines = await press(pilot, "tab", "tab")
        assert lines[-2] == " :queue/"
        assert lines[-3].startswith(" queue/q-1  queue/q-2  ")
        await type_in(pilot, "q-12")
        lines = await press(pilot, "enter")
        assert lines[0].startswith(" 4242 (server.js) > queue/q-12 ")
        assert "queue/q-12" in lines[-2]
        # An object of several places: which one is to be chosen.
        await press(pilot, ":")
        await type_in(pilot, "worker/w1")
        lines = await press(pilot, "enter")
        assert [line.split()[:2] for line in lines[1:4]] == [
            ["PLACE", "ID"],
            ["4242", "w1"],
            ["77", "w1"],
        ]
        # What is not there is told of, and one stays.
        await press(pilot, ":")
        await type_in(pilot, "nothing")
        lines = await press(pilot, "enter")
        assert 'no type "nothing" (list them: nodeobs state)' in lines[-3]
        assert lines[2].split()[:2] == ["4242", "w1"]
        # Esc leaves it at that.
        await press(pilot, ":")
        await type_in(pilot, "queue")
        lines = await press(pilot, "escape")
        assert lines[2].split()[:2] == ["4242", "w1"]
        await press(pilot, ":", "enter")

    browsed(state, scenario)


def test_the_command_line_filters_and_sorts_where_it_can() -> None:
    state = shop()

    def table_command(type_name: str, condition: str | None, sort: str | None) -> str:
        return f"{type_name} where {condition} by {sort}"

    def object_command(type_name: str, object_id: str, place: str) -> str:
        return f"{type_name} {object_id} of {place}"

    state.table_command = table_command  # type: ignore[attr-defined]
    state.object_command = object_command  # type: ignore[attr-defined]

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "j", "enter", "2")
        assert lines[-2] == " $ nodeobs state -p 4242 queue"
        lines = await press(pilot, "O")
        assert lines[-2] == " $ queue where None by length"
        lines = await search(pilot, "length > 4")
        assert lines[-2] == " $ queue where length > 4 by length"
        await press(pilot, "escape")
        lines = await search(pilot, "place == '4242'")
        assert "12 match; filter place" in lines[-3]
        assert lines[-2] == " $ queue where None by length"
        await press(pilot, "escape")
        await search(pilot, "length > 4")
        lines = await press(pilot, "1", "c")
        assert app_of(pilot).clipboard == "queue where length > 4 by id"
        lines = await press(pilot, "enter")
        assert lines[-2] == " $ queue q-1 of 4242"
        await press(pilot, "backspace")
        lines = await press(pilot, "escape", "0")
        assert lines[-2] == " $ nodeobs state -p 4242 queue"

    browsed(state, scenario)


def test_starting_somewhere() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        assert "busy: true" in (await until(pilot, "busy"))[1]
        lines = await press(pilot, "escape")
        assert lines[1].startswith("TYPE")

    browsed(shop(), scenario, at="worker/w1")

    async def missing(pilot: Pilot[int]) -> None:
        lines = await until(pilot, 'no queue "x"')
        assert lines[1].startswith("TYPE")

    browsed(shop(), missing, at="queue/x")


def test_filters() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        lines = await search(pilot, "flow")
        assert selected(app_of(pilot)).startswith("flow")
        lines = await press(pilot, "escape")
        assert lines[-3] == " 4 types"
        lines = await search(pilot, "count >=", accept=False)
        assert "not a filter, looked for as text: " in lines[-3]
        assert lines[2] == " nothing matches"
        lines = await type_in(pilot, " 2")
        assert [line.split()[0] for line in lines[2:5]] == ["queue", "worker", "flow"]
        # Esc in the prompt brings back what was there before.
        lines = await press(pilot, "escape")
        assert lines[-3] == " 4 types"
        await press(pilot, "j", "enter")
        lines = await search(pilot, 'place == "4242" && owner == "worker:w0" && length > 4')
        assert [line.split()[0] for line in lines[2:4]] == ["q-4", "q-8"]
        lines = await press(pilot, "backspace")
        assert lines[1].startswith("TYPE")

    browsed(shop(), scenario)


def test_an_event_loop_that_hangs_blocks_nothing() -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        state.running.clear()
        state.states = [PlaceState("4242", "4242 (server.js)", silent_for=4.0)]
        await press(pilot, "r")
        lines = await until(pilot, "4242 (server.js) is not answering for 4 s; 4 types")
        lines = await press(pilot, "j", "enter")
        assert lines[1] == " waiting for the answer …"
        lines = await press(pilot, "?", "escape", "escape")
        assert lines[1].startswith("TYPE")
        await press(pilot, "enter")
        state.states = [PlaceState("4242", "4242 (server.js)")]
        state.told = ["4242 (server.js): event loop answers again, after 4.0 s"]
        state.running.set()
        lines = await until(pilot, "q-1")
        assert "answers again, after 4.0 s" in lines[-3]

    browsed(state, scenario)


def test_what_vanishes_meanwhile() -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, "j", "enter", "enter")
        del state.held["queue"][1]["4242", "q-1"]
        lines = await press(pilot, "r")
        assert 'no queue "q-1"' in lines[-3]
        assert lines[1].startswith("  length: 7")
        lines = await press(pilot, "backspace")
        assert lines[2].startswith("q-2")
        del state.held["queue"][1]["4242", "q-2"]
        lines = await press(pilot, "enter")
        assert 'no queue "q-2"' in lines[-3]
        assert lines[2].startswith("q-3")
        del state.held["queue"]
        lines = await press(pilot, "r")
        assert 'no type "queue"' in lines[-3]
        assert lines[2].startswith("q-3")
        lines = await press(pilot, "backspace")
        assert lines[2].split()[0] == "process"
        assert lines[3].split()[0] == "worker"

    browsed(state, scenario)


def test_one_of_several_ends_and_the_others_go_on() -> None:
    state = FakeState()
    state.fields("queue", "length")
    state.add("queue", "jobs", {"length": 1}, place="1")
    state.add("queue", "jobs", {"length": 2}, place="2")
    state.states = [PlaceState("1", "1 (a.js)"), PlaceState("2", "2 (b.js)")]

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "enter")
        assert [line.split() for line in lines[1:4]] == [
            ["PLACE", "ID", "LENGTH"],
            ["1", "jobs", "1"],
            ["2", "jobs", "2"],
        ]
        await press(pilot, "G")
        state.states[0] = PlaceState("1", "1 (a.js)", ended="has ended")
        state.add("queue", "jobs", {"length": 3}, place="2")
        lines = await press(pilot, "r")
        assert "1 (a.js) has ended; the last picture stays" in lines[-3]
        assert lines[3].split() == ["2", "jobs", "3"]
        assert all("dim" in style for style in cell_styles(app_of(pilot), "1    "))
        lines = await press(pilot, "enter")
        assert "queue/jobs in 2" in lines[-3]

    browsed(state, scenario)


def test_pausing_asks_nothing() -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        asked = len(state.asked)
        await press(pilot, "-", "+", "down", "up")
        assert len(state.asked) == asked
        lines = await press(pilot, "space")
        assert "every 0.25s" in lines[0]
        await until(pilot, "types")
        while len(state.asked) == asked:
            await pilot.pause(0.01)

    browsed(state, scenario, interval=0.25)


def test_the_interval() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        shown = [(await press(pilot, key))[0].split()[-1] for key in "+---+"]
        assert shown == ["0.5s", "1s", "2s", "5s", "2s"]
        for key in "++++++":
            lines = await press(pilot, key)
        assert lines[0].split()[-1] == "0.25s"

    browsed(shop(), scenario, interval=1.0)


def test_the_mouse_sorts_selects_and_opens() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        await pilot.click("LineList", offset=(10, 0))
        lines = screen_lines(app_of(pilot))
        assert "COUNT ▲" in lines[1]
        await pilot.click("LineList", offset=(2, 4))
        assert selected(app_of(pilot)).startswith(lines[5].split()[0])
        await press(pilot, "/")
        await type_in(pilot, "f")
        await pilot.click("LineList", offset=(2, 1))
        lines = await press(pilot, "l")
        assert lines[-2] == " /fl"
        await press(pilot, "escape")
        await pilot.double_click("LineList", offset=(2, 4))
        await pilot.pause()
        assert " > " in screen_lines(app_of(pilot))[0]

    browsed(shop(), scenario)


def test_stuck_things_lead_to_their_objects_and_back() -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "s", "s")
        assert [line.split()[0] for line in lines[2:3]] == ["41s"]
        assert lines[-3] == " 1 pending for more than 5s; s: 30s"
        lines = await press(pilot, "enter")
        assert "parent: flow/3" not in lines
        lines = await press(pilot, "j", "enter")
        assert lines[-2] == " $ nodeobs state -p 4242 flow/3"
        lines = await press(pilot, "escape", "end", "enter")
        assert 'no flow "18"' in lines[-3]
        lines = await press(pilot, "escape", "s", "s")
        assert lines[2] == " nothing has been pending for 300 seconds"

    browsed(state, scenario)


def test_a_source_without_more_is_enough() -> None:
    class Plain:
        title = "kang"

        def __init__(self) -> None:
            state = shop()
            self.types, self.objects, self.get = state.types, state.objects, state.get
            self.command = state.command

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "s")
        assert "what is stuck cannot be told here" in lines[-3]
        assert lines[1].startswith("TYPE")

    browsed(Plain(), scenario)  # type: ignore[arg-type]


def test_sizes_from_tiny_to_wide() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, "j", "enter")
        for size in ((20, 6), (400, 100), (10, 3), (80, 24)):
            await pilot.resize_terminal(*size)
            lines = await press(pilot, "down")
            assert max(map(cell_width, lines)) <= size[0]
        lines = await press(pilot, "home")
        assert lines[2].startswith("q-1")
        assert lines[-2] == " $ nodeobs state -p 4242 queue"

    browsed(shop(), scenario)


def test_a_wide_table_is_scrolled() -> None:
    state = FakeState()
    names = [f"column{index}" for index in range(20)]
    state.fields("wide", *names)
    state.add("wide", "w", dict.fromkeys(names, "a value of some length"))

    async def scenario(pilot: Pilot[int]) -> None:
        lines = await press(pilot, "enter")
        assert "COLUMN19" not in lines[1]
        lines = await press(pilot, *["l"] * 40)
        assert lines[1].endswith("COLUMN19")
        lines = await press(pilot, *["h"] * 40)
        assert lines[1].startswith("ID")

    browsed(state, scenario)


def test_leaving() -> None:
    for keys, code in ((["q"], 0), (["/", "x", "ctrl+c"], 130), (["?", "ctrl+c"], 130)):

        async def scenario(pilot: Pilot[int], keys: list[str] = keys) -> None:
            await press(pilot, *keys)

        assert browsed(shop(), scenario).return_value == code


def test_a_larger_terminal_shows_what_was_above() -> None:
    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, "down", "enter", "G")
        await pilot.resize_terminal(80, 8)
        assert not any(line.startswith("q-1 ") for line in await settled_lines(pilot))
        await pilot.resize_terminal(80, 30)
        lines = await settled_lines(pilot)
        assert lines[2].startswith("q-1 ")
        assert lines[13].startswith("q-12 ")

    async def settled_lines(pilot: Pilot[int]) -> list[str]:
        return await press(pilot, "G")

    browsed(shop(), scenario)


def test_what_is_told_goes_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodeobs.browser.condition._MESSAGE_STAYS", 0.2)
    state = shop()
    state.told = ["something happened", "and more"]

    async def scenario(pilot: Pilot[int]) -> None:
        await until(pilot, "something happened; and more; 4 types")
        await until(pilot, "something happened", shown=False)

    browsed(state, scenario)


def test_a_mistake_of_ours_is_told_of_without_pages_of_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    state = shop()

    async def scenario(pilot: Pilot[int]) -> None:
        state.failure = ZeroDivisionError("oops")  # type: ignore[assignment]
        await press(pilot, "r")

    browser = Browser(state, interval=3600.0)

    async def run() -> None:
        async with browser.run_test(size=SMALL) as pilot:
            await scenario(pilot)

    with pytest.raises(Exception, match="oops"):
        asyncio.run(run())
    assert browser.failure is not None
    assert "oops" in str(browser.failure)
    assert capfd.readouterr().err == ""


def test_the_pictures_of_the_manual_are_real() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "browser.md").read_text()
    pictures = re.findall(r"^```text\n(.*?)^```$", manual, re.DOTALL | re.MULTILINE)
    assert len(pictures) == 2
    for name, picture in zip(("filtered", "object"), pictures, strict=True):
        screen = (GOLDEN / f"browser_{name}.80.txt").read_text()
        assert [line for line in screen.splitlines() if line] == picture.splitlines()


def test_a_link_leads_to_wherever_the_object_is() -> None:
    state = FakeState()
    state.add("worker", "w1", {"queue": "queue:jobs", "other": "queue:gone"}, place="1")
    state.add("queue", "jobs", {"length": 7}, place="2")
    state.states = [PlaceState("1", "1 (a.js)"), PlaceState("2", "2 (b.js)")]

    async def scenario(pilot: Pilot[int]) -> None:
        await press(pilot, "enter", "enter")
        lines = await press(pilot, "enter")
        assert lines[1] == "  length: 7"
        assert lines[-3] == " queue/jobs in 2"
        # A row that is gone is not looked for elsewhere.
        state.add("worker", "w1", {"busy": True}, place="2")
        await press(pilot, "escape", "escape")
        del state.held["worker"][1]["1", "w1"]
        lines = await press(pilot, "enter")
        assert 'no worker "w1"' in lines[-3]

    browsed(state, scenario)


def test_an_answer_that_arrives_when_it_is_left_does_no_harm() -> None:
    state = shop()
    browser = Browser(state, interval=3600.0)

    async def run() -> None:
        async with browser.run_test(size=SMALL) as pilot:
            await pilot.pause()
            state.running.clear()
            await press(pilot, "r")
            original = browser._close_all

            async def close_all() -> None:
                await original()
                state.running.set()
                # As long as it takes the answer to be shown, and the types to be learnt.
                for _ in range(20):
                    await asyncio.sleep(0)

            browser._close_all = close_all  # type: ignore[method-assign]

    asyncio.run(run())
    assert browser.failure is None
