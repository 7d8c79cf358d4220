"""How DTrace lays out what it prints by itself: probe lines, trace(), print(), aggregations.

Widths are those of libdtrace: a number takes 3, 5, 8 or 16 cells as its type has 8, 16, 32 or 64
bits, a text 33 in trace() and 50 as a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing.conversion import bits_of, value_text
from nodeobs.d.printing.histogram import Packed, Scale, heading, picture
from nodeobs.d.printing.screen import PLAIN, Screen
from nodeobs.log.json_text import quote
from nodeobs.reports.table import cell_width, single_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nodeobs.d.options import Options
    from nodeobs.d.printing.printf import Format
    from nodeobs.d.runtime.aggregation import Aggregations, Entry
    from nodeobs.d.runtime.values import Value

_NUMBER_CELLS: Final = {8: 3, 16: 5, 32: 8, 64: 16}
_TRACED_CELLS: Final = 33
_KEY_CELLS: Final = 50
_PACKED_KEY_CELLS: Final = 16
_INDENT: Final = 4
_DEEPEST: Final = 32

_DROPS: Final = {
    "records": ("drop", "raise bufsize, or print less"),
    "queue": ("drop", "raise switchrate, or print less"),
    "aggregation": ("aggregation drop", "raise aggsize, or use fewer keys"),
    "dynamic": ("dynamic variable drop", "raise dynvarsize, or assign 0 to what is done with"),
    "time": ("skipped firing", "the program took too much of the process's time"),
    "probes": ("unprobed match", "describe the probes more narrowly"),
}


def default_heading() -> str:
    """The title of the default output."""
    return f"{'CPU':>3} {'ID':>6} {'FUNCTION:NAME':>32}\n"


def default_line(cpu: int, probe_id: int, function: str, name: str) -> str:
    """What stands before the output of a firing. The newline comes after that output."""
    return f"{cpu:3d} {probe_id:6d} {function + ':' + name:>32} "


def traced(value: Any, *, quiet: bool, type_name: str = "any", screen: Screen = PLAIN) -> str:
    """What trace() prints."""
    if isinstance(value, int):
        return str(value) if quiet else f" {value:>{_NUMBER_CELLS[bits_of(type_name)]}d}"
    text = screen.clean(value_text(value))
    return text if quiet else "  " + _left(text, _TRACED_CELLS)


def printed(value: Any, type_name: str = "any", screen: Screen = PLAIN) -> str:
    """What print() prints: a value with its type, an object with a line for each member."""
    return f"{_typed(value, '', type_name, 0, screen)}\n"


def printa(
    aggregations: Aggregations,
    names: Sequence[str],
    form: Format | None,
    options: Options,
    screen: Screen = PLAIN,
) -> str:
    """What printa() prints of one or several aggregations."""
    if form is not None:
        types = _types(aggregations, names[0])
        return "".join(
            form.render(row[0].keys, types, [_result(entry, options) for entry in row], screen)
            for row in aggregations.joined(names, options)
        )
    if len(names) == 1:
        return "\n" + listing(aggregations, names[0], options, screen)
    types = _types(aggregations, names[0])
    lines = ["\n"]
    for row in aggregations.joined(names, options):
        keys = _keys(row[0], types, screen)
        lines.append(keys + "".join(_value(entry, options) for entry in row) + "\n")
    return "".join(lines)


def everything(
    aggregations: Aggregations, names: Sequence[str], options: Options, screen: Screen = PLAIN
) -> str:
    """What is printed at the end of those aggregations that printa() has not printed."""
    # Sorting in reverse turns the order of the aggregations around too.
    ordered = list(names)[::-1] if options.aggsortrev else names
    return "".join(listing(aggregations, name, options, screen) for name in ordered)


def listing(aggregations: Aggregations, name: str, options: Options, screen: Screen = PLAIN) -> str:
    """An aggregation as it is printed without a format."""
    entries = aggregations.entries(name, options)
    if not entries:
        return ""
    types = _types(aggregations, name)
    if options.aggpack and entries[0].distribution is not None:
        return _packed(entries, types, options, screen)
    if options.agghist and entries[0].function in ("count", "sum") and entries[0].keys:
        return _bars(entries, types, options, screen)
    return "".join(f"{_keys(entry, types, screen)}{_value(entry, options)}\n" for entry in entries)


def drop_text(kind: str, count: int, where: str) -> str:
    """What is said of drops, in DTrace's words, and what helps. `where` is as `pid 4242`."""
    word, advice = _DROPS.get(kind, (f"{kind} drop", "see docs/trace.md"))
    plural = "es" if word.endswith("ch") else "s"
    return f"{count} {word}{plural if count != 1 else ''} in {where}; {advice}"


def fault_text(
    clause: int, probe_id: int, description: str, message: str, statement: int | None = None
) -> str:
    """What is said of a fault. `statement` counts from 1 in the clause, 0 is its predicate."""
    where = ""
    if statement is not None:
        where = f" in action #{statement}" if statement else " in predicate"
    return f"error on enabled probe ID {clause} (ID {probe_id}: {description}): {message}{where}"


def _types(aggregations: Aggregations, name: str) -> tuple[str, ...]:
    return aggregations.declared[name].types


def _result(entry: Entry, options: Options) -> int | str:
    """What stands for `%@` in a format: a number, or a picture."""
    if entry.distribution is None:
        return entry.value
    return picture(entry.distribution, entry.normal, zoom=options.aggzoom)


def _value(entry: Entry, options: Options) -> str:
    result = _result(entry, options)
    return result if isinstance(result, str) else f" {result:16d}"


def _keys(entry: Entry, types: Sequence[str], screen: Screen, *, packed: bool = False) -> str:
    return "".join(
        _key(key, types[index] if index < len(types) else "any", screen, packed=packed)
        for index, key in enumerate(entry.keys)
    )


def _key(key: Value, type_name: str, screen: Screen, *, packed: bool) -> str:
    if isinstance(key, int):
        return f" {key:{_NUMBER_CELLS[bits_of(type_name)]}d}"
    text = single_line(key) if screen.terminal else key
    if packed:
        return " " + " " * (_PACKED_KEY_CELLS - cell_width(text)) + text
    return "  " + _left(text, _KEY_CELLS)


def _key_cells(entry: Entry, types: Sequence[str]) -> int:
    """How wide packed keys are, unless one is longer."""
    return sum(
        1 + (_NUMBER_CELLS[bits_of(types[index] if index < len(types) else "any")])
        if isinstance(key, int)
        else 1 + _PACKED_KEY_CELLS
        for index, key in enumerate(entry.keys)
    )


def _packed(
    entries: Sequence[Entry], types: Sequence[str], options: Options, screen: Screen
) -> str:
    distributions = [one for entry in entries if (one := entry.distribution) is not None]
    packed = Packed.of(distributions, zoom=options.aggzoom, unicode=screen.unicode)
    lines = [packed.heading(_key_cells(entries[0], types))]
    for entry, distribution in zip(entries, distributions, strict=True):
        keys = _keys(entry, types, screen, packed=True)
        lines.append(keys + packed.line(distribution, entry.normal))
    return "".join(lines)


def _bars(entries: Sequence[Entry], types: Sequence[str], options: Options, screen: Screen) -> str:
    scale = Scale.of((entry.total.result() for entry in entries), zoom=options.aggzoom)
    lines = [heading(_key_cells(entries[0], types), "key")]
    for entry in entries:
        keys = _keys(entry, types, screen, packed=True)
        lines.append(f"{keys} {scale.bar(entry.total.result())} {entry.value:<9}\n")
    return "".join(lines)


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def _typed(value: Any, name: str, type_name: str, depth: int, screen: Screen) -> str:
    label = f" {screen.clean(name)} = " if name else " "
    if isinstance(value, dict) and depth < _DEEPEST:
        inner = " " * _INDENT * (depth + 1)
        members = [
            f"{inner}{_typed(item, str(key), 'any', depth + 1, screen)}\n"
            for key, item in value.items()
        ]
        return f"object{label}{{\n{''.join(members)}{' ' * _INDENT * depth}}}"
    if isinstance(value, str):
        return f"string{label}{screen.clean(quote(value))}"
    if isinstance(value, bool):
        return f"boolean_t{label}{int(value)}"
    if isinstance(value, int):
        sized = type_name if type_name.startswith(("int", "uint")) and type_name != "int" else ""
        return f"{sized or 'int64'}_t{label}{value}"
    kind = {list: "array", float: "double"}.get(type(value), "void")
    return f"{kind}{label}{screen.clean(value_text(value)) or 'NULL'}"
