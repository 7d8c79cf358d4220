"""Programs as people write them: what parses, and into what."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nodeobs.d import DError, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.d.syntax.build import Builder
from nodeobs.d.syntax.macros import Macros
from nodeobs.d.syntax.parse import parse
from nodeobs.d.syntax.tree import (
    Aggregated,
    Argument,
    Assignment,
    Binary,
    Builtin,
    Call,
    Cast,
    Conditional,
    Expression,
    Integer,
    Member,
    Script,
    SizeOf,
    Step,
    String,
    Target,
    Unary,
    Variable,
)
from nodeobs.d.text import Texts

SCRIPTS = Path(__file__).parents[1] / "fixtures" / "d"


def script(text: str, *words: str) -> Script:
    return parse(Texts([Text(text)]), Macros(["script.d", *words]))


def statement(text: str, *words: str) -> Expression:
    return script(f"BEGIN {{ {text}; }}", *words).clauses[0].body[0]


def shown(node: Any) -> Any:
    """A tree without positions, as nested lists."""
    match node:
        case Integer() | String():
            return node.value
        case Variable():
            name = node.label
            return name if node.index is None else [name, *map(shown, node.index)]
        case Builtin():
            return node.name
        case Target():
            return "$target"
        case Argument():
            return f"args[{node.number}]" if node.translated else f"arg{node.number}"
        case Member():
            return [".", shown(node.owner), node.name]
        case Unary():
            return [node.operator, shown(node.operand)]
        case Binary():
            return [node.operator, shown(node.left), shown(node.right)]
        case Conditional():
            return ["?", shown(node.condition), shown(node.then), shown(node.otherwise)]
        case Assignment():
            return [node.operator, shown(node.target), shown(node.value)]
        case Step():
            return ["post" if node.post else "pre", node.by, shown(node.target)]
        case Call():
            return [f"{node.name}()", *map(shown, node.arguments)]
        case Cast():
            return [f"({node.type}{'*' * node.stars})", shown(node.operand)]
        case SizeOf():
            return [
                "sizeof",
                node.operand if isinstance(node.operand, str) else shown(node.operand),
            ]
        case Aggregated():
            return node.name if node.keys is None else [node.name, *map(shown, node.keys)]
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # precedence and associativity: C's, with ^^ between && and ||
        ("x = 1 + 2 * 3 - 4", ["=", "x", ["-", ["+", 1, ["*", 2, 3]], 4]]),
        ("x = a || b ^^ c && d", ["=", "x", ["||", "a", ["^^", "b", ["&&", "c", "d"]]]]),
        ("x = a | b ^ c & d", ["=", "x", ["|", "a", ["^", "b", ["&", "c", "d"]]]]),
        ("x = a == b < c << d", ["=", "x", ["==", "a", ["<", "b", ["<<", "c", "d"]]]]),
        ("x = c << d + e", ["=", "x", ["<<", "c", ["+", "d", "e"]]]),
        ("x = 100 / 10 / 5", ["=", "x", ["/", ["/", 100, 10], 5]]),
        ("x = y = 3", ["=", "x", ["=", "y", 3]]),
        ("x = a ? b : c ? d : e", ["=", "x", ["?", "a", "b", ["?", "c", "d", "e"]]]),
        ("x = -1 - -y", ["=", "x", ["-", ["-", 1], ["-", "y"]]]),
        ("x = !a && ~b", ["=", "x", ["&&", ["!", "a"], ["~", "b"]]]),
        ("x = (1 + 2) * 3", ["=", "x", ["*", ["+", 1, 2], 3]]),
        ("x <<= 2", ["<<=", "x", 2]),
        ("x /= 2", ["/=", "x", 2]),
        ("x %= y", ["%=", "x", "y"]),
        # steps
        ("x++", ["post", 1, "x"]),
        ("--x", ["pre", -1, "x"]),
        ("x = y++ + ++z", ["=", "x", ["+", ["post", 1, "y"], ["pre", 1, "z"]]]),
        # variables
        ("self->x = this->y", ["=", "self->x", "this->y"]),
        ("self -> x = 1", ["=", "self->x", 1]),
        ('a["x", 2] = a[1, b[3]]', ["=", ["a", "x", 2], ["a", 1, ["b", 3]]]),
        ("this->self = 1", ["=", "this->self", 1]),
        # arguments
        ("x = arg0 + arg31", ["=", "x", ["+", "arg0", "arg31"]]),
        ("x = args[1]->remotePort", ["=", "x", [".", "args[1]", "remotePort"]]),
        ("x = args[0]->a.b->c", ["=", "x", [".", [".", [".", "args[0]", "a"], "b"], "c"]]),
        ("x = ((req_t *)arg0)->method", ["=", "x", [".", ["(req_t*)", "arg0"], "method"]]),
        # casts
        ("x = (int)arg0", ["=", "x", ["(int)", "arg0"]]),
        ("x = (unsigned long long)y", ["=", "x", ["(unsigned long long)", "y"]]),
        ("x = (struct foo *)arg0", ["=", "x", ["(struct foo*)", "arg0"]]),
        ("x = (foo **)arg0", ["=", "x", ["(foo**)", "arg0"]]),
        ("x = (const char *)arg0", ["=", "x", ["(char*)", "arg0"]]),
        ("x = (uint32_t)-1", ["=", "x", ["(uint32_t)", ["-", 1]]]),
        ("x = (string)arg0", ["=", "x", ["(string)", "arg0"]]),
        ("x = (y) - 1", ["=", "x", ["-", "y", 1]]),
        ("x = (y * z)", ["=", "x", ["*", "y", "z"]]),
        ("x = (y) * z", ["=", "x", ["*", "y", "z"]]),
        ("x = xlate <i_t *>((r_t *)arg0)->n", ["=", "x", [".", ["(r_t*)", "arg0"], "n"]]),
        # sizeof and stringof
        ('x = sizeof ("abc")', ["=", "x", ["sizeof", "abc"]]),
        ("x = sizeof (int)", ["=", "x", ["sizeof", "int"]]),
        ("x = sizeof (foo_t *)", ["=", "x", ["sizeof", "uintptr_t"]]),
        ("x = sizeof (int) * 2", ["=", "x", ["*", ["sizeof", "int"], 2]]),
        ("x = stringof arg0", ["=", "x", ["stringof()", "arg0"]]),
        ("x = stringof(arg0)", ["=", "x", ["stringof()", "arg0"]]),
        # calls and aggregations
        ('x = f(f("a", y), "c")', ["=", "x", ["f()", ["f()", "a", "y"], "c"]]),
        ("@ = count()", ["=", "@", ["count()"]]),
        ("@a[pid, execname] = sum(arg0)", ["=", ["@a", "pid", "execname"], ["sum()", "arg0"]]),
        ('printa("%d", @a, @)', ["printa()", "%d", "@a", "@"]),
        # literals
        ("x = 0x1F + 010 + 7ULL", ["=", "x", ["+", ["+", 31, 8], 7]]),
        ("x = 'a' + '\\n' + 'ab'", ["=", "x", ["+", ["+", 97, 10], 24930]]),
        (r'x = "a\t\"\x41\101\0b"', ["=", "x", 'a\t"AA\0b']),
        ('x = "/* no */ // comment"', ["=", "x", "/* no */ // comment"]),
        ("x = NANOSEC / MILLISEC", ["=", "x", ["/", 1_000_000_000, 1_000]]),
        ("x = ENOENT + SIGTERM + NULL", ["=", "x", ["+", ["+", 2, 15], 0]]),
        # comments and lines
        ("x = 1 /* one */ + /* two\n lines */ 2 // three\n", ["=", "x", ["+", 1, 2]]),
        ("x = 1 \\\n + 2", ["=", "x", ["+", 1, 2]]),
    ],
)  # fmt: skip
def test_statements(text: str, expected: Any) -> None:
    assert shown(statement(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("restify*:::route-start {}", ("restify*", "", "", "route-start")),
        ("restify$target:::x {}", ("restify", "", "", "x")),
        ("a:b:c:d {}", ("a", "b", "c", "d")),
        ("c:d {}", ("", "", "c", "d")),
        ("route-start {}", ("", "", "", "route-start")),
        ("p*:::[a-c]?-x {}", ("p*", "", "", "[a-c]?-x")),
        ("p:::$1 {}", ("p", "", "", "route-done")),
        ("channel:::undici:request:create {}", ("channel", "", "", "undici:request:create")),
        ("channel:::http.server.start {}", ("channel", "", "", "http.server.start")),
    ],
)  # fmt: skip
def test_probe_descriptions(text: str, expected: tuple[str, ...]) -> None:
    (probe,) = script(text, "route-done").clauses[0].probes
    assert (probe.provider, probe.module, probe.function, probe.name) == expected


def test_clauses_may_leave_out_everything_but_the_probe() -> None:
    found = script("BEGIN END,tick-1s /x == 1/; a:::b /x/ { } c:::d; e:::f {;;}")
    assert [len(clause.probes) for clause in found.clauses] == [1, 2, 1, 1, 1]
    assert [clause.predicate is not None for clause in found.clauses] == [
        False, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("/ a / b /", ["/", "a", "b"]),
        ("/a/* c *// b/ ", ["/", "a", "b"]),
        ("/a /* closes it */ /", "a"),
        ("/a/ // the end\n", "a"),
        ("/(this->x = a[1]) != 0/", ["!=", ["=", "this->x", ["a", 1]], 0]),
        ('/arg0 == "/"/', ["==", "arg0", "/"]),
    ],
)  # fmt: skip
def test_predicates(predicate: str, expected: Any) -> None:
    assert shown(script(f"x:::y\n{predicate}\n{{ z = 1 }}").clauses[0].predicate) == expected


def test_macros() -> None:
    assert shown(statement("x = $1; y = $$1", "7")) == ["=", "x", 7]
    assert shown(statement("x = $1", "0x10")) == ["=", "x", 16]
    assert shown(statement("x = $2", "a", "-3")) == ["=", "x", -3]
    assert shown(statement("x = $1", "pid")) == ["=", "x", "pid"]
    assert shown(statement("x = $$1", "two words")) == ["=", "x", "two words"]
    assert shown(statement("x = $$0")) == ["=", "x", "script.d"]
    assert shown(statement("x = $target")) == ["=", "x", "$target"]
    assert shown(statement("x = $pid")) == ["=", "x", os.getpid()]


def test_arguments_that_are_not_utf_8() -> None:
    assert shown(statement("x = $$1", "a\udcffb")) == ["=", "x", "a?b"]
    assert shown(statement('x = "\udcff"')) == ["=", "x", "?"]


def test_missing_arguments_are_zero_where_that_is_wished() -> None:
    program = compile_program(
        [Text("#pragma D option defaultargs\nBEGIN { x = $1; y = $$2; }")], ["s.d"]
    )
    values = [statement["e"]["e"] for statement in program.clauses[0].body]
    assert values == [{"k": "int", "v": 0}, {"k": "str", "v": ""}]


def test_an_argument_that_nothing_uses_is_an_error() -> None:
    with pytest.raises(DError, match="no use for the argument 'b'"):
        compile_program([Text("BEGIN { x = $1; }")], ["s.d", "1", "b"])


def test_inlines_and_declarations() -> None:
    found = script(
        "inline int LIMIT = 3 * $1; inline string NAME = \"n\";\n"
        "int total; self uint64_t start; this string s;\n"
        "string names[int, string], other; struct thing *t; int *p[int];\n"
        "BEGIN /total > LIMIT/ { names[1, NAME] = NAME; }",
        "5",
    )  # fmt: skip
    assert shown(found.clauses[0].predicate) == [">", "total", ["*", 3, 5]]
    assert shown(found.clauses[0].body[0]) == ["=", ["names", 1, "n"], "n"]
    assert [(d.scope, d.name, d.type, d.array) for d in found.declarations] == [
        ("global", "total", "int32", False),
        ("self", "start", "uint64", False),
        ("this", "s", "string", False),
        ("global", "names", "string", True),
        ("global", "other", "string", False),
        ("global", "t", "any", False),
        ("global", "p", "any", True),
    ]


def test_inlines_cannot_make_a_small_program_huge() -> None:
    lines = ["inline int a0 = 1;"]
    lines += [f"inline int a{n} = a{n - 1} + a{n - 1};" for n in range(1, 40)]
    with pytest.raises(DError, match="nested too deeply"):
        compile_program([Text("\n".join([*lines, "BEGIN { x = a39; }"]))])


def test_several_statements_with_commas() -> None:
    (clause,) = script("BEGIN { x = 1, y = 2; z = 3 }").clauses
    assert [shown(one) for one in clause.body] == [["=", "x", 1], ["=", "y", 2], ["=", "z", 3]]


def test_lines_for_others_are_left_out() -> None:
    text = '#!/usr/sbin/dtrace -Zs\n#ident "x"\n# 3 "file.d"\n#pragma ident "y"\nBEGIN {}'
    assert len(script(text).clauses) == 1


def test_options_of_the_text_and_of_the_command_line() -> None:
    text = """\
#pragma D option quiet
  # pragma D option strsize=1k
#pragma D option switchrate=10hz
#pragma D option aggsortkeypos=1
BEGIN { printf("#pragma D option aggpack\\n"); }
"""
    options = compile_program([Text(text)], settings=[Setting.parse("strsize=64")]).options
    assert (options.quiet, options.strsize, options.switchrate, options.aggsortkeypos) == (
        True, 64, 0.1, 1,
    )  # fmt: skip
    assert not options.aggpack


def test_several_texts_are_one_program() -> None:
    texts = [Text("BEGIN { x = 1; }", "one"), Text("END { trace(x + y); }", "two")]
    with pytest.raises(DError) as raised:
        compile_program(texts)
    assert raised.value.message.startswith("two:1:17: unknown variable y")
    compile_program([*texts, Text("BEGIN { y = 1; }")])


@pytest.mark.parametrize("name", ["handler-timing.d", "http-translated.d", "http-simple.d"])
def test_old_scripts(name: str) -> None:
    words = [name, "4242"] if name == "http-simple.d" else [name]
    program = compile_program([Text((SCRIPTS / name).read_text(), name)], words)
    assert program.options.quiet
    assert program.agent is not None
    assert program.agent["clauses"]


def test_the_builder_has_a_method_for_every_rule() -> None:
    from nodeobs.d.syntax.grammar import GRAMMAR

    rules = {line.partition(":")[0] for line in GRAMMAR.splitlines() if line[:1].islower()}
    handled = {"start", "probes", "predicate", "body", "array", "comma", "clause", "variable"}
    for rule in rules - handled:
        assert hasattr(Builder, f"_{rule}"), rule


def test_names_that_the_preprocessor_would_know() -> None:
    text = """#!/usr/sbin/dtrace -Cs
#define SIX (2 * 3)  /* six */
#define MANY SIX + \\
    1
#define NANOSEC 5
#define GUARD
BEGIN { trace(MANY); trace(NANOSEC); }
"""
    first, second = script(text).clauses[0].body
    assert shown(first) == ["trace()", ["+", ["*", 2, 3], 1]]
    assert shown(second) == ["trace()", 5]
