"""Applications that know nothing of tracers: restify, bunyan, our logger."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.traced import Traced

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import StartNode

ROOT = Path(__file__).parents[2]
RESTIFY = ROOT / "examples" / "restify"
REGISTERED = ("-r", str(ROOT / "js" / "register.js"))
LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")


@pytest.fixture
def bpftrace(tracing: None, needs_tool: Callable[[str], str]) -> Callable[[int, str], Bpftrace]:
    path = needs_tool("bpftrace")
    return lambda pid, program: Bpftrace(path, program, "-p", str(pid))


def begins(counts: dict[str, int], start: str) -> int:
    """The count of the only key, which begins so."""
    ((key, count),) = counts.items()
    assert key.startswith(start)
    return count


@pytest.mark.smoke
def test_requests_to_an_unmodified_restify_server(
    node: StartNode, bpftrace: Callable[[int, str], Bpftrace]
) -> None:
    # By its name, as a user does: examples/node_modules/nodeobs is this package.
    options = ("-r", "nodeobs/register")
    server = node("", "server.js", options=options, cwd=RESTIFY, ready=None)
    url = server.out.containing("listening on").split()[-1]
    with bpftrace(server.pid, "usdt:*:restify:route-done { @[str(arg1)] = count(); }") as tracer:
        for route, count in (("/health", 20), ("/users/7", 30), ("/report", 2)):
            for _ in range(count):
                with urllib.request.urlopen(url + route) as response:
                    assert response.status == 200
        # Answered after the last route-done has fired; it is no route.
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url + "/none")
        assert tracer.stop()[""] == {"gethealth": 20, "getusersid": 30, "getreport": 2}
    server.send(signal.SIGTERM)
    assert server.wait() == 0


def test_records_of_an_unmodified_bunyan(
    node: StartNode, bpftrace: Callable[[int, str], Bpftrace]
) -> None:
    app = node("bunyan_app.js", options=REGISTERED)

    def log(level: str, count: int) -> None:
        app.tell(f"{level} {count}")
        app.out.until(lambda line: line == "done")

    with bpftrace(
        app.pid,
        "usdt:*:bunyan:log-debug { @debug[str(arg0, 30)] = count(); }"
        "usdt:*:bunyan:log-info { @info[str(arg0, 15)] = count(); }",
    ) as tracer:
        log("debug", 700)
        log("trace", 10)
        log("info", 5)
        maps = tracer.stop()
    # How many bytes of a text are read differs by one between versions of bpftrace.
    assert begins(maps["debug"], '{"name":"shop","hostname":"') == 700
    assert begins(maps["info"], '{"name":"shop"') == 5
    log("debug", 10)
    app.tell("info 1")
    app.popen.stdin.close()  # type: ignore[union-attr]
    assert app.wait() == 0
    lines = [line for line in app.out.all() if line.startswith("{")]
    # What a tracer sees below the level goes nowhere else.
    assert len(lines) == 6
    assert all('"level":30' in line for line in lines)
    assert app.err.all() == []


def test_records_of_our_logger(node: StartNode, bpftrace: Callable[[int, str], Bpftrace]) -> None:
    app = Traced(node("traced.js"))
    options = {"name": "shop", "level": "error", "streams": []}
    app.do("log", options, "info", 1, "the probes are there with the first logger")
    program = "".join(
        f"usdt:*:bunyan:log-{level} {{ @{level}[str(arg0, 15)] = count(); }}" for level in LEVELS
    )
    with bpftrace(app.pid, program) as tracer:
        for number, level in enumerate(LEVELS):
            app.do("log", options, level, 100 + number, "sold")
        maps = tracer.stop()
    assert {level: begins(counts, '{"name":"shop"') for level, counts in maps.items()} == {
        level: 100 + number for number, level in enumerate(LEVELS)
    }
    assert app.end() == 0
