"""Whatever happens to a tracer or to what it is attached to, the application goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.traced import Traced
from tests.system.tracefs import Tracefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.conftest import RunNodeobs, StartNode


@pytest.fixture(params=["file", "memfd"])
def app(
    request: pytest.FixtureRequest, tracing: None, node: StartNode, runtime_dir: Path
) -> Traced:
    if request.param == "memfd":
        runtime_dir.mkdir(0o700)
        (runtime_dir / "usdt").touch()
    made = Traced(node("traced.js", options=("--expose-gc",)))
    place = made.provide("shop", sold=["int", "char *"])["sold"]
    assert place["path"].startswith("/proc/") == (request.param == "memfd")
    return made


@pytest.fixture
def bpftrace(needs_tool: Callable[[str], str], app: Traced) -> Callable[[], Bpftrace]:
    path = needs_tool("bpftrace")
    return lambda: Bpftrace(path, "usdt:*:shop:sold { @ = count(); }", "-p", str(app.pid))


class Attached:
    """A tracer on `shop:sold`."""

    def __init__(self, tracefs: Tracefs, app: Traced) -> None:
        self._tracefs = tracefs
        place = app.do("describe", "shop", "sold")["kernel"]
        tracefs.add("sold", place["path"], place["offset"])
        self.come()

    def seen(self) -> int:
        return len(self._tracefs.recorded("sold"))

    def leave(self) -> None:
        self._tracefs.disable("sold")

    def come(self) -> None:
        self._tracefs.enable("sold")


@pytest.fixture
def attach(app: Traced) -> Iterator[Callable[[], Attached]]:
    with Tracefs() as tracefs:
        yield lambda: Attached(tracefs, app)


def ends_well(app: Traced) -> None:
    assert app.end() == 0
    assert app.child.err.all() == []


def listed(nodeobs: RunNodeobs, app: Traced) -> dict[str, Any]:
    done = nodeobs("probes", "--json", "-p", str(app.pid), "shop:sold")
    assert (done.returncode, done.stderr) == (0, "")
    (probe,) = map(json.loads, done.stdout.splitlines())
    assert isinstance(probe, dict)
    return probe


def test_a_killed_tracer_leaves_nothing_on(
    app: Traced, bpftrace: Callable[[], Bpftrace], nodeobs: RunNodeobs
) -> None:
    with bpftrace() as tracer:
        assert app.fire("shop", "sold", 10, 1, "x") == 10
        assert listed(nodeobs, app)["kernel"]["attached"] is True
        tracer.process.send_signal(signal.SIGKILL)
        app.do("attached", "shop", "sold", False)
    assert app.fire("shop", "sold", 10, 1, "x") == 0
    probe = listed(nodeobs, app)
    assert (probe["kernel"]["attached"], probe["fired"], probe["errors"]) == (False, 10, 0)
    # And the next one finds all as it was.
    with bpftrace() as tracer:
        assert app.fire("shop", "sold", 20, 1, "x") == 20
        assert tracer.stop()[""] == 20
    ends_well(app)


def test_tracers_come_and_go_in_a_storm(
    app: Traced, attach: Callable[[], Attached], bpftrace: Callable[[], Bpftrace]
) -> None:
    app.do("storm", "shop", "sold")
    tracer = attach()
    for _ in range(10):
        app.do("attached", "shop", "sold", True)
        app.do("turns")
        tracer.leave()
        app.do("attached", "shop", "sold", False)
        tracer.come()
    tracer.leave()
    seen = tracer.seen()
    for end in (Bpftrace.stop, lambda tracer: tracer.process.kill()):
        with bpftrace() as other:
            tracer.come()
            end(other)
            tracer.leave()
    app.do("attached", "shop", "sold", False)
    storm = app.do("calm")
    probe = app.do("describe", "shop", "sold")
    # A callback ran only while a tracer was there. (The kernel's buffer has the newest firings.)
    assert 0 < seen <= storm["ran"] < storm["fired"]
    assert (probe["fired"], probe["errors"]) == (storm["ran"], 0)
    ends_well(app)


def test_the_provider_is_disabled_meanwhile(app: Traced, attach: Callable[[], Attached]) -> None:
    tracer = attach()
    assert app.fire("shop", "sold", 10, 1, "x") == 10
    app.do("disable", "shop")
    assert app.fire("shop", "sold", 10, 1, "x") == 0
    app.do("enable", "shop")
    # The tracer has stayed where it was.
    assert app.fire("shop", "sold", 10, 1, "x") == 10
    assert tracer.seen() == 20
    tracer.leave()
    assert app.fire("shop", "sold", 10, 1, "x") == 0
    ends_well(app)


def test_it_changes_in_a_storm(app: Traced, attach: Callable[[], Attached]) -> None:
    app.do("storm", "shop", "sold")
    tracer = attach()
    for number in range(50):
        app.do("disable", "shop")
        app.provide("shop", **{f"more{number}": ["int"]})
        app.do("enable", "shop")
    storm = app.do("calm")
    assert storm["ran"] > 0
    tracer.leave()
    ends_well(app)


def test_the_probe_is_removed_meanwhile(app: Traced, attach: Callable[[], Attached]) -> None:
    app.do("storm", "shop", "sold")
    tracer = attach()
    app.do("remove", "shop", "sold")
    app.do("calm")
    # Declared again, it is the same object, which has the tracer on it.
    app.provide("shop", sold=["int", "char *"])
    seen = tracer.seen()
    assert app.fire("shop", "sold", 10, 1, "x") == 10
    assert tracer.seen() == seen + 10
    tracer.leave()
    ends_well(app)


def test_the_provider_becomes_garbage_meanwhile(
    app: Traced, attach: Callable[[], Attached]
) -> None:
    place = app.do("describe", "shop", "sold")["kernel"]
    mark = "/memfd:shop" if place["path"].startswith("/proc/") else place["path"]
    tracer = attach()
    assert app.fire("shop", "sold", 10, 1, "x") == 10
    app.do("forget", "shop", True)
    # The code stays where the tracer knows it.
    assert mark in Path(f"/proc/{app.pid}/maps").read_text()
    tracer.leave()
    # The next provider clears up what nobody has any more.
    app.provide("next", any=["int"])
    assert mark not in Path(f"/proc/{app.pid}/maps").read_text()
    ends_well(app)


@pytest.mark.parametrize("shared", [True, False])
def test_a_thread_ends_meanwhile(shared: bool, app: Traced, attach: Callable[[], Attached]) -> None:
    one, two = app.thread("one"), app.thread("two")
    for thread in (one, two):
        thread.provide("shop", sold=["int", "char *"])
    if not shared:
        one.provide("only", here=["int"])
    tracer = attach()
    with Tracefs() as tracefs:
        if not shared:
            place = one.do("describe", "only", "here")["kernel"]
            tracefs.add("here", place["path"], place["offset"])
            tracefs.enable("here")
            assert one.fire("only", "here", 10, 1) == 10
        assert one.fire("shop", "sold", 100, 1, "x") == 100
        one.do("storm", "shop", "sold")
        app.do("end-thread", "one")
        seen = tracer.seen()
        assert seen >= 100
        assert two.fire("shop", "sold", 100, 1, "x") == 100
        assert app.fire("shop", "sold", 100, 1, "x") == 100
        assert tracer.seen() == seen + 200
        if not shared:
            assert len(tracefs.recorded("here")) == 10
    tracer.leave()
    assert two.fire("shop", "sold", 100, 1, "x") == 0
    # All of them end while a tracer is there.
    tracer.come()
    app.do("end-thread", "two")
    assert app.fire("shop", "sold", 100, 1, "x") == 100
    ends_well(app)


def test_threads_come_and_go(app: Traced, attach: Callable[[], Attached]) -> None:
    tracer = attach()
    for number in range(10):
        thread = app.thread("one")
        thread.provide("shop", sold=["int", "char *"])
        thread.provide(f"own{number}", here=["int"])
        assert thread.fire("shop", "sold", 10, 1, "x") == 10
        app.do("end-thread", "one")
    assert tracer.seen() == 100
    # Their own objects are gone with them.
    assert app.do("sizes")["objects"] == 3
    tracer.leave()
    ends_well(app)


def test_the_process_ends_meanwhile(app: Traced, attach: Callable[[], Attached]) -> None:
    worker = app.thread("one")
    worker.provide("shop", sold=["int", "char *"])
    worker.do("storm", "shop", "sold")
    app.do("storm", "shop", "sold")
    attach()
    app.do("attached", "shop", "sold", True)
    ends_well(app)


def test_ten_thousand_cycles(app: Traced, attach: Callable[[], Attached]) -> None:
    first = app.do("cycle", "shop", 1000)
    last = app.do("cycle", "shop", 10_000)
    assert last["objects"] == first["objects"] == 3
    assert last["maps"] <= first["maps"] + 10
    assert last["rss"] < first["rss"] + (32 << 20)
    tracer = attach()
    assert app.do("cycle", "shop", 10_000)["objects"] == 3
    assert app.fire("shop", "sold", 10, 1, "x") == 10
    assert tracer.seen() == 10
    tracer.leave()
    ends_well(app)
