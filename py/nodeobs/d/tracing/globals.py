"""Global variables that agents and the controller share.

Every thread has its own, and runs without waiting for others. The controller follows what they
become: a variable that is only ever added to is the sum of what the threads have added, any other
has the value that a thread gave it last. What a clause of the controller assigns goes to all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nodeobs.d.runtime.values import received

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodeobs.d.program import Program
    from nodeobs.d.runtime.evaluate import Variables
    from nodeobs.d.runtime.values import Keys, Value

_Thread = tuple[int, int]
_Known = dict[str, "Value | dict[Keys, Value]"]


class SharedGlobals:
    """Keeps `variables`, those of the controller's clauses, in step with the threads."""

    def __init__(self, program: Program, variables: Variables) -> None:
        self._program = program
        self._variables = variables
        self._known: dict[_Thread, _Known] = {}
        self._before: dict[str, Any] = {}

    def merge(self, thread: _Thread, values: Mapping[str, Any]) -> None:
        """Take in what a thread says of its variables (docs/protocol.md, `trace.read`)."""
        known = self._known.setdefault(thread, {})
        for name, sent in values.items():
            if name not in self._program.fetched:
                continue
            adding = name in self._program.counters
            value = _array(sent) if isinstance(sent, list) else sent
            if isinstance(value, dict):
                self._merge_array(name, value, known, adding)
            elif isinstance(value, int | float | str):
                before = known.get(name, 0)
                known[name] = value = _value(value)
                self._variables[name] = _merged(self._variables.get(name, 0), before, value, adding)

    def forget(self, pid: int) -> None:
        """A process has ended; what its threads have done stays."""
        for thread in [one for one in self._known if one[0] == pid]:
            del self._known[thread]

    def begin(self) -> None:
        """A clause of the controller is about to run."""
        self._before = {name: _copy(self._variables.get(name)) for name in self._program.sent}

    def changed(self) -> dict[str, Any]:
        """What has been assigned since `begin`, as `trace.set` takes it."""
        changed = [
            name for name, before in self._before.items() if self._variables.get(name) != before
        ]
        return {name: self._sendable(name) for name in changed}

    def current(self) -> dict[str, Any]:
        """All that a thread has to know before it goes."""
        names = [name for name in self._program.sent if name in self._variables]
        return {name: self._sendable(name) for name in names}

    def sent(self, thread: _Thread, values: Mapping[str, Any]) -> None:
        """A thread has been given these values."""
        known = self._known.setdefault(thread, {})
        for name, value in values.items():
            known[name] = _array(value) if isinstance(value, list) else value

    def _merge_array(
        self, name: str, value: dict[Keys, Value], known: _Known, adding: bool
    ) -> None:
        before = known.get(name)
        earlier = before if isinstance(before, dict) else {}
        known[name] = value
        total = self._variables.get(name)
        if not isinstance(total, dict):
            total = self._variables[name] = {}
        for keys in earlier.keys() | value.keys():
            now = _merged(total.get(keys, 0), earlier.get(keys, 0), value.get(keys, 0), adding)
            if now in (0, ""):
                total.pop(keys, None)
            else:
                total[keys] = now

    def _sendable(self, name: str) -> Any:
        value = self._variables.get(name, 0)
        if isinstance(value, dict):
            return [[list(keys), element] for keys, element in value.items()]
        return value


def _merged(total: Any, before: Any, now: Value, adding: bool) -> Value:
    """The value over all threads after one of them went from `before` to `now`."""
    if adding and not any(isinstance(one, str | dict) for one in (total, before, now)):
        return int(total + now - before)
    if now == before and not isinstance(total, dict):
        return total  # type: ignore[no-any-return]
    return now


def _array(pairs: list[Any]) -> dict[Keys, Value]:
    array: dict[Keys, Value] = {}
    for pair in pairs:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], list):
            keys, value = pair
            if all(isinstance(one, int | float | str) for one in (*keys, value)):
                array[tuple(map(_value, keys))] = _value(value)
    return array


def _value(sent: float | str) -> Value:
    return sent if isinstance(sent, str) else received(sent)


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value
