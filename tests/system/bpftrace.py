"""bpftrace, counting."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from tests.system.conftest import PATIENCE

# `@name: 3`, `@name[key, key]: 3`. The JSON it writes is not UTF-8 in 0.17.
_LINE = re.compile(r"@(\w*)(?:\[(.*)\])?: (-?\d+)")


class Bpftrace:
    """`with Bpftrace(path, program, "-p", "42") as tracer`: attached inside of it."""

    def __init__(self, path: str, program: str, *options: str) -> None:
        self._command = [path, *options, "-e", program]
        #: What it has printed, after `stop`.
        self.output = ""

    def __enter__(self) -> Self:
        # Files, because nobody reads meanwhile.
        self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self._command, stdout=self._out, stderr=self._err)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait(self) -> None:
        # The probe is changed before the program behind it counts, and a SIGINT while it attaches
        # is lost. It has nothing to wait for until all is done.
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._waits():
                return
            time.sleep(0.005)
        raise AssertionError(f"bpftrace does not attach:\n{self._read(self._err)}")

    def stop(self) -> dict[str, Any]:
        """End it as Ctrl-C does. The maps it prints: `{"n": 3}` for `@n`, `{"": {"a, 1": 3}}` for
        `@["a", 1]`."""
        self._interrupt()
        assert self.process.returncode == 0, self._read(self._err)
        self.output = self._read(self._out)
        maps: dict[str, Any] = {}
        for name, key, value in _LINE.findall(self.output):
            if key:
                maps.setdefault(name, {})[key] = int(value)
            else:
                maps[name] = int(value)
        return maps

    def _interrupt(self) -> None:
        # One that comes while it does not wait for events is noted, and never looked at (0.17).
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            if self._waits():
                self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        assert self.process.poll() is not None, "bpftrace does not end"

    def _waits(self) -> bool:
        return "epoll" in Path(f"/proc/{self.process.pid}/wchan").read_text()

    def _read(self, file: Any) -> str:
        file.seek(0)
        return str(file.read())

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._err.close()
