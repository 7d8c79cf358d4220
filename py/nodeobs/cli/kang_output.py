"""nodeobs kang: fetching and printing, once, again and again, and twice to compare."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

from nodeobs.cli.kang_views import Whole
from nodeobs.cli.screen import Screen
from nodeobs.cli.terminal import print_json, print_lines, tell
from nodeobs.errors import NodeobsError
from nodeobs.javascript import UNDEFINED
from nodeobs.kang.collect import collect
from nodeobs.kang.difference import difference
from nodeobs.reports import kang as reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.cli.kang_views import Output, View
    from nodeobs.kang.collect import Collection
    from nodeobs.kang.difference import Change
    from nodeobs.kang.suppliers import Supplier


async def once(suppliers: Sequence[Supplier], view: View, output: Output) -> None:
    found = await collect(suppliers, with_fields=view.with_fields)
    _tell_of(found)
    _print(view, found, output)


async def watch(
    suppliers: Sequence[Supplier],
    view: View,
    output: Output,
    interval: float,
    duration: float | None,
) -> None:
    """Again and again. What fails meanwhile may be there again the next time."""
    ends = time.monotonic() + duration if duration is not None else None
    screen = Screen(sys.stdout)
    while True:
        started = time.monotonic()
        now = time.strftime("%H:%M:%S")
        try:
            found = await collect(suppliers, with_fields=view.with_fields)
            messages = found.messages()
            lines = [] if output.as_json else view.lines(found, output)
            objects = view.objects(found) if output.as_json else []
        except NodeobsError as error:
            lines, objects, messages = [], [], [error.message]
        if output.as_json:
            for message in messages:
                tell(message)
            print_json({"time": now, **one} for one in objects)
        else:
            screen.show(f"-- {now}", [*reports.failure_lines(messages), *lines])
        pause = max(0.0, started + interval - time.monotonic())
        if ends is not None and time.monotonic() + pause >= ends:
            return
        await asyncio.sleep(pause)


async def compare(
    first: Sequence[Supplier], second: Sequence[Supplier], output: Output, after: float = 0.0
) -> None:
    before = await collect(first)
    _tell_of(before)
    await asyncio.sleep(after)
    now = await collect(second)
    _tell_of(now)
    changes = difference(before.snapshot, now.snapshot)
    if output.as_json:
        print_json(map(_change, changes))
    else:
        print_lines(reports.difference_lines(changes, width=output.width, colour=output.colour))


def _print(view: View, found: Collection, output: Output) -> None:
    if output.as_json or isinstance(view, Whole):
        print_json(view.objects(found))
    else:
        print_lines(view.lines(found, output))


def _tell_of(found: Collection) -> None:
    for message in found.messages():
        tell(message)


def _change(change: Change) -> dict[str, Any]:
    entry = change.entry
    return {
        "change": change.kind,
        "type": entry.type,
        "id": entry.id,
        "origin": entry.origin,
        "fields": [
            {
                "path": one.path,
                **({} if one.before is UNDEFINED else {"before": one.before}),
                **({} if one.after is UNDEFINED else {"after": one.after}),
            }
            for one in change.fields
        ],
    }
