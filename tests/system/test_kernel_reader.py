"""Probes through the kernel: listed, attached to, read and left as they were. On real programs."""

from __future__ import annotations

import json
import os
import platform
import re
import select
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.conftest import PATIENCE
from tests.system.sdt_object import NOP1, NOP5, make_object
from tests.system.sdt_sites import attached, leftovers, listed, wait_until_nothing_is_left

from nodeobs.tracefs import guardian
from nodeobs.usdt.sites import Sites, attachment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.conftest import Child, RunNodeobs, StartNodeobs

TRACEFS = Path("/sys/kernel/tracing")

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the objects of these tests are for x86-64"
)


@pytest.fixture
def snoop(start_nodeobs: StartNodeobs, tracing: None) -> Callable[..., Child]:
    """Start `nodeobs snoop --via kernel`, and wait until nothing is missed."""

    def start(*arguments: object) -> Child:
        child = start_nodeobs("snoop", "--via", "kernel", *map(str, arguments))
        (child.out if "--json" in arguments else child.err).containing("join")
        return child

    return start


@pytest.fixture(autouse=True)
def nothing_is_left(why_no_tracing: str) -> Iterator[None]:
    """Whatever a test does, it leaves the kernel as it found it."""
    yield
    if not why_no_tracing:
        wait_until_nothing_is_left()


def firings(child: Child) -> list[dict[str, Any]]:
    return [row["record"] for row in map(json.loads, child.out.all()) if row["type"] == "probe"]


def summary(child: Child) -> dict[str, Any]:
    (row,) = [row for row in map(json.loads, child.out.all()) if row["type"] == "summary"]
    assert isinstance(row, dict)
    return row


# -- listing ------------------------------------------------------------------------------------


def test_probes_of_any_program_are_listed(
    sdt_app: Child, nodeobs: RunNodeobs, sdt_program: Path
) -> None:
    (tick,) = listed(nodeobs, sdt_app.pid, "demo:tick")
    types = [argument["type"] for argument in tick["arguments"]]
    assert types == ["int32", "uint64", "int8", "uint16", "int64", "uint64", "int64"]
    assert (tick["attached"], tick["semaphore"], tick["object"]) == (False, 0, str(sdt_program))
    done = nodeobs("probes", "--kernel", "-p", str(sdt_app.pid), "demo:*")
    head, row = done.stdout.splitlines()
    titles = ["PROVIDER", "PROBE", "ARGUMENTS", "ATTACHED", "SEMAPHORE", "ADDRESS", "OBJECT"]
    assert head.split() == titles
    assert re.split(" {2,}", row)[:5] == ["demo", "tick", ", ".join(types), "no", "0"]


def test_objects_that_were_deleted_or_never_had_a_name_are_listed(
    sdt_app: Child, nodeobs: RunNodeobs, shop_object: Path
) -> None:
    sdt_app.do(f"memfd {shop_object}")
    (found,) = listed(nodeobs, sdt_app.pid, "item-sold")
    assert found["object"] == "/memfd:nameless"
    sdt_app.do(f"load {shop_object}")
    shop_object.unlink()
    paths = [row["object"] for row in listed(nodeobs, sdt_app.pid, "item-sold")]
    if os.geteuid() == 0:
        assert sorted(paths) == sorted(["/memfd:nameless", str(shop_object)])


def test_what_cannot_be_listed_is_said(
    sdt_app: Child, nodeobs: RunNodeobs, as_nobody: tuple[str, ...]
) -> None:
    pid = str(sdt_app.pid)
    sleeper = subprocess.Popen(["sleep", "1000"])
    try:
        for arguments, prefix, message, hint in (
            (["-p", pid, "demo:tock"], (), "no probe of", "did you mean demo:tick?"),
            (["-p", str(sleeper.pid)], (), "(sleep) has no SDT probes", "<sys/sdt.h>"),
            (["-p", "99999999"], (), "there is no process 99999999", "nodeobs ps"),
            (["-p", pid], as_nobody, "may not be read", "root (CAP_SYS_PTRACE)"),
        ):
            done = nodeobs("probes", "--kernel", *arguments, prefix=prefix)
            assert (done.returncode, done.stdout) == (1, "")
            first, second = done.stderr.splitlines()
            assert message in first
            assert hint in second
    finally:
        sleeper.kill()
        sleeper.wait()


def test_memory_that_cannot_be_read_is_unknown(sdt_app: Child) -> None:
    sites = Sites().of(sdt_app.pid)
    sdt_app.end()
    states = attachment(sdt_app.pid, sites)
    assert {(state.attached, state.reason) for state in states} == {(None, "the process has ended")}


# -- reading ------------------------------------------------------------------------------------


def test_every_firing_is_read_with_its_arguments(
    sdt_app: Child, snoop: Callable[..., Child], nodeobs: RunNodeobs
) -> None:
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "demo:tick")
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [True]
    assert listed(nodeobs, sdt_app.pid, "demo:tick")[0]["semaphore"] == 1
    sdt_app.do("fire 5000")
    reader.send(signal.SIGINT)
    assert reader.wait() == 130
    read = firings(reader)
    assert [one["args"] for one in read] == [
        [i, ("apple", "pear", "")[i % 3], -3, 65535, -5000000000, "18446744073709551615", -i]
        for i in range(5000)
    ]
    assert {
        (one["provider"], one["module"], one["probe"], one["pid"], one["tid"], one["via"])
        for one in read
    } == {("demo", None, "tick", sdt_app.pid, 0, "kernel")}
    times = [one["time"] for one in read]
    assert times == sorted(times)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", time) for time in times)
    told = summary(reader)
    assert (told["firings"], told["probes"], told["dropped"]) == (5000, {"demo:tick": 5000}, 0)
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [False]
    assert listed(nodeobs, sdt_app.pid, "demo:tick")[0]["semaphore"] == 0


@pytest.mark.parametrize("nop", [NOP1, NOP5], ids=["nop1", "nop5"])
def test_arguments_of_our_own_objects(
    sdt_app: Child, snoop: Callable[..., Child], tmp_path: Path, nop: str, nodeobs: RunNodeobs
) -> None:
    path = make_object(
        tmp_path / "own.so",
        "shop",
        {"many": [-8, 8, -4, 4, -2, 1, 8, -8, 4, -4, 2, -1]},
        nop,
    )
    sdt_app.do(f"load {path}")
    reader = snoop("-p", sdt_app.pid, "--probes", "shop:*", "-n", 3)
    assert attached(nodeobs, sdt_app.pid, "many") == [True]
    sdt_app.do(
        "call 0 3 n s:äpfel i:-7 i:4000000000 i:-2 i:200 s:seventh i:-9 i:10 i:-11 i:12 i:-13"
    )
    assert reader.wait() == 0
    assert [line.partition(": ")[2] for line in reader.out.all()] == [
        f'shop/{sdt_app.pid}: many {i} "äpfel" -7 4000000000 -2 200 "seventh" -9 10 -11 12 -13'
        for i in range(3)
    ]


def test_texts_of_every_kind(
    sdt_app: Child, snoop: Callable[..., Child], shop_object: Path
) -> None:
    sdt_app.do(f"load {shop_object}")
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "texts", "-n", 2)
    sdt_app.do("call 2 1 s: l:10 l:5000 0 b s:a i:5 u:18446744073709551615")
    sdt_app.do("call 2 1 l:199 l:200 l:208 l:207")
    assert reader.wait() == 0
    first, second = firings(reader)
    # Twelve texts share what fits into a firing: 208 bytes for each.
    assert first["args"] == [
        "", "x" * 10, "x" * 208 + "…", 0, 0x7F0000001000, "a", 5, "18446744073709551615",
        0, 0, 0, 0,
    ]  # fmt: skip
    assert second["args"][:4] == ["x" * 199, "x" * 200, "x" * 208 + "…", "x" * 207]


def test_how_much_of_a_text_is_read_can_be_said(
    sdt_app: Child, snoop: Callable[..., Child], shop_object: Path
) -> None:
    sdt_app.do(f"load {shop_object}")
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "item-sold", "-n", 2, "-s", 2048)
    sdt_app.do("call 0 1 i:1 l:2047")
    sdt_app.do("call 0 1 i:2 l:2048")
    assert reader.wait() == 0
    assert [one["args"][1] for one in firings(reader)] == ["x" * 2047, "x" * 2048 + "…"]


def test_threads_are_told_apart_and_other_processes_are_left_out(
    sdt_app: Child, start_sdt_app: Callable[[], Child], snoop: Callable[..., Child]
) -> None:
    other = start_sdt_app()
    reader = snoop("-p", sdt_app.pid, "--json")
    sdt_app.do("thread 100")
    sdt_app.do("fork 100")
    other.do("fire 100")
    sdt_app.do("thread 50")
    sdt_app.do("fire 10")
    reader.send(signal.SIGTERM)
    assert reader.wait() == 143
    read = firings(reader)
    assert len(read) == 160
    assert {one["pid"] for one in read} == {sdt_app.pid}
    threads = [one["tid"] for one in read]
    assert threads[:100] == [threads[0]] * 100
    assert 0 not in threads[:150]
    assert threads[150:] == [0] * 10
    assert summary(reader)["dropped"] == 0


def test_several_processes_are_merged(
    sdt_app: Child, start_sdt_app: Callable[[], Child], snoop: Callable[..., Child]
) -> None:
    other = start_sdt_app()
    reader = snoop("-p", sdt_app.pid, "-p", other.pid, "-o", "short")
    for _ in range(20):
        sdt_app.do("fire 1")
        other.do("fire 2")
    reader.send(signal.SIGINT)
    assert reader.wait() == 130
    pids = [int(line.split()[0]) for line in reader.out.all()]
    assert pids == [sdt_app.pid, other.pid, other.pid] * 20


def test_filters_choose_what_is_shown(sdt_app: Child, snoop: Callable[..., Child]) -> None:
    reader = snoop(
        "-p", sdt_app.pid, "-o", "simple", "-c", 'args[1] == "pear"', "-c", "args[0] > 10"
    )
    sdt_app.do("fire 20")
    reader.send(signal.SIGINT)
    assert reader.wait() == 130
    assert [line.split()[3] for line in reader.out.all()] == ["13", "16", "19"]
    assert "-- 3 of 20 shown" in reader.err.all()


def test_probes_that_are_made_later_are_read(
    sdt_app: Child, snoop: Callable[..., Child], shop_object: Path, nodeobs: RunNodeobs
) -> None:
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "demo:*", "--probes", "shop:*")
    sdt_app.do(f"load {shop_object}")
    while attached(nodeobs, sdt_app.pid, "item-sold") != [True]:
        pass
    sdt_app.do("call 0 7 n s:late")
    reader.send(signal.SIGINT)
    assert reader.wait() == 130
    assert [one["args"] for one in firings(reader)] == [[i, "late"] for i in range(7)]


def test_objects_without_a_name_are_read(
    sdt_app: Child, snoop: Callable[..., Child], shop_object: Path
) -> None:
    sdt_app.do(f"memfd {shop_object}")
    shop_object.unlink()
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "shop:*", "-n", 1)
    sdt_app.do("call 0 1 i:-1 s:nameless")
    assert reader.wait() == 0
    assert [one["args"] for one in firings(reader)] == [[-1, "nameless"]]


def test_it_ends_with_the_process(sdt_app: Child, snoop: Callable[..., Child]) -> None:
    reader = snoop("-p", sdt_app.pid, "--json")
    sdt_app.do("fire 30")
    sdt_app.end()
    assert reader.wait() == 0
    rows = [json.loads(line) for line in reader.out.all()]
    assert [row["type"] for row in rows] == ["join", *["probe"] * 30, "leave", "summary"]
    assert rows[-2]["reason"] == "ended"


def test_what_is_lost_is_counted(
    sdt_app: Child, snoop: Callable[..., Child], shop_object: Path
) -> None:
    sdt_app.do(f"load {shop_object}")
    reader = snoop("-p", sdt_app.pid, "--json", "--probes", "texts")
    # A reader that does not read: the kernel's buffers fill up.
    reader.send(signal.SIGSTOP)
    sdt_app.do("call 2 30000 n s:b s:c")
    reader.send(signal.SIGCONT)
    reader.out.containing('"drop"')
    sdt_app.do("call 2 10 n s:after")
    reader.send(signal.SIGINT)
    assert reader.wait() == 130
    told = summary(reader)
    read = firings(reader)
    assert len(read) == told["firings"]
    assert told["dropped"] > 0
    assert told["firings"] + told["dropped"] == 30010
    rows = [json.loads(line) for line in reader.out.all()]
    assert sum(row["count"] for row in rows if row["type"] == "drop") == told["dropped"]
    # What was there first stays; a program that changes to another CPU finds room again.
    numbers = [one["args"][0] for one in read]
    assert numbers[:1000] == [*range(1000)]
    assert numbers[:-10] == sorted(numbers[:-10])
    assert numbers[-10:] == [*range(10)]


# -- leaving ------------------------------------------------------------------------------------


def kept(reader: Child) -> bool:
    """Whether there is anything of a reader in the kernel."""
    return reader.pid in {pid for pid, *_ in guardian.owners(str(TRACEFS))}


def wait_for_end(pid: int) -> None:
    """Until a process that is not our child has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([descriptor], [], [], PATIENCE)
        assert ready
    finally:
        os.close(descriptor)


def guardian_of(reader: Child) -> int:
    children = Path(f"/proc/{reader.pid}/task/{reader.pid}/children").read_text().split()
    (guardian,) = [
        int(pid) for pid in children if b"guardian.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    return guardian


def test_a_reader_that_is_killed_leaves_nothing(
    sdt_app: Child, snoop: Callable[..., Child], nodeobs: RunNodeobs
) -> None:
    reader = snoop("-p", sdt_app.pid)
    guardian = guardian_of(reader)
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [True]
    assert kept(reader)
    sdt_app.do("fire 1000")
    reader.send(signal.SIGKILL)
    reader.wait()
    wait_for_end(guardian)
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [False]
    assert listed(nodeobs, sdt_app.pid, "demo:tick")[0]["semaphore"] == 0
    assert not kept(reader)
    sdt_app.do("fire 10")


def test_what_a_killed_guardian_leaves_the_next_reader_removes(
    sdt_app: Child,
    start_sdt_app: Callable[[], Child],
    snoop: Callable[..., Child],
    nodeobs: RunNodeobs,
) -> None:
    reader = snoop("-p", sdt_app.pid)
    os.kill(guardian_of(reader), signal.SIGKILL)
    reader.send(signal.SIGKILL)
    reader.wait()
    assert reader.pid in {pid for pid, *_ in leftovers()}
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [True]
    second = snoop("-p", start_sdt_app().pid)
    assert not kept(reader)
    second.send(signal.SIGINT)
    assert second.wait() == 130
    assert attached(nodeobs, sdt_app.pid, "demo:tick") == [False]


def test_a_reader_that_lives_is_left_alone(
    sdt_app: Child, snoop: Callable[..., Child], start_sdt_app: Callable[[], Child]
) -> None:
    first = snoop("-p", sdt_app.pid, "--json")
    second = snoop("-p", sdt_app.pid, "--json", "-n", 1)
    sdt_app.do("fire 2")
    assert second.wait() == 0
    sdt_app.do("fire 3")
    first.send(signal.SIGINT)
    assert first.wait() == 130
    assert (len(firings(first)), len(firings(second))) == (5, 1)


def test_other_peoples_probes_stay(
    sdt_app: Child, snoop: Callable[..., Child], sdt_program: Path, nodeobs: RunNodeobs
) -> None:
    (tick,) = listed(nodeobs, sdt_app.pid, "demo:tick")
    theirs = f"p:somebodys/tick {sdt_program}:{tick['offset']:#x}({tick['semaphore_offset']:#x})\n"
    enable = TRACEFS / "events/somebodys/tick/enable"
    write("uprobe_events", theirs)
    try:
        enable.write_text("1")
        reader = snoop("-p", sdt_app.pid, "--json")
        sdt_app.do("fire 5")
        reader.send(signal.SIGINT)
        assert reader.wait() == 130
        assert len(firings(reader)) == 5
        assert "p:somebodys/tick" in (TRACEFS / "uprobe_events").read_text()
        assert enable.read_text().startswith("1")
        assert attached(nodeobs, sdt_app.pid, "demo:tick") == [True]
        assert "demo:tick" not in (TRACEFS / "trace").read_text()
    finally:
        enable.write_text("0")
        write("uprobe_events", "-:somebodys/tick\n")
        (TRACEFS / "trace").write_text("")


def write(name: str, text: str) -> None:
    descriptor = os.open(TRACEFS / name, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def test_nothing_is_made_where_nothing_can_be_traced(
    sdt_app: Child, nodeobs: RunNodeobs, tracing: None, as_nobody: tuple[str, ...]
) -> None:
    pid = str(sdt_app.pid)
    for arguments, prefix, message, hint in (
        (["-p", pid, "--probes", "tikc"], (), "no probe of", "did you mean tick?"),
        (["-p", pid], as_nobody, "needs root (CAP_SYS_ADMIN)", "sudo"),
        (["-p", "99999999"], (), "there is no process", "ps"),
    ):
        done = nodeobs("snoop", "--via", "kernel", *arguments, prefix=prefix)
        assert (done.returncode, done.stdout) == (1, "")
        first, second = done.stderr.splitlines()
        assert message in first
        assert hint in second


def test_a_note_that_lies_is_not_believed(
    sdt_app: Child, nodeobs: RunNodeobs, tmp_path: Path, tracing: None
) -> None:
    """A breakpoint in the middle of an instruction would break the program."""
    path = make_object(tmp_path / "liar.so", "liar", {"probe": []}, nop="0xb0, 0x90")
    sdt_app.do(f"load {path}")
    done = nodeobs("snoop", "--via", "kernel", "-p", str(sdt_app.pid), "--probes", "liar:*")
    assert done.returncode == 1
    assert (
        "liar:probe cannot be traced: its note leads to something that is no probe" in done.stderr
    )
    sdt_app.do("call 0 1 i:1")
