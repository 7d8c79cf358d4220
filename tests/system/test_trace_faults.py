"""`nodeobs trace` where something goes wrong."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.traces import Trace, is_live, table, until_live

from nodeobs import attach

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import Child, Fifo, RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def trace(start_nodeobs: StartNodeobs) -> Any:
    return partial(Trace.start, start_nodeobs)


def kept(child: Child) -> tuple[int, int]:
    """The programs that run in a process, and the bytes that they hold."""

    async def ask() -> dict[str, Any]:
        async with attach(child.pid) as process:
            return await process.stats()

    stats = asyncio.run(ask())
    return len(stats["traces"]), stats["memory"]["traces"]


# -- programs that go wrong ----------------------------------------------------------------


def test_faults_fire_error_and_are_told(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    program = (
        'shop*:::item-sold { printf("%d\\n", 10 / arg0); } '
        'ERROR { printf("fault %d in clause %d, %d\\n", arg4, arg1, pid); faults++; } '
        'END { printf("%d faults\\n", faults); }'
    )
    running = trace(program, "-p", str(child.pid))
    child.do("fire 3")
    lines = running.interrupt()
    assert sorted(lines) == sorted(["10", "5", f"fault 4 in clause 1, {child.pid}", "1 faults"])
    assert "divide-by-zero" in running.said
    assert f"shop{child.pid}:till:item-sold:item-sold" in running.said


def test_drops_are_counted_and_told(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        "shop*:::item-sold { @[copyinstr(arg1)] = count(); }",
        "-p", str(child.pid), "-x", "aggkeys=10", "-x", "switchrate=1h",
    )  # fmt: skip
    child.do("keys 100")
    assert len(running.interrupt()) == 10
    assert f"90 aggregation drops in pid {child.pid}" in running.said


def test_records_and_drops_are_what_was_fired(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        'shop*:::item-sold { printf("x%d\\n", arg0); @ = count(); }',
        "-p", str(child.pid), "-x", "rate=1000",
    )  # fmt: skip
    child.do("fire 5000")
    lines = running.interrupt()
    printed = sum(line.startswith("x") for line in lines)
    dropped = sum(int(n) for n in re.findall(r"(\d+) drops? in", running.said))
    assert printed + dropped == 5000
    assert printed < 5000
    assert int(lines[-1]) == 5000


def test_a_program_that_never_matches(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        "shop*:::item-sold /arg0 < 0/ { @ = count(); } nosuch*:::probe { @n = count(); }",
        "-p", str(child.pid), "-Z",
    )  # fmt: skip
    child.do("fire 100")
    assert running.interrupt() == []
    assert running.said == ""


def test_runaway_keys_are_bounded_and_counted(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        "shop*:::item-sold { @keys[copyinstr(arg1)] = count(); seen[copyinstr(arg1)] = 1;"
        " long[strjoin(copyinstr(arg2), copyinstr(arg1))] = copyinstr(arg1); @all = count(); }"
        ' END { trunc(@keys, 1); printa("%@d", @all); }',
        "-p", str(child.pid), "-x", "switchrate=1h", "-x", "dynvars=5000",
    )  # fmt: skip
    child.do("keys 40000")
    programs, size = kept(child)
    assert programs == 1
    assert 0 < size < 32 << 20
    lines = running.interrupt()
    assert lines[0] == "40000"
    # The one key of @all is among the 10,000 that there is room for.
    assert "30,001 aggregation drops" in running.said.replace("30001", "30,001")
    assert f"{35_000 + 40_000} dynamic variable drops" in running.said
    assert kept(child) == (0, 0)


def test_objects_that_are_hard_to_write_down(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    program = (
        "shop*:::item-sold { this->text = copyinstr(arg2);"
        ' printf("%d <%s>\\n", strlen(this->text) > 0, json(this->text, "price")); }'
    )
    running = trace(program, "-p", str(child.pid), "-x", "strsize=16k")
    child.do("odd")
    child.do("fire 1")
    assert running.interrupt() == [
        "1 <1>", "1 <>", "1 <[Getter]>", "1 <10>", "0 <>", "1 <4>", "1 <0>",
    ]  # fmt: skip
    assert running.said == ""


# -- output that is not taken --------------------------------------------------------------


def test_a_full_disk(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    for program in (
        'tick-10ms { printf("x"); }',
        "shop*:::item-sold { @ = count(); } END { @e = count(); }",
    ):
        done = nodeobs(
            "trace", "-q", "-p", str(child.pid), "-o", "/dev/full", "-d", "100ms", "-n", program
        )
        assert done.returncode == 1
        assert "cannot write the output: No space left on device" in done.stderr
    assert not is_live(child)


def test_a_closed_stdout(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    done = nodeobs(
        "trace", "-p", str(child.pid), "-d", "100ms", "-n", "shop*:::item-sold {} tick-10ms {}",
        prefix=("sh", "-c", '"$@" >&-', "sh"),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr


def test_a_slow_terminal_holds_up_nobody(
    node: StartNode, start_nodeobs: StartNodeobs, tmp_path: Path
) -> None:
    child = node("trace_app.js")
    path = tmp_path / "terminal"
    os.mkfifo(path)
    terminal = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    program = (
        'shop*:::item-sold /copyinstr(arg1) == "book"/ { printf("%d %200s\\n", arg0, "x"); }'
        " shop*:::wide { exit(0); }"
    )
    running = start_nodeobs(
        "trace", "-q", "-p", str(child.pid), "-x", "rate=1000000", "-o", str(path), "-n", program
    )
    until_live(child)
    for _ in range(8):
        child.do("fire 2000")
    assert is_live(child)
    child.do("wide")
    os.set_blocking(terminal, True)
    with os.fdopen(terminal) as lines:
        printed = sum(1 for _ in lines)
    assert running.wait() == 0
    dropped = sum(int(n) for n in re.findall(r"(\d+) drops? in", "\n".join(running.err.all())))
    assert printed + dropped == 16_000


def test_a_reader_that_leaves_ends_it(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("trace_app.js")
    running = start_nodeobs(
        "trace", "-q", "-p", str(child.pid), "-n", 'tick-10ms { printf("line\\n"); }',
        prefix=("sh", "-c", '"$@" | head -n 3; exit 5', "sh"),
    )  # fmt: skip
    assert running.wait() == 5
    assert running.out.all() == ["line"] * 3


# -- processes that go, hang or are not there ----------------------------------------------


def test_a_killed_controller_leaves_nothing(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        "shop*:::item-sold { @[arg0] = count(); seen[arg0] = 1; self->x = arg0; }",
        "-p", str(child.pid),
    )  # fmt: skip
    child.do("fire 1000")
    assert is_live(child)
    assert kept(child) > (0, 0)
    running.child.send(signal.SIGKILL)
    running.child.wait()
    deadline = time.monotonic() + 1.0
    while is_live(child):
        assert time.monotonic() < deadline, "the probe is still live a second later"
    assert kept(child) == (0, 0)


def test_a_process_that_hangs_while_it_is_traced(node: StartNode, trace: Any, fifo: Fifo) -> None:
    stuck, other = node("trace_app.js"), node("trace_app.js")
    running = trace(
        "shop*:::item-sold { @[copyinstr(arg1)] = count(); }",
        "-p", str(stuck.pid), "-p", str(other.pid),
    )  # fmt: skip
    other.do("fire 5 pen")
    fifo.block(stuck)
    began = time.monotonic()
    assert table(running.interrupt()) == {"pen": 5}
    assert time.monotonic() - began < 15
    assert "does not answer" in running.said
    fifo.release()


def test_a_second_interrupt_does_not_wait(node: StartNode, trace: Any, fifo: Fifo) -> None:
    child = node("trace_app.js")
    running = trace("shop*:::item-sold { @ = count(); }", "-p", str(child.pid))
    fifo.block(child)
    while running.child.popen.poll() is None:
        running.child.send(signal.SIGINT)
        time.sleep(0.1)  # so that they are two
    assert running.child.wait() == 130
    # It has not waited for what the process would have said in the end.
    assert running.said == ""
    fifo.release()


def test_a_process_that_hangs_before(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    child = node("trace_app.js")
    fifo.block(child)
    running = start_nodeobs(
        "trace", "-q", "-p", str(child.pid), "-n", "shop*:::item-sold { exit(4); }"
    )
    running.err.containing("not answer")
    fifo.release()
    child.out.containing("done block")
    until_live(child)
    assert running.wait() == 4


def test_a_killed_process_is_told_of(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace('shop*:::item-sold { printf("%d\\n", arg0); }', "-p", str(child.pid))
    child.do("fire 3")
    running.child.out.containing("2")
    child.send(signal.SIGKILL)
    assert running.child.wait() == 0
    assert "ended without a goodbye" in running.said


def test_who_cannot_be_traced(
    node: StartNode, nodeobs: RunNodeobs, as_nobody: tuple[str, ...]
) -> None:
    one, two = node("trace_app.js"), node("trace_app.js")
    bare = node("no_agent.js")
    program = ("-n", "shop*:::item-sold {}")
    several = nodeobs("trace", *program)
    assert several.returncode == 2
    assert "which one?" in several.stderr
    assert {str(one.pid), str(two.pid)} <= set(several.stderr.split())
    without = nodeobs("trace", "-p", str(bare.pid), *program)
    assert (without.returncode, "has no nodeobs agent" in without.stderr) == (1, True)
    assert "nodeobs/register" in without.stderr
    gone = nodeobs("trace", "-p", "999999999", *program)
    assert (gone.returncode, "there is no process 999999999" in gone.stderr) == (1, True)
    nameless = nodeobs("trace", "-p", "nosuchname", *program)
    assert (nameless.returncode, "nosuchname" in nameless.stderr) == (1, True)
    forbidden = nodeobs("trace", "-p", str(one.pid), *program, prefix=as_nobody)
    assert forbidden.returncode == 1
    assert "permission" in forbidden.stderr or "may not" in forbidden.stderr


# -- probes that are not there -------------------------------------------------------------


@pytest.mark.parametrize(
    ("description", "hint"),
    [
        ("shop*:::item-sould", "did you mean shop:::item-sold?"),
        ("shpo*:::item-sold", "did you mean shop:::item-sold?"),
        ("item-sould", "did you mean shop:::item-sold?"),
        ("node*:::gc-don", "did you mean node:::gc-done"),
        ("restify*:::route-start", "createServer({dtrace: true})"),
        ("memcached*:::get", "there are the providers"),
    ],
)
def test_a_probe_that_is_not_there(
    node: StartNode, nodeobs: RunNodeobs, description: str, hint: str
) -> None:
    child = node("trace_app.js")
    done = nodeobs("trace", "-p", str(child.pid), "-n", f"{description} {{}}")
    assert done.returncode == 1
    assert f"probe description {description} does not match any probes" in done.stderr
    assert hint in done.stderr
