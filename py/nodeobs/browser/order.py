"""In which order values of JSON stand in a sorted column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from nodeobs.browser.cells import cell_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_Item = TypeVar("_Item")

_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

_NUMBERS, _TEXTS, _OTHERS = range(3)


class Order:
    """Sorts, and keeps what texts are compared by: most of them are the same the next time."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Any]] = {}

    def learn(self, values: Iterable[Any]) -> None:
        """Make these comparable ahead of time. Another thread may sort meanwhile."""
        before, learned = self._kept, {}
        for value in values:
            if isinstance(value, str) and value not in learned:
                learned[value] = before.get(value) or _text_key(value)
        self._kept = learned

    def sorted(
        self, items: Sequence[_Item], value_of: Callable[[_Item], Any], *, reverse: bool
    ) -> list[_Item]:
        """By a value: numbers as numbers, then texts (`item-9` before `item-10`), then the rest.

        What has no value comes last either way, and equal ones keep their order.
        """
        before, self._kept = self._kept, {}
        # Apart, so that each is sorted by keys of one kind, which is many times faster.
        kinds: list[tuple[list[Any], list[_Item]]] = [([], []) for _ in range(3)]
        without = []
        for item in items:
            value = value_of(item)
            if value is None:
                without.append(item)
                continue
            if isinstance(value, str):
                key = before.get(value) or self._kept.get(value) or _text_key(value)
                self._kept[value] = key
            elif isinstance(value, int | float):
                key = (_NUMBERS, value)
            else:
                key = (_OTHERS, cell_text(value))
            keys, keyed = kinds[key[0]]
            keys.append(key[1])
            keyed.append(item)
        result: list[_Item] = []
        for keys, keyed in reversed(kinds) if reverse else kinds:
            places = sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
            result += [keyed[place] for place in places]
        return result + without


def _text_key(text: str) -> tuple[int, Any]:
    if len(text) < 40 and _NUMBER.fullmatch(text):
        return (_NUMBERS, float(text))
    return (_TEXTS, _DIGITS.sub(_aligned, text.casefold()))


def _aligned(digits: re.Match[str]) -> str:
    """A number that compares as one in a text, and comes before any other character."""
    return "\0" + digits[0].zfill(15)
