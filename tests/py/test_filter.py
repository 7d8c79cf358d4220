"""The filter language: what filters mean, and what they say when they are wrong."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest

from nodeobs.filter import Filter, FilterError, compile_filter
from nodeobs.filter.needed import needed_texts
from nodeobs.javascript import UNDEFINED

RECORD: dict[str, Any] = {
    "name": "api",
    "level": 40,
    "msg": "hello x",
    "req": {"method": "GET", "headers": {"user-agent": "curl/8"}, "new": 1},
    "list": [1, {"a": 2}, None],
    "n": 5,
    "zero": 0,
    "nothing": None,
    "empty": "",
    "yes": True,
    "emoji": "a\N{GRINNING FACE}b",
}


def value(text: str, record: dict[str, Any] = RECORD) -> Any:
    return compile_filter(text).value(record)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the conditions people have from bunyan
        ("level >= WARN && req.method == 'GET' && msg.includes('x')", True),
        ("this.level == ERROR", False),
        ("this.level == WARN;", True),
        ("return this.level == WARN;", True),
        ("this.req && this.req.method === 'GET'", True),
        ("this.req.headers['user-agent']", "curl/8"),
        ("level > TRACE && level < FATAL", True),
        # names of levels, in quotes and on either side
        ('level >= "warn"', True),
        ('level == "Error"', False),
        ('"info" <= this.level', True),
        ('level < "50"', True),
        # what is missing is undefined
        ("a.b.c.d", UNDEFINED),
        ("nothing.at.all", UNDEFINED),
        ("list[7].a", UNDEFINED),
        ("missing.includes('x')", UNDEFINED),
        ("n.includes(5)", UNDEFINED),
        ("missing > 1 || missing <= 1 || missing == 0", False),
        ("missing == null && missing === undefined && nothing !== undefined", True),
        ("req?.headers?.['user-agent']?.length", 6),
        ("list[1].a", 2),
        ("list['1'].a", 2),
        ("list[n - 4].a", 2),
        ("req.new", 1),
        ("this", RECORD),
        # truth
        ("!zero && !empty && !nothing && !missing && !NaN", True),
        ("!!req && !!list && !!'0'", True),
        ("zero || empty || 'last'", "last"),
        ("zero ?? 'last'", 0),
        ("nothing ?? missing ?? 'last'", "last"),
        ("yes ? 'a' : 'b'", "a"),
        ("zero ? 'a' : nothing ? 'b' : 'c'", "c"),
        ("n ?.5:1", 0.5),
        # loose and strict equality
        ("n == '5' && n !== '5'", True),
        ("yes == 1 && yes == '1' && zero == '' && zero == false", True),
        ("nothing == 0 || nothing == false || nothing >= 1", False),
        ("nothing >= 0", True),
        ("NaN == NaN", False),
        ("list == '1,[object Object],'", True),
        # arithmetic
        ("1 + 2 * 3 - 4 / 2 % 3", 5),
        ("(1 + 2) * 3", 9),
        ("'a' + 1 + 2", "a12"),
        ("1 + 2 + 'a'", "3a"),
        ("'n=' + 0.1 + ' ' + 1e21 + ' ' + 1e-7 + ' ' + nothing", "n=0.1 1e+21 1e-7 null"),
        ("'5' * '2'", 10),
        ("-n + +'3'", -2),
        ("-5 % 3", -2),
        ("1 / 0 == Infinity && -1 / 0 == -Infinity", True),
        ("0x10 + 0b11 + 0o7 + 1_000 + .5e1", 1031),
        ("n / 2 / 5", 0.5),
        # words
        ("typeof n + typeof msg + typeof nothing + typeof missing", "numberstringobjectundefined"),
        ("typeof yes + typeof list", "booleanobject"),
        ("'method' in req && !('x' in req) && 1 in list && 'length' in list", True),
        ("'a' in msg", False),
        # methods
        ("msg.startsWith('he') && msg.endsWith('x') && msg.startsWith('lo', 3)", True),
        ("msg.endsWith('hell', 4)", True),
        ("msg.indexOf('l') + list.indexOf(1) + msg.indexOf('q')", 1),
        ("msg.toUpperCase() + msg.toLowerCase()", "HELLO Xhello x"),
        ("'\\t\\ufeff a '.trim()", "a"),
        ("msg.slice(1, -2) + msg.slice(-1)", "ellox"),
        ("list.slice(0, 1).length", 1),
        ("['GET', 'HEAD'].includes(req.method)", True),
        ("[1, 2,].includes('1')", False),
        ("[NaN].includes(NaN)", True),
        ("'\\u0041\\x42\\n\\u{43}\\ud83d\\ude00'", "AB\nC\N{GRINNING FACE}"),
        # UTF-16, as JavaScript counts
        ("emoji.length + emoji.indexOf('b')", 7),
        ("emoji.slice(1, 3) == '\\u{1f600}' && emoji[1] == '\\ud83d'", True),
        # regular expressions
        ("/^hel+o\\b/.test(msg)", True),
        ("/HELLO/.test(msg)", False),
        ("/HELLO/i.test(msg)", True),
        ("msg.match(/(l+)o/)[1]", "ll"),
        ("msg.match(/l/g).length", 2),
        ("msg.match(/(q)?h/)[1]", UNDEFINED),
        ("msg.match(/q/)", None),
        ("/u/.test(missing)", False),
        ("/5/.test(n)", True),
        ("/a.c/.test('a\\nc') || !/a.c/s.test('a\\nc')", False),
        ("/a$/.test('a\\n')", False),
        ("/^b$/m.test('a\\nb\\nc')", True),
        ("/[/]/.test('/') && /\\//.test('/')", True),
        ("/\\d/.test('\\u0661')", False),
        ("/(?<y>a)\\k<y>/.test('aa')", True),
        ("/^(a)?\\1b$/.test('b')", True),
        ("/a{,2}/.test('a{,2}')", True),
        ("/^[^]$/.test('\\n') && !/[]/.test('x')", True),
        ("/[\\w-]+/.test('-') && /^[a-c\\]]+$/.test('b]')", True),
        ("n /2/ 1", 2.5),
    ],
)
def test_a_filter_means_what_javascript_means(text: str, expected: Any) -> None:
    result = value(text)
    assert result == expected
    assert (result is UNDEFINED) == (expected is UNDEFINED)
    assert isinstance(result, bool) == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "column", "problem", "hint"),
    [
        ("a = 3", 3, "cannot assign", "=="),
        ("a += 3", 3, "cannot change", "=="),
        ("a == 1 & b", 8, "&", "&&"),
        ("a | b", 3, "|", "||"),
        ("a++", 2, "cannot change", None),
        ("1 + --n", 5, "cannot change", "space"),
        ("x => x", 3, "functions", None),
        ("function (x) { return 1 }", 1, "function is not part", "this.function"),
        ("new Date()", 1, "new is not part", "this.new"),
        ("a instanceof b", 3, "instanceof", None),
        ("`x`", 1, "template", '"'),
        ("'abc", 1, "does not end", None),
        ("/abc", 1, "does not end", None),
        ("a ==", 5, "too early", "operand"),
        ("(a", 3, "too early", None),
        ("a)", 2, "')'", None),
        ("a, b", 2, "one expression", "&&"),
        ("a ?? b || c", 8, "parentheses", "("),
        ("parseInt(n)", 1, "only methods", "includes"),
        ("a['includes'](1)", 1, "only methods", "includes"),
        ("msg.include('x')", 5, ".include()", "did you mean .includes()"),
        ("msg.startswith('x')", 5, ".startswith()", "did you mean .startsWith()"),
        ("msg.constructor('x')", 5, ".constructor()", "methods are"),
        ("msg.length()", 5, ".length()", "property"),
        ("msg.includes()", 5, "takes 1 or 2 arguments", None),
        ("msg.trim(1)", 5, "takes 0 arguments", None),
        ("msg.match('x')", 5, "between slashes", "msg.match(/"),
        ("msg.test(/x/)", 5, "between slashes", "/.test("),
        ("msg == /x/", 8, "stands alone", ".test("),
        ("/a(/.test(msg)", 1, "not closed", None),
        ("/a/y.test(msg)", 1, "flag 'y'", "g, i, m"),
        ("/a**/.test(msg)", 1, "repeat", None),
        ("/(?<=a+)b/.test(msg)", 1, "not supported", None),
        ("/a{99999}/.test(msg)", 1, "at most", None),
        ("/\\p{L}/u.test(msg)", 1, "not supported", None),
        ("level >= 'warning'", 10, "not a level", "WARN"),
        ("level >= WARNING", 10, "not a level", "WARN"),
        ("level >= warn", 10, "not a level", "WARN"),
        ("'zzz' == level", 1, "not a level", "TRACE"),
        ("a ==\n  b =", 5, "cannot assign", "=="),
        ("12ab", 1, "not a number", None),
        ("012", 1, "not a number", None),
        ("'\\u12'", 1, "escape", None),
    ],
)
def test_a_wrong_filter_says_where_and_what_to_do(
    text: str, column: int, problem: str, hint: str | None
) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    error = caught.value
    assert problem in error.message
    assert error.column == column
    assert (error.exit_code, error.code) == (2, "bad_filter")
    if hint is not None:
        assert error.hint is not None
        assert hint in error.hint
    # The caret stands below the place that the text names.
    _, excerpt, caret = error.message.split("\n")
    assert excerpt == "  " + text.split("\n")[(error.line or 1) - 1]
    assert caret.index("^") == column + 1


def test_the_caret_of_a_long_line_stays_on_the_screen() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("a == 1 && " * 40 + "b = 2")
    _, excerpt, caret = caught.value.message.split("\n")
    assert len(excerpt) < 80
    assert excerpt[caret.index("^")] == "="


def test_terminal_sequences_in_a_filter_are_not_repeated() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("a == \x1b[31m")
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", " ; ", "a" * 5000, "(" * 500 + "a" + ")" * 500, "!" * 1000 + "a", "a" + "+a" * 1000],
)
def test_filters_have_bounds(text: str) -> None:
    with pytest.raises(FilterError):
        compile_filter(text)


def test_long_conditions_are_not_deep() -> None:
    text = " || ".join(f"n == {i}" for i in range(300))
    assert value(text) is True
    assert value(text, {"n": 300}) is False


def test_chains_stop_at_the_operand_that_decides() -> None:
    assert value("n == 5 || n.q.r") is True
    assert value("n == 4 && n.q.r") is False


def test_fields_with_the_names_of_levels_are_reached_through_this() -> None:
    assert value("this.WARN", {"WARN": "field"}) == "field"
    assert value("WARN", {"WARN": "field"}) == 40


def test_probe_firings_are_records_too() -> None:
    firing = {"provider": "restify", "probe": "route-done", "args": ["api", "get", 7, 500]}
    assert compile_filter("probe == 'route-done' && args[3] >= 500").matches(firing)
    assert not compile_filter("level >= WARN").matches(firing)


def test_data_nested_too_deep_for_its_text_is_undefined() -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    assert value("a + ''", {"a": nested}) is UNDEFINED


def test_texts_made_by_a_filter_are_bounded() -> None:
    assert len(value("a + a + a", {"a": "x" * (1 << 23)})) == 1 << 24


def test_the_form_is_json_and_makes_the_same_filter() -> None:
    for text in (
        "level >= WARN && req.method == 'GET' || /x/i.test(msg)",
        "typeof a ?? [1, 'b', null, undefined, NaN].includes(-list[n]) ? this : b",
    ):
        filter_ = compile_filter(text)
        again = Filter(json.loads(json.dumps(filter_.form)))
        assert again.form == filter_.form
        assert again.value(RECORD) == filter_.value(RECORD)


def test_the_form_of_the_documentation() -> None:
    form = compile_filter('this.level >= "warn" && list[0].name.trim() != -n').form
    assert form == [
        "&&",
        [">=", ["path", "level"], ["lit", 40]],
        ["!=", ["call", "trim", ["path", "list", "0", "name"]], ["neg", ["path", "n"]]],
    ]


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        "path",
        ["lit"],
        ["lit", [1]],
        ["const", "process"],
        ["path", 1],
        ["path", ["lit", "a"]],
        ["call", "eval", ["lit", 1]],
        ["call", "trim", ["path"], ["path"]],
        ["==", ["path"]],
        ["&&", ["path"]],
        ["?:", ["path"], ["path"]],
        ["!", "path"],
        ["test", "a", "", []],
        ["exec", ["path"]],
    ],
)
def test_a_form_from_elsewhere_is_checked(form: Any) -> None:
    with pytest.raises(FilterError):
        Filter(form)


def test_a_form_that_is_too_large_is_refused() -> None:
    form: list[Any] = ["path"]
    for _ in range(1000):
        form = ["!", form]
    with pytest.raises(FilterError):
        Filter(form)
    with pytest.raises(FilterError):
        Filter(["array", *[["path"]] * 10_000])


def test_documented_examples_parse(request: pytest.FixtureRequest) -> None:
    page = (request.config.rootpath / "docs/filter.md").read_text()
    blocks = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    examples = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert len(examples) >= 10
    for example in examples:
        compile_filter(example.partition("  //")[0])


def test_numbers_are_written_as_javascript_writes_them() -> None:
    from nodeobs.javascript import number_text

    cases = {
        1.0: "1",
        -0.0: "0",
        1e20: "100000000000000000000",
        123456789012345680000.0: "123456789012345680000",
        1.5e21: "1.5e+21",
        0.000001: "0.000001",
        1.25e-7: "1.25e-7",
        2**53 + 1: "9007199254740992",
        10**400: "Infinity",
        -math.inf: "-Infinity",
        5e-324: "5e-324",
    }
    for given, expected in cases.items():
        assert number_text(given) == expected


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("latency > 5", ['"latency"']),
        ('this.req.method == "POST" && err', ['"req"', '"method"', "POST", '"err"']),
        ("/timeout/.test(msg)", ['"msg"', "timeout"]),
        ("/timeout/i.test(msg)", ['"msg"']),
        ("/time.out/.test(msg)", ['"msg"']),
        ('msg.includes("slow query")', ['"msg"', "slow query"]),
        ('tags[0] == "a"', ['"tags"']),
        ('msg == "caf\\u00e9" || err', []),
        ("a == null", []),
        ("!err", []),
        ('msg.indexOf("boom") != -1', []),
        ("msg.length > 5", ['"msg"']),
        ('/object/.test(req) && a == "NaN"', ['"req"', '"a"']),
    ],
)
def test_what_must_stand_in_a_line(text: str, needed: list[str]) -> None:
    assert needed_texts(compile_filter(text).form) == needed
