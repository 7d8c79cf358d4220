"""`nodeobs snoop`: what is wrong with a command line is said before anything is touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nodeobs.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--json", "-o", "long"], "exclude each other", "-o json"),
        (["--no-probes", "--probes", "a:b"], "exclude each other", "leave one"),
        (["--no-logs", "--no-probes"], "nothing left to show", "--probes"),
        (["--no-logs", "-l", "warn"], "nothing left to show", "--probes"),
        (["-l", "wran"], 'unknown log level "wran"', "warn"),
        (["-o", "lnog"], "'lnog' is not one of", "--help"),
        (["-c", "msg.include('x')"], "unknown method .include()", "did you mean .includes()"),
        (["-c", "level >= WARN", "-c", "a ="], "cannot assign", "=="),
        (["-n", "0"], "0", "--help"),
        (["-d", "-1"], "-1", "--help"),
        (["stray"], "stray", "--help"),
    ],
)
def test_usage(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["snoop", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert hint in err


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["snoop", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples:" in out
    assert "130 Ctrl-C" in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, nodeobs.cli.snoop\n"
        "heavy = {'asyncio', 'zmq', 'lark', 'rich'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
