"""nodeobs level"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from nodeobs.bus.topics import level_name, level_number
from nodeobs.cli.durations import positive_duration
from nodeobs.cli.session import ask, attached, run
from nodeobs.cli.target import choose_one, target_option
from nodeobs.cli.terminal import colour_wanted, print_json, print_lines, table_width, tell
from nodeobs.errors import NodeobsError
from nodeobs.reports.level import changes_table
from nodeobs.reports.quantities import amount, duration

if TYPE_CHECKING:
    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.process import Process
    from nodeobs.reports.where import Place

_Change = tuple["Place", dict[str, Any]]

# How long Ctrl-C waits for the process to confirm; it reverts by itself anyway.
_GOODBYE = 1.0
_LOOK_FOR_THREADS = 0.5


@click.command(
    "level",
    short_help="Change log levels for a while.",
    epilog="""\b
Examples:
  nodeobs level -p api debug --for 2m      every logger of the process
  nodeobs level -p api db trace            one logger, for five minutes
  nodeobs level -p api debug --stream file only the streams with that name
  nodeobs level -p 4242 35 --for 30s       numbers work as well

The levels go back when the time is over, on Ctrl-C, and when this command is killed.
To see records below a logger's level without changing what it writes: nodeobs snoop""",
)
@target_option(multiple=False)
@click.option(
    "--for",
    "seconds",
    type=positive_duration,
    metavar="TIME",
    default="5m",
    show_default=True,
    help="How long.",
)
@click.option("--stream", metavar="NAME", help="Only the streams that have this name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("words", nargs=-1, required=True, metavar="[LOGGER] LEVEL")
def command(
    target: str | None,
    seconds: float,
    stream: str | None,
    as_json: bool,
    words: tuple[str, ...],
) -> None:
    """Set the level of LOGGER, or of all loggers, and hold it until the time is over.

    LEVEL is trace, debug, info, warn, error, fatal, or a number.
    """
    if len(words) > 2:
        raise click.UsageError(f"one LOGGER and one LEVEL, not {' '.join(words)}")
    level = level_number(words[-1])
    logger = words[0] if len(words) == 2 else None
    run(_hold(choose_one(target), logger, stream, level, seconds, as_json))


async def _hold(
    found: NodeProcess,
    logger: str | None,
    stream: str | None,
    level: int,
    seconds: float,
    as_json: bool,
) -> None:
    async with attached([found], "level") as (process,):
        ends = time.monotonic() + seconds
        changes = await _change(process, logger, stream, level, seconds)
        if not changes:
            raise NodeobsError(
                "not_found",
                f"{process.label} has no loggers",
                "loggers are made by nodeobs.createLogger",
            )
        _show(changes, seconds, as_json)
        held = {tid for (_, tid), _ in changes}
        try:
            while process.ended is None and (left := ends - time.monotonic()) > 0:
                await _pause(process, min(left, _LOOK_FOR_THREADS))
                if new := set(process.threads) - held:
                    held |= new
                    await _change_new_threads(process, new, logger, stream, level, ends)
        except asyncio.CancelledError:
            await _revert(process, logger, held)
            _show_reverted(process, changes, "", as_json)
            raise
        if process.ended is not None:
            tell(f"{process.label} {process.ended}")
            return
        # The process does so by itself: this makes sure that what is said now is true.
        await _revert(process, logger, held)
        _show_reverted(process, changes, f" after {duration(seconds)}", as_json)


async def _change(
    process: Process, logger: str | None, stream: str | None, level: int, seconds: float
) -> list[_Change]:
    answers = await ask(
        [process],
        lambda process, tid: process.set_level(
            level, logger=logger, stream=stream, seconds=seconds, tid=tid
        ),
    )
    return [
        ((process.pid, tid), change)
        for process, tid, answer in answers
        for change in answer.get("changed") or []
    ]


async def _change_new_threads(
    process: Process,
    tids: set[int],
    logger: str | None,
    stream: str | None,
    level: int,
    ends: float,
) -> None:
    for tid in tids:
        try:
            left = max(0.001, ends - time.monotonic())
            await process.set_level(level, logger=logger, stream=stream, seconds=left, tid=tid)
        except NodeobsError as error:
            if error.code not in ("not_found", "no_thread", "ended"):
                tell(error.message)


async def _revert(process: Process, logger: str | None, tids: set[int]) -> None:
    async def revert(tid: int) -> None:
        try:
            await process.set_level(None, logger=logger, tid=tid)
        except NodeobsError:
            return  # it has ended, and with it what it had changed

    try:
        async with asyncio.timeout(_GOODBYE):
            await asyncio.gather(*map(revert, tids))
    except TimeoutError:
        tell(f"{process.label} does not answer; it reverts as soon as its event loop runs")


async def _pause(process: Process, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await process.wait_ended()
    except TimeoutError:
        return


def _show(changes: list[_Change], seconds: float, as_json: bool) -> None:
    until = time.time() + seconds
    if as_json:
        print_json(
            {
                "event": "changed",
                "pid": pid,
                "tid": tid,
                "logger": change.get("name"),
                "from": change.get("from"),
                "to": change.get("to"),
                "until": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until)),
            }
            for (pid, tid), change in changes
        )
        return
    print_lines(
        changes_table(changes, width=table_width(sys.stdout), colour=colour_wanted(sys.stdout))
    )
    clock = time.strftime("%H:%M:%S", time.localtime(until))
    print_lines([f"until {clock} (for {duration(seconds)}); Ctrl-C reverts at once"])
    sys.stdout.flush()


def _show_reverted(process: Process, changes: list[_Change], after: str, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "event": "reverted",
                "pid": pid,
                "tid": tid,
                "logger": change.get("name"),
                "level": change.get("from"),
            }
            for (pid, tid), change in changes
        )
        return
    levels = {change.get("from") for _, change in changes}
    to = f" to {level_name(int(levels.pop() or 0))}" if len(levels) == 1 else ""
    print_lines([f"{process.label}: {amount(len(changes), 'logger')} reverted{to}{after}"])
    sys.stdout.flush()
