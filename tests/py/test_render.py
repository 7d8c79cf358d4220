"""What records and firings look like, beyond what tests/system/test_bunyan_parity.py compares."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.log import MODES, Renderer
from nodeobs.log.json_text import stringify
from nodeobs.log.style import process_style, visible, visible_json

RECORD: dict[str, Any] = {
    "name": "api",
    "hostname": "box",
    "pid": 71,
    "level": 30,
    "msg": "hello",
    "time": "2026-11-23T08:53:00.123Z",
    "v": 0,
}
FIRING: dict[str, Any] = {
    "provider": "restify",
    "module": "mod-1",
    "probe": "route-start",
    "pid": 71,
    "tid": 0,
    "time": "2026-11-23T08:53:00.123Z",
    "args": ["api", "getuser", 7, {"a": [1.0, None]}, "x" * 60],
}


def show(mode: str = "long", *, color: bool = False, terminal: bool = False, **more: Any) -> str:
    record = {**RECORD, **more}
    renderer = Renderer(mode, color=color, terminal=terminal)
    return renderer.record(record, orjson.dumps(record))


def test_firings_read_like_log_records() -> None:
    raw = orjson.dumps(FIRING)
    assert Renderer("long").firing(FIRING, raw) == (
        '[2026-11-23T08:53:00.123Z] PROBE: restify/71: route-start "api" "getuser" 7 '
        '{"a":[1,null]} …\n'
        f'    args[4]: "{"x" * 60}"\n'
    )
    assert Renderer("short").firing(FIRING, raw) == (
        '08:53:00.123Z PROBE restify: route-start "api" "getuser" 7 {"a":[1,null]} '
        f'"{"x" * 60}"\n'
    )
    assert (
        Renderer("simple")
        .firing(FIRING, raw)
        .startswith('PROBE - restify:route-start "api" "getuser" 7 ')
    )
    assert Renderer("bunyan").firing(FIRING, raw) == raw.decode() + "\n"
    assert orjson.loads(Renderer("json").firing(FIRING, raw)) == FIRING


def test_colours_are_bunyans() -> None:
    assert show(color=True, src={"file": "a.js", "line": 3}, k=1) == (
        "[2026-11-23T08:53:00.123Z] \x1b[36m INFO\x1b[39m: api/71 on box"
        "\x1b[32m (a.js:3)\x1b[39m: \x1b[36mhello\x1b[39m (k=1)\n"
    )
    assert "\x1b[7mFATAL\x1b[27m" in show(color=True, level=60)
    assert "] LVL35: " in show(color=True, level=35)
    assert show(color=True, msg="two\nlines").endswith("    \x1b[36mtwo\n    lines\x1b[39m\n")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "attack",
    [
        "\x1b[2J\x1b[H",
        "\x1b]0;title\x07",
        "\x9b31m",
        "\x08\x08\x7f",
        "over\rwritten",
        "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    ],
)
def test_a_record_cannot_drive_the_terminal(mode: str, attack: str) -> None:
    everywhere: dict[str, Any] = {
        "msg": attack, "name": attack, "hostname": attack, "component": attack, "req_id": attack,
        "k": attack, attack: attack, "long": attack * 30, "err": {"stack": attack},
        "req": {"method": attack, "url": attack, "headers": {attack: attack}},
        "src": {"file": attack, "line": 1}, "time": attack, "level": attack,
    }  # fmt: skip
    shown = show(mode, terminal=True, **everywhere)
    assert all(c == "\n" or c.isprintable() for c in shown)
    firing = {**FIRING, "provider": attack, "probe": attack, "args": [attack, {attack: attack}]}
    shown = Renderer(mode, terminal=True).firing(firing, orjson.dumps(firing))
    assert all(c == "\n" or c.isprintable() for c in shown)
    line = f"not json {attack}".encode()
    assert all(c == "\n" or c.isprintable() for c in Renderer(mode, terminal=True).raw(line))


def test_what_is_made_safe_stays_readable() -> None:
    assert visible("a\x1b[31m\tb\nc\x9b") == "a\\x1b[31m\tb\nc\\x9b"
    assert visible("naïve ☃ \N{GRINNING FACE}") == "naïve ☃ \N{GRINNING FACE}"
    line = orjson.dumps({"a": "\x1b\x7f\x9b☃\N{RIGHT-TO-LEFT OVERRIDE}"})
    assert orjson.loads(visible_json(line)) == orjson.loads(line)


@pytest.mark.parametrize("field", ["name", "hostname", "component", "req_id", "time", "a\nb"])
def test_a_record_cannot_forge_another(field: str) -> None:
    fields: dict[str, Any] = {field: "x\n[2026-11-23T08:53:00.123Z] FATAL: api/71 on box: forged"}
    shown = show(**fields)
    assert not any(line.startswith("[2026-11-23T08:53:00.123Z] FATAL") for line in
                   shown.splitlines())  # fmt: skip


@pytest.mark.parametrize("missing", ["v", "level", "name", "hostname", "pid", "time", "msg"])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_no_record_comes_as_it_is(mode: str, missing: str) -> None:
    for record in ({**RECORD, missing: None}, {k: v for k, v in RECORD.items() if k != missing}):
        raw = orjson.dumps(record)
        assert Renderer(mode).record(record, raw) == raw.decode() + "\n"


def test_header_blocks_look_the_same_on_a_terminal() -> None:
    res = {"header": "HTTP/1.1 200 OK\r\nDate: now\r\n\r\n"}
    for terminal in (False, True):
        assert "    HTTP/1.1 200 OK\n    Date: now\n" in show(terminal=terminal, res=res)


def test_trailers_are_shown() -> None:
    shown = show(req={"method": "GET", "url": "/", "trailers": {"x-sum": "1"}})
    assert "    GET / HTTP/1.1\n    x-sum: 1\n" in shown


def test_times_of_another_zone_are_shown_in_utc_in_the_short_form() -> None:
    assert show("short", time="2026-11-23T10:53:00.123+02:00").startswith("08:53:00.123Z ")
    assert show("short", time="yesterday").startswith("yesterday ")


def test_the_same_pid_has_the_same_colour() -> None:
    assert process_style(4242) == process_style(4242)
    assert len({process_style(pid) for pid in range(4242, 4248)}) == 6


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
keys = st.sampled_from(
    ["msg", "level", "time", "name", "hostname", "pid", "component", "req_id", "src", "req", "res",
     "client_req", "client_res", "err", "headers", "body", "other"]
)  # fmt: skip


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    st.dictionaries(keys, values | st.dictionaries(keys, values)),
    st.sampled_from(MODES),
    st.booleans(),
)
def test_no_record_is_too_strange(fields: dict[str, Any], mode: str, terminal: bool) -> None:
    record = {**RECORD, **fields}
    renderer = Renderer(mode, terminal=terminal)
    assert renderer.record(record, b"{}").endswith("\n")
    assert renderer.firing({**FIRING, **fields}, b"{}").endswith("\n")


def test_json_is_written_as_javascript_writes_it() -> None:
    value = {"a": [1.0, -0.0, 1e21, 1e-7, 2**60, float("nan")], "b": {}, "c": [], "d": "\ud83d\x7f"}
    assert stringify(value) == (
        '{"a":[1,0,1e+21,1e-7,1152921504606847000,null],"b":{},"c":[],"d":"\\ud83d\x7f"}'
    )
    assert stringify({"a": [1.5, {}]}, 2) == '{\n  "a": [\n    1.5,\n    {}\n  ]\n}'
    assert (
        stringify({"a": [True, None]}, 4) == '{\n    "a": [\n        true,\n        null\n    ]\n}'
    )


def test_a_record_of_megabytes_is_shown_whole() -> None:
    text = "x" * (8 << 20)
    assert text in show(big=text)
    assert text in show(msg=text)
