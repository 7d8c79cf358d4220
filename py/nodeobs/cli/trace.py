"""nodeobs trace"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from nodeobs.cli.dtrace_options import DtraceCommand
from nodeobs.cli.durations import duration_option
from nodeobs.cli.target import choose_or_wait, target_option
from nodeobs.cli.terminal import (
    has_unicode,
    is_terminal,
    json_line,
    print_json,
    print_lines,
    table_width,
    tell,
)
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.d.printing.screen import Screen
    from nodeobs.d.program import Program
    from nodeobs.d.text import Text
    from nodeobs.discovery.processes import NodeProcess
    from nodeobs.snoop.output import Output


@click.command(
    "trace",
    cls=DtraceCommand,
    short_help="Run a D program in processes: ask them any question.",
    epilog="""\b
Examples:
  nodeobs trace -l 'restify*'                the probes of the only process with an agent
  nodeobs trace -n 'restify*:::route-start { @[copyinstr(arg1)] = count(); }'
  nodeobs trace -p api -d 10 -n 'node*:::gc-done { @[copyinstr(arg3)] = quantize(arg4); }'
  nodeobs trace -q -n 'bunyan*:::log-error { printf("%s", copyinstr(arg0)); }'
  nodeobs trace -p '*' -s handler-timing.d 100     a script, and its argument $1
  nodeobs trace -e -s script.d                     only check it
  nodeobs trace --scripts                          the scripts that come with nodeobs
  nodeobs trace -p api slow-requests 250           one of them, by its name

A script that begins with #!/usr/bin/env -S nodeobs trace -s can be run by its name.
Ctrl-C ends it: END clauses run, aggregations are printed. docs/trace.md has the language.

Exit status: 0 ok, 1 failure, 2 usage and mistakes in the program, 130 Ctrl-C; or what the program
gives exit().""",
)
@target_option(multiple=True)
@click.option("-n", "programs", metavar="PROGRAM", multiple=True, help="A program. Repeatable.")
@click.option("-s", "scripts", metavar="FILE", multiple=True, help="A program in a file.")
@click.option("--scripts", "library", is_flag=True, help="List the scripts that come with nodeobs.")
@click.option("-l", "listing", is_flag=True, help="List the probes that GLOB means, or all.")
@click.option("-q", "quiet", is_flag=True, help="Print only what the program prints.")
@click.option("-o", "path", metavar="FILE", help="Append the output to a file.")
@click.option(
    "-x", "settings", metavar="OPTION[=VALUE]", multiple=True,
    help="An option of D: quiet, aggsortrev, strsize=1k, switchrate=100ms, … Repeatable.",
)  # fmt: skip
@click.option("-e", "check", is_flag=True, help="Check the program and end.")
@click.option("-Z", "zdefs", is_flag=True, help="Allow probe descriptions that match nothing yet.")
@duration_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("words", nargs=-1, metavar="[ARGS]...")
def command(
    targets: tuple[str, ...],
    programs: tuple[str, ...],
    scripts: tuple[str, ...],
    library: bool,
    listing: bool,
    quiet: bool,
    path: str | None,
    settings: tuple[str, ...],
    check: bool,
    zdefs: bool,
    duration: float | None,
    as_json: bool,
    words: tuple[str, ...],
) -> int:
    """Run a program in D, DTrace's language, in one or several processes, without root.

    Clauses run inside the processes, where the probes fire; what they count and measure is
    aggregated there, and merged and printed here. ARGS are $1, $2, … of the program, $$1 as text.
    """
    if library:
        return _list_scripts(as_json)
    if listing:
        from nodeobs.cli.listing import list_probes

        return list_probes(targets, [*programs, *words], as_json=as_json)
    if words and not programs and not scripts:
        # By its name alone: one of the library.
        from nodeobs.d.scripts import find_script

        scripts, words = (find_script(words[0]).path,), words[1:]
    if not programs and not scripts:
        raise _usage("there is no program", "nodeobs trace -n 'PROBE { ACTION }', or -s FILE")

    from nodeobs.d import Text, compile_program
    from nodeobs.d.options import Setting

    texts = [Text(text, _numbered("program", number)) for number, text in enumerate(programs, 1)]
    texts += [_read(name) for name in scripts]
    given = [Setting.parse(setting) for setting in settings]
    flags = {"quiet": quiet, "zdefs": zdefs}
    given += [Setting(name, None) for name, wanted in flags.items() if wanted]
    pids = {int(spec) for spec in targets if spec.isdecimal()}
    program = compile_program(
        texts,
        [scripts[0] if scripts else "nodeobs", *words],
        given,
        target=pids.pop() if len(pids) == 1 else None,
    )
    if check:
        return 0
    # A program of BEGIN, END and ticks alone needs no process.
    chosen = choose_or_wait(targets) if program.agent is not None or targets else []
    follow = [spec for spec in targets if not spec.isdecimal()]

    import asyncio

    return asyncio.run(
        _run(program, chosen, follow, _description(texts, scripts), path, duration, as_json)
    )


def _numbered(word: str, number: int) -> str:
    return word if number == 1 else f"{word} {number}"


def _read(name: str) -> Text:
    from nodeobs.d import Text

    try:
        if name == "-":
            return Text(sys.stdin.read(), "stdin")
        with open(name, encoding="utf-8", errors="replace") as file:
            return Text(file.read(), name)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and "/" not in name:
            from nodeobs.d.scripts import find_script

            return Text(find_script(name).text, name)
        raise _usage(f"cannot read {name}: {error.strerror or error}", None) from None


def _list_scripts(as_json: bool) -> int:
    from nodeobs.d.scripts import script_list, scripts

    if as_json:
        print_json({"name": s.name, "title": s.title, "path": s.path} for s in scripts())
    else:
        print_lines(script_list(table_width(sys.stdout)))
    return 0


def _description(texts: Sequence[Text], scripts: Sequence[str]) -> str:
    if len(texts) > 1:
        return f"{len(texts)} programs"
    if scripts:
        return f"script '{scripts[0]}'"
    # As dtrace has it: the first probe descriptions.
    content = re.sub(r"/\*.*?\*/|//[^\n]*", " ", texts[0].content, flags=re.DOTALL)
    probes = re.split(r"[{/]", content, maxsplit=1)[0]
    return f"description '{' '.join(probes.split()):.80}'"


async def _run(
    program: Program,
    chosen: Sequence[NodeProcess],
    follow: Sequence[str],
    description: str,
    path: str | None,
    duration: float | None,
    as_json: bool,
) -> int:
    from nodeobs.cli.live import close, show_live
    from nodeobs.d.tracing.session import Trace

    separator = b""

    def stop(code: int) -> None:
        nonlocal separator
        # Behind the ^C of the terminal, as dtrace does it.
        separator = b"" if as_json else b"\n"
        trace.stop(code)

    async def show(output: Output) -> None:
        nonlocal separator
        async for shown in trace:
            text = separator + b"".join(map(_encode, shown))
            separator = b""
            await output.write(text)

    descriptor = sys.stdout.fileno() if path is None else _open(path)
    trace = Trace(
        program,
        chosen,
        _screen(path),
        tell,
        follow=follow,
        as_json=as_json,
        description=description,
        duration=duration,
    )
    async with trace:
        output = await show_live(descriptor, show, stop)
    await close(output)
    if path is not None:
        import os

        os.close(descriptor)
    return 0 if output.gone else trace.exit_code or 0


def _open(path: str) -> int:
    import os

    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise _usage(f"cannot write {path}: {error.strerror or error}", None) from None


def _screen(path: str | None) -> Screen:
    from nodeobs.d.printing.screen import Screen

    return Screen(
        unicode=path is not None or has_unicode(sys.stdout),
        terminal=path is None and is_terminal(sys.stdout),
    )


def _encode(shown: str | dict[str, Any]) -> bytes:
    if isinstance(shown, str):
        return shown.encode("utf-8", "backslashreplace")
    return json_line(shown)


def _usage(message: str, hint: str | None) -> NodeobsError:
    return NodeobsError("usage", message, hint, exit_code=2)
