"""Merging, following, comparing; and that no snapshot breaks any of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.py.kang_server import snapshot

from nodeobs.errors import NodeobsError
from nodeobs.kang.collect import Collection
from nodeobs.kang.difference import Change, FieldChange, difference
from nodeobs.kang.snapshot import Part, Snapshot, check, complaints, fault, merge
from nodeobs.reports import kang as reports
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).parents[1] / "fixtures"
NODE = os.environ.get("NODEOBS_TEST_NODE") or shutil.which("node")


def merged(*raws: dict[str, Any]) -> Snapshot:
    return merge(Part(f"http://host:{index}/", raw) for index, raw in enumerate(raws))


def test_an_object_is_there_as_often_as_it_is_reported() -> None:
    one = merged(
        snapshot("one", host={"a": {"up": True}, "b": "only text"}),
        snapshot("two", host={"a": {"up": False}}, empty={}),
    )
    assert one.types() == ["service", "stats", "host"]
    assert one.all_types() == ["service", "stats", "host", "empty"]
    assert one.ids("host") == ["a", "b"]
    assert [entry.data for entry in one.lookup("host", "a")] == [
        {"up": True, "origin": "svc.one", "host": "a"},
        {"up": False, "origin": "svc.two", "host": "a"},
    ]
    assert one.lookup("host", "b")[0].data == {
        "body": "only text",
        "origin": "svc.one",
        "host": "b",
    }
    assert one.lookup("service", "svc.two")[0].data["source"] == "http://host:1/"
    assert one.services() == ["svc.one", "svc.two"]
    assert one.plain_fields("host") == ["up", "body"]
    assert one.fields_for("host", one.entries("host")) == ["host", "body", "origin", "up"]


def test_names_of_services() -> None:
    def key(**service: Any) -> str:
        return merged({"service": service}).services()[0]

    assert key(name="a", ident="b", version="1") == "a.b"
    assert key(name="a", component="c", ident="b") == "a.c.b"
    assert key(name=5, component=None) == "5.null.undefined"


def test_references() -> None:
    one = merged(snapshot("one", **{"a/b": {"c": {}}, "host": {"x:y/z": {}}}))
    assert one.reference("host") == ("host", None)
    assert one.reference("host/x:y/z") == ("host", "x:y/z")
    assert one.reference("host:x:y/z") == ("host", "x:y/z")
    assert one.reference("a/b") == ("a/b", None)
    for words, message, hint in (
        ("hots", 'no type "hots"', "did you mean host?"),
        ("zzz/1", 'no type "zzz"', "list them: nodeobs kang … types"),
    ):
        with pytest.raises(NodeobsError) as raised:
            one.reference(words)
        assert (raised.value.message, raised.value.hint) == (message, hint)
    with pytest.raises(NodeobsError) as raised:
        one.found("host", "x:y/")
    assert raised.value.hint == "did you mean x:y/z?"


def test_links_are_found_in_keys_and_texts() -> None:
    one = merged(snapshot(host={"a:1": {}, "b": {}}))
    value = {"host:b": ["x", "host:a:1", {"n": "host:none"}], "t": "other:b", "host": "host:b"}
    assert one.links(value) == ["host:b", "host:a:1", "host:b"]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (None, "it is no object"),
        ([], "it is no object"),
        ({}, 'it has no "service"'),
        ({"service": "x"}, 'it has no "service"'),
        ({"service": {}, "types": {"a": 1}}, '"types" is no list'),
    ],
)
def test_what_is_no_snapshot(raw: Any, why: str) -> None:
    assert fault(raw) == why
    with pytest.raises(NodeobsError) as raised:
        check(raw, "host")
    assert raised.value.message == f"host: this is no kang snapshot: {why}"
    with pytest.raises(NodeobsError) as raised:
        check({"types": [], "schemas": {}}, "host")
    assert raised.value.hint == "this is a schema; the snapshot is beside it"


def test_what_services_leave_out_is_told() -> None:
    raw = snapshot(host=[1]) | {
        "types": ["host", 7, "gone"],
        "nodeobs": {
            "errors": [
                {"type": "host", "id": "a\x1b", "error": "get threw: boom\n"},
                {"error": "list_types threw: x"},
                "nonsense",
            ],
            "more": 7,
        },
    }
    assert complaints(Part("x", raw)) == [
        "svc.one: the objects of host are no object",
        "svc.one: a type is no text",
        r"svc.one: host/a\x1b: get threw: boom\n",
        "svc.one: list_types threw: x",
        "svc.one: 7 more like these",
    ]
    many = Collection(parts=[Part("x", snapshot() | {"types": [7] * 5000})])
    assert many.complaints()[-2:] == ["svc.one: a type is no text", "4,980 more like these"]
    raw["types"].append("nodeobs")
    assert complaints(Part("x", raw))[2:] == []


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    return difference(merged(before), merged(after))


def test_objects_that_came_went_and_changed() -> None:
    before = snapshot(
        host={"a": {"n": 1, "deep": {"list": [1, 2], "gone": None}}, "b": {}, "c": {}}
    )
    after = snapshot(host={"a": {"n": 2, "deep": {"list": [1, 3], "new": True}}, "c": {}, "d": {}})
    found = {(one.kind, one.entry.id): one.fields for one in changes(before, after)}
    assert set(found) == {("added", "d"), ("removed", "b"), ("changed", "a")}
    assert [(one.path, one.before, one.after) for one in found["changed", "a"]][:2] == [
        ("n", 1, 2),
        ("deep.list[1]", 2, 3),
    ]
    assert [one.path for one in found["changed", "a"]][2:] == ["deep.gone", "deep.new"]
    assert changes(before, before) == []


def test_true_is_not_one_and_one_is_one() -> None:
    old = snapshot(host={"a": {"x": True, "y": 1}})
    new = snapshot(host={"a": {"x": 1, "y": 1.0}})
    assert changes(old, new)[0].fields == (FieldChange("x", True, 1),)


def test_the_same_service_may_have_a_new_ident_when_it_is_alone() -> None:
    old, new = snapshot("host/1", job={"a": {"n": 1}}), snapshot("host/2", job={"a": {"n": 1}})
    (change,) = changes(old, new)
    assert change.kind == "changed"
    assert [(one.path, one.after) for one in change.fields] == [("ident", "host/2")]
    both = difference(merged(old, snapshot("x")), merged(new, snapshot("x")))
    assert sorted((one.kind, one.entry.type) for one in both) == [
        (kind, name) for kind in ("added", "removed") for name in ("job", "service", "stats")
    ]


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["a:b", "host:a", "service:a.b", "__proto__", "constructor", "7"])
)
keys = st.sampled_from(["a", "b", "7", "host:a", "__proto__", "toString", "origin", "ü", ""])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
wild_types = st.lists(keys | scalars, max_size=4) | values
wild = (
    st.fixed_dictionaries(
        {"service": st.dictionaries(st.sampled_from(["name", "ident", "component"]), values)},
        optional={
            "types": wild_types, "stats": values, "a": values, "b": values, "7": values,
            "nodeobs": values | st.fixed_dictionaries({"errors": values}),
        },
    )
    | values
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(wild, max_size=3), st.lists(wild, max_size=3))
def test_nothing_that_is_json_breaks_anything(first: list[Any], second: list[Any]) -> None:
    sides = []
    for raws in (first, second):
        parts = [Part("x", raw) for raw in raws if fault(raw) is None]
        found = Collection(parts=parts, snapshot=merge(parts))
        assert all(single_line(line) == line for line in found.complaints())
        sides.append(found)
        lines = [
            *reports.services_table(found.snapshot, width=80),
            *reports.types_table(found, width=80),
        ]
        for name in found.snapshot.all_types():
            entries = [*found.snapshot.entries(name)]
            fields = found.snapshot.fields_for(name, entries)
            lines += reports.objects_table(entries, fields, total=9, width=80)
            for entry in entries:
                lines += reports.object_tree(entry, found.snapshot.links(entry.data))
        assert all(single_line(line) == line for line in lines)
        json.dumps(found.snapshot.plain())
    found_changes = difference(sides[0].snapshot, sides[1].snapshot)
    assert all(single_line(line) == line for line in reports.difference_lines(found_changes))
    assert difference(sides[0].snapshot, sides[0].snapshot) == []


# What kang's merge takes without going wrong itself: no null for an object, no name of Object's.
names = st.sampled_from(["a", "b", "7", "host:a", "x:y", "origin", "ü", "\U0001f600", "\uffee", ""])
tame_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | names | st.just("host:a"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
tame_objects = st.dictionaries(
    names, st.dictionaries(names, tame_values, max_size=4) | st.just("text"), max_size=3
)
tame = st.builds(
    lambda service, component, types, stats, named: {
        "service": service | component,
        **stats,
        **types,
        "types": named,
        "source": {"protocol": "http", "host": "h", "port": 1, "path": "/p"},
    },
    st.fixed_dictionaries({"name": names, "ident": names}, optional={"version": names}),
    st.just({}) | st.fixed_dictionaries({"component": names}),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("host", "ü", "7"), tame_objects)),
    st.just({}) | st.fixed_dictionaries({"stats": st.dictionaries(names, tame_values, max_size=3)}),
    st.lists(st.sampled_from(["host", "ü", "7"]), unique=True),
)


@pytest.fixture(params=["kang", "nodeobs"])
def merge_of(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Any]]:
    """kang's merge, or ours in JavaScript."""
    if NODE is None:
        pytest.skip("there is no node")
    if request.param == "kang":
        version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True)
        if int(version.stdout[1:].split(".")[0]) >= 24:
            pytest.skip(f"kang's restify 4 does not load on Node {version.stdout.strip()}")
    command = [NODE, str(FIXTURES / "kang_merge.js"), request.param]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        to, back = process.stdin, process.stdout

        def ask(snapshots: Any) -> Any:
            to.write(json.dumps(snapshots).encode() + b"\n")
            to.flush()
            return json.loads(back.readline())

        yield ask
        to.close()


def test_generated_snapshots_merge_as_in_javascript(merge_of: Callable[[Any], Any]) -> None:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(tame, max_size=3))
    def compare(snapshots: list[dict[str, Any]]) -> None:
        theirs = merge_of(snapshots)
        ours = merge(Part("http://h:1/p", raw) for raw in snapshots)
        objects = ours.plain()
        for side in (objects, theirs["objects"]):
            for reported in (one for inner in side.values() for one in inner.values()):
                for data in reported:
                    if data.get("body") == "text":
                        data.pop("origin", None)  # kang gives none to texts
        assert objects == theirs["objects"]
        for name in ours.types():
            entries = [*ours.entries(name)]
            # The order of keys like "7" is JavaScript's own.
            assert sorted(ours.links([entry.data for entry in entries])) == sorted(
                theirs["links"][name]
            )
            without = [key for key in ours.fields_for(name, entries) if key != "origin"]
            assert without == [key for key in theirs["fields"][name] if key != "origin"]

    compare()
