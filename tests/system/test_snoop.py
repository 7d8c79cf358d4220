"""`nodeobs snoop` on real processes, from another terminal as it were."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
NODE = os.environ.get("NODEOBS_TEST_NODE", "node")
NODEOBS = [sys.executable, "-m", "nodeobs"]
# Only for what would otherwise hang; nothing waits this long when it works.
PATIENCE = 30

#: Started with what it should do; does as it is told on stdin, a line of JavaScript each.
APP = """
const nodeobs = require('ROOT');
const fs = require('node:fs');
const log = nodeobs.createLogger({ name: 'orders', level: 'info',
  stream: fs.createWriteStream('/dev/null') });
const provider = nodeobs.createDTraceProvider('shop');
const sold = provider.addProbe('item-sold', 'int', 'char *');
provider.enable();
const say = (text) => fs.writeSync(1, text + '\\n');
require('node:readline').createInterface({ input: process.stdin })
  .on('line', (line) => { try { eval(line); } catch (error) { say(`${error}`); } })
  .on('close', () => process.exit(0));
let live = false;
setInterval(() => {
  const now = log.debug({ quiet: true }, 'pulse') === undefined && sold.fire(() => [0, 'pulse']);
  if (Boolean(now) !== live) say((live = Boolean(now)) ? 'probe on' : 'probe off');
}, 20);
say('ready');
"""


class App:
    """A Node process that does what it is told."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def do(self, script: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(script.encode() + b"\n")
        self._process.stdin.flush()

    def until(self, text: str) -> None:
        """Read what it says up to a line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.decode().strip() == text:
                return
        raise AssertionError(f"the app ended without saying {text!r}")


class Snoop:
    """A running `nodeobs snoop`, with what it has printed so far."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*NODEOBS, "snoop", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
        )
        self.out = ""
        self.err = ""

    def until(self, condition: Callable[[Snoop], object]) -> None:
        """Read until `condition` holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self):
            if not self._read(max(0.0, deadline - time.monotonic())):
                raise AssertionError(f"it never came:\n{self.out}\n-- stderr\n{self.err}")

    def end(self, number: int | None = None) -> int:
        """Send a signal, if one is given, read the rest and return the exit code."""
        if number is not None:
            self.process.send_signal(number)
        while self._read(PATIENCE):
            pass
        return self.process.wait(PATIENCE)

    def _read(self, seconds: float) -> bool:
        streams = [s for s in (self.process.stdout, self.process.stderr) if s and not s.closed]
        ready, _, _ = select.select(streams, [], [], seconds) if streams else ([], [], [])
        for stream in ready:
            data = os.read(stream.fileno(), 1 << 16).decode()
            if not data:
                stream.close()
            elif stream is self.process.stdout:
                self.out += data
            else:
                self.err += data
        return bool(ready)


class World:
    """Starts apps and snoops, and ends them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = contextlib.ExitStack()
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("NODEOBS")},
            "NODEOBS_RUNTIME_DIR": str(directory / "run"),
            "NODEOBS_DEBUG": "1",
        }

    def app(self, name: str = "shop.js", **env: str) -> App:
        script = self._directory / name
        script.write_text(APP.replace("ROOT", str(ROOT)))
        process = self._stack.enter_context(
            subprocess.Popen(
                [NODE, str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**self.env, **env},
            )
        )
        self._stack.callback(process.kill)
        app = App(process)
        app.until("ready")
        return app

    def snoop(self, *arguments: object) -> Snoop:
        snoop = Snoop([str(argument) for argument in arguments], self.env)
        self._stack.enter_context(snoop.process)
        self._stack.callback(snoop.process.kill)
        return snoop

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def joined(snoop: Snoop) -> bool:
    return " joined" in snoop.err


def objects(text: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in map(json.loads, text.splitlines()) if one["type"] == kind]


@pytest.mark.smoke
def test_debug_records_and_firings_of_an_app_that_logs_at_info(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid)
    app.until("probe on")
    app.do("log.trace({ req: { method: 'GET', url: '/a', headers: { host: 'h' } } }, 'seen')")
    app.do("sold.fire(() => [7, 'a pear'])")
    snoop.until(lambda s: "a pear" in s.out)
    assert snoop.end(signal.SIGINT) == 130
    app.until("probe off")
    when = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]"
    assert re.search(rf"^{when} DEBUG: orders/{app.pid} on \S+: pulse \(quiet=true\)$", snoop.out,
                     re.MULTILINE)  # fmt: skip
    assert re.search(rf"^{when} TRACE: orders/{app.pid} on \S+: seen\n    GET /a HTTP/1\.1\n"
                     r"    host: h$", snoop.out, re.MULTILINE)  # fmt: skip
    assert re.search(rf'^{when} PROBE: shop/{app.pid}: item-sold 7 "a pear"$', snoop.out,
                     re.MULTILINE)  # fmt: skip
    assert snoop.err.startswith(f"-- {app.pid} ")
    assert re.search(r"\d+ log records \(1 trace, \d+ debug\), \d+ probe firings, 0 dropped",
                     snoop.err)  # fmt: skip
    assert re.search(r"it cost the process \d+\.\d ms", snoop.err)


def test_a_count_ends_it_and_switches_everything_off(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid, "-n", 3, "-o", "bunyan", "--probes", "shop:*")
    assert snoop.end() == 0
    assert len(snoop.out.splitlines()) == 3
    app.until("probe off")


def test_levels_filters_and_globs_choose(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid, "-l", "35", "-o", "simple", "-c", "msg != 'no'")
    snoop.until(joined)
    app.do("for (const l of ['debug','info','warn','error']) { log[l]('no'); log[l]('yes'); }")
    app.do("log.info({ level: 35 }, 'between'); log.fatal('last')")
    snoop.until(lambda s: "last" in s.out)
    assert snoop.end(signal.SIGTERM) == 143
    assert snoop.out.splitlines() == [
        "WARN - yes", "ERROR - yes", "LVL35 - between", "FATAL - last",
    ]  # fmt: skip
    snoop = world.snoop("-p", app.pid, "--no-logs", "--probes", "s*:item-*", "-c", "args[0] > 8",
                        "-o", "short", "-n", 1)  # fmt: skip
    app.until("probe on")
    app.do("sold.fire(() => [8, 'a']); sold.fire(() => [9, 'b'])")
    assert snoop.end() == 0
    assert re.fullmatch(r'\S+Z PROBE shop: item-sold 9 "b"\n', snoop.out)


def test_a_probe_that_does_not_exist_yet(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid, "--no-logs", "--probes", "shop:item-lost", "-n", 1)
    snoop.until(lambda s: "no probe matches shop:item-lost" in s.err)
    assert "did you mean shop:item-sold?" in snoop.err
    app.do("provider.addProbe('item-lost', 'int').fire(() => [1])")
    assert snoop.end() == 0
    assert "PROBE: shop/" in snoop.out


def test_the_end_of_the_process_ends_it(world: World) -> None:
    for script, line in (
        ("log.fatal('the last word'); process.exit(3)", "exited (code 3)"),
        ("log.fatal('the last word'); setImmediate(() => process.kill(process.pid, 'SIGKILL'))",
         "gone (killed or crashed)"),
    ):  # fmt: skip
        app = world.app()
        snoop = world.snoop("-p", app.pid)
        app.until("probe on")
        app.do(script)
        assert snoop.end() == 0
        assert re.search(rf"^-- {app.pid} \S+ {re.escape(line)}$", snoop.err, re.MULTILINE)
        if "exited" in line:
            assert "the last word" in snoop.out


def test_processes_with_a_name_join_and_leave(world: World) -> None:
    first = world.app("shopkeeper.js")
    snoop = world.snoop("-p", "shopkeeper*", "-l", "warn", "-o", "simple")
    snoop.until(joined)
    second = world.app("shopkeeper2.js")
    snoop.until(lambda s: s.err.count(" joined") == 2)
    first.do("log.warn('one')")
    snoop.until(lambda s: "one" in s.out)
    second.do("log.warn('two')")
    snoop.until(lambda s: "two" in s.out)
    first.do("process.exit(0)")
    snoop.until(lambda s: f"-- {first.pid} " in s.err and "exited (code 0)" in s.err)
    second.do("process.exit(0)")
    snoop.until(lambda s: "nobody is left; waiting for shopkeeper*" in s.err)
    assert snoop.end(signal.SIGINT) == 130
    width = max(len(str(first.pid)), len(str(second.pid)))
    assert re.fullmatch(rf"{first.pid}\s+WARN - one\n{second.pid}\s+WARN - two\n", snoop.out)
    assert all(line.index("WARN") == width + 1 for line in snoop.out.splitlines()[1:])


def test_processes_and_threads_are_merged_in_the_order_of_time(world: World) -> None:
    apps = [world.app(), world.app()]
    worker = (
        "const { createLogger } = require('ROOT'); const w = createLogger({ name: 'worker',"
        " level: 'fatal' }); setInterval(() => w.debug('from a thread'), 7)"
    ).replace("ROOT", str(ROOT))
    apps[0].do(f"new (require('node:worker_threads').Worker)({json.dumps(worker)}, {{eval: true}})")
    for app in apps:
        app.do("setInterval(() => { log.trace('t'); log.debug('d'); }, 3)")
    snoop = world.snoop("-p", apps[0].pid, "-p", apps[1].pid, "--json", "-n", 600)
    assert snoop.end() == 0
    records = objects(snoop.out, "log")
    assert {one["pid"] for one in records} == {app.pid for app in apps}
    assert len({one["tid"] for one in records}) == 2
    assert {one["record"]["name"] for one in records if one["tid"]} == {"worker"}
    # Not the first ones: they come before it is known how many agents there are.
    times = [one["record"]["time"] for one in records[-400:]]
    assert times == sorted(times)


def test_json_is_complete(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid, "--json")
    app.until("probe on")
    app.do("process.exit(0)")
    assert snoop.end() == 0
    assert snoop.err == ""
    kinds = [json.loads(line)["type"] for line in snoop.out.splitlines()]
    assert kinds[0] == "join"
    assert kinds[-2:] == ["leave", "summary"]
    assert set(kinds) == {"join", "log", "probe", "leave", "summary"}
    (summary,) = objects(snoop.out, "summary")
    assert summary["levels"]["debug"] == len(objects(snoop.out, "log"))
    assert summary["probes"] == {"shop:item-sold": len(objects(snoop.out, "probe"))}


def test_a_reader_that_has_seen_enough_ends_it_quietly(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid)
    assert snoop.process.stdout is not None
    snoop.process.stdout.readline()
    snoop.process.stdout.close()
    assert snoop.end() == 0
    app.until("probe off")
    assert "Traceback" not in snoop.err
    # Also while there is nothing to write.
    snoop = world.snoop("-p", app.pid, "-c", "false")
    snoop.until(joined)
    assert snoop.process.stdout is not None
    snoop.process.stdout.close()
    assert snoop.end() == 0


def test_a_stuck_event_loop_is_told_and_waited_for(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid, "--no-probes", "-o", "simple")
    snoop.until(joined)
    started = time.monotonic()
    app.do("for (const end = Date.now() + 3500; Date.now() < end;); log.fatal('moving again')")
    snoop.until(lambda s: "event loop has not answered since" in s.err)
    assert time.monotonic() - started < 3.5, "told only after it had recovered"
    assert "moving again" not in snoop.out
    snoop.until(lambda s: "moving again" in s.out)
    snoop.until(lambda s: "answers again" in s.err)
    assert snoop.end(signal.SIGINT) == 130


def test_what_a_slow_reader_misses_is_counted_exactly(world: World) -> None:
    app = world.app(NODEOBS_QUEUE_PEER=str(1 << 20))
    snoop = world.snoop("-p", app.pid, "--json", "-l", "warn")
    snoop.until(lambda s: '"join"' in s.out)
    snoop.process.send_signal(signal.SIGSTOP)
    app.do(
        "let i = 0; (function f() { for (let k = 0; k < 500; k++) log.warn({ i: i++ }, 'x'); "
        "if (i < 100000) setImmediate(f); else { say('done'); } })()"
    )
    app.until("done")
    snoop.process.send_signal(signal.SIGCONT)
    app.do("setTimeout(() => { log.fatal('last'); setTimeout(process.exit, 200, 0); }, 200)")
    assert snoop.end() == 0
    seen = [one["record"].get("i") for one in objects(snoop.out, "log")]
    (summary,) = objects(snoop.out, "summary")
    dropped = sum(one["count"] for one in objects(snoop.out, "drop"))
    assert seen[-1] is None  # the last word
    assert seen[:-1] == sorted(seen[:-1])
    assert dropped > 0
    assert len(seen) + dropped == 100_001
    assert summary["dropped"] == dropped


def test_a_terminal_gets_colours_notices_in_line_and_no_sequences_of_others(world: World) -> None:
    app = world.app()
    master, slave = pty.openpty()
    env = {key: value for key, value in world.env.items() if key != "NO_COLOR"}
    process = subprocess.Popen(
        [*NODEOBS, "snoop", "-p", str(app.pid), "-l", "warn", "-n", "1"],
        stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.PIPE,
        env={**env, "TERM": "xterm"},
    )  # fmt: skip
    os.close(slave)
    with process:
        shown = b""
        told = False
        while True:
            try:
                shown += os.read(master, 65536)
            except OSError:
                break
            if b"joined" in shown and not told:
                told = True
                app.do("log.warn('evil \\x1b[2J')")
        assert process.stderr is not None
        errors = process.stderr.read()
    os.close(master)
    assert b"\x1b[2m-- %d " % app.pid in shown
    assert b"\x1b[35m WARN\x1b[39m" in shown
    assert b"evil \\x1b[2J" in shown
    assert b"\x1b[2J" not in shown
    assert b"joined" not in errors
    assert process.returncode == 0


def test_a_pager_that_is_not_scrolled_does_not_hold_up_ctrl_c(world: World) -> None:
    app = world.app()
    snoop = world.snoop("-p", app.pid)
    app.until("probe on")
    # Far more than a pipe and what waits before it hold, and nobody reads.
    app.do("setInterval(() => { for (let i = 0; i < 200; i++) log.warn('x'.repeat(2000)); }, 1)")
    assert snoop.process.stdout is not None
    filled = select.poll()
    filled.register(snoop.process.stdout.fileno(), select.POLLIN)
    assert filled.poll(PATIENCE * 1000)
    snoop.process.send_signal(signal.SIGINT)
    app.until("probe off")
    # What is left is waited for, but not if it is asked for again.
    snoop.process.send_signal(signal.SIGINT)
    assert snoop.process.wait(PATIENCE) == 130
