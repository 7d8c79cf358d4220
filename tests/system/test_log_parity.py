"""`nodeobs log` prints what the `bunyan` command prints, byte for byte, on generated logs.

What is meant to differ (docs/compat.md) does not occur in these logs.
"""

from __future__ import annotations

import datetime
import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system import test_bunyan_parity as parity

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
BUNYAN = ROOT / "node_modules/bunyan/bin/bunyan"
RECORDS = 300
START = datetime.datetime(2026, 11, 23, 8, 53, tzinfo=datetime.UTC)

#: Lines that are no records, for bunyan and for us.
JUNK = (
    "", "not json", '{"broken', "[1]", "{}", '{"a":1}', "null", '"{"', "Error: boom",
    "    at f (a.js:1:2)", "\x1b[31mred\x1b[39m", "naïve ☃", '{"level":30}', '{"msg":"x"}',
    '{"name":"api","v":0}',
)  # fmt: skip


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def records(seed: int, *, one_line: bool = False) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    found: list[dict[str, Any]] = []
    at = START
    while len(found) < RECORDS:
        one = parity.record(rng)
        if len(one.keys() & {"v", "msg", "hostname"}) < 3 or (one_line and "\n" in one["msg"]):
            continue  # pino's records have no v
        at += datetime.timedelta(milliseconds=rng.randrange(3_000))
        one["time"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found.append(one)
    return found


def as_node_writes(values: list[dict[str, Any]]) -> list[str]:
    done = subprocess.run(
        [parity.NODE, "-e",
         "for (const r of JSON.parse(fs.readFileSync(0))) console.log(JSON.stringify(r))"],
        input=json.dumps(values).encode(), capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode().splitlines()


def with_junk(lines: list[str], seed: int) -> list[str]:
    rng = random.Random(seed)
    mixed: list[str] = []
    for line in lines:
        if rng.random() < 0.15:
            mixed.append(rng.choice(JUNK))
        mixed.append(line)
    return mixed


def filterable(seed: int) -> list[str]:
    """Without what begins and ends like a record and is none, which a filter may hide."""
    lines = with_junk(as_node_writes(records(seed)), seed)
    return [line for line in lines if line not in ('{"name":"api","v":0}', '{"level":30}')]


def written(path: Path, lines: list[str], end: str = "\n") -> Path:
    data = end.join([*lines, ""]).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def both(*args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> list[bytes]:
    """What nodeobs log and bunyan print."""
    outputs = []
    for command in ([sys.executable, "-m", "nodeobs", "log"], [parity.NODE, str(BUNYAN)]):
        done = subprocess.run(
            [*command, *args],
            input=data,
            capture_output=True,
            check=True,
            env={**os.environ, **(env or {})},
        )
        outputs.append(done.stdout)
    return outputs


@pytest.mark.parametrize(
    "mode", ["long", "paul", "short", "simple", "json", "json-4", "json-0", "json-12", "bunyan"]
)
def test_modes(mode: str, tmp_path: Path) -> None:
    lines = with_junk(as_node_writes(records(1)), 1)
    log = written(tmp_path / "api.log", lines)
    ours, bunyans = both("--no-color", "-o", mode, str(log))
    assert ours == bunyans
    ours, bunyans = both("--no-color", "-o", mode, "--strict", data=log.read_bytes())
    assert ours == bunyans


def test_inspect(tmp_path: Path) -> None:
    log = written(tmp_path / "api.log", as_node_writes(records(2)))
    ours = both("--color", "-o", "inspect", str(log))[0]
    # bunyan has colours here whatever one says, and without --color does not end them.
    assert ours == both("--no-color", "-o", "inspect", str(log))[1]


@pytest.mark.parametrize("mode", ["long", "short"])
def test_colours(mode: str, tmp_path: Path) -> None:
    lines = [line for line in as_node_writes(records(3, one_line=True)) if "\\r" not in line]
    log = written(tmp_path / "api.log", lines)
    ours, bunyans = both("--color", "-o", mode, str(log))
    assert ours == bunyans.removesuffix(b"\x1b[0m")


@pytest.mark.parametrize(
    "level", ["trace", "debug", "INFO", "Warn", "error", "fatal", "35", "0", "100"]
)
def test_levels(level: str, tmp_path: Path) -> None:
    log = written(tmp_path / "api.log", filterable(4))
    ours, bunyans = both("--no-color", "-l", level, str(log))
    assert ours == bunyans


@pytest.mark.parametrize(
    "conditions",
    [
        ["this.level > 30"],
        ["this.level == DEBUG || this.level == WARN;"],
        ["this.pid < 50000", "this.name == 'api'"],
        ["/lines|world/.test(this.msg)"],
        ["return this.msg.indexOf('o') != -1"],
        ['this.req && this.req.method == "GET"'],
        ['this.component === "db" && this.level >= INFO'],
        ["this.res && this.res.statusCode >= 400"],
        ["this.a"],
    ],
)
def test_conditions(conditions: list[str], tmp_path: Path) -> None:
    log = written(tmp_path / "api.log", filterable(5))
    args = [word for condition in conditions for word in ("-c", condition)]
    ours, bunyans = both("--no-color", *args, str(log))
    assert ours == bunyans
    assert 0 < ours.count(b"\n") < RECORDS * 10


@pytest.mark.parametrize("zone", ["UTC", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin"])
@pytest.mark.parametrize("mode", ["long", "short"])
def test_local_time(zone: str, mode: str, tmp_path: Path) -> None:
    made = records(6)
    for month, one in enumerate(made[:12], 1):
        one["time"] = f"2026-{month:02}-28T23:59:59.999Z"
    log = written(tmp_path / "api.log", as_node_writes(made))
    for local in (["-L"], ["--time", "local"]):
        ours, bunyans = both("--no-color", *local, "-o", mode, str(log), env={"TZ": zone})
        assert ours == bunyans


def test_several_files_are_merged(tmp_path: Path) -> None:
    lines = as_node_writes(records(7))
    rng = random.Random(7)
    shares: list[list[str]] = [[], [], []]
    for line in lines:
        rng.choice(shares).append(line)
    names = ("a.log", "b.log.gz", "c.log")
    logs = [str(written(tmp_path / name, share)) for name, share in zip(names, shares, strict=True)]
    ours, bunyans = both("--no-color", *logs)
    assert ours == bunyans
    assert ours == both("--no-color", data="\n".join(lines).encode())[0]
    ours, bunyans = both("--no-color", "-l", "warn", "-o", "bunyan", *logs)
    assert ours == bunyans


def test_equal_times_keep_the_order_of_files(tmp_path: Path) -> None:
    made = records(8)
    for one in made:
        one["time"] = f"{one['time'][:18]}0.000Z"
    lines = as_node_writes(made)
    logs = [str(written(tmp_path / f"{n}.log", lines[n::3])) for n in range(3)]
    ours, bunyans = both("--no-color", *logs)
    assert ours == bunyans


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "not json", '{"name":"cut'])
def test_line_ends(end: str, last: str, tmp_path: Path) -> None:
    lines = with_junk(as_node_writes(records(9)), 9)
    path = written(tmp_path / "api.log", lines, end)
    with path.open("a") as out:
        out.write(last)
    ours, bunyans = both("--no-color", str(path))
    assert ours == bunyans
    ours, bunyans = both("--no-color", data=path.read_bytes())
    assert ours == bunyans


def test_a_last_record_without_a_newline(tmp_path: Path) -> None:
    data = "\n".join(as_node_writes(records(10))).encode()
    ours, bunyans = both("--no-color", data=data)
    assert ours == bunyans


def test_unusual_json(tmp_path: Path) -> None:
    fields = '"hostname":"h","pid":1,"level":30,"time":"2026-11-23T08:53:00.123Z","v":0'
    lines = [
        '{"name":"half \\ud83d","msg":"\\ude00","x":"\\ud83d\\ude00",' + fields + "}",
        '{"name":"dup","msg":"a","msg":"b","level":50,' + fields + "}",
        '{"name":"spaced" , "msg" : "x" , ' + fields.replace(":", ": ", 1) + " }",
        '{"name":"big","msg":"x","n":123456789012345678901234567890,"e":1e400,' + fields + "}",
        '{"name":"deep","msg":"x","d":' + "[" * 40 + "]" * 40 + "," + fields + "}",
        '{"name":"key\\n","msg":"x","":1,"a b":"","q\\"":"\\t",' + fields + "}",
        '{"name":"neg","msg":"x","n":-0,"f":1.50,"g":1E2,' + fields + "}",
        '{"name":"nan","msg":"x","n":NaN,' + fields + "}",
        '{"name":"comma","msg":"x",' + fields + ",}",
    ]
    data = "\n".join(lines).encode() + b"\n"
    data += b'{"name":"bytes","msg":"\xff\xe2\x98 x",' + fields.encode() + b"}\n"
    for mode in ("long", "short", "json", "simple"):
        ours, bunyans = both("--no-color", "-o", mode, data=data)
        if mode != "json":
            # A newline in a name would make a record look like two (docs/compat.md).
            ours = ours.replace(b"key\\n", b"key\n")
        assert ours == bunyans
