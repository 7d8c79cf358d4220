"""The parts of a running program: order, ticks, shared variables, drops, the controller."""

from __future__ import annotations

from typing import Any

from nodeobs.d import Program, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.d.printing.screen import PLAIN
from nodeobs.d.program import ControllerProbe
from nodeobs.d.tracing.controller import Controller
from nodeobs.d.tracing.drops import Drops
from nodeobs.d.tracing.globals import SharedGlobals
from nodeobs.d.tracing.order import TimeOrder
from nodeobs.d.tracing.ticks import Ticks
from nodeobs.d.tracing.tracee import Reading, TracedProbe
from nodeobs.reports.trace import ListedProbe, listed, probes_listing


def program(text: str, *settings: str) -> Program:
    return compile_program([Text(text)], settings=[Setting.parse(one) for one in settings])


# -- order ---------------------------------------------------------------------------------


def records(items: list[Any]) -> list[str]:
    return [held.record["name"] for held in items]


def test_one_source_waits_for_nobody() -> None:
    order = TimeOrder()
    order.open((1, 0))
    order.add((1, 0), 5, {"name": "a"}, now=0)
    order.add((1, 0), 6, {"name": "b"}, now=0)
    assert records(order.ready(now=0)) == ["a", "b"]
    assert order.deadline() is None


def test_a_record_waits_until_the_others_have_shown_a_later_one() -> None:
    order = TimeOrder(window=0.1)
    order.open((1, 0))
    order.open((2, 0))
    order.add((1, 0), 20, {"name": "late"}, now=0)
    assert order.ready(now=0.05) == []
    assert order.deadline() == 0.1
    order.add((2, 0), 10, {"name": "early"}, now=0.06)
    assert records(order.ready(now=0.06)) == ["early"]
    order.add((2, 0), 30, {"name": "last"}, now=0.07)
    assert records(order.ready(now=0.07)) == ["late"]
    assert records(order.ready(now=0.17)) == ["last"]


def test_nobody_waits_for_a_process_that_has_ended() -> None:
    order = TimeOrder()
    order.open((1, 0))
    order.open((2, 0))
    order.open((2, 1))
    order.add((1, 0), 20, {"name": "a"}, now=0)
    order.close(2)
    assert records(order.ready(now=0)) == ["a"]


def test_everything_up_to_a_tick() -> None:
    order = TimeOrder()
    order.open((1, 0))
    order.open((2, 0))
    for time in (30, 10, 20):
        order.add((1, 0), time, {"name": str(time)}, now=0)
    assert records(order.until(20)) == ["10", "20"]
    assert records(order.rest()) == ["30"]


# -- ticks ---------------------------------------------------------------------------------


def test_ticks_come_at_their_times_and_missed_ones_do_not() -> None:
    ticks = Ticks(program("tick-10ms { trace(1); } tick-25ms, tick-10ms { trace(2); }"))
    ms = 1_000_000
    ticks.start(0)
    assert ticks.next() == 10 * ms
    assert list(ticks.due(9 * ms)) == []
    assert [(moment, probe.name) for moment, probe in ticks.due(10 * ms)] == [
        (10 * ms, "tick-10ms")
    ]
    assert [(moment, probe.name) for moment, probe in ticks.due(47 * ms)] == [
        (20 * ms, "tick-10ms"), (25 * ms, "tick-25ms"),
    ]  # fmt: skip
    assert ticks.next() == 50 * ms
    assert [probe.name for _, probe in ticks.due(50 * ms)] == ["tick-10ms", "tick-25ms"]


def test_reading_goes_by_the_switchrate() -> None:
    ticks = Ticks(program("p:::x {}", "switchrate=100ms"))
    ticks.start(0)
    assert not ticks
    assert ticks.next() == 100_000_000
    assert not ticks.reading_due(99_000_000)
    assert ticks.reading_due(100_000_000)
    assert not ticks.reading_due(150_000_000)


# -- variables -----------------------------------------------------------------------------

SHARING = (
    'BEGIN { n = 10; names[1] = "a"; } '
    'p:::x { n += 1; last = arg0; hits[arg0]++; names[2] = "b"; } '
    "END { trace(n); trace(last); trace(hits[1]); trace(names[2]); }"
)


def test_counters_are_added_up_and_others_replaced() -> None:
    variables: dict[str, Any] = {}
    shared = SharedGlobals(program(SHARING), variables)
    shared.begin()
    variables["n"] = 10
    variables["names"] = {(1,): "a"}
    assert shared.changed() == {"n": 10, "names": [[[1], "a"]]}
    for thread in ((1, 0), (2, 0)):
        shared.sent(thread, shared.current())
    shared.merge((1, 0), {"n": 13, "last": 7, "hits": [[[1], 2], [["x"], 1]]})
    shared.merge((2, 0), {"n": 11, "last": 9, "hits": [[[1], 1]]})
    shared.merge((1, 0), {"n": 14, "last": 7, "hits": [[[1], 2]]})
    assert variables["n"] == 15
    assert variables["last"] == 9
    assert variables["hits"] == {(1,): 3}
    shared.begin()
    assert shared.changed() == {}


def test_what_a_tick_sets_is_where_counting_goes_on() -> None:
    variables: dict[str, Any] = {}
    shared = SharedGlobals(program("p:::x { n++; } tick-1s { trace(n); n = 0; }"), variables)
    shared.merge((1, 0), {"n": 5})
    shared.merge((2, 0), {"n": 6})
    assert variables["n"] == 11
    shared.begin()
    variables["n"] = 0
    changed = shared.changed()
    assert changed == {"n": 0}
    for thread in ((1, 0), (2, 0)):
        shared.sent(thread, changed)
    shared.merge((1, 0), {"n": 2})
    assert variables["n"] == 2
    shared.forget(1)
    shared.merge((2, 0), {"n": 1})
    assert variables["n"] == 3


def test_what_nobody_asked_for_is_not_taken() -> None:
    variables: dict[str, Any] = {}
    shared = SharedGlobals(program(SHARING), variables)
    shared.merge((1, 0), {"other": 1, "last": None, "hits": [1, [[2]], [[3], {}], [[4], 1e21]]})
    assert variables == {"hits": {(4,): 10**21}}


# -- drops and readings --------------------------------------------------------------------


def test_drops_are_told_once() -> None:
    drops = Drops()
    drops.add("records", 7, 2)
    drops.add("records", 7, 3)
    drops.add("aggregation", None, 1)
    drops.add("dynamic", 7, 0)
    texts = drops.take()
    assert texts[0].startswith("5 drops in pid 7")
    assert texts[1].startswith("1 aggregation drop in nodeobs")
    assert drops.take() == []


def test_an_answer_that_is_none_is_an_empty_reading() -> None:
    answers: list[Any] = [None, [], "x", {"aggregations": 3, "globals": [], "drops": {"time": "x"}}]
    for answer in answers:
        assert Reading.parse(answer) == Reading()
    reading = Reading.parse({"aggregations": [["@a", "count", [], 1]], "drops": {"time": 3}})
    assert reading.aggregations == [["@a", "count", [], 1]]
    assert reading.drops == {"time": 3}


# -- the controller ------------------------------------------------------------------------


class Run:
    """A controller, and what it shows and tells."""

    def __init__(self, text: str, *settings: str, as_json: bool = False) -> None:
        self.shown: list[Any] = []
        self.told: list[str] = []
        self.controller = Controller(
            program(text, *settings), PLAIN, self.shown.append, self.told.append,
            as_json=as_json, target=4242,
        )  # fmt: skip

    @property
    def text(self) -> str:
        return "".join(self.shown)


def test_clauses_of_one_probe_share_this() -> None:
    run = Run(
        "BEGIN { this->x = 1; self->y = 2; } "
        'BEGIN { printf("%d %d %d\\n", this->x, self->y, $target); }'
        ' END { printf("%d %d\\n", this->x, self->y); }',
        "quiet",
    )
    run.controller.fire_kind("BEGIN")
    run.controller.fire_kind("END")
    assert run.text == "1 2 4242\n0 2\n"


def test_after_exit_no_clause_runs_but_end() -> None:
    run = Run(
        'BEGIN { exit(300); printf("rest\\n"); } BEGIN { printf("no\\n"); }'
        ' END { printf("end\\n"); }'
        ' END { printf("also\\n"); }',
        "quiet",
    )
    run.controller.fire_kind("BEGIN")
    assert run.controller.exit_code == 300 & 0xFF
    run.controller.fire_kind("END")
    assert run.text == "rest\nend\nalso\n"


def test_only_what_prints_has_a_line() -> None:
    run = Run(
        "BEGIN { x = 1; @ = count(); } BEGIN /x == 2/ { trace(1); } BEGIN { } BEGIN { exit(0); }"
    )
    run.controller.fire_kind("BEGIN")
    assert [line.split() for line in run.text.splitlines()] == [
        ["CPU", "ID", "FUNCTION:NAME"], ["0", "1", ":BEGIN"], ["0", "1", ":BEGIN"],
    ]  # fmt: skip


def test_a_fault_is_told_and_fires_error_once() -> None:
    run = Run(
        "BEGIN { trace(1 / x); x = 0; }"
        ' ERROR { printf("error %d %d\\n", arg1, arg4); trace(1 / x); }',
        "quiet",
    )
    run.controller.fire_kind("BEGIN")
    assert run.text == ""
    assert len(run.told) == 2
    assert all("divide-by-zero" in text for text in run.told)


def test_a_fault_that_happens_again_and_again_is_counted() -> None:
    run = Run("p:::x { trace(1 / arg0); }")
    for _ in range(12):
        run.controller.show_error({"message": "divide-by-zero", "s": 1, "c": 0}, 7, None)
    assert len(run.told) == 5
    assert run.controller.take_untold() == [f"{run.told[0]} (7 more)"]
    assert run.controller.take_untold() == []


def test_records_of_agents() -> None:
    run = Run(
        'p:::x { printf("%d ", arg0); trace(arg1); } p:::y {} p:::z { printa(@); @ = count(); }'
    )
    probe = TracedProbe("p77", "m", "x", "x")
    record = {"t": 5, "tid": 3, "k": "data", "p": 1, "c": 0, "d": [[0, [7]], [1, ["text"]]]}
    assert not run.controller.needs_totals(record)
    assert run.controller.needs_totals({"d": [[2, []]]})
    run.controller.show_data(record, 77, probe)
    run.controller.show_data({"t": 6, "tid": 0, "d": []}, 77, TracedProbe("p77", "m", "y", "y"))
    lines = run.text.splitlines()
    assert lines[1].split() == ["3", "4", "x:x", "7", "text"]
    assert lines[2].split() == ["0", "5", "y:y"]


def test_records_that_make_no_sense() -> None:
    run = Run('p:::x { printf("%d\\n", arg0); }', "quiet")
    for done in (None, 5, [5], [[0]], [["a", []]], [[0, 5]], [[99, [1]]]):
        run.controller.show_data({"tid": "x", "d": done}, 1, None)
    run.controller.show_data({"d": [[0, []]]}, 1, None)
    run.controller.show_error({"message": 5, "s": "x", "c": None}, 1, None)
    assert len(run.told) == 1


def test_objects() -> None:
    run = Run("BEGIN { trace(5); @ = count(); } p:::y {}", as_json=True)
    run.controller.fire_kind("BEGIN")
    run.controller.show_data({"t": 6, "tid": 1, "d": []}, 77, TracedProbe("p77", "m", "y", "y"))
    run.controller.finish()
    kinds = [thing["type"] for thing in run.shown]
    assert kinds == ["trace", "firing", "aggregation"]
    assert run.shown[1]["probe"] == "p77:m:y:y"
    assert (run.shown[1]["pid"], run.shown[1]["tid"]) == (77, 1)


def test_ticks_of_the_controller() -> None:
    run = Run('tick-1s { printf("%s:::%s %d\\n", probeprov, probename, ++n); }', "quiet")
    (probe,) = run.controller.program.clauses[0].probes
    assert probe == ControllerProbe("tick", "tick-1s", 1_000_000_000)
    run.controller.fire(probe)
    run.controller.fire(probe)
    assert run.text == "profile:::tick-1s 1\nprofile:::tick-1s 2\n"


# -- the list of probes --------------------------------------------------------------------

PROBES = [
    ListedProbe(7, "restify", "mod-1", "route-start", "route-start", ("char *", "int")),
    ListedProbe(7, "node", "http", "http-server-request", "http-server-request", ()),
    ListedProbe(8, "restify", "mod-1", "route-start", "route-start", ("char *", "int")),
]


def test_which_probes_a_glob_means() -> None:
    def names(*globs: str) -> list[tuple[int, str]]:
        return [(probe.pid, probe.provider) for probe in listed([*PROBES, PROBES[0]], globs)]

    everything = [(7, "node"), (7, "restify"), (8, "restify")]
    assert names() == everything
    assert names("*") == everything
    assert names("restify") == names("restify*") == names("route-*") == everything[1:]
    assert names("restify7:::") == names("restify7:*:*:route-start") == [(7, "restify")]
    assert names("restify:route-start") == names("route-start:route-start") == everything[1:]
    assert names("http::http-server-request") == [(7, "node")]
    assert names("node:::nosuch", "mod-1::") == everything[1:]
    assert names("nosuch") == []


def test_the_listing() -> None:
    lines = probes_listing(listed(PROBES, ["restify"]))
    assert [line.split(None, 4) for line in lines] == [
        ["ID", "PROVIDER", "MODULE", "FUNCTION", "NAME"],
        ["1", "restify7", "mod-1", "route-start", "route-start(char *, int)"],
        ["2", "restify8", "mod-1", "route-start", "route-start(char *, int)"],
    ]
