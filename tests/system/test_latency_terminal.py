"""`nodeobs latency` on a terminal: tables that are kept up to date in place."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Self

from tests.system.latency_app import App

from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from tests.system.conftest import Fifo, StartNode


class Terminal:
    """`nodeobs latency` on a terminal of 80 columns."""

    def __init__(self, pid: int, environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "nodeobs", "latency", "-p", str(pid), "-i", "200ms"],
            env={**environment, "TERM": "xterm", "COLUMNS": "80", "LINES": "30"},
            stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self._master)

    def until(self, pattern: str) -> None:
        """Read until it shows that."""
        while not re.search(pattern, self.shown):
            self.shown += os.read(self._master, 4096).decode(errors="replace")

    def interrupt(self) -> str:
        """Ctrl-C, and what it shows from then on."""
        self.child.send_signal(signal.SIGINT)
        rest = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while True:
                rest += os.read(self._master, 4096)
        assert self.child.wait() == 130
        return rest.decode()


def test_a_terminal_is_kept_up_to_date(node: StartNode, environment: dict[str, str]) -> None:
    server = App.start(node, "http")
    with Terminal(server.pid, environment) as terminal:
        terminal.until("no requests")
        server.get_all(["/wait/2"] * 7)
        terminal.until(r"GET /wait/:id\s+7 ")
        assert "\x1b[H" in terminal.shown
        rest = terminal.interrupt()
        assert re.search(r"7 requests in [\d.]+ s", rest)
        assert rest.count("ROUTE LATENCY") >= 1


def test_a_terminal_says_what_happens_above_the_tables_and_again_at_the_end(
    node: StartNode, environment: dict[str, str], fifo: Fifo
) -> None:
    stuck = node("app.js")
    with Terminal(stuck.pid, environment) as terminal:
        terminal.until("no requests")
        fifo.block(stuck)
        message = f"{stuck.pid} (app.js): event loop has not answered"
        terminal.until(rf"\n-- {re.escape(message)}")
        frame = terminal.shown.rpartition("\x1b[H")[2]
        assert all(cell_width(line) <= 80 for line in re.sub(r"\x1b\[\w", "", frame).splitlines())
        fifo.release()
        terminal.until("answers again")
        assert f"nodeobs: {message}" in terminal.interrupt()
