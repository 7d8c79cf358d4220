"""Providers that come and go: nothing grows, nothing is missing under anybody's feet."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nodeobs.usdt import Probe, Provider

if TYPE_CHECKING:
    from collections.abc import Callable


def maps(provider: str) -> list[str]:
    """What is mapped of a provider's objects."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = (f"/usdt/{provider}.", f"/memfd:{provider} ")
    return [line for line in lines if any(name in line for name in names)]


@pytest.mark.parametrize(("memfd", "times"), [(False, 10_000), (True, 10_000)])
def test_load_and_close_do_not_grow(usdt_directory: Path, memfd: bool, times: int) -> None:
    def cycle() -> None:
        with Provider("cycle", memfd=memfd) as provider:
            probe = provider.probe("tick", int, str)
            provider.load()
            assert probe.path is not None

    def state() -> tuple[int, int]:
        return len(Path("/proc/self/maps").read_text().splitlines()), len(
            os.listdir("/proc/self/fd")
        )

    for _ in range(200):
        cycle()
    before, resident = state(), _resident()
    for _ in range(times):
        cycle()
    after = state()
    assert after[1] == before[1]
    assert abs(after[0] - before[0]) <= 4  # the allocator's own
    assert maps("cycle") == []
    assert _resident() - resident < 4 << 20
    if not memfd:
        assert len(list(usdt_directory.iterdir())) <= 3


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_garbage_is_unmapped_and_a_probe_is_enough_to_keep_it(usdt_directory: Path) -> None:
    gc.disable()  # reference counts do it alone: there are no cycles
    try:
        shop = Provider("garbage")
        sold = shop.probe("sold", int)
        shop.probe("other", int)
        shop.load()
        assert maps("garbage")
        del shop
        assert maps("garbage")
        assert sold.path is not None
        assert not sold.fire(3)
        del sold
        assert maps("garbage") == []
    finally:
        gc.enable()


def test_threads_fire_while_others_load_and_close(usdt_directory: Path) -> None:
    stop = threading.Event()
    current: list[Probe] = []
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not stop.is_set():
                    work()
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        return run

    def fire() -> None:
        for probe in current[:]:
            site = probe._site
            # As if a tracer were attached. Who has the site may go into the code.
            if site is not probe._extension.nowhere:
                probe._send(("apple", -3))
            assert not probe.enabled
            probe.fire("apple", -3)

    def replace() -> None:
        provider = Provider("busy")
        probes = [provider.probe(f"p{number}", str, int) for number in range(3)]
        current[:] = probes
        provider.load()
        provider.probe("late")
        provider.load()
        provider.close()

    threads = [threading.Thread(target=guarded(work)) for work in [fire] * 4 + [replace] * 2]
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        stop.wait(1.5)
        stop.set()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(old)
    assert failures == []
    current.clear()
    assert maps("busy") == []


_FORKS = """
import os, sys, threading
from nodeobs.usdt import Provider

shop = Provider("fork")
sold = shop.probe("sold", str, int)
shop.load()
stop = threading.Event()

def busy():
    while not stop.is_set():
        with Provider("busy") as provider:
            provider.probe("tick")
            provider.load()

threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads:
    thread.start()
for number in range(100):
    pid = os.fork()
    if pid == 0:
        assert sold.fire("apple", 1) is False
        assert sold.path is not None
        with Provider("child", memfd=number % 2 == 0) as provider:
            mine = provider.probe("mine", int)
            provider.load()
            assert mine.path is not None
            shop.probe(f"more-{number}")
            shop.load()
        shop.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
assert sold.path is not None
print("good")
"""


def test_forked_children_have_working_probes(usdt_directory: Path) -> None:
    """In a process of its own, since pytest's may have threads that do not survive."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORKS],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("good\n", "", 0)


_DAEMON = """
import os
from nodeobs.usdt import Provider

early = Provider("early")
early.probe("tick")
early.load()
memory = Provider("memory", memfd=True)
memory.probe("tick")
memory.load()

def daemon():
    os.closerange(3, 256)
    files = [open(f"{number}", "w+") for number in range(8)]
    for file in files:
        file.write("precious")
        file.flush()
    late = Provider("late")
    late.probe("tick")
    late.load()
    for provider in (early, memory, late):
        provider.close()
    for file in files:
        os.fstat(file.fileno())
        with open(file.name) as again:
            assert again.read() == "precious"

pid = os.fork()
if pid == 0:
    daemon()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
daemon()
"""


def test_a_daemon_that_closes_all_descriptors_keeps_its_own(
    usdt_directory: Path, tmp_path: Path
) -> None:
    """Daemons close whatever is open; the numbers then mean files of theirs."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _DAEMON],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_signal_handler_may_declare_and_close(usdt_directory: Path) -> None:
    seen: list[int] = []

    def handler(number: int, frame: object) -> None:
        with Provider("handler") as provider:
            provider.probe("tick")
            provider.load()
        seen.append(number)

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        while len(seen) < 50:
            with Provider("main") as provider:
                provider.probe("tick")
                provider.load()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
