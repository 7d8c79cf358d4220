"""The clients of docs/protocol.md, run as they stand there: they use nothing of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.conftest import Child

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs, StartNode

ROOT = Path(__file__).parents[2]


def sample(language: str) -> str:
    text = (ROOT / "docs/protocol.md").read_text()
    (code,) = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return str(code)


@pytest.mark.smoke
@pytest.mark.parametrize("language", ["python", "js"])
def test_a_small_client_listens(
    language: str,
    node: StartNode,
    nodeobs: RunNodeobs,
    node_path: str,
    runtime_dir: Path,
    children: list[Child],
) -> None:
    code = sample(language)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 15
    app = node("app.js")
    run = [sys.executable, "-c", code] if language == "python" else [node_path, "-e", code]
    socket = runtime_dir / f"{app.pid}.sock"
    client = Child(
        subprocess.Popen(
            # node -e has the first argument at argv[1], a script file at argv[2]
            [*run, *(["-"] if language == "js" else []), str(socket)],
            cwd=ROOT,
            env=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    children.append(client)
    listening = False
    while not listening:
        done = nodeobs("probes", "-p", str(app.pid), "tick")
        listening = "a small client" in done.stdout
        assert client.popen.poll() is None, client.err.all()
    app.do("log trace not asked for")
    app.do("log debug below the level")
    app.do("fire 1")
    assert '"msg":"below the level"' in client.out.containing('"msg"')
    assert '"args":[0,"text"]' in client.out.containing('"probe":"tick"')
