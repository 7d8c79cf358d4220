"""Text of a filter to its parsed form."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from nodeobs.bus.topics import LEVELS
from nodeobs.errors import did_you_mean, near_names
from nodeobs.filter import literals
from nodeobs.filter.error import FilterError
from nodeobs.filter.grammar import GRAMMAR
from nodeobs.filter.pattern import Pattern
from nodeobs.filter.tree import MAX_DEPTH, MAX_LENGTH, MAX_NODES, METHODS, PATTERNS, Node

_LEVEL_CONSTANTS: Final = {name.upper(): number for name, number in LEVELS.items()}
_ALL_METHODS: Final = (*METHODS, *PATTERNS)
_COMPARISONS: Final = frozenset(("==", "!=", "===", "!==", "<", "<=", ">", ">="))
_CHAINS: Final = {"or": "||", "and": "&&", "coalesce": "??"}
_UNARY: Final = {"!": "!", "-": "neg", "+": "pos", "typeof": "typeof"}

#: Words that mean something else in JavaScript than the field of that name.
_RESERVED_WORDS: Final = (
    "arguments async await break case catch class const continue debugger default delete do else"
    " enum eval export extends finally for function if implements import instanceof interface let"
    " new package private protected public return static super switch throw try var void while"
    " with yield"
)
_RESERVED: Final = frozenset(_RESERVED_WORDS.split())

_WORD: Final = re.compile(r"(?<![\w$.\"'])[\w$]+")

_CHANGES: Final = re.compile(r"\+\+|--|[-+*/%&|^?]=(?!=)")

#: What a wrong character most likely was meant to be, by the text found there.
_MISTAKES: Final = (
    (re.compile(r"=>"), "functions are not part of the filter language", None),
    (re.compile(r"=(?!=)"), "a filter cannot assign", "to compare, write =="),
    (re.compile(r"&(?!&)"), "& is not part of the filter language", "did you mean &&?"),
    (re.compile(r"\|(?!\|)"), "| is not part of the filter language", "did you mean ||?"),
    (re.compile(r"[\^~]|<<|>>|\*\*"), "this operator is not part of the filter language", None),
    (re.compile(r"`"), "template strings are not part of the filter language", 'write "…" and +'),
    (re.compile(r"[\"']"), "the string does not end on this line", None),
    (re.compile(r"/"), "the regular expression does not end", None),
    (re.compile(r"[{}]"), "blocks and objects are not part of the filter language", None),
    (re.compile(r","), "a filter is one expression", "to require two things, write && between"),
    (
        re.compile(r"\?\?|\|\||&&"),
        "?? cannot stand beside && and || without parentheses",
        "write (a ?? b) || c",
    ),
    (re.compile(r"#"), "# is not part of the filter language", None),
)  # fmt: skip


def parse(text: str) -> Node:
    """The parsed form of `text`; FilterError with line and column where it is none."""
    if len(text) > MAX_LENGTH:
        raise FilterError(f"longer than {MAX_LENGTH} characters", None)
    if not text.strip().strip(";"):
        raise FilterError("it is empty", 'a filter is an expression, for example level >= "warn"')
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    return _Builder(text).build(tree.children[0], MAX_DEPTH)


@functools.cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


def _syntax_error(text: str, error: UnexpectedInput) -> FilterError:
    position: int | None = error.pos_in_stream
    found: str | None = None
    at = error.pos_in_stream
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        at = len(text)
    # The lexer has taken the first half of such an operator for one of its own.
    for start in range(max((at or 0) - 2, 0), at or 0):
        change = _CHANGES.match(text, start)
        if change is not None:
            hint = "to compare, write ==" if change[0][-1] == "=" else None
            return FilterError("a filter cannot change values", hint, text=text, position=start)
    if isinstance(error, UnexpectedToken):
        token = error.token
        position, found = token.start_pos, str(token)
        if token.type == "$END":
            return FilterError(
                "it ends too early", "an operand is missing", text=text, position=len(text)
            )
    elif isinstance(error, UnexpectedCharacters):
        found = error.char
    if position is None:
        position = len(text)
    # `new Foo` and `function (x) …` fail at what follows the word that is the mistake.
    for earlier in _WORD.finditer(text, 0, position):
        if earlier[0] in _RESERVED:
            return _reserved_error(text, earlier[0], earlier.start())
    for pattern, problem, hint in _MISTAKES:
        if pattern.match(text, position):
            return FilterError(problem, hint, text=text, position=position)
    word = _WORD.match(text, position)
    if word is not None and word[0] in _RESERVED:
        return _reserved_error(text, word[0], position)
    shown = word[0] if word is not None else found
    hint = 'strings are written in quotes: "…"' if word is not None else None
    return FilterError(f"{shown!r:.60} is not expected here", hint, text=text, position=position)


def _reserved_error(text: str, word: str, position: int) -> FilterError:
    return FilterError(
        f"{word} is not part of the filter language",
        f"for the field of this name, write this.{word}",
        text=text,
        position=position,
    )


class _Builder:
    """Turns the parser's tree into nodes. Depth counts the nesting of the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes = 0

    def build(self, item: Any, depth: int) -> Node:
        self._nodes += 1
        if depth == 0 or self._nodes > MAX_NODES:
            raise self._error("it is nested too deeply", None, item)
        if isinstance(item, Token):
            return self._token(item)
        node: Node = getattr(self, f"_{item.data}")(item, depth - 1)
        return node

    def _error(self, problem: str, hint: str | None, item: Any) -> FilterError:
        while isinstance(item, Tree):
            item = item.children[0] if item.children else None
        position = item.start_pos if isinstance(item, Token) else None
        return FilterError(problem, hint, text=self._text, position=position)

    def _token(self, token: Token) -> Node:
        match token.type:
            case "NAME":
                return self._name(token)
            case "NUMBER":
                number = literals.number(token)
                if number is None:
                    raise self._error(f"{token} is not a number", None, token)
                return number
            case "STRING":
                text = literals.string(token)
                if text is None:
                    raise self._error("the string has an invalid escape sequence", None, token)
                return ["lit", text]
            case "TRUE" | "FALSE":
                return ["lit", token == "true"]
            case "NULL":
                return ["lit", None]
            case "THIS":
                return ["path"]
            case _:
                raise self._error(
                    "a regular expression stands alone",
                    "write /…/.test(msg) or msg.match(/…/)",
                    token,
                )

    def _name(self, token: Token) -> Node:
        name = str(token)
        if name in _LEVEL_CONSTANTS:
            return ["lit", _LEVEL_CONSTANTS[name]]
        if name in ("undefined", "NaN", "Infinity"):
            return ["const", name]
        if name in _RESERVED:
            raise _reserved_error(self._text, name, token.start_pos or 0)
        return ["path", name]

    def _group(self, item: Any, depth: int) -> Node:
        return self.build(item.children[0], depth)

    def _array(self, item: Any, depth: int) -> Node:
        return ["array", *(self.build(child, depth) for child in item.children)]

    def _conditional(self, item: Any, depth: int) -> Node:
        return ["?:", *(self.build(child, depth) for child in item.children)]

    def _chain(self, item: Any, depth: int) -> Node:
        # A chain of one operator is one flat node: long conditions are wide, not deep.
        operands = []
        kind = item.data
        while isinstance(item, Tree) and item.data == kind:
            operands.append(item.children[1])
            item = item.children[0]
        operands.append(item)
        return [_CHAINS[kind], *(self.build(child, depth) for child in reversed(operands))]

    _or = _and = _coalesce = _chain

    def _binary(self, item: Any, depth: int) -> Node:
        left, operator, right = item.children
        nodes = [self.build(left, depth), self.build(right, depth)]
        if operator in _COMPARISONS:
            for index, other in ((0, right), (1, left)):
                if nodes[index] == ["path", "level"]:
                    nodes[1 - index] = self._level(nodes[1 - index], other)
        return [str(operator), *nodes]

    _equality = _relation = _sum = _product = _binary

    def _level(self, node: Node, item: Any) -> Node:
        """What `level` is compared with: the name of a level stands for its number."""
        if node[0] == "lit" and isinstance(node[1], str):
            number = LEVELS.get(node[1].lower())
            if number is not None:
                return ["lit", number]
            if literals.is_numeric(node[1]):
                return node
            given = node[1]
        elif isinstance(item, Token) and item.type == "NAME" and node[0] == "path":
            given = str(item)
            near = near_names(given, LEVELS)
            if given not in LEVELS and (not given.isupper() or not near):
                return node
        else:
            return node
        near = [name.upper() for name in near_names(given, LEVELS)]
        raise self._error(
            f"{given!r:.40} is not a level",
            did_you_mean(near) or f"levels are {', '.join(_LEVEL_CONSTANTS)}",
            item,
        )

    def _unary(self, item: Any, depth: int) -> Node:
        operator, operand = item.children
        if operator.type == "SIGN":
            # JavaScript reads two adjacent signs as ++ or --, which change something.
            start = operator.start_pos
            around = (self._text[max(start - 1, 0) : start], self._text[start + 1 : start + 2])
            if str(operator) in around:
                raise self._error("a filter cannot change values", "put a space between", operator)
        return [_UNARY[str(operator)], self.build(operand, depth)]

    def _member(self, item: Any, depth: int) -> Node:
        owner, name = item.children
        return _get(self.build(owner, depth), ["lit", str(name)])

    def _index(self, item: Any, depth: int) -> Node:
        owner, key = item.children
        return _get(self.build(owner, depth), self.build(key, depth))

    def _call(self, item: Any, depth: int) -> Node:
        callee, *arguments = item.children
        if not (isinstance(callee, Tree) and callee.data == "member"):
            raise self._error(
                "only methods can be called", f"methods are {', '.join(_ALL_METHODS)}", callee
            )
        owner, name = callee.children
        if name not in _ALL_METHODS:
            raise self._unknown_method(name)
        least, most = METHODS.get(str(name), (1, 1))
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} or {most}"
            if most == 2 and least == 0:
                wanted = "at most 2"
            raise self._error(f"{name} takes {wanted} arguments, not {len(arguments)}", None, name)
        if name in PATTERNS:
            return self._pattern(name, owner, arguments[0], depth)
        return [
            "call",
            str(name),
            self.build(owner, depth),
            *(self.build(argument, depth) for argument in arguments),
        ]

    def _unknown_method(self, name: Any) -> FilterError:
        if name == "length":
            hint: str | None = "length is a property: write .length"
        else:
            hint = did_you_mean(f".{near}()" for near in near_names(str(name), _ALL_METHODS))
        return self._error(
            f"unknown method .{name}()", hint or f"methods are {', '.join(_ALL_METHODS)}", name
        )

    def _pattern(self, name: Any, owner: Any, argument: Any, depth: int) -> Node:
        regex, subject = (owner, argument) if name == "test" else (argument, owner)
        if not (isinstance(regex, Token) and regex.type == "REGEX"):
            raise self._error(
                f"{name} needs a regular expression between slashes",
                "write /…/.test(msg)" if name == "test" else "write msg.match(/…/)",
                name,
            )
        source, _, flags = str(regex)[1:].rpartition("/")
        try:
            Pattern(source, flags)
        except FilterError as error:
            raise self._error(error.problem, error.hint, regex) from None
        return [str(name), source, flags, self.build(subject, depth)]


def _get(owner: Node, key: Node) -> Node:
    """Member access; constant keys from the record on are folded into one path."""
    if owner[0] == "path" and key[0] == "lit" and isinstance(key[1], (str, int)):
        if isinstance(key[1], str):
            return [*owner, key[1]]
        if not isinstance(key[1], bool) and key[1] >= 0:
            return [*owner, str(key[1])]
    return ["get", owner, key]
