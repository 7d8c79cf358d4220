"""`nodeobs trace`: D programs in real processes."""

from __future__ import annotations

import json
import re
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.traces import GOING, Trace, table, until_live

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def trace(start_nodeobs: StartNodeobs) -> Any:
    return partial(Trace.start, start_nodeobs)


# -- aggregations, merged --------------------------------------------------------------------


def test_processes_and_threads_are_merged(node: StartNode, trace: Any) -> None:
    one, two = node("trace_app.js"), node("trace_app.js")
    one.do("worker")
    program = "shop*:::item-sold { @n[copyinstr(arg1)] = count(); @s[pid, tid] = sum(arg0); }"
    running = trace(program, "-p", str(one.pid), "-p", str(two.pid))
    one.do("fire 1000 book")
    two.do("fire 500 book")
    two.do("fire 10 pen 5")
    one.do("work 300")
    lines = running.interrupt()
    found = {tuple(line.split()[:-1]): int(line.split()[-1]) for line in lines}
    assert found == {
        ("pen",): 10,
        ("worker",): 300,
        ("book",): 1500,
        (str(one.pid), "0"): 499_500,
        (str(one.pid), "1"): 44_850,
        (str(two.pid), "0"): 124_750 + 225,
    }


def test_every_aggregating_function(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    program = """shop*:::item-sold {
        @count = count(); @sum = sum(arg0); @avg = avg(arg0); @min = min(arg0); @max = max(arg0);
        @dev = stddev(arg0); @lq = lquantize(arg0, 0, 100, 50);
        @llq = llquantize(arg0, 10, 0, 2, 10);
    }
    END {
        printa("%@d ", @count); printa("%@d ", @sum); printa("%@d ", @avg); printa("%@d ", @min);
        printa("%@d ", @max); printa("%@d\\n", @dev); printa(@lq); printa(@llq);
    }"""
    running = trace(program, "-p", str(child.pid))
    child.do("fire 100")
    lines = running.interrupt()
    assert lines[0] == "100 4950 49 0 99 29"
    shown = "\n".join(lines[1:])
    assert re.search(r"^ +0 \|@{20} +50 *$", shown, re.MULTILINE)
    assert re.search(r"^ +50 \|@{20} +50 *$", shown, re.MULTILINE)
    assert re.search(r"^ +< 1 \| +0 *$", shown, re.MULTILINE) or "< 1" in shown


def test_ticks_print_and_clear(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("trace_app.js")
    program = (
        "shop*:::item-sold { @[copyinstr(arg1)] = count(); } "
        'tick-50ms { printa("%s %@d\\n", @); clear(@); }'
    )
    running = start_nodeobs("trace", "-q", "-p", str(child.pid), "-n", program + GOING)
    running.out.containing("going")
    for _ in range(3):
        child.do("fire 7 pen")
        running.out.until(lambda line: line != "pen 0")
    running.send(signal.SIGINT)
    assert running.wait() == 130
    counts = [int(line.split()[1]) for line in running.out.all() if line.startswith("pen")]
    assert sum(counts) == 21


def test_globals_are_counted_over_threads_and_ticks_see_them(node: StartNode, trace: Any) -> None:
    one, two = node("trace_app.js"), node("trace_app.js")
    one.do("worker")
    program = (
        'BEGIN { limit = 3; names[1] = "one"; } '
        "shop*:::item-sold /arg0 >= limit/ { over++; last[copyinstr(arg1)] = arg0; } "
        "shop*:::item-sold { all += 2; @[names[1]] = count(); } "
        'END { printf("%d %d %d %d\\n", over, all, last["book"], last["worker"]); }'
    )
    running = trace(program, "-p", str(one.pid), "-p", str(two.pid))
    one.do("fire 10")
    two.do("fire 20")
    one.do("work 5")
    lines = running.interrupt()
    assert lines[0] in ("26 70 9 4", "26 70 19 4")
    assert table(lines[1:]) == {"one": 35}


# -- records, in order -----------------------------------------------------------------------


def test_records_of_several_processes_come_in_the_order_of_time(
    node: StartNode, trace: Any
) -> None:
    children = [node("trace_app.js") for _ in range(3)]
    program = 'shop*:::item-sold { printf("%d %d %d\\n", timestamp, pid, arg0); }'
    targets = [word for child in children for word in ("-p", str(child.pid))]
    running = trace(program, *targets)
    for round_ in range(20):
        for child in children:
            child.do(f"fire 5 round{round_}")
    rows = [[int(word) for word in line.split()] for line in running.interrupt()]
    assert len(rows) == 300
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    for child in children:
        assert [row[2] for row in rows if row[1] == child.pid] == [0, 1, 2, 3, 4] * 20


def test_the_default_output(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("trace_app.js")
    program = (
        'shop*:::item-sold { } shop*:::item-sold { trace(arg0); printf("%s", copyinstr(arg1)); }'
        ' shop*:::item-sold { this->x = arg0; } tick-20ms /!n++/ { trace("going") }'
    )
    running = start_nodeobs("trace", "-p", str(child.pid), "-n", program)
    running.out.containing("going")
    child.do("fire 2 pen")
    running.out.containing("pen")
    running.send(signal.SIGINT)
    assert running.wait() == 130
    lines = [line.rstrip() for line in running.out.all()]
    assert lines[0] == "CPU     ID                    FUNCTION:NAME"
    fired = [line for line in lines if "item-sold" in line]
    assert len(fired) == 4
    assert re.fullmatch(r"  0 +\d+ +item-sold:item-sold", fired[0])
    assert re.fullmatch(r"  0 +\d+ +item-sold:item-sold +0pen", fired[1])
    assert running.err.all()[0] == "nodeobs: description 'shop*:::item-sold' matched 4 probes"


def test_json(node: StartNode, start_nodeobs: StartNodeobs) -> None:
    child = node("trace_app.js")
    program = (
        'shop*:::item-sold { @[copyinstr(arg1)] = quantize(arg0); printf("%d\\n", arg0); }'
        ' tick-20ms /!n++/ { trace("going"); }'
    )
    running = start_nodeobs("trace", "--json", "-p", str(child.pid), "-n", program)
    running.out.containing("going")
    child.do("fire 2 pen")
    running.out.containing('"text":"1')
    running.send(signal.SIGINT)
    assert running.wait() == 130
    objects = [json.loads(line) for line in running.out.all()]
    assert [one["type"] for one in objects] == ["trace", "printf", "printf", "aggregation"]
    assert objects[1]["pid"] == child.pid
    assert objects[1]["probe"] == f"shop{child.pid}:till:item-sold:item-sold"
    assert abs(time.time() - _epoch(objects[1]["time"])) < 60
    assert objects[3]["keys"] == ["pen"]
    assert objects[3]["buckets"] == [
        {"min": 0, "max": 0, "count": 1},
        {"min": 1, "max": 1, "count": 1},
    ]


def _epoch(text: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(text).timestamp()


def test_members_of_json_arguments(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    program = 'shop*:::item-sold { printf("%s\\n", json(copyinstr(arg2), "price")); }'
    running = trace(program, "-p", str(child.pid))
    child.do("fire 3")
    assert running.interrupt() == ["0", "1", "2"]


# -- ends ------------------------------------------------------------------------------------


def test_exit_gives_the_exit_code(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    done = nodeobs(
        "trace", "-q", "-p", str(child.pid), "-n",
        'shop*:::item-sold { @ = count(); } tick-30ms { exit(7); } END { printf("end\\n"); }',
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (7, "end\n", "")


def test_exit_in_a_process_stops_what_comes_after(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        'shop*:::item-sold { printf("%d\\n", arg0); } shop*:::item-sold /arg0 == 2/ { exit(3); }',
        "-p", str(child.pid),
    )  # fmt: skip
    child.do("fire 10")
    assert running.child.wait() == 3
    assert running.lines() == ["0", "1", "2"]


def test_the_end_of_the_process_ends_it_with_the_last_counts(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace("shop*:::item-sold { @[copyinstr(arg1)] = count(); }", "-p", str(child.pid))
    child.do("fire 11 pen")
    child.tell("fire 12 book")
    child.tell("exit 0")
    assert running.child.wait() == 0
    assert table(running.lines()) == {"pen": 11, "book": 12}


def test_a_time_limit(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    done = nodeobs(
        "trace", "-p", str(child.pid), "-d", "50ms", "-n", "shop*:::item-sold {} END { trace(1); }"
    )
    assert done.returncode == 0
    assert ":END" in done.stdout


# -- who is there ----------------------------------------------------------------------------


def test_processes_of_a_name_join_and_leave(
    node: StartNode, start_nodeobs: StartNodeobs, renamed: Callable[[str], Path]
) -> None:
    script = renamed("trace_app.js")
    one = node(script)
    running = start_nodeobs(
        "trace", "-q", "-p", script.name, "-n",
        'BEGIN { limit = 2 } shop*:::item-sold /arg0 < limit/ { printf("%d\\n", pid); }',
    )  # fmt: skip
    until_live(one)
    running.out.containing(str(one.pid))
    two = node(script)
    until_live(two)
    running.out.containing(str(two.pid))
    one.send(signal.SIGKILL)
    two.do("fire 2")
    running.out.containing(str(two.pid))
    running.send(signal.SIGINT)
    assert running.wait() == 130


def test_threads_that_start_later_take_part(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        'shop*:::item-sold { @[copyinstr(arg1)] = count(); printf("from %d\\n", tid); }',
        "-p", str(child.pid),
    )  # fmt: skip
    child.do("worker")
    deadline = time.monotonic() + 30
    fired = 0
    while time.monotonic() < deadline and not running.child.out.has("from 1"):
        child.do("work 1")
        fired += 1
    lines = running.interrupt()
    counted = lines.count("from 1")
    assert 0 < counted <= fired
    assert table([line for line in lines if not line.startswith("from")]) == {"worker": counted}


def test_a_worker_of_a_cluster_takes_part(
    node: StartNode, start_nodeobs: StartNodeobs, renamed: Callable[[str], Path]
) -> None:
    script = renamed("trace_app.js")
    primary = node(script)
    running = start_nodeobs(
        "trace", "-q", "-p", script.name,
        "-n", 'shop*:::item-sold /copyinstr(arg1) == "forked"/ { printf("from %d\\n", pid); }',
    )  # fmt: skip
    until_live(primary)
    primary.do("fork")
    deadline = time.monotonic() + 30  # only to end a test that would hang
    while time.monotonic() < deadline and not running.out.has("from"):
        primary.do("spread 1")
    assert running.out.containing("from") != f"from {primary.pid}"
    running.send(signal.SIGINT)
    assert running.wait() == 130


def test_probes_that_come_later(
    node: StartNode, nodeobs: RunNodeobs, start_nodeobs: StartNodeobs
) -> None:
    child = node("trace_app.js")
    program = 'later*:::opened { printf("opened %d\\n", arg0); exit(0); }'
    refused = nodeobs("trace", "-p", str(child.pid), "-n", program)
    assert refused.returncode == 1
    assert "probe description later*:::opened does not match any probes" in refused.stderr
    assert "-Z" in refused.stderr
    running = start_nodeobs("trace", "-q", "-Z", "-p", str(child.pid), "-n", program + GOING)
    running.out.containing("going")
    child.do("late")
    assert running.wait() == 0
    assert "opened 7" in running.out.all()
