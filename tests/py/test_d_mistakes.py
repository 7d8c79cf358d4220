"""What is said of programs that cannot be run: every message with its place and its hint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from nodeobs.d import DError, Text, compile_program
from nodeobs.d.options import Setting
from nodeobs.d.text import MAX_LENGTH

if TYPE_CHECKING:
    from tests.py.conftest import Golden

SYNTAX = [
    "",
    "BEGIN { x = 1",
    "BEGIN { x = 1; } }",
    "BEGIN {\n  x = 1\n  y = 2;\n}",
    "BEGIN { x = 1 y = 2; }",
    "{ trace(1); }",
    "BEGIN /x { trace(1); }",
    'BEGIN { trace("abc); }',
    "BEGIN { x = 'a; }",
    "BEGIN { /* x = 1; }",
    'BEGIN { trace("a\\q"); }',
    "BEGIN { x = ''; }",
    "BEGIN { x = 1.5; }",
    "BEGIN { x = .5; }",
    "BEGIN { x = 12abc; }",
    "BEGIN { x = 09; }",
    "BEGIN { x = 99999999999999999999; }",
    "BEGIN { if (x == 1) { trace(x); } }",
    "x:::y /a/ { y = 1; } else { y = 2; }",
    "BEGIN { for (i = 0; i < 3; i++) { trace(i); } }",
    "BEGIN { while (1) x++; }",
    "struct thing { int x; };\nBEGIN { trace(1); }",
    "typedef int foo_t;\nBEGIN { trace(1); }",
    "int x = 5;\nBEGIN { trace(x); }",
    "#define F(x) x\nBEGIN { trace(F(1)); }",
    "#define PROBES a:::b\nPROBES { trace(1); }",
    "#define X (1 +\nBEGIN { trace(X); }",
    "#ifdef X\nBEGIN { trace(1); }\n#endif",
    "BEGIN { trace(`kmem_flags); }",
    "BEGIN { x = &y; }",
    "BEGIN { x = *(int *)arg0; }",
    "BEGIN { 1 + 2 = x; }",
    "BEGIN { x = ; }",
    "BEGIN { x = (1 + 2; }",
    "BEGIN { x = {}; }",
    "BEGIN { printf(\"a\"\n}",
    "x:::y { if (a) {\n b = 1;\n }\n}",
    "BEGIN { x = \x1b[31m; }",
    "inline int pid = 3;\nBEGIN { trace(pid); }",
    "x:::y { @[copyinstr(arg1) = count(); }",
    'BEGIN { printf("%d" x); }',
    "BEGIN { x = a ? 1; }",
    "BEGIN { x = self->; }",
    "BEGIN trace(1); }",
    "x:::y, { trace(1); }",
    "4711 { trace(1); }",
    f"BEGIN {{ x = {'(' * 100}1{')' * 100}; }}",
    f"BEGIN {{ trace({' + '.join(['x'] * 100)}); }}",
]  # fmt: skip

NAMES = [
    'x:::y { trace(strjion("a", "b")); }',
    "x:::y { foo(); }",
    "x:::y { @ = quantise(arg0); }",
    "x:::y { @ = trace(arg0); }",
    "x:::y { pritnf(\"x\"); }",
    "x:::y { trace(track[arg0]); } x:::z { tracks[arg0] = 1; }",
    "x:::y { self->start = timestamp; } x:::z { trace(self->strat); }",
    "x:::y { self->start = timestamp; } x:::z { trace(start); }",
    "x:::y { trace(timestmap); }",
    "x:::y { trace(strlen); }",
    "x:::y { trace(args); }",
    "x:::y { trace(arg32); }",
    "x:::y { trace(args[32]); }",
    "x:::y { trace(args[x]); }",
    "x:::y { trace(self); }",
    "x:::y { trace(curthread); }",
    "x:::y { trace(ustackdepth); }",
    "x:::y { ustack(); }",
    "x:::y { @[jstack(20)] = count(); }",
    "x:::y { system(\"rm -rf /\"); }",
    "x:::y { tracemem(arg0, 16); }",
    "x:::y { speculate(1); }",
    "x:::y { trace($3); }",
    "x:::y { trace($nosuch); }",
    "begin { trace(1); }",
    "x:::y { trace(ENOENTT); }",
    f"x:::y {{ {'n' * 65} = 1; }}",
    f"x:::y {{ a[{', '.join(['1'] * 33)}] = 1; }}",
    f"x:::y {{ printf({', '.join(['1'] * 129)}); }}",
    "x:::y { xé = 1; }",
    "x:::y { printa(@latencies); } x:::z { @latency = count(); }",
]  # fmt: skip

TYPES = [
    "x:::y { pid = 4; }",
    "x:::y { NANOSEC = 4; }",
    "x:::y { arg0 = 4; }",
    "x:::y { args[0]->method = 4; }",
    "x:::y { $target = 4; }",
    "x:::y { strlen(\"a\") = 4; }",
    "x:::y { x = 1; x = \"a\"; }",
    "x:::y { self->s = probename; } x:::z { self->s = 4; }",
    "x:::y { x = \"a\" + probename; }",
    "x:::y { x = probename * 2; }",
    "#define X nosuch\nx:::y { trace(X); }",
    "x:::y { x = probename - 1; }",
    "x:::y { x = -probename; }",
    "x:::y { x = probename; x++; }",
    "x:::y { x = probename; x += 1; }",
    "x:::y /probename == 3/ { trace(1); }",
    "x:::y { trace(arg0 ? 1 : \"a\"); }",
    "x:::y { a[1] = 1; a[\"x\"] = 2; }",
    "x:::y { a[1] = 1; a[1, 2] = 2; }",
    "x:::y { a[1] = 1; trace(a); }",
    "x:::y { a = 1; a[1] = 2; }",
    "x:::y { trace(pid->name); }",
    "x:::y { trace(probename->name); }",
    "x:::y { trace((int)probename); }",
    "x:::y { trace((string)pid); }",
    "x:::y { trace(sizeof (struct foo)); }",
    "x:::y { trace(strlen(pid)); }",
    "x:::y { trace(strlen(\"a\", \"b\")); }",
    "x:::y { trace(substr(\"a\")); }",
    "x:::y { trace(lltostr(\"a\")); }",
    "x:::y { trace(1 / 0); }",
    "x:::y { trace(arg0 % 0); }",
    "x:::y { x /= 0; }",
    "x:::y { trace(printf(\"a\")); }",
    "x:::y { arg0 == 1; }",
    "x:::y { trace(); }",
    "x:::y { exit(\"a\"); }",
]  # fmt: skip

AGGREGATIONS = [
    "x:::y { @x = 1; }",
    "x:::y { @x += count(); }",
    "x:::y { @x; }",
    "x:::y { x = @x; @x = count(); }",
    "x:::y { x = count(); }",
    "x:::y { trace(sum(arg0)); }",
    "x:::y { @x++; }",
    "x:::y { @x = count(); } x:::z { @x = sum(arg0); }",
    "x:::y { @x[pid] = count(); } x:::z { @x[pid, tid] = count(); }",
    "x:::y { @x[pid] = count(); @x[probename] = count(); }",
    "x:::y { @ = count(arg0); }",
    "x:::y { @ = sum(); }",
    "x:::y { @ = sum(probename); }",
    "x:::y { @ = lquantize(arg0); }",
    "x:::y { @ = lquantize(arg0, 0, x); x = 1; }",
    "x:::y { @ = lquantize(arg0, 10, 0); }",
    "x:::y { @ = lquantize(arg0, 0, 10, 20); }",
    "x:::y { @ = lquantize(arg0, 0, 1000000000); }",
    "x:::y { @ = lquantize(arg0, 0, 10); } x:::z { @ = lquantize(arg0, 0, 20); }",
    "x:::y { @ = llquantize(arg0, 1, 0, 6, 20); }",
    "x:::y { @ = llquantize(arg0, 10, 6, 0, 20); }",
    "x:::y { @ = llquantize(arg0, 10, 0, 30, 20); }",
    "x:::y { @ = llquantize(arg0, 10, 0, 6, 30); }",
    "x:::y { @x = count(); printa(); }",
    "x:::y { @x = count(); printa(\"%d\"); }",
    "x:::y { @x = count(); printa(x); x = 1; }",
    "x:::y { @x[pid] = count(); clear(@x[pid]); }",
    "x:::y { @x = count(); trunc(@x, probename); }",
    "x:::y { @x = count(); normalize(@x, 0); }",
    "x:::y { @x = count(); normalize(@x); }",
    "x:::y { @x[pid] = count(); @y = count(); printa(\"%d %@d %@d\", @x, @y); }",
    "x:::y { @x = count(); trace(@x); }",
    "x:::y { @x = count(); printf(\"%d\", @x); }",
]  # fmt: skip

FORMATS = [
    "x:::y { printf(); }",
    "x:::y { printf(probename); }",
    "x:::y { printf(\"\"); }",
    "x:::y { printf(\"%d %d\\n\", 1); }",
    "x:::y { printf(\"%d\\n\", 1, 2); }",
    "x:::y { printf(\"\\t\\t%d\\n\", probename); }",
    "x:::y { printf(\"%s\\n\", pid); }",
    "x:::y { printf(\"%*d\\n\", probename, 1); }",
    "x:::y { printf(\"%z\\n\", 1); }",
    "x:::y { printf(\"100%\"); }",
    "x:::y { printf(\"%@d\", 1); }",
    "x:::y { printf(\"%k\", 1); }",
    "x:::y { @x[pid] = count(); printa(\"%d %d %@d\", @x); }",
    "x:::y { @x[pid] = count(); printa(\"%s %@d\", @x); }",
]  # fmt: skip

KERNEL = [
    "syscall::read:entry { @ = count(); }",
    "syscall::write:return { @ = count(); }",
    "syscall:::entry { @ = count(); }",
    "pid$target:libc:malloc:entry { @ = count(); }",
    "pid4711:libssl.so.3:SSL_write:return { @ = count(); }",
    "pid$target:a.out:main:entry { @ = count(); }",
    "io:::start { @ = count(); }",
    "sched:::on-cpu { @ = count(); }",
    "sched:::nosuch { @ = count(); }",
    "proc:::exec-success { @ = count(); }",
    "fbt::vfs_read:entry { @ = count(); }",
    "vminfo:::as_fault { @ = count(); }",
    "tcp:::state-change { @ = count(); }",
    "nfsv3:::op-read-start { @ = count(); }",
    "profile-97 { @ = count(); }",
    "profile:::profile-10ms { @ = count(); }",
    "tick-0s { trace(1); }",
    "tick-5parsecs { trace(1); }",
    "tick-5000hz { trace(1); }",
    "BEGIN, syscall::read:entry { @ = count(); }",
]  # fmt: skip

OPTIONS = [
    "#pragma D option quite\nBEGIN { trace(1); }",
    "BEGIN { trace(1); }\n  #pragma D option\n",
    "#pragma D option strsize\nBEGIN { trace(1); }",
    "#pragma D option strsize=1g\nBEGIN { trace(1); }",
    "#pragma D option strsize=-1\nBEGIN { trace(1); }",
    "#pragma D option switchrate=often\nBEGIN { trace(1); }",
    "#pragma D option switchrate=0\nBEGIN { trace(1); }",
    "#pragma D option quiet=maybe\nBEGIN { trace(1); }",
    "#pragma D option aggsortpos=x\nBEGIN { trace(1); }",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "programs"),
    [
        ("syntax", SYNTAX),
        ("names", NAMES),
        ("types", TYPES),
        ("aggregations", AGGREGATIONS),
        ("formats", FORMATS),
        ("kernel", KERNEL),
        ("options", OPTIONS),
    ],
)
def test_messages(name: str, programs: list[str], golden: Golden) -> None:
    lines: list[str] = []
    for program in programs:
        with pytest.raises(DError) as raised:
            compile_program([Text(program)])
        error = raised.value
        assert (error.code, error.exit_code) == ("bad_program", 2)
        first, *rest = error.message.split("\n")
        assert len(rest) in (0, 2)
        lines += [first, *rest, f"  next: {error.hint}", ""]
    golden(f"d_mistakes_{name}", lines)


def test_the_place_is_right_in_a_long_script() -> None:
    text = "\n" * 40 + "\t\tBEGIN { trace(nothing); }"
    with pytest.raises(DError) as raised:
        compile_program([Text(text, "dir/script.d")])
    place = raised.value.place
    assert place is not None
    assert (place.name, place.line, place.column) == ("dir/script.d", 41, 17)
    assert raised.value.message.split("\n")[1:] == [
        "    BEGIN { trace(nothing); }", "                  ^",
    ]  # fmt: skip


def test_a_long_line_is_cut_around_the_place() -> None:
    text = f"BEGIN {{ x = {' ' * 300}; y = oops{' ' * 300}; }}"
    with pytest.raises(DError) as raised:
        compile_program([Text(text)])
    _, line, caret = raised.value.message.split("\n")
    assert len(line) <= 80
    assert line[len(caret) - 1] == ";"


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(DError) as raised:
        compile_program([Text('BEGIN { x = oops("\x1b]0;title\x07"); }')])
    assert re.search(r"[\x00-\x08\x0b-\x1f]", raised.value.message) is None


def test_options_of_the_command_line_have_no_place() -> None:
    with pytest.raises(DError) as raised:
        compile_program([Text("BEGIN {}")], settings=[Setting.parse("agpack")])
    assert raised.value.message == "trace: there is no option agpack"
    assert raised.value.hint == "did you mean aggpack?"


def test_a_program_has_a_length() -> None:
    with pytest.raises(DError, match="is longer than"):
        compile_program([Text("/" * (MAX_LENGTH + 1))])
