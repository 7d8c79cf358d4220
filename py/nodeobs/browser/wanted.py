"""What is typed after `/`: a filter where it is one, else a text to look for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nodeobs.filter import Filter, FilterError, compile_filter

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands at the top of an expression that was meant as one. `jobs` and `orders-api` are
# expressions as well, but whoever types them looks for the text.
_CONDITIONS: Final = frozenset(
    ("==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "&&", "||", "!", "test", "match", "call")
)
_LOOKS_LIKE_ONE: Final = re.compile(r"[=!<>]=|[<>]|&&|\|\||\)\s*$|^!")


class Wanted:
    """Which rows are wanted. `note` says what is wrong with a filter that is taken as a text."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.note: str | None = None
        self._filter: Filter | None = None
        self._exact = self.text != self.text.lower()
        self._needle = self.text if self._exact else self.text.lower()
        if self.text:
            self._parse()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def is_filter(self) -> bool:
        return self._filter is not None

    def matches(self, record: Mapping[str, Any]) -> bool:
        """Whether the filter is true of a record; only where it is one."""
        return self._filter is not None and self._filter.matches(record)

    def asks_for(self, name: str) -> bool:
        """Whether the filter looks at this field."""
        forms: list[Any] = [] if self._filter is None else [self._filter.form]
        while forms:
            form = forms.pop()
            if form[:2] == ["path", name]:
                return True
            forms += [part for part in form if isinstance(part, list)]
        return False

    def in_text(self, text: str) -> bool:
        """Whether a text has the one looked for; capitals count where it has some."""
        return self._needle in (text if self._exact else text.lower())

    def _parse(self) -> None:
        try:
            parsed = compile_filter(self.text)
        except FilterError as error:
            if _LOOKS_LIKE_ONE.search(self.text):
                where = f" (column {error.column})" if error.column else ""
                self.note = f"not a filter, looked for as text: {error.problem}{where}"
            return
        if parsed.form[0] in _CONDITIONS:
            self._filter = parsed
