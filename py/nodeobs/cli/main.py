"""The command `nodeobs`: finds the verb, and turns whatever ends it into an exit code.

Verbs are imported when they are used, so that each pays only for what it needs.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nodeobs import __version__
from nodeobs.errors import NodeobsError, did_you_mean, near_names, output_error

if TYPE_CHECKING:
    from collections.abc import Sequence

# verb: (module, what the list of verbs says). The command is the module's `command`.
_VERBS: dict[str, tuple[str, str]] = {
    "ps": ("nodeobs.cli.ps", "List the Node processes and their agents."),
    "snoop": ("nodeobs.cli.snoop", "Show log records of all levels and probe firings, live."),
    "log": ("nodeobs.cli.log", "Show log files and pipes, filtered and readable."),
    "trace": ("nodeobs.cli.trace", "Run a D program in processes: ask them any question."),
    "latency": ("nodeobs.cli.latency", "Show how long requests take, by route and handler."),
    "http": ("nodeobs.cli.http", "Show HTTP requests, calls and garbage collections, live."),
    "probes": ("nodeobs.cli.probes", "List the probes and who listens to them."),
    "state": ("nodeobs.cli.state", "Show the objects a process keeps: types, tables, one object."),
    "kang": (
        "nodeobs.cli.kang",
        "Show the state that services offer in kang's way, over HTTP or our sockets.",
    ),
    "level": ("nodeobs.cli.level", "Change log levels for a while."),
}

# Errors of a write that are the output's and not ours: a full disk or quota, a broken device.
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

_INTERRUPTED = 130

# Set by the line that a shell's start-up file runs for completion (click documents it).
_COMPLETE = "_NODEOBS_COMPLETE"


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        from importlib import import_module

        command = import_module(_VERBS[cmd_name][0]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            raise NodeobsError(
                "usage",
                f'there is no verb "{args[0]}"',
                did_you_mean(near_names(args[0], _VERBS)) or f"verbs are {', '.join(_VERBS)}",
                exit_code=2,
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Without importing every verb for its first line.
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _VERBS.items()])


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="VERB [ARGS]...",
    epilog="""\b
Examples:
  nodeobs ps                               what runs here, and what can be looked into
  nodeobs snoop -p api -l debug            its log from debug up, whatever level it logs at
  nodeobs latency -p api                   how long its routes and handlers take
  nodeobs trace --scripts                  more questions that can be asked
  nodeobs state -p 4242 logger --watch     its loggers, kept up to date

Exit status: 0 ok, 1 failure, 2 usage, 130 Ctrl-C.  NODEOBS_DEBUG=1 shows tracebacks.""",
)
@click.version_option(__version__, prog_name="nodeobs", message="%(prog)s %(version)s")
def cli() -> None:
    """See what running Node.js processes are doing: their requests, their logs below the level
    they log at, their probes and their state, live, without editing or restarting them."""


def run(args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code, having said on stderr what went wrong."""
    try:
        for stream in (sys.stdout, sys.stderr):
            # A terminal that is not UTF-8 shows what it can.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        if instruction := os.environ.get(_COMPLETE):
            from click.shell_completion import shell_complete

            return shell_complete(cli, {}, "nodeobs", _COMPLETE, instruction)
        words = [*(sys.argv[1:] if args is None else args)] or ["--help"]
        # Not through click's main(), which has its own idea of what a closed pipe exits with.
        with cli.make_context("nodeobs", words) as context:
            result: Any = cli.invoke(context)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except NodeobsError as error:
        _debug()
        return _fail(error.message, error.hint, error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx is not None else "nodeobs"
        return _fail(_uncapitalised(error.format_message()), f"{path} --help", 2)
    except click.ClickException as error:
        return _fail(_uncapitalised(error.format_message()), None, error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    _debug()
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        _forget_output()
        failure = output_error(error)
        return _fail(failure.message, failure.hint, failure.exit_code)
    return _fail(
        f"internal error: {type(error).__name__}: {error}",
        "NODEOBS_DEBUG=1 shows where; please report it",
        1,
    )


def main() -> NoReturn:
    """The entry point."""
    _open_standard_streams()
    code = run()
    if code == _INTERRUPTED:
        # One more Ctrl-C while Python shuts down would end it by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _open_standard_streams() -> None:
    """What the caller has closed (`>&-`) leads nowhere; the next socket would get its number."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, descriptor)
            if null != descriptor:
                os.close(null)
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def _fail(message: str, hint: str | None, exit_code: int) -> int:
    text = f"nodeobs: {message}\n" + (f"  next: {hint}\n" if hint else "")
    try:
        sys.stdout.flush()
    except OSError:
        _forget_output()
    sys.stderr.write(text)
    return exit_code


def _reader_left() -> int:
    """The reader has seen enough."""
    _forget_output()
    return 0


def _forget_output() -> None:
    """What is left in the buffer must not fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _uncapitalised(message: str) -> str:
    message = message.rstrip(".")
    return message[:1].lower() + message[1:]


def _debug() -> None:
    if os.environ.get("NODEOBS_DEBUG"):
        import traceback

        traceback.print_exc()
