"""The processes that take part: the server measured, the load on it, those who watch it.

The server has a CPU of its own where there are two; everything else runs on the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SERVER = ROOT / "examples" / "http" / "server.js"

#: Servers without a line of nodeobs in them: script, argument, and requests a second that the load
#: and whoever looks manage on one CPU.
SERVERS = {
    "http": (SERVER, "--no-nodeobs", 8000),
    "express": (HERE / "_frameworks.js", "express", 3000),
    "restify": (HERE / "_frameworks.js", "restify", 2000),
}

#: What has every Node.js process started under it carry the agent.
PRELOADED = {"NODE_OPTIONS": f"--require={ROOT / 'js' / 'register.js'}"}

#: Debug records of the http example, whose loggers have this name.
TOPIC = "log.20.greeter"


class MeasurementError(Exception):
    """There is no result; the message says why."""


class NotPossibleError(Exception):
    """This machine, or this user, does not allow the measurement; the message says why."""


@cache
def node_binary() -> str:
    """The Node.js measured: $NODE, else the first on the PATH, without a script in between."""
    named = os.environ.get("NODE") or shutil.which("node")
    if named is None:
        raise MeasurementError("there is no node on the PATH; name one: NODE=/path/to/node")
    try:
        return subprocess.run(
            [named, "-p", "process.execPath"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise MeasurementError(f"{named} does not run: {error}") from None


@cache
def cpus() -> tuple[set[int], set[int]]:
    """The CPU of the server, and those of the rest; the same ones where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return ({allowed[0]}, set(allowed[1:])) if len(allowed) > 1 else ({allowed[0]}, {allowed[0]})


@contextlib.contextmanager
def runtime_directory(place: str | None = None) -> Iterator[None]:
    """What the processes started share goes into a directory that is removed afterwards.

    It is in `place`, by default where temporary files go.
    """
    before = os.environ.get("NODEOBS_RUNTIME_DIR")
    with tempfile.TemporaryDirectory(prefix="nodeobs-bench-", dir=place) as directory:
        os.environ["NODEOBS_RUNTIME_DIR"] = directory
        try:
            yield
        finally:
            if before is None:
                del os.environ["NODEOBS_RUNTIME_DIR"]
            else:
                os.environ["NODEOBS_RUNTIME_DIR"] = before


class Child:
    """A process of ours that talks in lines; it ends with the `with` block."""

    def __init__(
        self, command: Sequence[str], on: set[int], env: dict[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, on),
        )
        self.pid = self.process.pid
        self.command = " ".join(command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End it, however it is: a stopped process does not see a SIGTERM."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def line(self) -> str:
        """The next line it prints."""
        line = _open(self.process.stdout).readline()
        if not line:
            raise MeasurementError(f"ended too early, with {self.process.wait()}: {self.command}")
        return line.strip()

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send it a line of JSON and wait for one in return."""
        stream = _open(self.process.stdin)
        try:
            stream.write(json.dumps(question) + "\n")
            stream.flush()
        except BrokenPipeError:
            raise MeasurementError(f"does not listen any more: {self.command}") from None
        answer = json.loads(self.line())
        assert isinstance(answer, dict)
        if "error" in answer:
            raise MeasurementError(f"{self.command}: {answer['error']}")
        return answer

    def cpu_seconds(self) -> float:
        """CPU time of all its threads so far. The kernel keeps it in nanoseconds."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def status(self, key: str) -> int:
        """A number of /proc/PID/status: `VmRSS` in KiB, `Threads`, …"""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise MeasurementError(f"the kernel does not tell {key}")


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


class Server(Child):
    """The plain http example, or another server; `env` goes over the environment."""

    def __init__(
        self, *options: str, script: Path = SERVER, env: dict[str, str] | None = None
    ) -> None:
        if not (ROOT / "examples" / "node_modules" / "nodeobs").exists():
            raise MeasurementError("the examples are not installed: make setup")
        super().__init__([node_binary(), str(script), *options], cpus()[0], env)
        try:
            self.url = self.line().split()[-1] + "/hello"
        except BaseException:
            self.end()
            raise

    def stats(self) -> dict[str, Any]:
        """What its agent says it costs, see docs/protocol.md."""
        return asyncio.run(self._stats())

    async def _stats(self) -> dict[str, Any]:
        from nodeobs import NodeobsError, attach

        try:
            async with attach(self.pid, verb="bench", follow_threads=False) as process:
                return await process.stats()
        except NodeobsError as error:
            raise MeasurementError(f"the agent of the server: {error}") from None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one spell of load has measured."""

    requests: int
    rate: float  # requests a second
    p50: float  # ms
    p99: float  # ms
    cpu: float  # µs of the server for each request
    busy: float  # share of one CPU that the server had


class Load(Child):
    """One load generator, warm from one spell to the next."""

    def __init__(self) -> None:
        super().__init__([node_binary(), str(HERE / "_load.js")], cpus()[1])

    def on(self, server: Server, seconds: float, *, rate: int = 0, connections: int = 32) -> Loaded:
        """Requests for `seconds`, `rate` a second or (0) as many as it answers."""
        before = server.cpu_seconds()
        answer = self.ask(
            {"url": server.url, "seconds": seconds, "rate": rate, "connections": connections}
        )
        spent = server.cpu_seconds() - before
        requests = int(answer["requests"])
        if requests == 0 or answer["failed"]:
            raise MeasurementError(f"{answer['failed']} of {requests} requests failed")
        return Loaded(
            requests,
            requests / answer["seconds"],
            answer["p50_ms"],
            answer["p99_ms"],
            spent * 1e6 / requests,
            spent / answer["seconds"],
        )


class Subscriber(Child):
    """The Python client of nodeobs, listening to the topics of a process that begin so."""

    def __init__(self, process: Child, prefix: str = TOPIC) -> None:
        script = str(HERE / "_subscriber.py")
        super().__init__([sys.executable, script, str(process.pid), prefix], cpus()[1])

    def ready(self) -> Self:
        """Wait until the server publishes for it."""
        self.line()
        return self

    def counts(self, records: int) -> dict[str, Any]:
        """Wait until it knows the fate of `records` records: `{received, dropped, cpu_s}`."""
        return self.ask({"records": records})

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


def fired(stats: dict[str, Any]) -> int:
    """Debug records of the example that were published so far."""
    topic = stats["topics"].get(TOPIC)
    return int(topic["published"]) if topic else 0
