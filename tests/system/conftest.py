"""Real Node processes, and the real command line looking into them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import pytest
from tests.system.compiled import Compiled
from tests.system.sdt_object import make_object

from nodeobs.errors import NodeobsError
from nodeobs.tracefs.filesystem import open_tracefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Only to end a test that hangs; nothing is measured by it.
PATIENCE = 60.0

# A shell ignores it for what it runs in the background, and what that starts would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


# What needs the kernel's tracing, of which a machine has one.
_KERNEL = {"tracing", "compiled", "sdt_program"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the modules whose tests take turns at the kernel's tracing."""
    kernel = {item.path for item in items if _KERNEL & set(getattr(item, "fixturenames", ()))}
    for item in items:
        if item.path in kernel:
            item.add_marker(pytest.mark.kernel)


class Lines:
    """The lines of a stream, as they come. A thread reads, so that no pipe ever fills."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._taken = 0
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def until(self, wanted: Callable[[str], bool]) -> str:
        """The next line that is wanted; AssertionError with what came instead at the end."""
        with self._changed:
            while True:
                while self._taken < len(self._lines):
                    line = self._lines[self._taken]
                    self._taken += 1
                    if wanted(line):
                        return line
                if self._ended or not self._changed.wait(PATIENCE):
                    raise AssertionError("the line did not come:\n" + "\n".join(self._lines))

    def containing(self, text: str) -> str:
        return self.until(lambda line: text in line)

    def has(self, text: str) -> bool:
        """Whether a line with this text has come already; takes none."""
        with self._changed:
            return any(text in line for line in self._lines)

    def all(self) -> list[str]:
        """Every line, once the stream has ended."""
        self._thread.join(PATIENCE)
        return list(self._lines)


class Child:
    """A child process with its streams."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        assert popen.stdout is not None
        assert popen.stderr is not None
        self.popen = popen
        self.pid = popen.pid
        self.out = Lines(popen.stdout)
        self.err = Lines(popen.stderr)

    def tell(self, line: str) -> None:
        """Send a line to its stdin."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()

    def do(self, line: str) -> None:
        """Have tests/fixtures/app.js do something, and wait until it is done."""
        self.tell(line)
        self.out.containing(f"done {line.split()[0]}")

    def send(self, number: int) -> None:
        self.popen.send_signal(number)

    def wait(self) -> int:
        return self.popen.wait(PATIENCE)

    def end(self) -> None:
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGKILL)
            self.popen.wait()
        assert self.popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.popen.stdin.close()
        self.out.all()
        self.err.all()
        for stream in (self.popen.stdout, self.popen.stderr):
            assert stream is not None
            stream.close()


class Fifo:
    """Hangs the event loop of tests/fixtures/app.js, until it is told to go on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.mkfifo(path)

    def block(self, child: Child) -> None:
        child.tell(f"block {self._path}")
        child.out.containing("blocking")

    def release(self) -> None:
        self._path.open("w").close()


class StartNode(Protocol):
    def __call__(
        self,
        script: str | Path,
        *args: str,
        env: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        executable: str | Path | None = None,
        cwd: Path | None = None,
        ready: str | None = "ready",
    ) -> Child: ...


class StartNodeobs(Protocol):
    def __call__(
        self, *args: str, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> Child: ...


class RunNodeobs(Protocol):
    def __call__(
        self, *args: str, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def node_path() -> str:
    """The Node under test: NODEOBS_TEST_NODE, or the one on PATH."""
    path = os.environ.get("NODEOBS_TEST_NODE") or shutil.which("node")
    assert path is not None, "no node on PATH; make setup installs one"
    return path


@pytest.fixture
def runtime_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def environment(runtime_dir: Path) -> dict[str, str]:
    """The environment of all children: a runtime directory of this test's own, no colours."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NODEOBS")}
    return {**kept, "NODEOBS_RUNTIME_DIR": str(runtime_dir), "NO_COLOR": "1"}


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in reversed(started):
        child.end()


@pytest.fixture
def node(node_path: str, environment: dict[str, str], children: list[Child]) -> StartNode:
    """Start a script of tests/fixtures (or any path) and wait for its first line."""

    def start(
        script: str | Path,
        *args: str,
        env: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        executable: str | Path | None = None,
        cwd: Path | None = None,
        ready: str | None = "ready",
    ) -> Child:
        path = script if Path(script).is_absolute() or script == "" else FIXTURES / script
        command = [str(executable or node_path), *options, *([str(path)] if script else []), *args]
        child = _start(command, {**environment, **(env or {})}, cwd)
        children.append(child)
        if ready is not None:
            child.out.until(lambda line: line == ready)
        return child

    return start


@pytest.fixture
def renamed(tmp_path: Path) -> Callable[[str], Path]:
    """A script of tests/fixtures under a name that no process of another test has."""

    def link(script: str) -> Path:
        path = tmp_path / f"{tmp_path.name}-{script}"
        path.symlink_to(FIXTURES / script)
        return path

    return link


@pytest.fixture
def fifo(tmp_path: Path) -> Fifo:
    return Fifo(tmp_path / "fifo")


@pytest.fixture
def start_nodeobs(environment: dict[str, str], children: list[Child]) -> StartNodeobs:
    """Start the command line and return at once."""

    def start(
        *args: str, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> Child:
        command = [*prefix, sys.executable, "-m", "nodeobs", *args]
        child = _start(command, {**environment, **(env or {})}, None)
        children.append(child)
        return child

    return start


@pytest.fixture
def nodeobs(environment: dict[str, str]) -> RunNodeobs:
    """Run the command line to its end."""

    def run(
        *args: str, env: Mapping[str, str] | None = None, prefix: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*prefix, sys.executable, "-m", "nodeobs", *args],
            env={**environment, **(env or {})},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return run


@pytest.fixture
def as_nobody() -> tuple[str, ...]:
    """A command prefix which runs the rest as an unprivileged user."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become another user")
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv (util-linux)")
    return ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


def require(met: object, reason: str) -> None:
    """Skip the test where something it needs is missing; with NODEOBS_REQUIRE_TRACING=1, fail."""
    if met:
        return
    if os.environ.get("NODEOBS_REQUIRE_TRACING") == "1":
        pytest.fail(f"{reason} (NODEOBS_REQUIRE_TRACING=1)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def why_no_tracing() -> str:
    """Why the kernel cannot be traced here, as `--via kernel` says it; empty where it can."""
    try:
        open_tracefs()
    except NodeobsError as error:
        return error.message
    return ""


@pytest.fixture
def tracing(why_no_tracing: str) -> None:
    """For tests that trace with the kernel: root and tracefs."""
    require(not why_no_tracing, why_no_tracing)


@pytest.fixture
def needs_tool() -> Callable[[str], str]:
    """The path of a tracer or another tool, which must be installed."""

    def find(name: str) -> str:
        path = shutil.which(name)
        require(path, f"needs {name}")
        return str(path)

    return find


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """The C tests of native/stapsdt."""
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    require(compiler, "needs a C compiler")
    return Compiled(tmp_path_factory.mktemp("native"), str(compiler))


@pytest.fixture(scope="session")
def sdt_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/fixtures/sdt_app.c, compiled."""
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    require(compiler, "needs a C compiler")
    program = tmp_path_factory.mktemp("sdt") / "sdt_app"
    source = FIXTURES / "sdt_app.c"
    done = subprocess.run(
        [str(compiler), "-O2", "-Wall", "-o", str(program), str(source), "-ldl", "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    require("sys/sdt.h" not in done.stderr, "needs sys/sdt.h (systemtap-sdt-dev)")
    assert done.returncode == 0, done.stderr
    return program


@pytest.fixture
def start_sdt_app(
    sdt_program: Path, environment: Mapping[str, str], children: list[Child]
) -> Callable[[], Child]:
    """Start tests/fixtures/sdt_app.c."""

    def start() -> Child:
        child = _start([str(sdt_program)], environment, None)
        children.append(child)
        child.out.containing("ready")
        return child

    return start


@pytest.fixture
def sdt_app(start_sdt_app: Callable[[], Child]) -> Child:
    """A program in C with the probe demo:tick, which loads objects with more."""
    return start_sdt_app()


@pytest.fixture
def shop_object(tmp_path: Path) -> Path:
    """An object as ours are: signed, unsigned and narrow arguments, and some beyond registers."""
    return make_object(
        tmp_path / "shop.so",
        "shop",
        {
            "item-sold": [-8, 8],
            "many": [-8, 8, -4, 4, -2, 1, 8, -8, 4, -4, 2, -1],
            "texts": [8] * 12,
        },
    )


def _start(command: list[str], env: Mapping[str, str], cwd: Path | None) -> Child:
    return Child(
        subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
    )
