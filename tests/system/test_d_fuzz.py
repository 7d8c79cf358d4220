"""Whatever compiles does no harm: random programs run in a process, which goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.py.d_programs import programs
from tests.system.traces import is_live

from nodeobs import attach
from nodeobs.d import DError, Program, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.d.printing.screen import PLAIN
from nodeobs.d.tracing.session import Trace
from nodeobs.discovery.processes import find

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNode

PROBES = (
    "shop*:::item-sold",
    "shop*:::wide",
    "shop*:::item-sold, BEGIN",
    "BEGIN",
    "tick-1ms",
    "END",
)

#: Bounds that programs run into.
NARROW = [Setting.parse(text) for text in ("aggkeys=3", "dynvars=2", "strsize=4", "rate=10")]
PLAIN_OPTIONS = [Setting.parse("quiet")]


def compiled(text: str, given_: list[Setting]) -> Program | None:
    try:
        # The last clause has is_live() know that it runs.
        return compile_program([Text(text), Text("shop*:::item-sold {}")], settings=given_)
    except DError:
        return None


async def run(program: Program, child: Child, *, as_json: bool) -> list[Any]:
    """Run a program while its probes fire; what it prints. Raises what goes wrong with it."""
    shown: list[Any] = []
    told: list[str] = []
    trace = Trace(program, find(str(child.pid)), PLAIN, told.append, as_json=as_json)

    async def show() -> None:
        async for part in trace:
            shown.extend(part)

    async with trace:
        showing = asyncio.create_task(show())
        while not showing.done() and not await asyncio.to_thread(is_live, child):
            pass
        for command in ("fire 5", "odd", "wide"):
            await asyncio.to_thread(child.do, command)
        trace.stop(0)
        await showing
    return shown


@pytest.mark.parametrize("narrow", [False, True])
def test_random_programs_do_no_harm(node: StartNode, narrow: bool) -> None:
    child = node("trace_app.js")
    ran: list[Program] = []
    printed: list[Any] = []

    @settings(
        deadline=None,
        max_examples=40,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(programs(*PROBES), st.booleans())
    def run_one(text: str, as_json: bool) -> None:
        program = compiled(text, NARROW if narrow else PLAIN_OPTIONS)
        if program is not None:
            printed.extend(asyncio.run(run(program, child, as_json=as_json)))
            ran.append(program)

    run_one()
    assert len(ran) > 20
    assert len(printed) > 100
    child.do("fire 1")

    async def left() -> dict[str, Any]:
        async with attach(child.pid) as process:
            return await process.stats()

    stats = asyncio.run(left())
    assert (stats["traces"], stats["memory"]["traces"]) == ([], 0)
    child.tell("exit 0")
    assert child.wait() == 0
    assert child.err.all() == []
