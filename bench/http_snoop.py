"""HTTP snooped: `nodeobs http` on a server that does nothing but answer, against nobody looking.

Two servers take turns in short spells, one of them with the command attached all the time, and
which one that is changes from run to run. Both get the same number of requests a second, as in
latency.py and for its reasons. The ratio is of the server's CPU time for each request; what the
command does on the other CPU, which may be the other half of one core, counts against it.
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from _processes import (
    PRELOADED,
    SERVERS,
    Child,
    Load,
    Loaded,
    MeasurementError,
    Server,
    cpus,
    runtime_directory,
)
from _runs import Ratio, arguments, figure, finish, heading

if TYPE_CHECKING:
    from types import TracebackType

CLAIM = "http: a row for every request to a greeter, against nobody looking"
TARGET = 0.85
#: Servers, and options of the command; the first are judged.
CASES = {
    "http": ("http", ()),
    "http -cgls": ("http", ("-cgls",)),
    "http --slow 1s": ("http", ("--slow", "1s")),
    "http of express": ("express", ()),
    "http of restify": ("restify", ()),
}
WARM_UP = 1.0  # seconds
SPELL = 0.5
SPELLS = 10  # of each kind on one pair of servers; a new pair is one run


class Snooper(Child):
    """`nodeobs http`, with its rows going to a file."""

    def __init__(self, server: Server, options: tuple[str, ...]) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="nodeobs-bench-rows-")
        self._path = f"{self._directory.name}/http"
        command = [sys.executable, "-m", "nodeobs", "http", "-p", str(server.pid), *options]
        # The shell becomes the command, which then has its pid.
        redirected = ["sh", "-c", 'exec "$@" >"$0.rows" 2>"$0.said"', self._path, *command]
        super().__init__(redirected, cpus()[1])
        while "joined" not in self._said():
            if self.process.poll() is not None:
                raise MeasurementError(f"nodeobs http has ended: {self._said()}")
            time.sleep(0.01)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._directory.cleanup()

    def finish(self) -> tuple[int, int]:
        """Ctrl-C: requests counted in the server, and what is said to be missing."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        said = self._said()
        counted = re.search(r"^server +([\d,]+)", said, re.MULTILINE)
        if counted is None:
            raise MeasurementError(f"there is no summary: {said}")
        lost = sum(
            int(count.replace(",", ""))
            for count in re.findall(
                r"^-- ([\d,]+) .*(?:dropped|not counted|missing)", said, re.MULTILINE
            )
        )
        return int(counted[1].replace(",", "")), lost

    def _said(self) -> str:
        path = Path(f"{self._path}.said")
        return path.read_text() if path.exists() else ""


def measure(runs: int) -> None:
    heading(CLAIM)
    ratios: dict[str, Ratio] = {}
    lost = dict.fromkeys(CASES, 0)
    with runtime_directory(), Load() as load:
        for name, (app, options) in CASES.items():
            script, argument, rate = SERVERS[app]
            alone: list[Loaded] = []
            snooped: list[Loaded] = []
            for number in range(runs):
                with (
                    Server(argument, script=script, env=PRELOADED) as first,
                    Server(argument, script=script, env=PRELOADED) as second,
                ):
                    watched, other = (first, second) if number % 2 else (second, first)
                    pairs, missing = _turns(load, rate, watched, other, options)
                    alone += [pair[0] for pair in pairs]
                    snooped += [pair[1] for pair in pairs]
                    lost[name] += missing
            for who, spells in (("alone", alone), (name, snooped)):
                print(
                    f"  {who:15} {figure([spell.rate for spell in spells], 'requests/s', 0)}, "
                    f"{figure([spell.cpu for spell in spells], 'µs CPU each')}"
                )
            ratios[name] = Ratio([one.cpu for one in alone], [one.cpu for one in snooped])
            print(f"  {name} / alone: {ratios[name]}, {lost[name]:,} rows or counts lost")
    [judged, *_] = CASES
    verdict = ratios[judged].at_least(TARGET)
    if lost[judged]:
        verdict = f"not met: {lost[judged]:,} rows lost"
    print(
        f"throughput by server CPU, with {judged} / alone: {ratios[judged]}, "
        f"target >= {TARGET}: {verdict}"
    )


def _turns(
    load: Load, rate: int, watched: Server, other: Server, options: tuple[str, ...]
) -> tuple[list[tuple[Loaded, Loaded]], int]:
    """Spells alone and snooped by turns, and how many rows or counts are said to be lost."""
    for server in (watched, other):
        load.on(server, WARM_UP)
    with Snooper(watched, options) as snooper:
        requests = load.on(watched, WARM_UP).requests
        pairs = [
            (load.on(other, SPELL, rate=rate), load.on(watched, SPELL, rate=rate))
            for _ in range(SPELLS)
        ]
        requests += sum(pair[1].requests for pair in pairs)
        counted, lost = snooper.finish()
    if counted + lost < requests:
        raise MeasurementError(f"{requests:,} requests, and {counted:,} are counted")
    return pairs, lost


if __name__ == "__main__":
    options = arguments(CLAIM, runs=2)
    finish(lambda: measure(options.runs))
