"""`nodeobs latency`: options, audit logs, and the picture's file."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.test_latency_audit import RECORD, changed

from nodeobs.cli.main import run
from nodeobs.latency.log_files import LogFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parents[2]


def written(path: Path, lines: Iterable[Any]) -> str:
    path.write_text(
        "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)
    )
    return str(path)


@pytest.fixture
def log(tmp_path: Path) -> str:
    records = [changed(latency=ms, time=f"2026-11-23T08:53:{ms:02}.000Z") for ms in range(50)]
    return written(tmp_path / "audit.log", [*records, "junk", {"msg": "listening"}])


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["--by", "route", "--by", "colour"], "'colour' is not one of", "latency --help"),
        (["--sort", "p42"], "'p42' is not one of", "latency --help"),
        (["-o", "out.pdf"], "out.pdf is no picture", "-o FILE.svg, or FILE.html"),
        (["-o", "/nowhere/at/all.svg"], "/nowhere/at cannot be found", "another directory"),
        (["--from", "x", "-p", "api"], "--from and -p exclude each other", "leave -p out"),
        (["--from", "x", "-d", "5"], "--from and -d exclude each other", "leave -d out"),
        (["--from", "x", "-i", "5"], "--from and -i exclude each other", "leave -i out"),
        (["--from", "/nowhere/audit.log"], "cannot read /nowhere/audit.log: No such file", ""),
        (["--from", "/"], "cannot read /: Is a directory", ""),
        (["-i", "1ms"], "the interval is too short", "at least 100ms"),
        (["-d", "soon"], "'soon' is not a duration", "latency --help"),
    ],
)
def test_mistakes(
    capsys: pytest.CaptureFixture[str], args: list[str], message: str, hint: str
) -> None:
    assert run(["latency", *args]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert hint in error


def test_the_program_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["latency", "-n", "--by", "status"]) == 0
    text = capsys.readouterr().out
    assert "@request[arg5] =" in text
    assert "restify" not in text
    assert text.endswith("}\n")


def test_tables_of_a_log(capsys: pytest.CaptureFixture[str], log: str) -> None:
    assert run(["latency", "--from", log]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0] == "50 requests in 49.0 s (1.0/s)"
    assert lines[2] == "ROUTE LATENCY"
    assert lines[4].split()[:7] == ["GET", "/users/:id", "50", "1.0", "24.1ms", "44.1ms", "49.0ms"]
    assert "  getUser" in output.out
    assert output.err == "nodeobs: 2 of 52 lines skipped: 1 not JSON, 1 no audit record\n"


def test_several_logs_and_the_heat_map(capsys: pytest.CaptureFixture[str], log: str) -> None:
    assert run(["latency", "--from", log, "--from", log, "--heatmap", "--by", "route"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("100 requests in 49.0 s")
    assert "LATENCY OVER TIME" in output
    assert "HANDLER" not in output


def test_json_of_a_log(capsys: pytest.CaptureFixture[str], log: str) -> None:
    assert run(["latency", "--from", log, "--json", "--heatmap"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [one["type"] for one in objects]
    assert kinds == ["requests", "handler", "handler", *["interval"] * 50, "summary"]
    summary = objects[-1]
    assert (summary["count"], summary["lines"], summary["seconds"]) == (50, 52, 49.0)
    assert summary["skipped"] == {"not JSON": 1, "no audit record": 1}


def test_logs_that_are_gzipped(
    capsys: pytest.CaptureFixture[str], log: str, tmp_path: Path
) -> None:
    rotated = tmp_path / "audit.log.1.gz"
    plain = Path(log).read_bytes()
    # As logrotate and cat leave it: several in one file.
    rotated.write_bytes(gzip.compress(plain) + gzip.compress(plain))
    assert run(["latency", "--from", str(rotated), "--from", log]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("150 requests in 49.0 s")
    assert output.err == "nodeobs: 6 of 156 lines skipped: 3 not JSON, 3 no audit record\n"


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda data: data + b"123"])
def test_a_damaged_log_gives_what_there_is(
    capsys: pytest.CaptureFixture[str], log: str, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    rotated = tmp_path / "audit.log.1.gz"
    rotated.write_bytes(damage(gzip.compress(Path(log).read_bytes())))
    assert run(["latency", "--from", str(rotated)]) == 1
    output = capsys.readouterr()
    assert re.match(r"(49|50) requests in ", output.out)
    assert f"{rotated} is cut off or damaged: what comes behind is missing" in output.err


def test_a_gzipped_log_that_unpacks_to_anything_is_not_held(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(bytes(200_000_000), 1) + gzip.compress(b"\n"))
    with LogFiles() as files:
        sizes = [len(chunk) for chunk in files.chunks(str(bomb))]
    assert sum(sizes) == 200_000_001
    assert max(sizes) <= 1 << 20


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "there is no line"),
        (["junk", {"level": 30}], "there is no audit record: 2 of 2 lines skipped: 1 not JSON,"),
    ],
)
def test_a_log_without_audit_records(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lines: list[Any], message: str
) -> None:
    assert run(["latency", "--from", written(tmp_path / "log", lines)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "restify.plugins.auditLogger" in error


def test_a_picture_is_not_overwritten_unless_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, log: str
) -> None:
    picture = tmp_path / "latency.html"
    assert run(["latency", "--from", log, "-o", str(picture)]) == 0
    assert f"{picture} has the picture" in capsys.readouterr().err
    first = picture.read_text()
    assert "<svg" in first
    assert "GET /users/:id" in first
    picture.write_text("mine")
    assert run(["latency", "--from", log, "-o", str(picture)]) == 2
    error = capsys.readouterr().err
    assert f"{picture} exists already" in error
    assert "-f overwrites it" in error
    assert picture.read_text() == "mine"
    assert run(["latency", "--from", log, "-o", str(picture), "-f"]) == 0
    assert picture.read_text() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.log", "latency.html"]


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path, log: str) -> None:
    link = tmp_path / "latency.svg"
    link.symlink_to(tmp_path / "elsewhere.svg")
    assert run(["latency", "--from", log, "-o", str(link)]) == 2
    assert not (tmp_path / "elsewhere.svg").exists()


def test_a_picture_that_cannot_be_written_costs_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run(["latency", "--from", log, "-o", str(tmp_path / "latency.svg")]) == 1
    output = capsys.readouterr()
    assert output.out.startswith("50 requests")
    assert "No space left on device" in output.err
    assert [path.name for path in tmp_path.iterdir()] == ["audit.log"]


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "nodeobs", "latency", *args]


def test_stdin_and_a_reader_that_leaves() -> None:
    line = json.dumps(RECORD) + "\n"
    done = subprocess.run(command("--from", "-"), input=line * 3, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 requests in 0.0 s\n")
    with subprocess.Popen(command("--from", "-", "--json"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.close()
        _, error = child.communicate(line.encode() * 100)
        assert (child.returncode, error) == (0, b"")


def test_ctrl_c_shows_what_was_read() -> None:
    with subprocess.Popen(command("--from", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as child:  # fmt: skip
        assert child.stdin is not None
        # More than a pipe holds: when it is written, the first of it has been read.
        child.stdin.write((json.dumps(RECORD) + "\n") * 2000)
        child.stdin.flush()
        while _waiting(child.stdin.fileno()):
            os.sched_yield()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate()
        assert child.returncode == 130
        assert out.startswith("2,000 requests")


def _waiting(descriptor: int) -> int:
    """Bytes in a pipe that nobody has read."""
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]
