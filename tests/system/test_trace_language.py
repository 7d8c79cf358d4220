"""The language, element by element, in both places where it runs: in a process (js/trace) and in
the command itself (BEGIN and ticks)."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.traces import Trace, histograms, table

if TYPE_CHECKING:
    from tests.system.conftest import Child, StartNode, StartNodeobs


@pytest.fixture
def trace(start_nodeobs: StartNodeobs) -> Any:
    return partial(Trace.start, start_nodeobs)


@pytest.fixture
def shop(node: StartNode) -> Child:
    return node("trace_app.js")


#: An expression, the conversion that shows it, and what is shown.
EXPRESSIONS = (
    # arithmetic, comparisons, logic, bits, ?:
    ("7 + 3 * 2 - 8 / 3", "%d", "11"),
    ("-7 / 2", "%d", "-3"),
    ("-7 % 3", "%d", "-1"),
    ("1 << 4 | 3 & 6 ^ 1", "%d", "19"),
    ("~5 >> 1", "%d", "-3"),
    ("(3 > 2) + (3 >= 3) + (2 < 1) + (2 <= 1) + (1 == 1) + (1 != 1)", "%d", "3"),
    ("(1 && 0) + (1 || 0) * 10 + (1 ^^ 1) * 100 + !0 * 1000", "%d", "1010"),
    ('"abc" == "abc" && "a" < "b"', "%d", "1"),
    ('two == 2 ? "yes" : "no"', "%s", "yes"),
    ("0x1f + 010 + 'a'", "%d", "136"),
    # variables: global, this->, self->, arrays with several keys; operators that assign
    ("two", "%d", "2"),
    ("pair[two, \"x\"]", "%d", "12"),
    ("pair[two, \"y\"]", "%d", "0"),
    ("this->local", "%s", "local"),
    ("self->own", "%d", "5"),
    ("counted", "%d", "7"),
    ("unset", "%d", "0"),
    ("BIG", "%d", "1000"),
    # casts, sizeof, units of time, names of errors and signals
    ("(int8_t)300 + (uint16_t)65537", "%d", "45"),
    ("(long)two", "%d", "2"),
    ('(string)"cast"', "%s", "cast"),
    ('sizeof ("http-") - 1', "%d", "5"),
    ("sizeof (int)", "%d", "4"),
    ("NANOSEC / MICROSEC / MILLISEC / SEC", "%d", "1"),
    ("ENOENT + SIGKILL", "%d", "11"),
    # functions
    ('copyinstr("text")', "%s", "text"),
    ('copyinstr("text", 2)', "%s", "te"),
    ('stringof("text")', "%s", "text"),
    ('strlen("text")', "%d", "4"),
    ('strjoin("a", "b")', "%s", "ab"),
    ('strstr("/users/7", "rs")', "%s", "rs/7"),
    ("strchr(\"a/b/c\", '/')", "%s", "/b/c"),
    ("strrchr(\"a/b/c\", '/')", "%s", "/c"),
    ('strtok("GET /x?y", " ")', "%s", "GET"),
    ('strtok(NULL, "?")', "%s", "/x"),
    ('substr("abcdef", 2)', "%s", "cdef"),
    ('substr("abcdef", -3, 2)', "%s", "de"),
    ('"http-server" + 5', "%s", "server"),
    ('index("hello", "l")', "%d", "2"),
    ('rindex("hello", "l")', "%d", "3"),
    ('toupper("aBc")', "%s", "ABC"),
    ('tolower("aBc")', "%s", "abc"),
    ('basename("/usr/lib/x.js")', "%s", "x.js"),
    ('dirname("/usr/lib/x.js")', "%s", "/usr/lib"),
    ('cleanpath("/usr/./lib/..")', "%s", "/usr"),
    ("lltostr(-42)", "%s", "-42"),
    ("lltostr(255, 16)", "%s", "0xff"),
    ('strtoll("0x1f", 16) + strtoll("11")', "%d", "42"),
    ('json("{\\"a\\": {\\"b\\": [1, \\"two\\"]}}", "a.b[1]")', "%s", "two"),
    ('json("{}", "a")', "%s", ""),
    ("inet_ntop(AF_INET, 2130706433)", "%s", "127.0.0.1"),
    ('inet_ntop(AF_INET6, "::ffff:10.0.0.1")', "%s", "10.0.0.1"),
    ("abs(-4) + (rand() >= 0)", "%d", "5"),
    ("ntohs(htons(513)) + htonl(1) / 16777216", "%d", "514"),
    # conversions
    ('"left"', "%-8s|", "left    |"),
    ('"right"', "%8s|", "   right|"),
    ('"long"', "%.2s|", "lo|"),
    ('"a\\tb"', "%S", "a\\tb"),
    ("42", "%5d|", "   42|"),
    ("42", "%-5d|", "42   |"),
    ("42", "%05d|", "00042|"),
    ("255", "%x %%", "ff %"),
    ("255", "%#X", "0XFF"),
    ("8", "%o", "10"),
    ("'A'", "%c", "A"),
    ("1234567", "%'d", "1,234,567"),
    ("-1", "%i", "-1"),
    # macro variables
    ("$1", "%d", "250"),
    ("$$1", "%s", "250"),
    ("$$2", "%s", "two words"),
)  # fmt: skip

SETTING = (
    'two = 2; pair[two, "x"] = 12; this->local = "local"; self->own = 5; '
    "counted = 1; counted += 4; counted -= 2; counted *= 6; counted /= 3; counted %= 4; "
    "counted <<= 2; counted >>= 1; counted |= 5; counted &= 7; counted ^= 3; counted++; ++counted; "
    "counted--; unset = 1; unset = 0; "
)


@pytest.mark.parametrize("where", ["shop*:::item-sold", "BEGIN"])
def test_every_expression(shop: Child, trace: Any, where: str) -> None:
    shows = [
        f'printf("{number} {conversion}\\n", {expression});'
        for number, (expression, conversion, _) in enumerate(EXPRESSIONS)
    ]
    program = f"inline int BIG = 1000; {where} {{ {SETTING} }} {where} {{ {' '.join(shows)} }}"
    running = trace(f"shop*:::item-sold {{}} {program}", "-p", str(shop.pid), "250", "two words")
    shop.do("fire 1")
    lines = running.interrupt()
    expected = [f"{number} {shown}" for number, (_, _, shown) in enumerate(EXPRESSIONS)]
    assert lines == expected, running.said


def test_builtins_in_a_process(shop: Child, trace: Any) -> None:
    running = trace(
        'shop*:::item-sold { printf("%d %d %d %d %d %s %s %s %s %s %d %d\\n", pid == $target, tid,'
        " ppid, uid, gid, execname, probeprov, probemod, probefunc, probename, errno,"
        ' timestamp > began && walltimestamp > began); } BEGIN { began = timestamp; }',
        "-p", str(shop.pid),
    )  # fmt: skip
    shop.do("fire 1")
    (line,) = running.interrupt()
    numbers = f"1 0 {os.getpid()} {os.getuid()} {os.getgid()}"
    assert line.startswith(f"{numbers} node")
    assert line.endswith(f" shop{shop.pid} till item-sold item-sold 0 1")


def test_builtins_in_the_command(shop: Child, trace: Any) -> None:
    running = trace(
        'BEGIN { printf("%d %d %d %s %s %s\\n", pid == $pid, $target, uid == $uid, execname,'
        " probeprov, probename); }",
        "-p", str(shop.pid),
    )  # fmt: skip
    assert running.interrupt() == [f"1 {shop.pid} 1 nodeobs dtrace BEGIN"]


def test_arguments(shop: Child, trace: Any) -> None:
    arguments = ", ".join(f"arg{number} + args[{number}]" for number in range(32))
    formats = " ".join(["%d"] * 32)
    running = trace(f'shop*:::wide {{ printf("{formats}\\n", {arguments}); }}', "-p", str(shop.pid))
    shop.do("wide")
    assert running.interrupt() == [" ".join(str(2 * number) for number in range(32))]


@pytest.mark.parametrize(
    ("description", "counted"),
    [
        ("shop*:till:item-sold:item-sold", 3),
        ("shop*:::item-sold", 3),
        ("shop:::item-sold", 3),
        ("item-sold", 3),
        ("*-sold", 3),
        ("shop*:::item-*,shop*:::wide", 4),
        ("shop*:::", 4),
        ("shop*:::[iw]*", 4),
        ("shop$target:::item-s?ld", 3),
        ("shop*:till::", 4),
        ("::item-sold:", 3),
        ("shop*:::$1", 1),
    ],
)
def test_probe_descriptions(shop: Child, trace: Any, description: str, counted: int) -> None:
    words = ("wide",) if "$1" in description else ()
    running = trace(f"{description} {{ @ = count(); }}", "-p", str(shop.pid), *words)
    shop.do("fire 3")
    shop.do("wide")
    assert table(running.interrupt()) == {"": counted}


def test_predicates_and_lists_of_statements(shop: Child, trace: Any) -> None:
    running = trace(
        "shop*:::item-sold /arg0 % 2 == 0 && copyinstr(arg1) == \"pen\"/ { this->x = arg0, @s ="
        " sum(this->x); ; @c = count() } shop*:::item-sold /0/ { @no = count(); }",
        "-p", str(shop.pid),
    )  # fmt: skip
    shop.do("fire 7 pen")
    shop.do("fire 7 book")
    assert [int(line) for line in running.interrupt()] == [0 + 2 + 4 + 6, 4]


def test_intervals_of_ticks(shop: Child, trace: Any) -> None:
    intervals = ("tick-10ms", "tick-100hz", "tick-100", "tick-10000us", "tick-1s", "tick-1h")
    clauses = "".join(f'{name} {{ @["{name}"] = count(); }} ' for name in intervals)
    running = trace(
        f"{clauses} tick-30ms /n++ == 4/ {{ exit(0); }} shop*:::item-sold {{}}",
        "-p", str(shop.pid),
    )  # fmt: skip
    assert running.child.wait() == 0
    fired = table(running.lines())
    assert set(intervals[:4]) <= set(fired)
    assert "tick-1h" not in fired


def test_actions_on_aggregations(shop: Child, trace: Any) -> None:
    running = trace(
        "shop*:::item-sold { @n[copyinstr(arg1)] = count(); @s[copyinstr(arg1)] = sum(arg0);"
        " @gone = count(); @q = quantize(arg0); }"
        " END { normalize(@s, 5); printa(\"%s %@d %@d\\n\", @n, @s); denormalize(@s);"
        " printa(\"%-5s%@6d\\n\", @s); trunc(@n, 1); printa(@n); trunc(@n); printa(@n);"
        " clear(@gone); printa(@gone); printa(@q); trunc(@s); trunc(@gone); }",
        "-p", str(shop.pid),
    )  # fmt: skip
    shop.do("fire 5 pen 3")
    shop.do("fire 3 book 100")
    lines = running.interrupt()
    assert lines[:5] == [
        "book 3 60", "pen 5 6", "pen      30", "book    300",
        f"  {'pen':<50} {5:16d}",
    ]  # fmt: skip
    assert lines[5] == f" {0:16d}"
    assert histograms(["q", *lines[6:]])["q"] == {0: 2, 2: 1, 4: 1, 8: 2, 64: 1, 128: 1}


def test_self_follows_the_request_and_not_the_thread(node: StartNode, trace: Any) -> None:
    app = node("http_app.js", ready=None, env={"NODE_OPTIONS": f"--require {_register()}"})
    port = app.out.containing("listening").split()[1]
    running = trace(
        "node*:::http-server-request { self->url = args[0]->url; self->start = timestamp; }"
        " node*:::http-server-response /self->start/"
        " { @[self->url, copyinstr(arg8)] = count(); self->start = 0; }",
        "-p", str(app.pid),
    )  # fmt: skip
    paths = [f"/wait/{10 * number}" for number in (5, 1, 4, 2, 3)]
    _all_at_once(int(port), paths)
    found = [line.split() for line in running.interrupt()]
    assert sorted(row[0] for row in found) == sorted(paths)
    assert {row[-1] for row in found} == {"1"}


def _register() -> str:
    from pathlib import Path

    return str(Path(__file__).parents[2] / "js" / "register.js")


def _all_at_once(port: int, paths: list[str]) -> None:
    """Requests that are under way together."""
    import http.client

    connections = []
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path)
        connections.append(connection)
    for connection in connections:
        connection.getresponse().read()
        connection.close()


def test_timestamps_are_one_clock(shop: Child, trace: Any) -> None:
    running = trace(
        "BEGIN { start = timestamp; wall = walltimestamp; }"
        ' shop*:::item-sold { printf("%d %d %Y\\n",'
        " timestamp - start, walltimestamp - wall, walltimestamp); }",
        "-p", str(shop.pid),
    )  # fmt: skip
    shop.do("fire 1")
    (line,) = running.interrupt()
    match = re.fullmatch(r"(\d+) (\d+) (\d{4} \w{3} [ \d]\d \d\d:\d\d:\d\d)", line)
    assert match is not None, line
    assert abs(int(match[1]) - int(match[2])) < 1e9
