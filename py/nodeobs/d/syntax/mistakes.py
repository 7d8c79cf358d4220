"""What the author of a program that is not D most likely meant."""

from __future__ import annotations

import re
from typing import Final

from lark.exceptions import UnexpectedInput, UnexpectedToken

from nodeobs.d.error import Problem
from nodeobs.d.syntax.expected import expected

_NO_LOOPS: Final = ("D has no loops", "a clause runs at every firing of its probes")
_NO_BRANCHES: Final = (
    "D has no statement for this",
    "write /condition/ before the {, or a ? b : c",
)
_NO_TYPES: Final = (
    "types cannot be declared here",
    "arguments are translated already: args[0]->name",
)

_WORDS: Final[dict[str, tuple[str, str]]] = {
    **dict.fromkeys(("for", "while", "do"), _NO_LOOPS),
    **dict.fromkeys(("if", "else", "switch", "case", "goto", "return", "break"), _NO_BRANCHES),
    **dict.fromkeys(("struct", "union", "typedef", "translator", "enum", "extern"), _NO_TYPES),
    "provider": _NO_TYPES,
}
_WORD: Final = re.compile(r"(?<![\w$@>.:-])[A-Za-z_]\w*(?![\w:-])")

_STRING_OR_COMMENT: Final = r'"(?:[^"\\\n]|\\.)*"|/\*(?:[^*]|\*(?!/))*\*/|//(?!\*)[^\n]*'
_BRACES: Final = re.compile(rf"{_STRING_OR_COMMENT}|[{{}}]")
_PARENTHESES: Final = re.compile(rf"{_STRING_OR_COMMENT}|[()\[\]]")
_CLOSING: Final = {"(": ")", "[": "]"}
_FRACTION: Final = re.compile(r"\d+\.$")

#: By the text at the fault: what is wrong, and a hint.
_AT_FAULT: Final = (
    (re.compile(r"\.\d"), "D has no fractions", "scale it: nanoseconds, or 1000 * x / y"),
    (re.compile(r"\d[\w.]*"), "this is not a number", None),
    (re.compile(r"'"), "a character is one letter in quotes", 'texts: "…"'),
    (re.compile(r"`"), "variables of the kernel are not known here", None),
    (re.compile(r"#"), "# begins no line here", None),
    (re.compile(r"=(?!=)"), "only variables can be assigned to", "to compare, write =="),
    (re.compile(r"@"), "an aggregation is filled by a statement of its own", "@name = count();"),
)  # fmt: skip


def word_problem(word: str, at: int) -> Problem | None:
    """The Problem for a word of C that D, or what there is of it here, does not have."""
    if word not in _WORDS:
        return None
    problem, hint = _WORDS[word]
    return Problem(at, f"{problem}: {word}", hint)


def syntax_problem(content: str, start: int, error: UnexpectedInput) -> Problem:
    """The Problem for what the parser met in `content`, which begins at the position `start`."""
    at = error.pos_in_stream
    if isinstance(error, UnexpectedToken):
        at = error.token.start_pos
        if error.token.type == "$END":
            at = None
    if at is None or at < 0 or at >= len(content):
        return _early_end(content, start)
    brace = _open_brace(content, at)
    word = _reserved_before(content, at, brace)
    if word is not None:
        known = word_problem(word[0], start + word.start())
        assert known is not None
        return known
    fraction = _FRACTION.search(content, max(at - 20, 0), at)
    if fraction is not None and content[at].isdigit():
        return Problem(start + fraction.start(), *_AT_FAULT[0][1:])
    if brace is None and content[at] == "=":
        return Problem(
            start + at, "a declaration gives no value", "give it in a clause: BEGIN { x = 1; }"
        )
    wanted = expected(error)
    for pattern, problem, hint in _AT_FAULT if wanted != "a name" else ():
        if pattern.match(content, at):
            return Problem(start + at, problem, hint)
    found = re.compile(r"\w+|\S").match(content, at)
    shown = found[0] if found else content[at]
    shown = shown if shown.isprintable() else repr(shown)
    hint = _outside_hint(content, at) if brace is None else _inside_hint(content, at)
    problem = f"{wanted} is expected here, not {shown:.40}" if wanted else f"what is {shown:.40}?"
    return Problem(start + at, problem, hint)


def _outside_hint(content: str, at: int) -> str | None:
    head = content[max(content.rfind("}", 0, at), content.rfind(";", 0, at)) + 1 : at]
    if content[at] == "{" and "/" in head:
        return "the predicate is not closed: a / before the {"
    if content[at] == "(":
        return "statements stand in braces: PROBES { STATEMENTS }"
    if content[at] == "{":
        return "a clause begins with its probes: restify*:::route-start { … }"
    if content[at] in "}/":
        return "a clause is probes /predicate/ { statements }"
    return None


def _inside_hint(content: str, at: int) -> str | None:
    before = content[:at].rstrip()
    last = before[-1:]
    if content[at] in ";})," and last in tuple("=+-*/%&|^<>?:!~,("):
        return f"is something missing after {'->' if before.endswith('->') else last}?"
    statement = content[max(content.rfind(";", 0, at), content.rfind("{", 0, at)) + 1 : at]
    closing = _unclosed(statement)
    if content[at] in ";}" and closing:
        return f"is a {closing} missing before it?"
    if closing and _is_value(content[at]) and last not in "([,":
        return "is a , missing before it?"
    if last in (";", "{", ",", "("):
        return None
    if "\n" in content[len(before) : at]:
        return f"is a ; missing at the end of line {before.count(chr(10)) + 1}?"
    return "is a ; missing before it?" if content[at].isalpha() else None


def _unclosed(statement: str) -> str:
    """What closes the parenthesis or bracket that is open at the end, "" for none."""
    closing: list[str] = []
    for match in _PARENTHESES.finditer(statement):
        if match[0] in _CLOSING:
            closing.append(_CLOSING[match[0]])
        elif closing and match[0] == closing[-1]:
            closing.pop()
    return closing[-1] if closing else ""


def _is_value(character: str) -> bool:
    return character.isalnum() or character in "\"'@_$"


def _early_end(content: str, start: int) -> Problem:
    end = len(content.rstrip())
    brace = _open_brace(content, len(content))
    if brace is not None:
        return Problem(start + brace, "this { is not closed", "add a }")
    return Problem(start + end, "the program ends too early", "a clause is PROBES { ACTIONS }")


def _open_brace(content: str, until: int) -> int | None:
    """The position of the brace that is open at `until`; texts and comments left out."""
    open_at: int | None = None
    for match in _BRACES.finditer(content, 0, until):
        if match[0] == "{":
            open_at = match.start() if open_at is None else open_at
        elif match[0] == "}":
            open_at = None
    return open_at


def _reserved_before(content: str, at: int, brace: int | None) -> re.Match[str] | None:
    """A word that D does not have, in the statement or line that fails at `at`, or before the
    brace that is open there: `if (x) {` fails at the brace, `struct x { int` behind it."""
    begin = max(content.rfind(separator, 0, at) for separator in ";{}\n") + 1
    if brace is not None:
        head = max(content.rfind(separator, 0, brace) for separator in ";}\n") + 1
        word = _WORD.search(content, head, brace)
        if word is not None and word[0] in _WORDS:
            return word
    for word in _WORD.finditer(content, begin, min(at + 32, len(content))):
        if word.start() > at:
            return None
        if word[0] in _WORDS:
            return word
    return None
