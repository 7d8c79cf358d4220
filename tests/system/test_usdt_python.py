"""Probes that Python programs make, as real tracers see them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.conftest import FIXTURES, PATIENCE, Child, _start, require
from tests.system.perf import Recorder

from nodeobs.usdt import unavailable_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs


class Program:
    """tests/fixtures/probes_app.py."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.pid = child.pid

    def do(self, command: str, *words: object) -> Any:
        """Have it do something; what it answers."""
        self._child.tell(" ".join([command, *map(_word, words)]))
        return json.loads(self._child.out.until(lambda line: True))


class Programs:
    def __init__(self, environment: Mapping[str, str], children: list[Child]) -> None:
        self._environment = environment
        self._children = children

    def __call__(self, provider: str, **options: object) -> Program:
        command = [sys.executable, str(FIXTURES / "probes_app.py"), provider, json.dumps(options)]
        child = _start(command, self._environment, None)
        self._children.append(child)
        return Program(child)


def _word(word: object) -> str:
    return word if isinstance(word, str) else json.dumps(word)


@pytest.fixture
def program(tracing: None, environment: dict[str, str], children: list[Child]) -> Programs:
    require(unavailable_reason() is None, str(unavailable_reason()))
    return Programs(environment, children)


@pytest.fixture
def bpftrace(needs_tool: Callable[[str], str]) -> Callable[..., Bpftrace]:
    path = needs_tool("bpftrace")
    return lambda program, *options: Bpftrace(path, program, *options)


# -- bpftrace -------------------------------------------------------------------------------


@pytest.mark.parametrize("memfd", [False, True])
def test_each_firing_is_seen_once_with_its_arguments(
    program: Programs, bpftrace: Callable[..., Bpftrace], memfd: bool
) -> None:
    app = program("pyshop", memfd=memfd)
    app.do("declare", "sold", ["str", "int32", "uint8", "int", "float", "int16"])
    place = app.do("load")["sold"]
    assert place[0].startswith(f"/proc/{app.pid}/fd/") == memfd
    values = ["äpfel", -3, 255, -(2**62), 1.25, -300]
    assert app.do("fire", "sold", 100, values) == 0
    with bpftrace(
        "usdt:*:pyshop:sold {"
        " @n = count(); @[str(arg0), arg1, arg2, arg3, str(arg4), arg5] = count(); }",
        "-p",
        str(app.pid),
    ) as tracer:
        assert app.do("fire", "sold", 1000, values) == 1000
        # Wrapped as C does.
        assert app.do("fire", "sold", 10, ["", 2**31, 256, 2**64 + 1, 0.1, 2**15]) == 10
        assert tracer.stop() == {
            "n": 1010,
            "": {
                "äpfel, -3, 255, -4611686018427387904, 1.25, -300": 1000,
                ", -2147483648, 0, 1, 0.1, -32768": 10,
            },
        }
    app.do("detached", "sold")
    assert app.do("fire", "sold", 100, values) == 0


def test_arguments_7_to_32_are_in_the_block(
    program: Programs, bpftrace: Callable[..., Bpftrace]
) -> None:
    require(os.uname().machine == "x86_64", "needs the registers of x86-64")
    app = program("pyblock")
    app.do("declare", "twelve", ["int"] * 6 + ["int32", "str", "uint64", "int8", "uint16", "int"])
    app.do("declare", "all", ["int"] * 32)
    app.do("load")
    with bpftrace(
        'usdt:*:pyblock:twelve { $b = reg("r10");'
        " @t[arg0, arg5, *(int32*)($b + 48), str(*(uint64*)($b + 56)), *(uint64*)($b + 64),"
        " *(int8*)($b + 72), *(uint16*)($b + 80), *(int64*)($b + 88)] = count(); }"
        ' usdt:*:pyblock:all { @a[arg5, *(int64*)(reg("r10") + 31 * 8)] = count(); }',
        "-p",
        str(app.pid),
    ) as tracer:
        values = [1, 2, 3, 4, 5, 6, -7, "acht", 9, -10, 65535, -12]
        assert app.do("fire", "twelve", 50, values) == 50
        assert app.do("fire", "all", 50, list(range(1, 33))) == 50
        assert tracer.stop() == {
            "t": {"1, 6, -7, acht, 9, -10, 65535, -12": 50},
            "a": {"6, 32": 50},
        }


def test_a_tracer_can_be_there_first_and_see_all_processes(
    program: Programs, bpftrace: Callable[..., Bpftrace]
) -> None:
    first = program("pyfirst")
    first.do("declare", "start", ["int"])
    path = first.do("load")["start"][0]
    with bpftrace(f"usdt:{path}:pyfirst:start {{ @[pid] = sum(arg0); }}") as tracer:
        second = program("pyfirst")
        second.do("declare", "start", ["int"])
        assert second.do("load")["start"][0] == path
        # No waiting: it is enabled from its first instruction on.
        assert second.do("fire", "start", 3, [7]) == 3
        assert first.do("fire", "start", 2, [5]) == 2
        assert tracer.stop()[""] == {str(first.pid): 10, str(second.pid): 21}


def test_threads_fire_while_traced(program: Programs, bpftrace: Callable[..., Bpftrace]) -> None:
    app = program("pythreads")
    app.do("declare", "tick", ["int", "str"])
    app.do("load")
    with bpftrace(
        "usdt:*:pythreads:tick { @[arg0, str(arg1)] = count(); }", "-p", str(app.pid)
    ) as tracer:
        assert app.do("flood", "tick", 4, 2000) == 8000
        assert tracer.stop()[""] == {f"{number}, thread {number}": 2000 for number in range(4)}


def test_a_forked_child_is_a_process_of_its_own(
    program: Programs, bpftrace: Callable[..., Bpftrace]
) -> None:
    app = program("pyfork")
    app.do("declare", "tick", ["int"])
    path = app.do("load")["tick"][0]
    with bpftrace(f"usdt:{path}:pyfork:tick {{ @[pid] = count(); }}") as tracer:
        child = app.do("fork", "tick", 5, [1])
        app.do("fire", "tick", 2, [1])
        assert tracer.stop()[""] == {str(app.pid): 2, str(child): 5}
    app.do("detached", "tick")
    with bpftrace("usdt:*:pyfork:tick { @[pid] = count(); }", "-p", str(app.pid)) as tracer:
        app.do("fork", "tick", 5, [1])
        app.do("fire", "tick", 2, [1])
        assert tracer.stop()[""] == {str(app.pid): 2}


def test_a_killed_tracer_leaves_nothing_on(
    program: Programs, bpftrace: Callable[..., Bpftrace]
) -> None:
    app = program("pykilled")
    app.do("declare", "tick", ["int"])
    app.do("load")
    with bpftrace("usdt:*:pykilled:tick { @ = count(); }", "-p", str(app.pid)) as tracer:
        assert app.do("fire", "tick", 10, [1]) == 10
        tracer.process.kill()
        app.do("detached", "tick")
    assert app.do("fire", "tick", 10, [1]) == 0


def test_closing_under_a_tracer(program: Programs, bpftrace: Callable[..., Bpftrace]) -> None:
    app = program("pyclosed")
    app.do("declare", "tick", ["int"])
    app.do("load")
    with bpftrace("usdt:*:pyclosed:tick { @ = count(); }", "-p", str(app.pid)) as tracer:
        assert app.do("fire", "tick", 10, [1]) == 10
        app.do("close")
        assert app.do("fire", "tick", 10, [1]) == 0
        # The code stays where the tracer knows it.
        assert "pyclosed" in Path(f"/proc/{app.pid}/maps").read_text()
        assert tracer.stop()[""] == 10


# -- the others -----------------------------------------------------------------------------


def test_perf(program: Programs, needs_tool: Callable[[str], str], tmp_path: Path) -> None:
    app = program("pyperf")
    app.do("declare", "sold", ["int32", "str", "uint64"])
    path = app.do("load")["sold"][0]
    cache = ("--buildid-dir", str(tmp_path / "perf"))
    tool = needs_tool("perf")

    def perf(*arguments: str) -> str:
        done = subprocess.run(
            [tool, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    perf(*cache, "buildid-cache", "--add", path)
    assert "sdt_pyperf:sold" in perf(*cache, "list", "sdt")
    perf(*cache, "probe", "-x", path, "%sdt_pyperf:sold")
    try:
        data = str(tmp_path / "perf.data")
        with Recorder([tool, "record", "-e", "sdt_pyperf:sold", "-p", str(app.pid), "-o", data]):
            assert app.do("fire", "sold", 200, [-3, "apple", 2**63 + 1]) == 200
        script = perf("script", "-i", data, "-F", "event,trace")
    finally:
        perf("probe", "-d", "sdt_pyperf:sold")
    lines = [line for line in script.splitlines() if "sdt_pyperf:sold" in line]
    assert len(lines) == 200
    assert all(
        re.search(r"arg1=-3 arg2=\d+ arg3=(9223372036854775809|0x8000000000000001)", line)
        for line in lines
    ), lines[0]


@pytest.mark.parametrize("memfd", [False, True])
def test_gdb_lists_them(program: Programs, needs_tool: Callable[[str], str], memfd: bool) -> None:
    app = program("pygdb", memfd=memfd)
    app.do("declare", "sold", ["str", "int32"])
    app.do("declare", "bought", [])
    path, offset = app.do("load")["sold"]
    listed = subprocess.run(
        [needs_tool("gdb"), "-q", "-nx", "-batch", "-ex", "info probes stap", path],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    ).stdout
    assert re.search(rf"^stap +pygdb +sold +0x0*{offset:x} +", listed, re.MULTILINE), listed
    assert re.search(r"^stap +pygdb +bought ", listed, re.MULTILINE), listed


# -- nodeobs itself -------------------------------------------------------------------------


def test_the_controllers_own_probes(
    tracing: None,
    bpftrace: Callable[..., Bpftrace],
    node: StartNode,
    start_nodeobs: StartNodeobs,
    nodeobs: RunNodeobs,
) -> None:
    require(unavailable_reason() is None, str(unavailable_reason()))
    app = node("app.js")
    snoop = start_nodeobs("snoop", "-p", str(app.pid), "--json")
    # Listed as a listener: it has subscribed.
    while (
        '"listeners":["nodeobs snoop' not in nodeobs("probes", "-p", str(app.pid), "--json").stdout
    ):
        pass
    with bpftrace(
        "usdt:*:nodeobs:records-received {"
        " @n[str(arg0)] = sum(arg1); @bytes = sum(arg2); @from[arg3] = count(); }"
        " usdt:*:nodeobs:records-dropped { @dropped = sum(arg1); }"
        " usdt:*:nodeobs:decode-error { @errors = count(); }",
        "-p",
        str(snoop.pid),
    ) as tracer:
        for number in range(20):
            app.do(f"log info number {number}")
        app.do("fire 30")
        app.do("log debug last")
        snoop.out.containing("last")
        maps = tracer.stop()
    assert {
        topic: count for topic, count in maps["n"].items() if not topic.startswith("agent")
    } == {
        "log.30.api": 20,
        "log.20.api": 1,
        "probe.demo.tick": 30,
    }
    assert maps["bytes"] > 21 * 100
    assert list(maps["from"]) == [str(app.pid)]
    assert (maps.get("dropped", 0), maps.get("errors", 0)) == (0, 0)
