"""The command line around the verbs: errors, exit codes, what is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from nodeobs.cli import main as cli_main
from nodeobs.cli import ps, target
from nodeobs.cli.durations import positive_duration
from nodeobs.cli.main import run
from nodeobs.cli.screen import Screen
from nodeobs.cli.terminal import print_json
from nodeobs.discovery.processes import ABSENT, PRESENT, Endpoint, NodeProcess
from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.py.fake_proc import FakeProc


def process(pid: int, *, agent: bool = True, uid: int | None = None) -> NodeProcess:
    return NodeProcess(
        pid=pid,
        user="me",
        uid=os.geteuid() if uid is None else uid,
        node_version="20.0.0",
        uptime=60.0,
        cpu_percent=0.0,
        rss=1 << 20,
        app="api@1.0.0",
        command="node server.js",
        start_time=1,
        script="server.js",
        endpoints=[Endpoint(pid, 0, f"/nowhere/{pid}.sock", 1)] if agent else [],
        agent_state=PRESENT if agent else ABSENT,
    )


@pytest.mark.parametrize(
    ("args", "message", "hint"),
    [
        (["prob"], 'there is no verb "prob"', "did you mean probes?"),
        (["zzzz"], 'there is no verb "zzzz"', f"verbs are {', '.join(cli_main._VERBS)}"),
        (["ps", "--jsn"], "no such option", "nodeobs ps --help"),
        (["ps", "extra"], "got unexpected extra argument (extra)", "nodeobs ps --help"),
        (["level"], "missing argument '[LOGGER] LEVEL'", "nodeobs level --help"),
        (["level", "a", "b", "c"], "one LOGGER and one LEVEL, not a b c", "nodeobs level --help"),
        (["level", "wran"], 'unknown log level "wran"', "did you mean warn?"),
        (["level", "debug", "--for", "x"], "'x' is not a duration", "nodeobs level --help"),
        (["state", "--interval", "0"], "it must be longer than 0", "nodeobs state --help"),
        (["state", "--limit", "0"], "0 is not in the range", "nodeobs state --help"),
    ],
)
def test_usage_errors_are_two_lines_and_exit_2(
    capsys: pytest.CaptureFixture[str], args: list[str], message: str, hint: str
) -> None:
    assert run(args) == 2
    output = capsys.readouterr()
    first, second = output.err.splitlines()
    assert output.out == ""
    assert first.startswith("nodeobs: ")
    assert message in first
    assert second == f"  next: {hint}"


def test_help_lists_every_verb_and_each_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for verb in cli_main._VERBS:
        assert f"\n  {verb} " in text
        assert run([verb, "--help"]) == 0
        help_text = capsys.readouterr().out
        assert "Examples:\n    nodeobs " in help_text or "Examples:\n  nodeobs " in help_text
        assert "--json" in help_text


def test_summaries_are_those_of_the_verbs() -> None:
    context = click.Context(cli_main.cli)
    for verb, (_, summary) in cli_main._VERBS.items():
        command = cli_main.cli.get_command(context, verb)
        assert command is not None
        assert command.name == verb
        assert command.short_help == summary


def test_failures_have_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NODEOBS_DEBUG", raising=False)

    def fail(**_: object) -> None:
        raise ValueError("unforeseen")

    monkeypatch.setattr(ps.command, "callback", fail)
    assert run(["ps"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("nodeobs: internal error: ValueError: unforeseen\n  next: ")
    assert "Traceback" not in error
    monkeypatch.setenv("NODEOBS_DEBUG", "1")
    assert run(["ps"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ps.command, "callback", interrupt)
    assert run(["ps"]) == 130


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from nodeobs.cli.main import run; code = run(['--version']);"
        "print(code, [name for name in ('zmq', 'asyncio', 'rich', 'orjson', 'lark')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "0 []"


def test_ps_json_imports_no_zmq(fake_proc: FakeProc) -> None:
    code = (
        "import sys; from nodeobs.cli.main import run; run(['ps', '--json']);"
        "sys.stderr.write(str({'zmq', 'asyncio', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "set()"


def test_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m nodeobs --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_ps_without_processes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ps, "discover", lambda **_: [])
    assert run(["ps"]) == 0
    assert capsys.readouterr().err == "nodeobs: no Node process is running here\n"
    assert run(["ps", "--json"]) == 0
    assert capsys.readouterr().out == ""


def test_ps_json_is_one_object_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ps, "discover", lambda **_: [process(1), process(2, agent=False)])
    assert run(["ps", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["pid"], first["agent"]["state"]) == (1, "no answer")
    assert (second["pid"], second["agent"]["state"]) == (2, "absent")


def test_without_p_the_only_one_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "discover", lambda: [process(1, agent=False), process(2)])
    assert target.choose_one(None).pid == 2
    assert [found.pid for found in target.choose([])] == [2]


def test_without_p_mine_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.geteuid() + 1
    monkeypatch.setattr(target, "discover", lambda: [process(1, uid=other), process(2)])
    assert target.choose_one(None).pid == 2
    monkeypatch.setattr(target, "discover", lambda: [process(1, uid=other)])
    assert target.choose_one(None).pid == 1


@pytest.mark.parametrize(
    ("processes", "code", "message", "hint"),
    [
        (
            [process(1), process(2)],
            "ambiguous",
            "2 Node processes have an agent; which one?\n\n  PID  USER",
            "add -p 1, or another pid or name",
        ),
        (
            [process(1, agent=False)],
            "no_agent",
            "no Node process here has an agent\n\n  PID  USER",
            "start one with node -r nodeobs/register app.js, or with require('nodeobs') in it",
        ),
        (
            [],
            "no_agent",
            "no Node process is running here",
            "start one with node -r nodeobs/register app.js, or with require('nodeobs') in it",
        ),
    ],
)
def test_without_p_and_without_an_obvious_choice(
    monkeypatch: pytest.MonkeyPatch,
    processes: list[NodeProcess],
    code: str,
    message: str,
    hint: str,
) -> None:
    monkeypatch.setattr(target, "discover", lambda: processes)
    with pytest.raises(NodeobsError) as raised:
        target.choose_one(None)
    assert (raised.value.code, raised.value.hint) == (code, hint)
    assert raised.value.message.startswith(message)


def test_a_name_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [process(1), process(2), process(3, agent=False)]
    monkeypatch.setattr(target, "find", lambda spec: found)
    assert [match.pid for match in target.choose(["api", "a*"])] == [1, 2]
    with pytest.raises(NodeobsError) as raised:
        target.choose_one("api")
    assert raised.value.message.startswith("api means 2 processes; which one?")
    monkeypatch.setattr(target, "find", lambda spec: found[2:])
    with pytest.raises(NodeobsError) as raised:
        target.choose(["api"])
    assert raised.value.code == "no_agent"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("2m", 120),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("10", 10),
        ("1.5m", 90),
        ("1d", 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert positive_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "2x", "-1s", "0", "1m x", "nan", "∞"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(click.BadParameter):
        positive_duration(text)


def test_screen_prints_blocks_to_a_pipe(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        screen = Screen(stream)
        screen.show("-- 1", ["a"])
        screen.show("-- 2", ["b"])
    assert (tmp_path / "out").read_text() == "-- 1\na\n\n-- 2\nb\n"


def test_screen_refreshes_in_place_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("LINES", "4")
    monkeypatch.setenv("COLUMNS", "80")
    stream = Terminal()
    screen = Screen(stream)
    screen.show("-- 1", ["a", "b"])
    screen.show("-- 2", ["c", "d", "e", "f"])
    first, second = stream.getvalue().split("\x1b[H")[1:]
    assert stream.getvalue().count("\x1b[2J") == 1
    assert first == "-- 1\x1b[K\na\x1b[K\nb\x1b[K\n\x1b[J"
    assert second == "-- 2\x1b[K\nc\x1b[K\n… 3 more lines\x1b[K\n\x1b[J"


def test_json_can_say_half_a_character(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_json([{"a": "\ud800"}, {"a": "ü"}])
    assert capfdbinary.readouterr().out == b'{"a":"\\ud800"}\n{"a":"\xc3\xbc"}\n'


def test_terminal_that_is_not_utf8() -> None:
    code = "from nodeobs.cli.main import run; run(['--version']); print('…')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )
    assert done.stdout.endswith(b"\\u2026\n")
