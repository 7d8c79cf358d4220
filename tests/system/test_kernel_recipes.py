"""`nodeobs probes --show`: the command lines work as they are printed."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.conftest import _start
from tests.system.sdt_sites import TRACEFS, attached, listed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Child, RunNodeobs

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the objects of these tests are for x86-64"
)


def shown(nodeobs: RunNodeobs, tool: str, pid: int, probe: str) -> list[str]:
    done = nodeobs("probes", "--show", tool, "-p", str(pid), probe)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def run_bpftrace(
    needs_tool: Callable[[str], str], tracing: None, children: list[Child]
) -> Callable[[str], Child]:
    """Run a line, and wait until it is attached: then it has nothing to do but to wait itself."""
    needs_tool("bpftrace")

    def start(line: str) -> Child:
        tracer = _start(["bash", "-c", f"exec {line}"], os.environ, None)
        children.append(tracer)
        waits_in = Path(f"/proc/{tracer.pid}/wchan")
        while "epoll" not in waits_in.read_text():
            assert tracer.popen.poll() is None, tracer.err.all()
            time.sleep(0.005)
        return tracer

    return start


@pytest.mark.parametrize("how", ["load", "memfd"])
def test_the_line_for_bpftrace_works(
    sdt_app: Child,
    nodeobs: RunNodeobs,
    shop_object: Path,
    run_bpftrace: Callable[[str], Child],
    how: str,
) -> None:
    sdt_app.do(f"{how} {shop_object}")
    (line,) = shown(nodeobs, "bpftrace", sdt_app.pid, "shop:many")
    tracer = run_bpftrace(line)
    sdt_app.do(
        "call 1 2 n u:2 i:-7 i:4000000000 i:-2 i:200 u:77 i:-5000000000 i:10 i:-11 i:12 i:-13"
    )
    # (It loses what it has not printed yet when it is stopped.)
    for i in range(2):
        tracer.out.containing(f"{i} 2 -7 4000000000 -2 200 77 -5000000000 10 -11 12 -13")


def test_the_line_for_bpftrace_works_on_any_program(
    sdt_app: Child, nodeobs: RunNodeobs, run_bpftrace: Callable[[str], Child]
) -> None:
    """With a semaphore, and constants instead of arguments."""
    (line,) = shown(nodeobs, "bpftrace", sdt_app.pid, "demo:tick")
    tracer = run_bpftrace(line)
    sdt_app.do("fire 3")
    for i in range(3):
        line = tracer.out.containing(" -3 65535 -5000000000 18446744073709551615 ")
        first, *_, last = line.split()
        assert (int(first), int(last)) == (i, -i)


def test_the_line_for_perf_works(
    sdt_app: Child,
    nodeobs: RunNodeobs,
    shop_object: Path,
    needs_tool: Callable[[str], str],
    tracing: None,
    tmp_path: Path,
) -> None:
    needs_tool("perf")
    sdt_app.do(f"load {shop_object}")
    (line,) = shown(nodeobs, "perf", sdt_app.pid, "shop:item-sold")
    assert re.search(r"'shop:item_sold=0x[0-9a-f]+ arg1=%di:s64 arg2=%si:u64'", line)
    assert perf(sdt_app, line, "call 0 3 i:-5 s:perf", tmp_path) == 3
    (line,) = shown(nodeobs, "perf", sdt_app.pid, "demo:tick")
    assert " %sdt_demo:tick " in line
    try:
        assert perf(sdt_app, line, "fire 4", tmp_path) == 4
    finally:
        (program,) = {row["path"] for row in listed(nodeobs, sdt_app.pid, "tick")}
        subprocess.run(["perf", "buildid-cache", "--remove", program], check=False)


def perf(sdt_app: Child, line: str, command: str, directory: Path) -> int:
    """Run a line and have the program do something meanwhile; how many firings were recorded."""
    event = re.search(r"perf record -o perf.data -e (\S+)", line)
    assert event is not None
    control, answer = directory / "control", directory / "answer"
    for fifo in (control, answer):
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
    # perf says when it has begun only to those who ask it so.
    asking = f"{line} -D -1 --control fifo:{control},{answer}"
    tracer = _start(["bash", "-c", asking], os.environ, directory)
    try:
        control.write_text("enable\n")
        with answer.open() as answers:
            assert "ack" in answers.readline()
        sdt_app.do(command)
        os.kill(child_of(tracer), signal.SIGINT)
        tracer.wait()
        done = subprocess.run(
            ["perf", "script", "-i", str(directory / "perf.data")],
            capture_output=True,
            text=True,
            check=True,
        )
        return len([row for row in done.stdout.splitlines() if f" {event[1]}:" in row])
    finally:
        tracer.end()
        subprocess.run(["perf", "probe", "-d", event[1]], capture_output=True, check=False)


def child_of(child: Child) -> int:
    """The perf record that a shell has started, or has become."""
    pids = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    return int(pids[0]) if pids else child.pid


def test_the_lines_for_tracefs_work(
    sdt_app: Child, nodeobs: RunNodeobs, shop_object: Path, tracing: None
) -> None:
    sdt_app.do(f"memfd {shop_object}")
    trace = Path(TRACEFS, "trace")
    lines = shown(nodeobs, "tracefs", sdt_app.pid, "item-sold")
    read = next(index for index, line in enumerate(lines) if line.startswith("timeout 10 cat"))
    before, after = lines[:read], lines[read + 1 :]
    try:
        subprocess.run(["bash", "-ec", "\n".join(before)], check=True)
        assert attached(nodeobs, sdt_app.pid, "item-sold") == [True]
        sdt_app.do("call 0 4 i:-5 u:7")
        text = trace.read_text()
        assert text.count("item_sold: (") == 4
        assert text.count("arg1=-5 arg2=7\n") == 4
    finally:
        subprocess.run(["bash", "-ec", "\n".join(after)], check=True)
        trace.write_text("")
    assert attached(nodeobs, sdt_app.pid, "item-sold") == [False]
    assert "item_sold" not in Path(TRACEFS, "uprobe_events").read_text()
