"""A watched process, and what there is to say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nodeobs.bus.protocol import Batch

if TYPE_CHECKING:
    from nodeobs.attachment import Ended


@dataclass(slots=True)
class Watched:
    """One process and what has come from it. Times in seconds, `cost_ms` in milliseconds.

    `records` counts log records by the level of their topic, `firings` probe firings by
    `provider.probe`; `dropped` those that were lost on the way. `cost_ms` is what the agent spent
    on observers meanwhile, None where it could not be asked.
    """

    pid: int
    app: str
    command: str
    node: str | None
    since: float
    until: float | None = None
    records: dict[int, int] = field(default_factory=dict)
    firings: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    bytes: int = 0
    cost_ms: float | None = None
    ended: Ended | None = None

    @property
    def label(self) -> str:
        """`4242 orders-api`."""
        return f"{self.pid} {self.app}".rstrip()


@dataclass(frozen=True, slots=True)
class Joined:
    """A process is watched from now on."""

    watched: Watched


@dataclass(frozen=True, slots=True)
class Left:
    """A process is no longer watched; its records have all been given out."""

    watched: Watched


@dataclass(frozen=True, slots=True)
class Told:
    """Something the user should know. `kind` is `stuck`, `recovered` or `notice`."""

    pid: int | None
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Recent:
    """What a process had logged before it was watched; it comes before everything live."""

    batches: list[Batch]


#: What a snoop gives out: records, and events between them.
Event = Batch | Joined | Left | Told
