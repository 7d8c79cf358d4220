"""Options that dtrace has and `nodeobs trace` has not: what to use instead."""

from __future__ import annotations

from typing import Final

import click

from nodeobs.errors import NodeobsError

_INSTEAD: Final = {
    "-P": "-n 'PROVIDER:::'",
    "-m": "-n ':MODULE::'",
    "-f": "-n '::FUNCTION:'",
    "-i": "probes go by their names: -n 'provider:::name'",
    "-F": "there is no entry and return to indent by: printf() what you need",
    "-C": "the C preprocessor is not run: leave it out; constants are inline int NAME = 1;",
    "-w": "nodeobs only looks, and has no destructive actions: leave it out",
    "-c": "start the program with node -r nodeobs/register, then -p PID",
    "-b": "-x bufsize=SIZE",
    "-v": "nodeobs trace -l shows the types of a probe's arguments",
    "-V": "nodeobs --version",
    "-D": "pass it as an argument: $1, or $$1 as a text",
}


class DtraceCommand(click.Command):
    """A command that answers dtrace's other options with what there is for them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            instead = _INSTEAD.get(error.option_name)
            if instead is None:
                raise
            raise NodeobsError(
                "usage", f"dtrace's {error.option_name} is not here", instead, exit_code=2
            ) from None
