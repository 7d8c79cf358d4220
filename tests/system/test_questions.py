"""The questions about restify in docs/probes.md, asked with bpftrace as they stand there."""

from __future__ import annotations

import re
import shlex
import signal
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.conftest import Child, StartNode

ROOT = Path(__file__).parents[2]
RESTIFY = ROOT / "examples/restify"
REQUESTS = {"/health": 7, "/users/1": 11, "/report": 5}


def questions() -> list[str]:
    """The D-like programs of the section, in order."""
    text = (ROOT / "docs/probes.md").read_text()
    section = text.split("\n## Questions about restify, answered\n")[1].split("\n## ")[0]
    programs = []
    for command in re.findall(r"```sh\n(.*?)```", section, re.DOTALL):
        bpftrace, dash_p, pid, dash_e, program = shlex.split(command)
        assert [bpftrace, dash_p, pid, dash_e] == ["bpftrace", "-p", "PID", "-e"]
        programs.append(program)
    return programs


@pytest.fixture
def app(tracing: None, node: StartNode) -> tuple[Child, str]:
    options = ("-r", str(ROOT / "js/register.js"))
    child = node(RESTIFY / "server.js", "--port", "0", options=options, cwd=RESTIFY, ready=None)
    return child, child.out.containing("listening on").split()[-1]


def ask(app: tuple[Child, str], path: str, question: int) -> Bpftrace:
    """What a question's program has printed when the requests have been answered."""
    child, url = app
    with Bpftrace(path, questions()[question], "-p", str(child.pid)) as tracer:
        for route, count in REQUESTS.items():
            for _ in range(count):
                with urllib.request.urlopen(url + route) as response:
                    assert response.status == 200
        # Answered after the last route-done has fired; it is no route.
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url + "/none")
        tracer.stop()
    child.send(signal.SIGTERM)
    assert child.wait() == 0
    return tracer


def histograms(output: str) -> dict[str, int]:
    """The number of values in each histogram."""
    counts: Counter[str] = Counter()
    key = ""
    for line in output.splitlines():
        if found := re.fullmatch(r"@\w*\[(.*)\]: ?", line):
            key = found[1]
        elif found := re.match(r"[\[(].*[\])]\s+(\d+) \|", line):
            counts[key] += int(found[1])
    return dict(counts)


def test_how_long_do_the_handlers_take(
    app: tuple[Child, str], needs_tool: Callable[[str], str]
) -> None:
    asked = histograms(ask(app, needs_tool("bpftrace"), 0).output)
    assert {name: asked[name] for name in ("health", "getUser", "loadRows", "renderReport")} == {
        "health": 7,
        "getUser": 11,
        "loadRows": 5,
        "renderReport": 5,
    }


def test_how_long_do_the_routes_take(
    app: tuple[Child, str], needs_tool: Callable[[str], str]
) -> None:
    asked = histograms(ask(app, needs_tool("bpftrace"), 1).output)
    assert asked == {"gethealth, 200": 7, "getusersid, 200": 11, "getreport, 200": 5}


def test_which_routes_are_asked_for(
    app: tuple[Child, str], needs_tool: Callable[[str], str]
) -> None:
    output = ask(app, needs_tool("bpftrace"), 2).output
    totals: Counter[str] = Counter()
    for key, count in re.findall(r"@\[(\w+, 200)\]: (\d+)", output):
        totals[key] += int(count)
    assert totals == {"gethealth, 200": 7, "getusersid, 200": 11, "getreport, 200": 5}


def test_which_requests_are_slow(app: tuple[Child, str], needs_tool: Callable[[str], str]) -> None:
    output = ask(app, needs_tool("bpftrace"), 3).output
    slow = re.findall(r"^ *(\d+) ms 200 (\S+)$", output, re.MULTILINE)
    assert all(int(ms) > 100 and url.endswith("/report") for ms, url in slow), output
    # 80 to 200 ms each: that none of them takes 100 is as good as impossible.
    assert 0 < len(slow) <= REQUESTS["/report"]


def test_there_are_four_questions() -> None:
    assert len(questions()) == 4
