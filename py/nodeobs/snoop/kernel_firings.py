"""Firings read through the kernel, as batches of the lines that agents send."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import orjson

from nodeobs.bus.protocol import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodeobs.snoop.watched import Watched
    from nodeobs.tracefs.reader import Firing


class FiringLines:
    """Makes batches, and counts what is in them."""

    def __init__(self) -> None:
        self._second = -1
        self._date = ""

    def batches(self, firings: Sequence[Firing], watched: Mapping[int, Watched]) -> list[Batch]:
        """A batch for each run of firings of one thread, in their order.

        A firing is as in docs/protocol.md, without a module and with `"via": "kernel"`. `tid` is
        the kernel's number of the thread; 0 is the main thread here, too.
        """
        batches: list[Batch] = []
        # Anew each time, because the clock may be set.
        offset = time.time_ns() - time.monotonic_ns()
        run: list[bytes] = []
        place = (0, 0)
        for firing in firings:
            pid, site = firing.pid, firing.site
            tid = 0 if firing.thread == pid else firing.thread
            if (pid, tid) != place and run:
                batches.append(_batch(place, run))
                run = []
            place = (pid, tid)
            line = _line(
                {
                    "provider": site.provider,
                    "module": None,
                    "probe": site.probe,
                    "pid": pid,
                    "tid": tid,
                    "time": self._iso(firing.time + offset),
                    "args": firing.values,
                    "via": "kernel",
                }
            )
            run.append(line)
            if (one := watched.get(pid)) is not None:
                name = f"{site.provider}.{site.probe}"
                one.firings[name] = one.firings.get(name, 0) + 1
                one.bytes += len(line)
        if run:
            batches.append(_batch(place, run))
        return batches

    def _iso(self, moment: int) -> str:
        """Nanoseconds since the epoch as an ISO time with milliseconds, as JavaScript writes it."""
        second, rest = divmod(moment, 1_000_000_000)
        if second != self._second:
            self._second = second
            self._date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._date}.{rest // 1_000_000:03}Z"


def _batch(place: tuple[int, int], lines: Sequence[bytes]) -> Batch:
    return Batch(*place, "probe", 0, len(lines), 0, (), b"".join(lines))


def _line(firing: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(firing, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        # Half a character in a text that was JSON.
        return json.dumps(firing, separators=(",", ":")).encode() + b"\n"
