"""The options of a program: `#pragma D option name[=value]` and `-x name[=value]`.

Names, units and defaults are DTrace's (the guide's chapter "Options and Tunables"). Sizes become
counts where the agent counts instead of measuring.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.error import Problem
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What one of them takes in an agent, in bytes: turns DTrace's sizes into counts.
_KEY_BYTES: Final = 400
_VARIABLE_BYTES: Final = 100
_RECORD_BYTES: Final = 400


@dataclass(frozen=True, slots=True)
class Options:
    """The options in force. `strsize` in bytes, `switchrate` in seconds, `rate` in records per
    second and thread; `aggkeys` and `dynvars` are keys and variables per thread at most."""

    quiet: bool = False
    aggsortkey: bool = False
    aggsortkeypos: int = 0
    aggsortpos: int = 0
    aggsortrev: bool = False
    aggpack: bool = False
    agghist: bool = False
    aggzoom: bool = False
    defaultargs: bool = False
    zdefs: bool = False
    strsize: int = 256
    switchrate: float = 1.0
    aggkeys: int = 10_000
    dynvars: int = 10_000
    rate: int = 10_000

    @property
    def limits(self) -> dict[str, int]:
        """What an agent is told of them."""
        return {
            "strsize": self.strsize,
            "aggkeys": self.aggkeys,
            "dynvars": self.dynvars,
            "rate": self.rate,
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """One option as given. `at` is its position in the program, None for `-x`."""

    name: str
    value: str | None
    at: int | None = None

    @classmethod
    def parse(cls, text: str, at: int | None = None) -> Setting:
        """`name` or `name=value`."""
        name, equals, value = text.partition("=")
        return cls(name.strip(), value.strip() if equals else None, at)


_FLAGS: Final = (
    "quiet", "aggsortkey", "aggsortrev", "aggpack", "agghist", "aggzoom", "defaultargs", "zdefs",
)  # fmt: skip
_NUMBERS: Final = {"aggsortkeypos": 0, "aggsortpos": 0, "aggkeys": 1, "dynvars": 1, "rate": 1}
#: Options whose bytes are another option's count: that option, and the bytes of one.
_SIZES: Final = {
    "strsize": ("strsize", 1),
    "aggsize": ("aggkeys", _KEY_BYTES),
    "dynvarsize": ("dynvars", _VARIABLE_BYTES),
    "bufsize": ("rate", _RECORD_BYTES),
}
#: Options that are about what is not here: accepted, so that old scripts run.
_IGNORED: Final = (
    "aggrate", "amin", "argref", "bufpolicy", "bufresize", "cleanrate", "cpu", "cpp", "cppargs",
    "cpphdrs", "cpppath", "destructive", "disasm", "errtags", "evaltime", "flowindent",
    "grabanon", "iregs", "jstackframes", "jstackstrsize", "knodefs", "late", "lazyload", "ldpath",
    "libdir", "linkmode", "linktype", "nolibs", "nspec", "nworkers", "pgmax", "preallocate",
    "pspec", "quietresize", "rawbytes", "specsize", "stackframes", "stackindent", "statusrate",
    "stdc", "strip", "temporal", "tree", "tregs", "undefs", "unodefs", "ustackframes", "verbose",
    "version",
)  # fmt: skip
_KNOWN: Final = (*_FLAGS, *_NUMBERS, *_SIZES, "switchrate")

_MOST: Final = 1_000_000
_MOST_TEXT: Final = 16 << 10

_SIZE: Final = re.compile(r"(\d{1,15})([kmgt]?)", re.IGNORECASE)
_SCALE: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_RATE: Final = re.compile(r"(\d{1,15})\s*([a-z]*)", re.IGNORECASE)
#: Nanoseconds of the units of time, as `tick-` and rates have them.
UNITS: Final[dict[str, int]] = {
    "ns": 1, "nsec": 1,
    "us": 1_000, "usec": 1_000,
    "ms": 1_000_000, "msec": 1_000_000,
    "s": 1_000_000_000, "sec": 1_000_000_000,
    "m": 60_000_000_000, "min": 60_000_000_000,
    "h": 3_600_000_000_000, "hour": 3_600_000_000_000,
    "d": 86_400_000_000_000, "day": 86_400_000_000_000,
}  # fmt: skip


def period(number: int, unit: str) -> int | None:
    """Nanoseconds of `1s`, `100ms`, `10hz`; no unit is hz. None where there is no such unit."""
    unit = unit.lower()
    if unit in ("", "hz"):
        return 1_000_000_000 // number if number else None
    scale = UNITS.get(unit)
    return None if scale is None or not number else number * scale


def apply(settings: Iterable[Setting], base: Options | None = None) -> Options:
    """The options that settings make of `base`, the last of a name in force.

    Raises Problem at a setting that there is not, or whose value is none.
    """
    options = base or Options()
    for setting in settings:
        options = _apply(options, setting)
    return options


def _apply(options: Options, setting: Setting) -> Options:
    name, value = setting.name, setting.value
    if name in _FLAGS:
        return _with(options, name, _flag(setting))
    if name in _IGNORED:
        return options
    if name not in _KNOWN:
        hint = did_you_mean(near_names(name, _KNOWN)) or f"options are {', '.join(sorted(_KNOWN))}"
        raise Problem(setting.at, f"there is no option {name or '(none)'}", hint)
    if value is None:
        raise Problem(setting.at, f"the option {name} needs a value", f"write {name}=VALUE")
    if name in _NUMBERS:
        least = _NUMBERS[name]
        if not (value.isascii() and value.isdigit() and least <= int(value[:15]) <= _MOST):
            raise Problem(setting.at, f"{name} is a number from {least} to {_MOST:,}")
        return _with(options, name, int(value))
    if name == "switchrate":
        match = _RATE.fullmatch(value)
        nanoseconds = period(int(match[1]), match[2]) if match else None
        if not nanoseconds:
            raise Problem(setting.at, f"{value!r:.40} is not a rate", "write 1s, 100ms or 10hz")
        return replace(options, switchrate=max(nanoseconds / 1e9, 0.01))
    field, bytes_of_one = _SIZES[name]
    match = _SIZE.fullmatch(value)
    if match is None:
        raise Problem(setting.at, f"{value!r:.40} is not a size", "write 256, 64k or 4m")
    size = int(match[1]) * _SCALE[match[2].lower()]
    most = _MOST_TEXT if name == "strsize" else _MOST
    if name == "strsize" and not 1 <= size <= most:
        raise Problem(setting.at, f"strsize is from 1 to {most:,} bytes")
    return _with(options, field, min(max(size // bytes_of_one, 1), most))


def _with(options: Options, name: str, value: Any) -> Options:
    return replace(options, **{name: value})


def _flag(setting: Setting) -> bool:
    values = {None: True, "": True, "1": True, "true": True, "0": False, "false": False}
    values |= {"on": True, "off": False, "yes": True, "no": False, "enabled": True}
    value = None if setting.value is None else setting.value.lower()
    if value not in values:
        raise Problem(setting.at, f"{setting.name} is on or off, not {setting.value!r:.40}")
    return values[value]
