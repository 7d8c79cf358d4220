"""The probes of the controller itself; tests/system/test_usdt_python.py has a tracer on them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.py.fake_agent import FakeAgent, header

from nodeobs.bus import subscription as module
from nodeobs.bus.own_probes import OwnProbes, own_probes
from nodeobs.bus.subscription import Subscription
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from pathlib import Path


class Recorder:
    def __init__(self) -> None:
        self.fired: list[tuple[Any, ...]] = []

    def fire(self, *values: object) -> bool:
        self.fired.append(tuple(str(v) if isinstance(v, Exception) else v for v in values))
        return True


def listen(path: Path) -> None:
    """Two good messages, one that only tells of losses, one that cannot be read."""

    async def scenario() -> None:
        async with FakeAgent(path) as agent:
            subscription = Subscription(str(path), 71, 0, ["log."])
            peer = await agent.subscribed("log.")
            peer.send(b"log.30.a", header(0, 2), b"{}\n{}\n")
            peer.send(b"log.30.a", header(2, 1, 3), b"{}\n")
            peer.send(b"log.30.a", header(9, 0, 4), b"")
            peer.send(b"log.30.a", b"{}")
            peer.writer.close()
            assert len([batch async for batch in subscription]) == 3
            subscription.close()

    asyncio.run(scenario())


def test_what_is_received_dropped_and_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received, dropped, errors = Recorder(), Recorder(), Recorder()
    own = OwnProbes(*cast("tuple[Any, Any, Any]", (received, dropped, errors)))
    monkeypatch.setattr(module, "own_probes", lambda: own)
    listen(tmp_path / "1.sock")
    assert received.fired == [("log.30.a", 2, 6, 71), ("log.30.a", 1, 3, 71)]
    assert dropped.fired == [("log.30.a", 3, 71), ("log.30.a", 4, 71)]
    assert errors.fired == [("2 frames instead of 3", 71)]


def test_where_there_can_be_no_probes_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NodeobsError("usdt", "no")

    monkeypatch.setattr("nodeobs.usdt.Provider", refuse, raising=False)
    own_probes.cache_clear()
    try:
        assert own_probes() is None
        listen(tmp_path / "1.sock")
    finally:
        own_probes.cache_clear()


def test_they_leave_no_file_behind(usdt_directory: Path) -> None:
    own_probes.cache_clear()
    own = own_probes()
    assert own is not None
    assert (own.records_received.path or "").startswith("/proc/")
    assert not usdt_directory.exists()


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["ps"]])
def test_short_verbs_do_not_make_them(arguments: list[str]) -> None:
    program = (
        "import sys; from nodeobs.cli.main import run; run(sys.argv[1:]);"
        "print([name for name in sys.modules if 'usdt' in name or 'cffi' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
