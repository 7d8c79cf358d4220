"""Filters give what Node gives for the same expression over the same record."""

from __future__ import annotations

import json
import os
import random
import subprocess
from typing import Any

import pytest

from nodeobs.filter import FilterError, compile_filter
from nodeobs.javascript import UNDEFINED, number_text

NODE = os.environ.get("NODEOBS_TEST_NODE", "node")
COUNT = 4000

SCALARS = (
    0, 1, -1, 2, 0.1, 1.5, -0.5, 7, 40, 1e21, 1e-7, 123456789012345680000, 9007199254740993, True,
    False, None, "", "0", "7", " 12 ", "1e3", "0x1f", "abc", "Abc", "b", "naïve", "a\nb", "null",
    "NaN", "Infinity", "-5", "1,2", "x\N{GRINNING FACE}y", "\ufb01", "\N{GRINNING FACE}", "ß", "İ",
)  # fmt: skip
FIELDS = ("a", "b", "c", "level", "list", "deep")
#: What is compared throws in JavaScript where we say undefined: these make it not throw.
SAFE = (
    "a", "b", "c", "level", "list", "deep", "this.a", "this.list[0]", "this['b']", "deep?.x?.y",
    "list?.[1]", "missing",
)  # fmt: skip
REGEXES = (
    "/a/", "/A/i", "/^\\d+$/", "/[b-c]./", "/(a)|(b)/", "/\\bb/", "/a$/", "/^b/m", "/\\s/", "/./g",
    "/(?:x|n).{1,3}?/", "/[^a-z]/", "/\\w+/", "/(?<q>a)\\k<q>?/", "/\\u0061/", "/\\x62|\\//",
)  # fmt: skip


def value(rng: random.Random, depth: int = 2) -> Any:
    kind = rng.random()
    if depth and kind < 0.12:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and kind < 0.2:
        return {key: value(rng, depth - 1) for key in rng.sample(("x", "y", "z"), 2)}
    return rng.choice(SCALARS)


def literal(rng: random.Random) -> str:
    chosen = rng.choice(SCALARS)
    return rng.choice((json.dumps(chosen), "undefined", "NaN", "Infinity", "0x10", ".5", "WARN"))


def text(rng: random.Random) -> str:
    """An operand that is a text in JavaScript as well."""
    return rng.choice(("('' + a)", "('' + b)", "'abcab'", "('' + list)", '"x\\u{1f600}y"'))


def expression(rng: random.Random, depth: int = 3) -> str:
    def inner() -> str:
        return expression(rng, depth - 1)

    if depth == 0:
        return rng.choice((rng.choice(SAFE), literal(rng)))
    index = rng.choice(("0", "1", "-1", "2", "9", "undefined", "'1'", "1.7"))
    return rng.choice((
        lambda: f"({inner()} {rng.choice(('==', '!=', '===', '!=='))} {inner()})",
        lambda: f"({inner()} {rng.choice(('<', '<=', '>', '>='))} {inner()})",
        lambda: f"({inner()} {rng.choice('+-*/%')} {inner()})",
        lambda: f"({inner()} {rng.choice(('&&', '||', '??'))} {inner()})",
        lambda: f"({inner()} ? {inner()} : {inner()})",
        lambda: f"{rng.choice(('!', '- ', '+ ', 'typeof '))}{inner()}",
        lambda: f"({inner()} in this)",
        lambda: f"[{inner()}, {inner()}].{rng.choice(('includes', 'indexOf'))}({inner()})",
        lambda: f"[{inner()}, {inner()}].slice({index})",
        lambda: f"{text(rng)}.{rng.choice(('includes', 'indexOf'))}({inner()}, {index})",
        lambda: f"{text(rng)}.{rng.choice(('startsWith', 'endsWith'))}({inner()})",
        lambda: f"{text(rng)}.slice({index}, {rng.choice(('1', '-1', 'undefined', '3'))})",
        lambda: f"{text(rng)}.{rng.choice(('toLowerCase', 'toUpperCase', 'trim'))}()",
        lambda: f"{text(rng)}.length",
        lambda: f"{text(rng)}[{index}]",
        lambda: f"{rng.choice(REGEXES)}.test({text(rng)})",
        lambda: f"{text(rng)}.match({rng.choice(REGEXES)})",
    ))()  # fmt: skip


#: Evaluates [expression, record] pairs; what throws is told so.
PROGRAM = """
const levels = { TRACE: 10, DEBUG: 20, INFO: 30, WARN: 40, ERROR: 50, FATAL: 60 };
const plain = (v) => v === undefined ? ['undefined'] : typeof v === 'number' ? ['number', String(v)]
  : Array.isArray(v) ? ['array', Array.from(v, plain)] : v && typeof v === 'object'
  ? ['object', Object.keys(v).sort().map((k) => [k, plain(v[k])])] : [typeof v, v];
const pairs = JSON.parse(require('node:fs').readFileSync(0));
console.log(JSON.stringify(pairs.map(([text, record]) => {
  const names = ['a', 'b', 'c', 'level', 'list', 'deep', 'missing', ...Object.keys(levels)];
  const scope = { ...record, ...levels };
  try {
    return plain(new Function(...names, `return (${text})`)
      .apply(record, names.map((name) => scope[name])));
  } catch (error) { return ['throws', `${error}`]; }
})));
"""


def plain(result: Any) -> Any:
    if result is UNDEFINED:
        return ["undefined"]
    if result is None:
        return ["object", None]
    if isinstance(result, bool):
        return ["boolean", result]
    if isinstance(result, (int, float)):
        return ["number", number_text(result)]
    if isinstance(result, str):
        return ["string", result]
    if isinstance(result, list):
        return ["array", [plain(item) for item in result]]
    return ["object", [[key, plain(result[key])] for key in sorted(result)]]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_node_agrees(seed: int) -> None:
    rng = random.Random(seed)
    pairs = [
        (expression(rng), {field: value(rng) for field in FIELDS if rng.random() < 0.9})
        for _ in range(COUNT)
    ]
    done = subprocess.run(
        [NODE, "-e", PROGRAM], input=json.dumps(pairs).encode(), capture_output=True, check=True
    )
    compared = 0
    for (source, record), expected in zip(pairs, json.loads(done.stdout), strict=True):
        if expected[0] == "throws":
            continue  # where we say undefined
        try:
            filter_ = compile_filter(source)
        except FilterError as error:
            # `level` compared with a text that is no level: on purpose not JavaScript.
            assert "is not a level" in error.message, (source, error.message)  # noqa: PT017
            continue
        if any(f'"{name}"' in source.lower() for name in ("trace", "debug", "info", "warn")):
            continue
        # The record has gone through JSON, as in life.
        result = filter_.value(json.loads(json.dumps(record)))
        assert plain(result) == expected, (source, record)
        compared += 1
    assert compared > COUNT * 0.9
