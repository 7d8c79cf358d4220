"""The texts that a program is written in, and the places in them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Characters of one text at most.
MAX_LENGTH: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Text:
    """One program text. `name` stands in messages: a path, or what the option -n gave."""

    content: str
    name: str = "program"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands. Lines and columns count from 1; `content` is the whole line."""

    name: str
    line: int
    column: int
    content: str

    def __str__(self) -> str:
        return f"{self.name}:{self.line}:{self.column}"


class Texts:
    """Several texts that make up one program. A position counts characters over all of them."""

    def __init__(self, texts: Iterable[Text]) -> None:
        self._texts = [Text(well_formed(text.content), text.name) for text in texts]
        self._starts: list[int] = []
        start = 0
        for text in self._texts:
            self._starts.append(start)
            start += len(text.content) + 1

    def __iter__(self) -> Iterator[tuple[int, Text]]:
        return iter(zip(self._starts, self._texts, strict=True))

    def place(self, at: int) -> Place:
        """The place of a position."""
        index = max(bisect_right(self._starts, at) - 1, 0)
        text, offset = self._texts[index], at - self._starts[index]
        before = text.content[:offset]
        start = before.rfind("\n") + 1
        end = text.content.find("\n", offset)
        line = text.content[start : end if end >= 0 else len(text.content)]
        return Place(text.name, before.count("\n") + 1, offset - start + 1, line)

    def character(self, at: int) -> str:
        """What stands there, "" at the end of a text."""
        index = max(bisect_right(self._starts, at) - 1, 0)
        offset = at - self._starts[index]
        return self._texts[index].content[offset : offset + 1]


def well_formed(text: str) -> str:
    """A text without halves of characters, which an argument that is not UTF-8 has."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
