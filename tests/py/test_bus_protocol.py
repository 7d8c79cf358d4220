"""Batches and topics."""

from __future__ import annotations

import pytest
from tests.py.fake_agent import header

from nodeobs.bus.protocol import NotJson, decode
from nodeobs.bus.topics import (
    level_number,
    level_prefixes,
    matches_probe,
    probe_prefix,
    probe_prefixes,
)
from nodeobs.errors import NodeobsError


def test_numbers_of_one_run_and_of_several() -> None:
    batch = decode(1, 0, [b"log.30.a", header(0, 3, at=40), b"1\n2\n3\n"])
    assert list(batch.numbers()) == [40, 41, 42]
    batch = decode(1, 0, [b"log.30.a", header(0, 3, runs=[40, 1, 50, 2]), b"1\n2\n3\n"])
    assert list(batch.numbers()) == [40, 50, 51]


def test_records_survive_a_line_that_is_not_json() -> None:
    batch = decode(1, 0, [b"log.30.a", header(0, 3), b'{"a":1}\noops {\n{"b":2}\n'])
    assert batch.records() == [{"a": 1}, "oops {", {"b": 2}]
    assert isinstance(batch.records()[1], NotJson)


def test_a_line_that_is_two_values_is_not_two_records() -> None:
    batch = decode(1, 0, [b"log.30.a", header(0, 2), b"1,2\n3\n"])
    assert batch.records() == [NotJson("1,2"), 3]


def test_half_a_character_is_json_and_nan_is_not() -> None:
    batch = decode(1, 0, [b"log.30.a", header(0, 2), b'{"msg":"\\ud83d"}\n{"a":NaN}\n'])
    assert batch.records() == [{"msg": "\ud83d"}, NotJson('{"a":NaN}')]


def test_lines_keep_the_bytes() -> None:
    batch = decode(1, 0, [b"log.30.a", header(0, 2), b'{"a": "\xff"}\n{}\n'])
    assert batch.lines() == [b'{"a": "\xff"}', b"{}"]
    assert decode(1, 0, [b"log.30.a", header(0, 0, at=0), b""]).lines() == []


@pytest.mark.parametrize(
    ("level", "topics"),
    [
        ("fatal", [60]),
        ("WARN", [40, 50, 60]),
        (35, [30, 40, 50, 60]),
        ("5", [10, 20, 30, 40, 50, 60]),
        (99, [60]),
    ],
)
def test_level_prefixes(level: str | int, topics: list[int]) -> None:
    assert level_prefixes(level) == [f"log.{topic}." for topic in topics]
    assert level_prefixes(level, "api")[0] == f"log.{topics[0]}.api"


@pytest.mark.parametrize(
    ("level", "hint"),
    [
        ("wran", "did you mean warn?"),
        ("zz", "levels are trace, debug, info, warn, error, fatal, or a number"),
        (-1, "levels are trace, debug, info, warn, error, fatal, or a number"),
    ],
)
def test_unknown_level(level: str | int, hint: str) -> None:
    with pytest.raises(NodeobsError) as raised:
        level_number(level)
    assert (raised.value.hint, raised.value.exit_code) == (hint, 2)


@pytest.mark.parametrize(
    ("glob", "prefix", "matching", "other"),
    [
        ("restify:route-start", "probe.restify.route-start", "restify:route-start", "a:b"),
        ("restify:route-*", "probe.restify.route-", "restify:route-done", "restify:handler-done"),
        ("rest*:x", "probe.rest", "restify:x", "restify:y"),
        ("route-*", "probe.", "any:route-start", "route:start"),
        ("restify", "probe.", "restify:anything", "restify2:anything"),
        ("*", "probe.", "a:b", ""),
        ("node:gc-*", "probe.node.gc-", "node:gc-done", "node:timer-lag"),
    ],
)
def test_probe_globs(glob: str, prefix: str, matching: str, other: str) -> None:
    assert probe_prefix(glob) == prefix
    assert matches_probe(glob, *matching.split(":"))
    assert not other or not matches_probe(glob, *other.split(":"))


@pytest.mark.parametrize(
    ("glob", "prefixes"),
    [
        ("*", ["probe."]),
        ("*:*", ["probe."]),
        ("restify:*", ["probe.restify."]),
        ("node:*", ["probe.node."]),
        ("gc-*", ["probe.", "probe.node.gc-"]),
        ("*:gc-done", ["probe.", "probe.node.gc-done"]),
        ("n*:gc-done", ["probe.n", "probe.node.gc-done"]),
        ("node", ["probe.", "probe.node."]),
    ],
)
def test_nodes_own_probes_are_named(glob: str, prefixes: list[str]) -> None:
    assert probe_prefixes(glob) == prefixes


@pytest.mark.parametrize("glob", ["channel:undici:request:create", "channel:::undici:request:*"])
def test_channels_have_colons_in_their_names(glob: str) -> None:
    assert probe_prefix(glob).startswith("probe.channel.undici:request:")
    assert matches_probe(glob, "channel", "undici:request:create")
    assert not matches_probe(glob, "channel", "undici:client:connected")
    assert not matches_probe(glob, "undici", "create")
