"""nodeobs probes, state and level on real processes, stuck and stopped ones too."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.system.conftest import Child, Fifo, RunNodeobs, StartNode, StartNodeobs


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def logger_levels(nodeobs: RunNodeobs, child: Child) -> dict[str, Any]:
    """The level each logger works at: that of an override where there is one."""
    rows = objects(nodeobs("state", "-p", str(child.pid), "logger", "--json"))
    return {
        row["id"]: (row["override"] or {}).get("level", row["level"])
        for row in rows
        if row["tid"] == 0
    }


@pytest.mark.smoke
def test_probes(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    pid = str(child.pid)
    done = nodeobs("probes", "-p", pid, "demo:*")
    assert done.returncode == 0
    assert [line.split("  ") for line in re.sub(" {2,}", "  ", done.stdout).splitlines()] == [
        ["PROVIDER", "MODULE", "PROBE", "ARGUMENTS", "FIRED", "LISTENERS"],
        ["demo", "mod", "tick", "int, char *", "0", "-"],
    ]
    (probe,) = objects_of_probes(nodeobs, pid, "tick")
    assert (probe["provider"], probe["types"], probe["pid"]) == (
        "demo",
        ["int", "char *"],
        child.pid,
    )


def objects_of_probes(nodeobs: RunNodeobs, *args: str) -> list[dict[str, Any]]:
    return objects(nodeobs("probes", "--json", "-p", *args))


def test_probes_say_who_listens_and_count(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    child = node("app.js")
    snoop = start_nodeobs(
        "snoop", "-p", str(child.pid), "--no-logs", "--probes", "demo:*", "--json"
    )
    # Listed with its name: the subscription is there.
    while not objects_of_probes(nodeobs, str(child.pid), "tick")[0]["listeners"]:
        pass
    child.do("fire 3")
    for _ in range(3):
        snoop.out.containing('"tick"')
    (probe,) = objects_of_probes(nodeobs, str(child.pid), "tick")
    assert probe["fired"] == 3
    assert [name.startswith("nodeobs snoop") for name in probe["listeners"]] == [True]


def test_unknown_probe_type_and_logger_are_asked_back(node: StartNode, nodeobs: RunNodeobs) -> None:
    pid = str(node("app.js").pid)
    for args, message, hint in (
        (("probes", "tikc"), 'no probe matches "tikc"', "did you mean tick?"),
        (("probes", "demo:tok"), 'no probe matches "demo:tok"', "did you mean demo:tick?"),
        (("state", "quue"), 'no type "quue"', "did you mean queue?"),
        (("state", "queue/job"), 'no queue "job"', "did you mean jobs?"),
        (("level", "apy", "debug"), 'no logger "apy"', "did you mean api?"),
    ):
        done = nodeobs(args[0], "-p", pid, *args[1:])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"nodeobs: {message}\n  next: {hint}\n"


def test_state_types_table_and_tree(node: StartNode, nodeobs: RunNodeobs) -> None:
    pid = str(node("app.js").pid)
    types = objects(nodeobs("state", "-p", pid, "--json"))
    counts = {row["type"]: row["count"] for row in types}
    assert counts["logger"] == 2
    assert counts["queue"] == counts["process"] == 1
    assert nodeobs("state", "-p", pid, "queue").stdout == (
        "ID    STATE  LENGTH\njobs  busy        3\n"
    )
    assert nodeobs("state", "-p", pid, "queue/jobs").stdout.splitlines() == [
        "queue/jobs",
        "├─ length: 3",
        "├─ state: busy",
        "└─ options",
        "   └─ retries",
        "      ├─ [0]: 1",
        "      └─ [1]: 2",
    ]


def test_event_loop_figures_are_those_of_a_window(node: StartNode, nodeobs: RunNodeobs) -> None:
    pid = str(node("app.js").pid)
    (entry,) = objects(nodeobs("state", "-p", pid, f"process/{pid}", "--json"))
    loop = entry["object"]["loop"]
    assert loop["window_ms"] >= 500
    assert loop["lag_ms"]["p99"] >= 0
    assert 0 <= loop["utilization"] <= 1


def test_threads_have_a_column(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    child.do("worker")
    lines = nodeobs("state", "-p", str(child.pid), "queue").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["TID", "ID", "STATE", "LENGTH"],
        ["0", "jobs", "busy", "3"],
        ["1", "jobs", "busy", "3"],
    ]


def test_watch_prints_blocks_to_a_pipe(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("app.js")
    watch = start_nodeobs("state", "-p", str(child.pid), "queue", "--watch", "--interval", "20ms")
    for _ in range(3):
        watch.out.until(lambda line: re.fullmatch(r"-- \d\d:\d\d:\d\d", line) is not None)
        watch.out.containing("jobs  busy")
    watch.send(signal.SIGINT)
    assert watch.wait() == 130
    assert watch.err.all() == []


def test_watch_ends_with_the_process(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("app.js")
    watch = start_nodeobs("state", "-p", str(child.pid), "queue", "--watch", "--interval", "1h")
    watch.out.containing("jobs  busy")
    child.tell("exit 0")
    assert watch.wait() == 0
    assert watch.err.all() == [f"nodeobs: {child.pid} (app.js): has ended"]


def test_watch_for_a_time(node: StartNode, nodeobs: RunNodeobs) -> None:
    pid = str(node("app.js").pid)
    args = ("state", "-p", pid, "queue", "--watch", "--interval", "10ms", "-d", "100ms", "--json")
    rows = objects(nodeobs(*args))
    assert len(rows) >= 2
    assert {row["id"] for row in rows} == {"jobs"}


def test_watch_refreshes_in_place_on_a_terminal(
    node: StartNode, environment: dict[str, str]
) -> None:
    pid = str(node("app.js").pid)
    controller, terminal = pty.openpty()
    watch = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "nodeobs",
            "state",
            "-p",
            pid,
            "queue",
            "--watch",
            "--interval",
            "20ms",
        ],
        env={**environment, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
    )
    os.close(terminal)
    seen = b""
    while seen.count(b"\x1b[H") < 3:
        seen += os.read(controller, 4096)
    watch.send_signal(signal.SIGINT)
    _, errors = watch.communicate()
    os.close(controller)
    assert (watch.returncode, errors) == (130, b"")
    assert seen.count(b"\x1b[2J") == 1


def wait_for_levels(nodeobs: RunNodeobs, child: Child, levels: dict[str, int]) -> None:
    while logger_levels(nodeobs, child) != levels:
        pass


BEFORE = {"api": 30, "db": 40}


@pytest.mark.smoke
def test_level_holds_and_ctrl_c_reverts(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    child = node("app.js")
    level = start_nodeobs("level", "-p", str(child.pid), "debug", "--for", "2m")
    level.out.containing("for 2m00s); Ctrl-C reverts at once")
    assert logger_levels(nodeobs, child) == {"api": 20, "db": 20}
    # It is the real level: the record comes out of the process itself.
    child.tell("log debug to be seen")
    child.out.containing('"msg":"to be seen"')
    level.send(signal.SIGINT)
    assert level.wait() == 130
    lines = level.out.all()
    assert [line.split() for line in lines[:3]] == [
        ["LOGGER", "FROM", "TO"],
        ["api", "info", "debug"],
        ["db", "warn", "debug"],
    ]
    assert lines[4] == f"{child.pid} (app.js): 2 loggers reverted"
    assert logger_levels(nodeobs, child) == BEFORE


def test_level_of_one_logger_until_the_time_is_over(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    args = ("level", "-p", str(child.pid), "db", "15", "--for", "300ms", "--json")
    changed, reverted = objects(nodeobs(*args))
    assert changed.pop("until")
    assert changed == {
        "event": "changed", "pid": child.pid, "tid": 0, "logger": "db", "from": 40, "to": 15,
    }  # fmt: skip
    assert reverted == {
        "event": "reverted", "pid": child.pid, "tid": 0, "logger": "db", "level": 40,
    }  # fmt: skip
    assert logger_levels(nodeobs, child) == BEFORE


def test_level_reverts_when_the_controller_is_killed(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    child = node("app.js")
    level = start_nodeobs("level", "-p", str(child.pid), "trace")
    level.out.containing("Ctrl-C reverts at once")
    assert logger_levels(nodeobs, child) == {"api": 10, "db": 10}
    level.send(signal.SIGKILL)
    level.wait()
    wait_for_levels(nodeobs, child, BEFORE)


def test_level_reaches_threads_that_start_later(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    child = node("app.js")
    level = start_nodeobs("level", "-p", str(child.pid), "trace")
    level.out.containing("Ctrl-C reverts at once")
    child.do("worker")

    def worker_levels() -> set[int | None]:
        rows = objects(nodeobs("state", "-p", str(child.pid), "logger", "--json"))
        return {(row["override"] or {}).get("level") for row in rows if row["tid"] == 1}

    while worker_levels() != {10}:
        pass
    child.tell("exit 0")
    assert level.wait() == 0
    assert level.err.all() == [f"nodeobs: {child.pid} (app.js) has ended"]


STUCK = (
    r"nodeobs: {pid} \(app\.js\): event loop has not answered since \d\d:\d\d:\d\d "
    r"\(\d+ s so far\); waiting, Ctrl-C to stop"
)


@pytest.mark.parametrize(
    "verb", [["probes"], ["state"], ["state", "queue"], ["level", "debug", "--for", "100ms"]]
)
def test_every_verb_waits_for_a_stuck_event_loop(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo, verb: list[str]
) -> None:
    child = node("app.js")
    fifo.block(child)
    waiting = start_nodeobs(verb[0], "-p", str(child.pid), *verb[1:])
    assert re.fullmatch(STUCK.format(pid=child.pid), waiting.err.containing("has not answered"))
    fifo.release()
    waiting.err.containing(f"{child.pid} (app.js): event loop answers again, after ")
    assert waiting.wait() == 0
    assert waiting.out.all()


def test_stuck_within_two_seconds_while_watching(
    node: StartNode,
    start_nodeobs: StartNodeobs,
    fifo: Fifo,
) -> None:
    child = node("app.js")
    watch = start_nodeobs("state", "-p", str(child.pid), "queue", "--watch", "--interval", "1h")
    watch.out.containing("jobs  busy")
    fifo.block(child)
    assert re.fullmatch(STUCK.format(pid=child.pid), watch.err.containing("has not answered"))
    watch.send(signal.SIGINT)
    assert watch.wait() == 130


def test_ctrl_c_ends_the_waiting(node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo) -> None:
    child = node("app.js")
    fifo.block(child)
    waiting = start_nodeobs("probes", "-p", str(child.pid))
    waiting.err.containing("has not answered")
    waiting.send(signal.SIGINT)
    assert waiting.wait() == 130
    assert len(waiting.err.all()) == 1
    assert waiting.out.all() == []


def test_watch_ends_quietly_with_a_stuck_process(
    node: StartNode, start_nodeobs: StartNodeobs, fifo: Fifo
) -> None:
    child = node("app.js")
    watch = start_nodeobs("state", "-p", str(child.pid), "queue", "--watch", "--interval", "10ms")
    watch.out.containing("jobs  busy")
    fifo.block(child)
    watch.err.containing("has not answered")
    child.send(signal.SIGKILL)
    child.wait()
    assert watch.wait() == 0
    assert watch.err.all()[-1] == f"nodeobs: {child.pid} (app.js): has ended"


def test_stopped_process_says_how_to_continue_it(
    node: StartNode, start_nodeobs: StartNodeobs
) -> None:
    child = node("app.js")
    child.send(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    waiting = start_nodeobs("state", "-p", str(child.pid), "queue")
    line = waiting.err.containing("is stopped")
    assert f"to continue it: kill -CONT {child.pid}; waiting" in line
    child.send(signal.SIGCONT)
    assert waiting.wait() == 0
    assert "jobs" in waiting.out.all()[1]


def test_dead_pid_and_no_agent(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    bare = node("no_agent.js")
    off = node("app.js", env={"NODEOBS": "off"})
    child.send(signal.SIGKILL)
    child.wait()
    for pid, message, hint in (
        (child.pid, f"there is no process {child.pid}", "nodeobs ps lists"),
        (bare.pid, f"{bare.pid} (no_agent.js) has no nodeobs agent", "restart it with node -r"),
        (off.pid, f"{off.pid} (app.js) was started with NODEOBS=off", "start it without"),
    ):
        done = nodeobs("state", "-p", str(pid))
        assert (done.returncode, done.stdout) == (1, "")
        first, second = done.stderr.splitlines()
        assert first == f"nodeobs: {message}"
        assert second.startswith(f"  next: {hint}")


def test_process_that_ends_while_it_is_asked(
    node: StartNode,
    start_nodeobs: StartNodeobs,
    fifo: Fifo,
) -> None:
    child = node("app.js")
    fifo.block(child)
    waiting = start_nodeobs("state", "-p", str(child.pid))
    waiting.err.containing("has not answered")
    child.send(signal.SIGKILL)
    child.wait()
    assert waiting.wait() == 1
    assert waiting.err.all()[-1] == f"nodeobs: {child.pid} (app.js) has ended"


@pytest.mark.parametrize("verb", [["ps"], ["state"], ["probes", "--json"], ["snoop", "-d", "1"]])
def test_full_disk(node: StartNode, environment: dict[str, str], verb: list[str]) -> None:
    child = node("app.js")
    target = [] if verb == ["ps"] else ["-p", str(child.pid)]
    command = [sys.executable, "-m", "nodeobs", *verb, *target]
    with open("/dev/full", "w") as full:
        started = subprocess.Popen(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True
        )
        if verb[0] == "snoop":
            assert started.stderr is not None
            assert "joined" in started.stderr.readline()
            child.do("log info something to write")
        _, stderr = started.communicate(timeout=60)
    assert started.returncode == 1
    assert stderr.splitlines()[-2] == "nodeobs: cannot write the output: No space left on device"
    assert stderr.splitlines()[-1].startswith("  next: make room")


def test_two_at_once(node: StartNode, nodeobs: RunNodeobs) -> None:
    first, second = node("app.js"), node("app.js")
    done = nodeobs("state", "-p", str(first.pid), "-p", str(second.pid), "queue")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "PID",
        str(first.pid),
        str(second.pid),
    ]


def test_nothing_is_left_on_in_the_process(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("app.js")
    for verb in (["probes"], ["state"], ["state", f"process/{child.pid}"]):
        assert nodeobs(verb[0], "-p", str(child.pid), *verb[1:]).returncode == 0
    child.do("log debug unseen")
    child.tell("exit 7")
    assert child.wait() == 7
    assert child.err.all() == []
    assert all("unseen" not in line for line in child.out.all())
