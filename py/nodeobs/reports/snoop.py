"""`nodeobs snoop`: batches and events to the text that is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from nodeobs.bus.protocol import Batch, NotJson
from nodeobs.bus.topics import level_name, matches_probe
from nodeobs.log.firing import event_text
from nodeobs.log.style import paint, process_style, visible, visible_json
from nodeobs.reports.quantities import amount, size
from nodeobs.snoop.watched import Event, Joined, Left, Told, Watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nodeobs.filter import Filter
    from nodeobs.log.render import Renderer

#: Why records are missing, as far as the agent knows.
_TOO_SLOW: Final = "the reader was too slow"


class Selection:
    """Which records are wanted: a level, probes and filters, all of which must hold."""

    def __init__(
        self,
        level: int | None = None,
        globs: Sequence[str] = (),
        filters: Sequence[Filter] = (),
    ) -> None:
        self._level = level
        self._globs = globs
        self._filters = filters

    def takes_all(self, batch: Batch) -> bool:
        """Whether no record of a batch needs to be looked at."""
        return not (self._filters or self._levels_differ(batch) or self._probes_differ(batch))

    def takes(self, batch: Batch, record: Any) -> bool:
        """Whether a record of a batch is wanted. What is no JSON object has only its topic."""
        if not isinstance(record, dict):
            return not self._filters
        if self._levels_differ(batch):
            level = record.get("level")
            if isinstance(level, int | float) and level < (self._level or 0):
                return False
        if self._probes_differ(batch) and not any(
            matches_probe(
                glob,
                str(record.get("provider")),
                str(record.get("probe")),
                str(record.get("module")),
            )
            for glob in self._globs
        ):
            return False
        return all(filter_.matches(record) for filter_ in self._filters)

    def _levels_differ(self, batch: Batch) -> bool:
        """A topic has records between its level and the next, and the lowest one those below."""
        if self._level is None or batch.kind != "log":
            return False
        number = batch.topic.split(".", 2)[1]
        topic_level = int(number) if number.isdecimal() else 0
        return topic_level <= 10 or topic_level < self._level

    def _probes_differ(self, batch: Batch) -> bool:
        return bool(self._globs) and batch.kind == "probe"


class Printer:
    """Renders for one output. `shown` counts records and firings; `limit` ends them.

    With `column` the pid stands before each record, as from when a second thread has records.
    `render` gives what goes to stdout and what goes to stderr: with `inline` notices stand among
    the records, else beside them, so that a pipe has nothing but records.
    """

    def __init__(
        self,
        renderer: Renderer,
        selection: Selection,
        *,
        as_json: bool = False,
        column: bool = False,
        inline: bool = False,
        limit: int | None = None,
    ) -> None:
        self.shown = 0
        self._renderer = renderer
        self._selection = selection
        self._as_json = as_json
        self._column = column
        self._inline = inline
        self._limit = limit
        self._width = 0

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self.shown >= self._limit

    def render(self, events: Iterable[Event]) -> tuple[bytes, bytes]:
        """The bytes for stdout and for stderr."""
        out: list[bytes] = []
        beside: list[bytes] = []
        for event in events:
            if isinstance(event, Batch):
                notice, fields = _batch_notice(event)
                if notice is not None:
                    self._say(notice, fields, out, beside)
                if event.kind in ("log", "probe"):
                    self._records(event, out)
            elif not (isinstance(event, Left) and event.watched.ended is None):
                self._say(*_event_notice(event), out, beside)
        return b"".join(out), b"".join(beside)

    def summary(self, watched: Iterable[Watched], now: float) -> tuple[bytes, bytes]:
        """The summary, for stdout (`as_json`) and stderr."""
        watched = list(watched)
        if self._as_json:
            return b"".join(_json_line(summary_object(one, now)) for one in watched), b""
        lines = [line for one in watched for line in summary_lines(one, now)]
        came = sum(sum(one.records.values()) + sum(one.firings.values()) for one in watched)
        if self.shown != came:
            lines.append(f"-- {self.shown:,} of {came:,} shown")
        return b"", "".join(f"{visible(line)}\n" for line in lines).encode("utf-8", "replace")

    def _say(
        self, text: str, fields: dict[str, Any], out: list[bytes], beside: list[bytes]
    ) -> None:
        if self._as_json:
            out.append(_json_line(fields))
            return
        line = visible(f"-- {text}").replace("\n", " ")
        if self._inline and self._renderer.color:
            line = paint(line, "dim")
        (out if self._inline else beside).append(f"{line}\n".encode("utf-8", "replace"))

    def _records(self, batch: Batch, out: list[bytes]) -> None:
        if not batch.count or self.full:
            return
        mode, terminal = self._renderer.mode, self._renderer.terminal
        everything = self._selection.takes_all(batch)
        if everything and mode == "bunyan" and self._limit is None and not self._as_json:
            self.shown += batch.count
            lines = visible_json(batch.payload) if terminal else batch.payload
            out.append(lines)
            return
        raw = batch.lines()
        for record, line in zip(batch.records(), raw, strict=False):
            if not (everything or self._selection.takes(batch, record)):
                continue
            if self.full:
                return
            self.shown += 1
            if self._as_json:
                out.append(_json_record(batch, record, line))
            elif mode == "bunyan" and not terminal:
                out.append(line + b"\n")
            else:
                out.append(_encode(self._text(batch, record, line)))

    def _text(self, batch: Batch, record: Any, line: bytes) -> str:
        renderer = self._renderer
        text = (renderer.record if batch.kind == "log" else renderer.firing)(record, line)
        self._column = self._column or batch.tid != 0
        if not self._column or renderer.mode in ("json", "bunyan"):
            return text
        label = f"{batch.pid}/{batch.tid}" if batch.tid else str(batch.pid)
        self._width = max(self._width, len(label))
        shown = label.ljust(self._width)
        if renderer.color:
            shown = paint(shown, process_style(batch.pid))
        margin = "\n" + " " * (self._width + 1)
        return f"{shown} {text[:-1].replace(chr(10), margin)}\n"


def summary_lines(watched: Watched, now: float) -> list[str]:
    """What one process has sent and what it cost, for people."""
    seconds = (watched.until or now) - watched.since
    records = sum(watched.records.values())
    firings = sum(watched.firings.values())
    levels = ", ".join(
        f"{count:,} {level_name(level)}" for level, count in sorted(watched.records.items())
    )
    lines = [
        f"-- {watched.label}: {amount(records, 'log record')}"
        + (f" ({levels})" if levels else "")
        + f", {amount(firings, 'probe firing')}, {watched.dropped:,} dropped,"
        f" {size(watched.bytes)}B in {seconds:.1f} s"
    ]
    most = sorted(watched.firings.items(), key=lambda item: (-item[1], item[0]))
    names = [f"{count:,} {name.replace('.', ':', 1)}" for name, count in most[:6]]
    if names:
        more = len(most) - len(names)
        lines.append("   firings: " + ", ".join(names) + (f" and {more} more" if more else ""))
    if watched.cost_ms is not None:
        share = watched.cost_ms / 10 / seconds if seconds > 0 else 0.0
        lines.append(f"   it cost the process {watched.cost_ms:.1f} ms ({share:.2f} % of the time)")
    return lines


def summary_object(watched: Watched, now: float) -> dict[str, Any]:
    """The same for programs: `{"type": "summary", …}`."""
    return {
        "type": "summary",
        "pid": watched.pid,
        "app": watched.app,
        "records": sum(watched.records.values()),
        "levels": {level_name(level): count for level, count in sorted(watched.records.items())},
        "firings": sum(watched.firings.values()),
        "probes": {name.replace(".", ":", 1): count for name, count in watched.firings.items()},
        "dropped": watched.dropped,
        "bytes": watched.bytes,
        "seconds": round((watched.until or now) - watched.since, 3),
        "cost_ms": None if watched.cost_ms is None else round(watched.cost_ms, 3),
    }


def _event_notice(event: Joined | Left | Told) -> tuple[str, dict[str, Any]]:
    if isinstance(event, Told):
        return event.text, {"type": event.kind, "pid": event.pid, "message": event.text}
    watched = event.watched
    if isinstance(event, Joined):
        return f"{watched.label} joined", {
            "type": "join",
            "pid": watched.pid,
            "app": watched.app,
            "node": watched.node,
            "command": watched.command,
        }
    ended = watched.ended
    reason = ended.reason if ended is not None else "detached"
    code = ended.code if ended is not None else None
    if reason == "exited":
        text = f"exited (code {code})"
    elif reason == "killed":
        text = "gone (killed or crashed)"
    else:
        text = str(ended)
    return f"{watched.label} {text}", {
        "type": "leave",
        "pid": watched.pid,
        "app": watched.app,
        "reason": reason,
        "code": code,
    }


def _batch_notice(batch: Batch) -> tuple[str | None, dict[str, Any]]:
    who = f"{batch.pid}/{batch.tid}" if batch.tid else str(batch.pid)
    if batch.dropped:
        text = f"{who}: {amount(batch.dropped, 'record')} of {batch.topic} dropped ({_TOO_SLOW})"
        return text, {
            "type": "drop",
            "pid": batch.pid,
            "tid": batch.tid,
            "topic": batch.topic,
            "count": batch.dropped,
            "reason": _TOO_SLOW,
        }
    if batch.kind != "agent":
        return None, {}
    events = [event for event in batch.records() if isinstance(event, dict)]
    # That the process ends is said by the line with which it leaves.
    told = [event for event in events if batch.tid or event.get("event") != "exit"]
    if not told:
        return None, {}
    text = f"{who}: " + "; ".join(map(event_text, told))
    return text, {"type": "agent", "pid": batch.pid, "tid": batch.tid, "events": told}


def _encode(text: str) -> bytes:
    try:
        # Bytes that are no UTF-8 go out as they came.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def _json_record(batch: Batch, record: Any, line: bytes) -> bytes:
    head = b'{"type":"%b","pid":%d,"tid":%d,' % (batch.kind.encode(), batch.pid, batch.tid)
    if isinstance(record, NotJson):
        return head + b'"line":' + orjson.dumps(str(record)) + b"}\n"
    # As it came: what was JSON once need not be written again.
    return head + b'"record":' + line + b"}\n"


def _json_line(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
