"""nodeobs ps, and what it finds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.system.conftest import FIXTURES, Child, Fifo, RunNodeobs, StartNode, _start


def listed(nodeobs: RunNodeobs, **options: Any) -> dict[int, dict[str, Any]]:
    done = nodeobs("ps", "--json", **options)
    assert (done.returncode, done.stderr) == (0, "")
    return {entry["pid"]: entry for entry in map(json.loads, done.stdout.splitlines())}


def version_of(node_path: str) -> str:
    done = subprocess.run([node_path, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("v")


@pytest.mark.smoke
def test_agent_version_and_application(
    node: StartNode, nodeobs: RunNodeobs, node_path: str, runtime_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "package.json").write_text('{"name": "orders", "version": "1.4.2"}')
    (tmp_path / "server.js").write_text(f"require({json.dumps(str(FIXTURES / 'app.js'))});\n")
    child = node("app.js")
    mine = node(tmp_path / "server.js")
    found = listed(nodeobs)
    entry = found[child.pid]
    assert entry["agent"]["state"] == "ok"
    assert entry["node"] == version_of(node_path)
    assert entry["endpoints"] == [{"tid": 0, "path": f"{runtime_dir}/{child.pid}.sock"}]
    assert found[mine.pid]["app"] == "orders@1.4.2"
    table = nodeobs("ps").stdout.splitlines()
    assert table[0].split() == [
        "PID",
        "USER",
        "NODE",
        "UPTIME",
        "CPU%",
        "RSS",
        "AGENT",
        "APP",
        "COMMAND",
    ]
    (line,) = [line for line in table if line.split()[0] == str(mine.pid)]
    assert " orders@1.4.2 " in line
    assert line.endswith(str(tmp_path / "server.js"))


def test_renamed_node_is_found_and_its_version_known(
    node: StartNode, nodeobs: RunNodeobs, node_path: str, tmp_path: Path
) -> None:
    renamed = tmp_path / "my-service"
    shutil.copy(Path(node_path).resolve(), renamed)
    child = node("no_agent.js", executable=renamed)
    entry = listed(nodeobs)[child.pid]
    assert entry["agent"]["state"] == "absent"
    assert entry["node"] == version_of(node_path)
    assert entry["command"].startswith(str(renamed))


def test_shell_script_and_c_program_called_node_are_not(
    nodeobs: RunNodeobs, tmp_path: Path, environment: dict[str, str], children: list[Child]
) -> None:
    compiler = shutil.which("cc")
    assert compiler is not None
    (tmp_path / "c").mkdir()
    program, script = tmp_path / "c" / "node", tmp_path / "node"
    subprocess.run([compiler, "-o", str(program), str(FIXTURES / "not_node.c")], check=True)
    script.write_text("#!/bin/sh\necho ready\nread line\n")
    script.chmod(0o755)
    started = [_start([str(path)], environment, None) for path in (program, script)]
    children += started
    for child in started:
        child.out.containing("ready")
    found = listed(nodeobs)
    assert not {child.pid for child in started} & set(found)
    done = nodeobs("state", "-p", str(started[0].pid))
    assert done.returncode == 1
    assert done.stderr == (
        f"nodeobs: process {started[0].pid} (node) is not a Node process\n"
        "  next: nodeobs ps lists the Node processes\n"
    )


def test_single_executable_application(
    node: StartNode, nodeobs: RunNodeobs, node_path: str, tmp_path: Path
) -> None:
    # https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html
    (tmp_path / "main.js").write_text((FIXTURES / "no_agent.js").read_text())
    (tmp_path / "sea.json").write_text(
        json.dumps(
            {"main": "main.js", "output": "main.blob", "disableExperimentalSEAWarning": True}
        )
    )
    real = Path(node_path).resolve()
    subprocess.run(
        [node_path, "--experimental-sea-config", "sea.json"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    shutil.copy(real, tmp_path / "app")
    fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"
    if fuse.encode() not in real.read_bytes():
        pytest.skip("this node was built without single-executable applications")
    postject = Path(__file__).parents[2] / "node_modules" / "postject" / "dist" / "cli.js"
    subprocess.run(
        [node_path, str(postject), "app", "NODE_SEA_BLOB", "main.blob", "--sentinel-fuse", fuse],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    child = node("", executable=tmp_path / "app")
    entry = listed(nodeobs)[child.pid]
    assert entry["node"] == version_of(node_path)
    assert entry["command"] == str(tmp_path / "app")


def test_workers_are_counted(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    child.do("worker")
    entry = listed(nodeobs)[child.pid]
    assert entry["agent"]["threads"] == 1
    assert [endpoint["tid"] for endpoint in entry["endpoints"]] == [0, 1]


def test_why_there_is_no_agent(node: StartNode, nodeobs: RunNodeobs, fifo: Fifo) -> None:
    off = node("app.js", env={"NODEOBS": "off"})
    stopped = node("app.js")
    busy = node("app.js")
    stopped.send(signal.SIGSTOP)
    os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
    fifo.block(busy)
    found = listed(nodeobs)
    assert found[off.pid]["agent"]["state"] == "off"
    assert found[stopped.pid]["agent"]["state"] == "stopped"
    assert found[busy.pid]["agent"]["state"] == "no answer"
    stopped.send(signal.SIGCONT)


def test_other_users_processes_are_shown_as_far_as_possible(
    node: StartNode, nodeobs: RunNodeobs, as_nobody: tuple[str, ...]
) -> None:
    child = node("app.js")
    entry = listed(nodeobs, prefix=as_nobody)[child.pid]
    assert entry["agent"]["state"] == "no permission"
    assert entry["node"] is None
    assert entry["user"] == "root"


def test_other_users_process_needs_permission(
    node: StartNode, nodeobs: RunNodeobs, as_nobody: tuple[str, ...]
) -> None:
    child = node("app.js")
    for verb in (["state"], ["probes"], ["level", "debug"]):
        done = nodeobs(verb[0], "-p", str(child.pid), *verb[1:], prefix=as_nobody)
        assert done.returncode == 1
        first, second = done.stderr.splitlines()
        assert first.startswith(f"nodeobs: {child.pid} (")
        assert first.endswith("belongs to root: you may not look into it")
        assert "CAP_SYS_PTRACE" in second


def test_two_runtime_directories(
    node: StartNode, nodeobs: RunNodeobs, tmp_path: Path, runtime_dir: Path
) -> None:
    here, there = node("app.js"), node("app.js", env={"NODEOBS_RUNTIME_DIR": f"{tmp_path}/other"})
    found = listed(nodeobs)
    assert found[here.pid]["endpoints"][0]["path"] == f"{runtime_dir}/{here.pid}.sock"
    assert found[there.pid]["endpoints"][0]["path"] == f"{tmp_path}/other/{there.pid}.sock"
    assert found[there.pid]["agent"]["state"] == "ok"


@pytest.mark.parametrize(
    ("directory", "because"),
    [
        ("/tmp/" + "d" * 120, "bytes, a unix socket takes 107"),
        ("/dev/null/run", "does not exist and could not be made"),
        ("{tmp}/no/such", "does not exist and could not be made"),
        ("/dev/null", "is not a directory"),
        ("{tmp}/open", "is open to other users (mode 755)"),
        ("{tmp}/link", "is a symbolic link"),
    ],
)
def test_runtime_directory_that_cannot_be(
    node: StartNode, nodeobs: RunNodeobs, tmp_path: Path, directory: str, because: str
) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    child = node("app.js", env={"NODEOBS_RUNTIME_DIR": directory.format(tmp=tmp_path)})
    entry = listed(nodeobs)[child.pid]
    assert entry["agent"]["state"] == "off"
    assert because in entry["agent"]["reason"]
    done = nodeobs("state", "-p", str(child.pid))
    assert done.returncode == 1
    message, hint = done.stderr.splitlines()
    assert message.startswith(
        f"nodeobs: {child.pid} (app.js) has no agent: its NODEOBS_RUNTIME_DIR"
    )
    assert because in message
    assert hint.startswith("  next: restart it with")


def test_sockets_of_killed_processes_are_removed(
    node: StartNode, nodeobs: RunNodeobs, runtime_dir: Path
) -> None:
    dead, alive = node("app.js"), node("app.js")
    dead.send(signal.SIGKILL)
    dead.wait()
    assert (runtime_dir / f"{dead.pid}.sock").exists()
    listed(nodeobs)
    assert [path.name for path in runtime_dir.glob("*.sock")] == [f"{alive.pid}.sock"]
