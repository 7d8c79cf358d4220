"""nodeobs latency"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nodeobs.cli.durations import duration_option, positive_duration
from nodeobs.cli.target import choose_or_wait, target_option
from nodeobs.cli.terminal import tell
from nodeobs.errors import NodeobsError
from nodeobs.latency.grouping import DIMENSIONS, Grouping
from nodeobs.reports.latency import SORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.cli.latency_output import LatencyOutput
    from nodeobs.latency.session import Session
    from nodeobs.snoop.output import Output


@click.command(
    "latency",
    short_help="Show how long requests take, by route and handler.",
    epilog="""\b
Examples:
  nodeobs latency                          routes and handlers of the only process with an agent
  nodeobs latency -p api -d 30 --sort p99  half a minute of everything called api
  nodeobs latency --by status --by route
  nodeobs latency --heatmap                latency over time, live
  nodeobs latency -d 5m -o latency.html    the same as a picture, with the tables
  nodeobs latency --from audit.log         from the audit log of a restify server
  nodeobs latency -n                       the D program that measures

Ctrl-C ends it with the tables. Percentiles are within 1 %; docs/latency.md says how.

Exit status: 0 ok (the process ended, or -d did), 1 failure, 2 usage, 130 Ctrl-C.""",
)
@target_option(multiple=True)
@click.option(
    "--by", "by", type=click.Choice(DIMENSIONS), multiple=True,
    help="What rows are about. Repeatable.  [default: route and handler]",
)  # fmt: skip
@click.option(
    "--sort", type=click.Choice(SORTS), default="count", show_default=True,
    help="The order of rows; time is the sum of all latencies.",
)  # fmt: skip
@click.option("--heatmap", is_flag=True, help="Draw latency over time as well.")
@click.option(
    "-o", "path", metavar="FILE", help="Draw it into FILE.svg, or FILE.html with the tables."
)
@click.option("-f", "--force", is_flag=True, help="Let -o overwrite a file.")
@click.option(
    "--from", "logs", metavar="FILE", multiple=True,
    help="Read audit logs of restify, gzipped or not (- is stdin), instead. Repeatable.",
)  # fmt: skip
@click.option(
    "-i", "--interval", type=positive_duration, metavar="TIME",
    help="How often to refresh, and a column of the heat map.  [default: 1s]",
)  # fmt: skip
@duration_option
@click.option("-n", "only_program", is_flag=True, help="Print the D program and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, at the end.")
def command(
    targets: tuple[str, ...],
    by: tuple[str, ...],
    sort: str,
    heatmap: bool,
    path: str | None,
    force: bool,
    logs: tuple[str, ...],
    interval: float | None,
    duration: float | None,
    only_program: bool,
    as_json: bool,
) -> int:
    """Measure how long requests take: count, rate, percentiles, errors and distribution of each
    route, and of each handler of express, fastify and restify.

    Latencies are aggregated inside the processes, and merged here over processes and threads. On a
    terminal the tables are kept up to date; elsewhere they are printed at the end.
    """
    from nodeobs.cli.latency_output import LatencyOutput
    from nodeobs.cli.picture_file import check_path

    if path is not None:
        check_path(path, force)
    grouping = Grouping.parse(by)
    output = LatencyOutput(sort, heatmap=heatmap, as_json=as_json, path=path, force=force)
    if only_program:
        from nodeobs.latency.program import program_text

        click.echo(program_text(grouping), nl=False)
        return 0
    if logs:
        _check_alone(targets, interval, duration)
        return _from_logs(logs, grouping, output)
    if interval is not None and interval < 0.1:
        raise _usage("the interval is too short", "at least 100ms")

    import asyncio

    from nodeobs.latency.session import Session

    session = Session(
        grouping,
        choose_or_wait(targets),
        output,
        follow=[spec for spec in targets if not spec.isdecimal()],
        interval=interval or 1.0,
        duration=duration,
    )
    return asyncio.run(_run(session, output))


def _check_alone(targets: tuple[str, ...], interval: float | None, duration: float | None) -> None:
    for name, given in (("-p", targets), ("-i", interval), ("-d", duration)):
        if given:
            raise _usage(f"--from and {name} exclude each other", f"leave {name} out")


def _from_logs(logs: Sequence[str], grouping: Grouping, output: LatencyOutput) -> int:
    from nodeobs.latency.audit import AuditLog
    from nodeobs.latency.log_files import LogFiles

    log = AuditLog(grouping)
    with LogFiles() as files:
        for name in logs:
            log.read(files.chunks(name))
    output.print_log(log)
    for name in files.damaged:
        tell(f"{name} is cut off or damaged: what comes behind is missing")
    return 130 if files.interrupted else 1 if files.damaged else 0


async def _run(session: Session, printer: LatencyOutput) -> int:
    from nodeobs.cli.live import close, show_live

    async def show(output: Output) -> None:
        async for _ in session:
            if not session.stopping:
                await output.write(printer.frame(session))
        await output.write(printer.last(session))

    async with session:
        output = await show_live(sys.stdout.fileno(), show, session.stop)
    await close(output)
    if not output.gone:
        for line in printer.beside(session):
            tell(line)
    printer.draw(session.figures, session.timeline, session.seconds, printer.subject(session))
    return 0 if output.gone else session.exit_code


def _usage(message: str, hint: str | None) -> NodeobsError:
    return NodeobsError("usage", message, hint, exit_code=2)
