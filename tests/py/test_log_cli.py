"""`nodeobs log`: its options, its mistakes, its exit codes."""

from __future__ import annotations

import datetime
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.cli.main import run
from nodeobs.cli.moments import parse_moment
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from pathlib import Path

RECORD: dict[str, Any] = {
    "name": "api", "hostname": "box", "pid": 71, "level": 30, "msg": "hello",
    "time": "2026-11-23T08:53:00.123Z", "v": 0,
}  # fmt: skip


def written(path: Path, *records: dict[str, Any] | str) -> str:
    lines = [one if isinstance(one, str) else json.dumps({**RECORD, **one}) for one in records]
    path.write_text("".join(f"{line}\n" for line in lines))
    return str(path)


@pytest.fixture
def log(tmp_path: Path) -> str:
    return written(
        tmp_path / "api.log",
        {"msg": "one", "level": 20}, {"msg": "two", "n": 5}, "junk", {"msg": "three", "level": 50},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["-l", "loud"], 'unknown log level "loud"', "levels are"),
        (["-l", "wrn"], 'unknown log level "wrn"', "did you mean warn"),
        (["-c", "this.level >"], "filter: it ends too early", "operand"),
        (["-o", "jsn"], 'unknown output mode "jsn"', "did you mean json"),
        (["-o", "json-x"], 'unknown output mode "json-x"', "json"),
        (["-o", "long-2"], 'unknown output mode "long-2"', "long"),
        (["-o", "template:{msg"], "a { without its counterpart at character 1", "{{"),
        (["-o", "template:{msg.x(}"], "template: ", ""),
        (["-j", "-0"], "-o json and -o bunyan exclude each other", "leave one"),
        (["-o", "long", "--json"], "-o bunyan and -o long exclude each other", "leave one"),
        (["--since", "soon"], "--since: 'soon' is no time", "write -15m"),
        (["--until", "25:00"], "--until: '25:00' is no time", "write -15m"),
        (["--since", "-1h", "--until", "-2h"], "--until is not after --since", "nothing to show"),
        (["-n", "some"], "'some' is neither a number nor all", "log --help"),
        (["--time", "mars"], "'mars' is not one of", "log --help"),
        (["--stats", "-f"], "--stats counts", "leave -f"),
        (["--stats", "-o", "long"], "--stats counts", "leave -f and -o"),
        (["-p", "4242"], "-p is for running processes", "nodeobs snoop -p 4242"),
        (["-f", "-", "a.log"], "stdin cannot be followed with files", "leave - out"),
        (["-f", "a.log.gz"], "a.log.gz is compressed", "leave -f out"),
        (["--loud"], "no such option", "log --help"),
    ],
)
def test_mistakes(
    capfd: pytest.CaptureFixture[str], log: str, args: list[str], message: str, hint: str
) -> None:
    files = [] if args[0] in ("-f", "-p") else [log]
    assert run(["log", *args, *files]) == 2
    out, error = capfd.readouterr()
    assert out == ""
    assert message.lower() in error.lower()
    assert hint in error


def test_nothing_to_read(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(["log"]) == 2
    assert "there is no FILE, and nothing on stdin" in capfd.readouterr().err


def test_files_that_cannot_be_read(
    capfd: pytest.CaptureFixture[str], log: str, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(b"before\n" * 9)[:-5])
    args = [str(tmp_path / "none"), log, str(tmp_path), str(damaged)]
    assert run(["log", "-o", "simple", *args]) == 1
    out, error = capfd.readouterr()
    assert out.splitlines() == ["before"] * 9 + [
        "DEBUG - one",
        "INFO - two",
        "junk",
        "ERROR - three",
    ]
    assert error.splitlines() == [
        f"nodeobs: cannot read {tmp_path / 'none'}: No such file or directory",
        f"nodeobs: cannot read {tmp_path}: Is a directory",
        f"nodeobs: {damaged}: the compressed data ends too early (what was before is shown)",
    ]
    assert run(["log", args[0]]) == 1
    assert run(["log", "-f", args[2]]) == 1
    assert run(["log", "--stats", *args]) == 1
    assert "3 records" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "DEBUG - one|INFO - two|junk|ERROR - three"),
        (["--strict"], "DEBUG - one|INFO - two|ERROR - three"),
        (["-l", "info"], "INFO - two|junk|ERROR - three"),
        (["-l", "INFO", "--strict", "-c", "n"], "INFO - two"),
        (["-c", "level != INFO", "-c", "msg != 'one'"], "junk|ERROR - three"),
        (["-n", "2"], "junk|ERROR - three"),
        (["-n", "0"], ""),
        (["-n", "all"], "DEBUG - one|INFO - two|junk|ERROR - three"),
        (["--since", "2026-11-24"], ""),
        (["--until", "2026-11-24"], "DEBUG - one|INFO - two|junk|ERROR - three"),
    ],
)  # fmt: skip
def test_what_is_chosen(
    capfd: pytest.CaptureFixture[str], log: str, args: list[str], expected: str
) -> None:
    assert run(["log", "-o", "simple", *args, log]) == 0
    assert capfd.readouterr().out.splitlines() == (expected.split("|") if expected else [])


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "[T]  INFO: api/71 on box: two (n=5)"),
        (["-o", "paul", "-I", "pid,hostname", "-I", "n"], "[T]  INFO: api: two"),
        (["-i", "x,n"], "[T]  INFO: api/71 on box: two (n=5)"),
        (["-o", "template:{msg}!"], "two!"),
        (["--color", "-o", "short"],
         "08:53:00.123Z \x1b[36m INFO\x1b[39m api: \x1b[36mtwo\x1b[39m (n=5)"),
        (["-o", "json-0", "-I", "v,pid,hostname"],
         '{"name":"api","level":30,"msg":"two","time":"T","n":5}'),
    ],
)  # fmt: skip
def test_how_it_is_shown(
    capfd: pytest.CaptureFixture[str], log: str, args: list[str], expected: str
) -> None:
    assert run(["log", "-c", "n == 5", "--strict", *args, log]) == 0
    assert capfd.readouterr().out.replace(RECORD["time"], "T") == expected + "\n"


@pytest.mark.parametrize("args", [["-0"], ["--json"], ["-o", "bunyan"]])
def test_lines_as_they_were(
    capfd: pytest.CaptureFixture[str], log: str, args: list[str], tmp_path: Path
) -> None:
    assert run(["log", *args, log]) == 0
    lines = (tmp_path / "api.log").read_text().splitlines()
    if args == ["--json"]:
        lines.remove("junk")
    assert capfd.readouterr().out.splitlines() == lines


def test_stats(capfd: pytest.CaptureFixture[str], log: str) -> None:
    assert run(["log", "--stats", log]) == 0
    assert capfd.readouterr().out.startswith("3 records in 0s, from 2026-11-23T08:53:00.123Z")
    assert run(["log", "--stats", "--json", "-l", "error", log, log]) == 0
    objects = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert objects[0] == {"type": "level", "level": 50, "count": 2}
    assert objects[-1]["records"] == 2


NOW = datetime.datetime(2026, 11, 24, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-15m", "2026-11-24T09:15:00+01:00"),
        ("90s", "2026-11-24T09:28:30+01:00"),
        ("-1h30m", "2026-11-24T08:00:00+01:00"),
        ("8:05", "2026-11-24T08:05:00+01:00"),
        ("09:30:00", "2026-11-24T09:30:00+01:00"),
        ("09:30:00.5", "2026-11-23T09:30:00.500000+01:00"),
        ("23:00", "2026-11-23T23:00:00+01:00"),
        ("2026-11-20", "2026-11-20T00:00:00+01:00"),
        (" 2026-11-20 10:00 ", "2026-11-20T10:00:00+01:00"),
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00+00:00"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert parse_moment(text, "--since", NOW).isoformat() == expected


def test_a_time_of_day_after_another() -> None:
    since = parse_moment("23:00", "--since", NOW)
    assert parse_moment("1:00", "--until", NOW, after=since).isoformat() == (
        "2026-11-24T01:00:00+01:00"
    )
    since = parse_moment("9:00", "--since", NOW)
    until = parse_moment("10:00", "--until", NOW, after=since)
    assert until.isoformat() == "2026-11-24T10:00:00+01:00"


@pytest.mark.parametrize("text", ["", "soon", "24:00", "10:60", "-5", "99999999999d", "2026-13-01"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(NodeobsError, match=r"--since: .* is no time"):
        parse_moment(text, "--since", NOW)
