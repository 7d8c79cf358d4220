"""Reports as text, at the widths of small and large terminals and uncut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.discovery.processes import NodeProcess
from nodeobs.reports.level import changes_table
from nodeobs.reports.probes import (
    is_traced,
    kernel_line,
    kernel_notes,
    losses,
    probes_table,
)
from nodeobs.reports.processes import AgentReport, process_object, processes_table
from nodeobs.reports.quantities import duration, size
from nodeobs.reports.state import object_trees, objects_table, types_table
from nodeobs.reports.table import Column, cell_width, cut, table
from nodeobs.reports.values import tree, value_text

if TYPE_CHECKING:
    from tests.py.conftest import Golden

WIDTHS = [80, 160, None]


def process(pid: int, **fields: Any) -> NodeProcess:
    values: dict[str, Any] = {
        "pid": pid,
        "user": "app",
        "uid": 1000,
        "node_version": "20.20.2",
        "uptime": 9000.0,
        "cpu_percent": 1.25,
        "rss": 123_456_789,
        "app": "orders-api@1.4.2",
        "command": "node -r nodeobs/register server.js --port 8080",
        "start_time": 1,
        **fields,
    }
    return NodeProcess(**values)


PROCESSES = [
    (process(71, uptime=59.9, rss=512), AgentReport("ok", "0.1.0")),
    (process(4242, uptime=93784.0, cpu_percent=104.2), AgentReport("ok", "0.1.0", threads=3)),
    (
        process(4243, app=None, node_version=None, user="a-user-with-a-long-name"),
        AgentReport("no permission"),
    ),
    (process(4244, app="@scope/a-rather-long-package-name@10.20.30"), AgentReport("absent")),
    (
        process(1234567, command="node /srv/\x1b[2Jevil\n.js " + "--option=value " * 9),
        AgentReport("unknown version", protocol=2),
    ),
    (process(1234568, command="node プロセス.js"), AgentReport("no answer")),
]


@pytest.mark.parametrize("width", WIDTHS)
def test_processes(golden: Golden, width: int | None) -> None:
    lines = processes_table(PROCESSES, width=width)
    golden(f"processes.{width or 'uncut'}", lines)
    if width is not None:
        assert max(map(cell_width, lines)) <= width


def test_colour_changes_no_widths() -> None:
    plain = processes_table(PROCESSES, width=100)
    painted = processes_table(PROCESSES, width=100, colour=True)
    assert "\x1b[32m0.1.0\x1b[39m" in painted[1]
    assert plain != painted


def test_process_object_has_everything() -> None:
    found = process_object(*PROCESSES[1])
    assert found["agent"] == {"state": "ok", "version": "0.1.0", "reason": None, "threads": 3}
    assert (found["pid"], found["node"], found["rss"]) == (4242, "20.20.2", 123_456_789)


PROBES: list[tuple[tuple[int, int], dict[str, Any]]] = [
    (
        (4242, 0),
        {
            "provider": "restify",
            "module": "mod-1",
            "name": "route-start",
            "types": ["char *", "char *", "int", "char *", "char *", "json"],
            "fired": 1234567,
            "dropped": 12,
            "errors": 0,
            "listeners": ["nodeobs snoop[999]", "peer 7"],
        },
    ),
    (
        (4242, 2),
        {"provider": "demo", "module": "m", "name": "tick", "types": [], "fired": 0, "errors": 1},
    ),
]


@pytest.mark.parametrize("width", WIDTHS)
def test_probes(golden: Golden, width: int | None) -> None:
    golden(f"probes.{width or 'uncut'}", probes_table(PROBES, width=width))


def test_losses_of_probes() -> None:
    assert losses(PROBES) == [
        "thread 0: restify:route-start: 12 dropped",
        "thread 2: demo:tick: 1 failed (arguments threw)",
    ]
    assert losses(PROBES[:1]) == ["restify:route-start: 12 dropped"]


@pytest.mark.parametrize(
    ("kernel", "line"),
    [
        ({"state": "off", "reason": "no native part"}, "kernel tracers: off (no native part)"),
        ({"state": "off"}, "kernel tracers: off"),
        ({"state": "on", "reason": None}, None),
        (None, None),
    ],
)
def test_kernel_line(kernel: Any, line: str | None) -> None:
    assert kernel_line(kernel) == line


def test_what_kernel_tracers_do_not_see_as_usual() -> None:
    probe = {"provider": "shop", "name": "sold", "enabled": True}
    file = {"path": "/run/shop.so", "offset": 4100, "attached": True}
    memfd = {**file, "path": "/proc/7/fd/9", "reason": "/run is read-only", "attached": False}
    rows = [
        ((7, 0), {**probe, "kernel": kernel})
        for kernel in (file, memfd, memfd, {"reason": "the name is empty"}, None)
    ]
    rows.append(((7, 0), {**probe, "enabled": False, "kernel": {"reason": "never enabled"}}))
    assert kernel_notes(rows) == [
        "shop: kernel tracers find it by -p PID only (/run is read-only)",
        "shop:sold: kernel tracers cannot see it (the name is empty)",
    ]
    assert [is_traced(row) for _, row in rows] == [True, False, False, False, False, False]


TYPES: list[tuple[tuple[int, int], dict[str, Any]]] = [
    ((71, 0), {"type": "logger", "count": 12345, "fields": ["level", "records", "override"]}),
    ((4242, 0), {"type": "queue", "count": None, "fields": []}),
]

LISTS: list[tuple[tuple[int, int], dict[str, Any]]] = [
    (
        (71, 0),
        {
            "fields": ["id", "state", "size", "options"],
            "objects": [
                {"id": "jobs", "state": "busy", "size": 12, "options": {"deep": [1, None]}},
                {"id": "mails", "state": None, "size": 3.5, "options": "x" * 90},
            ],
            "total": 2,
            "truncated": False,
        },
    ),
    (
        (4242, 0),
        {
            "fields": ["state", "size"],
            "objects": [{"id": "later", "state": "tab\there\nand there", "size": -1}],
            "total": 5000,
            "truncated": True,
        },
    ),
]


@pytest.mark.parametrize("width", WIDTHS)
def test_types(golden: Golden, width: int | None) -> None:
    golden(f"types.{width or 'uncut'}", types_table(TYPES, width=width))


@pytest.mark.parametrize("width", WIDTHS)
def test_objects(golden: Golden, width: int | None) -> None:
    golden(f"objects.{width or 'uncut'}", objects_table(LISTS, width=width))


def test_object_tree(golden: Golden) -> None:
    value = {
        "pid": 71,
        "big": 1.5,
        "ok": True,
        "none": None,
        "empty": "",
        "list": [1, {"a": "b"}, []],
        "nothing": {},
        "memory": {"rss": 1, "heap": {"used": 2}},
        "evil": "\x1b]0;title\x07\n",
    }
    golden("object", object_trees([((71, 0), value), ((72, 0), "text")], "process/71"))


@pytest.mark.parametrize("width", [80, 160])
def test_level(golden: Golden, width: int) -> None:
    changes: list[tuple[tuple[int, int], dict[str, Any]]] = [
        ((71, 0), {"name": "api", "from": 30, "to": 20}),
        ((71, 0), {"name": "db", "from": 35, "to": 20}),
        ((71, 0), {"name": "none", "from": None, "to": 20}),
    ]
    golden(f"level.{width}", changes_table(changes, width=width))


def test_width_is_never_exceeded_where_titles_allow() -> None:
    columns = [Column("A", keep=2), Column("B", right=True), Column("COMMAND")]
    rows = [["a" * 50, "b" * 50, "日本語" * 20], ["", "", ""]]
    for width in range(20, 200, 7):
        assert max(map(cell_width, table(columns, rows, width=width))) <= width


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("a", 0, ""),
    ],
)
def test_cut(text: str, width: int, expected: str) -> None:
    assert cut(text, width) == expected
    assert cell_width(cut(text, width)) <= width


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.99, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (90061, "1d01h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (1023, "1023"),
        (1536, "2K"),
        (50 << 20, "50.0M"),
        (900 << 20, "900M"),
        (3 << 40, "3072G"),
    ],
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "true"),
        (3.0, "3"),
        (0.1, "0.1"),
        ("a b", "a b"),
        ([1, {"a": "é"}], '[1,{"a":"é"}]'),
    ],
)
def test_value(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_tree_of_a_plain_value() -> None:
    assert tree("a/b", 3) == ["a/b", "└─ value: 3"]


def test_titles_are_cleaned_and_cut_like_all_else() -> None:
    lines = table([Column("A\x1b[2J\n"), Column("B")], [["x", "y"]])
    assert lines == ["A\\x1b[2J\\n  B", "x           y"]
    fields = [{"fields": ["id", "\x1b[2J" + "n" * 300_000, "n" * 300_000], "total": 1}]
    fields[0]["objects"] = [{"id": "x" * 300_000, "n" * 300_000: "v" * 300_000}]
    for width in (20, 80):
        lines = objects_table([((1, 0), fields[0])], width=width)
        assert "\x1b" not in "".join(lines)
        assert max(map(cell_width, lines)) <= width
        assert all(line.endswith("…") for line in lines[:2])


def test_numbers_without_an_end() -> None:
    assert [value_text(value) for value in (float("inf"), float("-inf"), 1e300, 3.0)] == [
        "inf",
        "-inf",
        "1e+300",
        "3",
    ]
