"""perf, recording."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.system.conftest import PATIENCE


class Recorder:
    """perf record, recording inside of `with`: it says when, on a pipe."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __enter__(self) -> None:
        control, order = os.pipe()
        answer, acknowledge = os.pipe()
        self._process = subprocess.Popen(
            [*self._command, "-D", "-1", "--control", f"fd:{control},{acknowledge}"],
            pass_fds=(control, acknowledge),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(control)
        os.close(acknowledge)
        self._orders, self._answers = open(order, "w"), open(answer)
        self._orders.write("enable\n")
        self._orders.flush()
        assert self._answers.readline() == "ack\n"

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        said = self._process.communicate(timeout=PATIENCE)[1]
        self._orders.close()
        self._answers.close()
        assert "Captured and wrote" in said
