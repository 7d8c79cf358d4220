"""Kept records come before live ones, and none of them twice."""

from __future__ import annotations

from typing import Any

from nodeobs.bus.protocol import Batch
from nodeobs.snoop.recent import RecentRecords, kept_batches


def batch(*numbers: int, tid: int = 0, topic: str = "log.30.a") -> Batch:
    order = tuple(part for number in numbers for part in (number, 1))
    payload = b"".join(b'{"n":%d}\n' % number for number in numbers)
    return Batch(7, tid, topic, 0, len(numbers), 0, order, payload)


def numbers(batches: list[Batch]) -> list[int]:
    return [record["n"] for one in batches for record in one.records()]


def test_live_records_wait_and_go_on_without_those_that_were_kept() -> None:
    recent = RecentRecords()
    assert recent.waiting
    assert recent.live(batch(3, 4)) == []
    assert recent.live(batch(5, tid=1)) == []
    assert numbers(recent.release({0: {2, 3}, 1: set()})) == [4, 5]
    assert not recent.waiting
    assert numbers(recent.live(batch(6, 7))) == [6, 7]


def test_a_kept_record_that_comes_later_is_left_out_with_its_count_and_order() -> None:
    recent = RecentRecords()
    assert recent.release({0: {8, 10}}) == []
    (rest,) = recent.live(batch(8, 9, 10, 11))
    assert (rest.count, rest.order) == (2, (9, 1, 11, 1))
    assert list(rest.numbers()) == [9, 11]
    assert numbers(recent.live(batch(8, tid=1))) == [8], "another thread has numbers of its own"
    assert [one.count for one in recent.live(batch(8))] == [0]


def test_an_answer_becomes_batches_of_the_topics_asked_for() -> None:
    answer = {
        "records": [
            {"line": '{"msg":"é"}\n', "level": 20, "name": "a", "n": -1},
            {"line": '{"msg":"y"}\n', "level": 30, "name": "a", "n": 5},
            {"line": '{"msg":"z"}\n', "level": 30, "name": "b", "n": 6},
            {"line": 5, "level": 30, "name": "a", "n": 7},
            None,
        ]
    }
    batches, known = kept_batches(7, 1, answer, ["log.20.", "log.30.a"])
    assert [(one.topic, one.tid, one.count) for one in batches] == [
        ("log.20.a", 1, 1),
        ("log.30.a", 1, 1),
    ]
    assert batches[0].payload == '{"msg":"é"}\n'.encode()
    assert known == {5}


def test_an_answer_that_is_none_is_nothing() -> None:
    answers: list[Any] = [None, {}, {"records": 5}, []]
    for answer in answers:
        assert kept_batches(7, 0, answer, ["log."]) == ([], set())
