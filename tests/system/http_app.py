"""The servers of tests/fixtures/http_app.js, and a `nodeobs http --json` that looks at them."""

from __future__ import annotations

import http.client
import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNodeobs

ROOT = Path(__file__).parents[2]
REGISTER = ("-r", str(ROOT / "js" / "register.js"))
APP = ROOT / "tests" / "fixtures" / "http_app.js"

#: A request that only tells whether it is seen.
PROBING = "/probing"


class App:
    """The servers of tests/fixtures/http_app.js."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.pid = child.pid
        self.port = int(child.out.containing("listening").split()[1])

    def get(
        self,
        *paths: str,
        method: str = "GET",
        headers: dict[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        """Requests over one connection, one after the other."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)
        for path in paths:
            connection.request(method, path, headers=headers or {})
            connection.getresponse().read()
        connection.close()


class Snoop:
    """A running `nodeobs http --json` that misses nothing any more."""

    def __init__(self, child: Child, joining: int = 1) -> None:
        self.child = child
        for _ in range(joining):
            child.out.containing('"type":"join"')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.send(signal.SIGINT)
        assert self.child.wait() == 130, self.child.err.all()

    def events(self) -> list[dict[str, Any]]:
        """Everything that it has said, once it has ended."""
        return [json.loads(line) for line in self.child.out.all()]

    def rows(self, **wanted: Any) -> list[dict[str, Any]]:
        return [
            event
            for event in self.events()
            if event["type"] == "row"
            and all(event[name] == value for name, value in wanted.items())
        ]

    def summary(self) -> dict[str, Any]:
        [summary] = [event for event in self.events() if event["type"] == "summary"]
        return summary

    @classmethod
    def start(
        cls, start_nodeobs: StartNodeobs, app: App, *arguments: str, joining: int = 1
    ) -> Snoop:
        """It looks at `app`, or what -p says; `joining` is how many processes to wait for."""
        targets = () if "-p" in arguments else ("-p", str(app.pid))
        return cls(start_nodeobs("http", "--json", *targets, *arguments), joining)


def in_order(rows: list[dict[str, Any]]) -> bool:
    return [row["time"] for row in rows] == sorted(row["time"] for row in rows)
