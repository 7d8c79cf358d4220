"""nodeobs http"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nodeobs.cli.durations import duration_option, positive_duration
from nodeobs.cli.target import choose_or_wait
from nodeobs.cli.terminal import (
    colour_wanted,
    has_unicode,
    is_terminal,
    json_line,
    table_width,
    tell,
)
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.http.session import HttpTrace
    from nodeobs.reports.http import Printer
    from nodeobs.snoop.output import Output


@click.command(
    "http",
    short_help="Show HTTP requests, calls and garbage collections, live.",
    epilog="""\b
Examples:
  nodeobs http                           each request that the only process has answered
  nodeobs http -cgls                     also its calls and collections, and where they begin
  nodeobs http -p api -o +status,route   more columns beside the usual ones
  nodeobs http -o time,reqid,latency,url these columns
  nodeobs http --slow 100ms              what took as long as that
  nodeobs http --status 5xx,404,aborted  what went wrong
  nodeobs http --filter 'host.startsWith("eu.") && bytes > 1e6'
  nodeobs http -p '*' -d 10 --json | jq 'select(.latency_ms > 50).url'
  nodeobs http -n -cg > http.d           the D program; nodeobs trace -s http.d runs it

\b
Columns:
  time pid probe which latency method path url raddr rport fd status bytes reqid
  route host thread kind error id        (docs/http.md says what they are)

Exit status: 0 ok (the process ended, or -d did), 1 failure, 2 usage, 130 Ctrl-C.""",
)
@click.option("-s", "server", is_flag=True, help="Requests to servers.  [default without -c, -g]")
@click.option("-c", "client", is_flag=True, help="Calls of clients: http, https and fetch.")
@click.option("-g", "gc", is_flag=True, help="Garbage collections.")
@click.option("-l", "starts", is_flag=True, help="A line where a request begins, too.")
@click.option("-n", "dry", is_flag=True, help="Print the D program that would run, and end.")
@click.option(
    "-o", "outputs", metavar="COLUMNS", multiple=True,
    help="These columns, with commas; +COLUMNS adds to the usual ones.",
)  # fmt: skip
@click.option(
    "-p",
    "--process",
    "processes",
    metavar="PID|NAME",
    multiple=True,
    help="A process: its pid, a name as `nodeobs ps` shows it (may be a glob), or '*'; several "
    "pids with commas. Repeatable.  [default: the only one with an agent]",
)
@click.option(
    "-t", "arguments", type=click.Choice(["translated", "simple"]), default="translated",
    help="Which arguments of the probes the program reads.  [default: translated]",
)  # fmt: skip
@click.option("--slow", type=positive_duration, metavar="TIME", help="Only what took as long.")
@click.option(
    "--status", "statuses", metavar="STATUSES", multiple=True,
    help="Only responses with 404, 5xx, 500-503, aborted, …, with commas.",
)  # fmt: skip
@click.option(
    "--filter", "conditions", metavar="FILTER", multiple=True,
    help="Only rows that this expression is true for (docs/filter.md). Repeatable.",
)  # fmt: skip
@duration_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--color/--no-color", "color", default=None, help="[default: on a terminal]")
def command(
    server: bool,
    client: bool,
    gc: bool,
    starts: bool,
    dry: bool,
    outputs: tuple[str, ...],
    processes: tuple[str, ...],
    arguments: str,
    slow: float | None,
    statuses: tuple[str, ...],
    conditions: tuple[str, ...],
    duration: float | None,
    as_json: bool,
    color: bool | None,
) -> int:
    """Show each HTTP request as it is answered, with how long that took: of servers, or of
    clients (-c), and garbage collections (-g). The application needs no code for it.

    Aborted requests are shown as such, and so are those that had begun before. Ctrl-C ends it
    with a summary: how many, how fast, how many failed, over everything, shown or not.
    """
    from nodeobs.http.columns import COLUMNS, columns
    from nodeobs.http.selection import Selection
    from nodeobs.http.statuses import Statuses

    if starts and (slow is not None or statuses):
        raise NodeobsError(
            "usage",
            f"-l and --{'status' if statuses else 'slow'} exclude each other",
            "where a request begins, nothing is known of that; leave -l out",
            exit_code=2,
        )
    chosen_columns = columns(outputs, starts=starts)
    filters = []
    if conditions:
        from nodeobs.filter import compile_filter

        filters = [compile_filter(condition) for condition in conditions]
    selection = Selection(
        columns=chosen_columns,
        server=server or not (client or gc),
        client=client,
        gc=gc,
        starts=starts,
        whole=as_json or bool(filters),
        translated=arguments == "translated",
        slow=None if slow is None else round(slow * 1e9),
        statuses=Statuses.parse(statuses) if statuses else None,
    )
    if dry:
        from nodeobs.http.program import program_text

        sys.stdout.write(program_text(selection, _heading()))
        return 0
    targets = [pid for spec in processes for pid in _pids(spec)]

    import asyncio

    from nodeobs.http.session import HttpTrace
    from nodeobs.reports.http import Printer

    trace = HttpTrace(
        selection,
        choose_or_wait(targets),
        tell,
        follow=[spec for spec in targets if not spec.isdecimal()],
        duration=duration,
    )
    printer = Printer(
        tuple(COLUMNS.values()) if as_json else chosen_columns,
        filters,
        as_json=as_json,
        inline=is_terminal(sys.stdout),
        colour=colour_wanted(sys.stdout) if color is None else color,
        width=table_width(sys.stdout),
    )

    return asyncio.run(_run(trace, printer, as_json=as_json))


def _pids(spec: str) -> list[str]:
    """Pids may be given as nhttpsnoop takes them: with commas or blanks between."""
    words = spec.replace(",", " ").split()
    return words if words and all(word.isdecimal() for word in words) else [spec]


def _heading() -> str:
    """The command line, for the comment in the program."""
    import shlex

    words = sys.argv[1:]
    if words[:1] != ["http"]:
        return "nodeobs http"
    return f"nodeobs {shlex.join(words)}"


async def _run(trace: HttpTrace, printer: Printer, *, as_json: bool) -> int:
    from nodeobs.cli.live import close, show_live
    from nodeobs.reports.http_summary import summary_lines, summary_object

    async def show(output: Output) -> None:
        title = printer.title()
        async for events in trace:
            out, beside = printer.render(events)
            _write_beside(beside)
            if events:
                await output.write(title + out)
                title = b""

    async with trace:
        output = await show_live(sys.stdout.fileno(), show, trace.stop)
    if as_json and not output.gone:
        await output.write(json_line(summary_object(trace.totals, printer.shown)))
    await close(output)
    if output.gone:
        return 0
    if not as_json:
        unicode = has_unicode(sys.stderr)
        lines = summary_lines(trace.totals, printer.shown, unicode=unicode)
        _write_beside("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
    return trace.exit_code or 0


def _write_beside(text: bytes) -> None:
    if text:
        sys.stderr.buffer.write(text)
        sys.stderr.flush()
