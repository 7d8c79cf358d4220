"""Which tool finds which probes: the table of docs/probes.md, each cell tried on a real process."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.bpftrace import Bpftrace
from tests.system.conftest import PATIENCE
from tests.system.perf import Recorder
from tests.system.traced import Traced
from tests.system.tracefs import Tracefs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.conftest import StartNode, StartNodeobs

DOCUMENTED = Path(__file__).parents[2] / "docs" / "probes.md"
FIRINGS = 500
_numbers = itertools.count()


class RefusedError(Exception):
    """The tool says that it cannot."""


@dataclass
class Case:
    """A process with the probe `shop:sold`, and what a tool may need."""

    start: Callable[[], Traced]
    tool: Callable[[str], str]
    start_nodeobs: StartNodeobs
    scratch: Path
    app: Traced = field(init=False)
    path: str = field(init=False)
    offset: int = field(init=False)

    def begin(self) -> None:
        self.app = self.start()
        # Not the first one of its object.
        place = self.app.provide("shop", bought=["int"], sold=["int", "char *"])["sold"]
        self.path, self.offset = place["path"], place["offset"]

    def fire(self) -> None:
        assert self.app.do("describe", "shop", "sold")["kernel"]["attached"] is True
        assert self.app.fire("shop", "sold", FIRINGS, 7, "apple") == FIRINGS

    def run(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.tool(name), *arguments],
            # gdb asks a server for symbols otherwise.
            env={**os.environ, "DEBUGINFOD_URLS": "", "HOME": str(self.scratch)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout + done.stderr

    def listed(self, output: str, address: int) -> int:
        """All of the firings, for a tool that shows where they would be, or none."""
        rows = re.findall(r"^stap +shop +sold +0x([0-9a-f]+)", output, re.MULTILINE)
        if not rows:
            return 0
        assert [int(row, 16) for row in rows] == [address]
        return FIRINGS

    def base(self) -> int:
        """Where the object is mapped: the address of its offset 0."""
        name = "/memfd:shop" if self.path.startswith("/proc/") else self.path
        maps = Path(f"/proc/{self.app.pid}/maps").read_text().splitlines()
        return next(int(line.split("-")[0], 16) for line in maps if name in line)


@contextlib.contextmanager
def bpftrace(case: Case, where: str, *options: str) -> Iterator[Bpftrace]:
    program = f"usdt:{where}:shop:sold {{ @ = count(); }}"
    with contextlib.ExitStack() as stack:
        try:
            tracer = stack.enter_context(Bpftrace(case.tool("bpftrace"), program, *options))
        except AssertionError as error:
            raise RefusedError(str(error)) from None
        yield tracer


def bpftrace_process(case: Case) -> int:
    with bpftrace(case, "*", "-p", str(case.app.pid)) as tracer:
        case.fire()
        return int(tracer.stop()[""])


def bpftrace_object(case: Case) -> int:
    with bpftrace(case, case.path) as tracer:
        case.fire()
        return int(tracer.stop()[""])


def bpftrace_before_start(case: Case) -> int:
    assert case.app.end() == 0
    try:
        with bpftrace(case, case.path) as tracer:
            case.begin()
            case.fire()
            return int(tracer.stop()[""])
    except RefusedError:
        case.begin()
        raise


def perf(case: Case, event: str, *definition: str) -> int:
    case.run("perf", "probe", "-q", "-x", case.path, *definition)
    data = str(case.scratch / "perf.data")
    try:
        record = [
            case.tool("perf"),
            "record",
            "-N",
            "-e",
            event,
            "-p",
            str(case.app.pid),
            "-o",
            data,
        ]
        with Recorder(record):
            case.fire()
        script = case.run("perf", "script", "-i", data, "-F", "event")
        return script.count(f"{event}:")
    finally:
        case.run("perf", "probe", "-q", "-d", event)


def perf_cache(case: Case) -> int:
    case.run("perf", "buildid-cache", "--add", case.path)
    return perf(case, "sdt_shop:sold", "%sdt_shop:sold")


def perf_symbol(case: Case) -> int:
    group = f"test{os.getpid()}_{next(_numbers)}"
    nop = {"x86_64": 4, "aarch64": 8}[os.uname().machine]
    return perf(case, f"{group}:sold", f"{group}:sold=sold+{nop} text=+0(%si):string")


def tracefs(case: Case) -> int:
    with Tracefs() as instance:
        instance.add("sold", case.path, case.offset)
        instance.enable("sold")
        case.fire()
        return len(instance.recorded("sold"))


def nodeobs_snoop(case: Case) -> int:
    options = ("--via", "kernel", "--json", "-p", str(case.app.pid), "-n", str(FIRINGS))
    snoop = case.start_nodeobs("snoop", *options, "--probes", "shop:sold")
    case.app.do("attached", "shop", "sold", True)
    case.fire()
    assert snoop.wait() == 0, snoop.err.all()
    kinds = [json.loads(line)["type"] for line in snoop.out.all()]
    return kinds.count("probe")


def nodeobs_probes(case: Case) -> int:
    options = ("probes", "--kernel", "--json", "-p", str(case.app.pid), "shop:sold")
    listing = case.start_nodeobs(*options)
    assert listing.wait() == 0, listing.err.all()
    probes = [json.loads(line) for line in listing.out.all()]
    assert [probe["address"] for probe in probes] == [case.base() + case.offset]
    return FIRINGS


def gdb_process(case: Case) -> int:
    options = ("-q", "-nx", "-batch", "-p", str(case.app.pid), "-ex", "info probes stap shop")
    return case.listed(case.run("gdb", *options), case.base() + case.offset)


def gdb_object(case: Case) -> int:
    options = ("-q", "-nx", "-batch", "-ex", "info probes stap shop")
    return case.listed(case.run("gdb", *options, case.path), case.offset)


def tplist(case: Case) -> int:
    output = case.run("tplist-bpfcc", "-p", str(case.app.pid), "shop:sold")
    return FIRINGS if re.search(r"shop:sold\b", output) else 0


def elflint(case: Case) -> int:
    """It fails for the SDT notes, of which it has never heard."""
    done = subprocess.run(
        [case.tool("eu-elflint"), case.path], capture_output=True, text=True, check=False
    )
    lines = (done.stdout + done.stderr).splitlines()
    unknown = "unknown object file note type 3 with owner name 'stapsdt'"
    assert [line for line in lines if unknown not in line] == []
    return FIRINGS


TOOLS: dict[str, Callable[[Case], int]] = {
    "`bpftrace -p PID -e 'usdt:*:shop:sold …'`": bpftrace_process,
    "`bpftrace -e 'usdt:OBJECT:shop:sold …'`": bpftrace_object,
    "the same, before the process starts": bpftrace_before_start,
    "`perf probe -x OBJECT '%sdt_shop:sold'`": perf_cache,
    "`perf probe -x OBJECT 'shop:sold=sold+4 …'`": perf_symbol,
    "tracefs, `p:shop/sold OBJECT:OFFSET …`": tracefs,
    "`nodeobs snoop --via kernel -p PID`": nodeobs_snoop,
    "`nodeobs probes --kernel -p PID`": nodeobs_probes,
    "bcc, `tplist -p PID`": tplist,
    "gdb, `info probes stap` on the process": gdb_process,
    "gdb, `info probes stap` on OBJECT": gdb_object,
    "`eu-elflint OBJECT`": elflint,
}
STORAGES = ("file", "memfd")


def documented() -> dict[str, dict[str, str]]:
    """The table's cells, by tool and storage."""
    text = DOCUMENTED.read_text().split("\n## Which tool finds what\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == ["tool", *STORAGES]
    return {tool: dict(zip(STORAGES, cells, strict=True)) for tool, *cells in rows[2:]}


def test_every_row_of_the_table_is_tried() -> None:
    table = documented()
    assert set(table) == set(TOOLS)
    assert {cell for cells in table.values() for cell in cells.values()} == {"yes", "no"}


@pytest.fixture
def case(
    tracing: None,
    node: StartNode,
    needs_tool: Callable[[str], str],
    start_nodeobs: StartNodeobs,
    runtime_dir: Path,
    tmp_path: Path,
    storage: str,
) -> Iterator[Case]:
    if storage == "memfd":
        # Where the directory for objects would be, there is a file.
        runtime_dir.mkdir(0o700)
        (runtime_dir / "usdt").touch()
    made = Case(lambda: Traced(node("traced.js")), needs_tool, start_nodeobs, tmp_path)
    made.begin()
    assert made.path.startswith("/proc/") == (storage == "memfd")
    yield made
    assert made.app.end() == 0


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("tool", TOOLS)
def test_tool(tool: str, storage: str, case: Case) -> None:
    refusal = ""
    try:
        seen = TOOLS[tool](case)
    except RefusedError as error:
        seen, refusal = 0, str(error)
    assert seen == (FIRINGS if documented()[tool][storage] == "yes" else 0), refusal


@pytest.mark.parametrize("storage", ["file"])
def test_perf_takes_a_name_with_dashes_by_its_symbol(case: Case) -> None:
    """perf allows none in an event's name, but a symbol may have them."""
    place = case.app.provide("restify", route_done=["int", "char *"])["route-done"]
    nop = {"x86_64": 4, "aarch64": 8}[os.uname().machine]
    event = f"test{os.getpid()}_{next(_numbers)}:route_done"
    definition = f"{event}=route-done+{nop} text=+0(%si):string"
    case.run("perf", "probe", "-q", "-x", place["path"], definition)
    data = str(case.scratch / "perf.data")
    try:
        record = [
            case.tool("perf"),
            "record",
            "-N",
            "-e",
            event,
            "-p",
            str(case.app.pid),
            "-o",
            data,
        ]
        with Recorder(record):
            assert case.app.fire("restify", "route-done", FIRINGS, 1, "getusersid") == FIRINGS
        script = case.run("perf", "script", "-i", data, "-F", "event,trace")
    finally:
        case.run("perf", "probe", "-q", "-d", event)
    assert len(re.findall(rf'{event}: .* text="getusersid"', script)) == FIRINGS
