"""Several logs in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from nodeobs.logfile.merge import Unit, merged

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGS = st.lists(st.lists(st.lists(st.integers(0, 20), max_size=5), max_size=5), max_size=4)


def units(logs: list[list[list[int]]], *, sort: bool) -> list[list[list[Unit]]]:
    """Batches of units that say where they are from."""
    made = []
    for index, batches in enumerate(logs):
        times = [time for batch in batches for time in batch]
        flow = iter(sorted(times) if sort else times)
        made.append([
            [(f"{next(flow):04}", b"%d.%d.%d " % (index, number, place))
             for place in range(len(batch))]
            for number, batch in enumerate(batches)
        ])  # fmt: skip
    return made


def in_turns(logs: list[list[Unit]]) -> Iterator[bytes]:
    """bunyan's rule: of the first units of all logs the earliest, of equal ones the first."""
    logs = [list(log) for log in logs]
    while any(logs):
        first = min((log for log in logs if log), key=lambda log: log[0][0])
        yield first.pop(0)[1]


@given(LOGS, st.booleans())
def test_the_order(logs: list[list[list[int]]], sort: bool) -> None:
    made = units(logs, sort=sort)
    flat = [[unit for batch in batches for unit in batch] for batches in made]
    assert b"".join(merged(made)) == b"".join(in_turns(flat))


def test_one_batch_of_each_log_is_kept() -> None:
    asked: list[int] = []

    def log(index: int) -> Iterator[list[Unit]]:
        for number in range(3):
            asked.append(index)
            yield [(f"{number}", b"%d " % index)]

    output = merged([log(0), log(1)])
    assert next(output) == b"0 "
    assert sorted(asked) == [0, 1]
    assert b"".join(output) == b"1 0 1 0 1 "


def test_nothing_to_merge() -> None:
    assert list(merged([])) == []
    assert list(merged([[], [[]], [[], []]])) == []
