"""The verb `kang`, against servers in this process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.kang_server import FakeServer, ok, snapshot, status

from nodeobs.cli import kang_sources
from nodeobs.cli.main import run
from nodeobs.cli.screen import Screen
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Capture = pytest.CaptureFixture[str]

ONE = snapshot(
    "one",
    host={"a": {"up": True, "load": 3, "disk": ["disk:sda"]}, "b": {"up": False, "load": 1}},
    disk={"sda": {"size": 5, "host": "host:a"}},
    none={},
)
TWO = snapshot("two", host={"a": {"up": True, "load": 7}})


@pytest.fixture(autouse=True)
def _no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KANG_SOURCES", raising=False)


@contextmanager
def serving(answers: dict[str, Any]) -> Iterator[str]:
    """A FakeServer in a thread; its address."""
    ready = threading.Event()
    at = SimpleNamespace()

    async def serve() -> None:
        at.end = asyncio.Event()
        at.loop = asyncio.get_running_loop()
        async with FakeServer(answers) as server:
            at.port = server.port
            ready.set()
            await at.end.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield f"127.0.0.1:{at.port}"
    finally:
        at.loop.call_soon_threadsafe(at.end.set)
        thread.join()


@pytest.fixture
def host() -> Iterator[str]:
    schema = {"service": {}, "types": ["host"], "schemas": {"host": {"summaryFields": ["load"]}}}
    answers = {"/kang/snapshot": ONE, "/kang/schema": schema, "/two/snapshot": TWO}
    with serving(answers) as address:
        yield address


def rows(capture: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_overview(host: str, capsys: Capture) -> None:
    assert run(["kang", "-h", host]) == 0
    services, types = capsys.readouterr().out.split("\n\n")
    assert services.splitlines()[1].split() == [
        "svc.one", "1.2.3", "2026-01-01T00:00:00Z", "3", host,
    ]  # fmt: skip
    assert [line.split()[:3] for line in types.splitlines()[1:]] == [
        ["service", "1", "1"],
        ["stats", "1", "1"],
        ["host", "2", "1"],
        ["disk", "1", "1"],
        ["none", "0", "0"],
    ]
    assert run(["kang", "-h", host, "--json"]) == 0
    first, *rest = rows(capsys)
    assert (first["service"], first["version"]) == ("svc.one", "1.2.3")
    assert rest[2] == {"type": "host", "count": 2, "services": ["svc.one"], "fields": ["load"]}


def test_hosts_with_commas_again_and_from_the_environment(
    host: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ["kang", "list", "host", "--json"]
    ids = [("a", "svc.one"), ("b", "svc.one"), ("a", "svc.two")]
    for words in (
        ["-h", f"{host},{host}/two/snapshot"],
        ["-h", host, "-h", f"{host}/two/snapshot"],
    ):
        assert run([*both, *words]) == 0
        assert sorted((one["id"], one["origin"]) for one in rows(capsys)) == sorted(ids)
    monkeypatch.setenv("KANG_SOURCES", f"{host}/two/snapshot")
    assert run(both) == 0
    assert [one["origin"] for one in rows(capsys)] == ["svc.two"]
    assert run([*both, "-h", host]) == 0
    assert {one["origin"] for one in rows(capsys)} == {"svc.one"}


def test_list_has_the_columns_of_the_schema_and_query_all(host: str, capsys: Capture) -> None:
    assert run(["kang", "-h", host, "list", "host"]) == 0
    assert capsys.readouterr().out == "ID  LOAD\na      3\nb      1\n"
    assert run(["kang", "-h", host, "query", "host", "-c", "load > 1", "-c", "up"]) == 0
    assert capsys.readouterr().out == 'ID  DISK          LOAD  UP\na   ["disk:sda"]     3  true\n'
    for words in ("host/b", "host:b"):
        assert run(["kang", "-h", host, "query", words, "--json"]) == 0
        assert [one["object"]["load"] for one in rows(capsys)] == [1]
    assert run(["kang", "-h", host, "query", "type", "--json"]) == 0
    assert [one["id"] for one in rows(capsys)] == ["service", "stats", "host", "disk"]
    assert run(["kang", "-h", host, "list", "none"]) == 0
    assert capsys.readouterr().out == "ID\n"
    assert run(["kang", "-h", host, "list", "host", "--limit", "1"]) == 0
    assert capsys.readouterr().out.endswith("1 of 2 shown; --limit N shows more\n")
    assert run(["kang", "-h", host, "list", "host", "--limit", "1", "--json"]) == 0
    assert "1 of 2 shown" in capsys.readouterr().err


def test_links_are_shown_and_followed(host: str, capsys: Capture) -> None:
    assert run(["kang", "-h", host, "get", "host/a"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("host/a at svc.one\n├─ up: true\n")
    assert out.endswith("links\n→ disk:sda\n")
    assert run(["kang", "-h", host, "get", "host/a", "--links", "1", "--json"]) == 0
    assert [(one["id"], one["depth"], one["links"]) for one in rows(capsys)] == [
        ("a", 0, ["disk:sda"]),
        ("sda", 1, ["host:a"]),
    ]
    assert run(["kang", "-h", host, "get", "host/a", "--links", "9", "--json"]) == 0
    assert len(rows(capsys)) == 2, "each object once, though they name each other"


def test_links_end_somewhere(capsys: Capture) -> None:
    chain = {str(index): {"next": [f"n:{index * 2}", f"n:{index * 2 + 1}"]} for index in range(999)}
    with serving({"/kang/snapshot": snapshot(n=chain)}) as address:
        assert run(["kang", "-h", address, "get", "n/1", "--links", "10"]) == 0
    out = capsys.readouterr().out
    assert out.count(" at svc.one\n") == 100
    assert out.endswith("links are followed to 100 objects\n")


def test_some_that_fail_are_told_and_all_that_fail_is_a_failure(host: str, capsys: Capture) -> None:
    assert run(["kang", "-h", f"{host},127.0.0.1:1,{host}/gone", "types"]) == 0
    output = capsys.readouterr()
    assert "host" in output.out
    assert output.err.splitlines() == [
        "nodeobs: 127.0.0.1:1: nothing listens there",
        f"nodeobs: {host}/gone: it answers 404 Of Course",
    ]
    assert run(["kang", "-h", f"127.0.0.1:1,{host}/gone", "types"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        "nodeobs: nothing could be fetched:\n"
        "  127.0.0.1:1: nothing listens there\n"
        f"  {host}/gone: it answers 404 Of Course\n"
        "  next: does it run, and is that kang's port?\n"
    )


def test_what_a_service_left_out_is_told(capsys: Capture) -> None:
    raw = snapshot(host={}) | {"nodeobs": {"errors": [{"type": "host", "error": "list threw"}]}}
    with serving({"/kang/snapshot": raw}) as address:
        assert run(["kang", "-h", address, "types"]) == 0
    assert capsys.readouterr().err == "nodeobs: svc.one: host: list threw\n"


def test_saved_snapshots(
    host: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "both.json"
    assert run(["kang", "-h", f"{host},{host}/two/snapshot", "snapshot"]) == 0
    saved.write_text(capsys.readouterr().out)
    assert [json.loads(line) for line in saved.read_text().splitlines()] == [ONE, TWO]
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([ONE, TWO], indent=2))
    for words in (["-f", str(saved)], ["-f", str(listed)]):
        assert run(["kang", *words, "list", "service", "--json"]) == 0
        assert [one["id"] for one in rows(capsys)] == ["svc.one", "svc.two"]
    with saved.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=file.fileno))
        assert run(["kang", "-f", "-", "get", "disk/sda"]) == 0
    assert capsys.readouterr().out.startswith("disk/sda at svc.one\n")
    assert run(["kang", "-f", str(saved), "snapshot", "--merged"]) == 0
    (merged,) = rows(capsys)
    assert [one["origin"] for one in merged["host"]["a"]] == ["svc.one", "svc.two"]


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("", "file is empty", "snapshot > FILE saves one"),
        ("{}", "this is no kang snapshot: it has no \"service\"", "snapshot > FILE saves one"),
        ('{"service":', "this is not JSON", "snapshot > FILE saves one"),
        ('{"service":{}}\n{"ser\n', "line 2: this is not JSON", "snapshot > FILE saves one"),
        ("[]", "holds no snapshot", "snapshot > FILE saves one"),
        ('{"service":{"a.b":[{}]}}', "holds a merged snapshot", "without --merged"),
    ],
)  # fmt: skip
def test_files_that_hold_none(
    capsys: Capture, tmp_path: Path, content: str, message: str, hint: str
) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    assert run(["kang", "-f", str(file), "types"]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert hint in error
    assert run(["kang", "-f", str(tmp_path / "none"), "types"]) == 1
    assert "No such file" in capsys.readouterr().err
    assert run(["kang", "-f", str(tmp_path), "types"]) == 1
    assert "Is a directory" in capsys.readouterr().err


def test_ctrl_c_while_it_waits_for_standard_input() -> None:
    code = (
        "import os, signal, threading; from nodeobs.kang import suppliers; real = os.read\n"
        "def read(*given):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(*given)\n"
        "suppliers.os.read = read\n"
        "from nodeobs.cli.main import run; raise SystemExit(run(['kang', '-f', '-']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.wait(60) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_diff_of_files_hosts_and_moments(host: str, capsys: Capture, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    old = snapshot("one", host={"a": {"up": True, "load": 9, "disk": ["disk:sda"]}, "c": {}})
    before.write_text(json.dumps(old))
    expected = (
        "+ host/b\n- host/c\n~ host/a\n    load: 9 → 3\n+ disk/sda\n2 added, 1 removed, 1 changed\n"
    )
    for words in (["diff", str(before), host], ["diff", str(before), "-h", host]):
        assert run(["kang", *words]) == 0
        assert capsys.readouterr().out == expected
    assert run(["kang", "diff", str(before), host, "--json"]) == 0
    assert rows(capsys)[2] == {
        "change": "changed",
        "type": "host",
        "id": "a",
        "origin": "svc.one",
        "fields": [{"path": "load", "before": 9, "after": 3}],
    }
    assert run(["kang", "-h", host, "diff", "--after", "1ms"]) == 0
    assert capsys.readouterr().out == "no differences\n"


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ([], "where from? No host, process or file is given", "-h HOST[:PORT]"),
        (["-h", "a:x"], "'x' is no port number", "in brackets"),
        (["-h", "a", "lst"], 'kang has no command "lst"', "did you mean list?"),
        (["localhost:80"], 'kang has no command "localhost:80"', "-h localhost:80"),
        (["-h", "a", "get"], "it is: nodeobs kang … get TYPE/ID", "--help"),
        (["-h", "a", "types", "x"], "it is: nodeobs kang … types", "--help"),
        (["-h", "a", "types", "-c", "x"], "-c goes with list and query", "--help"),
        (["-h", "a", "list", "x", "--links", "1"], "--links goes with get", "--help"),
        (["-h", "a", "--merged"], "--merged goes with snapshot", "--help"),
        (["-h", "a", "--after", "1s"], "--after goes with diff", "--help"),
        (["-h", "a", "snapshot", "--watch"], "snapshot cannot be watched", "diff --after"),
        (["-h", "a", "diff", "-i"], "diff cannot be watched", "diff --after"),
        (["-h", "a", "-i", "--json"], "-i cannot be combined with", "/ filters there"),
        (["-h", "a", "-i", "--watch"], "-i cannot be combined with", "/ filters there"),
        (["-h", "a", "-i", "list", "x", "-c", "y"], "-i cannot be combined with", "/ filters"),
        (["-h", "a", "-d", "1s"], "-d goes with --watch", "--help"),
        (["\x1b[2J.x"], 'kang has no command "\\x1b[2J.x"', "-h \\x1b[2J.x"),
        (["-h", "a", "diff"], "diff needs something to compare with", "--after TIME"),
        (["-h", "a", "diff", "b", "--after", "1s"], "--after compares", "leave A and B out"),
        (["diff", "no such", "b"], "there is no such file, and it is no address", "write"),
        (["-h", "a", "query", "x", "-c", "x ="], "filter", ""),
        (["-h", "a", "--timeout", "0"], "it must be longer than 0", "--help"),
    ],
)
def test_usage(capsys: Capture, words: list[str], message: str, hint: str) -> None:
    assert run(["kang", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert hint in error


def test_conditions_see_what_the_table_shows(host: str, capsys: Capture) -> None:
    for condition, ids in (
        ("id == 'a'", ["a"]),
        ("origin == 'svc.one' && id != 'a'", ["b"]),
        ("load > 2", ["a"]),
        ("id == 'c'", []),
    ):
        for name in ("list", "query"):
            assert run(["kang", "-h", host, name, "host", "-c", condition, "--json"]) == 0
            assert [row["id"] for row in rows(capsys)] == ids


def test_a_saved_snapshot_that_is_not_there(capsys: Capture) -> None:
    for word in ("no\x1b.json", "./no\x1b.json"):
        assert run(["kang", "diff", word, "a"]) == 1
        assert capsys.readouterr().err.startswith(
            f"nodeobs: cannot read {word[:-6]}\\x1b.json: No "
        )


def test_who_is_named_twice_is_asked_once(host: str, capsys: Capture) -> None:
    for words in (["-h", host, "-h", f"http://{host}"], ["-h", f"{host},{host}"]):
        assert run(["kang", *words, "list", "host", "--json"]) == 0
        assert [row["id"] for row in rows(capsys)] == ["a", "b"]


@pytest.mark.parametrize("words", [[], ["list", "t"], ["query", "t"], ["get", "t/a"]])
def test_numbers_beyond_doubles(words: list[str], capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    text = json.dumps(snapshot("one", t={"a": {"large": "1e999", "small": "-1e999", "one": 1.0}}))
    file.write_text(text.replace('"1e999"', "1e999").replace('"-1e999"', "-1e999"))
    assert run(["kang", "-f", str(file), *words]) == 0
    capsys.readouterr()
    assert run(["kang", "-f", str(file), "list", "t", "--json"]) == 0
    (row,) = rows(capsys)
    assert [row["object"][key] for key in ("large", "small", "one")] == [None, None, 1]


def test_what_is_not_there(host: str, capsys: Capture) -> None:
    for words, message, code in (
        (["list", "hots"], 'no type "hots"\n  next: did you mean host?\n', 1),
        (["get", "host/z"], 'no host "z"\n  next: list them: nodeobs kang … list host\n', 1),
        (["get", "none/z"], 'no none "z"\n  next: list them: nodeobs kang … list none\n', 1),
        (["get", "host"], "get shows one object, and host is a type\n", 2),
    ):
        assert run(["kang", "-h", host, *words]) == code
        assert message in capsys.readouterr().err


def test_watching_goes_on_when_the_service_is_gone_for_a_while(capsys: Capture) -> None:
    answers: dict[str, Any] = {}
    asked = iter([ok(json.dumps(TWO).encode()), status(503), ok(json.dumps(TWO).encode())])

    async def next_answer(writer: asyncio.StreamWriter) -> None:
        writer.write(next(asked, status(500)))
        await writer.drain()

    answers["/s"] = next_answer
    shown: list[str] = []

    class EnoughError(Exception):
        pass

    def show(self: object, title: str, lines: list[str]) -> None:
        shown.append("\n".join(lines))
        if len(shown) == 3:
            raise EnoughError

    with serving(answers) as address, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Screen, "show", show)
        words = ["-h", f"{address}/s", "list", "host", "--watch", "--interval", "1ms"]
        assert run(["kang", *words]) == 1  # EnoughError is an error nobody foresees
    assert shown[0] == shown[2] == "ID  UP    LOAD\na   true     7"
    assert shown[1] == f"! {address}/s: it answers 503 Of Course"
    capsys.readouterr()
    with serving({"/kang/snapshot": TWO}) as address:
        words = [
            "-h",
            address,
            "list",
            "host",
            "--watch",
            "--interval",
            "1ms",
            "-d",
            "2ms",
            "--json",
        ]
        assert run(["kang", *words]) == 0
    assert all(set(one) == {"time", "type", "id", "origin", "object"} for one in rows(capsys))


def test_the_browser_gets_a_source_of_all(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    browsed: list[Any] = []

    async def browse(source: Any, **options: Any) -> None:
        browsed.append((source.title, [row.name for row in await source.types()], options))

    module = SimpleNamespace(browse=browse)
    monkeypatch.setitem(sys.modules, "nodeobs.browser.session", module)
    assert run(["kang", "-h", host, "-i"]) == 0
    words = ["get", "host/a", "--interval", "5s", "--limit", "7"]
    assert run(["kang", "-h", host, "-h", host, "-i", *words]) == 0
    types = ["service", "stats", "host", "disk", "none"]
    assert browsed == [
        ("kang: 1 source", types, {"at": None, "interval": 2.0, "limit": 1000}),
        ("kang: 1 source", types, {"at": "host/a", "interval": 5.0, "limit": 7}),
    ]


def test_h_is_the_host_and_help_is_help(capsys: Capture) -> None:
    assert run(["kang", "--help"]) == 0
    assert "-h, --host HOST[,HOST]..." in capsys.readouterr().out
    assert run(["kang", "-h"]) == 2
    assert run(["-h"]) == 0


def test_processes_are_those_that_p_means(monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(specs: object) -> list[Any]:
        raise NodeobsError("no_match", f"asked for {specs}")

    monkeypatch.setattr(kang_sources, "choose", choose)
    with pytest.raises(NodeobsError, match=r"asked for \('api',\)"):
        kang_sources.Sources((), ("api",), (), 1.0, False).required()
