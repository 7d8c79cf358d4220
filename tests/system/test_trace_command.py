"""The command line of `nodeobs trace`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.traces import Trace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.conftest import RunNodeobs, StartNode, StartNodeobs


@pytest.fixture
def trace(start_nodeobs: StartNodeobs) -> Any:
    return partial(Trace.start, start_nodeobs)


# -- the command line ------------------------------------------------------------------------


def test_a_list_of_probes(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    listed = nodeobs("trace", "-l", "-p", str(child.pid), "shop*:::item-*")
    assert listed.returncode == 0
    title, line = listed.stdout.splitlines()
    assert title.split() == ["ID", "PROVIDER", "MODULE", "FUNCTION", "NAME"]
    assert line.split(None, 4) == [
        "1", f"shop{child.pid}", "till", "item-sold", "item-sold(int, char *, json)",
    ]  # fmt: skip
    objects = nodeobs("trace", "-l", "--json", "-p", str(child.pid), "shop:item-sold")
    assert json.loads(objects.stdout)["types"] == ["int", "char *", "json"]
    nothing = nodeobs("trace", "-l", "-p", str(child.pid), "shop*:::item-sould")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "shop*:::item-sould matches no probes" in nothing.stderr
    assert "did you mean shop:::item-sold" in nothing.stderr


def test_a_program_without_processes(nodeobs: RunNodeobs) -> None:
    done = nodeobs("trace", "-q", "-n", 'BEGIN { printf("%s\\n", $$1); exit(0); }', "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_output_is_appended_to_a_file(nodeobs: RunNodeobs, tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("before\n")
    for word in ("one", "two"):
        program = f'BEGIN {{ printf("{word}\\n"); exit(0); }}'
        assert nodeobs("trace", "-q", "-o", str(path), "-n", program).stdout == ""
    assert path.read_text() == "before\none\ntwo\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-e", "-n", "BEGIN { trace(1); }"), 0, ""),
        (("-e", "-n", "BEGIN { trace(x); }"), 2, "program:1:15: unknown variable x"),
        (("-e", "-s", "/nonexistent.d"), 2, "cannot read /nonexistent.d"),
        (("-e",), 2, "there is no program"),
        (("-x", "nosuch", "-n", "BEGIN {}"), 2, "there is no option nosuch"),
        (("-n", "BEGIN {}", "extra"), 2, "no use for the argument 'extra'"),
        (("-o", "/nonexistent/x", "-n", "BEGIN {}"), 2, "cannot write /nonexistent/x"),
        (("-n", "syscall::read:entry {}"), 2, "bpftrace -e"),
        (("-n", "pid$target::malloc:entry {}"), 2, "bpftrace -p PID"),
        (("-n", "profile-97 {}"), 2, "belongs to the sampler"),
        (("-n", "BEGIN { @[jstack()] = count(); }"), 2, "the sampler, which comes with a later"),
        (("-x", "agpack", "-n", "BEGIN {}"), 2, "did you mean aggpack"),
        (("-e", "-n", "BEGIN { strjion(); }"), 2, "did you mean strjoin()"),
        (("-P", "restify"), 2, "-n 'PROVIDER:::'"),
        (("-w", "-n", "BEGIN {}"), 2, "leave it out"),
        (("--nosuch",), 2, "no such option"),
    ],
)
def test_mistakes(nodeobs: RunNodeobs, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = nodeobs("trace", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_executable_script(environment: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "hello.d"
    script.write_text(
        "#!/usr/bin/env -S nodeobs trace -s\n#pragma D option quiet\n"
        'BEGIN { printf("%s says %d\\n", basename($$0), $1); exit(0); }\n'
    )
    script.chmod(0o755)
    command = tmp_path / "nodeobs"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nodeobs "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        [script, "42"],
        env={**environment, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "hello.d says 42\n")


def test_scripts_and_programs_together(nodeobs: RunNodeobs, tmp_path: Path) -> None:
    script = tmp_path / "count.d"
    script.write_text("BEGIN { n = $1; }\n")
    done = nodeobs("trace", "-q", "-s", str(script), "-n", "BEGIN { trace(n + 1); exit(0); }", "4")
    # In the order of the command line it would be 5; programs come before files.
    assert done.returncode == 0
    assert done.stdout in ("5", "1")


def test_several_programs_are_one(node: StartNode, trace: Any) -> None:
    child = node("trace_app.js")
    running = trace(
        "BEGIN { limit = $1; }",
        "-n", "shop*:::item-sold /arg0 >= limit/ { @[$$2] = count(); }",
        "-n", "shop*:::item-sold { @all = count(); }",
        "-p", str(child.pid), "4", "kept",
    )  # fmt: skip
    child.do("fire 10")
    assert [line.split() for line in running.interrupt()] == [["kept", "6"], ["10"]]


def test_a_description_is_said_unless_quiet(node: StartNode, nodeobs: RunNodeobs) -> None:
    child = node("trace_app.js")
    program = "/* sold */ shop*:::item-sold, shop*:::wide /arg0/ { @ = count(); }"
    arguments = ("trace", "-p", str(child.pid), "-d", "50ms", "-n", program)
    loud, quiet = nodeobs(*arguments), nodeobs(*arguments, "-q")
    said = "nodeobs: description 'shop*:::item-sold, shop*:::wide' matched 2 probes\n"
    assert (loud.returncode, loud.stdout, loud.stderr) == (0, "", said)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), ["a 3", "c 3", "b 5"]),
        (("aggsortrev",), ["b 5", "c 3", "a 3"]),
        (("aggsortkey",), ["a 3", "b 5", "c 3"]),
        (("aggsortkey", "aggsortrev"), ["c 3", "b 5", "a 3"]),
        (("strsize=3", "dynvarsize=1m", "aggsize=64k", "bufsize=1m"), ["a 3", "c 3", "b 5"]),
    ],
)
@pytest.mark.parametrize("pragma", [False, True])
def test_options(
    nodeobs: RunNodeobs, options: tuple[str, ...], shown: list[str], pragma: bool
) -> None:
    lines = "".join(f"#pragma D option {option}\n" for option in options) if pragma else ""
    given = () if pragma else tuple(word for option in options for word in ("-x", option))
    sums = "".join(
        f'@["{key}"] = sum({value}); ' for key, value in {"b": 5, "a": 3, "c": 3}.items()
    )
    done = nodeobs("trace", "-q", *given, "-n", f"{lines}BEGIN {{ {sums} exit(0); }}")
    assert done.returncode == 0, done.stderr
    assert [" ".join(line.split()) for line in done.stdout.splitlines() if line] == shown


def test_pictures_in_other_ways(nodeobs: RunNodeobs) -> None:
    program = 'BEGIN { @["k"] = quantize(3); @["k"] = quantize(9); exit(0); }'
    packed = nodeobs("trace", "-q", "-x", "aggpack", "-n", program, env={"PYTHONUTF8": "1"})
    assert packed.stdout.splitlines()[-2:] == [
        "              key  min .-----. max  | count",
        "                k    1 : ▅ ▅ : 16   | 2",
    ]
    zoomed = nodeobs("trace", "-q", "-x", "aggzoom", "-n", program)
    assert f"               2 |{'@' * 38}   1" in zoomed.stdout
    bars = nodeobs("trace", "-q", "-x", "agghist", "-n", 'BEGIN { @["k"] = count(); exit(0); }')
    assert f"                k |{'@' * 40} 1" in bars.stdout


def test_the_process_that_is_meant(node: StartNode, nodeobs: RunNodeobs) -> None:
    one, two = node("trace_app.js"), node("trace_app.js")
    pids = {str(one.pid), str(two.pid)}
    for spec in ("trace_app.js", "trace_*"):
        listed = nodeobs("trace", "-l", "--json", "-p", spec, "shop:wide")
        assert pids <= {str(json.loads(line)["pid"]) for line in listed.stdout.splitlines()}


def test_the_scripts_that_come_along(nodeobs: RunNodeobs) -> None:
    listed = nodeobs("trace", "--scripts", "--json")
    names = [json.loads(line)["name"] for line in listed.stdout.splitlines()]
    assert len(names) >= 10
    for name in names:
        assert nodeobs("trace", "-e", "-s", name, "-x", "defaultargs").returncode == 0
