"""JavaScript's regular expressions on Python's engine.

The syntax is translated piece by piece, because the same characters mean different things: `$`,
`.`, `\\d` and `\\b` above all. What Python cannot express is refused, never approximated.

Without the flag u JavaScript matches UTF-16 code units. A text that has characters outside the BMP
is then matched as its units, each a (surrogate) character of its own.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from nodeobs.filter.error import FilterError
from nodeobs.javascript import from_units, units

_LINE_END: Final = r"\n\r\u2028\u2029"
_SPACE: Final = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NOT_SPACE: Final = (
    r"\x00-\x08\x0e-\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027"
    r"\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)
#: The sets that `\d` and its like stand for, as the inside of a Python character class.
_SETS: Final = {
    "d": "0-9",
    "D": r"\x00-/:-\U0010ffff",
    "w": "0-9A-Z_a-z",
    "W": r"\x00-/:-@\[-\^`{-\U0010ffff",
    "s": _SPACE,
    "S": _NOT_SPACE,
}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f", "0": "\0"}
_HEX: Final = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,8})\}")
_REPEAT: Final = re.compile(r"[*+?]|\{[0-9]+(?:,[0-9]*)?\}", re.ASCII)
_GROUP_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FLAGS: Final = frozenset("gimsu")
#: Repeating more often than this costs Python's compiler more than it is worth.
_MAX_REPEAT: Final = 1000


class Pattern:
    """A compiled regular expression. FilterError (without a place) where it cannot be one."""

    __slots__ = ("_by_units", "_regex", "all")

    def __init__(self, source: str, flags: str) -> None:
        for flag in flags:
            if flag not in _FLAGS or flags.count(flag) > 1:
                raise FilterError(
                    f"the flag {flag!r} of a regular expression is not supported",
                    "flags are g, i, m, s and u",
                )
        #: With the flag g, `match` returns every match and no groups.
        self.all = "g" in flags
        self._by_units = "u" not in flags
        text = _Translation(self._prepared(source), flags).text()
        try:
            self._regex = re.compile(text, re.IGNORECASE if "i" in flags else 0)
        except (re.error, OverflowError, RecursionError) as error:
            reason = getattr(error, "msg", "too large")
            raise FilterError(f"the regular expression is not supported: {reason}", None) from None

    def test(self, subject: str) -> bool:
        """Whether it matches anywhere."""
        return self._regex.search(self._prepared(subject)) is not None

    def match(self, subject: str) -> list[str | None] | None:
        """The first match and its groups, or with the flag g all matches; None without any."""
        prepared = self._prepared(subject)
        if self.all:
            found = [match[0] for match in self._regex.finditer(prepared)]
            return [*map(_joined, found)] or None
        match = self._regex.search(prepared)
        if match is None:
            return None
        return [None if part is None else _joined(part) for part in (match[0], *match.groups())]

    def _prepared(self, text: str) -> str:
        if not self._by_units or text.isascii() or max(text) <= "\uffff":
            return text
        data = units(text)
        return "".join(map(chr, struct.unpack(f">{len(data) // 2}H", data)))


def _joined(text: str) -> str:
    """Surrogates that belong together as the character that they are."""
    return text if text.isascii() else from_units(units(text))


class _Translation:
    def __init__(self, source: str, flags: str) -> None:
        self._source = source
        self._flags = flags
        self._at = 0
        self._out: list[str] = []
        # Whether what was emitted last is something that a repetition may follow.
        self._repeatable = False
        self._opened: list[int] = []
        self._closed: list[bool] = []
        self._names: dict[str, int] = {}

    def text(self) -> str:
        """The pattern in Python's syntax."""
        while self._at < len(self._source):
            self._piece()
        if self._opened:
            raise _wrong("a group is not closed")
        return "".join(self._out)

    def _emit(self, text: str, repeatable: bool = True) -> None:
        self._out.append(text)
        self._repeatable = repeatable

    def _piece(self) -> None:
        source, at = self._source, self._at
        character = source[at]
        repeat = _REPEAT.match(source, at)
        if repeat is not None:
            self._repeat(repeat[0])
            return
        self._at += 1
        match character:
            case "\\":
                self._escape()
            case "[":
                self._class()
            case "(":
                self._open()
            case ")":
                if not self._opened:
                    raise _wrong("a group is closed that was not opened")
                group = self._opened.pop()
                if group:
                    self._closed[group - 1] = True
                self._emit(")")
            case "|":
                self._emit("|", repeatable=False)
            case ".":
                self._emit(r"[\s\S]" if "s" in self._flags else f"[^{_LINE_END}]")
            case "^":
                multi = "m" in self._flags
                self._emit(rf"(?<![^{_LINE_END}])" if multi else r"\A", repeatable=False)
            case "$":
                multi = "m" in self._flags
                self._emit(rf"(?![^{_LINE_END}])" if multi else r"\Z", repeatable=False)
            case _:
                self._emit(re.escape(character))

    def _repeat(self, text: str) -> None:
        if not self._repeatable:
            raise _wrong(f"nothing for {text} to repeat")
        if any(int(number) > _MAX_REPEAT for number in re.findall("[0-9]+", text)):
            raise FilterError(
                f"a regular expression repeats at most {_MAX_REPEAT} times", "use * or +"
            )
        self._at += len(text)
        if self._source[self._at : self._at + 1] == "?":
            self._at += 1
            text += "?"
        self._emit(text, repeatable=False)

    def _open(self) -> None:
        source, at = self._source, self._at
        for start in ("?:", "?=", "?!", "?<=", "?<!"):
            if source.startswith(start, at):
                self._at += len(start)
                self._opened.append(0)
                self._emit(f"({start}", repeatable=False)
                return
        self._closed.append(False)
        self._opened.append(len(self._closed))
        if source.startswith("?<", at):
            end = source.find(">", at)
            name = source[at + 2 : end] if end > 0 else ""
            if not _GROUP_NAME.fullmatch(name) or name in self._names:
                raise _wrong(f"{name!r:.40} cannot name a group")
            self._names[name] = len(self._closed)
            self._at = end + 1
        elif source.startswith("?", at):
            raise _wrong("an unknown kind of group")
        self._emit("(", repeatable=False)

    def _escape(self) -> None:
        if self._at == len(self._source):
            raise _wrong("it ends in a backslash")
        character = self._source[self._at]
        if character in _SETS:
            self._at += 1
            self._emit(f"[{_SETS[character]}]")
        elif character in "bB":
            self._at += 1
            self._emit(rf"(?a:\{character})", repeatable=False)
        elif character in "123456789":
            digits = re.match("[0-9]+", self._source[self._at :])
            assert digits is not None
            self._at += len(digits[0])
            self._reference(int(digits[0]))
        elif character == "k":
            name = re.compile(r"k<([^>]*)>").match(self._source, self._at)
            if name is None or name[1] not in self._names:
                raise _wrong(r"\k needs the <name> of a group before it")
            self._at = name.end()
            self._reference(self._names[name[1]])
        else:
            self._emit(re.escape(self._character()))

    def _reference(self, group: int) -> None:
        if group > len(self._closed) or not self._closed[group - 1]:
            raise _wrong(f"\\{group} refers to a group that is not before it")
        # In JavaScript a group that took no part matches as empty; in Python it fails.
        self._emit(f"(?:(?({group})\\{group}|))")

    def _character(self) -> str:
        """The character of the escape sequence at hand, after the backslash."""
        source, at = self._source, self._at
        character = source[at]
        self._at += 1
        if character in "pP" and "u" in self._flags:
            raise _wrong(f"\\{character}{{…}} is not supported")
        if character == "0" and source[at + 1 : at + 2].isdecimal():
            raise _wrong("octal escapes are not supported")
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "c":
            letter = source[at + 1 : at + 2]
            if not (letter.isascii() and letter.isalpha()):
                raise _wrong(r"\c needs a letter")
            self._at += 1
            return chr(ord(letter) % 32)
        code = _HEX.match(source, at)
        if code is None or (code[3] and "u" not in self._flags):
            return character
        point = int(code[1] or code[2] or code[3], 16)
        if point > 0x10FFFF:
            raise _wrong("there is no such character")
        self._at = code.end()
        return chr(point)

    def _class(self) -> None:
        source = self._source
        negated = source.startswith("^", self._at)
        self._at += negated
        parts: list[str] = []
        while True:
            if self._at >= len(source):
                raise _wrong("a class is not closed")
            if source[self._at] == "]":
                self._at += 1
                break
            low = self._class_item()
            if source.startswith("-", self._at) and source[self._at + 1 : self._at + 2] not in (
                "]",
                "",
            ):
                self._at += 1
                high = self._class_item()
                if len(low) != 1 or len(high) != 1:
                    # Annex B: where an end is a set, the hyphen is itself.
                    parts += [_in_class(low), r"\-", _in_class(high)]
                    continue
                if low > high:
                    raise _wrong("a range in a class is out of order")
                parts.append(f"{_in_class(low)}-{_in_class(high)}")
                continue
            parts.append(_in_class(low))
        if parts:
            self._emit(f"[{'^' if negated else ''}{''.join(parts)}]")
        else:
            self._emit(r"[\s\S]" if negated else r"(?!)")

    def _class_item(self) -> str:
        """One character, or the two characters of a set: a backslash and its letter."""
        source = self._source
        character = source[self._at]
        self._at += 1
        if character != "\\":
            return character
        if self._at >= len(source):
            raise _wrong("it ends in a backslash")
        escaped = source[self._at]
        if escaped in _SETS:
            self._at += 1
            return "\\" + escaped
        if escaped == "b":
            self._at += 1
            return "\b"
        if escaped in "123456789":
            raise _wrong("octal escapes are not supported")
        return self._character()


def _in_class(item: str) -> str:
    if len(item) == 2:
        return _SETS[item[1]]
    return f"\\U{ord(item):08x}"


def _wrong(reason: str) -> FilterError:
    return FilterError(f"the regular expression is not valid: {reason}", None)
