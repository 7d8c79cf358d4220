"""Texts of a program to its syntax tree."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from lark import Lark
from lark.exceptions import UnexpectedInput

from nodeobs.d.error import Problem
from nodeobs.d.syntax.build import Builder
from nodeobs.d.syntax.grammar import GRAMMAR
from nodeobs.d.syntax.macros import Definition, Macros, Prepared, prepare
from nodeobs.d.syntax.mistakes import syntax_problem
from nodeobs.d.text import MAX_LENGTH, Texts

if TYPE_CHECKING:
    from nodeobs.d.options import Setting
    from nodeobs.d.syntax.tree import Script


def parse(texts: Texts, macros: Macros) -> Script:
    """The syntax tree of all texts together. Raises Problem."""
    builder = Builder(macros)
    for start, prepared in _prepared(texts):
        for definition in prepared.definitions:
            _define(builder, definition)
        try:
            tree = _parser().parse(prepared.content)
        except UnexpectedInput as error:
            raise syntax_problem(prepared.content, start, error) from None
        builder.add(tree, start)
    return builder.script()


def _define(builder: Builder, definition: Definition) -> None:
    """`#define` as far as it names a value: an inline, which may also hide what has a meaning."""
    head = f"inline int {definition.name} = "
    try:
        tree = _parser().parse(f"{head}({definition.value});")
    except UnexpectedInput:
        problem = f"{definition.name} is defined as something else than a value"
        raise Problem(definition.at, problem, "only #define NAME VALUE is known") from None
    builder.define(tree, definition.at - len(head) - 1)


def settings_of(texts: Texts) -> list[Setting]:
    """The options that the texts set with `#pragma D option`. Raises Problem."""
    return [setting for start, text in texts for setting in prepare(text.content, start).settings]


def _prepared(texts: Texts) -> list[tuple[int, Prepared]]:
    prepared = []
    for start, text in texts:
        if len(text.content) > MAX_LENGTH:
            raise Problem(None, f"{text.name} is longer than {MAX_LENGTH:,} characters")
        prepared.append((start, prepare(text.content, start)))
    return prepared


@functools.cache
def _parser() -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        lexer="contextual",
        maybe_placeholders=False,
        g_regex_flags=re.ASCII,  # the names that agents take
    )
