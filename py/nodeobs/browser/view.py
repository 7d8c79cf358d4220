"""What the browser shows: one of these for each step of the way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nodeobs.browser.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterator, Sequence

    from nodeobs.browser.cells import Line
    from nodeobs.browser.links import Target
    from nodeobs.browser.source import StateSource


class View(ABC):
    """Something looked at, as lines with one of them selected. Knows nothing of the terminal.

    `fetch` asks the source, `prepare` is for what is large, `take` shows the answer; until then
    the user may go on.
    """

    #: Whether there is a picture yet.
    loaded = False
    #: Whether there is a line of titles above.
    has_header = False

    def __init__(self, title: str) -> None:
        self.title = title
        self.cursor = 0
        self.top = 0
        self.left = 0
        self.width = 80
        self.wanted = Wanted("")
        #: What is cut or failed in what is shown.
        self.notes: Sequence[str] = ()
        # Until somebody moves it, the selection is the first line, whatever that is.
        self.moved = False
        #: Whether there are several places, so that it has to be said which one is meant.
        self.several = False
        self.is_ended: Callable[[str], bool] = lambda _place: False

    # -- the answer -------------------------------------------------------------------------

    @abstractmethod
    async def fetch(self, source: StateSource) -> Any: ...

    async def prepare(self, answer: Any) -> None:  # noqa: B027 - most have nothing to do
        """What takes long about an answer, while the picture stays and the user goes on."""

    @abstractmethod
    def _accept(self, answer: Any) -> None: ...

    def take(self, answer: Any) -> None:
        with self._keeping_selection():
            self._accept(answer)
            self.loaded = True

    # -- the lines --------------------------------------------------------------------------

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def line(self, index: int, types: Collection[str]) -> Line: ...

    @abstractmethod
    def _key(self, index: int) -> Hashable: ...

    def header(self, first: int, count: int) -> Line:
        """The line above, where `has_header`; so many lines from the first one are below it."""
        return []

    @property
    def total_width(self) -> int:
        """Cells of the widest line; more than the screen's can be scrolled to."""
        return self.width

    @abstractmethod
    def summary(self) -> str:
        """How much of how much is shown."""

    def nothing(self) -> str:
        """What to say where there is no line."""
        return "nothing matches" if self.wanted else "nothing here"

    # -- what can be done -------------------------------------------------------------------

    @abstractmethod
    def command(self, source: StateSource) -> str:
        """The command line that prints the same."""

    @abstractmethod
    def copied(self) -> Any:
        """What `y` copies."""

    def enter(self, types: Collection[str]) -> Target | None:
        """What the selected line leads to. None where it only opened or closed something."""
        return None

    def expand(self, wanted: bool) -> bool:
        """Open or close the selected line; False where there is nothing to."""
        return False

    def more(self) -> bool:
        """Ask for more objects from the next time on; False where there are no more."""
        return False

    def look_for(self, text: str) -> None:
        with self._keeping_selection():
            self.wanted = Wanted(text)
            self._arrange()

    def resize(self, width: int) -> None:
        if width != self.width:
            with self._keeping_selection():
                self.width = width
                self._arrange()

    def move_to(self, index: int) -> None:
        self.cursor = max(0, min(index, len(self) - 1))
        self.moved = True

    @abstractmethod
    def _arrange(self) -> None: ...

    @contextmanager
    def _keeping_selection(self) -> Iterator[None]:
        """Whatever happens to the lines, the same thing stays selected, in the same place."""
        before, height = self.cursor, self.cursor - self.top
        selected = self._key(before) if before < len(self) else None
        yield
        if not self.moved:
            self.cursor = self.top = 0
            return
        index = None
        if selected is not None:
            near = before < len(self) and self._key(before) == selected
            index = before if near else self._index_of(selected)
        if index is None:
            self.cursor = max(0, min(before, len(self) - 1))
        else:
            self.cursor = index
            if self.top > 0:
                self.top = max(0, index - height)

    def _index_of(self, key: Hashable) -> int | None:
        return next((index for index in range(len(self)) if self._key(index) == key), None)
