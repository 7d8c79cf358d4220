"""nodeobs log"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from nodeobs.cli.terminal import colour_wanted, is_terminal
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.logfile.fields import FieldChoice
    from nodeobs.logfile.selection import Selection
    from nodeobs.logfile.span import Span

#: Lines of each file that following begins with.
_LAST = 10


def _count(text: str) -> int | str:
    """A number of lines, or `all`."""
    if text == "all":
        return text
    if not (text.isascii() and text.isdecimal()):
        raise click.BadParameter(f"{text!r} is neither a number nor all")
    return int(text)


@click.command(
    "log",
    short_help="Show log files and pipes, filtered and readable.",
    epilog="""\b
Examples:
  nodeobs log -l warn api.log api.log.1.gz     several files in the order of time
  node app.js | nodeobs log                    instead of bunyan or pino-pretty
  nodeobs log -f -o short api.log              what is written from now on, through rotations
  nodeobs log --since -15m -c 'latency > 500' api.log
  nodeobs log -c '/timeout/i.test(err.message)' -o 'template:{time} {req.url|-30} {msg}' api.log
  nodeobs log --stats api.log                  levels, loggers, messages and latencies in it

For what a process does not write, see nodeobs snoop.

Exit status: 0 ok, 1 a file cannot be read, 2 usage, 130 Ctrl-C.""",
)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-l", "--level", metavar="LEVEL", help="Only records of this level and up.")
@click.option(
    "-c", "--condition", "conditions", metavar="FILTER", multiple=True,
    help="Only records that this expression is true for (docs/filter.md). Repeatable.",
)  # fmt: skip
@click.option("--since", metavar="TIME", help="Only from then on: -15m, 10:30, 2026-11-24, …")
@click.option("--until", metavar="TIME", help="Only before then.")
@click.option("--strict", is_flag=True, help="Leave out lines that are no log records.")
@click.option("-f", "--follow", is_flag=True, help="Wait for more, also when files are rotated.")
@click.option(
    "-n", "--lines", "last", type=_count, metavar="COUNT",
    help="Begin with the last so many lines of each file, or all.  [default: all; with -f, 10]",
)  # fmt: skip
@click.option(
    "-o", "--output", "mode", metavar="MODE",
    help="How to show records: long, short, simple, json, json-N, bunyan, inspect or "
    "template:TEXT with {expressions}.  [default: long]",
)  # fmt: skip
@click.option("-j", "as_indented", is_flag=True, help="As -o json.")
@click.option("-0", "as_lines", is_flag=True, help="As -o bunyan.")
@click.option(
    "-i", "--include", "included", metavar="FIELD,…", multiple=True,
    help="Of fields that not every record has, only these.",
)  # fmt: skip
@click.option(
    "-I", "--hide", "hidden", metavar="FIELD,…", multiple=True,
    help="None of these fields. Also req.headers, hostname, pid.",
)  # fmt: skip
@click.option("-L", "local", is_flag=True, help="As --time local.")
@click.option(
    "--time", "zone", type=click.Choice(["utc", "local"]),
    help="In which zone times are shown, and --since and --until read.  [default: utc]",
)  # fmt: skip
@click.option("--stats", is_flag=True, help="Count instead of showing.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per line: as -o bunyan --strict."
)
@click.option("--color/--no-color", "color", default=None, help="[default: on a terminal]")
@click.option(
    "--pager/--no-pager", "pager", default=None,
    help="Show files through $PAGER or less.  [default: on a terminal]",
)  # fmt: skip
@click.option("-p", "process", metavar="PID", hidden=True)
def command(
    files: tuple[str, ...],
    level: str | None,
    conditions: tuple[str, ...],
    since: str | None,
    until: str | None,
    strict: bool,
    follow: bool,
    last: int | str | None,
    mode: str | None,
    as_indented: bool,
    as_lines: bool,
    included: tuple[str, ...],
    hidden: tuple[str, ...],
    local: bool,
    zone: str | None,
    stats: bool,
    as_json: bool,
    color: bool | None,
    pager: bool | None,
    process: str | None,
) -> int:
    """Show log records of files, or of stdin: of bunyan, pino and winston, and the lines between
    them.

    Files may be compressed by gzip; `-` is stdin. Several are merged by time, each of them taken
    to be in order. A line that is no record stays behind the record before it.
    """
    if process is not None:
        raise _usage("-p is for running processes", f"nodeobs snoop -p {process}")
    if not files and is_terminal(sys.stdin):
        raise _usage(
            "there is no FILE, and nothing on stdin", "nodeobs log FILE, or … | nodeobs log"
        )
    names = files or ("-",)
    if follow:
        _check_followed(names)
    local = local or zone == "local"
    chosen = _chosen_mode(mode, as_indented, as_lines, as_json)
    first = _first_lines(last, following=follow and since is None)
    selection = _selection(level, conditions, since, until, strict=strict or as_json, local=local)
    painted = _color_wanted() if color is None else color

    from nodeobs.cli.log_output import LogReader

    reader = LogReader(names, first, selection.span)
    if stats:
        if follow or mode is not None or as_indented or as_lines:
            raise _usage("--stats counts and shows no records", "leave -f and -o out")
        from nodeobs.cli.log_stats import show_stats

        return show_stats(reader, selection, as_json=as_json, color=painted)

    from nodeobs.cli.log_output import LogOutput
    from nodeobs.cli.pager import paging_wanted
    from nodeobs.log.output_mode import renderer_of
    from nodeobs.logfile.view import View

    terminal = is_terminal(sys.stdout)
    renderer = renderer_of(chosen, color=painted, terminal=terminal, local=local)
    choice = _field_choice(included, hidden)
    output = LogOutput(reader, lambda: View(renderer, selection, choice), color=painted)
    if follow and names != ("-",):
        return output.follow()
    return output.show(paged=bool(files) and not follow and paging_wanted(pager))


def _check_followed(names: tuple[str, ...]) -> None:
    if "-" in names and len(names) > 1:
        raise _usage("stdin cannot be followed with files", "leave - out, or -f")
    for name in names:
        if name.endswith(".gz"):
            raise _usage(f"{name} is compressed, and does not grow", "leave -f out")


def _chosen_mode(mode: str | None, as_indented: bool, as_lines: bool, as_json: bool) -> str:
    asked = [
        name for name, given in (("json", as_indented), ("bunyan", as_lines or as_json)) if given
    ]
    if mode is not None:
        asked.append(mode)
    if len(set(asked)) > 1:
        raise _usage(f"-o {asked[0]} and -o {asked[1]} exclude each other", "leave one of them out")
    return asked[0] if asked else "long"


def _first_lines(last: int | str | None, *, following: bool) -> int | None:
    if last is None:
        return _LAST if following else None
    return last if isinstance(last, int) else None


def _color_wanted() -> bool:
    return colour_wanted(sys.stdout) and not os.environ.get("BUNYAN_NO_COLOR")


def _selection(
    level: str | None,
    conditions: tuple[str, ...],
    since: str | None,
    until: str | None,
    *,
    strict: bool,
    local: bool,
) -> Selection:
    from nodeobs.bus.topics import level_number
    from nodeobs.logfile.selection import Selection

    filters = []
    if conditions:
        from nodeobs.filter import compile_filter

        filters = [compile_filter(condition) for condition in conditions]
    return Selection(
        level=None if level is None else level_number(level),
        filters=filters,
        span=_span(since, until, local=local),
        strict=strict,
    )


def _span(since: str | None, until: str | None, *, local: bool) -> Span | None:
    """The times of --since and --until as records have them."""
    if since is None and until is None:
        return None
    import datetime

    from nodeobs.cli.moments import parse_moment
    from nodeobs.log.times import iso
    from nodeobs.logfile.span import Span

    now = datetime.datetime.now(datetime.UTC)
    if local:
        now = now.astimezone()
    first = None if since is None else parse_moment(since, "--since", now)
    end = None if until is None else parse_moment(until, "--until", now, after=first)
    if first is not None and end is not None and end <= first:
        raise _usage("--until is not after --since", "then there is nothing to show")
    return Span(iso(first) if first else None, iso(end) if end else None)


def _field_choice(included: tuple[str, ...], hidden: tuple[str, ...]) -> FieldChoice | None:
    if not included and not hidden:
        return None
    from nodeobs.logfile.fields import FieldChoice

    return FieldChoice(_names(included), _names(hidden))


def _names(lists: tuple[str, ...]) -> list[str]:
    return [name for one in lists for name in one.split(",") if name]


def _usage(message: str, hint: str) -> NodeobsError:
    return NodeobsError("usage", message, hint, exit_code=2)
