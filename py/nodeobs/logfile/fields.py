"""Which fields of a record are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.javascript import UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What is shown of every record unless it is hidden.
_ALWAYS: Final = ("name", "hostname", "pid", "component", "level", "msg", "time", "v")


class FieldChoice:
    """Of the fields that not every record has only those `included`, if any are, and none of the
    `hidden`. `req.url` is a field within a field; included, it is shown under that name."""

    def __init__(self, included: Sequence[str] = (), hidden: Sequence[str] = ()) -> None:
        self._included = included
        self._hidden = [name.split(".") for name in hidden]

    def of(self, record: dict[str, Any]) -> dict[str, Any]:
        """What is shown of a record, which stays as it is."""
        chosen = record
        if self._included:
            chosen = {key: value for key, value in record.items() if key in _ALWAYS}
            for name in self._included:
                value = _at(record, name)
                if value is not UNDEFINED:
                    chosen[name] = value
        for path in self._hidden:
            chosen = _without(chosen, path)
        return chosen


def _at(record: dict[str, Any], name: str) -> Any:
    if name in record:
        return record[name]
    value: Any = record
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return UNDEFINED
        value = value[key]
    return value


def _without(fields: dict[str, Any], path: list[str]) -> dict[str, Any]:
    name = ".".join(path)
    if name in fields:
        return {key: value for key, value in fields.items() if key != name}
    first, *rest = path
    if not rest or not isinstance(fields.get(first), dict):
        return fields
    return {**fields, first: _without(fields[first], rest)}
