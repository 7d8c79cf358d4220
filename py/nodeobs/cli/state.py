"""nodeobs state"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from nodeobs.cli.durations import positive_duration
from nodeobs.cli.screen import Screen
from nodeobs.cli.session import ask, attached, run
from nodeobs.cli.target import choose, target_option
from nodeobs.cli.terminal import colour_wanted, print_json, table_width, tell
from nodeobs.errors import NodeobsError
from nodeobs.reports.state import object_trees, objects_table, types_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.process import Process

# The figures of the event loop are those of a window which opens when somebody first asks.
_LOOP_WINDOW = 1.0


@click.command(
    "state",
    short_help="Show the objects a process keeps: types, tables, one object.",
    epilog="""\b
Examples:
  nodeobs state                       the types of objects, and how many of each
  nodeobs state logger                a table of the loggers
  nodeobs state process/4242 --watch  memory, event-loop lag, handles, kept up to date
  nodeobs state -p api queue/jobs --json | jq .object""",
)
@target_option(multiple=True)
@click.option("--watch", is_flag=True, help="Keep it up to date until Ctrl-C.")
@click.option(
    "-i",
    "--interval",
    type=positive_duration,
    metavar="TIME",
    default="1s",
    show_default=True,
    help="With --watch: how often.",
)
@click.option(
    "-d", "--duration", type=positive_duration, metavar="TIME", help="With --watch: for how long."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Objects in a table, per thread.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("what", required=False, metavar="[TYPE[/ID]]")
def command(
    targets: tuple[str, ...],
    watch: bool,
    interval: float,
    duration: float | None,
    limit: int,
    as_json: bool,
    what: str | None,
) -> None:
    """Show the objects that a process has registered, and those that nodeobs registers by itself:
    loggers, providers, the process.

    Without arguments the types, with TYPE a table of its objects, with TYPE/ID one object whole.
    """
    type_name, slash, object_id = (what or "").partition("/")
    if type_name and slash and object_id:
        view: _View = _OneObject(type_name, object_id)
    elif type_name:
        view = _Objects(type_name, limit)
    else:
        view = _Types()
    chosen = choose(targets)
    run(
        _watch(chosen, view, as_json, interval, duration) if watch else _once(chosen, view, as_json)
    )


class _View:
    """One thing to ask of every thread, and how to show the answers."""

    async def ask(self, process: Process, tid: int) -> Any:
        raise NotImplementedError

    def lines(self, answers: Sequence[tuple[Process, int, Any]]) -> list[str]:
        raise NotImplementedError

    def objects(self, answers: Sequence[tuple[Process, int, Any]]) -> list[dict[str, Any]]:
        raise NotImplementedError


class _Types(_View):
    async def ask(self, process: Process, tid: int) -> Any:
        return await process.state_types(tid=tid)

    def lines(self, answers: Sequence[tuple[Process, int, Any]]) -> list[str]:
        return types_table(
            [((process.pid, tid), row) for process, tid, rows in answers for row in rows],
            width=table_width(sys.stdout),
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Sequence[tuple[Process, int, Any]]) -> list[dict[str, Any]]:
        return [
            {"pid": process.pid, "tid": tid, **row}
            for process, tid, rows in answers
            for row in rows
        ]


class _Objects(_View):
    def __init__(self, type_name: str, limit: int) -> None:
        self._type = type_name
        self._limit = limit

    async def ask(self, process: Process, tid: int) -> Any:
        return await process.state_list(self._type, limit=self._limit, tid=tid)

    def lines(self, answers: Sequence[tuple[Process, int, Any]]) -> list[str]:
        return objects_table(
            [((process.pid, tid), answer) for process, tid, answer in answers],
            width=table_width(sys.stdout),
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Sequence[tuple[Process, int, Any]]) -> list[dict[str, Any]]:
        for process, tid, answer in answers:
            if answer.get("truncated"):
                tell(
                    f"{process.pid} thread {tid}: {len(answer['objects']):,} of "
                    f"{answer['total']:,} {self._type} shown; --limit N shows more"
                )
        return [
            {"pid": process.pid, "tid": tid, "type": self._type, **entry}
            for process, tid, answer in answers
            for entry in answer.get("objects") or []
        ]


class _OneObject(_View):
    def __init__(self, type_name: str, object_id: str) -> None:
        self._type = type_name
        self._id = object_id

    async def ask(self, process: Process, tid: int) -> Any:
        value = await process.state_get(self._type, self._id, tid=tid)
        if _window_too_short(value):
            await asyncio.sleep(_LOOP_WINDOW)
            value = await process.state_get(self._type, self._id, tid=tid)
        return value

    def lines(self, answers: Sequence[tuple[Process, int, Any]]) -> list[str]:
        return object_trees(
            [((process.pid, tid), value) for process, tid, value in answers],
            f"{self._type}/{self._id}",
            colour=colour_wanted(sys.stdout),
        )

    def objects(self, answers: Sequence[tuple[Process, int, Any]]) -> list[dict[str, Any]]:
        return [
            {
                "pid": process.pid,
                "tid": tid,
                "type": self._type,
                "id": self._id,
                "object": value,
            }
            for process, tid, value in answers
        ]


def _window_too_short(value: Any) -> bool:
    loop = value.get("loop") if isinstance(value, dict) else None
    window = loop.get("window_ms") if isinstance(loop, dict) else None
    return isinstance(window, int | float) and window < _LOOP_WINDOW * 500


async def _once(targets: Sequence[NodeProcess], view: _View, as_json: bool) -> None:
    async with attached(targets, "state") as processes:
        answers = await ask(processes, view.ask)
    if as_json:
        print_json(view.objects(answers))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in view.lines(answers)))


async def _watch(
    targets: Sequence[NodeProcess],
    view: _View,
    as_json: bool,
    interval: float,
    duration: float | None,
) -> None:
    ends = time.monotonic() + duration if duration is not None else None
    screen = Screen(sys.stdout)
    async with attached(targets, "state") as processes:
        while True:
            started = time.monotonic()
            try:
                answers = await ask(processes, view.ask)
            except NodeobsError:
                if await _still_there(processes, 0):
                    raise
                return
            now = time.strftime("%H:%M:%S")
            if as_json:
                print_json({"time": now, **entry} for entry in view.objects(answers))
            else:
                screen.show(f"-- {now}", view.lines(answers))
            pause = max(0.0, started + interval - time.monotonic())
            if ends is not None and time.monotonic() + pause >= ends:
                return
            if processes := await _still_there(processes, pause):
                continue
            return


async def _still_there(processes: Sequence[Process], pause: float) -> list[Process]:
    """Wait, and tell of the processes that ended meanwhile."""
    endings = [asyncio.ensure_future(process.wait_ended()) for process in processes]
    await asyncio.wait(endings, timeout=pause, return_when=asyncio.ALL_COMPLETED)
    for ending in endings:
        ending.cancel()
    for process in processes:
        if process.ended is not None:
            tell(f"{process.label}: {process.ended}")
    return [process for process in processes if process.ended is None]
