"""Aggregations: what agents send is merged right in whatever order, and actions change it."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.d.options import Options
from nodeobs.d.program import Aggregation
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.d.runtime.buckets import Buckets, Linear, Logarithmic, Powers
from nodeobs.d.runtime.evaluate import Aggregated
from nodeobs.d.runtime.totals import new_total
from nodeobs.d.runtime.values import Fault, Value

relaxed = settings(deadline=None, derandomize=True)

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "d-aggregations.json").read_text()
)
BOUNDS = {"lquantize": (-20, 20, 5), "llquantize": (10, 0, 2, 10)}
FUNCTIONS = [
    "count", "sum", "avg", "min", "max", "stddev", "quantize", "lquantize", "llquantize",
]  # fmt: skip


def declared(function: str, keys: int = 1, name: str = "@a") -> dict[str, Aggregation]:
    return {name: Aggregation(name, function, BOUNDS.get(function, ()), keys)}


def record(totals: Aggregations, value: int, *keys: Value, name: str = "@a") -> None:
    function = totals.declared[name].function
    values: list[Value] = [] if function == "count" else [value, *BOUNDS.get(function, ())]
    totals.apply(Aggregated(name, function, keys, values))


def shown(totals: Aggregations, name: str = "@a", **options: Any) -> list[tuple[Any, ...]]:
    return [(*entry.keys, entry.value) for entry in totals.entries(name, Options(**options))]


def rows(totals: Aggregations, name: str = "@a") -> list[list[Any]]:
    """What an agent with these totals would send, after JSON."""
    answer = [
        [name, entry.function, list(entry.keys), entry.total.state()]
        for entry in totals.entries(name, Options())
    ]
    decoded: list[list[Any]] = json.loads(json.dumps(answer))
    return decoded


@pytest.mark.parametrize("case", CASES)
def test_states_are_what_both_halves_agree_on(case: dict[str, Any]) -> None:
    total = new_total(case["fn"], case["args"])
    for value, *increment in (value or [0] for value in case["values"]):
        total.add([value, *case["args"], *increment])
    assert total.state() == case["state"]
    again = new_total(case["fn"], case["args"])
    again.merge(case["state"])
    assert again.state() == case["state"]


#: Their squares add up to what a double still holds exactly.
VALUES = st.integers(-(2**22), 2**22)


@relaxed
@given(st.sampled_from(FUNCTIONS), st.lists(st.lists(VALUES, max_size=6), max_size=5), st.randoms())
def test_the_order_of_merging_does_not_matter(
    function: str, agents: list[list[int]], random: Any
) -> None:
    alone = Aggregations(declared(function))
    deltas = []
    for values in agents:
        agent = Aggregations(declared(function))
        for value in values:
            for totals in (alone, agent):
                record(totals, value, value % 3)
        deltas.append(rows(agent))
    shuffled = [row for delta in deltas for row in delta]
    random.shuffle(shuffled)
    merged, backwards = Aggregations(declared(function)), Aggregations(declared(function))
    merged.merge(shuffled)
    backwards.merge(reversed(shuffled))
    assert rows(merged) == rows(backwards) == rows(alone)
    assert merged.take_drops() == 0


@relaxed
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=40))
def test_statistics_are_those_of_the_values(values: list[int]) -> None:
    results = {}
    for function in FUNCTIONS:
        totals = Aggregations(declared(function, 0))
        for value in values:
            record(totals, value)
        results[function] = totals.entries("@a", Options())[0].value
    mean = statistics.fmean(values)
    assert results["count"] == results["quantize"] == results["lquantize"] == len(values)
    assert results["sum"] == sum(values)
    assert (results["min"], results["max"]) == (min(values), max(values))
    assert results["avg"] == int(sum(values) / len(values))
    # DTrace's integer arithmetic: the mean is truncated, so the error grows with it.
    assert abs(results["stddev"] ** 2 - statistics.pvariance(values)) <= (
        2 * abs(mean) + 2 * results["stddev"] + 3
    )


def test_stddev_is_as_dtrace_computes_it() -> None:
    totals = Aggregations(declared("stddev", 0))
    for value in (2, 4, 4, 4, 5, 5, 7, 9):
        record(totals, value)
    # 232 / 8 - (40 / 8)^2 = 29 - 25, and its root.
    assert shown(totals) == [(2,)]
    totals.merge([["@a", "stddev", [], [2, 4e21, 8e42]]])
    assert totals.take_drops() == 0


def test_truncated_division_as_in_c() -> None:
    totals = Aggregations(declared("avg", 0))
    for value in (-1, -2, -4):
        record(totals, value)
    assert shown(totals) == [(-2,)]
    totals.normalize("@a", 2)
    assert shown(totals) == [(-1,)]


def test_numbers_beyond_2_53_are_the_doubles_they_stand_for() -> None:
    totals = Aggregations(declared("max"))
    totals.merge([["@a", "max", [4611686018427388000], 4611686018427388000]])
    totals.merge([["@a", "max", [2**62], -9223372036854776000]])
    assert shown(totals) == [(2**62, 2**62)]


def test_rows_that_are_none_are_dropped_and_counted() -> None:
    totals = Aggregations(declared("lquantize"))
    good = ["@a", "lquantize", ["k"], [[-20, 20, 5], {"1": 2}]]
    bad: list[Any] = [
        None,
        [],
        ["@a", "lquantize", ["k"]],
        ["@zz", "lquantize", ["k"], [[-20, 20, 5], {}]],
        ["@a", "quantize", ["k"], {"1": 1}],
        ["@a", "lquantize", ["k", 1], [[-20, 20, 5], {"1": 1}]],
        ["@a", "lquantize", ["new"], [[0, 20, 5], {"1": 1}]],
        ["@a", "lquantize", ["new"], [[-20, 20, 5], {"99": 1}]],
        ["@a", "lquantize", ["new"], [[-20, 20, 5], {"x": 1}]],
        ["@a", "lquantize", ["new"], [[-20, 20, 5], {"1": "many"}]],
        ["@a", "lquantize", ["k"], [[-20, 20, 5], {"1": 7, "2": None}]],
        ["@a", "lquantize", [{}], [[-20, 20, 5], {"1": 1}]],
        ["@a", "lquantize", "k", 7],
        [["@a"], "lquantize", ["k"], 7],
    ]
    totals.merge([good, *bad, good])
    assert totals.take_drops() == len(bad)
    assert shown(totals) == [("k", 4)]


@relaxed
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=3)
        | st.sampled_from(["@a", "avg", "quantize", "1"]),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
        max_leaves=12,
    )
)
def test_no_answer_breaks_the_totals(answer: Any) -> None:
    for function in FUNCTIONS:
        totals = Aggregations(declared(function))
        totals.merge([answer, ["@a", function, ["k"], answer]])
        assert len(shown(totals)) <= 1


def test_keys_are_bounded() -> None:
    totals = Aggregations(declared("count"), limit=3)
    for key in (1, 2, "1", 4, 5, 1):
        record(totals, 0, key)
    assert totals.take_drops() == 2
    assert sorted(map(str, shown(totals))) == ["('1', 1)", "(1, 2)", "(2, 1)"]
    totals.trunc("@a", 1)
    record(totals, 0, 9)
    assert totals.take_drops() == 0


def test_trunc_keeps_the_greatest_or_the_smallest() -> None:
    def totals() -> Aggregations:
        result = Aggregations(declared("sum"))
        for key, value in (("a", 5), ("b", 1), ("c", 3), ("d", 3)):
            record(result, value, key)
        return result

    def after(most: int | None) -> list[tuple[Any, ...]]:
        result = totals()
        result.trunc("@a", most)
        return shown(result)

    assert after(2) == [("d", 3), ("a", 5)]
    assert after(-2) == [("b", 1), ("c", 3)]
    assert after(99) == [("b", 1), ("c", 3), ("d", 3), ("a", 5)]
    assert after(0) == after(None) == []
    # What is there to begin with again afterwards.
    again = totals()
    again.trunc("@a")
    assert again.empty("@a")
    record(again, 2, "a")
    assert shown(again) == [("a", 2)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_clear_keeps_keys_and_starts_anew(function: str) -> None:
    totals, fresh = Aggregations(declared(function)), Aggregations(declared(function))
    record(totals, 3, "k")
    totals.clear("@a")
    assert shown(totals) == [("k", 0)]
    for one in (totals, fresh):
        record(one, 7, "k")
    assert rows(totals) == rows(fresh)


def test_normalize_divides_what_is_shown_and_nothing_else() -> None:
    totals = Aggregations(declared("sum"))
    record(totals, 1000, "a")
    totals.normalize("@a", 3)
    record(totals, 1000, "b")
    assert shown(totals) == [("a", 333), ("b", 333)]
    totals.denormalize("@a")
    assert shown(totals) == [("a", 1000), ("b", 1000)]
    totals.normalize("@a", 0)
    assert shown(totals) == [("a", 1000), ("b", 1000)]


def test_a_value_that_is_no_number_faults() -> None:
    totals = Aggregations(declared("sum"))
    with pytest.raises(Fault, match="illegal operation"):
        totals.apply(Aggregated("@a", "sum", ("k",), ["text"]))


def test_sorted_by_value_then_key() -> None:
    totals = Aggregations(declared("sum", 2))
    for value, *keys in ((2, "b", 1), (2, "a", 9), (1, "z", 5), (2, "a", -3), (9, 7, 0)):
        record(totals, value, *keys)
    by_value = [("z", 5, 1), ("a", -3, 2), ("a", 9, 2), ("b", 1, 2), (7, 0, 9)]
    by_key = [(7, 0, 9), ("a", -3, 2), ("a", 9, 2), ("b", 1, 2), ("z", 5, 1)]
    by_second = [("a", -3, 2), (7, 0, 9), ("b", 1, 2), ("z", 5, 1), ("a", 9, 2)]
    assert shown(totals) == by_value
    assert shown(totals, aggsortrev=True) == by_value[::-1]
    assert shown(totals, aggsortkey=True) == by_key
    assert shown(totals, aggsortkey=True, aggsortkeypos=1) == by_second
    assert shown(totals, aggsortkey=True, aggsortkeypos=7) == by_key
    assert shown(totals, aggsortkey=True, aggsortrev=True) == by_key[::-1]


def test_distributions_are_sorted_by_what_they_add_up_to() -> None:
    totals = Aggregations(declared("quantize"))
    for key, values in {"few": [1024], "many": [1, 1, 1], "zero": [0, 0], "less": [-5]}.items():
        for value in values:
            record(totals, value, key)
    record(totals, 0, "none")
    assert [entry.keys[0] for entry in totals.entries("@a", Options())] == [
        "less", "none", "zero", "many", "few",
    ]  # fmt: skip


def test_several_are_joined_by_key() -> None:
    both = {**declared("count", name="@n"), **declared("max", name="@m")}
    totals = Aggregations(both)
    for key, value in (("a", 5), ("a", 6), ("b", 9)):
        record(totals, value, key, name="@n")
        record(totals, value, key, name="@m")
    record(totals, 1, "c", name="@m")
    joined = [
        (row[0].keys[0], *(entry.value for entry in row))
        for row in totals.joined(["@n", "@m"], Options())
    ]
    assert joined == [("c", 0, 1), ("b", 1, 9), ("a", 2, 6)]

    def order(**options: Any) -> list[Any]:
        return [row[0].keys[0] for row in totals.joined(["@n", "@m"], Options(**options))]

    assert order(aggsortpos=1) == ["c", "a", "b"]
    assert order(aggsortpos=9) == ["c", "b", "a"]
    assert order(aggsortkey=True) == ["a", "b", "c"]
    assert totals.empty("@m") is False


BUCKETS = (
    st.just(Powers())
    | st.builds(
        lambda base, levels, step, more: Linear(base, base + levels * step + more % step, step),
        st.integers(-(10**6), 10**6),
        st.integers(1, 300),
        st.integers(1, 1000),
        st.integers(0, 999),
    )
    | st.builds(
        lambda factor, low, more, times: Logarithmic(factor, low, low + more, factor * times),
        st.sampled_from([2, 10]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([1, 2]),
    )
)


@relaxed
@given(BUCKETS, st.integers(-(2**63), 2**63 - 1) | st.integers(-3000, 3000))
def test_a_value_is_within_the_bounds_of_its_bucket(buckets: Buckets, value: int) -> None:
    index = buckets.index(value)
    assert buckets.first <= index <= buckets.last
    bucket = buckets.bounds(index)
    assert bucket.low is None or bucket.low <= value
    assert bucket.high is None or value < bucket.high


@relaxed
@given(BUCKETS)
def test_buckets_follow_one_another(buckets: Buckets) -> None:
    assert buckets.bounds(buckets.first).low is None
    assert buckets.bounds(buckets.last).high is None
    for index in range(buckets.first, buckets.last):
        assert buckets.bounds(index).high == buckets.bounds(index + 1).low
        assert buckets.value(index) < buckets.value(index + 1)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("lquantize", (5, 5, 1)),
        ("lquantize", (0, 10, 0)),
        ("lquantize", (0, 10, 11)),
        ("lquantize", (0, 10**6, 1)),
        ("llquantize", (1, 0, 2, 10)),
        ("llquantize", (10, 3, 2, 10)),
        ("llquantize", (10, 0, 2, 5)),
        ("llquantize", (10, 0, 2, 15)),
        ("llquantize", (10, 1, 3, 30)),
        ("llquantize", (10, 0, 19, 10)),
        ("llquantize", (10, -1, 2, 10)),
        ("quantise", ()),
    ],
)
def test_bounds_that_are_none(kind: str, parameters: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        new_total(kind, parameters)
