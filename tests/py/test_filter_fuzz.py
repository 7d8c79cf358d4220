"""No text, form or record makes the filter do anything but answer or refuse."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeobs.filter import Filter, FilterError, compile_filter
from nodeobs.filter.needed import needed_texts
from nodeobs.filter.tree import BINARY, CHAINS, CONSTANTS, METHODS, UNARY

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "0", "1e3", "0x10", "length", "a", "\U0001f600x", "Infinity"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)
records = st.dictionaries(st.sampled_from(["a", "b", "level", "msg", "list"]), values)

FRAGMENTS = (
    "a b level msg list this WARN 1 .5 0x1f 'q' \"\\u0041\" /x+(y)?/i null true undefined NaN"
    " typeof in ! != == === < <= >= > + - * / % && || ?? ?. ? : . [ ] ( ) , ; .includes( .slice("
    " .test( .match( .length .trim() = => new return ` \\ # { }"
)
fragments = st.sampled_from(FRAGMENTS.split())
texts = st.lists(fragments, max_size=14).map(" ".join) | st.text(max_size=40)

names = st.sampled_from(["a", "b", "level", "msg", "list", "0", "length"])
leaves = (
    st.lists(names, max_size=3).map(lambda keys: ["path", *keys])
    | scalars.map(lambda value: ["lit", value])
    | st.sampled_from(CONSTANTS).map(lambda name: ["const", name])
)


def _grow(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[list[Any]]:
    return (
        st.tuples(st.sampled_from(BINARY), inner, inner).map(list)
        | st.tuples(st.sampled_from(UNARY), inner).map(list)
        | st.tuples(st.sampled_from(CHAINS), inner, inner, inner).map(list)
        | st.tuples(st.just("?:"), inner, inner, inner).map(list)
        | st.tuples(st.just("get"), inner, inner).map(list)
        | st.lists(inner, max_size=3).map(lambda items: ["array", *items])
        | st.sampled_from(list(METHODS)).flatmap(
            lambda name: st.lists(
                inner, min_size=1 + METHODS[name][0], max_size=1 + METHODS[name][1]
            ).map(lambda operands: ["call", name, *operands])
        )
        | st.tuples(
            st.sampled_from(["test", "match"]),
            st.text("ab.*+?()[]{}|^$\\dwsbk<>1,-", max_size=8),
            st.sampled_from(["", "g", "i", "m", "s", "u"]),
            inner,
        ).map(list)
    )


forms = st.recursive(leaves, _grow, max_leaves=10)
relaxed = settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@relaxed
@given(texts, records)
def test_any_text(text: str, record: dict[str, Any]) -> None:
    try:
        filter_ = compile_filter(text)
    except FilterError:
        return
    filter_.matches(record)
    # What was parsed survives JSON, the way to an agent.
    assert Filter(json.loads(json.dumps(filter_.form))).form == filter_.form


@relaxed
@given(forms, records)
def test_any_form(form: list[Any], record: dict[str, Any]) -> None:
    try:
        filter_ = Filter(form)
    except FilterError:
        return
    assert filter_.matches(record) in (True, False)


@relaxed
@given(forms, records)
def test_what_is_needed_stands_in_the_line(form: list[Any], record: dict[str, Any]) -> None:
    try:
        filter_ = Filter(form)
    except FilterError:
        return
    line = json.dumps(record)
    if filter_.matches(json.loads(line)) and "\\u" not in line:
        assert all(text in line for text in needed_texts(form))


words = st.sampled_from(["GET", "object", "Object", "true", "null", "Infinity", "ab", "e"])


@relaxed
@given(
    st.sampled_from(["a", "a.b", "a[0]", "a.length", "this"]),
    st.sampled_from(
        ["{0} == '{1}'", "{0} === '{1}'", "'{1}' == {0}", "{0} < '{1}'", "/{1}/.test({0})",
         "{0}.includes('{1}')", "{0}.startsWith('{1}')", "{0}", "{0} >= 1", "{0} == 2"]
    ),
    words,
    st.recursive(words | scalars, lambda inner: st.lists(inner, max_size=2)
                 | st.dictionaries(st.sampled_from(["b", "x", "GET"]), inner, max_size=2)),
)  # fmt: skip
def test_what_is_needed_of_usual_filters(path: str, text: str, word: str, value: Any) -> None:
    filter_ = compile_filter(text.format(path, word))
    line = json.dumps({"a": value})
    if filter_.matches(json.loads(line)) and "\\u" not in line:
        assert all(needed in line for needed in needed_texts(filter_.form))


@relaxed
@given(values)
def test_anything_as_a_form(form: Any) -> None:
    with contextlib.suppress(FilterError):
        Filter(form).value({})
