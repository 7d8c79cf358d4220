"""What the kernel is to fetch when a probe fires, and what it means.

Texts are fetched as arrays of 64-bit words and end at their first NUL, not as the kernel's own
`ustring`: that has no limit but the memory page (4 KiB) that a firing with all its texts must fit
into. With a longer one Linux drops the firing without counting it (6.18, measured), logs a warning
that halts machines with panic_on_warn, and before 6.12 writes past the page (CVE-2024-50067). What
is in the texts is often said by whoever sends a request. An array has a size, and what cannot be
read of it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from nodeobs.usdt.elf import EM_AARCH64, EM_X86_64
from nodeobs.usdt.operands import Immediate, Memory, Operand, Register, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.usdt.sites import Site

#: Bytes of a text that are read unless asked for otherwise, at least and at most.
TEXT_BYTES: Final = 256
TEXT_LEAST: Final = 8
TEXT_MOST: Final = 2048
# MAX_PROBE_EVENT_SIZE of kernel/trace/trace_probe.h is 3072 bytes since Linux 6.8, before that a
# page: this much for texts leaves room for 64 numbers.
_ALL_TEXTS: Final = 2560
# MAX_ARRAY_LEN of the same, in words.
_LONGEST_ARRAY: Final = 64

#: The register with the address of all arguments, in objects that nodeobs has made: see
#: native/stapsdt/stapsdt.h. Arguments from the 13th on are in no note.
BLOCK: Final = {EM_X86_64: "r10", EM_AARCH64: "x9"}
_IN_NOTE: Final = 12
_IN_REGISTERS: Final = 6

Kind = Literal["number", "text", "json", "double", "either", "constant", "nothing"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a firing. `number` and `texts` are names of fields of the event.

    `either` has both: only the values show whether it is a text. `constant` has a value (and
    `texts`, where it may be the address of one), `nothing` cannot be followed.
    """

    kind: Kind
    number: str | None = None
    texts: tuple[str, ...] = ()
    value: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`definition` is the part of a uprobe_events line after the place. Sites with the same
    `fields` (names and types) can share an event."""

    arguments: tuple[Argument, ...]
    definition: str

    @property
    def fields(self) -> str:
        words = self.definition.split()
        return " ".join(f"{one.partition('=')[0]}{one[one.rindex(':') :]}" for one in words)


def plan(site: Site, types: Sequence[str] | None, text_bytes: int = TEXT_BYTES) -> Plan:
    """How to fetch the arguments of a site.

    `types` are those that the program declared (docs/probes.md), where they are known.
    """
    operands = site.arguments
    if types is not None:
        operands = (*operands, *beyond_note(site, types))
        if len(types) != len(operands):
            types = None
    kinds = [
        _kind(operand, types[index] if types is not None else None, site)
        for index, operand in enumerate(operands)
    ]
    texts = sum(kind in ("text", "json", "double", "either") for kind in kinds)
    words = min(text_bytes, _ALL_TEXTS // max(texts, 1)) // 8
    fetched: list[str] = []
    arguments = tuple(
        _argument(index, operand, kind, words, fetched)
        for index, (operand, kind) in enumerate(zip(operands, kinds, strict=True))
    )
    return Plan(arguments, " ".join(fetched))


def beyond_note(site: Site, types: Sequence[str]) -> list[Operand]:
    """The arguments of one of our own sites that its note has no room for."""
    block = BLOCK.get(site.machine)
    operands = site.arguments
    if len(operands) != _IN_NOTE or len(types) <= _IN_NOTE:
        return []
    for index, operand in enumerate(operands[_IN_REGISTERS:], _IN_REGISTERS):
        if not (
            isinstance(operand, Memory) and operand.base == block and operand.offset == index * 8
        ):
            return []
    return [
        Memory(8, declared_kind(kind) == "number" and not kind.startswith("u"), block or "", at * 8)
        for at, kind in enumerate(types[_IN_NOTE:], _IN_NOTE)
    ]


def declared_kind(declared: str) -> Kind:
    """What a declared type becomes for the kernel: the rules of js/probes/arguments.js."""
    if declared == "double":
        return "double"
    if declared.startswith("json"):
        return "json"
    if declared.startswith("int") or declared in ("uint8", "uint16", "uint32", "uint64"):
        return "number"
    return "text"


def may_be_text(operand: Operand, site: Site) -> bool:
    """Whether an argument may be the address of a text: a note does not tell."""
    if isinstance(operand, Unsupported):
        return False
    # The kernel reads addresses from memory with 8 bytes, whatever the process.
    if isinstance(operand, Memory) and not site.wide:
        return False
    return not operand.signed and operand.size == (8 if site.wide else 4)


def value_at(operand: Register | Memory) -> str:
    """The fetch argument of a value: docs of the kernel, trace/uprobetracer.rst."""
    if isinstance(operand, Register):
        return f"%{operand.name}"
    return f"{operand.offset:+d}(%{operand.base})"


def _kind(operand: Operand, declared: str | None, site: Site) -> Kind:
    if isinstance(operand, Unsupported):
        return "nothing"
    text = may_be_text(operand, site)
    if isinstance(operand, Immediate):
        return "either" if text and operand.value >= 1 << 12 else "constant"
    if not text:
        return "number"
    return "either" if declared is None else declared_kind(declared)


def _argument(index: int, operand: Operand, kind: Kind, words: int, fetched: list[str]) -> Argument:
    if isinstance(operand, Unsupported):
        return Argument("nothing")
    number = None
    texts: list[str] = []
    if kind in ("number", "either") and not isinstance(operand, Immediate):
        number = f"n{index}"
        sign = "s" if operand.signed else "u"
        fetched.append(f"{number}={value_at(operand)}:{sign}{operand.size * 8}")
    if kind not in ("number", "constant"):
        for start in range(0, words, _LONGEST_ARRAY):
            name = f"t{index}_{start}"
            length = min(_LONGEST_ARRAY, words - start)
            if isinstance(operand, Immediate):
                place = f"@{operand.value + start * 8:#x}"
            else:
                place = f"{start * 8:+d}({value_at(operand)})"
            fetched.append(f"{name}={place}:x64[{length}]")
            texts.append(name)
    value = operand.value if isinstance(operand, Immediate) else 0
    return Argument(kind, number, tuple(texts), value)
