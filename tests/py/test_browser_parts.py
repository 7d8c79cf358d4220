"""What the state browser is made of, without a screen."""

from __future__ import annotations

import asyncio
import random
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.browser import order
from nodeobs.browser.bars import breadcrumbs, keys_line, place_lines
from nodeobs.browser.cells import CHANGED, DIM, LINK, cell_text, plain, same
from nodeobs.browser.completion import candidates, completed, type_before_id
from nodeobs.browser.grid import Grid, GridColumn, GridRow, Sorting
from nodeobs.browser.keys import KEYS, help_lines
from nodeobs.browser.links import Target, find_link, find_relative, parse_target
from nodeobs.browser.merged import merged_objects, merged_stuck, merged_types
from nodeobs.browser.objects_view import ObjectsView
from nodeobs.browser.order import Order
from nodeobs.browser.outline import Outline
from nodeobs.browser.pace import Pace
from nodeobs.browser.source import ObjectPage, ObjectRow, PlaceState, TypeRow
from nodeobs.browser.wanted import Wanted
from nodeobs.reports.shell_words import command_line
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.browser.entry import Entry


def sort(*values: Any, reverse: bool = False) -> list[Any]:
    return Order().sorted(values, lambda value: value, reverse=reverse)


def test_numbers_sort_as_numbers_and_what_is_missing_last() -> None:
    assert sort(10, None, 9.5, -1) == [-1, 9.5, 10, None]
    assert sort(10, None, 9.5, -1, reverse=True) == [10, 9.5, -1, None]
    assert sort("10", "9", "-3", 8) == ["-3", 8, "9", "10"]
    assert sort("item-10", "Item-9", "item") == ["item", "Item-9", "item-10"]


def test_values_of_any_kind_can_be_sorted_together() -> None:
    values = [
        3,
        "x",
        "3",
        True,
        None,
        {"a": 1},
        [1],
        "",
        "9" * 5000,
        "a1b22",
        "a1b",
        "1e5",
        1 << 70,
    ]
    expected = list(map(str, sort(*values)))
    for seed in range(20):
        shuffled = random.Random(seed).sample(values, len(values))
        assert list(map(str, sort(*shuffled))) == expected


def test_equal_values_keep_their_order() -> None:
    rows = [("a", 1), ("b", 1), ("c", 0)]
    for reverse, expected in ((False, "cab"), (True, "abc")):
        found = Order().sorted(rows, lambda row: row[1], reverse=reverse)
        assert "".join(name for name, _ in found) == expected


@pytest.mark.parametrize("text", ["jobs", "orders-api", "a.b", '"text"', "12", "[1]", "a + b", ""])
def test_what_is_no_condition_is_looked_for_as_text(text: str) -> None:
    wanted = Wanted(text)
    assert not wanted.is_filter
    assert wanted.note is None
    assert wanted.in_text(f"before {text} after")


def test_conditions_are_filters() -> None:
    assert Wanted("length > 4").matches({"length": 5})
    assert not Wanted("length > 4 && busy").matches({"length": 5})
    assert Wanted('id.startsWith("q")').matches({"id": "q-1"})
    assert Wanted("/^q/.test(id)").matches({"id": "q-1"})
    assert Wanted("!busy").matches({})


@pytest.mark.parametrize(
    "text", ["length >", "a ==", "(a && b", "x > 1 &&", "/[/.test(x)", "a = b!="]
)
def test_a_filter_with_a_mistake_says_so_and_is_a_text(text: str) -> None:
    wanted = Wanted(text)
    assert not wanted.is_filter
    assert wanted.note is not None
    assert wanted.note.startswith("not a filter, looked for as text: ")
    assert wanted.in_text(f"… {text} …")


def test_what_a_filter_asks_for() -> None:
    for text in ("place == 'a'", "n > 1 && !(n < 2 || /4/.test(place))", "this.place in ['a']"):
        assert Wanted(text).asks_for("place")
    for text in ("a.place == 1", "'place' == n", "place", "", "n in ['path', 'place']"):
        assert not Wanted(text).asks_for("place")


def test_capitals_count_where_there_are_some() -> None:
    assert Wanted("busy").in_text("BUSY")
    assert not Wanted("Busy").in_text("busy")


TYPES = {"queue", "queue/sub", "ns:queue", "flow"}


def test_links() -> None:
    assert find_link("queue:jobs", TYPES) == Target("queue", "jobs")
    assert find_link("flow/17", TYPES, "42") == Target("flow", "17", "42")
    assert find_link("queue/sub/7", TYPES) == Target("queue/sub", "7")
    assert find_link("ns:queue:a:b", TYPES) == Target("ns:queue", "a:b")
    for text in ("http://x", "queue", "queue:", "/queue/x", "", "x" * 2000, 17, None, ["queue:x"]):
        assert find_link(text, TYPES) is None


def test_relatives_are_of_the_same_type() -> None:
    assert find_relative(("parent",), 17, "flow") == Target("flow", "17")
    assert find_relative(("children", 0), "18", "flow", "42") == Target("flow", "18", "42")
    for path, value in (
        (("length",), 17),
        (("parent",), None),
        (("parent",), True),
        (("parent",), ""),
        (("parent",), {"a": 1}),
        ((), 1),
        ((0,), 1),
    ):
        assert find_relative(path, value, "flow") is None


def test_jumps() -> None:
    assert parse_target(" queue ", TYPES) == Target("queue")
    assert parse_target("queue/sub", TYPES) == Target("queue/sub")
    assert parse_target("queue/jobs/x", TYPES) == Target("queue", "jobs/x")
    assert parse_target("queue:jobs", TYPES) == Target("queue", "jobs")
    assert parse_target("nothing", TYPES) == Target("nothing")
    assert parse_target("nothing/like", TYPES) == Target("nothing", "like")


def test_completion() -> None:
    types = ["queue", "queue/sub", "flow"]
    assert candidates("q", types, []) == ["queue", "queue/sub"]
    assert candidates("queue/j", types, ["jobs", "junk", "x"]) == ["queue/jobs", "queue/junk"]
    assert type_before_id("queue/sub/x", types) == "queue/sub"
    assert type_before_id("queue", types) is None
    assert completed("q", ["queue", "queue/sub"]) == "queue"
    assert completed("queue/j", ["queue/jobs", "queue/junk"]) == "queue/j"
    assert completed("x", []) == "x"


@pytest.mark.parametrize(
    "word",
    ["plain", "a b", "it's", "\x1b[2J", "a\nb'c\\", "é\x1b0", "", "$(x)", "\u202eabc", "\t1"],
)
def test_command_lines_can_be_pasted(word: str) -> None:
    line = command_line(["printf", "%s", word])
    assert line.isprintable()
    shell = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert shell.stdout == word


def test_cells_are_bounded_whatever_is_in_them() -> None:
    deep, other = ["x"], ["x"]
    for _ in range(3000):
        deep, other = [deep], [other]  # type: ignore[list-item]
    assert cell_text({"a": [1, None, True, "t"], "b": {}}) == '{"a":[1,null,true,"t"],"b":{}}'
    assert cell_text(deep) == "[" * 20 + "…" + "]" * 20
    assert cell_text([{"k": "v" * 5000}] * 5000).startswith('[{"k":"vvv')
    for value in (float("inf"), float("nan"), 1 << 200, "\ud800", ["\ud800"], deep, "x" * 100_000):
        assert len(cell_text(value)) <= 1001
        assert cell_text(value).isprintable()
    assert same([1], [1])
    assert not same(deep, other)


def grid(rows: list[tuple[Any, ...]], **options: Any) -> Grid:
    names = [f"c{index}" for index in range(len(rows[0]))]
    columns = [GridColumn(name, name.upper()) for name in names]
    return Grid(columns, [GridRow(row[0], row, row) for row in rows], **options)


def test_a_table_is_narrowed_to_fit_and_no_further() -> None:
    wide = grid([("id", "x" * 90, "y" * 50)], width=80)
    assert wide.total_width == 80
    assert cell_width(plain(wide.line(0))) == 80
    crowded = grid([tuple("z" * 30 for _ in range(10))], width=80)
    assert crowded.total_width == 10 * 12 + 9 * 2
    assert grid([("id", "x" * 90)], width=200).total_width == 4 - 2 + 2 + 90


def test_a_table_aligns_numbers_and_wide_characters() -> None:
    lines = grid([("プロセス", 1, None), ("b", 1000, 5)])
    assert [plain(lines.header()), plain(lines.line(0)), plain(lines.line(1))] == [
        "C0          C1  C2",
        "プロセス     1   -",
        "b         1000   5",
    ]


def test_titles_are_bounded() -> None:
    title = "\x1b" + "n" * 300_000
    grid = Grid([GridColumn(title, title)], [GridRow(1, ("x",), None)], 40, Sorting(title))
    assert cell_width(plain(grid.header())) < 80
    assert plain(grid.header()).startswith("\\x1bnnn")
    assert "… ▲" in plain(grid.header())


def test_a_table_marks_what_changed() -> None:
    before = {row.key: row for row in grid([("a", 1, 2), ("b", 1, 2)]).rows}
    now = grid([("a", 1, 3), ("new", 1, 2)], before=before)
    assert [(text.strip(), style) for text, style in now.line(0) if style] == [("3", CHANGED)]
    assert [(text.strip(), style) for text, style in now.line(1) if style] == [("new", CHANGED)]


def test_the_title_that_was_clicked() -> None:
    table = grid([("abc", "defg")], sorting=Sorting("c1", reverse=True))
    assert plain(table.header()) == "C0   C1 ▼"
    assert [table.column_at(x) for x in (0, 4, 5, 8, 11, 99)] == [
        "c0",
        "c0",
        "c1",
        "c1",
        None,
        None,
    ]


def lines_of(outline: Outline, is_link: Callable[[Entry], bool] = lambda _: False) -> list[str]:
    return [plain(outline.line(index, is_link)) for index in range(len(outline.entries))]


def test_a_tree_opens_what_is_small_and_hides_what_is_long() -> None:
    outline = Outline({"small": {"a": 1}, "long": list(range(250)), "none": {}, "text": " x"})
    assert lines_of(outline) == [
        "▾ small",
        "    a: 1",
        "▸ long: 250 items [0, 1, 2, 3, 4, 5, …]",
        "  none: {}",
        '  text: " x"',
    ]
    outline.toggle(outline.entries[2])
    assert len(outline.entries) == 5 + 100 + 1
    assert lines_of(outline)[-3] == "    … 150 more (Enter)"
    outline.toggle(outline.entries[-3])
    assert len(outline.entries) == 5 + 250
    outline.toggle(outline.entries[2])
    assert len(outline.entries) == 5


def test_a_long_text_is_cut_until_it_is_opened() -> None:
    text = "x" * 65_536
    outline = Outline({"text": text, "lines": "a\nb\x1b[2J\tc"}, width=80)
    assert lines_of(outline) == [
        f"▸ text: {'x' * 51}… (65,536 characters)",
        "▸ lines: a\\nb\\x1b[2J\\tc… (9 characters)",
    ]
    outline.toggle(outline.entries[1])
    assert lines_of(outline)[2:] == ["    a", "    b\\x1b[2J\\tc"]
    outline.toggle(outline.entries[0])
    shown = lines_of(outline)
    assert max(map(cell_width, shown)) <= 100
    assert "".join(line.strip() for line in shown[1:-3]) == text


def test_a_tree_as_deep_as_it_likes_is_walked() -> None:
    value: Any = "end"
    for _ in range(1500):
        value = {"k": value}
    outline = Outline(value)
    outline.toggle_all(wanted=True)
    assert len(outline.entries) == 1500
    outline.look_for(Wanted("end"))
    assert outline.matching == 1
    assert len(outline.entries) == 1500


@pytest.mark.parametrize("value", [None, "text", 17, True, [], {}, [1]])
def test_anything_can_be_an_object(value: Any) -> None:
    outline = Outline(value)
    assert lines_of(outline) == {
        "None": ["  value: null"],
        "text": ["  value: text"],
        "17": ["  value: 17"],
        "True": ["  value: true"],
        "[1]": ["  [0]: 1"],
    }.get(str(value), [])


def test_a_tree_marks_what_changed_and_keeps_what_is_open() -> None:
    outline = Outline({"a": {"b": 1, "c": [1] * 9}, "d": "same"})
    outline.toggle(outline.entries[2])
    outline.replace({"a": {"b": 2, "c": [1] * 8 + [5]}, "d": "same", "e": 1})
    changed = [
        outline.entries[index].path
        for index in range(len(outline.entries))
        if outline.line(index, lambda _: False)[-1][1] == CHANGED
    ]
    assert changed == [("a", "b"), ("a", "c", 8), ("e",)]


def test_what_is_found_in_a_tree_is_shown_with_what_it_is_in() -> None:
    value = {"a": {"b": {"needle": 1}, "c": 2}, "d": [{"x": "a Needle"}], "e": 3}
    outline = Outline(value)
    outline.look_for(Wanted("needle"))
    assert lines_of(outline) == [
        "▾ a",
        "  ▾ b",
        "      needle: 1",
        "▾ d",
        "  ▾ [0]",
        "      x: a Needle",
    ]
    assert outline.matching == 2
    outline.reveal(("a", "b", "needle"))
    outline.look_for(Wanted(""))
    assert ("a", "b", "needle") in [entry.path for entry in outline.entries]


def test_links_are_underlined() -> None:
    outline = Outline({"owner": "worker:w1"})
    assert outline.line(0, lambda _: True)[-1] == ("worker:w1", LINK)
    assert Outline({"a": [1] * 200}).line(0, lambda _: False)[-1][1] == DIM


def test_bars_fit() -> None:
    steps = ["queue", "a" * 60, "b\x1b[2J"]
    for width in (20, 40, 80, 200):
        line = breadcrumbs("4242 (server.js)", steps, "every 1s", width)
        assert cell_width(line) == width
        assert "\x1b" not in line
        assert cell_width(keys_line(width)) <= width
    assert "… > b" in breadcrumbs("4242 (server.js)", steps, "every 1s", 60)
    assert keys_line(25).split() == ["?", "help", "q", "quit"]


def test_slow_answers_are_asked_for_less_often() -> None:
    pace = Pace(0.25)
    assert str(pace) == "every 0.25s"
    pace.note(0.6)
    assert str(pace) == "every 0.25s"
    pace.note(0.6)
    assert str(pace) == "every 0.25s (slow: 5.4s)"
    pace.note(9)
    pace.note(9)
    assert str(pace) == "every 0.25s (slow: 10.0s)"
    pace.begin()
    pace.note(9)
    assert str(pace) == "every 0.25s"
    pace.step(1)
    assert str(pace) == "every 0.5s"
    pace.toggle()
    assert str(pace) == "paused"


def test_places_that_are_gone_or_silent() -> None:
    states = [
        PlaceState("1", "1 (a.js)"),
        PlaceState("2", "2 (b.js)", ended="exited with code 3"),
        PlaceState("3", "3 (c.js)", silent_for=4.2),
    ]
    assert place_lines(states) == [
        "2 (b.js) exited with code 3; the last picture stays",
        "3 (c.js) is not answering for 4 s",
    ]
    assert states[0].has("1/2")
    assert not states[0].has("11")


def test_answers_are_merged() -> None:
    assert merged_types(
        {
            "1": [{"type": "q", "count": 2, "fields": ["a"]}, {"type": "k", "count": None}],
            "2": [{"type": "q", "count": 3, "fields": ["a", "b"]}, {"type": "k", "count": 4}],
        }
    ) == [TypeRow("q", 5, ("a", "b")), TypeRow("k", None)]
    page = merged_objects(
        {
            "1": {"fields": ["a"], "objects": [{"id": 1, "a": 2}], "total": 9, "truncated": True},
            "1/2": {"fields": ["b"], "objects": [{"id": "x"}, "no object"], "total": 5},
        }
    )
    assert page.fields == ("a", "b")
    assert [(row.place, row.id) for row in page.rows] == [("1", "1"), ("1/2", "x")]
    assert page.total == 10
    stuck = merged_stuck(
        {
            "1": {"stuck": [{"kind": "task", "type": "flow", "id": 1, "name": None, "age_ms": 5}]},
            "2": {"stuck": [{"age_ms": 9, "more": {"step": 2}}, 7], "total": 70},
        }
    )
    assert [(row.place, row.age_ms) for row in stuck.rows] == [("2", 9), ("1", 5)]
    assert stuck.total == 71
    assert stuck.rows[0].more == {"step": 2}


def test_what_is_cut_or_failed_is_told_of() -> None:
    page = merged_objects(
        {
            "1": {"cut": {"depth": 1, "string": 2}, "failed": {"total": 1, "first": []}},
            "2": {"cut": {"depth": 1}, "failed": {"total": 2, "first": [{"message": "oops"}]}},
            "3": {"cut": [], "failed": "?"},
        }
    )
    assert page.notes == ("4 values cut", "3 callbacks of the application threw: oops")


def test_every_key_does_one_thing_and_the_help_fits() -> None:
    names = [name for key in KEYS for name in key.names.split(",")]
    assert len(names) == len(set(names))
    assert len(help_lines()) <= 20
    assert all(len(does) <= 66 for _, does in help_lines())


def test_a_text_is_made_comparable_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def text_key(text: str) -> Any:
        made.append(text)
        return original(text)

    original = order._text_key
    monkeypatch.setattr(order, "_text_key", text_key)

    def page(*texts: str) -> ObjectPage:
        rows = [ObjectRow(str(index), "", {"text": text}) for index, text in enumerate(texts)]
        return ObjectPage(("text",), rows, len(rows))

    def shown() -> list[str]:
        return [row.cells[1] for row in view.grid.rows]

    view = ObjectsView("queue", 10)
    view.take(page("b", "a", "b"))
    assert made == []
    view.sort_by(2)
    assert sorted(made) == ["a", "b"]
    assert shown() == ["a", "b", "b"]
    view.sort_by(2)
    view.look_for("text != 'c'")
    view.take(page("a", "b", "a"))
    assert sorted(made) == ["a", "b"]
    assert shown() == ["b", "a", "a"]
    view.take(page("c1", "b", "a"))
    view.look_for("")
    assert sorted(made) == ["a", "b", "c1"]
    assert shown() == ["c1", "b", "a"]


def test_what_is_typed_sorts_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    sorts: list[int] = []

    class Counted(Order):
        def sorted(self, items: Any, value_of: Any, *, reverse: bool) -> list[Any]:
            sorts.append(len(items))
            return super().sorted(items, value_of, reverse=reverse)

    monkeypatch.setattr("nodeobs.browser.table_view.Order", Counted)
    view = ObjectsView("queue", 10)
    view.take(ObjectPage((), [ObjectRow(one, "", {}) for one in ("q-10", "q-9", "r")], 3))
    view.sort_by(1)
    for text in ("q", "q-", "q-9", ""):
        view.look_for(text)
    view.resize(40)
    assert sorts == [3]
    assert [row.cells[0] for row in view.grid.rows] == ["q-9", "q-10", "r"]


def test_a_long_key_leaves_room_for_its_value() -> None:
    outline = Outline({"n" * 300_000: 17}, width=40)
    text = plain(outline.line(0, lambda _entry: False))
    assert text == f"  {'n' * 59}…: 17"


def test_many_rows_are_made_ahead_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []

    def text_key(text: str) -> Any:
        made.append(threading.current_thread() is threading.main_thread())
        return original(text)

    original = order._text_key
    monkeypatch.setattr(order, "_text_key", text_key)

    def page(seed: int, count: int) -> ObjectPage:
        numbers = random.Random(seed).sample(range(count), count)
        rows = [ObjectRow(f"q-{one}", "", {"text": f"item-{one}"}) for one in numbers]
        return ObjectPage(("text",), rows, count)

    def shown(view: ObjectsView) -> list[Any]:
        return [row.key for row in view.grid.rows]

    ahead, usual = ObjectsView("queue", 10), ObjectsView("queue", 10)
    for view in (ahead, usual):
        view.take(page(1, 10))
        view.sort_by(2)
    made.clear()
    large, other = page(2, 6000), page(3, 7000)
    asyncio.run(ahead.prepare(large))
    assert shown(ahead) == shown(usual), "what is seen is not touched"
    ahead.take(large)
    assert made
    assert not any(made)
    usual.take(large)
    assert shown(ahead) == shown(usual)
    assert len(shown(ahead)) == 6000
    # What was made of another answer is not taken for this one's.
    asyncio.run(ahead.prepare(large))
    ahead.take(other)
    assert len(shown(ahead)) == 7000
    made.clear()
    asyncio.run(ahead.prepare(page(4, 10)))
    assert not made
