"""Log files to the screen: nodeobs log against bunyan's command and pino-pretty, by CPU time.

All read the same file of 300,000 bunyan records (55 MB) and write to a file. What nodeobs and
bunyan write is compared byte for byte, so that the same work is measured. Peak memory is that of
the process on the file, and on one of 1 GB, which also says how long a GB takes.
"""

from __future__ import annotations

import datetime
import filecmp
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from _processes import ROOT, MeasurementError, node_binary
from _runs import Ratio, arguments, collected, figure, finish, heading, in_turns

CLAIM = "logview: nodeobs log on 300,000 records, against bunyan's command and pino-pretty"
RECORDS = 300_000
LARGE = 1_000_000_000
TARGETS = {"level": 3.0, "long": 1.0, "pretty": 2.5, "memory": 1.1}

BUNYAN = ROOT / "node_modules/bunyan/bin/bunyan"
PINO_PRETTY = Path(os.environ.get("PINO_PRETTY", ROOT / "node_modules/pino-pretty")) / "bin.js"
NODEOBS = Path(sys.executable).with_name("nodeobs")

WORDS = ("cache", "handled", "request", "for", "user", "order", "payment", "retry", "upstream")
STACK = (
    "Error: connect ECONNREFUSED 10.0.0.7:5432\n"
    "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)\n"
    "    at query (/srv/orders/lib/db.js:81:12)"
)


@dataclass(frozen=True, slots=True)
class Viewed:
    cpu_s: float
    wall_s: float
    rss_mb: float


def write_log(path: Path, records: int) -> None:
    """What an HTTP service logs: few errors, some requests with responses, many short records."""
    choose = random.Random(1)
    at = datetime.datetime(2026, 11, 23, 8, tzinfo=datetime.UTC)
    with path.open("w", encoding="utf-8") as out:
        for _ in range(records):
            at += datetime.timedelta(milliseconds=choose.randrange(20))
            json.dump(record(choose, at), out, separators=(",", ":"))
            out.write("\n")


def record(choose: random.Random, at: datetime.datetime) -> dict[str, object]:
    level = choose.choices((10, 20, 30, 40, 50, 60), (3, 30, 62, 4, 0.95, 0.05))[0]
    fields: dict[str, object] = {
        "name": choose.choice(("orders-api", "billing")),
        "hostname": "web-1.example.net",
        "pid": choose.choice((4242, 4243)),
    }
    if choose.random() < 0.4:
        fields["component"] = choose.choice(("db", "http", "queue"))
    if choose.random() < 0.4:
        fields["req_id"] = f"{choose.getrandbits(48):012x}"
    fields["level"] = level
    kind = choose.random()
    if level >= 50:
        fields["err"] = {
            "message": "connect ECONNREFUSED 10.0.0.7:5432",
            "name": "Error",
            "stack": STACK,
            "code": "ECONNREFUSED",
        }
    elif kind < 0.04:
        fields["req"] = {
            "method": "GET",
            "url": f"/users/{choose.randrange(10**6)}",
            "headers": {"host": "orders.example.net", "user-agent": "curl/8.5.0"},
            "remoteAddress": "10.0.0.9",
            "remotePort": choose.randrange(1024, 65536),
        }
        fields["res"] = {
            "statusCode": 200,
            "header": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        }
    elif kind < 0.6:
        fields["latency"] = choose.randrange(400)
        fields["route"] = choose.choice(("getuser", "postorder"))
    fields["msg"] = " ".join(choose.choices(WORDS, k=choose.randrange(2, 6)))
    fields["time"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields["v"] = 0
    return fields


def view(command: list[str], log: Path, output: Path) -> Viewed:
    """Run a viewer: CPU time of the process and its threads, and its peak memory."""
    peak = 0
    with log.open("rb") as source, output.open("wb") as destination:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=destination)
        status = Path(f"/proc/{process.pid}/status")
        ended = 0
        while not ended:
            # Not from the usage: that has the memory of this process in it, from before the exec.
            if found := re.search(r"VmHWM:\s+(\d+)", status.read_text()):
                peak = int(found[1])
            time.sleep(0.02)
            ended, code, usage = os.wait4(process.pid, os.WNOHANG)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode != 0:
        raise MeasurementError(f"{' '.join(command)} exits with {process.returncode}")
    return Viewed(usage.ru_utime + usage.ru_stime, wall, peak / 1024)


def measure(runs: int) -> None:
    heading(CLAIM)
    if not NODEOBS.exists():
        raise MeasurementError(f"there is no {NODEOBS}: make setup")
    with tempfile.TemporaryDirectory(prefix="nodeobs-bench-") as name:
        directory = Path(name)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(directory / "compiled")  # as where it is installed
        log = directory / "api.log"
        write_log(log, RECORDS)
        size = log.stat().st_size / 1e6
        print(f"  {RECORDS:,} records, {size:.0f} MB; CPU time of whole processes")
        compare(directory, log, runs)
        grow(directory, log)


def compare(directory: Path, log: Path, runs: int) -> None:
    bunyan = [node_binary(), str(BUNYAN), "--no-color", str(log)]
    nodeobs = [str(NODEOBS), "log", str(log)]
    field, word = ["-c", "this.latency > 395"], ["-c", "/payment retry/.test(this.msg)"]
    commands = {
        "nodeobs log -l error": [*nodeobs, "-l", "error"],
        "bunyan -l error": [*bunyan, "-l", "error"],
        "nodeobs log": nodeobs,
        "bunyan": bunyan,
        "nodeobs log -c field": [*nodeobs, *field],
        "bunyan -c field": [*bunyan, *field],
        "nodeobs log -c word": [*nodeobs, *word],
        "bunyan -c word": [*bunyan, *word],
    }
    pretty = PINO_PRETTY.exists()
    if pretty:
        commands["pino-pretty"] = [node_binary(), str(PINO_PRETTY), "--no-color"]
    outputs = {case: directory / f"{case.replace(' ', '_')}.out" for case in commands}
    cases = {case: partial(view, command, log, outputs[case]) for case, command in commands.items()}
    cases["nodeobs log -l error"]()  # compiles what is not compiled yet
    results = collected(in_turns(cases, runs))
    for ours, peer in (
        ("nodeobs log -l error", "bunyan -l error"),
        ("nodeobs log", "bunyan"),
        ("nodeobs log -c field", "bunyan -c field"),
        ("nodeobs log -c word", "bunyan -c word"),
    ):
        if not filecmp.cmp(outputs[ours], outputs[peer], shallow=False):
            raise MeasurementError(f"{ours} and {peer} show different text")
    for case, each in results.items():
        print(
            f"  {case:21} {figure([one.cpu_s for one in each], 's CPU', 3)}, "
            f"{figure([one.rss_mb for one in each], 'MB', 0)}"
        )

    def faster(ours: str, peer: str) -> Ratio:
        return Ratio([one.cpu_s for one in results[peer]], [one.cpu_s for one in results[ours]])

    for what in ("field", "word"):
        ratio = faster(f"nodeobs log -c {what}", f"bunyan -c {what}")
        print(f"-c, a {what}, bunyan / nodeobs: {ratio}")
    if pretty:
        ratio = faster("nodeobs log", "pino-pretty")
        target = TARGETS["pretty"]
        print(f"long, pino-pretty / nodeobs: {ratio}, target >= {target}: {ratio.at_least(target)}")
    else:
        print("long, pino-pretty / nodeobs: not measured: there is no pino-pretty in node_modules")
    for what, ours, peer in (
        ("long", "nodeobs log", "bunyan"),
        ("level", "nodeobs log -l error", "bunyan -l error"),
    ):
        ratio, target = faster(ours, peer), TARGETS[what]
        print(f"{what}, bunyan / nodeobs: {ratio}, target >= {target}: {ratio.at_least(target)}")


def grow(directory: Path, log: Path) -> None:
    """The same file many times over: time and memory of a GB."""
    large, output = directory / "large.log", directory / "large.out"
    copies = -(-LARGE // log.stat().st_size)
    if shutil.disk_usage(directory).free < 2 * copies * log.stat().st_size:
        print(f"a GB: not measured: there is no room for it in {directory}")
        return
    with large.open("wb") as out:
        for _ in range(copies):
            with log.open("rb") as source:
                shutil.copyfileobj(source, out, 1 << 20)
    size = large.stat().st_size / 1e9
    for what, options in (("-l error", ["-l", "error"]), ("long", [])):
        small = view([str(NODEOBS), "log", *options, str(log)], log, output)
        big = view([str(NODEOBS), "log", *options, str(large)], large, output)
        print(
            f"a GB, {what}: {big.wall_s / size:.2f} s, {big.cpu_s / size:.2f} s CPU, "
            f"{1 / (big.wall_s / size):.2f} GB/s"
        )
        ratio, target = Ratio([big.rss_mb], [small.rss_mb]), TARGETS["memory"]
        print(
            f"peak memory, {what}, 1 GB / 55 MB: {ratio}, {big.rss_mb:.0f} MB, "
            f"target <= {target}: {ratio.at_most(target)}"
        )


if __name__ == "__main__":
    options = arguments(CLAIM, runs=7)
    finish(lambda: measure(options.runs))
