"""What the state browser reads from: live processes, kang services, saved snapshots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A type of objects. `count` is None where only the application could tell."""

    name: str
    count: int | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """An object of a table. `place` says which of several processes or services has it."""

    id: str
    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """Some of the objects of a type; `total` is how many there are. `notes` say what is cut or
    failed."""

    fields: tuple[str, ...]
    rows: Sequence[ObjectRow]
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StuckRow:
    """Something that has begun and not ended: what it is, which object shows it, for how long."""

    kind: str
    name: str
    type: str
    id: str
    place: str
    age_ms: float | None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StuckPage:
    """What has been pending for long, the oldest first; `total` is how many there are."""

    rows: Sequence[StuckRow]
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How one of the processes or services is: `place` is that of its rows, or starts theirs
    (`4242` for `4242/1`); `ended` says why it is gone; it has not answered for `silent_for`
    seconds."""

    place: str
    label: str
    ended: str | None = None
    silent_for: float | None = None

    def has(self, place: str) -> bool:
        return place == self.place or place.startswith(f"{self.place}/")


class StateSource(Protocol):
    """Where state comes from. Every method may raise NodeobsError.

    A source that can do more has the methods of `StuckSource`, `PlacesSource` or
    `CommandSource` as well.
    """

    @property
    def title(self) -> str:
        """What is looked at, in a few words: `orders-api (4242)`."""

    async def types(self) -> Sequence[TypeRow]: ...

    async def objects(self, type_name: str, *, limit: int) -> ObjectPage: ...

    async def get(self, type_name: str, object_id: str, place: str) -> Any:
        """One object whole, as JSON data. An empty place means any that has it."""

    def command(self, type_name: str | None, object_id: str | None) -> str:
        """The command line that prints the same view."""


@runtime_checkable
class StuckSource(Protocol):
    """A source that knows what has begun and not ended."""

    async def stuck(self, older_s: float) -> StuckPage: ...

    def stuck_command(self, older_s: float) -> str:
        """The command line that prints the same."""


@runtime_checkable
class CommandSource(Protocol):
    """A source whose command line can filter and sort a table, and mean one place."""

    def table_command(self, type_name: str, condition: str | None, sort: str | None) -> str:
        """The command line that prints a table with a condition (docs/filter.md), sorted by a
        field: numbers from the largest, texts from A."""

    def object_command(self, type_name: str, object_id: str, place: str) -> str:
        """The command line that prints the object of this place alone."""


@runtime_checkable
class PlacesSource(Protocol):
    """A source whose processes or services can end, or stop answering, one by one."""

    def places(self) -> Sequence[PlaceState]: ...

    def notices(self) -> Sequence[str]:
        """What the user should be told, each once."""
