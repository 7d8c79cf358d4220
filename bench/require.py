"""Require: what `require('nodeobs')` and a first logger add to a process, against requiring an
empty module.

bunyan and pino are measured too, to have something to hold the figures against. The first logger of
a thread makes six probes that the kernel can see.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _processes import ROOT, MeasurementError, cpus, node_binary, runtime_directory
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

CLAIM = "require: time, memory and threads of require('nodeobs'), against an empty module"

# Reports when the agent listens: the price includes the endpoint.
CHILD = """
const fs = require('node:fs');
const [, module, logger] = process.argv;
const now = () => Number(process.hrtime.bigint()) / 1e6;
const start = now();
const it = require(module);
const required = now();
if (logger) it.createLogger({ name: 'bench' });
const ms = required - start;
const logger_ms = now() - required;
const number = (key) => Number(new RegExp(key + ':\\\\s+(\\\\d+)').exec(text)[1]);
let text = '';
(function report() {
  const agent = it.agent?.status().state;
  if (agent === 'starting') return setImmediate(report);
  text = fs.readFileSync('/proc/self/status', 'latin1');
  const rss = number('VmRSS') / 1024;
  console.log(JSON.stringify({ ms, logger_ms, rss, threads: number('Threads'), agent }));
})();
"""


@dataclass(frozen=True, slots=True)
class Required:
    require_ms: float
    logger_ms: float
    process_ms: float
    rss_mib: float
    threads: int


def require(
    module: str, agent: str | None = None, *, logger: bool = False, kernel: bool = True
) -> Required:
    start = time.perf_counter()
    ended = subprocess.run(
        [node_binary(), "-e", CHILD, module, *(["logger"] if logger else [])],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NODEOBS_KERNEL": "" if kernel else "off"},
        preexec_fn=lambda: os.sched_setaffinity(0, cpus()[0]),
    )
    process_ms = (time.perf_counter() - start) * 1000
    if ended.returncode != 0 or ended.stderr:
        raise MeasurementError(f"requiring {module}: {ended.stderr.strip() or ended.returncode}")
    told = json.loads(ended.stdout)
    if told.get("agent") != agent:
        raise MeasurementError(f"the agent is {told.get('agent')}: NODEOBS must not be off")
    return Required(told["ms"], told["logger_ms"], process_ms, told["rss"], told["threads"])


def first_ever(module: str, agent: str) -> Required:
    """With a logger, in a directory where nobody has made its probes before."""
    with runtime_directory():
        return require(module, agent, logger=True)


def measure(runs: int) -> None:
    heading(CLAIM)
    with tempfile.TemporaryDirectory() as directory, runtime_directory():
        empty = Path(directory, "empty.js")
        empty.write_text("'use strict';\n")
        cases = {
            "empty": partial(require, str(empty)),
            "nodeobs": partial(require, str(ROOT), "on"),
            "+ logger": partial(require, str(ROOT), "on", logger=True),
            "+ first ever": partial(first_ever, str(ROOT), "on"),
            "+ kernel off": partial(require, str(ROOT), "on", logger=True, kernel=False),
            "bunyan": partial(require, str(ROOT / "node_modules" / "bunyan")),
            "pino": partial(require, str(ROOT / "node_modules" / "pino")),
        }
        for case in cases.values():
            case()  # into the page cache
        results = collected(in_turns(cases, runs))
    for name, each in results.items():
        threads = max(one.threads for one in each)
        made = [one.logger_ms for one in each]
        print(
            f"  {name:12} require {figure([one.require_ms for one in each], 'ms', 2)}, "
            + (f"logger {figure(made, 'ms', 2)}, " if name.startswith("+") else "")
            + f"whole process {figure([one.process_ms for one in each], 'ms')}, "
            f"RSS {figure([one.rss_mib for one in each], 'MiB')}, {threads} threads"
        )
    ours, peer = results["nodeobs"], results["empty"]
    print(
        "  RSS of the process, nodeobs / empty: "
        f"{Ratio([one.rss_mib for one in ours], [one.rss_mib for one in peer])}"
    )
    logger, off = results["+ logger"], results["+ kernel off"]
    more = statistics.median(
        one.process_ms - other.process_ms for one, other in zip(logger, off, strict=True)
    )
    print(
        "  time of the process with a logger, with / without the kernel: "
        f"{Ratio([one.process_ms for one in logger], [one.process_ms for one in off])}, "
        f"{more:+.1f} ms"
    )
    added = max(one.threads for one in ours + logger) - max(one.threads for one in peer)
    whole = Ratio([one.process_ms for one in ours], [one.process_ms for one in peer])
    print(
        f"time of the process, nodeobs / empty: {whole}; threads added, by a logger too: {added}, "
        f"target 0 threads: {'met' if added == 0 else 'not met'}"
    )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=15)
    finish(lambda: measure(options.runs))
