"""What surrounds the reading of firings: threads, shared events, leftovers, and what is missing."""

from __future__ import annotations

import errno
import os
import re
import struct
from typing import TYPE_CHECKING

import pytest
from tests.py.test_usdt_decoding import site

from nodeobs.errors import NodeobsError
from nodeobs.snoop.declared_types import merged
from nodeobs.tracefs import filesystem, guardian
from nodeobs.tracefs.decoder import Decoder
from nodeobs.tracefs.event_format import EventFormat, Field
from nodeobs.tracefs.event_sites import EventSites, Position
from nodeobs.tracefs.plan import Plan
from nodeobs.tracefs.threads import Threads
from nodeobs.usdt.selection import nothing_selected, selected

if TYPE_CHECKING:
    from pathlib import Path

    from nodeobs.usdt.sites import Site

THREAD, PROCESS = 0x10000 | 0x100, 0x11


def test_threads_belong_to_a_process_and_children_do_not(tmp_path: Path) -> None:
    threads = Threads(10, [10, 11], str(tmp_path))
    threads.note_new(11, 12, THREAD)
    threads.note_new(12, 13, THREAD)
    threads.note_new(10, 20, PROCESS)
    threads.note_new(20, 21, THREAD)
    assert [threads.owns(tid) for tid in (10, 11, 12, 13, 20, 21)] == [True] * 4 + [False] * 2
    # A process gets the number of a thread that has ended.
    threads.note_new(10, 12, PROCESS)
    assert not threads.owns(12)


def test_threads_whose_start_was_lost_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "10" / "task" / "14").mkdir(parents=True)
    (tmp_path / "15").mkdir()
    threads = Threads(10, [10], str(tmp_path))
    assert threads.owns(14)
    assert not threads.owns(15)
    assert threads.owns(16)  # it has ended


# -- sites that share an event ------------------------------------------------------------------

LAYOUT = EventFormat(7, {"common_pid": Field(4, 4, True), "__probe_ip": Field(8, 8, False)})


def at(address: int) -> bytes:
    return struct.pack("<HHiQ", 7, 0, 42, address)


def place_of(offset: int, address: int = 0) -> Site:
    from dataclasses import replace

    return replace(site(""), offset=offset, address=address)


def test_firings_are_told_apart_by_where_they_were() -> None:
    asked: list[tuple[int, int]] = []

    def position_of(pid: int, address: int) -> Position | None:
        asked.append((pid, address))
        return ((1, 2), 0x1024) if pid == 42 else None

    sites = EventSites(LAYOUT, position_of)
    first, second = place_of(0x1004, 0x7000_1004), place_of(0x1024, 0x7000_1024)
    decoder = Decoder(Plan((), ""), LAYOUT)
    for one in (first, second):
        sites.add(one, decoder)
        sites.place(42, one)
    assert sites.find(42, at(0x7000_1004), 0)[0] is first
    assert sites.find(42, b"??" + at(0x7000_1024), 2)[0] is second
    assert asked == []
    # Mapped elsewhere since: looked up once.
    for _ in range(2):
        assert sites.find(42, at(0x9000_1024), 0)[0] is second
    assert asked == [(42, 0x9000_1024)]
    # In a process that has ended, the place in the page tells.
    assert sites.find(43, at(0x5555_1004), 0)[0] is first
    assert sites.find(43, at(0x5555_1333), 0)[0] is first


# -- leftovers ----------------------------------------------------------------------------------


@pytest.fixture
def fake_tracefs(tmp_path: Path) -> Path:
    (tmp_path / "instances").mkdir()
    (tmp_path / "uprobe_events").write_text("p:somebodys/tick /bin/app:0x10\n")
    return tmp_path


def instance(root: Path, name: str) -> Path:
    """As much of an instance as is needed; files in it would keep rmdir from working here."""
    directory = root / "instances" / name
    directory.mkdir()
    return directory


def test_owners_are_told_by_names(fake_tracefs: Path) -> None:
    for name in ("nodeobs-12-345-0.71", "nodeobs-mine", "other", "nodeobs-1-2-3.4"):
        instance(fake_tracefs, name)
    with (fake_tracefs / "uprobe_events").open("a") as events:
        events.write("p:nodeobs_5_6_7/tick_0 /bin/app:0x10(0x20) n0=%di:u64\n")
        events.write("p:nodeobs_t/tick /bin/app:0x10\n")
    owners = guardian.owners(str(fake_tracefs))
    assert owners == {(12, 345, 0), (1, 2, 3), (5, 6, 7)}
    assert all(map(guardian.is_dead, owners))
    myself = (os.getpid(), guardian.start_time(os.getpid()) or 0, 0)
    assert not guardian.is_dead(myself)
    assert guardian.is_dead((myself[0], myself[1] - 1, 0))


def test_leftovers_are_removed_and_nothing_else(fake_tracefs: Path) -> None:
    left = instance(fake_tracefs, "nodeobs-99999999-1-0.71")
    mine = (os.getpid(), guardian.start_time(os.getpid()) or 0, 0)
    kept = [
        instance(fake_tracefs, name)
        for name in ("somebodys", f"{guardian.instance_prefix(mine)}71")
    ]
    events = fake_tracefs / "uprobe_events"
    with events.open("a") as file:
        file.write("p:nodeobs_99999999_1_0/tick_0 /bin/app:0x10\n")
        file.write("p:nodeobs_99999999_1_0/tick_0 /bin/app:0x30\n")
        file.write(f"p:{guardian.group_name(mine)}/tick_0 /bin/app:0x10\n")
    before = events.read_text()
    guardian.remove_leftovers(str(fake_tracefs))
    assert not left.exists()
    assert all(directory.exists() for directory in kept)
    # Added to, never written anew.
    assert events.read_text() == before + "-:nodeobs_99999999_1_0/tick_0\n"


def test_what_is_busy_is_tried_again(fake_tracefs: Path) -> None:
    owner = (99999999, 1, 0)
    busy = instance(fake_tracefs, "nodeobs-99999999-1-0.71") / "file"
    busy.touch()
    assert not guardian.remove_patiently(str(fake_tracefs), owner, 0.05)
    busy.unlink()
    assert guardian.remove_patiently(str(fake_tracefs), owner)


# -- what is missing ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capable", "namespace", "mounted", "events", "locked", "code", "hint"),
    [
        (False, "pid:[4026531836]", True, True, None, "permission", "sudo"),
        (True, "pid:[4026532000]", True, True, None, "pid_namespace", "--pid=host"),
        (True, "pid:[4026531836]", False, True, None, "no_tracefs",
         "mount -t tracefs nodev /sys/kernel/tracing"),
        (True, "pid:[4026531836]", True, False, None, "no_uprobes", "CONFIG_UPROBE_EVENTS"),
        (True, "pid:[4026531836]", True, False, "confidentiality", "lockdown",
         "kernel_lockdown(7)"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capable: bool,
    namespace: str,
    mounted: bool,
    events: bool,
    locked: str | None,
    code: str,
    hint: str,
) -> None:
    monkeypatch.setattr(filesystem, "_capable", lambda: capable)
    monkeypatch.setattr(filesystem, "_pid_namespace", lambda: namespace)
    monkeypatch.setattr(filesystem, "_mounted", lambda: str(tmp_path) if mounted else None)
    monkeypatch.setattr(filesystem, "_lockdown", lambda: locked)
    if events:
        (tmp_path / "uprobe_events").touch()
    with pytest.raises(NodeobsError) as raised:
        filesystem.open_tracefs()
    assert raised.value.code == code
    assert raised.value.hint is not None
    assert hint in raised.value.hint


def test_a_kernel_that_hangs_is_told_from_one_that_answers(tmp_path: Path) -> None:
    path = tmp_path / "uprobe_events"
    path.touch()
    assert filesystem.answers(str(path), 60.0)
    path.unlink()
    os.mkfifo(path)  # nobody writes
    assert not filesystem.answers(str(path), 0.05)


def test_what_the_kernel_refuses_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused = filesystem.refused(PermissionError(errno.EPERM, "Operation not permitted"), "writing")
    assert (refused.code, refused.message) == ("permission", "writing: Operation not permitted")
    monkeypatch.setattr(filesystem, "_lockdown", lambda: "confidentiality")
    refused = filesystem.refused(PermissionError(errno.EPERM, "Operation not permitted"), "writing")
    assert refused.code == "lockdown"
    with pytest.raises(NodeobsError, match=re.escape("No such file")) as raised:
        filesystem.Tracefs(str(tmp_path)).read("nothing")
    assert raised.value.code == "tracing"


# -- which probes -------------------------------------------------------------------------------


def named(provider: str, probe: str) -> Site:
    from dataclasses import replace

    return replace(site(""), provider=provider, probe=probe)


SITES = [named("libc", "setjmp"), named("shop", "sold"), named("shop", "bought")]


def test_probes_of_everybodys_libraries_are_traced_only_when_asked_for() -> None:
    assert [one.name for one in selected(SITES, [])] == ["shop:sold", "shop:bought"]
    assert [one.name for one in selected(SITES, ["libc:*", "*:sold"])] == [
        "libc:setjmp", "shop:sold",
    ]  # fmt: skip
    assert len(selected(SITES, ["*"])) == 3


@pytest.mark.parametrize(
    ("sites", "globs", "code", "message", "hint"),
    [
        ([], [], "no_probes", "71 (app) has no SDT probes", "<sys/sdt.h>"),
        (SITES[:1], [], "no_probes", "but those of the C and C++ libraries", "--probes 'libc:*'"),
        (SITES, ["shop:slod"], "not_found", 'no probe of 71 (app) matches "shop:slod"',
         "did you mean shop:sold"),
        (SITES, ["slod", "x"], "not_found", 'matches "slod" or "x"', "did you mean sold"),
        (SITES, ["qqq"], "not_found", "no probe", "nodeobs probes --kernel lists them all"),
    ],
)  # fmt: skip
def test_why_there_is_nothing(
    sites: list[Site], globs: list[str], code: str, message: str, hint: str
) -> None:
    error = nothing_selected(sites, globs, "71 (app)")
    assert error.code == code
    assert message in error.message
    assert hint in str(error.hint)


def test_declared_types_that_contradict_each_other_are_none() -> None:
    one = {"provider": "p", "name": "a", "types": ["int"]}
    assert merged([[one, {**one, "name": "b", "types": ["json"]}], [one], None, ["nonsense"]]) == {
        "p:a": ["int"], "p:b": ["json"],
    }  # fmt: skip
    assert merged([[one], [{**one, "types": ["char *"]}], [one]]) == {}
