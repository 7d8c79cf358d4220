"""What `nodeobs kang` prints, at 80 and 160 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.kang.collect import Collection
from nodeobs.kang.difference import difference
from nodeobs.kang.snapshot import Part, merge
from nodeobs.reports.kang import (
    difference_lines,
    failure_lines,
    object_tree,
    objects_table,
    services_table,
    types_table,
)
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from tests.py.conftest import Golden

WIDTHS = [80, 160, None]

CONFIG: dict[str, Any] = {
    "service": {"name": "ca", "component": "configsvc", "ident": "headnode", "version": "0.1.0vm"},
    "stats": {"started": "2026-03-20T17:03:59.221Z", "requests": 1709, "memory": {"rss": 10850304}},
    "types": ["instrumentation", "instrumenter", "idle"],
    "instrumentation": {
        "cust:12345;1": {
            "module": "node",
            "stat": "httpd_ops",
            "granularity": 1,
            "label": "requests of the front door, by operation, latency and the name of the tenant",
            "instrumenters": {"instrumenter:instr1": "enabled", "instrumenter:instr3": "disabled"},
        },
        "cust:12345;2": {"module": "syscall", "stat": "evil \x1b[2J\n", "granularity": 10},
    },
    "instrumenter": {
        "instr1": {"instrumentations": ["instrumentation:cust:12345;1"], "last_contact": None},
        "instr3": {"instrumentations": [], "last_contact": "2026-01-10T19:20:30.450Z"},
    },
    "idle": {},
}
AGENT: dict[str, Any] = {
    "service": {"name": "ca", "ident": "node-with-a-long-name.example.com", "version": "2"},
    "types": ["instrumenter"],
    "instrumenter": {"instr1": {"state": "プロセス", "last_contact": "now", "queue": 12.5}},
}


def collection(*raws: dict[str, Any]) -> Collection:
    parts = [
        Part(f"http://ca{index}.example.com:8080/kang/snapshot", raw)
        for index, raw in enumerate(raws)
    ]
    fields = {"instrumentation": ["stat", "granularity", "label"]}
    return Collection(parts=parts, snapshot=merge(parts), fields=fields)


FOUND = collection(CONFIG, AGENT)


@pytest.mark.parametrize("width", WIDTHS)
def test_services(golden: Golden, width: int | None) -> None:
    lines = services_table(FOUND.snapshot, width=width)
    golden(f"kang_services.{width or 'uncut'}", lines)
    assert width is None or max(map(cell_width, lines)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_types(golden: Golden, width: int | None) -> None:
    golden(f"kang_types.{width or 'uncut'}", types_table(FOUND, width=width))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("type_name", ["instrumentation", "instrumenter"])
def test_objects(golden: Golden, width: int | None, type_name: str) -> None:
    entries = [*FOUND.snapshot.entries(type_name)]
    lines = objects_table(entries, FOUND.columns(type_name), total=len(entries), width=width)
    golden(f"kang_{type_name}.{width or 'uncut'}", lines)
    assert width is None or max(map(cell_width, lines)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_with_more_fields_and_objects_than_there_is_room_for(
    golden: Golden, width: int | None
) -> None:
    wide = {f"field {index}": f"value {index}" * 3 for index in range(30)}
    found = collection(CONFIG | {"types": ["wide"], "wide": {"a": wide, "b": {}}})
    entries = [*found.snapshot.entries("wide")]
    fields = [*found.snapshot.fields_for("wide", entries)][1:]
    lines = objects_table(entries, fields, total=5000, width=width)
    golden(f"kang_wide.{width or 'uncut'}", lines)
    assert width is None or max(map(cell_width, lines)) <= width


def test_object(golden: Golden) -> None:
    lines: list[str] = []
    for entry in [
        *FOUND.snapshot.lookup("instrumentation", "cust:12345;1"),
        *FOUND.snapshot.lookup("instrumenter", "instr1"),
        *FOUND.snapshot.lookup("stats", "ca.configsvc.headnode"),
    ]:
        lines += object_tree(entry, FOUND.snapshot.links(entry.data))
    golden("kang_object", lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_difference(golden: Golden, width: int | None) -> None:
    later = CONFIG | {
        "stats": CONFIG["stats"] | {"requests": 1720, "memory": {"rss": 11000000}},
        "instrumenter": {"instr1": {"instrumentations": [], "why": "x" * 300}, "instr4": {}},
    }
    changes = difference(FOUND.snapshot, collection(later, AGENT).snapshot)
    golden(f"kang_diff.{width or 'uncut'}", difference_lines(changes, width=width))
    assert difference_lines([]) == ["no differences"]
    coloured = difference_lines(changes, colour=True)
    assert any(line.startswith("\x1b[32m+ ") for line in coloured)


def test_failures_are_lines_of_their_own() -> None:
    assert failure_lines(["host: it is\ngone"]) == ["! host: it is\\ngone"]
