"""nodeobs ps"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from nodeobs.cli.terminal import colour_wanted, print_lines, table_width
from nodeobs.discovery import processes as discovery
from nodeobs.discovery.processes import NodeProcess, discover
from nodeobs.reports.processes import AgentReport, process_object, processes_table

if TYPE_CHECKING:
    from collections.abc import Sequence

# An agent that has not answered by then has a busy event loop: it is listed as such.
_PATIENCE = 0.7


@click.command(
    "ps",
    short_help="List the Node processes and their agents.",
    epilog="""\b
Examples:
  nodeobs ps                     every Node process this user may see
  nodeobs ps --mine              only this user's
  nodeobs ps --json | jq .app    one JSON object for each process""",
)
@click.option("--mine", is_flag=True, help="Only processes of this user.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def command(mine: bool, as_json: bool) -> None:
    """List the Node processes, whatever their executable is called.

    \b
    NODE   version, ? where it cannot be told from outside
    CPU%   average over the life of the process, as ps(1) has it
    AGENT  version of nodeobs in the process, +N for N worker threads; - where there is none,
           or why it cannot be talked to
    APP    name@version of the package.json nearest to its script
    """
    rows = _with_agents(discover(all_users=not mine))
    if as_json:
        import json

        sys.stdout.write(
            "".join(
                json.dumps(process_object(process, agent), ensure_ascii=False) + "\n"
                for process, agent in rows
            )
            .encode("utf-8", "replace")
            .decode()
        )
        return
    if not rows:
        sys.stderr.write("nodeobs: no Node process is running here\n")
        return
    print_lines(
        processes_table(rows, width=table_width(sys.stdout), colour=colour_wanted(sys.stdout))
    )


def _with_agents(processes: Sequence[NodeProcess]) -> list[tuple[NodeProcess, AgentReport]]:
    endpoints = [
        process.endpoints[0] for process in processes if process.agent_state == discovery.PRESENT
    ]
    answers: dict[int, Any] = {}
    if endpoints:
        from nodeobs.bus.roll_call import roll_call

        called = roll_call(endpoints, client=f"nodeobs ps[{os.getpid()}]", seconds=_PATIENCE)
        answers = {endpoint.pid: answer for endpoint, answer in called.items()}
    return [(process, _agent(process, answers.get(process.pid))) for process in processes]


def _agent(process: NodeProcess, answer: Any) -> AgentReport:
    threads = sum(1 for endpoint in process.endpoints if endpoint.tid)
    if process.agent_state != discovery.PRESENT:
        return AgentReport(process.agent_state, reason=process.reason, threads=threads)
    if answer is None:
        return AgentReport(
            "no answer",
            reason=f"no answer within {_PATIENCE} s: its event loop is busy",
            threads=threads,
        )
    ok, error = answer.get("ok"), answer.get("error")
    if isinstance(error, dict) and error.get("code") == "version":
        versions = error.get("versions") or ["?"]
        return _unknown_version(max(versions, key=str), threads)
    if not isinstance(ok, dict):
        return AgentReport("no answer", reason="its answer cannot be read", threads=threads)
    if ok.get("v") != 1:
        return _unknown_version(ok.get("v"), threads)
    _fill_in(process, ok)
    return AgentReport("ok", version=str(ok.get("agent")), threads=threads)


def _unknown_version(version: object, threads: int) -> AgentReport:
    return AgentReport(
        "unknown version",
        reason=f"it speaks protocol version {version}, which this nodeobs does not know",
        protocol=version,
        threads=threads,
    )


def _fill_in(process: NodeProcess, hello: dict[str, Any]) -> None:
    """The process itself knows better than what can be told from outside."""
    if isinstance(hello.get("node"), str):
        process.node_version = hello["node"].removeprefix("v")
    app = hello.get("app")
    if isinstance(app, dict) and isinstance(app.get("name"), str):
        version = app.get("version")
        process.app = f"{app['name']}@{version}" if isinstance(version, str) else app["name"]
