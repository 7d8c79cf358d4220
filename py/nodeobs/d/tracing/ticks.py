"""When the controller's own probes are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nodeobs.d.program import ControllerProbe, Program


class Ticks:
    """The ticks of a program, and when to ask the agents for what they have (the option
    switchrate). Times are nanoseconds of the monotonic clock."""

    def __init__(self, program: Program) -> None:
        self._probes = list(
            dict.fromkeys(
                probe for clause in program.clauses for probe in clause.probes if probe.period
            )
        )
        self._due: list[int] = [0] * len(self._probes)
        self._every = int(program.options.switchrate * 1e9)
        self._reading = 0

    def __bool__(self) -> bool:
        return bool(self._probes)

    def start(self, now: int) -> None:
        """The first of each comes when its interval has passed once."""
        self._due = [now + (probe.period or 0) for probe in self._probes]
        self._reading = now + self._every

    def next(self) -> int:
        """When the next thing is due."""
        return min([self._reading, *self._due])

    def reading_due(self, now: int) -> bool:
        """Whether it is time to ask the agents."""
        if now < self._reading:
            return False
        self._reading = now + self._every
        return True

    def due(self, now: int) -> Iterator[tuple[int, ControllerProbe]]:
        """The ticks that are due, with the time that each was due at; what was missed while
        something took longer is left out."""
        ready = sorted((moment, index) for index, moment in enumerate(self._due) if moment <= now)
        for moment, index in ready:
            probe = self._probes[index]
            period = probe.period or 1
            self._due[index] = moment + period * ((now - moment) // period + 1)
            yield moment, probe
