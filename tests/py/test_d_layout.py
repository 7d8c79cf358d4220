"""Output as DTrace lays it out: texts as the Dynamic Tracing Guide shows them, by hand.

Trailing blanks are DTrace's own (`count` and counts fill nine cells, keys fifty): `·` stands for
the last one of a line here, so that nobody takes them away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeobs.d.options import Options
from nodeobs.d.printing import layout
from nodeobs.d.printing.histogram import Scale, picture
from nodeobs.d.printing.printf import parse_format
from nodeobs.d.printing.screen import Screen
from nodeobs.d.program import Aggregation
from nodeobs.d.runtime.aggregation import Aggregations
from nodeobs.d.runtime.evaluate import Aggregated
from nodeobs.d.runtime.totals import Distribution, new_total
from nodeobs.reports.table import cell_width

if TYPE_CHECKING:
    from nodeobs.d.runtime.values import Value

relaxed = settings(deadline=None, derandomize=True)


def text(golden: str) -> str:
    return golden.removeprefix("\n").replace("·", " ")


def of(
    function: str, *parameters: int, types: tuple[str, ...] = (), keys: int = -1
) -> Aggregations:
    count = len(types) if keys < 0 else keys
    return Aggregations({"@": Aggregation("@", function, parameters, count, types)})


def add(totals: Aggregations, keys: tuple[Value, ...], value: int = 1, times: int = 1) -> None:
    one = totals.declared["@"]
    for _ in range(times):
        totals.apply(Aggregated("@", one.function, keys, [value, *one.parameters]))


def listing(totals: Aggregations, screen: Screen | None = None, **options: Any) -> str:
    return layout.listing(totals, "@", Options(**options), screen or Screen())


def distribution(function: str, parameters: tuple[int, ...], state: Any) -> Distribution:
    total = new_total(function, parameters)
    total.merge(state)
    assert isinstance(total, Distribution)
    return total


def test_counts_by_name() -> None:
    totals = of("count", types=("string",))
    for name, count in (("dtrace", 13), ("sched", 1), ("java", 2)):
        add(totals, (name,), times=count)
    assert listing(totals) == text("""
  sched                                                             1
  java                                                              2
  dtrace                                                           13
""")


def test_numbers_take_the_cells_of_their_type() -> None:
    types = ("int8", "int16", "int32", "int64", "any", "string")
    totals = of("sum", types=types)
    add(totals, (1, 22, 4242, -5, 7, "GET"), 1234567)
    assert listing(totals) == (
        "   1    22     4242               -5                7  GET"
        "                                                         1234567\n"
    )


def test_without_keys() -> None:
    totals = of("avg")
    add(totals, (), 10)
    add(totals, (), 21)
    assert listing(totals) == "               15\n"
    assert listing(of("count")) == ""


def test_quantize_as_in_the_guide() -> None:
    totals = of("quantize", types=("string",))
    for value, times in ((2000, 2), (3000, 1), (5000, 1), (9000, 3), (20000, 1)):
        add(totals, ("date",), value, times)
    # 8 values in 40 cells: 5 cells for each.
    assert listing(totals) == text("""
  date                                             ·
           value  ------------- Distribution ------------- count   ·
             512 |                                         0       ·
            1024 |@@@@@@@@@@                               2       ·
            2048 |@@@@@                                    1       ·
            4096 |@@@@@                                    1       ·
            8192 |@@@@@@@@@@@@@@@                          3       ·
           16384 |@@@@@                                    1       ·
           32768 |                                         0       ·

""")


def test_one_value_has_all_of_the_bar() -> None:
    shown = picture(distribution("quantize", (), {"0": 9}))
    assert shown == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
              -1 |                                         0       ·
               0 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 9       ·
               1 |                                         0       ·
""")


def test_halves_of_a_cell_are_rounded_up() -> None:
    # 1 of 80 is half a cell; 1 of 81 less than half.
    assert Scale.of([1, 79], zoom=False).bar(1).count("@") == 1
    assert Scale.of([1, 80], zoom=False).bar(1).count("@") == 0


def test_negative_values_and_counts() -> None:
    below = picture(distribution("quantize", (), {"-1": 1, "-3": 3}))
    assert below == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
              -8 |                                         0       ·
              -4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@           3       ·
              -2 |                                         0       ·
              -1 |@@@@@@@@@@                               1       ·
               0 |                                         0       ·
""")
    all_negative = picture(distribution("quantize", (), {"1": -1, "2": -3}))
    assert all_negative == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
               0                                         | 0       ·
               1                               @@@@@@@@@@| -1      ·
               2           @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@| -3      ·
               4                                         | 0       ·
""")
    mixed = picture(distribution("quantize", (), {"1": -1, "2": 3}))
    assert mixed == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
               0                     |                     0       ·
               1                @@@@@|                     -1      ·
               2                     |@@@@@@@@@@@@@@@      3       ·
               4                     |                     0       ·
""")


def test_the_ends_of_all_buckets() -> None:
    # There is no bucket before the first nor after the last.
    shown = picture(distribution("quantize", (), {"-63": 1, "63": 1})).splitlines()
    assert shown[2].split() == ["-4611686018427387904", "|@@@@@@@@@@@@@@@@@@@@", "1"]
    assert shown[-1].split() == ["4611686018427387904", "|@@@@@@@@@@@@@@@@@@@@", "1"]
    assert len(shown) == 2 + 127


def test_nothing_at_all() -> None:
    totals = of("quantize", types=("string",))
    add(totals, ("k",), 77)
    totals.clear("@")
    assert [line.split() for line in listing(totals).splitlines()[2:5]] == [
        ["-1", "|", "0"],
        ["0", "|", "0"],
        ["1", "|", "0"],
    ]
    linear = distribution("lquantize", (0, 30, 10), [[0, 30, 10], {}])
    assert picture(linear).split("\n")[2:-1] == [
        "             < 0 |                                         0        ",
        "               0 |                                         0        ",
        "              10 |                                         0        ",
    ]
    logarithmic = distribution("llquantize", (10, 1, 2, 10), [[10, 1, 2, 10], {}])
    assert [line.split()[:-1] for line in picture(logarithmic).split("\n")[2:-1]] == [
        ["<", "10", "|"],
        ["10", "|"],
    ]


def test_lquantize_as_in_the_guide() -> None:
    totals = of("lquantize", 0, 100, 1, types=("string",))
    add(totals, ("gnome-session",), 26, 9)
    assert listing(totals) == text("""
  gnome-session                                    ·
           value  ------------- Distribution ------------- count   ·
              25 |                                         0       ·
              26 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 9       ·
              27 |                                         0       ·

""")


def test_lquantize_below_and_above() -> None:
    shown = picture(
        distribution("lquantize", (-10, 20, 10), [[-10, 20, 10], {"0": 1, "2": 2, "4": 1}])
    )
    assert shown == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
           < -10 |@@@@@@@@@@                               1       ·
             -10 |                                         0       ·
               0 |@@@@@@@@@@@@@@@@@@@@                     2       ·
              10 |                                         0       ·
           >= 20 |@@@@@@@@@@                               1       ·
""")


def test_llquantize() -> None:
    # 10^2 to 10^3 in ten steps of 100, then in steps of 1000 up to 10^4.
    state = [[10, 2, 3, 10], {"0": 1, "1": 1, "9": 1, "10": 1, "19": 4}]
    shown = picture(distribution("llquantize", (10, 2, 3, 10), state))
    assert shown == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
           < 100 |@@@@@                                    1       ·
             100 |@@@@@                                    1       ·
             200 |                                         0       ·
             300 |                                         0       ·
             400 |                                         0       ·
             500 |                                         0       ·
             600 |                                         0       ·
             700 |                                         0       ·
             800 |                                         0       ·
             900 |@@@@@                                    1       ·
            1000 |@@@@@                                    1       ·
            2000 |                                         0       ·
            3000 |                                         0       ·
            4000 |                                         0       ·
            5000 |                                         0       ·
            6000 |                                         0       ·
            7000 |                                         0       ·
            8000 |                                         0       ·
            9000 |                                         0       ·
        >= 10000 |@@@@@@@@@@@@@@@@@@@@                     4       ·
""")


def test_normalized_distributions_keep_their_bars() -> None:
    one = distribution("quantize", (), {"1": 30, "2": 10})
    assert picture(one, 10) == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
               0 |                                         0       ·
               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@           3       ·
               2 |@@@@@@@@@@                               1       ·
               4 |                                         0       ·
""")


def test_aggzoom_gives_the_greatest_nearly_all() -> None:
    one = distribution("quantize", (), {"1": 4, "2": 2, "4": 1})
    # 95 % of 40 cells are 38.
    assert picture(one, zoom=True) == "\n" + text("""
           value  ------------- Distribution ------------- count   ·
               0 |                                         0       ·
               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@   4       ·
               2 |@@@@@@@@@@@@@@@@@@@                      2       ·
               4 |                                         0       ·
               8 |@@@@@@@@@@                               1       ·
              16 |                                         0       ·
""")


def packable() -> Aggregations:
    totals = of("quantize", types=("string",))
    for name, values in {"node": (0, 1, 1, 5), "sshd": (40, 40, 40, 40)}.items():
        for value in values:
            add(totals, (name,), value)
    return totals


def test_aggpack_has_a_line_for_each() -> None:
    # Nothing is below 0, so the line starts there; 64 is one more than is used.
    assert listing(packable(), aggpack=True) == (
        "\n"
        "              key  min .--------. max  | count\n"
        "             node    0 :▃▅ ▃    : 64   | 4\n"
        "             sshd    0 :      █ : 64   | 4\n"
    )


def test_aggpack_where_there_is_only_ascii() -> None:
    shown = listing(packable(), Screen(unicode=False), aggpack=True)
    assert shown.splitlines()[2:] == [
        "             node    0 :xx x    : 64   | 4",
        "             sshd    0 :      X : 64   | 4",
    ]


def test_aggpack_and_aggzoom() -> None:
    shown = listing(packable(), aggpack=True, aggzoom=True)
    # 95 % of the highest of 8 blocks is the highest, half of it the fourth.
    assert shown.splitlines()[2:] == [
        "             node    0 :▄█ ▄    : 64   | 4",
        "             sshd    0 :      █ : 64   | 4",
    ]


def test_aggpack_below_zero() -> None:
    totals = of("quantize")
    for value in (-3, 0, 3):
        add(totals, (), value)
    assert (
        listing(totals, aggpack=True)
        == "\n  min .-------. max  | count\n   -4 : ▃ ▃ ▃ : 4    | 3\n"
    )


def test_aggpack_shows_wide_bounds() -> None:
    totals = of("quantize", types=("int32",))
    add(totals, (4242,), 3_000_000)
    assert listing(totals, aggpack=True) == (
        "\n      key     min .---. max     | count\n     4242 1048576 : █ : 4194304 | 1\n"
    )


def test_aggpack_of_lquantize() -> None:
    totals = of("lquantize", 0, 100, 10, types=("string",))
    for value in (5, 15, 15, 95):
        add(totals, ("k",), value)
    assert listing(totals, aggpack=True) == (
        "\n"
        "              key     min .------------. max      | count\n"
        "                k     < 0 : ▃▅       ▃ : >= 100   | 4\n"
    )


def test_aggpack_leaves_numbers_alone() -> None:
    totals = of("count", types=("string",))
    add(totals, ("k",))
    assert listing(totals, aggpack=True) == listing(totals)


def test_agghist_draws_counts() -> None:
    totals = of("count", types=("string",))
    for name, count in (("utmpd", 1), ("node", 30), ("java", 9)):
        add(totals, (name,), times=count)
    assert listing(totals, agghist=True) == "\n" + text("""
              key  ------------- Distribution ------------- count   ·
            utmpd |@                                        1       ·
             java |@@@@@@@@@                                9       ·
             node |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@           30      ·
""")


def test_printa_without_a_format() -> None:
    totals = of("count", types=("string",))
    add(totals, ("a",), times=2)
    assert layout.printa(totals, ["@"], None, Options()) == "\n" + listing(totals)
    assert layout.printa(of("count"), ["@"], None, Options()) == "\n"


def test_printa_with_a_format() -> None:
    totals = of("count", types=("string", "int32"))
    add(totals, ("GET", 200), times=12)
    add(totals, ("PUT", 500))
    form = parse_format("%-6s %x %@5d\n")
    assert layout.printa(totals, ["@"], form, Options()) == "PUT    1f4     1\nGET    c8    12\n"


def test_printa_of_a_distribution_with_a_format() -> None:
    totals = of("quantize", types=("string",))
    add(totals, ("k",), 1)
    form = parse_format("key %s:%@d--\n")
    shown = picture(distribution("quantize", (), {"1": 1}))
    assert layout.printa(totals, ["@"], form, Options()) == f"key k:{shown}--\n"


def test_printa_of_several() -> None:
    both = {
        "@n": Aggregation("@n", "count", (), 1, ("string",)),
        "@m": Aggregation("@m", "max", (), 1, ("string",)),
    }
    totals = Aggregations(both)
    for key, value in (("a", 5), ("a", 60), ("b", 9)):
        totals.apply(Aggregated("@n", "count", (key,), []))
        if key == "a":
            totals.apply(Aggregated("@m", "max", (key,), [value]))
    assert layout.printa(totals, ["@n", "@m"], None, Options()) == "\n" + text("""
  b                                                                 1                0
  a                                                                 2               60
""")
    form = parse_format("%s %@d %@d %@d\n")
    assert layout.printa(totals, ["@n", "@m"], form, Options()) == "b 1 0 0\na 2 60 60\n"


def test_everything_follows_the_program() -> None:
    both = {name: Aggregation(name, "count", (), 0) for name in ("@b", "@a")}
    totals = Aggregations(both)
    for name, times in (("@a", 1), ("@b", 2)):
        for _ in range(times):
            totals.apply(Aggregated(name, "count", (), []))
    assert layout.everything(totals, ["@b", "@a"], Options()).split() == ["2", "1"]
    reversed_order = layout.everything(totals, ["@b", "@a"], Options(aggsortrev=True))
    assert reversed_order.split() == ["1", "2"]


def test_the_default_line() -> None:
    assert layout.default_heading() == "CPU     ID                    FUNCTION:NAME\n"
    assert layout.default_line(0, 1, "", "BEGIN") == "  0      1                           :BEGIN "
    assert layout.default_line(12, 4711, "route-start", "route-start") == (
        " 12   4711          route-start:route-start "
    )


@pytest.mark.parametrize(
    ("value", "type_name", "loud", "quiet"),
    [
        (42, "int32", "       42", "42"),
        (42, "int64", "               42", "42"),
        (42, "int8", "  42", "42"),
        (42, "int16", "    42", "42"),
        (-1, "any", "               -1", "-1"),
        ("hello", "string", "  hello                            ", "hello"),
        ("", "string", "                                   ", ""),
        ("x" * 40, "string", "  " + "x" * 40, "x" * 40),
        ({"a": 1}, "object", '  {"a":1}                          ', '{"a":1}'),
    ],
)
def test_trace(value: Any, type_name: str, loud: str, quiet: str) -> None:
    assert layout.traced(value, quiet=False, type_name=type_name) == loud
    assert layout.traced(value, quiet=True, type_name=type_name) == quiet


@pytest.mark.parametrize(
    ("value", "type_name", "expected"),
    [
        (42, "int32", "int32_t 42\n"),
        (42, "any", "int64_t 42\n"),
        (42, "int", "int64_t 42\n"),
        ('say "hi"', "string", 'string "say \\"hi\\""\n'),
        (None, "any", "void NULL\n"),
        (1.5, "any", "double 1.5\n"),
        ([1, "b"], "any", 'array [1,"b"]\n'),
        ({}, "object", "object {\n}\n"),
    ],
)
def test_print(value: Any, type_name: str, expected: str) -> None:
    assert layout.printed(value, type_name) == expected


def test_print_of_an_object() -> None:
    request = {"method": "GET", "fd": 31, "headers": {"host": "x"}, "ok": True}
    assert layout.printed(request) == (
        "object {\n"
        '    string method = "GET"\n'
        "    int64_t fd = 31\n"
        "    object headers = {\n"
        '        string host = "x"\n'
        "    }\n"
        "    boolean_t ok = 1\n"
        "}\n"
    )
    deep: Any = {}
    for _ in range(100):
        deep = {"x": deep}
    assert layout.printed(deep).count("\n") < 80


def test_nothing_from_a_process_commands_a_terminal() -> None:
    screen = Screen(terminal=True)
    attack = "\x1b[2J\nnew line"
    totals = of("count", types=("string",))
    add(totals, (attack,))
    shown = [
        listing(totals, screen),
        listing(totals, screen, agghist=True),
        layout.traced(attack, quiet=False, screen=screen),
        layout.printed({attack: attack}, screen=screen),
    ]
    assert all("\x1b" not in one for one in shown)
    # A key stays in its line.
    assert len(shown[0].splitlines()) == 1


def test_keys_are_measured_in_cells() -> None:
    totals = of("count", types=("string",))
    for key in ("日本", "é", "k" * 60):
        add(totals, (key,))
    assert [cell_width(line) for line in sorted(listing(totals).splitlines())] == [79, 69, 69]


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [
        ("records", 1, "1 drop in pid 7; raise bufsize"),
        ("records", 5, "5 drops in pid 7"),
        ("aggregation", 2, "2 aggregation drops in pid 7; raise aggsize"),
        ("dynamic", 1, "1 dynamic variable drop in pid 7; raise dynvarsize"),
        ("time", 3, "3 skipped firings in pid 7"),
        ("queue", 3, "3 drops in pid 7; raise switchrate"),
        ("other", 3, "3 other drops in pid 7"),
    ],
)
def test_drops(kind: str, count: int, words: str) -> None:
    assert layout.drop_text(kind, count, "pid 7").startswith(words)


def test_faults() -> None:
    where = "restify42:mod-1:route-done:route-done"
    assert layout.fault_text(2, 17, where, "divide-by-zero", 3) == (
        f"error on enabled probe ID 2 (ID 17: {where}): divide-by-zero in action #3"
    )
    assert layout.fault_text(2, 17, where, "divide-by-zero", 0).endswith("-by-zero in predicate")
    assert layout.fault_text(2, 17, where, "divide-by-zero").endswith("-by-zero")


@relaxed
@given(
    st.dictionaries(st.integers(-63, 63), st.integers(-(2**60), 2**60), max_size=8),
    st.booleans(),
    st.booleans(),
    st.integers(-5, 10**6).filter(bool),
)
def test_every_distribution_has_its_picture(
    counts: dict[int, int], zoom: bool, unicode: bool, normal: int
) -> None:
    totals = of("quantize", keys=0)
    totals.merge([["@", "quantize", [], {str(key): value for key, value in counts.items()}]])
    totals.normalize("@", normal)
    lines = listing(totals, aggzoom=zoom).splitlines()
    for line in lines[2:-1]:
        # The longest labels push their bars to the right, as in DTrace.
        row = re.fullmatch(r"(?=.{16})( *-?\d+) ([ @|]{41}) (-?\d+) *", line)
        assert row is not None
        assert row[2].count("|") == 1
    packed = listing(totals, Screen(unicode=unicode), aggzoom=zoom, aggpack=True).splitlines()
    assert packed[1].index(".") == packed[2].index(":")
    assert packed[1].rindex(".") == packed[2].rindex(":")
    assert packed[2].isascii() or unicode
