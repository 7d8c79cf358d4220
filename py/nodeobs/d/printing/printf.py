"""Formats of printf() and printa(): parsed, checked against what they are to show, and shown.

The grammar is that of DTrace, which is a little looser than C's: flags, width, precision, `@` and
the length modifiers (which mean nothing) come in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from nodeobs.d.printing.conversion import Conversion, bits_of, converted
from nodeobs.d.printing.screen import PLAIN, Screen

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTEGERS: Final = "char, short, int, long, or long long"
#: What each conversion shows, in DTrace's words.
_PROTOTYPES: Final = {
    **dict.fromkeys("diouxX", _INTEGERS),
    **dict.fromkeys("cC", "char, short, or int"),
    **dict.fromkeys("eEfgG", "float, double, or long double"),
    **dict.fromkeys("sS", "char [] or string (or use stringof)"),
    **dict.fromkeys("aAp", "pointer or integer"),
    **dict.fromkeys("YT", "int64_t"),
    "%": "void",
}
_STACKS: Final = "stacks belong to the sampler, which comes with a later release"

_FLAG: Final = "#+-' 0"
_LENGTH: Final = "hlLw"
#: Unlike a width, this many characters of a number are a mistake.
_MOST_DIGITS: Final = 6
_NUMBER: Final = re.compile(r"[0-9]+")


class FormatError(ValueError):
    """A format that cannot be used.

    `offset` is where, in the text of the format; `argument` which of the values is at fault, None
    where it is the format itself.
    """

    def __init__(self, problem: str, offset: int, argument: int | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Format:
    """A parsed format: literal texts and conversions, in order."""

    text: str
    pieces: tuple[str | Conversion, ...]

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """Those that show a value."""
        return tuple(
            piece for piece in self.pieces if isinstance(piece, Conversion) and not piece.literal
        )

    def render(
        self,
        values: Sequence[Any],
        types: Sequence[str] = (),
        aggregates: Sequence[int | str] = (),
        screen: Screen = PLAIN,
    ) -> str:
        """The text for `values`, whatever they are: never raises.

        `types` are those of the values (`int32`, `string`, …) as far as known; `aggregates` are
        the results of printa()'s aggregations, where a text is a picture that stands for itself.
        The last one serves all `%@` that are left.
        """
        parts: list[str] = []
        at = which = 0
        for piece in self.pieces:
            if isinstance(piece, str):
                parts.append(piece)
                continue
            if piece.literal:
                parts.append("%")
                continue
            width, at = _given(piece.width, values, at)
            precision, at = _given(piece.precision, values, at)
            bits = 64
            if piece.aggregation:
                value = aggregates[min(which, len(aggregates) - 1)] if aggregates else None
                which += 1
                if isinstance(value, str):
                    parts.append(value)
                    continue
            else:
                value = values[at] if at < len(values) else None
                bits = bits_of(types[at]) if at < len(types) else 64
                at += 1
            parts.append(converted(piece, value, width, precision, bits, screen))
        return "".join(parts)


def parse_format(text: str) -> Format:
    """The format that `text` is. Raises FormatError."""
    pieces: list[str | Conversion] = []
    start = conversions = 0
    while (at := text.find("%", start)) >= 0:
        if at > start:
            pieces.append(text[start:at])
        conversions += 1
        conversion, start = _conversion(text, at, f"format conversion #{conversions}")
        pieces.append(conversion)
    if start < len(text):
        pieces.append(text[start:])
    return Format(text, tuple(pieces))


def check(
    form: Format, types: Sequence[str], function: str = "printf", aggregations: int = 0
) -> None:
    """Raises FormatError where values of `types` do not go with the format.

    `types` are those of the arguments, or of printa()'s keys. `any` goes with every conversion.
    """
    if not form.text:
        raise FormatError(f"{function}( ) format string is empty", 0)
    at = 0
    for index, conversion in enumerate(form.conversions, 1):
        what = f"conversion #{index} (%{conversion.letter})"
        for _ in range(conversion.stars):
            _need(conversion, types, at, function, f'{what} is missing its "*" argument')
            if not _is_integer(types[at]):
                problem = f"a width or precision is an int, not {types[at]}"
                raise FormatError(f"{function}( ) {what}: {problem}", conversion.offset, at)
            at += 1
        if conversion.aggregation:
            if not aggregations:
                problem = f"%@ shows an aggregation and is not for use with {function}( )"
                raise FormatError(problem, conversion.offset)
            if conversion.letter in "sScC":
                problem = f"{what} is incompatible with the result of an aggregation"
                raise FormatError(f"{function}( ) {problem}: use %@d", conversion.offset)
            continue
        _need(conversion, types, at, function, f"{what} is missing a value argument")
        if not _fits(conversion.letter, types[at]):
            raise FormatError(
                f"{function}( ) argument is incompatible with {what}: "
                f"it shows {_PROTOTYPES[conversion.letter]}, not {types[at]}",
                conversion.offset,
                at,
            )
        at += 1
    if at < len(types) and function != "printa":
        raise FormatError(
            f"{function}( ) prototype mismatch: only {at} arguments required by this format string",
            0,
            at,
        )


def _given(wanted: int | str | None, values: Sequence[Any], at: int) -> tuple[int | None, int]:
    if not isinstance(wanted, str):
        return wanted, at
    value = values[at] if at < len(values) else None
    return (int(value) if isinstance(value, int) else None), at + 1


def _need(conversion: Conversion, types: Sequence[str], at: int, function: str, what: str) -> None:
    if at >= len(types):
        raise FormatError(f"{function}( ) prototype mismatch: {what}", conversion.offset)


def _fits(letter: str, type_name: str) -> bool:
    if type_name == "any" or letter in "aA":
        return True
    if letter in "sS":
        return type_name == "string"
    return _is_integer(type_name)


def _is_integer(type_name: str) -> bool:
    return type_name == "any" or type_name.startswith(("int", "uint"))


def _conversion(text: str, offset: int, what: str) -> tuple[Conversion, int]:
    """The conversion at `offset`, and where what follows it starts."""
    flags, aggregation, dot = "", False, False
    width: int | str | None = None
    precision: int | str | None = None
    at = offset + 1
    while at < len(text):
        character = text[at]
        number = _NUMBER.match(text, at)
        if character == "." and dot:
            raise FormatError(f'{what} has more than one "." specified', at)
        if character == ".":
            # No digits after it are a precision of 0, as in C.
            dot, precision = True, 0
        elif character == "*":
            if "*" in ((precision,) if dot else (width,)):
                field = "precision" if dot else "width"
                raise FormatError(f'{what} has more than one "*" for the output {field}', at)
            width, precision = (width, "*") if dot else ("*", precision)
        elif number is not None and (dot or character != "0" or width is not None):
            if len(number[0]) > _MOST_DIGITS:
                raise FormatError(f"{what} is too wide", at)
            width, precision = (width, int(number[0])) if dot else (int(number[0]), precision)
            at = number.end()
            continue
        elif character in _FLAG:
            flags += character
        elif character == "?":
            width = 16
        elif character == "@":
            aggregation = True
        elif character == "$":
            raise FormatError(f"{what} uses unsupported positional format (%n$)", at)
        elif character not in _LENGTH:
            break
        at += 1
    else:
        raise FormatError(f"{what} name expected before end of format string", offset)
    if character == "k":
        raise FormatError(f"{what} shows stacks: {_STACKS}", at)
    if character not in _PROTOTYPES:
        raise FormatError(f"{what} is undefined: %{character}", at)
    if character == "%" and at > offset + 1:
        raise FormatError(f"{what} cannot be combined with other format flags: %%", at)
    return Conversion(character, offset, flags, width, precision, aggregation), at + 1
