"""The command line on real servers: kang's own and ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURE = Path(__file__).parents[1] / "fixtures" / "kang_server.js"
NODE = os.environ.get("NODEOBS_TEST_NODE") or shutil.which("node")


def started(which: str, directory: Path) -> subprocess.Popen[str]:
    if NODE is None:
        pytest.skip("there is no node")
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, check=True).stdout
    if which == "kang" and int(version[1:].split(".")[0]) >= 24:
        pytest.skip(f"kang's restify 4 does not load on Node {version.strip()}")
    directory.chmod(0o700)
    return subprocess.Popen(
        [NODE, str(FIXTURE), which],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "NODEOBS_RUNTIME_DIR": str(directory)},
    )


@pytest.fixture(scope="module", params=["kang", "nodeobs"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int, str]]:
    """Which server it is, its pid and its address."""
    with started(request.param, tmp_path_factory.mktemp("run")) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = process.stdout.readline().strip()
        yield request.param, process.pid, f"127.0.0.1:{port}"
        process.stdin.close()


def rows(capture: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capture.readouterr().out.splitlines()]


def test_every_command(server: tuple[str, int, str], capsys: pytest.CaptureFixture[str]) -> None:
    _, _, address = server
    assert run(["kang", "-h", address, "--json"]) == 0
    service, *types = rows(capsys)
    assert service["service"] == "school.class.springfield"
    assert {one["type"]: one["count"] for one in types} == {
        "service": 1,
        "stats": 1,
        "student": 3,
        "instrumentation": 1,
        "instrumenter": 2,
        "motto": 1,
        "empty": 0,
    }
    assert run(["kang", "-h", address, "list", "student"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "ID      ROLE   SURNAME",
        "bart    clown  simpson",
    ]
    assert run(["kang", "-h", address, "query", "student", "-c", "gpa >= 4", "--json"]) == 0
    assert [one["object"]["enrolled"] for one in rows(capsys)] == ["1970-01-01T00:00:00.000Z"]
    made = ["get", "instrumentation/cust:12345;1", "--links", "1", "--json"]
    assert run(["kang", "-h", address, *made]) == 0
    assert [(one["id"], one["depth"]) for one in rows(capsys)] == [
        ("cust:12345;1", 0),
        ("instr1", 1),
        ("instr3", 1),
    ]


def test_both_servers_answer_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = []
    for which in ("kang", "nodeobs"):
        with started(which, tmp_path) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            address = f"127.0.0.1:{process.stdout.readline().strip()}"
            assert run(["kang", "-h", address, "snapshot"]) == 0
            saved.append(tmp_path / which)
            saved[-1].write_text(capsys.readouterr().out)
            process.stdin.close()
    assert run(["kang", "diff", *map(str, saved), "--json"]) == 0
    changes = rows(capsys)
    assert {(one["type"], one["change"]) for one in changes} == {("stats", "changed")}
    paths = {field["path"].partition(".")[0] for field in changes[0]["fields"]}
    assert paths <= {"started", "memory"}


def test_our_server_is_on_the_socket_as_well(
    server: tuple[str, int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    which, pid, address = server
    if which == "kang":
        assert run(["kang", "-p", str(pid)]) == 1
        return
    assert run(["kang", "-p", str(pid), "list", "student", "--json"]) == 0
    by_socket = rows(capsys)
    assert run(["kang", "-h", address, "list", "student", "--json"]) == 0
    by_http = rows(capsys)
    for one, other in zip(by_socket, by_http, strict=True):
        assert one["id"] == other["id"]
        assert one["object"]["role"] == other["object"]["role"]
    assert run(["kang", "-p", str(pid), "get", f"process/{pid}", "--json"]) == 0
    assert rows(capsys)[0]["object"]["pid"] == pid
