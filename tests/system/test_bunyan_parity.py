"""Log records look as in bunyan's own command line: the same text for random records."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodeobs.log import Renderer

NODE = os.environ.get("NODEOBS_TEST_NODE", "node")
BUNYAN = Path("node_modules/bunyan/bin/bunyan")
RECORDS = 400

TEXTS = (
    "", "a", "hello world", "two\nlines", "dos\r\nlines", "tab\there", 'quote"d', "back\\slash",
    "x" * 50, "x" * 51, "x y " * 12, "naïve ☃ café", "\N{GRINNING FACE}" * 25,
    "\N{GRINNING FACE}" * 26,
    "a, b=c", "(paren)", "%s %d %j", "null", "0", " lead", "trail ",
)  # fmt: skip
NUMBERS = (0, 1, -1, 0.1, 1.5, 1e21, 1e-7, 123456789012345680000, 2**53, -2.5e-9, 1e100, 200, 404)


def scalar(rng: random.Random) -> Any:
    return rng.choice((rng.choice(TEXTS), rng.choice(NUMBERS), None, True, False))


def value(rng: random.Random, depth: int = 3) -> Any:
    kind = rng.random()
    if depth and kind < 0.15:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and kind < 0.4:
        return {f"k{i} \"'"[: rng.randrange(2, 6)]: value(rng, depth - 1) for i in range(3)}
    return scalar(rng)


def some(rng: random.Random, fields: dict[str, Any], share: float = 0.5) -> dict[str, Any]:
    return {key: item for key, item in fields.items() if rng.random() < share}


def headers(rng: random.Random) -> Any:
    return rng.choice(
        (
            {"host": "a", "set-cookie": ["a=1", "b=2"], "x-n": 5},
            {},
            {"accept": "*/*"},
        )
    )


def request(rng: random.Random) -> Any:
    return rng.choice((
        scalar(rng),
        {},
        some(rng, {
            "method": "GET", "url": "/a?b=c", "httpVersion": rng.choice(("1.0", "2.0", None)),
            "headers": headers(rng), "body": value(rng), "remoteAddress": "::1",
            "remotePort": 4242, "extra": value(rng),
        }, 0.7),
    ))  # fmt: skip


def response(rng: random.Random) -> Any:
    lines = "HTTP/1.1 200 OK\r\nDate: now\r\nX: y\r\n\r\n"
    return rng.choice((
        scalar(rng),
        {},
        some(rng, {
            "statusCode": rng.choice((200, 404, 413, 418, 599, "503")),
            "header": rng.choice((lines, "Date: now\r\n", {"a": "b"}, {}, None, "")),
            "headers": rng.choice((headers(rng), None)),
            "body": rng.choice((value(rng), "text", "")), "trailer": rng.choice(("t: 1", "", None)),
            "extra": value(rng),
        }, 0.6),
    ))  # fmt: skip


def error(rng: random.Random) -> Any:
    return rng.choice((
        scalar(rng),
        {"message": "m", "name": "E"},
        some(rng, {
            "message": "boom", "name": "Error", "stack": "Error: boom\n    at f (a.js:1:2)",
            "code": "ECODE", "signal": None, "cause": value(rng),
        }, 0.8),
    ))  # fmt: skip


def record(rng: random.Random) -> dict[str, Any]:
    fields = {
        "name": rng.choice(("api", "my app")),
        "hostname": rng.choice(("box", "", 0)),
        "pid": rng.randrange(1, 99999),
        "level": rng.choice((10, 20, 30, 40, 50, 60, 35, 0, 100)),
        **some(rng, {
            "component": rng.choice(("db", "", None, 3)),
            "req_id": rng.choice(("abc-1", "a b", "", 7)),
            "req": request(rng), "client_req": rng.choice((
                {"method": "PUT", "url": "/u", "headers": {"a": "b"}, "body": value(rng)},
                scalar(rng),
            )),
            "res": response(rng), "client_res": response(rng), "err": error(rng),
            "a": value(rng), "b": value(rng), "long key": value(rng), "res.extra": 1,
        }),
        "msg": rng.choice(TEXTS),
        "time": "2026-11-23T08:53:00.123Z",
        **some(rng, {"src": rng.choice((
            {"file": "/a/b.js", "line": 20, "func": "f"}, {"file": "x", "line": 1}, {"file": "x"},
            {}, None, "text",
        ))}, 0.3),
        "v": 0,
    }  # fmt: skip
    if rng.random() < 0.05:
        del fields[rng.choice(("v", "msg", "hostname"))]
    return fields


def bunyan(mode: str, lines: list[str]) -> list[str]:
    """What bunyan prints for each line, kept apart by lines that it passes through."""
    marked = "".join(f"{line}\n====\n" for line in lines)
    done = subprocess.run(
        [NODE, str(BUNYAN), "--no-color", "-o", mode],
        input=marked.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().split("====\n")[:-1]


@pytest.mark.parametrize("mode", ["long", "short", "simple", "json", "bunyan"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_text_is_bunyans(
    mode: str, seed: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(request.config.rootpath)
    rng = random.Random(seed)
    records = [record(rng) for _ in range(RECORDS)]
    # As Node writes them: only so is what bunyan prints again byte for byte the same.
    lines = subprocess.run(
        [NODE, "-e", ("for (const r of JSON.parse(fs.readFileSync(0))) "
         "console.log(JSON.stringify(r))")],
        input=json.dumps(records).encode(), capture_output=True, check=True,
    ).stdout.decode().splitlines()  # fmt: skip
    lines += ["", "not json", '{"broken', "[1]", "{}"]
    renderer = Renderer(mode)
    for line, expected in zip(lines, bunyan(mode, lines), strict=True):
        try:
            parsed = json.loads(line)
        except ValueError:
            parsed = None
        assert renderer.record(parsed, line.encode()) == expected
