"""Command lines with which the tools that people have show a probe's firings."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from nodeobs.errors import NodeobsError
from nodeobs.tracefs.plan import beyond_note, declared_kind, may_be_text, value_at
from nodeobs.usdt.elf import EM_AARCH64
from nodeobs.usdt.operands import Immediate, Memory, Operand, Register, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nodeobs.usdt.sites import Site

TOOLS: Final = ("bpftrace", "perf", "tracefs")

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What bpftrace takes as a name without quotes.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")
#: bpftrace has arg0 to arg5 (0.17; what is beyond them is in registers or memory).
_NUMBERED: Final = 6


@dataclass(slots=True)
class Recipe:
    """`lines` are for a shell; `hints` for the reader."""

    lines: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Shown:
    """An argument that can be shown. `number` counts from 1."""

    number: int
    operand: Register | Memory | Immediate
    text: bool


def recipe(
    tool: str,
    pid: int,
    sites: Sequence[Site],
    types: Mapping[str, Sequence[str]],
    *,
    tracefs: str = "/sys/kernel/tracing",
) -> Recipe:
    """How to see the firings of these sites of a process with one of TOOLS.

    `types` are the declared ones by `provider:probe`, where they are known. Raises NodeobsError
    `no_recipe` where the tool cannot.
    """
    made = Recipe()
    by_name: dict[str, list[Site]] = {}
    for site in sites:
        by_name.setdefault(site.name, []).append(site)
    for name, places in by_name.items():
        declared = types.get(name)
        if tool == "bpftrace":
            _bpftrace(pid, places, declared, made)
        elif tool == "perf":
            _perf(pid, places, declared, made)
        else:
            _tracefs(places, declared, tracefs, made)
    if tool == "bpftrace":
        made.hints.append("bpftrace shows 64 bytes of a text; BPFTRACE_STRLEN=200 before it, more")
    elif tool == "perf":
        made.hints.append("perf script shows what perf.data has")
    made.hints = [*dict.fromkeys(made.hints)]
    return made


# -- bpftrace -----------------------------------------------------------------------------------


def _bpftrace(
    pid: int, places: Sequence[Site], declared: Sequence[str] | None, made: Recipe
) -> None:
    site = places[0]
    # A wildcard finds what has a path or a descriptor.
    where = site.path if "/map_files/" in site.path else "*"
    names = [_bpftrace_name(part) for part in (where, site.provider, site.probe)]
    pairs = [_bpftrace_value(shown, site) for shown in _shown(site, declared, made)]
    formats = " ".join(form for form, _ in pairs) or _escaped(site.name)
    printed = ", ".join([f'"{formats}\\n"', *(value for _, value in pairs if value)])
    program = f"usdt:{':'.join(names)} {{ printf({printed}); }}"
    made.lines.append(f"bpftrace -p {pid} -e {shlex.quote(program)}")
    values = [_bpftrace_value(shown, site)[1] for shown in _maybe_texts(site, declared, made)]
    _hint_at_texts(site, values, "shown by %s and str(…)", made)


def _bpftrace_value(shown: _Shown, site: Site) -> tuple[str, str]:
    """A format and an expression; of a constant only the former."""
    operand = shown.operand
    bits = operand.size * 8
    if isinstance(operand, Immediate):
        return str(operand.value), ""
    if shown.number <= _NUMBERED:
        value = f"arg{shown.number - 1}"
        if operand.signed:
            value = f"(int{bits}){value}"
    elif isinstance(operand, Memory):
        sign = "" if operand.signed else "u"
        base = _bpftrace_register(operand.base, site)
        value = f'*({sign}int{bits}*)(reg("{base}"){operand.offset:+d})'
    else:
        sign = "" if operand.signed else "u"
        value = f'({sign}int{bits})reg("{_bpftrace_register(operand.name, site)}")'
    if shown.text:
        return "%s", f"str({value})"
    return (("%ld" if operand.size == 8 else "%d") if operand.signed else "%lu"), value


def _bpftrace_register(name: str, site: Site) -> str:
    return name.replace("x", "r", 1) if site.machine == EM_AARCH64 else name


def _bpftrace_name(name: str) -> str:
    return name if name == "*" or _PLAIN.fullmatch(name) else f'"{_escaped(name)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


# -- perf ---------------------------------------------------------------------------------------


def _perf(pid: int, places: Sequence[Site], declared: Sequence[str] | None, made: Recipe) -> None:
    site = places[0]
    if "/fd/" in site.path or "/map_files/" in site.path:
        raise NodeobsError(
            "no_recipe",
            f"perf cannot open {site.object}, which has no path (any more)",
            "--show bpftrace and --show tracefs can",
        )
    # perf takes names of notes that are C identifiers. Others go by the position in the file, and
    # not by the function of that name: perf takes the entry of the PLT for it where there is one,
    # and its breakpoint there crashes the program (6.1).
    by_note = _IDENTIFIER.fullmatch(site.provider) and _IDENTIFIER.fullmatch(site.probe)
    shown = _shown(site, declared, made)
    if site.semaphore_offset is not None and not by_note:
        raise NodeobsError(
            "no_recipe",
            f"perf cannot raise the semaphore of {site.name}, whose name is not one of C",
            "--show bpftrace and --show tracefs can",
        )
    target = shlex.quote(site.path)
    # By note, perf does not know which arguments are texts; with a semaphore there is no other way.
    texts = any(one.text for one in shown) and site.offset == site.linked_address
    if by_note and (site.semaphore_offset is not None or not texts):
        event = f"sdt_{site.provider}:{site.probe}"
        spec = shlex.quote(f"%{event}")
        # Places after the first get a number behind the name.
        wanted = shlex.quote(event if len(places) == 1 else f"{event}*")
        made.lines.append(
            f"perf buildid-cache --add {target} && perf probe -x {target} {spec} && "
            f"perf record -o perf.data -e {wanted} -p {pid}"
        )
        made.hints.append(f"perf probe -d '{event}*' removes it")
        return
    group, name = _identifier(site.provider), _identifier(site.probe)
    commands = []
    for index, place in enumerate(places):
        event = name if len(places) == 1 else f"{name}_{index}"
        values = "".join(f" {value}" for value in _fetched(place, declared, made, "string"))
        spec = f"{group}:{event}={place.offset:#x}{values}"
        commands.append(f"perf probe -x {shlex.quote(place.path)} {shlex.quote(spec)}")
    wanted = f"{group}:{name}{'_*' if len(places) > 1 else ''}"
    commands.append(f"perf record -o perf.data -e {shlex.quote(wanted)} -p {pid}")
    made.lines.append(" && ".join(commands))
    made.hints.append(f"perf probe -d {shlex.quote(wanted)} removes it")


# -- tracefs ------------------------------------------------------------------------------------


def _tracefs(
    places: Sequence[Site], declared: Sequence[str] | None, tracefs: str, made: Recipe
) -> None:
    site = places[0]
    group, name = _identifier(site.provider), _identifier(site.probe)
    definitions = shlex.quote(f"{tracefs}/uprobe_events")
    events = []
    for index, place in enumerate(places):
        if re.search(r"\s", place.path):
            raise NodeobsError(
                "no_recipe",
                f"uprobe_events takes no path with blanks: {place.path}",
                "make a link to it without blanks, or use --show bpftrace",
            )
        event = name if len(places) == 1 else f"{name}_{index}"
        events.append(event)
        semaphore = f"({place.semaphore_offset:#x})" if place.semaphore_offset is not None else ""
        words = [f"p:{group}/{event}", f"{place.path}:{place.offset:#x}{semaphore}"]
        words += _fetched(place, declared, made, "ustring")
        made.lines.append(f"echo {shlex.quote(' '.join(words))} >> {definitions}")
    enables = [shlex.quote(f"{tracefs}/events/{group}/{event}/enable") for event in events]
    made.lines += [f"echo 1 > {enable}" for enable in enables]
    made.lines.append(f"timeout 10 cat {shlex.quote(f'{tracefs}/trace_pipe')}")
    made.lines += [f"echo 0 > {enable}" for enable in enables]
    made.lines += [f"echo '-:{group}/{event}' >> {definitions}" for event in events]
    made.hints.append(f"that traces every process that has {site.object} mapped")
    made.hints.append("the last lines remove it again")


def _fetched(site: Site, declared: Sequence[str] | None, made: Recipe, text_type: str) -> list[str]:
    """The arguments as the kernel is to fetch them; perf has taken its syntax from there."""
    fetched = []
    for shown in _shown(site, declared, made):
        operand = shown.operand
        if isinstance(operand, Immediate):
            continue
        name = f"arg{shown.number}"
        if shown.text:
            fetched.append(f"{name}=+0({value_at(operand)}):{text_type}")
        else:
            sign = "s" if operand.signed else "u"
            fetched.append(f"{name}={value_at(operand)}:{sign}{operand.size * 8}")
    names = [f"arg{shown.number}" for shown in _maybe_texts(site, declared, made)]
    _hint_at_texts(site, names, f"fetched as +0(…):{text_type}", made)
    return fetched


# -- arguments ----------------------------------------------------------------------------------


def _maybe_texts(site: Site, declared: Sequence[str] | None, made: Recipe) -> list[_Shown]:
    """The arguments of which nobody knows whether they are texts."""
    if declared is not None:
        return []
    shown = _shown(site, declared, made)
    return [
        one
        for one in shown
        if may_be_text(one.operand, site) and not isinstance(one.operand, Immediate)
    ]


def _hint_at_texts(site: Site, names: Sequence[str], how: str, made: Recipe) -> None:
    if names:
        made.hints.append(
            f"{site.name}: the notes do not say whether {', '.join(names)} are addresses of texts; "
            f"one that is, is {how}"
        )


def _shown(site: Site, declared: Sequence[str] | None, made: Recipe) -> list[_Shown]:
    """The arguments that can be shown, and which of them are texts as far as anybody knows."""
    operands: list[Operand] = [*site.arguments]
    if declared is not None:
        operands += beyond_note(site, declared)
        if len(declared) != len(operands):
            declared = None
    shown = []
    for number, operand in enumerate(operands, 1):
        if isinstance(operand, Unsupported):
            made.hints.append(
                f"{site.name}: argument {number} is left out: {operand.text} ({operand.reason})"
            )
            continue
        text = (
            declared is not None
            and declared_kind(declared[number - 1]) != "number"
            and may_be_text(operand, site)
        )
        shown.append(_Shown(number, operand, text))
    return shown


def _identifier(name: str) -> str:
    """A name as a C identifier, which events have to have."""
    cleaned = re.sub(r"[^A-Za-z0-9_]", "_", name)[:60]
    return cleaned if _IDENTIFIER.fullmatch(cleaned) else f"_{cleaned}"
