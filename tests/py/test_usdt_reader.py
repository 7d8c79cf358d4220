"""Firings of several CPUs and processes in one order, whatever is read first."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from tests.py.test_usdt_decoding import site
from tests.py.test_usdt_pages import LAYOUT as PAGE_LAYOUT
from tests.py.test_usdt_pages import page, small

from nodeobs.tracefs import reader as reader_module
from nodeobs.tracefs.buffer import ReadPage, TraceBuffer
from nodeobs.tracefs.decoder import Decoder
from nodeobs.tracefs.event_format import EventFormat, Field
from nodeobs.tracefs.event_sites import EventSites
from nodeobs.tracefs.plan import Argument, Plan
from nodeobs.tracefs.reader import FiringReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIRED = EventFormat(
    7, {"common_pid": Field(4, 4, True), "__probe_ip": Field(8, 8, False), "n0": Field(16, 4, True)}
)
STARTED = EventFormat(
    8,
    {"common_pid": Field(4, 4, True), "pid": Field(8, 4, True), "clone_flags": Field(16, 8, False)},
)
MS = 1_000_000
NOW = 1_000_000 * MS


def fired(thread: int, value: int) -> bytes:
    return struct.pack("<HHiQi", 7, 0, thread, 0x1004, value)


def started(thread: int, task: int, flags: int) -> bytes:
    return struct.pack("<HHiiiQ", 8, 0, thread, task, 0, flags)


class Buffer(TraceBuffer):
    """What `add` was given, as the kernel would give it."""

    def __init__(self, pid: int, cpus: int = 2, threads: Sequence[int] = ()) -> None:
        self.pid = pid
        self.threads = {pid, *threads}
        self.new_task = STARTED
        self._waiting: dict[int, list[bytes]] = {cpu: [] for cpu in range(cpus)}

    def add(self, cpu: int, *events: tuple[int, bytes]) -> None:
        """A page with events, each with its time."""
        times = [moment for moment, _ in events]
        deltas = [b - a for a, b in zip(times[:1] + times[:-1], times, strict=True)]
        made = [small(delta, content) for delta, (_, content) in zip(deltas, events, strict=True)]
        self._waiting[cpu].append(page(*made, start=times[0]))

    @property
    def cpus(self) -> Sequence[int]:
        return list(self._waiting)

    def pages(self, cpu: int, until: int) -> Iterator[ReadPage]:
        while self._waiting[cpu]:
            content = self._waiting[cpu].pop(0)
            yield ReadPage(content, PAGE_LAYOUT)
            if int.from_bytes(content[:8], "little") > until:
                return


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    moment = [NOW]
    monkeypatch.setattr("nodeobs.tracefs.reader.time.monotonic_ns", lambda: moment[0])
    return moment


@pytest.fixture
def reader(clock: list[int]) -> FiringReader:
    made = FiringReader()
    sites = EventSites(FIRED, lambda *_: None)
    sites.add(site("-4@%edi"), Decoder(Plan((Argument("number", "n0"),), ""), FIRED))
    made.learn(sites)
    return made


def values(firings: Sequence[Any]) -> list[int]:
    return [one.values[0] for one in firings]


def test_cpus_and_processes_are_merged(reader: FiringReader) -> None:
    one, other = Buffer(10), Buffer(20)
    reader.add(one)
    reader.add(other)
    one.add(0, (NOW - 90 * MS, fired(10, 1)), (NOW - 60 * MS, fired(10, 4)))
    one.add(1, (NOW - 80 * MS, fired(10, 2)))
    other.add(1, (NOW - 70 * MS, fired(20, 3)), (NOW - 50 * MS, fired(20, 5)))
    firings = reader.read()
    assert values(firings) == [1, 2, 3, 4, 5]
    assert [one.pid for one in firings] == [10, 10, 20, 10, 20]
    assert (reader.pending, reader.behind) == (False, False)


def test_what_may_have_something_before_it_waits(reader: FiringReader, clock: list[int]) -> None:
    buffer = Buffer(10)
    reader.add(buffer)
    buffer.add(0, (NOW - 20 * MS, fired(10, 1)), (NOW - MS, fired(10, 3)))
    assert values(reader.read()) == [1]
    assert reader.pending
    # A firing on another CPU that was not written yet.
    buffer.add(1, (NOW - 2 * MS, fired(10, 2)))
    clock[0] += 10 * MS
    assert values(reader.read()) == [2, 3]


def test_one_threads_firings_keep_their_order_over_cpus(
    reader: FiringReader, clock: list[int]
) -> None:
    """It fires, and moves to a CPU that is read after its old one was."""
    buffer = Buffer(10)
    reader.add(buffer)
    buffer.add(1, (NOW + MS, fired(10, 2)))
    assert values(reader.read()) == []
    buffer.add(0, (NOW, fired(10, 1)))
    clock[0] += 20 * MS
    assert values(reader.read()) == [1, 2]


def test_a_burst_is_read_at_once_and_decoded_in_parts(
    reader: FiringReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_AT_ONCE", 2)
    buffer = Buffer(10)
    reader.add(buffer)
    for i in range(5):
        buffer.add(0, (NOW - (100 - i) * MS, fired(10, i)))
    buffer.add(1, (NOW - 50 * MS, fired(10, 99)))
    read: list[int] = []
    while not read or reader.behind:
        read += values(reader.read())
    read += values(reader.read())
    assert read == [0, 1, 2, 3, 4, 99]


def test_when_memory_is_full_the_rest_stays_with_the_kernel(
    reader: FiringReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_BACKLOG", 4096 * 2)
    monkeypatch.setattr(reader_module, "_AT_ONCE", 1)
    buffer = Buffer(10)
    reader.add(buffer)
    for i in range(4):
        buffer.add(0, (NOW - (100 - 2 * i) * MS, fired(10, 2 * i)))
        buffer.add(1, (NOW - (99 - 2 * i) * MS, fired(10, 2 * i + 1)))
    read: list[int] = []
    while len(read) < 8:
        read += values(reader.read())
    assert read == [*range(8)]


def test_the_end_reads_everything(reader: FiringReader) -> None:
    buffer = Buffer(10)
    reader.add(buffer)
    buffer.add(0, (NOW + 5 * MS, fired(10, 2)))
    buffer.add(1, (NOW - MS, fired(10, 1)))
    firings = values(reader.read_last())
    while reader.behind:
        firings += values(reader.read_last())
    assert firings == [1, 2]
    assert not reader.pending


def test_threads_are_known_by_what_started_them(reader: FiringReader) -> None:
    buffer = Buffer(10, threads=[11])
    reader.add(buffer)
    thread, process = 0x10000, 17
    # The CPU on which a thread ran is read before the one that started it.
    buffer.add(0, (NOW - 90 * MS, fired(90000001, 1)), (NOW - 80 * MS, fired(90000002, 2)))
    buffer.add(
        1,
        (NOW - 99 * MS, started(11, 90000001, thread)),
        (NOW - 98 * MS, started(10, 90000002, process)),
    )
    assert values(reader.read()) == [1]
