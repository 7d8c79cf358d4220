"""`nodeobs snoop --recent`: what was logged before anybody looked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs, StartNode

ROOT = Path(__file__).parents[2]

#: Logs, below its level too, before anybody can look, and goes on while somebody does.
APP = """
const { createLogger } = require('ROOT');
const log = createLogger({ name: 'orders', recorder: RECORDER, streams: [{ path: FILE }] });
log.debug({ step: 1 }, 'early');
log.info({ deep: { er: 1 } }, 'logged');
let n = 0;
setInterval(() => log.debug({ n: n++ }, 'pulse'), 5);
setTimeout(() => console.log('ready'), 100);
"""


def script(directory: Path, recorder: str) -> Path:
    path = directory / "app.js"
    text = APP.replace("ROOT", str(ROOT)).replace("RECORDER", recorder)
    path.write_text(text.replace("FILE", json.dumps(str(directory / "app.log"))))
    return path


def test_records_from_before_come_first_and_no_record_twice(
    node: StartNode, nodeobs: RunNodeobs, tmp_path: Path
) -> None:
    app = node(str(script(tmp_path, "true")))
    done = nodeobs("snoop", "-p", str(app.pid), "--recent", "--no-probes", "--json", "-n", "60")
    assert done.returncode == 0, done.stderr
    records = [
        line["record"]
        for line in map(json.loads, done.stdout.splitlines())
        if line["type"] == "log"
    ]
    assert [record["msg"] for record in records[:2]] == ["early", "logged"]
    pulses = [record["n"] for record in records[2:]]
    assert pulses == list(range(len(pulses))), "none is missing where the kept ones end"
    assert len(pulses) == 58


def test_without_being_asked_only_what_was_logged_is_kept(
    node: StartNode, nodeobs: RunNodeobs, tmp_path: Path
) -> None:
    app = node(str(script(tmp_path, "undefined")))
    done = nodeobs("snoop", "-p", str(app.pid), "--recent", "-l", "info", "-o", "bunyan", "-n", "1")
    assert done.stdout.encode() == (tmp_path / "app.log").read_bytes(), "byte for byte"
    assert "1 recent record" in done.stderr


def test_it_is_about_log_records(nodeobs: RunNodeobs) -> None:
    done = nodeobs("snoop", "--recent", "--no-logs")
    assert done.returncode == 2
    assert "leave --via kernel and --no-logs out" in done.stderr
