"""`nodeobs level --stream`: the level of some of a logger's streams, for a while."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs

ROOT = Path(__file__).parents[2]

APP = """
const { createLogger } = require('ROOT');
const write = (line) => console.log(`${JSON.parse(line).msg}`);
const log = createLogger({ name: 'orders', streams: [
  { name: 'file', level: 'warn', stream: { write: (line) => write(line) } },
  { name: 'other', level: 'fatal', stream: { write: () => console.log('wrong stream') } },
] });
console.log('ready');
setInterval(() => { log.debug('debug'); log.warn('warn'); }, 20);
"""


def test_only_the_named_stream_changes_and_goes_back(
    node: StartNode, start_nodeobs: StartNodeobs, nodeobs: RunNodeobs, tmp_path: Path
) -> None:
    path = tmp_path / "app.js"
    path.write_text(APP.replace("ROOT", str(ROOT)))
    app = node(path)
    holding = start_nodeobs(
        "level", "-p", str(app.pid), "debug", "--stream", "file", "--for", "1s", "--json"
    )
    app.out.containing("debug")
    assert holding.wait() == 0
    changed, reverted = map(json.loads, holding.out.all())
    assert (changed["from"], changed["to"]) == (40, 20)
    assert reverted["event"] == "reverted"
    app.end()
    assert "wrong stream" not in app.out.all()


def test_a_stream_that_is_not_there_is_said_to_be_missing(
    node: StartNode, nodeobs: RunNodeobs, tmp_path: Path
) -> None:
    path = tmp_path / "app.js"
    path.write_text(APP.replace("ROOT", str(ROOT)))
    app = node(path)
    done = nodeobs("level", "-p", str(app.pid), "debug", "--stream", "fiel")
    assert done.returncode == 1
    assert 'no stream "fiel"' in done.stderr
    assert "file" in done.stderr
