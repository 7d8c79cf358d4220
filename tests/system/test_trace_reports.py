"""D programs as they were written for DTrace, on real loads: figures are exact."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.traces import GOING, SCRIPTS, Trace, histograms

from nodeobs.d import Text, compile_program

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNode, StartNodeobs


@pytest.fixture
def trace(start_nodeobs: StartNodeobs) -> Any:
    return partial(Trace.start, start_nodeobs)


ROOT = Path(__file__).parents[2]
REGISTER = f"--require {ROOT / 'js' / 'register.js'}"


# -- restify ---------------------------------------------------------------------------------


@pytest.fixture
def restify(node: StartNode) -> tuple[Child, int]:
    child = node(
        ROOT / "examples" / "restify" / "server.js",
        options=("-r", str(ROOT / "js" / "register.js")),
        ready=None,
    )
    line = child.out.until(lambda line: re.search(r"127\.0\.0\.1:\d+", line) is not None)
    match = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert match is not None
    return child, int(match[1])


def request(port: int, path: str, count: int, method: str = "GET") -> list[float]:
    """So many requests one after the other, and for each the milliseconds until the answer to the
    one behind it: a server has surely finished with it by then."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    began, answered = [], []
    for asked in [path] * count + ["/nosuch"]:
        began.append(time.perf_counter())
        connection.request(method, asked)
        connection.getresponse().read()
        answered.append(time.perf_counter())
    connection.close()
    return [(end - start) * 1000 for start, end in zip(began, answered[1:], strict=False)]


def assert_true(found: dict[int, int], least: int, took: list[float]) -> None:
    """Every request is in a distribution, with a time between the one that it took at least and
    what its client has measured; so all quantiles are right within a bucket."""
    assert sum(found.values()) == len(took)
    for power in range(16):
        slower = sum(count for bucket, count in found.items() if bucket >= 1 << power)
        assert slower <= sum(one >= 1 << power for one in took)
        if least >= 1 << power:
            assert slower == len(took)


ONE_LINER = (
    "restify*:::route-start { track[arg2] = timestamp; } restify*:::route-done /track[arg2]/ "
    "{ @[copyinstr(arg1)] = quantize((timestamp - track[arg2]) / 1000000); track[arg2] = 0; }"
)


def test_route_latencies_of_restify(restify: tuple[Child, int], trace: Any) -> None:
    child, port = restify
    running = trace(ONE_LINER, "-p", str(child.pid))
    users, health, report = (
        request(port, "/users/7", 40), request(port, "/health", 25), request(port, "/report", 5),
    )  # fmt: skip
    found = histograms(running.interrupt())
    assert found.keys() == {"getusersid", "gethealth", "getreport"}
    # A user waits 1 to 5 ms; a timer may be early by not quite one.
    assert_true(found["getusersid"], 0, users)
    assert_true(found["gethealth"], 0, health)
    assert_true(found["getreport"], 16, report)


def test_the_script_of_the_restify_guide(
    restify: tuple[Child, int], start_nodeobs: StartNodeobs
) -> None:
    child, port = restify
    running = start_nodeobs(
        "trace", "-p", str(child.pid), "-n", "BEGIN {}" + GOING,
        "-s", str(SCRIPTS / "handler-timing.d"),
    )  # fmt: skip
    running.out.containing("going")
    users, report = request(port, "/users/7", 12), request(port, "/report", 3)
    running.send(signal.SIGINT)
    assert running.wait() == 130
    lines = [line for line in running.out.all() if line]
    at = lines.index("ROUTE")
    handlers = histograms(lines[lines.index("HANDLER") + 1 : at])
    assert handlers.keys() == {"getUser (ms)", "loadRows (ms)", "renderReport (ms)"}
    assert_true(handlers["getUser (ms)"], 0, users)
    assert_true(handlers["renderReport (ms)"], 0, report)
    routes = histograms(lines[at + 1 :])
    assert_true(routes["getusersid (ms)"], 0, users)
    assert_true(routes["getreport (ms)"], 16, report)


# -- nhttpsnoop ----------------------------------------------------------------------------

#: The program itself (a development dependency): its -n prints what it would have dtrace run.
NHTTPSNOOP = ROOT / "node_modules" / "nhttpsnoop" / "nhttpsnoop"
KINDS = ("", "-s", "-c", "-g", "-cs", "-cg", "-gs", "-cgs")
COLUMNS = ("", "time,pid,probe,which,latency,method,path,url,raddr,rport,fd", "latency,url", "path")


def program_of_nhttpsnoop(*options: str) -> str:
    if not NHTTPSNOOP.exists():
        pytest.skip("needs nhttpsnoop (npm ci)")
    command = ["bash", str(NHTTPSNOOP), "-n", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("arguments", ["translated", "simple"])
@pytest.mark.parametrize("columns", COLUMNS, ids=lambda columns: columns[:12] or "usual")
def test_all_that_nhttpsnoop_prints_is_a_program(arguments: str, columns: str) -> None:
    chosen = ("-o", columns) if columns else ()
    for kinds in KINDS:
        for more in ((), ("-l",), ("-p", "4242,4243")):
            flags = (kinds,) if kinds else ()
            text = program_of_nhttpsnoop(*flags, *more, *chosen, "-t", arguments)
            program = compile_program([Text(text)])
            assert len(program.descriptions) == 2 * max(len(kinds) - 1, 1)


@pytest.mark.parametrize("arguments", ["translated", "simple"])
def test_what_nhttpsnoop_prints_tells_the_truth(
    node: StartNode, start_nodeobs: StartNodeobs, tmp_path: Path, arguments: str
) -> None:
    app = node("http_app.js", options=("--expose-gc",), ready=None, env={"NODE_OPTIONS": REGISTER})
    port = int(app.out.containing("listening").split()[1])
    script = tmp_path / "nhttpsnoop.d"
    script.write_text(program_of_nhttpsnoop("-cgls", "-p", str(app.pid), "-t", arguments))
    running = start_nodeobs("trace", "-p", str(app.pid), "-n", GOING, "-s", str(script))
    running.out.containing("going")
    took = {
        path: request(port, path, count)
        for path, count in {"/wait/30?a=b": 8, "/call/wait/20": 3, "/status/404": 5}.items()
    }
    app.do("collect 4")
    running.send(signal.SIGINT)
    assert running.wait() == 130
    shown: dict[tuple[str, str, str], list[float]] = {}
    for line in running.out.all():
        match = re.fullmatch(
            r"\[ {0,2}\d+\.\d{6}\] +(\d+) (\w+) +(->|<-) +(?:-|(\d+)\.(\d+) *ms) +(\S+) +(\S+) *",
            line,
        )
        if match is not None and int(match[1]) == app.pid:
            # nhttpsnoop does not pad the microseconds: 1.5 is 1 ms and 5 us.
            latency = int(match[4] or 0) + int(match[5] or 0) / 1000
            shown.setdefault((match[2], match[3], match[7]), []).append(latency)
    counts = {key: len(rows) for key, rows in shown.items() if "/" in key[2]}
    assert {key: count for key, count in counts.items() if key[2] != "/nosuch"} == {
        ("server", "->", "/wait/30"): 8, ("server", "<-", "/wait/30"): 8,
        ("server", "->", "/call/wait/20"): 3, ("server", "<-", "/call/wait/20"): 3,
        ("client", "->", "/wait/20"): 3, ("client", "<-", "/wait/20"): 3,
        ("server", "->", "/wait/20"): 3, ("server", "<-", "/wait/20"): 3,
        ("server", "->", "/status/404"): 5, ("server", "<-", "/status/404"): 5,
    }, running.err.all()  # fmt: skip
    assert len(shown["gc", "<-", "-"]) >= 4
    waits = zip(shown["server", "<-", "/wait/30"], took["/wait/30?a=b"], strict=True)
    for latency, client in waits:
        assert 29 <= latency <= client
    called = zip(
        shown["server", "<-", "/wait/20"],
        shown["client", "<-", "/wait/20"],
        shown["server", "<-", "/call/wait/20"],
        took["/call/wait/20"],
        strict=True,
    )
    for inner, call, outer, client in called:
        assert 19 <= inner <= call <= outer <= client
