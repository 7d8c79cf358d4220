"""`nodeobs state -i` on a terminal, and where there is none."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING, Self

import pytest
from tests.py.real_app import running_app
from tests.system.conftest import PATIENCE

from nodeobs.browser import terminal
from nodeobs.cli.main import run
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.conftest import Child

_ALTERNATE_ON, _ALTERNATE_OFF, _CURSOR_ON = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
# Foreground or background in any colour.
_COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10\d)[;m]")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NODEOBS")}
    return {
        **kept,
        "NODEOBS_RUNTIME_DIR": str(tmp_path / "run"),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture
def app(environment: dict[str, str]) -> Iterator[Child]:
    with running_app(environment) as child:
        yield child


class Terminal:
    """The browser on a terminal of 80 columns."""

    def __init__(self, pid: int, environment: dict[str, str]) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._before = termios.tcgetattr(self._slave)
        self.child = subprocess.Popen(
            [sys.executable, "-m", "nodeobs", "state", "-p", str(pid), "-i", "queue"],
            env=environment,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
        )
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def until(self, text: str) -> None:
        """Read until it shows that."""
        while text not in self.shown:
            readable, _, _ = select.select([self._master], [], [], PATIENCE)
            assert readable, f"waiting for {text!r}, shown is {self.shown!r}"
            self.shown += os.read(self._master, 65536).decode(errors="replace")

    def left_with(self) -> int:
        """The exit code, when everything is as it was before."""
        self.until(_ALTERNATE_OFF)
        code = self.child.wait()
        os.set_blocking(self._master, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.shown += os.read(self._master, 65536).decode(errors="replace")
        assert termios.tcgetattr(self._slave) == self._before
        after = self.shown.rpartition(_ALTERNATE_OFF)[2]
        assert _CURSOR_ON in after
        assert "Traceback" not in self.shown
        assert self.shown.count(_ALTERNATE_ON) == self.shown.count(_ALTERNATE_OFF) == 1
        return code


def test_ctrl_c_leaves_the_terminal_as_it_was(app: Child, environment: dict[str, str]) -> None:
    with Terminal(app.pid, {**environment, "NO_COLOR": "1"}) as browser:
        browser.until("jobs")
        browser.type("\x03")
        assert browser.left_with() == 130
        assert not _COLOUR.search(browser.shown)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_so_do_signals(app: Child, environment: dict[str, str], number: signal.Signals) -> None:
    with Terminal(app.pid, {**environment, "NO_COLOR": ""}) as browser:
        browser.until("jobs")
        browser.type("\r")
        # Keys of an object are in a colour.
        browser.until("\x1b[36")
        browser.child.send_signal(number)
        assert browser.left_with() == 128 + number


def test_without_a_terminal_there_is_a_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["state", "-i"]) == 2
    assert capsys.readouterr().err == (
        "nodeobs: the browser needs a terminal: stdin is none\n"
        "  next: nodeobs state --watch does without\n"
    )


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [("TERM", "dumb", "cannot move its cursor"), ("TERM", "", "cannot move its cursor")],
)
def test_terminals_that_cannot(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    with pytest.raises(NodeobsError, match=message) as raised:
        terminal.require_terminal("another way")
    assert raised.value.exit_code == 2
    assert raised.value.hint == "another way"


def test_a_terminal_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setattr(terminal, "has_unicode", lambda stream: False)
    with pytest.raises(NodeobsError, match="UTF-8") as raised:
        terminal.require_terminal("another way")
    assert raised.value.exit_code == 2
    assert raised.value.hint == "set LC_ALL=C.UTF-8, or another way"


@pytest.mark.parametrize("option", [["--json"], ["--watch"], ["-d", "3s"]])
def test_it_is_one_way_of_looking_and_not_two(
    capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert run(["state", "-i", *option]) == 2
    assert capsys.readouterr().err == (
        "nodeobs: -i cannot be combined with --watch, --json, -d, --stuck, --sort or -c\n"
        "  next: nodeobs state --help\n"
    )


def test_who_does_not_browse_does_not_load_it() -> None:
    code = (
        "import sys; from nodeobs.cli.main import run\n"
        "for words in (['--help'], ['state', '--help'], ['state', '-p', '1']): run(words)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'textual', 'rich'}, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
