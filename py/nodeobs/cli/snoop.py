"""nodeobs snoop"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nodeobs.bus.topics import level_number, level_prefixes, probe_prefixes
from nodeobs.cli.durations import duration_option
from nodeobs.cli.target import choose_any, choose_or_wait, target_option
from nodeobs.cli.terminal import colour_wanted, is_terminal, tell
from nodeobs.errors import NodeobsError, output_error
from nodeobs.log.render import MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from nodeobs.reports.snoop import Printer
    from nodeobs.snoop.kernel import KernelSnoop
    from nodeobs.snoop.session import Snoop

#: Seconds that the last output may take.
_PATIENCE = 5.0
#: Exit codes of what ends the command from outside: 128 and the number of the signal.
_SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@click.command(
    "snoop",
    short_help="Show log records of all levels and probe firings, live.",
    epilog="""\b
Examples:
  nodeobs snoop                                  everything from the only process with an agent
  nodeobs snoop -p api -l debug                  its log from debug up, whatever it logs itself
  nodeobs snoop -p '*' -c 'level >= "warn"'      warnings of every process, also of new ones
  nodeobs snoop -p api --recent                  what it logged just now first, then live
  nodeobs snoop -c 'req.method == "POST"' -n 10  the next ten records with such a request
  nodeobs snoop --no-logs --probes 'restify:route-*'
  nodeobs snoop -p 4242 -o bunyan > snooped.log  the records byte for byte
  nodeobs snoop --json -d 10 | jq 'select(.type == "log").record.msg'
  sudo nodeobs snoop --via kernel -p 4242        its probes, whoever made them; needs no agent

Exit status: 0 ok (the process ended, or -d or -n did), 1 failure, 2 usage, 130 Ctrl-C.""",
)
@target_option(multiple=True)
@click.option(
    "-l", "--level", metavar="LEVEL", help="Log records of this level and up, and no probe firings."
)
@click.option(
    "-c",
    "--condition",
    "conditions",
    metavar="FILTER",
    multiple=True,
    help="Only what this expression over the record is true for (docs/filter.md). Repeatable.",
)
@click.option(
    "-o", "--output", "mode", type=click.Choice(MODES), help="How to show records.  [default: long]"
)
@click.option(
    "--probes",
    "globs",
    metavar="GLOB",
    multiple=True,
    help="Only these probes: provider:probe or provider:module:probe. Repeatable.",
)
@click.option(
    "--recent", is_flag=True,
    help="First what was logged lately: the records of the processes' flight recorders.",
)  # fmt: skip
@click.option("--no-probes", is_flag=True, help="No probe firings.")
@click.option("--no-logs", is_flag=True, help="No log records.")
@duration_option
@click.option(
    "-n", "--count", type=click.IntRange(min=1), metavar="COUNT",
    help="Stop after this many records and firings.",
)  # fmt: skip
@click.option(
    "--via",
    type=click.Choice(["bus", "kernel"]),
    default="bus",
    help="How to get at it: by the agent, or, for probes of any program, by the kernel (root).",
)
@click.option(
    "-s", "--strings", "text_bytes", type=click.IntRange(8, 2048), metavar="BYTES",
    help="With --via kernel: how much of a text argument is read.  [default: 256]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, also of notices.")
@click.option("--color/--no-color", "color", default=None, help="[default: on a terminal]")
def command(
    targets: tuple[str, ...],
    level: str | None,
    conditions: tuple[str, ...],
    mode: str | None,
    globs: tuple[str, ...],
    recent: bool,
    no_probes: bool,
    no_logs: bool,
    duration: float | None,
    count: int | None,
    via: str,
    text_bytes: int | None,
    as_json: bool,
    color: bool | None,
) -> int:
    """Show log records of every level, also of those below the level a logger is set to, and
    probe firings, as they happen.

    Several processes are merged in the order of time, with the pid at the left. With a name or
    '*' processes that start later join. Ctrl-C ends it with a summary; what was switched on in
    the processes goes off.
    """
    if as_json and mode is not None:
        raise _usage("--json and -o exclude each other", "-o json prints the records as JSON")
    if no_probes and globs:
        raise _usage("--no-probes and --probes exclude each other", "leave one of them out")
    if via == "kernel" and (level is not None or no_probes):
        raise _usage("the kernel sees probes and no log records", "leave -l and --no-probes out")
    if recent and (via == "kernel" or no_logs):
        raise _usage("--recent is about log records", "leave --via kernel and --no-logs out")
    if via == "bus" and text_bytes is not None:
        raise _usage("-s is for --via kernel", "agents send texts whole")
    wants_probes = (
        bool(globs) or via == "kernel" or not (no_probes or level is not None or mode == "bunyan")
    )
    if no_logs and not wants_probes:
        raise _usage("there is nothing left to show", "leave --no-logs out, or add --probes GLOB")
    number = None if level is None else level_number(level)
    prefixes = [] if no_logs else ["log."] if number is None else level_prefixes(number)
    if wants_probes:
        prefixes += [prefix for glob in globs for prefix in probe_prefixes(glob)] or ["probe."]

    from nodeobs.reports.snoop import Printer, Selection

    filters = []
    if conditions:
        from nodeobs.filter import compile_filter

        filters = [compile_filter(condition) for condition in conditions]
    follow = [spec for spec in targets if not spec.isdecimal()]
    if via == "kernel":
        known, make = _through_kernel(targets, globs, follow, text_bytes)
    else:
        known, make = _through_agents(targets, prefixes, globs, follow, recent)
    painted = colour_wanted(sys.stdout) if color is None else color
    terminal = is_terminal(sys.stdout)

    from nodeobs.log.render import Renderer

    printer = Printer(
        Renderer(mode or "long", color=painted and not as_json, terminal=terminal),
        Selection(number, globs, filters),
        as_json=as_json,
        column=known > 1 or bool(follow),
        inline=terminal,
        limit=count,
    )

    import asyncio

    return asyncio.run(_run(make, printer, duration))


def _through_agents(
    targets: tuple[str, ...],
    prefixes: list[str],
    globs: tuple[str, ...],
    follow: list[str],
    recent: bool,
) -> tuple[int, Callable[[], Snoop | KernelSnoop]]:
    """How many processes there are now, and what makes the session with their agents."""
    chosen = choose_or_wait(targets)

    def make() -> Snoop:
        from nodeobs.snoop.session import Snoop

        return Snoop(chosen, prefixes, follow=follow, globs=globs, recent=recent)

    return len(chosen), make


def _through_kernel(
    targets: tuple[str, ...], globs: tuple[str, ...], follow: list[str], text_bytes: int | None
) -> tuple[int, Callable[[], Snoop | KernelSnoop]]:
    """The same through the kernel."""
    from nodeobs.tracefs.filesystem import open_tracefs

    open_tracefs()  # says what is missing before anything else is wrong
    chosen = choose_any(targets)
    if not chosen:
        tell("no Node process is running here yet; waiting for one")

    def make() -> KernelSnoop:
        from nodeobs.snoop.kernel import KernelSnoop
        from nodeobs.tracefs.plan import TEXT_BYTES

        return KernelSnoop(chosen, globs, follow=follow, text_bytes=text_bytes or TEXT_BYTES)

    return len(chosen), make


async def _run(
    make: Callable[[], Snoop | KernelSnoop], printer: Printer, duration: float | None
) -> int:
    import asyncio
    import contextlib
    import signal
    import time

    from nodeobs.snoop.output import Output

    loop = asyncio.get_running_loop()
    # The exit code, once something has ended it.
    ended: list[int] = []
    impatient = asyncio.Event()

    def stop(code: int) -> None:
        if ended:
            impatient.set()
            return
        ended.append(code)
        showing.cancel()

    async def show() -> None:
        async for events in snoop:
            out, beside = printer.render(events)
            _write_beside(beside)
            await output.write(out)
            if printer.full:
                return

    async def watch_reader() -> None:
        while True:
            await asyncio.sleep(0.5)
            output.check_reader()

    output = Output(sys.stdout.fileno(), on_gone=lambda: stop(0))
    async with make() as snoop:
        showing = asyncio.create_task(show())
        watching = asyncio.create_task(watch_reader())
        for name, code in _SIGNALS.items():
            loop.add_signal_handler(getattr(signal, name), stop, code)
        if duration is not None:
            loop.call_later(duration, stop, 0)
        try:
            await asyncio.wait([showing])
            if not showing.cancelled():
                showing.result()  # raises what went wrong
            ended.append(0)
        finally:
            watching.cancel()
            # A Ctrl-C from before the handlers were there ends us and not it.
            showing.cancel()
            await asyncio.wait([showing])
        if output.error is not None:
            raise output_error(output.error)
        if output.gone:
            return 0
        await _unless(impatient, snoop.settle())
        # Everything has gone off in the processes before a slow reader is waited for.
        rest, beside = printer.render([] if printer.full else snoop.rest())
    summary, summary_beside = printer.summary(snoop.watched, time.monotonic())

    async def write_rest() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await output.write(rest + summary)
                await output.close()

    await _unless(impatient, write_rest())
    if output.error is not None:
        raise output_error(output.error)
    _write_beside(beside + summary_beside)
    return ended[0]


async def _unless(event: Any, work: Any) -> None:
    """Do `work`, but not beyond `event`: a second Ctrl-C."""
    import asyncio

    task, given_up = asyncio.ensure_future(work), asyncio.create_task(event.wait())
    await asyncio.wait([task, given_up], return_when=asyncio.FIRST_COMPLETED)
    for one in (task, given_up):
        one.cancel()


def _write_beside(text: bytes) -> None:
    if text:
        sys.stderr.buffer.write(text)
        sys.stderr.flush()


def _usage(message: str, hint: str) -> NodeobsError:
    return NodeobsError("usage", message, hint, exit_code=2)
