"""nodeobs state"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import click

from nodeobs.cli.durations import parse_duration, positive_duration
from nodeobs.cli.screen import Screen
from nodeobs.cli.session import ask, attached, run
from nodeobs.cli.state_views import Objects, OneObject, Stuck, Types, View
from nodeobs.cli.target import choose, target_option
from nodeobs.cli.terminal import print_json, tell
from nodeobs.errors import NodeobsError
from nodeobs.reports.stuck import PENDING_KINDS, PENDING_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.process import Process

_STUCK_AFTER = "10s"


@click.command(
    "state",
    short_help="Show the objects a process keeps: types, tables, one object.",
    epilog="""\b
Examples:
  nodeobs state                       the types of objects, and how many of each
  nodeobs state request --sort ms     a table: the requests in flight, the oldest first
  nodeobs state handle -c 'kind == "tcp" && read > 1e6'
  nodeobs state process/4242 --watch  memory, event-loop lag, handles, kept up to date
  nodeobs state --stuck 5s            what began 5 s ago and has not ended: who never called back
  nodeobs state --stuck queue         the same of one type, 10 s ago
  nodeobs state -p api queue/jobs --json | jq .object
  nodeobs state -p api -i             look around in it""",
)
@target_option(multiple=True)
@click.option(
    "--stuck",
    is_flag=False,
    flag_value=_STUCK_AFTER,
    metavar="[TIME]",
    help=f"What has been pending for longer: flows, tasks, requests.  [TIME: {_STUCK_AFTER}]",
)
@click.option(
    "-c",
    "--condition",
    "conditions",
    metavar="FILTER",
    multiple=True,
    help="Only the rows that this expression is true for (docs/filter.md). Repeatable.",
)
@click.option(
    "--sort", metavar="FIELD", help="Order a table: numbers from the largest, texts from A."
)
@click.option("--watch", is_flag=True, help="Keep it up to date until Ctrl-C.")
@click.option(
    "-i",
    "--interactive",
    is_flag=True,
    help="Browse it: sort, filter, follow links (docs/browser.md).",
)
@click.option(
    "--interval",
    type=positive_duration,
    metavar="TIME",
    default="1s",
    show_default=True,
    help="With --watch and -i: how often.",
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
    stuck: str | None,
    conditions: tuple[str, ...],
    sort: str | None,
    watch: bool,
    interactive: bool,
    interval: float,
    duration: float | None,
    limit: int,
    as_json: bool,
    what: str | None,
) -> None:
    """Show the objects that a process has registered, and those that are there by themselves:
    the process, its servers, requests in flight, handles, worker threads, loggers, providers,
    flows.

    Without arguments the types, with TYPE a table of its objects, with TYPE/ID one object whole.
    """
    if interactive:
        if watch or as_json or sort or conditions or stuck is not None or duration is not None:
            raise click.UsageError(
                "-i cannot be combined with --watch, --json, -d, --stuck, --sort or -c"
            )
        from nodeobs.browser.start import browse_processes

        browse_processes(targets, at=what, interval=interval, limit=limit)
        return
    if duration is not None and not watch:
        raise click.UsageError("-d needs --watch")
    if what is not None and what.startswith("/"):
        raise click.UsageError("the type is missing: nodeobs state TYPE/ID")
    older = None
    if stuck is not None:
        older, what = _stuck_after(stuck, what)
        _check_pending(what)
    view = _view(what or "", older, conditions, sort, limit)
    chosen = choose(targets)
    run(
        _watch(chosen, view, as_json, interval, duration) if watch else _once(chosen, view, as_json)
    )


def _stuck_after(value: str, what: str | None) -> tuple[float, str | None]:
    """The time and the type: what follows `--stuck` may be either."""
    try:
        return parse_duration(value), what
    except ValueError:
        if what is None:
            return parse_duration(_STUCK_AFTER), value
        # TYPE may have been taken for the time, and the time for TYPE.
        try:
            return parse_duration(what), value
        except ValueError:
            raise click.BadParameter(
                f"{value!r} is not a duration; use 30s, 2m, 1h30m", param_hint="--stuck"
            ) from None


def _check_pending(what: str | None) -> None:
    name = what.partition("/")[0].removeprefix("nodeobs.") if what else None
    if name is not None and name not in (*PENDING_TYPES, *PENDING_KINDS):
        raise click.BadParameter(
            f"{name!r} is neither a time such as 30s, nor what can be pending: "
            f"{', '.join(PENDING_TYPES)}, or a kind such as task or pipeline",
            param_hint="--stuck",
        )


def _view(
    what: str, older: float | None, conditions: Sequence[str], sort: str | None, limit: int
) -> View:
    type_name, slash, object_id = what.partition("/")
    one = bool(type_name and slash and object_id)
    if older is not None:
        return Stuck(older, type_name or None, object_id or None, limit, conditions, sort)
    if type_name and not one:
        return Objects(type_name, limit, conditions, sort)
    if conditions or sort is not None:
        option = "-c" if conditions else "--sort"
        raise click.UsageError(f"{option} needs a table: nodeobs state TYPE {option} …")
    return OneObject(type_name, object_id) if one else Types()


async def _once(targets: Sequence[NodeProcess], view: View, as_json: bool) -> None:
    async with attached(targets, "state") as processes:
        answers = await ask(processes, view.ask)
    if as_json:
        _tell_all(view.notes(answers))
        print_json(view.objects(answers))
    else:
        lines = [*view.lines(answers), *view.notes(answers), *view.next_steps(answers)]
        sys.stdout.write("".join(f"{line}\n" for line in lines))


async def _watch(
    targets: Sequence[NodeProcess],
    view: View,
    as_json: bool,
    interval: float,
    duration: float | None,
) -> None:
    ends = time.monotonic() + duration if duration is not None else None
    screen = Screen(sys.stdout)
    told: list[str] = []
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
            notes = view.notes(answers)
            if as_json:
                if notes != told:
                    _tell_all(notes)
                    told = notes
                print_json({"time": now, **entry} for entry in view.objects(answers))
            else:
                screen.show(f"-- {now}", [*view.lines(answers), *notes])
            pause = max(0.0, started + interval - time.monotonic())
            if ends is not None and time.monotonic() + pause >= ends:
                return
            if processes := await _still_there(processes, pause):
                continue
            return


def _tell_all(notes: Sequence[str]) -> None:
    for note in notes:
        tell(note)


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
