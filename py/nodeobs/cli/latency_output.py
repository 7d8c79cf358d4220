"""What `nodeobs latency` prints and draws."""

from __future__ import annotations

import io
import shutil
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nodeobs.cli.picture_file import write_picture
from nodeobs.cli.screen import Screen
from nodeobs.cli.terminal import (
    colour_wanted,
    has_unicode,
    is_terminal,
    json_line,
    table_width,
    tell,
)
from nodeobs.errors import NodeobsError
from nodeobs.reports.latency import NOTHING_CAME, latency_tables, notes, summary_line
from nodeobs.reports.latency_heatmap import HEATMAP_ROWS, heatmap
from nodeobs.reports.latency_json import heat_objects, latency_objects, summary_object
from nodeobs.reports.quantities import amount
from nodeobs.reports.table import cut, single_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nodeobs.latency.audit import AuditLog
    from nodeobs.latency.figures import Figures
    from nodeobs.latency.session import Session
    from nodeobs.latency.timeline import Timeline

#: What is missing where there are drops of a kind.
_DROPS: Final = {
    "aggregation": "latencies found no room: too many different rows at once; --by has fewer",
    "dynamic": "handlers found no room: too many requests at once",
    "time": "firings were skipped: the program would have slowed the process down",
    "queue": "records were lost on their way",
}
#: Seconds that a message is shown above what is live, and how many are kept for the end.
_SHOWN_FOR: Final = 15.0
_MESSAGES: Final = 20
#: Lines of a terminal that a heat map leaves for its axis and the beginning of the tables.
_LINES_BESIDE: Final = 14
_NO_AUDIT_HINT: Final = (
    "restify writes them with server.on('after', restify.plugins.auditLogger"
    "({ log, event: 'after' }))"
)


class _Page(io.StringIO):
    """What a Screen draws, for a writer that does not block."""

    def isatty(self) -> bool:
        return True


class LatencyOutput:
    """Makes the text of tables and heat map, or JSON, and draws the picture."""

    def __init__(
        self, sort: str, *, heatmap: bool, as_json: bool, path: str | None, force: bool
    ) -> None:
        self._sort = sort
        self._heatmap = heatmap
        self._as_json = as_json
        self._path = path
        self._force = force
        self._live = is_terminal(sys.stdout) and not as_json
        self._page = _Page()
        self._screen = Screen(self._page)
        self._drawn = False
        self._unicode = has_unicode(sys.stdout)
        # Messages and when they came: a line written to the terminal would be drawn over.
        self._messages: deque[tuple[float, str]] = deque(maxlen=_MESSAGES)

    # -- live -------------------------------------------------------------------------------

    def measuring(self, label: str) -> None:
        """A process has joined; the title of what is live says so itself."""
        if not self._live:
            tell(f"measuring in {label}")

    def tell(self, text: str) -> None:
        """Something to be told meanwhile: where tables are shown already for a while above them,
        and again at the end."""
        if self._drawn:
            self._messages.append((time.monotonic(), text))
        else:
            tell(text)

    def frame(self, session: Session) -> bytes:
        """What a terminal shows meanwhile; nothing elsewhere."""
        if not self._live:
            return b""
        recent = time.monotonic() - _SHOWN_FOR
        told = [single_line(f"-- {text}") for at, text in self._messages if at > recent]
        # A line that the terminal breaks would move all those below it.
        width = table_width(sys.stdout) or 80
        title, *told = (cut(line, width) for line in (self._title(session), *told))
        return self._draw(title, [*told, *self._lines_of(session)])

    def last(self, session: Session) -> bytes:
        """What is shown at the end."""
        if self._as_json:
            figures, seconds = session.figures, session.seconds
            return self._json(
                figures,
                session.timeline,
                seconds,
                {
                    "processes": [
                        {"pid": pid, "name": label} for pid, label in session.processes.items()
                    ],
                    "drops": [
                        {"pid": pid, "kind": kind, "count": count}
                        for (kind, pid), count in session.drops.items()
                        if count
                    ],
                },
            )
        if not session.processes:
            return b""
        lines = [self._title(session), *self._lines_of(session)]
        # All of it, over what was shown last.
        start = "\x1b[H\x1b[J" if self._drawn else ""
        return self._encode(start + "".join(f"{line}\n" for line in lines))

    def beside(self, session: Session) -> list[str]:
        """What there is to say after the tables."""
        said = [text for _, text in self._messages] + _drop_lines(session.drops)
        if not session.processes:
            said.append("nothing was measured: no process has answered")
        elif not session.figures.all.count:
            said.append(NOTHING_CAME)
        if session.figures.drops or session.faults:
            said.append(
                f"{session.figures.drops + session.faults:,} figures could not be read; "
                "install the same release on both sides"
            )
        return said + self._without_handlers(session)

    def _without_handlers(self, session: Session) -> list[str]:
        """Why there are none, where they were asked for and there could be."""
        figures = session.figures
        requests_too, handlers = figures.grouping.tables
        if not handlers or not figures.all.count or figures.handlers():
            return []
        if session.restify:
            return ["restify told of no handler; it does with createServer({ dtrace: true })"]
        return [] if requests_too else ["handlers are known of express, fastify and restify"]

    def subject(self, session: Session) -> str:
        """What the picture is of."""
        return ", ".join(session.processes.values()) or "no process"

    def _title(self, session: Session) -> str:
        labels = list(session.processes.values())
        if not labels:
            return "waiting for a process"
        who = labels[0] if len(labels) == 1 else f"{len(labels)} processes"
        return single_line(f"{who}: {summary_line(session.figures, session.seconds)}")

    def _lines_of(self, session: Session) -> list[str]:
        return self._lines(session.figures, session.timeline, session.seconds)

    def _draw(self, title: str, lines: list[str]) -> bytes:
        self._drawn = True
        self._screen.show(title, lines)
        text = self._page.getvalue()
        self._page.seek(0)
        self._page.truncate()
        return self._encode(text)

    # -- logs -------------------------------------------------------------------------------

    def print_log(self, log: AuditLog) -> None:
        """All there is of audit logs. Raises NodeobsError where they have no audit record."""
        skipped = ", ".join(f"{count:,} {reason}" for reason, count in log.skipped.most_common())
        of_all = f"{log.skipped.total():,} of {amount(log.lines, 'line')} skipped: {skipped}"
        if not log.records:
            message = f"there is no audit record: {of_all}" if log.lines else "there is no line"
            raise NodeobsError("no_audit", message, _NO_AUDIT_HINT)
        if self._as_json:
            more = {"lines": log.lines, "skipped": dict(log.skipped)}
            text = self._json(log.figures, log.timeline, log.seconds, more)
        else:
            title = summary_line(log.figures, log.seconds)
            lines = [title, *self._lines(log.figures, log.timeline, log.seconds)]
            text = self._encode("".join(f"{line}\n" for line in lines))
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
        if log.skipped:
            tell(of_all)
        self.draw(log.figures, log.timeline, log.seconds, "audit log")

    # -- both -------------------------------------------------------------------------------

    def _lines(self, figures: Figures, timeline: Timeline, seconds: float) -> list[str]:
        width, colour = table_width(sys.stdout), colour_wanted(sys.stdout)
        lines: list[str] = []
        if self._heatmap:
            picture = heatmap(
                timeline,
                rows=self._heatmap_rows(),
                width=width,
                colour=colour,
                unicode=self._unicode,
            )
            lines += ["", *picture]
        lines += [
            "",
            *latency_tables(
                figures,
                seconds,
                sort=self._sort,
                width=width,
                colour=colour,
                unicode=self._unicode,
            ),
        ]
        said = notes(figures)
        return [*lines, "", *said] if said else lines

    def _heatmap_rows(self) -> int:
        """On a terminal the table of routes should have some lines, too."""
        if not self._live:
            return HEATMAP_ROWS
        return min(max(shutil.get_terminal_size().lines - _LINES_BESIDE, 6), HEATMAP_ROWS)

    def _json(
        self, figures: Figures, timeline: Timeline, seconds: float, more: Mapping[str, Any]
    ) -> bytes:
        objects: list[dict[str, Any]] = [*latency_objects(figures, seconds, sort=self._sort)]
        if self._heatmap:
            objects += heat_objects(timeline)
        objects.append(summary_object(figures, seconds, **more))
        return b"".join(map(json_line, objects))

    def _encode(self, text: str) -> bytes:
        return text.encode(sys.stdout.encoding or "utf-8", "backslashreplace")

    def draw(self, figures: Figures, timeline: Timeline, seconds: float, subject: str) -> None:
        """Write the picture, where one is wanted. Raises NodeobsError where it cannot be."""
        if self._path is None:
            return
        from nodeobs.reports.latency_picture import page, svg

        title = f"Latency of {subject}"
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(timeline.start or time.time()))
        subtitle = f"{summary_line(figures, seconds)}, from {began} on"
        if self._path.lower().endswith(".svg"):
            text = svg(timeline, title, subtitle)
        else:
            text = page(
                figures,
                timeline,
                seconds,
                title=title,
                subtitle=subtitle,
                sort=self._sort,
                footer="; ".join(["made by nodeobs latency", *notes(figures)]),
            )
        write_picture(Path(self._path), text.encode("utf-8", "replace"), self._force)
        tell(f"{self._path} has the picture")


def _drop_lines(drops: Mapping[tuple[str, int], int]) -> list[str]:
    lines = []
    for (kind, pid), count in drops.items():
        if count:
            what = _DROPS.get(kind, f"drops of kind {kind}")
            lines.append(f"pid {pid}: {count:,} {what}")
    return lines
