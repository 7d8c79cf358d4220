"""Finding Node processes in a /proc made of files."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nodeobs.discovery import processes as discovery
from nodeobs.discovery.processes import discover, endpoints_of, find, no_agent_error
from nodeobs.discovery.procfs import PROC
from nodeobs.discovery.runtime_dirs import remove_dead_sockets
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from tests.py.fake_proc import FakeProc


def test_only_node_is_found_whatever_it_is_called(fake_proc: FakeProc) -> None:
    node = fake_proc.executable("bin/node", version="20.11.1")
    fake_proc.add(10, ["node", "server.js"], exe=node)
    fake_proc.add(11, ["./api"], exe=fake_proc.executable("api", version="22.1.0"))
    fake_proc.add(12, ["/bin/sh", "./node"], exe=fake_proc.executable("sh", [b"main"]))
    fake_proc.add(13, ["node"], exe=fake_proc.executable("c/node", [b"main"]))
    fake_proc.add(14, [], exe=None, comm="kworker/0:1")
    fake_proc.add(15, ["node", "x.js"], exe=node, state="Z")
    found = discover(proc=fake_proc.procfs)
    assert [(process.pid, process.node_version) for process in found] == [
        (10, "20.11.1"),
        (11, "22.1.0"),
    ]


def test_figures(fake_proc: FakeProc) -> None:
    fake_proc.add(10, ["node", "server.js"], exe=fake_proc.executable("node"), comm="a) (b")
    (process,) = discover(proc=fake_proc.procfs)
    ticks = os.sysconf("SC_CLK_TCK")
    assert process.uptime == 10000 - 900000 / ticks
    assert process.cpu_percent == pytest.approx(100 * 200 / ticks / process.uptime)
    assert process.rss == 2560 * os.sysconf("SC_PAGE_SIZE")
    assert process.start_time == 900000
    assert (process.command, process.label) == ("node server.js", "10 (server.js)")


def test_unreadable_executable_is_judged_by_its_name(fake_proc: FakeProc) -> None:
    fake_proc.add(10, ["/usr/bin/node", "server.js"], exe=None, uid=12345)
    fake_proc.add(11, ["/bin/sh", "node"], exe=None, uid=12345)
    (process,) = discover(proc=fake_proc.procfs)
    assert (process.pid, process.user, process.node_version) == (10, "12345", None)
    assert discover(all_users=False, proc=fake_proc.procfs) == []


def test_application_is_that_of_the_script(fake_proc: FakeProc, tmp_path: Path) -> None:
    (tmp_path / "srv" / "lib").mkdir(parents=True)
    (tmp_path / "srv" / "package.json").write_text('{"name": "@acme/api", "version": "2.0.0"}')
    node = fake_proc.executable("node")
    fake_proc.add(10, ["node", "-r", "x", "lib/a.js"], exe=node, cwd=tmp_path / "srv")
    fake_proc.add(11, ["node", str(tmp_path / "srv" / "b.js")], exe=node)
    fake_proc.add(12, ["node", "."], exe=node, cwd=tmp_path / "srv")
    fake_proc.add(13, ["api: worker 1"], exe=node, cwd=tmp_path / "srv")
    fake_proc.add(14, ["node", "-e", "1"], exe=node, cwd=tmp_path / "srv")
    found = discover(proc=fake_proc.procfs)
    assert [process.app for process in found] == ["@acme/api@2.0.0"] * 4 + [None]
    assert found[0].names == ["@acme/api", "@acme/api@2.0.0", "a.js", "a", "node"]


def test_endpoints_of_threads(fake_proc: FakeProc, tmp_path: Path) -> None:
    fake_proc.add(10, ["node", "a.js"], exe=fake_proc.executable("node"))
    fake_proc.listen(10, tmp_path / "r" / "10.2.sock", 102)
    fake_proc.listen(10, tmp_path / "r" / "10.sock", 101)
    fake_proc.listen(10, tmp_path / "r" / "other.sock", 103)
    fake_proc.listen(10, tmp_path / "r" / "11.sock", 104)
    # The name fits, but the process does not hold the socket.
    fake_proc.unix.append(f"0000: 2 0 00010000 0001 01 105 {tmp_path}/r/10.3.sock")
    # Connected, not listening.
    fake_proc.unix.append(f"0000: 2 0 00000000 0001 03 101 {tmp_path}/r/10.4.sock")
    fake_proc._write_unix()
    endpoints = endpoints_of(10, proc=fake_proc.procfs)
    assert [(endpoint.tid, endpoint.inode) for endpoint in endpoints] == [(0, 101), (2, 102)]
    assert endpoints[0].path == f"{tmp_path}/r/10.sock"
    (process,) = discover(proc=fake_proc.procfs)
    assert (process.agent_state, process.endpoints) == (discovery.PRESENT, endpoints)


def test_two_runtime_directories_need_no_option(fake_proc: FakeProc, tmp_path: Path) -> None:
    node = fake_proc.executable("node")
    for pid in (10, 11):
        fake_proc.add(pid, ["node", "a.js"], exe=node)
        fake_proc.listen(pid, tmp_path / f"run{pid}" / f"{pid}.sock", 100 + pid)
    assert [process.endpoints[0].path for process in discover(proc=fake_proc.procfs)] == [
        f"{tmp_path}/run10/10.sock",
        f"{tmp_path}/run11/11.sock",
    ]


def test_container_is_reached_through_its_root(fake_proc: FakeProc, tmp_path: Path) -> None:
    inside = tmp_path / "container"
    (inside / "srv").mkdir(parents=True)
    (inside / "srv" / "package.json").write_text('{"name": "boxed"}')
    fake_proc.add(
        10,
        ["node", "/srv/a.js"],
        exe=fake_proc.executable("node"),
        ns_pid=1,
        mounts="container",
        root=inside,
    )
    fake_proc.listen(10, inside / "tmp" / "1.sock", 101, shown_as="/tmp/1.sock")
    (process,) = discover(proc=fake_proc.procfs)
    assert process.app == "boxed"
    assert process.endpoints[0].path == f"{fake_proc.root}/10/root/tmp/1.sock"


def test_why_there_is_no_agent(fake_proc: FakeProc, tmp_path: Path) -> None:
    node = fake_proc.executable("node")
    fake_proc.add(10, ["node", "a.js"], exe=node)
    fake_proc.add(11, ["node", "a.js"], exe=node, environ="A=1\0NODEOBS=off")
    fake_proc.add(12, ["node", "a.js"], exe=node, state="T")
    fake_proc.listen(12, tmp_path / "12.sock", 112)
    fake_proc.add(13, ["node", "a.js"], exe=node)
    fake_proc.listen(13, tmp_path / "13.sock", 113)
    (tmp_path / "13.sock").unlink()
    found = discover(proc=fake_proc.procfs)
    assert [process.agent_state for process in found] == [
        discovery.ABSENT,
        discovery.OFF,
        discovery.STOPPED,
        discovery.UNREACHABLE,
    ]
    assert found[2].reason == "the process is stopped; kill -CONT 12 continues it"
    assert found[2].endpoints
    messages = [no_agent_error(found[index]).message for index in (0, 1, 3)]
    assert messages == [
        "10 (a.js) has no nodeobs agent",
        "11 (a.js) was started with NODEOBS=off",
        f"13 (a.js): its socket {tmp_path}/13.sock has been removed",
    ]
    assert all(no_agent_error(process).hint for process in found)


def test_find(fake_proc: FakeProc, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "api", "version": "1.0.0"}')
    node = fake_proc.executable("node")
    fake_proc.add(10, ["node", "server.js"], exe=node)
    fake_proc.add(11, ["node", "-e", "1"], exe=node)
    fake_proc.add(12, ["sh"], exe=fake_proc.executable("sh", []))

    def pids(spec: str) -> list[int]:
        return [process.pid for process in find(spec, proc=fake_proc.procfs)]

    assert pids("10") == [10]
    for spec in ("api", "api@1.0.0", "server.js", "server", "serv*", "a?i"):
        assert pids(spec) == [10]
    assert pids("*") == pids("node") == [10, 11]


@pytest.mark.parametrize(
    ("spec", "code", "message", "hint"),
    [
        ("99", "no_process", "there is no process 99", "nodeobs ps lists the Node processes"),
        ("12", "not_node", "process 12 (bash) is not a Node process", None),
        ("13", "no_process", "process 13 (node) has exited already and waits for its parent", None),
        ("sevrer", "no_match", 'no Node process is called "sevrer"', "did you mean server"),
        ("zzz", "no_match", 'no Node process is called "zzz"', "nodeobs ps lists"),
    ],
)
def test_find_says_what_is_wrong(
    fake_proc: FakeProc, spec: str, code: str, message: str, hint: str | None
) -> None:
    node = fake_proc.executable("node")
    fake_proc.add(10, ["node", "server.js"], exe=node)
    fake_proc.add(12, ["bash"], exe=fake_proc.executable("bash", []), comm="bash")
    fake_proc.add(13, [], exe=None, state="Z")
    with pytest.raises(NodeobsError) as raised:
        find(spec, proc=fake_proc.procfs)
    assert (raised.value.code, raised.value.message) == (code, message)
    assert raised.value.hint is not None
    assert hint is None or raised.value.hint.startswith(hint)


def test_dead_sockets_are_removed_and_only_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODEOBS_RUNTIME_DIR", str(tmp_path))
    gone = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    sockets = {}
    for name in (
        f"{gone}.sock",
        f"{gone}.3.sock",
        f"{gone + 1}.sock",
        f"{os.getpid()}.sock",
        "a.sock",
    ):
        sockets[name] = socket.socket(socket.AF_UNIX)
        sockets[name].bind(str(tmp_path / name))
    # One of another pid namespace: its pid means nothing here, but somebody listens.
    sockets[f"{gone + 1}.sock"].listen()
    (tmp_path / f"{gone + 2}.sock").write_text("not a socket")
    remove_dead_sockets(PROC)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"{gone + 1}.sock", f"{os.getpid()}.sock", "a.sock", f"{gone + 2}.sock"]
    )
    for listener in sockets.values():
        listener.close()
