"""What a program text holds besides D: macro variables, and lines that begin with #.

The DTrace guide's chapter "Scripting". `$1` is an argument as it stands, `$$1` the same as a text;
`$target` and what DTrace calls macro variables are numbers of this command and its user.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from nodeobs.d.error import Problem
from nodeobs.d.options import Setting
from nodeobs.d.text import well_formed
from nodeobs.errors import did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MACROS: Final[dict[str, Callable[[], int]]] = {
    "pid": os.getpid,
    "ppid": os.getppid,
    "pgid": os.getpgrp,
    "sid": lambda: os.getsid(0),
    "uid": os.getuid,
    "euid": os.geteuid,
    "gid": os.getgid,
    "egid": os.getegid,
}
_INTEGER: Final = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|\d+)", re.ASCII)

#: What has to be skipped to find the lines that begin with #.
_PARTS: Final = re.compile(
    r"(?P<comment>/\*(?:[^*]|\*(?!/))*\*/|//(?!\*)[^\n]*)"
    r'|(?P<text>"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\')'
    r"|(?P<open>/\*(?!/))"
    r"|(?P<quote>[\"'])"
    r"|(?P<joined>\\\r?\n)"
    r"|(?P<line>(?<![^\n])[ \t]*\#(?:\\\r?\n|[^\n])*)"
)
_OPTION: Final = re.compile(r"\s*\#\s*pragma\s+D\s+option\b")
#: A name for a value, as scripts for `dtrace -C` have it.
_DEFINE: Final = re.compile(r"\s*\#\s*define\s+([A-Za-z_]\w*)(?!\S)\s*", re.ASCII)
#: Lines that say nothing to us: `#!`, `#pragma` of others, `#ident`, `# 12 "file"`.
_IDLE: Final = re.compile(r"\s*\#\s*(?:!|pragma\b|ident\b|line\b|\d|$)")


class Macros:
    """The macro variables of one run. `words` are $0 (the script), $1, …"""

    def __init__(self, words: Sequence[str] = ("",), *, defaults: bool = False) -> None:
        self._words = [well_formed(word) for word in words] or [""]
        #: Whether an argument that is not given is 0 or "" (the option defaultargs).
        self.defaults = defaults
        self._used = {0}

    def text(self, name: str, at: int) -> str:
        """What `$name` stands for, as a text."""
        if name.isdigit() and name.isascii():
            return self._word(name, at)
        if name in _MACROS:
            return str(_MACROS[name]())
        raise Problem(
            at,
            f"there is no macro variable ${name:.40}",
            did_you_mean(f"${near}" for near in near_names(name, (*_MACROS, "target"))),
        )

    def integer(self, name: str, at: int) -> int | None:
        """What `$name` stands for where it is a number, else None."""
        text = self.text(name, at)
        if not _INTEGER.fullmatch(text) or len(text) > 40:
            return 0 if text == "" and self.defaults else None
        digits = text.lstrip("-")
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        try:
            value = int(digits, 8 if octal else 0)
        except ValueError:
            return None
        return -value if text.startswith("-") else value

    def unused(self) -> str | None:
        """The first argument that no program has asked for."""
        rest = [word for number, word in enumerate(self._words) if number not in self._used]
        return rest[0] if rest else None

    def _word(self, name: str, at: int) -> str:
        number = int(name[:6])
        self._used.add(number)
        if number < len(self._words):
            return self._words[number]
        if self.defaults:
            return ""
        raise Problem(
            at,
            f"${name:.6} has no value: {_given(len(self._words) - 1)}",
            "arguments follow the program; -x defaultargs makes missing ones 0",
        )


def _given(count: int) -> str:
    return "no argument is given" if count == 0 else f"only {count} given"


class Definition(NamedTuple):
    """`#define name value`; `at` is the position of the value."""

    name: str
    value: str
    at: int


class Prepared(NamedTuple):
    """A text with everything that is not D replaced by spaces, so that positions stay; the options
    that its `#pragma D option` lines set; and what it defines."""

    content: str
    settings: list[Setting]
    definitions: list[Definition]


def prepare(content: str, start: int) -> Prepared:
    """What a text holds that begins at the position `start`. Raises Problem."""
    settings: list[Setting] = []
    definitions: list[Definition] = []

    def replace(match: re.Match[str]) -> str:
        kind, found, at = match.lastgroup, match[0], start + match.start()
        if kind == "open":
            raise Problem(at, "the comment does not end", "close it with */")
        if kind == "quote":
            what = "string" if found == '"' else "character"
            raise Problem(at, f"the {what} does not end on its line", f"close it with {found}")
        if kind == "joined":
            return " " * (len(found) - 1) + "\n"
        if kind == "line":
            define = _DEFINE.match(found)
            if define is None:
                _directive(found, at, settings)
            elif value := found[define.end() :].replace("\\", " ").rstrip():
                definitions.append(Definition(define[1], value, at + define.end()))
            return " " * len(found)
        return found

    return Prepared(_PARTS.sub(replace, content), settings, definitions)


def _directive(line: str, at: int, settings: list[Setting]) -> None:
    at += len(line) - len(line.lstrip())
    option = _OPTION.match(line)
    if option is not None:
        setting = line[option.end() :].strip()
        if not setting:
            raise Problem(at, "#pragma D option names no option", "write #pragma D option quiet")
        settings.append(Setting.parse(setting, at))
    elif _IDLE.match(line) is None:
        raise Problem(
            at,
            f"{line.split()[0]:.20} is for the C preprocessor, which is not run",
            "only #define NAME VALUE is known",
        )
