"""The aggregations of a program: totals over all agents, and what actions do to them.

Agents send what has changed since they were last asked and forget it, so clear(), trunc() and
normalize() are done here alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodeobs.d.runtime.totals import Distribution, Total, new_total, whole
from nodeobs.d.runtime.values import meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nodeobs.d import program
    from nodeobs.d.options import Options
    from nodeobs.d.runtime.evaluate import Aggregated
    from nodeobs.d.runtime.values import Keys, Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of an aggregation. `normal` is the factor that values are divided by."""

    name: str
    function: str
    keys: Keys
    total: Total
    normal: int = 1

    @property
    def value(self) -> int:
        """The number that is shown."""
        return self.total.result(self.normal)

    @property
    def distribution(self) -> Distribution | None:
        """What is shown as a picture instead."""
        return self.total if isinstance(self.total, Distribution) else None


class Aggregations:
    """The aggregations that a program declares, in its order; at most `limit` keys in all."""

    def __init__(self, declared: Mapping[str, program.Aggregation], limit: int = 1_000_000) -> None:
        self.declared = declared
        self._limit = limit
        self._keys = 0
        self._drops = 0
        self._totals: dict[str, dict[Keys, Total]] = {name: {} for name in declared}
        self._normal: dict[str, int] = {}

    def merge(self, rows: Iterable[Any]) -> None:
        """Adds what an agent has answered: `[name, function, keys, state]` for each key.

        A row that is not one, or is of another program, is counted as dropped.
        """
        for row in rows:
            try:
                name, function, keys, state = row
                declared = self.declared[name]
                if declared.function != function or declared.keys != len(keys):
                    raise ValueError("of another program")
                # Taken apart before anything is added: half a row must not count.
                part = self._new(name)
                part.merge(state)
                total = self._at(name, tuple(_key(key) for key in keys))
                if total is not None:
                    total.merge(state)
            except (ValueError, TypeError, KeyError):
                self._drops += 1

    def apply(self, statement: Aggregated) -> None:
        """Adds what a clause of the controller aggregates. Raises Fault."""
        total = self._at(statement.name, statement.keys)
        if total is not None:
            total.add(statement.values)

    def clear(self, name: str) -> None:
        """clear(): all values to nothing; the keys stay."""
        for total in self._totals[name].values():
            total.clear()

    def trunc(self, name: str, most: int | None = None) -> None:
        """trunc(): leaves the `most` greatest values, or the -`most` smallest; None leaves none."""
        totals = self._totals[name]
        count = abs(most or 0)
        # Sorted by value whatever the options for printing say.
        ranked = sorted(
            totals, key=lambda keys: (totals[keys].rank(), _order(keys)), reverse=(most or 0) > 0
        )
        for keys in ranked[count:]:
            del totals[keys]
            self._keys -= 1

    def normalize(self, name: str, factor: int) -> None:
        """normalize(): values are shown divided by `factor`, until denormalize()."""
        self._normal[name] = factor or 1

    def denormalize(self, name: str) -> None:
        """denormalize(): values are shown as they are."""
        self._normal.pop(name, None)

    def names(self) -> list[str]:
        """All of them, in the order of the program."""
        return list(self._totals)

    def empty(self, name: str) -> bool:
        """Whether there is no key at all."""
        return not self._totals[name]

    def take_drops(self) -> int:
        """How many rows and values found no room since the last call."""
        drops, self._drops = self._drops, 0
        return drops

    def entries(self, name: str, options: Options) -> list[Entry]:
        """The keys of one, sorted as `options` say."""
        return [row[0] for row in self.joined([name], options)]

    def joined(self, names: Sequence[str], options: Options) -> list[list[Entry]]:
        """For each key of any of `names` an entry of each, as printa() of several shows them."""
        every = {keys: None for name in names for keys in self._totals[name]}
        rows = [[self._entry(name, keys) for name in names] for keys in every]
        first = options.aggsortpos if options.aggsortpos < len(names) else 0

        def by_value(row: list[Entry]) -> list[tuple[int, int]]:
            return [entry.total.rank() for entry in (*row[first:], *row[:first])]

        def by_key(row: list[Entry]) -> list[tuple[int, Value | bytes]]:
            return _order(row[0].keys, options.aggsortkeypos)

        def both(row: list[Entry]) -> tuple[Any, Any]:
            parts = by_value(row), by_key(row)
            return parts[::-1] if options.aggsortkey else parts

        rows.sort(key=both, reverse=options.aggsortrev)
        return rows

    def _entry(self, name: str, keys: Keys) -> Entry:
        total = self._totals[name].get(keys)
        if total is None:
            # Another of those that are printed together has the key: this one shows nothing.
            total = self._new(name)
        return Entry(name, self.declared[name].function, keys, total, self._normal.get(name, 1))

    def _at(self, name: str, keys: Keys) -> Total | None:
        totals = self._totals[name]
        types = self.declared[name].types
        if 0 in keys and "string" in types:
            keys = tuple(map(meant, keys, types))
        total = totals.get(keys)
        if total is None:
            if self._keys >= self._limit:
                self._drops += 1
                return None
            total = totals[keys] = self._new(name)
            self._keys += 1
        return total

    def _new(self, name: str) -> Total:
        declared = self.declared[name]
        return new_total(declared.function, declared.parameters)


def _key(value: Any) -> Value:
    if isinstance(value, str):
        return value
    return whole(value)


def _order(keys: Keys, first: int = 0) -> list[tuple[int, Value | bytes]]:
    """What keys are sorted by, from the `first` on: numbers before texts, texts by their bytes."""
    start = first if first < len(keys) else 0
    return [
        (1, key.encode("utf-8", "surrogatepass")) if isinstance(key, str) else (0, key)
        for key in (*keys[start:], *keys[:start])
    ]
