"""What a program prints: its data statements done, as text or as objects of JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing import layout
from nodeobs.d.printing.printf import Format, parse_format
from nodeobs.d.printing.screen import PLAIN, Screen
from nodeobs.d.runtime.totals import divided
from nodeobs.d.runtime.values import meant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodeobs.d.options import Options
    from nodeobs.d.program import Action
    from nodeobs.d.runtime.aggregation import Aggregations, Entry

#: Actions that are about totals: what the agents have not yet sent has to be fetched first.
NEEDS_TOTALS: Final = frozenset(("printa", "clear", "trunc", "normalize", "denormalize"))


class Output:
    """Does the data statements of a program, in the order in which they are given to it.

    `actions` are by number of the statement. Texts come with all their newlines; objects are for
    NDJSON, one for each thing that is printed, and say in `type` what they are.
    """

    def __init__(
        self,
        actions: Mapping[int, Action],
        aggregations: Aggregations,
        options: Options,
        screen: Screen = PLAIN,
    ) -> None:
        self._actions = actions
        self._aggregations = aggregations
        self._options = options
        self._screen = screen
        # Objects are data: nothing in them is meant for a terminal.
        self._data = replace(screen, terminal=False)
        self._formats: dict[int, Format] = {}
        self._printed: set[str] = set()
        self._headed = False

    def heading(self) -> str:
        """The title of the default output: once, and not when quiet."""
        if self._headed or self._options.quiet:
            return ""
        self._headed = True
        return layout.default_heading()

    def line(self, cpu: int, probe_id: int, function: str, name: str, text: str) -> str:
        """All of one firing of a clause, whose actions gave `text`."""
        if self._options.quiet:
            return text
        return self.heading() + layout.default_line(cpu, probe_id, function, name) + text + "\n"

    def perform(self, number: int, values: Sequence[Any]) -> str:
        """Does a data statement; the text that it prints, "" where it prints nothing."""
        action = self._actions[number]
        values = _received(values, action.types)
        if action.kind == "printf":
            return self._format(action).render(values, action.types, (), self._screen)
        if action.kind == "printa":
            self._printed.update(action.aggregations)
            form = self._format(action) if action.format is not None else None
            return layout.printa(
                self._aggregations, action.aggregations, form, self._options, self._screen
            )
        if action.kind in ("trace", "print"):
            value = values[0] if values else None
            type_name = action.types[0] if action.types else "any"
            if action.kind == "print":
                return layout.printed(value, type_name, self._screen)
            quiet = self._options.quiet
            return layout.traced(value, quiet=quiet, type_name=type_name, screen=self._screen)
        self._change(action, values)
        return ""

    def rest(self) -> str:
        """What is printed at the end: the aggregations that no printa() has printed."""
        return layout.everything(self._aggregations, self._left(), self._options, self._screen)

    def perform_json(
        self, number: int, values: Sequence[Any], about: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Does a data statement; the objects that say what it prints. `about` is in each."""
        action = self._actions[number]
        values = _received(values, action.types)
        head = {"type": action.kind, **(about or {})}
        if action.kind == "printf":
            text = self._format(action).render(values, action.types, (), self._data)
            return [{**head, "text": text, "values": list(values)}]
        if action.kind in ("trace", "print"):
            return [{**head, "value": values[0] if values else None}]
        if action.kind == "printa":
            self._printed.update(action.aggregations)
            rows = self._aggregations.joined(action.aggregations, self._options)
            return [{**(about or {}), **_object(entry)} for row in rows for entry in row]
        self._change(action, values)
        return []

    def rest_json(self) -> list[dict[str, Any]]:
        """The objects of the aggregations that no printa() has printed."""
        return [
            _object(entry)
            for name in self._left()
            for entry in self._aggregations.entries(name, self._options)
        ]

    def _left(self) -> list[str]:
        return [name for name in self._aggregations.names() if name not in self._printed]

    def _change(self, action: Action, values: Sequence[Any]) -> None:
        value = values[0] if values and isinstance(values[0], int) else 0
        for name in action.aggregations:
            if action.kind == "clear":
                self._aggregations.clear(name)
            elif action.kind == "trunc":
                self._aggregations.trunc(name, value)
            elif action.kind == "normalize":
                self._aggregations.normalize(name, value)
            elif action.kind == "denormalize":
                self._aggregations.denormalize(name)

    def _format(self, action: Action) -> Format:
        form = self._formats.get(action.number)
        if form is None:
            form = self._formats[action.number] = parse_format(action.format or "")
        return form


def _received(values: Sequence[Any], types: Sequence[str]) -> list[Any]:
    return [
        meant(value, types[index] if index < len(types) else "any")
        for index, value in enumerate(values)
    ]


def _object(entry: Entry) -> dict[str, Any]:
    """`value` is what would be shown; a distribution has `buckets` with inclusive bounds."""
    thing: dict[str, Any] = {
        "type": "aggregation",
        "name": entry.name,
        "function": entry.function,
        "keys": list(entry.keys),
        "value": entry.value,
    }
    if entry.normal != 1:
        thing["normal"] = entry.normal
    distribution = entry.distribution
    if distribution is not None:
        thing["count"] = thing.pop("value")
        thing["buckets"] = []
        for index, count in sorted(distribution.counts.items()):
            if count:
                bucket = distribution.buckets.bounds(index)
                high = None if bucket.high is None else bucket.high - 1
                shown = divided(count, entry.normal)
                thing["buckets"].append({"min": bucket.low, "max": high, "count": shown})
    return thing
