"""The scripts of the library that are about requests, calls and connections, on real servers."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.http_app import APP, PROBING, REGISTER, ROOT, App
from tests.system.library_script import Script, buckets, counted, table

from nodeobs.d.scripts import script_list, scripts

if TYPE_CHECKING:
    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def app(node: StartNode) -> App:
    return App(node(APP, options=REGISTER, ready=None))


@pytest.fixture
def run(start_nodeobs: StartNodeobs, app: App) -> Any:
    return partial(Script.start, start_nodeobs, app.pid)


def test_slow_requests(app: App, run: Any) -> None:
    script = run("slow-requests", "40")
    app.get("/wait/50?a", "/wait/70", "/wait/50")
    lines = script.end()
    assert lines[0] == "Requests that take 40 ms and longer; Ctrl-C ends it."
    rows = [re.split(r" {1,}", line) for line in lines[2:5]]
    assert [row[-1] for row in rows] == ["/wait/50?a", "/wait/70", "/wait/50"]
    assert [row[-3:-1] for row in rows] == [["200", "GET"]] * 3
    assert all(int(row[4]) == app.pid for row in rows)
    longest = {row[-1]: float(row[5]) for row in rows}
    assert longest["/wait/70"] >= 69
    found = table(lines, "COUNT")
    assert {route: row[0] for route, row in found.items()} == {
        "GET /wait/50": 2,
        "GET /wait/70": 1,
    }
    assert found["GET /wait/70"][1] == int(longest["/wait/70"])
    assert counted(lines, "milliseconds") == 3


def test_slow_requests_leaves_out_the_quick_ones(app: App, run: Any) -> None:
    script = run("slow-requests", "60000")
    app.get("/wait/50", "/status/500")
    assert len(script.end()) == 3


def test_error_rates(app: App, run: Any) -> None:
    script = run("error-rates", "3600")
    app.get(*["/status/200"] * 5, *["/status/404"] * 3, *["/status/503"] * 2)
    app.get(*["/call/status/200"] * 3, "/call/break")
    lines = script.end()
    assert table(lines, "REQUESTS") == {
        # requests, 4xx, 5xx, aborted, of a thousand
        "GET /status/200": [8, 0, 0, 0, 0],
        "GET (not found)": [3, 3, 0, 0, 0],
        "GET /call/status/200": [3, 0, 0, 0, 0],
        "GET /call/break": [1, 0, 0, 0, 0],
        "GET /status/503": [2, 0, 2, 0, 1000],
        "GET /break": [1, 0, 0, 1, 1000],
    }
    failing = [int(line.split()[4]) for line in lines[-6:]]
    assert failing == sorted(failing), "the worst is last"


def test_error_rates_at_intervals(app: App, run: Any) -> None:
    script = run("error-rates", "1")
    app.get("/status/500")
    script.child.out.until(lambda line: line.endswith("/status/500"))
    app.get("/status/502")
    script.child.out.until(lambda line: line.endswith("/status/502"))
    lines = script.end()
    # Each interval has its own.
    assert [line.split()[2] for line in lines if line.endswith("/status/500")] == ["1"]


def test_downstream_by_host(app: App, run: Any) -> None:
    script = run("downstream-by-host")
    app.get(*["/call/status/503"] * 3, *["/call/wait/20"] * 2, "/fetch/status/200", "/refused")
    lines = script.end()
    found = table(lines, "CALLS")
    host = f"127.0.0.1:{app.port}"
    by_name = found.pop(f"localhost:{app.port}")
    assert by_name[:2] == [5, 3], "http.get calls localhost if nothing else is said"
    assert by_name[2] <= by_name[3] <= by_name[4], "head, mean, longest"
    assert by_name[4] >= 19_000
    assert found.pop(host)[:2] == [1, 0]
    assert found.pop("127.0.0.1:1")[:2] == [1, 1]
    assert found == {}
    times = buckets(lines, f"localhost:{app.port}")
    assert sum(times.values()) == 5
    assert sum(count for least, count in times.items() if least >= 16) >= 2


def test_outlier_requests(app: App, run: Any) -> None:
    script = run("outlier-requests", "3")
    # The machine may be slow at any time, so the outlier is ten times as long as that.
    app.get(*["/lag?30"] * 20)
    app.get("/lag?1500")
    lines = script.end()
    outliers = [line for line in lines[2:] if "/lag?" in line]
    assert outliers[-1].endswith("GET     /lag?1500")
    row = outliers[-1].split()
    usual, latency = float(row[5]), float(row[7])
    assert 29 <= usual <= latency / 3
    assert latency >= 1499
    assert table(lines, "REQUESTS") == {"GET /lag": [21, len(outliers)]}


def test_connection_churn(app: App, run: Any) -> None:
    script = run("connection-churn")
    for requests in (1, 2, 4, 4):
        app.get(*[PROBING] * requests)
    lines = script.end()
    assert table(lines, "CONNECTIONS") == {"127.0.0.1": [4, 11]}
    carried = buckets(lines, "requests on a connection")
    # The last one may not have been closed when the script ended.
    assert {least: carried[least] for least in (1, 2)} == {1: 1, 2: 1}
    assert carried[4] in (1, 2)
    lived = buckets(lines, "milliseconds that a connection lived")
    assert sum(lived.values()) == sum(carried.values())


# -- the library ---------------------------------------------------------------------------


def test_every_script_is_listed(nodeobs: RunNodeobs) -> None:
    listed = nodeobs("trace", "--scripts")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()[1:]] == [
        script.name for script in scripts()
    ]
    assert {script.name for script in scripts()} >= {
        "connection-churn",
        "downstream-by-host",
        "error-rates",
        "outlier-requests",
        "slow-requests",
    }
    for line in nodeobs("trace", "--scripts", "--json").stdout.splitlines():
        assert Path(json.loads(line)["path"]).is_file()
    # On a terminal also how one is run.
    assert script_list(80)[: len(scripts()) + 1] == script_list()
    assert script_list(80)[-1].startswith("next: nodeobs trace -p NAME slow-requests 250")


@pytest.mark.parametrize("script", scripts(), ids=lambda script: script.name)
def test_every_script_says_what_it_is_and_is_accepted(script: Any, nodeobs: RunNodeobs) -> None:
    assert script.text.startswith("#!/usr/bin/env -S nodeobs trace -s\n/*\n")
    assert script.about.startswith(f"{script.name}: {script.title}")
    assert "\nArguments: " in script.about
    assert "\nExample: nodeobs trace " in script.about
    assert script.name in script.about.partition("\nExample: ")[2]
    assert f"\n## {script.name}\n" in (ROOT / "docs" / "scripts.md").read_text()
    for arguments in ((script.name,), ("-s", script.name), (f"{script.name}.d",)):
        checked = nodeobs("trace", "-e", *arguments)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_names_that_are_none(nodeobs: RunNodeobs) -> None:
    for arguments in (("slow-request",), ("-s", "slow-request")):
        finished = nodeobs("trace", *arguments)
        assert finished.returncode == 2
        assert "there is no script slow-request" in finished.stderr
        assert "did you mean slow-requests" in finished.stderr
