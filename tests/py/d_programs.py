"""Random programs: texts that may be D, and programs that mostly are."""

from __future__ import annotations

from hypothesis import strategies as st

from nodeobs.d.signatures import FUNCTIONS

FRAGMENTS = (
    "BEGIN END ERROR tick-1s tick-10ms profile-97 restify*:::route-start a:b:c:d syscall:::entry"
    " x y self->x this->y x[1] a[pid,probename] @ @x @x[pid] @y[1,2] = += -= /= ++ -- + - * / % <<"
    " >> & | ^ && || ^^ == != < > <= >= ! ~ ? : , ; . -> ( ) [ ] { } /x/ /1/ 0 1 42 0x1f 010 'a'"
    ' "s" "%d\\n" "%s" "%@d" timestamp pid probename arg0 arg31 args[0] args[0]->method NULL'
    " NANOSEC $1 $$1 $target (int) (char*) (foo_t*) (string) sizeof stringof xlate<t*>"
    " count() sum(arg0) quantize(arg0) lquantize(arg0,0,10) printf( trace( print("
    " printa( exit( clear( trunc( normalize( strlen( strjoin( copyinstr( json("
    " int string self this inline struct if for /* */ // \n"
    " # #pragma\tD\toption\tquiet #define\tx\t1\n \n#define\ty\t(x+1)\n \\ ` @$ \ufeff \u00e9 \x00"
)
fragments = st.sampled_from(FRAGMENTS.split(" "))
texts = st.lists(fragments, max_size=40).map(" ".join) | st.text(max_size=60)

# -- expressions of any type, right or wrong -----------------------------------------------

_OPERATORS = (
    "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "&&", "||", "^^", "==", "!=", "<", "=",
)  # fmt: skip
leaves = st.sampled_from(
    ["x", "self->t", "this->s", "a[1]", "arg0", "args[0]->url", "timestamp", "probename", '"s"']
) | st.integers(-3, 2**65).map(str)


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.tuples(inner, st.sampled_from(_OPERATORS), inner).map(lambda p: f"({' '.join(p)})")
        | st.tuples(st.sampled_from(["-", "!", "~", "(int)", "(string)", "++"]), inner).map("".join)
        | st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})")
        | st.tuples(st.sampled_from(list(FUNCTIONS)), st.lists(inner, max_size=3)).map(
            lambda p: f"{p[0]}({', '.join(p[1])})"
        )
    )


expressions = st.recursive(leaves, _grow, max_leaves=12)

# -- expressions whose types go together ---------------------------------------------------

_ARGUMENTS = st.sampled_from(["arg0", "arg1", "arg2", "arg31", "args[2]", "args[0]->x"])
_INTEGERS = _ARGUMENTS | st.sampled_from(
    ["x", "self->n", "this->n", "a[x, s]", "pid", "tid", "timestamp", "2", "-1", "0", "1 << 40"]
)
_STRINGS = st.sampled_from(
    [
        "s",
        "self->s",
        "this->s",
        "b[s]",
        "probename",
        "execname",
        '"a.b/c"',
        '"é😀"',
        "NULL",
        "copyinstr(arg1)",
        "copyinstr(arg2)",
    ]
)


def _integers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        st.tuples(inner, st.sampled_from(_OPERATORS[:-1]), inner).map(lambda p: f"({' '.join(p)})")
        | st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})")
        | st.tuples(st.sampled_from(["strlen", "strtoll"]), _STRINGS).map(
            lambda p: f"{p[0]}({p[1]})"
        )
        | st.tuples(st.sampled_from(["index", "rindex"]), _STRINGS, _STRINGS, inner).map(
            lambda p: f"{p[0]}({', '.join(p[1:])})"
        )
        | st.sampled_from(["x++", "--x", "(x += 3)", "rand()", "abs(x)", "htonl(x)", "(int8_t)x"])
    )


integers = st.recursive(_INTEGERS, _integers, max_leaves=6)


def _strings(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = ["toupper", "tolower", "basename", "dirname", "cleanpath", "stringof"]
    two = ["strjoin", "strstr", "strchr", "strrchr", "strtok", "json"]
    return (
        st.tuples(st.sampled_from(one), inner).map(lambda p: f"{p[0]}({p[1]})")
        | st.tuples(st.sampled_from(two), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})")
        | st.tuples(inner, integers, integers).map(lambda p: f"substr({', '.join(p)})")
        | integers.map(lambda e: f"lltostr({e})")
        | st.tuples(inner, st.integers(0, 9)).map(lambda p: f"({p[0]} + {p[1]})")
    )


strings = st.recursive(_STRINGS, _strings, max_leaves=5)

_TOTALS = ("count", "sum", "avg", "min", "max", "stddev", "quantize")
_FILLED = st.sampled_from(_TOTALS)
_ACTIONS = st.sampled_from(
    [f"{action}(@{name})" for action in ("printa", "clear", "trunc") for name in _TOTALS]
    + ["trunc(@sum, 2)", "normalize(@max, 10)", "denormalize(@max)"]
    + ['printa("%s %d %@d\\n", @count)', "exit(0)"]
)
statements = (
    integers.map(lambda e: f"x = {e}")
    | strings.map(lambda e: f"s = {e}")
    | st.tuples(integers, strings, integers).map(lambda p: f"a[{p[0]}, {p[1]}] = {p[2]}")
    | strings.map(lambda e: f"b[s] = {e}")
    | integers.map(lambda e: f"self->n = {e}")
    | strings.map(lambda e: f"self->s = {e}")
    | integers.map(lambda e: f"this->n = {e}")
    | strings.map(lambda e: f"this->s = {e}")
    | st.tuples(_FILLED, strings, integers, integers).map(
        lambda p: f"@{p[0]}[{p[1]}, {p[2]}] = {p[0]}({'' if p[0] == 'count' else p[3]})"
    )
    | st.tuples(integers, strings).map(lambda p: f'printf("%d %-9s\\n", {p[0]}, {p[1]})')
    | (integers | strings).map(lambda e: f"trace({e})")
    | (integers | strings).map(lambda e: f"print({e})")
    | _ACTIONS
)

#: Gives everything that statements name a type and a value.
PREAMBLE = (
    'BEGIN { x = 1; s = ""; a[1, ""] = 1; b[""] = ""; self->n = 1; self->s = "";'
    ' this->n = 1; this->s = ""; '
    + " ".join(f'@{one}["", 0] = {one}({"" if one == "count" else 1});' for one in _TOTALS)
    + " }\n"
)


def programs(*probes: str) -> st.SearchStrategy[str]:
    """Programs at these probes, most of which compile."""
    clause = st.tuples(
        st.sampled_from(probes),
        st.none() | integers,
        st.lists(statements, max_size=5),
    ).map(lambda p: f"{p[0]} {f'/{p[1]}/' if p[1] else ''} {{ {'; '.join(p[2])} }}")
    return st.lists(clause, min_size=1, max_size=4).map(lambda them: PREAMBLE + "\n".join(them))
