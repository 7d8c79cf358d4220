"""`nodeobs log` as a process: pipes, growing files, signals, pagers, readers that leave."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.system.conftest import RunNodeobs, StartNodeobs

NODEOBS = [sys.executable, "-m", "nodeobs"]


def record(message: str, time: str = "2026-11-23T08:53:00.123Z") -> str:
    return json.dumps(
        {"name": "api", "hostname": "box", "pid": 71, "level": 30, "msg": message, "time": time,
         "v": 0}
    )  # fmt: skip


def append(path: Path, text: str) -> None:
    with path.open("a") as out:
        out.write(text)


def test_what_a_pipe_has_is_shown_at_once(start_nodeobs: StartNodeobs) -> None:
    viewer = start_nodeobs("log", "-o", "simple")
    viewer.tell(record("one"))
    viewer.out.containing("INFO - one")
    viewer.tell("no record")
    viewer.out.containing("no record")
    assert viewer.popen.stdin is not None
    viewer.popen.stdin.write(record("cut")[:40])
    viewer.popen.stdin.close()
    assert viewer.out.all()[-1] == record("cut")[:40]
    assert viewer.wait() == 0


def test_a_pipe_beside_a_file_is_shown_at_once(start_nodeobs: StartNodeobs, tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text(record("before", "2026-11-23T08:50:00.000Z") + "\n")
    viewer = start_nodeobs("log", "-o", "simple", "-", str(path))
    viewer.tell(record("now"))
    viewer.out.containing("before")
    viewer.out.containing("now")


def test_a_file_is_followed_through_its_rotations(
    start_nodeobs: StartNodeobs, tmp_path: Path
) -> None:
    path = tmp_path / "api.log"
    path.write_text("".join(f"{record(f'old {number}')}\n" for number in range(20)))
    viewer = start_nodeobs("log", "-f", "-n", "2", "-o", "simple", str(path))
    viewer.out.containing("old 19")
    append(path, record("new") + "\n")
    viewer.out.containing("INFO - new")
    path.rename(tmp_path / "api.log.1")
    append(tmp_path / "api.log.1", record("to the old one") + "\n")
    path.write_text(record("to the next one") + "\n")
    viewer.out.containing("to the next one")
    append(path, record("not seen before the copy") + "\n")
    shutil.copyfile(path, tmp_path / "api.log.2")
    os.truncate(path, 0)
    append(path, record("truncated") + "\n" + record("half")[:30])
    viewer.out.containing("INFO - truncated")
    viewer.send(signal.SIGINT)
    assert viewer.wait() == 130
    assert viewer.out.all() == [
        "INFO - old 18", "INFO - old 19", "INFO - new", "INFO - to the old one",
        "INFO - to the next one", "INFO - not seen before the copy", "INFO - truncated",
        record("half")[:30],
    ]  # fmt: skip
    assert viewer.err.all() == []


def test_files_that_come_later_are_followed(start_nodeobs: StartNodeobs, tmp_path: Path) -> None:
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    paths[0].write_text(
        "".join(record(f"a{n}", f"2026-11-23T08:53:0{n}.000Z") + "\n" for n in (1, 3))
    )
    viewer = start_nodeobs("log", "-f", "-o", "simple", *map(str, paths))
    viewer.err.containing(f"{paths[1]} does not exist yet; waiting for it")
    viewer.out.containing("a3")
    paths[1].write_text(record("b2") + "\n")
    viewer.out.containing("b2")
    viewer.send(signal.SIGTERM)
    assert viewer.wait() == -signal.SIGTERM


def test_following_begins_in_the_order_of_time(start_nodeobs: StartNodeobs, tmp_path: Path) -> None:
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    for first, path in enumerate(paths):
        path.write_text("".join(
            record(f"{n}", f"2026-11-23T08:53:0{n}.000Z") + "\n" for n in range(first, 10, 2)
        ))  # fmt: skip
    viewer = start_nodeobs("log", "-f", "-n", "3", "-o", "simple", *map(str, paths))
    viewer.out.containing("9")
    viewer.send(signal.SIGINT)
    assert viewer.wait() == 130
    assert [line[-1] for line in viewer.out.all()] == ["4", "5", "6", "7", "8", "9"]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.log"
    path.write_text((record("one of many") + "\n") * 20_000)
    return path


def test_a_reader_that_has_seen_enough(
    environment: Mapping[str, str], large: Path, tmp_path: Path
) -> None:
    for args in ([], ["-f", "-n", "all"]):
        viewer = subprocess.Popen(
            [*NODEOBS, "log", *args, str(large)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(environment),
        )  # fmt: skip
        assert viewer.stdout is not None
        assert viewer.stderr is not None
        assert b"one of many" in viewer.stdout.readline()
        viewer.stdout.close()
        assert viewer.wait(60) == 0
        assert viewer.stderr.read() == b""
        viewer.stderr.close()


def test_a_reader_that_leaves_while_nothing_comes(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "api.log"
    path.write_text(record("only") + "\n")
    viewer = subprocess.Popen(
        [*NODEOBS, "log", "-f", str(path)], stdout=subprocess.PIPE, env=dict(environment)
    )
    assert viewer.stdout is not None
    assert b"only" in viewer.stdout.readline()
    viewer.stdout.close()
    assert viewer.wait(60) == 0


def test_an_output_that_cannot_be_written(environment: Mapping[str, str], large: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*NODEOBS, "log", str(large)], stdout=full, stderr=subprocess.PIPE, text=True,
            env=dict(environment), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("nodeobs: cannot write the output: No space left on device\n")


def test_ctrl_c(start_nodeobs: StartNodeobs) -> None:
    viewer = start_nodeobs("log", "-o", "simple", "--color")
    viewer.tell(record("one"))
    viewer.out.containing("one")
    viewer.send(signal.SIGINT)
    assert viewer.wait() == 130
    assert viewer.out.all()[-1] == "\x1b[0m"
    assert viewer.err.all() == []


def test_ctrl_c_while_counting(start_nodeobs: StartNodeobs, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    viewer = start_nodeobs("log", "--stats", str(fifo))
    with fifo.open("w") as out:
        for message in ("counted when the next one is read", "read, and perhaps counted"):
            out.write(record(message) + "\n")
            out.flush()
            _until_read(out.fileno())
        viewer.send(signal.SIGINT)
        assert viewer.wait() == 130
    assert re.match("[12] records? in 0s", viewer.out.all()[0])


def _until_read(descriptor: int) -> None:
    import fcntl
    import struct
    import termios
    import time

    while struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4)) != (0,):
        time.sleep(0.001)


def test_rubbish_is_passed_through(nodeobs: RunNodeobs, environment: Mapping[str, str]) -> None:
    rubbish = os.urandom(1 << 20) + b"\n" + b"{" * 10_000 + b"\n" + b"x" * (20 << 20)
    done = subprocess.run(
        [*NODEOBS, "log"], input=rubbish, capture_output=True, env=dict(environment), check=True
    )
    assert done.stdout == rubbish.replace(b"\r\n", b"\n") + b"\n"
    done = subprocess.run(
        [*NODEOBS, "log", "--strict"], input=rubbish, capture_output=True, env=dict(environment),
        check=True,
    )  # fmt: skip
    assert done.stdout == b""


def on_terminal(args: list[str], environment: Mapping[str, str]) -> str:
    """What a terminal shows of the command line."""
    controller, terminal = pty.openpty()
    child = subprocess.Popen(
        [*NODEOBS, *args], stdin=terminal, stdout=terminal, stderr=terminal, env=dict(environment),
        start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    # EIO: everybody has closed the terminal.
    with contextlib.suppress(OSError):
        while data := os.read(controller, 1 << 16):
            shown += data
    assert child.wait(60) == 0
    os.close(controller)
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def terminal(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {key: value for key, value in environment.items() if key not in ("LESS", "NO_COLOR")}
    return {**kept, "TERM": "xterm", "PAGER": "sh -c 'echo paged with $LESS; cat'"}


def test_files_are_paged_on_a_terminal(terminal: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "api.log"
    path.write_text(record("a \x1b[2J b") + "\n")
    shown = on_terminal(["log", "-o", "short", str(path)], terminal)
    line = "08:53:00.123Z \x1b[36m INFO\x1b[39m api: \x1b[36ma \\x1b[2J b\x1b[39m\n"
    assert shown == f"paged with FRX\n{line}"
    for environment in ({"NODEOBS_NO_PAGER": "1"}, {"BUNYAN_NO_PAGER": "1"}):
        assert on_terminal(["log", "-o", "short", str(path)], {**terminal, **environment}) == line
    quiet = {**terminal, "BUNYAN_NO_PAGER": "1", "LESS": "S", "BUNYAN_NO_COLOR": "1"}
    assert on_terminal(["log", "-o", "simple", "--pager", str(path)], quiet) == (
        "paged with S\nINFO - a \\x1b[2J b\n"
    )
    assert "paged" not in on_terminal(["log", "--no-pager", str(path)], terminal)


def test_a_pager_that_is_not_there(terminal: dict[str, str], large: Path) -> None:
    shown = on_terminal(["log", "-n", "1", str(large)], {**terminal, "PAGER": "/nowhere/less"})
    assert shown.startswith("nodeobs: cannot start the pager /nowhere/less: ")
    assert "one of many" in shown


def test_a_pager_that_is_left(terminal: dict[str, str], large: Path) -> None:
    shown = on_terminal(["log", str(large)], {**terminal, "PAGER": "head -n 1"})
    assert shown.count("one of many") == 1
