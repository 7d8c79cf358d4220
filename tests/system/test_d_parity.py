"""Expressions of D give the same in an agent and in the controller."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nodeobs.d.runtime.evaluate import Data, Evaluator, Firing
from nodeobs.d.runtime.values import Fault, integer, received

NODE = os.environ.get("NODEOBS_TEST_NODE", "node")
AGENT = Path(__file__).parents[1] / "fixtures" / "d_evaluate.js"
COUNT = 5000

INTEGERS = (
    0, 1, -1, 2, 3, 7, 10, 16, 36, 63, 64, 65, 255, 256, 1000, 2**31, 2**31 - 1, -(2**31), 2**32,
    2**52, 2**53, 2**53 - 1, -(2**53), 2**62, 2**63 - 1024, -(2**63), 123456789012345678,
)  # fmt: skip
TEXTS = (
    "", "a", "b", "c", "abc", "a/b/c", "/x/../y/", "0x1f", "-42", "  7 ", "\t5", "12ab", "é",
    "\N{GRINNING FACE}x", "a\N{GRINNING FACE}b", "\ufffd", "A,B;c", ",", ";", "z" * 20, "true",
    "::ffff:10.0.0.1", "[1,2]", "[1]", "a.b", "a.b[1]", "a.b[3]", "a.b[5]", "a..b", ".a", "c[0]",
    '{"a":{"b":[1,"two",null,1.50,1e21,12345678901234567890,{"x":"\\ud83d"}]},"c":"x"}',
)  # fmt: skip
BINARY = (
    "+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&&", "||", "^^", "==", "!=", "<", ">",
    "<=", ">=",
)  # fmt: skip
ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=")
TYPES = (
    "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "string",
)  # fmt: skip
#: The least and the most arguments.
FUNCTIONS = {
    "abs": (1, 1), "basename": (1, 1), "cleanpath": (1, 1), "copyinstr": (1, 2), "dirname": (1, 1),
    "htonl": (1, 1), "htonll": (1, 1), "htons": (1, 1), "index": (2, 3), "inet_ntoa": (1, 1),
    "inet_ntop": (2, 2), "json": (2, 2), "lltostr": (1, 2), "ntohl": (1, 1), "ntohll": (1, 1),
    "ntohs": (1, 1), "rindex": (2, 3), "stringof": (1, 1), "strchr": (2, 2), "strjoin": (2, 2),
    "strlen": (1, 1), "strrchr": (2, 2), "strstr": (2, 2), "strtok": (2, 2), "strtoll": (1, 2),
    "substr": (2, 3), "tolower": (1, 1), "toupper": (1, 1),
}  # fmt: skip


def literal(rng: random.Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.4:
        return {"k": "str", "v": rng.choice(TEXTS)}
    chosen = rng.choice(INTEGERS) if kind < 0.85 else rng.randint(-(10**18), 10**18)
    return {"k": "int", "v": integer(chosen)}


def variable(rng: random.Random) -> dict[str, Any]:
    return {"k": "var", "scope": rng.choice(("global", "this")), "name": rng.choice("xyz")}


def expression(rng: random.Random, depth: int) -> dict[str, Any]:
    def inner() -> dict[str, Any]:
        return expression(rng, depth - 1)

    kind = rng.random()
    if depth == 0 or kind < 0.1:
        return literal(rng) if rng.random() < 0.8 else variable(rng)
    if kind < 0.35:
        return {"k": "binary", "op": rng.choice(BINARY), "l": inner(), "r": inner()}
    if kind < 0.45:
        return {"k": "unary", "op": rng.choice("-!~+"), "e": inner()}
    if kind < 0.5:
        return {"k": "cond", "if": inner(), "then": inner(), "else": inner()}
    if kind < 0.6:
        operator = rng.choice(ASSIGNMENTS)
        return {"k": "assign", "op": operator, "to": variable(rng), "e": inner()}
    if kind < 0.65:
        by, post = rng.choice((1, -1)), rng.random() < 0.5
        return {"k": "step", "to": variable(rng), "by": by, "post": post}
    if kind < 0.72:
        return {"k": "cast", "type": rng.choice(TYPES), "e": inner()}
    name = rng.choice(tuple(FUNCTIONS))
    arguments = [inner() for _ in range(rng.randint(*FUNCTIONS[name]))]
    return {"k": "call", "fn": name, "args": arguments}


def evaluated(case: dict[str, Any]) -> dict[str, Any]:
    body = [{"k": "data", "n": 1, "args": [case["expr"]]}]
    try:
        (data,) = Evaluator(case["strsize"]).run(None, body, Firing({}))
    except Fault as fault:
        return {"fault": str(fault)}
    assert isinstance(data, Data)
    return {"value": data.values[0]}


def comparable(result: dict[str, Any]) -> dict[str, Any]:
    if "fault" in result:
        # Which of two operands faults first is nobody's business.
        return {"fault": result["fault"].split(" (")[0]}
    value = result["value"]
    return {"value": value if isinstance(value, str) else received(value)}


@pytest.mark.parametrize("seed", range(2))
def test_both_halves_evaluate_alike(seed: int) -> None:
    rng = random.Random(seed)
    cases = [
        {"expr": expression(rng, rng.randint(1, 4)), "strsize": rng.choice((4, 16, 256))}
        for _ in range(COUNT)
    ]
    answer = subprocess.run(
        [NODE, str(AGENT)], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    results = json.loads(answer.stdout)
    differing = [
        (case, ours, theirs)
        for case, ours, theirs in zip(cases, map(evaluated, cases), results, strict=True)
        if comparable(ours) != comparable(theirs)
    ]
    assert differing == []
