"""`nodeobs probes --kernel` and `--show` as text."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.py.test_usdt_decoding import OURS, site

from nodeobs.cli.main import run
from nodeobs.errors import NodeobsError
from nodeobs.reports.sites import Row, site_object, sites_table
from nodeobs.reports.table import cell_width
from nodeobs.usdt.recipes import recipe
from nodeobs.usdt.sites import Attached

if TYPE_CHECKING:
    from tests.py.conftest import Golden

    from nodeobs.usdt.sites import Site

SOLD = site("-8@%rdi 8@%rsi -4@%edx")
MANY = replace(site(OURS), probe="many", address=0x7F0000001024)
GUARDED = replace(
    site("8@sym+4(%rip) 1@$200"),
    provider="demo",
    probe="tick",
    object="/srv/a \x1b[2Jdirectory/with-a-rather-long-name/app",
    semaphore_offset=0x3032,
    semaphore_address=0x7F0000004032,
)
ROWS: list[Row] = [
    (71, SOLD, Attached(False)),
    (71, MANY, Attached(True)),
    (71, replace(SOLD, argument_text="", arguments=()), Attached(None, None, "not permitted")),
]
WITH_SEMAPHORES: list[Row] = [
    *ROWS,
    (4242, GUARDED, Attached(True, 2)),
    (4242, GUARDED, Attached(None, None, "not permitted")),
]


@pytest.mark.parametrize("width", [80, 160, None])
@pytest.mark.parametrize(("name", "rows"), [("sites", ROWS), ("semaphores", WITH_SEMAPHORES)])
def test_sites(golden: Golden, width: int | None, name: str, rows: list[Row]) -> None:
    lines = sites_table(rows, width=width)
    golden(f"{name}.{width or 'uncut'}", lines)
    if width is not None:
        assert max(map(cell_width, lines)) <= width


def test_site_object() -> None:
    row = site_object(*WITH_SEMAPHORES[3])
    assert row["arguments"] == [
        {"operand": "8@sym+4(%rip)", "type": None},
        {"operand": "1@$200", "type": "uint8"},
    ]
    assert (row["attached"], row["semaphore"], row["semaphore_offset"]) == (True, 2, 0x3032)


# -- recipes ------------------------------------------------------------------------------------

TYPES = {"shop:item-sold": ["int", "char *", "int32"]}


def lines(tool: str, *sites: Site, types: dict[str, list[str]] | None = None) -> list[str]:
    made = recipe(tool, 71, sites, TYPES if types is None else types)
    for line in made.lines:
        shlex.split(line)  # quoted so that a shell can read it
    return made.lines


def test_a_line_for_bpftrace() -> None:
    (line,) = lines("bpftrace", SOLD)
    assert shlex.split(line) == [
        "bpftrace", "-p", "71", "-e",
        'usdt:*:shop:item-sold { printf("%ld %s %d\\n", (int64)arg0, str(arg1), (int32)arg2); }',
    ]  # fmt: skip
    declared = ["int", "json", "int", "int", "int", "int", "char *", "int", "uint64", "int", "int",
                "int8", "int", "double"]  # fmt: skip
    (line,) = lines("bpftrace", MANY, types={"shop:many": declared})
    assert line.endswith(
        '(int16)arg4, arg5, str(*(uint64*)(reg("r10")+48)), *(int64*)(reg("r10")+56), '
        '*(uint64*)(reg("r10")+64), *(uint64*)(reg("r10")+72), *(uint64*)(reg("r10")+80), '
        '*(int8*)(reg("r10")+88), *(int64*)(reg("r10")+96), '
        'str(*(uint64*)(reg("r10")+104))); }\''
    )


def test_lines_for_perf() -> None:
    (line,) = lines("perf", SOLD)
    define, record = line.split(" && ")
    assert define == (
        "perf probe -x /srv/shop.so 'shop:item_sold=0x1004 arg1=%di:s64 arg2=+0(%si):string "
        "arg3=%dx:s32'"
    )
    assert record == "perf record -o perf.data -e shop:item_sold -p 71"
    # A name of C goes by its note; with several places, perf numbers them.
    tick = replace(SOLD, provider="demo", probe="tick")
    (line,) = lines("perf", tick, replace(tick, offset=0x2000), types={})
    assert line.split(" && ") == [
        "perf buildid-cache --add /srv/shop.so",
        "perf probe -x /srv/shop.so %sdt_demo:tick",
        "perf record -o perf.data -e 'sdt_demo:tick*' -p 71",
    ]
    # But by its place where there are texts to be shown.
    assert "demo:tick=0x1004" in lines("perf", tick, types={"demo:tick": ["int", "json", "int"]})[0]


def test_lines_for_tracefs() -> None:
    nameless = replace(SOLD, path="/proc/71/fd/9", semaphore_offset=0x30)
    events = "/sys/kernel/tracing/uprobe_events"
    enable = "/sys/kernel/tracing/events/shop/item_sold/enable"
    define, *others = lines("tracefs", nameless)
    assert define == (
        "echo 'p:shop/item_sold /proc/71/fd/9:0x1004(0x30) arg1=%di:s64 arg2=+0(%si):ustring "
        f"arg3=%dx:s32' >> {events}"
    )
    assert others == [
        f"echo 1 > {enable}",
        "timeout 10 cat /sys/kernel/tracing/trace_pipe",
        f"echo 0 > {enable}",
        f"echo '-:shop/item_sold' >> {events}",
    ]


def test_names_are_quoted() -> None:
    odd = replace(SOLD, provider="my 'shop'", probe='100%"x', path="/srv/it's here.so")
    (line,) = lines("bpftrace", odd, types={})
    program = shlex.split(line)[-1]
    assert program.startswith('usdt:*:"my \'shop\'":"100%%\\"x" { printf(')
    (line,) = lines("perf", odd, types={})
    assert shlex.split(line)[3] == "/srv/it's here.so"
    assert shlex.split(line)[4].startswith("my__shop_:_100__x=0x1004 ")


@pytest.mark.parametrize(
    ("tool", "changes", "message"),
    [
        ("perf", {"path": "/proc/71/fd/9", "object": "/memfd:x"}, "perf cannot open /memfd:x"),
        ("perf", {"semaphore_offset": 48}, "perf cannot raise the semaphore of shop:item-sold"),
        ("tracefs", {"path": "/srv/a b.so"}, "takes no path with blanks"),
    ],
)
def test_what_a_tool_cannot_do_is_said(tool: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(NodeobsError, match=message) as raised:
        recipe(tool, 71, [replace(SOLD, **changes)], {})  # type: ignore[arg-type]
    assert raised.value.code == "no_recipe"


def test_hints_say_what_is_not_known() -> None:
    made = recipe("bpftrace", 71, [SOLD], {})
    assert any("whether arg1 are addresses of texts" in hint for hint in made.hints)
    assert "arg1, " in made.lines[0]
    made = recipe("tracefs", 71, [GUARDED], {})
    assert (
        "demo:tick: argument 1 is left out: 8@sym+4(%rip) (the address of a symbol)" in made.hints
    )


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (
            ["probes", "--show", "bpftrace"],
            "--show needs a PROBE",
            "--show bpftrace PROVIDER:PROBE",
        ),
        (["probes", "--show", "strace", "x"], "'strace' is not one of", "--help"),
        (["probes", "--show", "perf", "--json", "x"], "prints no JSON", "--kernel lists"),
        (["snoop", "--via", "kernel", "-l", "info"], "no log records", "leave -l"),
        (["snoop", "--via", "kernel", "--no-probes"], "no log records", "--no-probes out"),
        (["snoop", "--via", "smoke"], "'smoke' is not one of", "--help"),
        (["snoop", "-s", "100"], "-s is for --via kernel", "whole"),
        (["snoop", "--via", "kernel", "-s", "4"], "4 is not in the range", "--help"),
    ],
)
def test_usage(
    arguments: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert message in first
    assert hint in second
