"""tests/fixtures/traced.js: an application that makes probes and fires them when it is told to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.system.conftest import Child


class Traced:
    """The application, or with `worker` one of its threads or cluster workers."""

    def __init__(self, child: Child, worker: str | None = None) -> None:
        self.child = child
        self.pid = child.pid
        self._worker = worker

    def do(self, command: str, *arguments: object) -> Any:
        """Have it do something; what it answers."""
        prefix = [] if self._worker is None else ["in", self._worker]
        self.child.tell(json.dumps([*prefix, command, *arguments]))
        answer = json.loads(self.child.out.until(lambda line: line.startswith("{")))
        assert "failed" not in answer, answer["failed"]
        return answer["is"]

    def provide(self, provider: str, **probes: list[str]) -> dict[str, Any]:
        """Make and enable probes; where each is. A `_` in a name stands for a dash."""
        named = {name.replace("_", "-"): types for name, types in probes.items()}
        places = self.do("provide", provider, named)
        assert isinstance(places, dict)
        return places

    def fire(self, provider: str, probe: str, times: int, *values: object) -> int:
        """How often the callback ran."""
        ran = self.do("fire", provider, probe, times, values)
        assert isinstance(ran, int)
        return ran

    def thread(self, name: str) -> Traced:
        """A new worker thread."""
        self.do("thread", name)
        return Traced(self.child, name)

    def cluster_worker(self, name: str) -> Traced:
        pid = self.do("cluster", name)
        worker = Traced(self.child, name)
        worker.pid = pid
        return worker

    def end(self) -> int:
        """Its exit code, once its stdin is at the end."""
        assert self.child.popen.stdin is not None
        self.child.popen.stdin.close()
        return self.child.wait()
