"""What is chosen of a log and printed: the shortcuts lead to the same as the long way."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nodeobs.filter import compile_filter
from nodeobs.filter.needed import needed_texts
from nodeobs.log import Renderer
from nodeobs.log.decode import decode, encode
from nodeobs.log.foreign import log_record
from nodeobs.log.output_mode import renderer_of
from nodeobs.log.record import is_record, line_of
from nodeobs.logfile.fields import FieldChoice
from nodeobs.logfile.lines import Fragment
from nodeobs.logfile.plain_lines import below, without
from nodeobs.logfile.selection import Selection
from nodeobs.logfile.span import Span
from nodeobs.logfile.stats import LogStats
from nodeobs.logfile.view import View

RECORD: dict[str, Any] = {
    "name": "api", "hostname": "box", "pid": 71, "level": 30, "msg": "hello",
    "time": "2026-11-23T08:53:00.123Z", "v": 0,
}  # fmt: skip

LEVELS = st.sampled_from([10, 20, 30, 40, 50, 60, 0, 35, 100, 30.0, "info", "error", "30", None])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats()
    | st.text(max_size=60) | st.sampled_from(['"level":50', "a b", "", "x" * 51, "two\nlines"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["level", "stack", "headers", "url"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
KEYS = st.sampled_from(
    ["level", "component", "req_id", "req", "res", "err", "src", "latency", "a b", "é", "pid",
     "msg", "hostname", "name", "time", "v", "line\nend"]
)  # fmt: skip
RECORDS = st.builds(
    lambda fields, level, front: (
        {"level": level, **RECORD, **fields} if front else {**RECORD, "level": level, **fields}
    ),
    st.dictionaries(KEYS, VALUES, max_size=5),
    LEVELS,
    st.booleans(),
)
JUNK = st.sampled_from(
    [b"", b"text", b'{"broken', b"{}", b'{"name":"x","v":0}', b'{"level":10}', b"[1]", b"\xff\0",
     b'{"name":"torn","level":10,"msg":"a{"name":"b","level":50,"msg":"x","v":0}']
)  # fmt: skip
LINES = st.lists(
    JUNK | RECORDS.map(lambda record: json.dumps(record, separators=(",", ":")).encode())
)


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@given(RECORDS, st.booleans(), st.booleans(), st.booleans())
@example({**RECORD, "req_id": []}, False, False, False)
@example({**RECORD, "pid": True}, False, False, False)
@example({**RECORD, "x": "\u202e", "msg": "\x1b[2J"}, False, True, False)
def test_ordinary_records_are_as_all_others(
    record: dict[str, Any], short: bool, color: bool, twice: bool
) -> None:
    renderer = Renderer("short" if short else "long", color=color)
    assert renderer.ordinary is not None
    if twice:
        renderer.ordinary.text({**RECORD, "level": record["level"]})
    shown = renderer.ordinary.text(record)
    if shown is not None:
        assert is_record(record)
        assert shown == renderer._line(line_of(record, short=short))


def test_most_records_are_ordinary() -> None:
    ordinary = Renderer().ordinary
    assert ordinary is not None
    for more in (
        {}, {"component": "db"}, {"req_id": "a-1"}, {"n": 5, "ok": True, "no": None, "t": "a b"},
        {"err": {"message": "m", "name": "E", "stack": "E: m\n  at x"}}, {"long": "x" * 60},
        {"req": {"method": "GET", "url": "/"}, "res": {"statusCode": 200}},
    ):  # fmt: skip
        assert ordinary.text({**RECORD, **more}) is not None


@given(LINES, st.sampled_from([10, 20, 30, 35, 50, 60, 100]))
def test_a_level_filter_is_the_same_without_the_shortcut(lines: list[bytes], level: int) -> None:
    plain = below(level)
    whole = joined(lines)
    for _ in range(3):  # by then it knows how many are left
        left = plain.others(whole) if lines else []
        in_order = iter(lines)
        assert all(line in in_order for line in left)
        assert [line for line in left if not plain.plain(line)] == [
            line for line in lines if not plain.plain(line)
        ]
    for line in lines:
        record = log_record(decode(line))
        if plain.plain(line) and record is not None:
            assert not Selection(level=level).takes(record)


@given(
    LINES,
    st.sampled_from([None, 30, 50]),
    st.sampled_from(["", "latency > 5", "err", "err.stack", "/lo/.test(msg)", "pid"]),
    st.booleans(),
    st.sampled_from(["long", "short", "simple", "json", "bunyan"]),
)
def test_lines_are_shown_one_by_one_as_together(
    lines: list[bytes], level: int | None, condition: str, strict: bool, mode: str
) -> None:
    filters = [compile_filter(condition)] if condition else []

    def view() -> View:
        return View(Renderer(mode), Selection(level=level, filters=filters, strict=strict))

    together, alone, units = view(), view(), view()
    shown = together.text(joined(lines)) if lines else b""
    assert shown == b"".join(alone.text(line + b"\n") for line in lines)
    assert shown == (b"".join(part for _, part in units.units(joined(lines))) if lines else b"")
    assert shown == b"".join(one_by_one(lines, Renderer(mode), level, filters, strict))


def one_by_one(
    lines: list[bytes], renderer: Renderer, level: int | None, filters: list[Any], strict: bool
) -> list[bytes]:
    """The long way."""
    shown = []
    for line in lines:
        value = decode(line)
        record = log_record(value)
        if record is None:
            plain = [] if level is None else [below(level)]
            plain += filter(None, (without(needed_texts(one.form)) for one in filters))
            hidden = strict or any(lines.plain(line) for lines in plain)
            shown += [] if hidden else [line + b"\n"]
            continue
        if level is not None and not compile_filter(f"!(level < {level})").matches(record):
            continue
        if not all(filter_.matches({**value, **record}) for filter_ in filters):
            continue
        if record is value:
            text = renderer.record(record, line)
            shown.append(line + b"\n" if renderer.mode == "bunyan" else encode(text))
        else:
            shown.append(encode(renderer.fields(record)))
    return shown


def lines_at(*minutes: int) -> list[bytes]:
    return [
        orjson.dumps({**RECORD, "time": f"2026-11-23T08:{minute:02}:00.000Z", "msg": str(minute)})
        for minute in minutes
    ]


def shown(selection: Selection, lines: list[bytes]) -> list[str]:
    view = View(Renderer("simple"), selection)
    return view.text(joined(lines)).decode().splitlines()


def test_a_span_of_time_has_the_lines_that_belong_to_its_records() -> None:
    lines = lines_at(1, 2, 3)
    mixed = [b"early", lines[0], b"of 1", lines[1], b"of 2", b"of 2 too", lines[2], b"of 3"]
    selection = Selection(span=Span("2026-11-23T08:02:00.000Z", "2026-11-23T08:03:00.000Z"))
    assert shown(selection, mixed) == ["INFO - 2", "of 2", "of 2 too"]
    assert shown(Selection(span=Span("2026-11-23T08:02:30.000Z", None)), mixed) == [
        "INFO - 3",
        "of 3",
    ]
    assert shown(Selection(span=Span(None, "2026-11-23T08:02:00.000Z")), mixed) == [
        "INFO - 1",
        "of 1",
    ]
    pino = b'{"level":30,"time":1795423320000,"msg":"pino"}'
    assert shown(Selection(span=Span("2026-11-23T08:01:30.000Z", None)), [pino]) == ["INFO - pino"]


def test_a_fragment_is_as_other_lines_that_are_no_records() -> None:
    parts = [Fragment(b"a" * 9), Fragment(b"\x1b["), Fragment(b"b\n")]
    view = View(Renderer("long"), Selection())
    assert b"".join(map(view.text, parts)) == b"".join(parts)
    view = View(Renderer("long", terminal=True), Selection())
    assert b"".join(map(view.text, parts)) == b"aaaaaaaaa\\x1b[b\n"
    assert View(Renderer("long"), Selection(strict=True)).text(parts[2]) == b""


@pytest.mark.parametrize(
    ("included", "hidden", "expected"),
    [
        ([], ["hostname", "pid"], "[T]  INFO: api: hello (n=5, req.url=/x)"),
        ([], ["time", "level", "name", "n"], "71 on box: hello (req.url=/x)"),
        (["n"], [], "[T]  INFO: api/71 on box: hello (n=5)"),
        (["req.url", "none"], ["n"], "[T]  INFO: api/71 on box: hello (req.url=/x)"),
        (["n"], ["name", "hostname", "pid"], "[T]  INFO: hello (n=5)"),
        ([], ["name", "hostname", "pid", "time", "level", "msg", "req.url"], "(n=5)"),
    ],
)  # fmt: skip
def test_fields(included: list[str], hidden: list[str], expected: str) -> None:
    record = {**RECORD, "n": 5, "req.url": "/x"}
    before = dict(record)
    view = View(Renderer("long"), Selection(), FieldChoice(included, hidden))
    text = view.text(orjson.dumps(record) + b"\n").decode()
    assert text.replace(RECORD["time"], "T").strip() == expected
    assert record == before


def test_fields_within_fields() -> None:
    record = {**RECORD, "req": {"url": "/x", "headers": {"a": "b"}}, "res": 5}
    choice = FieldChoice(["req.url", "req.headers.a", "res.none"], ["res.statusCode"])
    assert choice.of(record) == {**RECORD, "req.url": "/x", "req.headers.a": "b"}
    assert FieldChoice([], ["req.headers", "res.x"]).of(record) == {
        **RECORD, "req": {"url": "/x"}, "res": 5,
    }  # fmt: skip
    assert record["req"] == {"url": "/x", "headers": {"a": "b"}}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{time} {level} {msg}", "2026-11-23T08:53:00.123Z INFO hello"),
        ("{level|6}|{name|-6}|{none|3}|", "  INFO|api   |   |"),
        ("{req.url} {req['a b'][0]}", "/x 1"),
        ("{latency > 5 ? \"slow}\" : '{fast'}", "slow}"),
        ("{req || 5}{none || 7 | 3}", '{"url":"/x","a b":[1]}  7'),
        (r"{{{msg}}}\n\t\\", "{hello}\n\t\\"),
        ("{two}", "a\n    b"),
        ("", ""),
    ],
)
def test_templates(template: str, expected: str) -> None:
    record = {**RECORD, "req": {"url": "/x", "a b": [1]}, "latency": 9, "two": "a\nb"}
    renderer = renderer_of(f"template:{template}", color=False, terminal=False, local=False)
    assert renderer.fields(record) == expected + "\n"


def test_nothing_in_a_template_is_a_command_to_the_terminal() -> None:
    renderer = renderer_of("template:{msg} {level}", color=True, terminal=True, local=False)
    assert renderer.fields({**RECORD, "msg": "\x1b[2J"}) == "\\x1b[2J \x1b[36mINFO\x1b[39m\n"


@pytest.mark.parametrize("key", ["msg", "level", "name", "req_id", "time", "err", "x"])
@pytest.mark.parametrize("mode", ["long", "short", "simple", "json", "inspect", "template:{msg}"])
def test_what_is_nested_without_end_is_shown(key: str, mode: str) -> None:
    for depth in (150, 900, 100_000):
        deep = b'{"stack":' * (key == "err") + b"[" * depth + b"]" * depth + b"}" * (key == "err")
        record = {name: value for name, value in RECORD.items() if name != key}
        line = orjson.dumps(record)[:-1] + b',"%b":%b}' % (key.encode(), deep)
        view = View(renderer_of(mode, color=False, terminal=False, local=False), Selection(level=0))
        assert view.text(line + b"\n").endswith(b"\n")
        stats = LogStats(Selection(level=0))
        stats.read([line + b"\n"])
        assert stats.records + stats.other == 1
