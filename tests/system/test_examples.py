"""The examples, as a visitor starts them: they serve, are observable, and end on a signal."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NODE = os.environ.get("NODEOBS_TEST_NODE", "node")


@contextmanager
def running(directory: str, runtime: Path, *argv: str, urls: int = 1) -> Iterator[list[str]]:
    """Starts an example and yields its URLs; SIGTERM must end it with nothing left behind."""
    process = subprocess.Popen(
        [NODE, *argv],
        cwd=EXAMPLES / directory,
        env={**os.environ, "NODEOBS_RUNTIME_DIR": str(runtime)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = (line for line in process.stdout if not line.startswith("{"))
        found = [re.search(r"http://\S+", next(lines, "")) for _ in range(urls)]
        assert all(found), "the example ended before it listened"
        yield [match[0] for match in found if match]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert list(runtime.glob("*.sock")) == []
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def call(url: str, body: object = None) -> tuple[int, object]:
    """The status and the decoded answer of a GET, or of a POST of `body`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, None


@pytest.mark.smoke
def test_restify_serves_every_route(tmp_path: Path) -> None:
    with running("restify", tmp_path, "-r", "nodeobs/register", "server.js") as [url]:
        assert len(list(tmp_path.glob("*.sock"))) == 1
        assert call(f"{url}/health")[0] == 200
        assert call(f"{url}/users/7") == (200, {"id": 7, "name": "user 7"})
        assert call(f"{url}/report")[0] == 200
        assert call(f"{url}/orders", {"item": "pen"}) == (202, {"id": "order-1", "ahead": 0})
        assert call(f"{url}/checkout", {})[0] == 200
        assert {call(f"{url}/flaky")[0] for _ in range(200)} == {200, 500}


def test_restify_works_without_register(tmp_path: Path) -> None:
    with running("restify", tmp_path, "server.js") as [url]:
        assert call(f"{url}/users/3")[0] == 200


@pytest.mark.parametrize("options", [(), ("-r", "nodeobs/register")])
def test_express_serves_and_reports_its_error(tmp_path: Path, options: tuple[str, ...]) -> None:
    with running("express", tmp_path, *options, "server.js") as [url]:
        assert call(f"{url}/products/7") == (200, {"id": "7", "name": "product 7", "price": 17})
        assert call(f"{url}/broken")[0] == 500


@pytest.mark.parametrize("options", [(), ("-r", "nodeobs/register")])
def test_fastify_serves_every_route(tmp_path: Path, options: tuple[str, ...]) -> None:
    with running("fastify", tmp_path, *options, "server.js") as [url]:
        assert call(f"{url}/health")[0] == 200
        assert call(f"{url}/users/7") == (200, {"id": 7, "name": "user 7"})
        assert call(f"{url}/report")[0] == 200
        assert call(f"{url}/orders", {"item": "pen"}) == (202, {"id": 1})
        assert call(f"{url}/checkout", {}) == (200, {"paid": True})
        assert {call(f"{url}/flaky")[0] for _ in range(200)} == {200, 500}


@pytest.mark.smoke
def test_http_workers_have_an_endpoint_each(tmp_path: Path) -> None:
    with running("http", tmp_path, "server.js", "--workers", "2", urls=2) as urls:
        assert [call(url) for url in urls] == [(200, {"hello": "world"})] * 2
        names = sorted(path.name for path in tmp_path.glob("*.sock"))
        assert [name.split(".")[1:] for name in names] == [["1", "sock"], ["2", "sock"]]


def test_http_without_nodeobs_has_no_endpoint(tmp_path: Path) -> None:
    with running("http", tmp_path, "server.js", "--no-nodeobs") as [url]:
        assert call(url)[0] == 200
        assert list(tmp_path.iterdir()) == []


def test_http_says_what_it_takes() -> None:
    argv = [NODE, "server.js", "--workers", "many"]
    done = subprocess.run(argv, cwd=EXAMPLES / "http", capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--workers takes a number" in done.stderr


def test_load_prints_one_line_and_ends(tmp_path: Path) -> None:
    with running("http", tmp_path, "server.js") as [url]:
        argv = [NODE, "load.js", "--url", f"{url}/x", "--duration", "1", "--rate", "50", "--json"]
        done = subprocess.run(argv, cwd=EXAMPLES, capture_output=True, text=True, check=True)
        summary = json.loads(done.stdout)
        assert summary["requests"] > 0
        assert summary["failed"] == summary["errors"] == 0


def test_load_asks_for_several_urls_in_turn(tmp_path: Path) -> None:
    with running("express", tmp_path, "server.js") as [url]:
        urls = [
            argument for path in ("health", "broken") for argument in ("--url", f"{url}/{path}")
        ]
        argv = [NODE, "load.js", *urls, "--duration", "1", "--rate", "50", "--json"]
        done = subprocess.run(argv, cwd=EXAMPLES, capture_output=True, text=True, check=True)
        summary = json.loads(done.stdout)
        assert 0 < summary["failed"] < summary["requests"]


def test_load_takes_one_server(tmp_path: Path) -> None:
    argv = [NODE, "load.js", "--url", "http://127.0.0.1:1/a", "--url", "http://127.0.0.1:2/b"]
    done = subprocess.run(argv, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "one server only" in done.stderr


# -- the reports on each of them ---------------------------------------------------------------

#: The application, how its load asks, its routes with what of them fails, and a handler.
LOADED = {
    "restify": ((), {"GET /flaky": "some", "POST /checkout": "none"}, "getUser"),
    "fastify": ((), {"GET /flaky": "some", "POST /checkout": "none"}, "getUser"),
    "express": (
        ("/products/7", "/broken", "/health"),
        {"GET /broken": "all", "GET /products/:id": "none"},
        "getProduct",
    ),
}


@pytest.mark.parametrize("directory", LOADED)
def test_reports_of_an_example_under_load(directory: str, tmp_path: Path) -> None:
    paths, failing, handler = LOADED[directory]
    with running(directory, tmp_path, "-r", "nodeobs/register", "server.js") as [url]:
        urls = [argument for path in paths or ("",) for argument in ("--url", f"{url}{path}")]
        load = subprocess.Popen(
            [NODE, "load.js", *urls, "--duration", "60", "--rate", "200"],
            cwd=EXAMPLES,
            stdout=subprocess.PIPE,
        )
        with load:
            [socket] = tmp_path.glob("*.sock")
            pid = socket.name.split(".")[0]
            rows = report(tmp_path, "http", "-p", pid, "-cgls", "-d", "1", "--json")
            tables = report(tmp_path, "latency", "-p", pid, "-d", "2", "--json")
            load.send_signal(signal.SIGTERM)
            assert load.stdout is not None
            assert b" 0 without an answer" in load.stdout.read()
    seen = {(row["probe"], row["which"]) for row in rows if row["type"] == "row"}
    assert {("server", "->"), ("server", "<-")} <= seen
    ends = [row for row in rows if row["type"] == "row" and row["which"] == "<-"]
    routes = {f"{row['method']} {row['route']}" for row in ends if row["probe"] == "server"}
    assert set(failing) <= routes
    found = {f"{row['method']} {row['route']}": row for row in tables if row["type"] == "requests"}
    for route, share in failing.items():
        row = found[route]
        assert row["count"] > 0
        # One in ten may be none of few.
        assert {"some": row["errors"] < row["count"], "all": row["errors"] == row["count"],
                "none": row["errors"] == 0}[share]  # fmt: skip
    assert any(row["handler"] == handler for row in tables if row["type"] == "handler"), tables
    assert tables[-1]["drops"] == []


def report(runtime: Path, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "nodeobs", *arguments],
        env={**os.environ, "NODEOBS_RUNTIME_DIR": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_load_fails_where_nothing_answers() -> None:
    argv = [NODE, "load.js", "--url", "http://127.0.0.1:9/", "--duration", "1"]
    done = subprocess.run(argv, cwd=EXAMPLES, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "does not answer" in done.stderr


@pytest.mark.kernel  # it shows bpftrace, too
def test_the_demo_shows_every_verb(tmp_path: Path) -> None:
    done = subprocess.run(
        [EXAMPLES / "demo"],
        env={**os.environ, "NODEOBS_RUNTIME_DIR": str(tmp_path), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for verb in ("ps", "snoop", "probes", "state", "level", "trace", "http", "latency"):
        assert f"\n$ nodeobs {verb}" in done.stdout
    assert re.search(r"\ds  task orders +queue/orders +fulfil task 10, .*order-10", done.stdout)
    rest = done.stdout[done.stdout.index("\n$ nodeobs trace") :]
    assert "------------- Distribution -------------" in rest
    assert re.search(r"\[ +\d+\.\d{6}\] +\d+ server <- +\d+\.\d{3}ms GET ", rest)
    assert re.search(r"^GET /users/:id +\d+ ", rest, re.MULTILINE)
    assert re.search(r"^  getUser +\d+ ", rest, re.MULTILINE)
    # What tracers attach to stays for the next start; nothing else does.
    assert [path.name for path in tmp_path.iterdir() if path.name != "usdt"] == []
