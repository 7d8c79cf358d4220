"""Servers of tests/fixtures/latency_app.js, which know their latencies themselves, and what
`nodeobs latency --json` says of them."""

from __future__ import annotations

import http.client
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nodeobs.latency.scale import ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.system.conftest import Child, StartNode, StartNodeobs

REGISTER = ("-r", str(Path(__file__).parents[2] / "js" / "register.js"))
#: Milliseconds that requests are made to wait.
WAITS = (20, 35, 60, 90, 140, 220)
#: The moments of the probe and of the application's own look at the clock are not quite the same.
SLACK_MS = 1.0


class App:
    """A server of a framework."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.pid = child.pid
        self.port = int(child.out.containing("listening ").split()[1])

    def get(self, path: str, method: str = "GET") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def get_all(self, paths: Sequence[str]) -> None:
        """All of them, many at a time."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.get, paths))

    def truth(self) -> dict[str, Any]:
        """What it has measured itself, in ms."""
        self.child.tell("truth")
        found = json.loads(self.child.out.containing("truth ").removeprefix("truth "))
        assert isinstance(found, dict)
        return found

    @classmethod
    def start(cls, node: StartNode, *arguments: str, script: str | Path = "latency_app.js") -> App:
        """`arguments` are those of the script: the framework first."""
        return cls(node(script, *arguments, options=REGISTER, ready=None))


class Measuring:
    """A running `nodeobs latency --json`."""

    def __init__(self, child: Child) -> None:
        self.child = child

    def until(self, pid: int) -> Measuring:
        """Wait until it measures in a process."""
        self.child.err.containing(f"measuring in {pid} ")
        return self

    def interrupt(self) -> list[dict[str, Any]]:
        """Ctrl-C, and what it has printed."""
        self.child.send(signal.SIGINT)
        assert self.child.wait() == 130, self.child.err.all()
        return self.objects()

    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.child.out.all()]

    @classmethod
    def start(cls, start_nodeobs: StartNodeobs, pid: int, *arguments: str) -> Measuring:
        """It measures in `pid` at least."""
        target = () if "-p" in arguments else ("-p", str(pid))
        return cls(start_nodeobs("latency", "--json", *target, *arguments)).until(pid)


def summary(objects: list[dict[str, Any]]) -> dict[str, Any]:
    assert objects[-1]["type"] == "summary"
    assert objects[-1]["drops"] == []
    return objects[-1]


def rows(objects: list[dict[str, Any]]) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(one["method"], one["route"]): one for one in objects if one["type"] == "requests"}


def handlers(objects: list[dict[str, Any]]) -> dict[tuple[str | None, str], dict[str, Any]]:
    return {(one["route"], one["handler"]): one for one in objects if one["type"] == "handler"}


def agrees(row: dict[str, Any], truth: Sequence[float], slack_ms: float = SLACK_MS) -> None:
    """Counts exactly, percentiles within the error that is promised, the greatest too."""
    values = sorted(truth)
    assert row["count"] == len(values)
    for percent in (50, 90, 99):
        true = values[-(-percent * len(values) // 100) - 1]
        assert row[f"p{percent}_ms"] == pytest.approx(true, rel=ERROR, abs=slack_ms)
    assert row["max_ms"] == pytest.approx(values[-1], abs=slack_ms)


def of_route(truth: dict[str, Any], prefix: str) -> list[float]:
    return [ms for _, url, ms in truth["requests"] if url.startswith(prefix)]
