"""Batches of several agents in the order of their records: complete, once, soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.bus.ordering import Marker, Ordering
from nodeobs.bus.protocol import Batch

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

TIME = "2026-11-23T08:53:%02d.%03dZ"


def record(number: int, ms: int, pid: int = 1) -> bytes:
    return b'{"pid":%d,"i":%d,"time":"%b","v":0}' % (
        pid, number, (TIME % (ms // 1000, ms % 1000)).encode(),
    )  # fmt: skip


def batch(
    numbers: list[int],
    *,
    pid: int = 1,
    tid: int = 0,
    topic: str = "log.30.a",
    at_ms: int = 0,
    dropped: int = 0,
) -> Batch:
    """A batch of records with these agent-wide numbers, one for each millisecond."""
    runs: list[int] = []
    for number in numbers:
        if runs and runs[-2] + runs[-1] == number:
            runs[-1] += 1
        else:
            runs += [number, 1]
    payload = b"".join(record(number, at_ms + number, pid) + b"\n" for number in numbers)
    return Batch(pid, tid, topic, 0, len(numbers), dropped, tuple(runs), payload)


def numbers(items: Iterable[Batch | Marker]) -> list[int]:
    found = []
    for item in items:
        assert isinstance(item, Batch)
        found += [entry["i"] for entry in item.records()]
        assert list(item.numbers()) == [entry["i"] for entry in item.records()]
    return found


def test_topics_of_one_agent_are_put_in_order_without_waiting() -> None:
    ordering = Ordering(window=10)
    ordering.add(batch([0, 1]), 0)
    assert numbers(ordering.ready(0)) == []  # what began before is not known yet
    assert numbers(ordering.ready(10)) == [0, 1]
    ordering.add(batch([3, 5, 6]), 11)
    assert numbers(ordering.ready(11)) == []
    ordering.add(batch([2, 4], topic="probe.p.x"), 11)
    assert numbers(ordering.ready(11)) == [2, 3, 4, 5, 6]
    assert ordering.held == 0


def test_a_batch_without_gaps_is_passed_on_whole() -> None:
    ordering = Ordering()
    whole = batch(list(range(500)))
    ordering.add(whole, 0)
    assert list(ordering.ready(1)) == [whole]


def test_numbers_that_never_come_are_waited_for_no_longer_than_the_window() -> None:
    ordering = Ordering(window=0.1)
    ordering.add(batch([0]), 0)
    assert numbers(ordering.flush()) == [0]
    ordering.add(batch([7]), 5.0)
    assert ordering.deadline() == 5.1
    assert numbers(ordering.ready(5.09)) == []
    assert numbers(ordering.ready(5.1)) == [7]
    assert ordering.deadline() is None


def test_agents_are_merged_by_time() -> None:
    ordering = Ordering(window=0.1)
    ordering.add(batch([0], pid=1, at_ms=10), 0)
    ordering.add(batch([0], pid=2, at_ms=0), 0)
    items = list(ordering.flush())
    # The first came when there was nobody to compare it with.
    assert [item.pid for item in items] == [1, 2]
    ordering.add(batch([1, 2, 3], pid=1, at_ms=10), 1)  # at 11, 12, 13 ms
    ordering.add(batch([1, 2, 3], pid=2, at_ms=11), 1)  # at 12, 13, 14 ms
    items = list(ordering.ready(1))
    # Until one of them has nothing more: it might still send something earlier.
    assert [(item.pid, *item.numbers()) for item in items if isinstance(item, Batch)] == [
        (1, 1), (1, 2), (2, 1), (1, 3),
    ]  # fmt: skip
    assert [item.pid for item in ordering.ready(1.1)] == [2, 2]


def test_an_agent_keeps_its_order_whatever_its_times_say() -> None:
    ordering = Ordering()
    ordering.add(batch([0], pid=1), 0)
    ordering.add(batch([0], pid=2), 0)
    list(ordering.flush())
    late = batch([1], pid=1, at_ms=5000)
    early = batch([2], pid=1, at_ms=0)
    ordering.add(early, 1)
    ordering.add(late, 1)
    assert numbers(ordering.ready(2)) == [1, 2]


def test_one_that_has_waited_does_not_push_another_out_of_its_order() -> None:
    ordering = Ordering(window=0.1)
    for pid in (1, 2):
        ordering.add(batch([0], pid=pid), 0)
    list(ordering.flush())
    ordering.add(batch([1], pid=1, at_ms=50), 1.0)
    ordering.add(batch([2], pid=2, at_ms=0), 1.09)  # its number 1 is still on its way
    assert list(ordering.ready(1.1)) == []
    assert ordering.deadline() == pytest.approx(1.19)
    ordering.add(batch([1], pid=2, at_ms=0), 1.11)
    items = [item for item in ordering.ready(1.11) if isinstance(item, Batch)]
    assert [(item.pid, *item.numbers()) for item in items] == [(2, 1), (2, 2), (1, 1)]


def test_drops_stand_where_they_happened() -> None:
    ordering = Ordering(window=0.1)
    ordering.add(batch([0]), 0)
    ordering.add(batch([5, 6], dropped=4), 0)
    ordering.add(batch([], dropped=2), 0)
    items = [item for item in ordering.ready(1) if isinstance(item, Batch)]
    assert [(list(item.numbers()), item.dropped) for item in items] == [
        ([0], 0), ([], 4), ([5, 6], 0), ([], 2),
    ]  # fmt: skip


def test_a_process_leaves_after_its_last_record() -> None:
    ordering = Ordering(window=0.1)
    left = Marker(1, "left")
    ordering.add(batch([0], pid=1, tid=0), 0)
    ordering.add(batch([0], pid=1, tid=3), 0)
    ordering.close(left, TIME % (50, 0), 0)
    assert list(ordering.ready(1))[-1] == left
    # Nobody waits for it any more: the one that is left is alone and needs no times.
    ordering.add(batch([0], pid=2), 2)
    assert numbers(ordering.flush()) == [0]
    whole = batch([1, 2], pid=2)
    ordering.add(whole, 3)
    assert list(ordering.ready(3)) == [whole]


def test_memory_is_bounded() -> None:
    ordering = Ordering(window=1000, max_held=100_000)
    given_out = 0
    for number in range(0, 20_000, 2):
        ordering.add(batch([number]), 0)
        given_out += len(numbers(ordering.ready(0)))
        assert ordering.held < 102_000
    assert given_out + len(numbers(ordering.flush())) == 10_000


def test_records_without_a_time_and_batches_that_lie_are_kept() -> None:
    ordering = Ordering()
    ordering.add(batch([0], pid=1), 0)
    ordering.add(Batch(2, 0, "log.30.a", 0, 1, 0, (0, 1), b"not json\n"), 0)
    ordering.add(Batch(2, 0, "log.30.a", 0, 3, 0, (1, 1, 5, 2), b"{}\n"), 0)
    payloads = [item.payload for item in ordering.flush() if isinstance(item, Batch)]
    assert sorted(payloads) == sorted([record(0, 0) + b"\n", b"not json\n", b"{}\n"])


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 60))
def test_nothing_is_lost_doubled_or_out_of_order(
    rng: random.Random, agents: int, count: int
) -> None:
    ordering = Ordering(window=0.1)
    arrivals: list[tuple[float, Batch]] = []
    for pid in range(1, agents + 1):
        waiting = list(range(count))
        turn = 0.0
        while waiting:
            together, waiting = waiting[:7], waiting[7:]
            turn += 0.05
            # A turn of the event loop: topics share its numbers, and all arrive within the window.
            topics: dict[str, list[int]] = {}
            for number in together:
                topics.setdefault(rng.choice(("log.20.a", "log.30.a", "probe.p.x")), []).append(
                    number
                )
            arrivals += [
                (turn + rng.random() * 0.04, batch(of, pid=pid, topic=topic))
                for topic, of in topics.items()
            ]
    arrivals.sort(key=lambda arrival: arrival[0])
    out: list[Batch | Marker] = []
    for now, arrived in arrivals:
        while (deadline := ordering.deadline()) is not None and deadline < now:
            given_out = list(ordering.ready(deadline))
            assert given_out, "a deadline at which nothing happens"
            out += given_out
        ordering.add(arrived, now)
        out += ordering.ready(now)
    out += ordering.flush()
    seen: dict[int, list[int]] = {}
    for item in out:
        assert isinstance(item, Batch)
        seen.setdefault(item.pid, []).extend(item.numbers())
    assert seen == {pid: list(range(count)) for pid in range(1, agents + 1)}
