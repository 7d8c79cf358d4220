"""nodeobs kang"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nodeobs.cli.durations import duration_option, positive_duration
from nodeobs.cli.kang_sources import Sources
from nodeobs.cli.session import run
from nodeobs.errors import NodeobsError, did_you_mean, near_names
from nodeobs.reports.table import single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.cli.kang_views import Output, View
    from nodeobs.kang.suppliers import Supplier

# command: how many words come after it, at least and at most
_COMMANDS = {
    "types": (0, 0),
    "list": (1, 1),
    "get": (1, 1),
    "query": (1, 1),
    "snapshot": (0, 0),
    "diff": (0, 2),
}


@click.command(
    "kang",
    short_help="Show the state that services offer in kang's way, over HTTP or our sockets.",
    # -h is the host, as in kang.
    context_settings={"help_option_names": ["--help"]},
    epilog="""\b
Commands:
  (none)              the services, and the types of their objects
  types               the types
  list TYPE           a table of the objects of a type
  get TYPE/ID         an object whole, with the objects it names (links)
  query TYPE[/ID]     a table with every field; -c chooses the rows
  snapshot            what the services answered, one line each, to be saved
  diff [A] [B]        what differs: A and B are saved snapshots or hosts; B is -h, -p or -f when
                      left out; with --after, now and a while later

\b
Examples:
  nodeobs kang -h localhost:8080                      who is it, and what does it keep
  nodeobs kang -h web1:8080,web2:8080 list request    the requests of both
  nodeobs kang -h web1:8080 get request/17 --links 1  one of them, and what it names
  nodeobs kang -h web1:8080 query queue -c 'length > 100'
  nodeobs kang -h web1:8080 snapshot > before.json    later: diff before.json
  nodeobs kang -p api diff --after 10s                what changes in one of our processes
  nodeobs kang -f before.json types --json

Exit status: 0 ok (some services may have failed, see stderr), 1 failure, 2 usage, 130 Ctrl-C.""",
)
@click.option(
    "-h",
    "--host",
    "hosts",
    metavar="HOST[,HOST]...",
    multiple=True,
    help="[http[s]://]host[:port][/uri]. Repeatable.  [default: $KANG_SOURCES]",
)
@click.option(
    "-p",
    "--process",
    "targets",
    metavar="PID|NAME",
    multiple=True,
    help="One of our own processes, over its socket; may be a glob. Repeatable.",
)
@click.option(
    "-f", "--file", "files", metavar="FILE", multiple=True,
    help="A saved snapshot; - is stdin. Repeatable.",
)  # fmt: skip
@click.option(
    "-c", "--condition", "conditions", metavar="FILTER", multiple=True,
    help="With list, query: only objects that this is true for (docs/filter.md). Repeatable.",
)  # fmt: skip
@click.option(
    "--links", "depth", type=click.IntRange(0, 10), default=0, metavar="N",
    help="With get: show the objects it names as well, N links deep.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Objects in a table.",
)  # fmt: skip
@click.option("--merged", is_flag=True, help="With snapshot: one object, merged as kang does.")
@click.option(
    "--after", type=positive_duration, metavar="TIME",
    help="With diff: compare now with what is there after this time.",
)  # fmt: skip
@click.option("-i", "--interactive", is_flag=True, help="Browse it (docs/browser.md).")
@click.option("--watch", is_flag=True, help="Keep it up to date until Ctrl-C.")
@click.option(
    "--interval", type=positive_duration, metavar="TIME", default="2s", show_default=True,
    help="With --watch and -i: how often.",
)  # fmt: skip
@duration_option
@click.option(
    "--timeout", type=positive_duration, metavar="TIME", default="15s", show_default=True,
    help="That a host may take to answer.",
)  # fmt: skip
@click.option("--insecure", is_flag=True, help="Trust any certificate of an https:// host.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("words", nargs=-1, metavar="[COMMAND [ARG]...]")
def command(
    hosts: tuple[str, ...],
    targets: tuple[str, ...],
    files: tuple[str, ...],
    conditions: tuple[str, ...],
    depth: int,
    limit: int,
    merged: bool,
    after: float | None,
    interactive: bool,
    watch: bool,
    interval: float,
    duration: float | None,
    timeout: float,
    insecure: bool,
    as_json: bool,
    words: tuple[str, ...],
) -> None:
    """Show the state of services that offer it in kang's way: snapshots of several services at
    once, merged into one picture."""
    from nodeobs.cli import kang_output as output
    from nodeobs.cli import kang_views as views

    name, arguments = _parsed(words)
    _check_options(name, conditions, depth, merged, after, watch or interactive)
    if interactive and (watch or as_json or conditions or depth):
        raise _usage("-i cannot be combined with --watch, --json, -c or --links", "/ filters there")
    if duration is not None and not watch:
        raise _usage("-d goes with --watch", "nodeobs kang --help")
    sources = Sources(hosts, targets, files, timeout, insecure)
    shown = views.Output(as_json)
    if name == "diff":
        run(_diff(sources, arguments, after, shown))
        return
    suppliers = sources.required()
    if interactive:
        run(_browse(suppliers, arguments[0] if arguments else None, interval, limit))
        return
    filters = views.compiled(conditions)
    plain: dict[str, View] = {
        "": views.Overview(),
        "types": views.Types(),
        "snapshot": views.Whole(merged),
    }
    if name == "list":
        view: View = views.Objects(arguments[0], filters, limit, every_field=False)
    elif name == "query":
        view = views.Objects(arguments[0], filters, limit, every_field=True)
    elif name == "get":
        view = views.One(arguments[0], depth)
    else:
        view = plain[name]
    if watch:
        run(output.watch(suppliers, view, shown, interval, duration))
    else:
        run(output.once(suppliers, view, shown))


def _parsed(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command and what comes after it."""
    if not words:
        return "", ()
    name, *arguments = words
    if name not in _COMMANDS:
        near = did_you_mean(near_names(name, _COMMANDS))
        shown = single_line(name)
        host = f"-h {shown} for a host" if any(mark in name for mark in ".:/") else None
        raise _usage(f'kang has no command "{shown}"', host or near or "nodeobs kang --help")
    least, most = _COMMANDS[name]
    if not least <= len(arguments) <= most:
        wanted = {"get": "TYPE/ID", "list": "TYPE", "query": "TYPE[/ID]", "diff": "[A] [B]"}
        text = f"{name} {wanted.get(name, '')}".rstrip()
        raise _usage(f"it is: nodeobs kang … {text}", "nodeobs kang --help")
    return name, arguments


def _check_options(
    name: str,
    conditions: Sequence[str],
    depth: int,
    merged: bool,
    after: float | None,
    live: bool,
) -> None:
    """An option that would be ignored is more likely a mistake."""
    for given, option, commands in (
        (bool(conditions), "-c", ("list", "query")),
        (depth > 0, "--links", ("get",)),
        (merged, "--merged", ("snapshot",)),
        (after is not None, "--after", ("diff",)),
    ):
        if given and name not in commands:
            raise _usage(f"{option} goes with {' and '.join(commands)}", "nodeobs kang --help")
    if live and name in ("snapshot", "diff"):
        raise _usage(f"{name} cannot be watched", "diff --after 10s compares two moments")


async def _browse(
    suppliers: Sequence[Supplier], at: str | None, interval: float, limit: int
) -> None:
    from nodeobs.browser.session import browse
    from nodeobs.kang.source import KangSource

    await browse(KangSource(suppliers), at=at, interval=interval, limit=limit)


async def _diff(sources: Sources, words: Sequence[str], after: float | None, shown: Output) -> None:
    from nodeobs.cli import kang_output as output

    if after is not None:
        if words:
            raise _usage("--after compares -h, -p or -f with itself", "leave A and B out")
        suppliers = sources.required()
        await output.compare(suppliers, suppliers, shown, after)
    elif not words:
        raise _usage("diff needs something to compare with", "diff A B, diff A, or --after TIME")
    else:
        sides = [sources.named(word) for word in words]
        await output.compare(sides[0], sides[1] if sides[1:] else sources.required(), shown)


def _usage(message: str, hint: str | None) -> NodeobsError:
    return NodeobsError("usage", message, hint, exit_code=2)
