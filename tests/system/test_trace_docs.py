"""docs/trace.md: its commands and programs are run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nodeobs.d import Text, compile_program

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs, StartNode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trace.md").read_text()

#: Commands of console blocks; what is quoted may go on over several lines.
COMMANDS = re.findall(r"^\$ nodeobs (trace (?:'[^']*'|[^'\n])*)$", PAGE, re.MULTILINE)
PROGRAMS = re.findall(r"^```d\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_is_something_to_run() -> None:
    assert len(COMMANDS) == PAGE.count("\n$ ")
    assert len(COMMANDS) >= 3
    assert PROGRAMS


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_commands(node: StartNode, nodeobs: RunNodeobs, command: str) -> None:
    app = node(
        ROOT / "examples" / "restify" / "server.js",
        options=("-r", str(ROOT / "js" / "register.js")),
        ready=None,
    )
    app.out.until(lambda line: re.search(r"127\.0\.0\.1:\d+", line) is not None)
    words = [str(app.pid) if word == "orders-api" else word for word in shlex.split(command)]
    done = nodeobs(*words, "-d", "200ms")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"(nodeobs: description '.*' matched [1-9]\d* probes?\n)?", done.stderr)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs(program: str) -> None:
    assert compile_program([Text(program)]).agent is not None
