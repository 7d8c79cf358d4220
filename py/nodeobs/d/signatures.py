"""What a program may name: functions, actions, builtins, constants, types; and what DTrace has
that is not here.

The DTrace guide's chapters "Actions and Subroutines", "Aggregations" and "Variables" are the
source; docs/trace.md lists what is here and what is not.
"""

from __future__ import annotations

import errno
import signal
from dataclasses import dataclass
from typing import Final

#: Types. `any` is a probe's argument or a member of one: an integer or a text, as it comes. Every
#: other name is an integer's.
INT: Final = "int64"
INT32: Final = "int32"
STRING: Final = "string"
ANY: Final = "any"


def is_integer(kind: str) -> bool:
    """Whether it is the type of integers."""
    return kind not in (STRING, ANY)


@dataclass(frozen=True, slots=True)
class Signature:
    """The types of a function's arguments, the last `optional` of which may be left out."""

    result: str
    arguments: tuple[str, ...]
    optional: int = 0


def _on_text(result: str, *more: str, optional: int = 0) -> Signature:
    return Signature(result, (STRING, *more), optional)


#: What functions.py and js/trace/functions.js do.
FUNCTIONS: Final[dict[str, Signature]] = {
    "abs": Signature(INT, (INT,)),
    "basename": _on_text(STRING),
    "cleanpath": _on_text(STRING),
    "copyinstr": _on_text(STRING, INT, optional=1),
    "dirname": _on_text(STRING),
    "htonl": Signature("uint32", (INT,)),
    "htonll": Signature("uint64", (INT,)),
    "htons": Signature("uint16", (INT,)),
    "index": _on_text(INT32, STRING, INT, optional=1),
    "inet_ntoa": Signature(STRING, (ANY,)),
    "inet_ntoa6": Signature(STRING, (ANY,)),
    "inet_ntop": Signature(STRING, (INT, ANY)),
    "json": _on_text(STRING, STRING),
    "lltostr": Signature(STRING, (INT, INT), 1),
    "ntohl": Signature("uint32", (INT,)),
    "ntohll": Signature("uint64", (INT,)),
    "ntohs": Signature("uint16", (INT,)),
    "rand": Signature(INT32, ()),
    "rindex": _on_text(INT32, STRING, INT, optional=1),
    "stringof": _on_text(STRING),
    # The second argument of strchr() is a character, or a string of one.
    "strchr": _on_text(STRING, ANY),
    "strjoin": _on_text(STRING, STRING),
    "strlen": _on_text(INT),
    "strrchr": _on_text(STRING, ANY),
    "strstr": _on_text(STRING, STRING),
    "strtok": _on_text(STRING, STRING),
    "strtoll": _on_text(INT, INT, optional=1),
    "substr": _on_text(STRING, INT, INT, optional=1),
    "tolower": _on_text(STRING),
    "toupper": _on_text(STRING),
}

#: Gives its first argument: there are no addresses to copy from.
TRANSPARENT: Final = "copyin"

#: Aggregating functions: how many arguments, without the bounds of lquantize and llquantize.
AGGREGATING: Final[dict[str, int]] = {
    "count": 0,
    "sum": 1,
    "avg": 1,
    "min": 1,
    "max": 1,
    "stddev": 1,
    "quantize": 1,
    "lquantize": 1,
    "llquantize": 1,
}

#: Actions whose values the controller needs, and `exit`.
ACTIONS: Final = (
    "printf", "trace", "print", "printa", "clear", "trunc", "normalize", "denormalize", "exit",
)  # fmt: skip

#: Actions on aggregations: the least and the most arguments after the aggregation.
ON_AGGREGATION: Final[dict[str, tuple[int, int]]] = {
    "clear": (0, 0),
    "trunc": (0, 1),
    "normalize": (1, 1),
    "denormalize": (0, 0),
}

_SAMPLER: Final = "it belongs to the sampler, which comes with a later release"
_DESTRUCTIVE: Final = "it would change the process, and nodeobs only looks"
_KERNEL: Final = "it needs addresses of the kernel or of machine code"
_SPECULATION: Final = "speculative tracing is not supported"

#: What DTrace has and is not here: why.
REFUSED: Final[dict[str, str]] = {
    "ustack": _SAMPLER,
    "jstack": _SAMPLER,
    "stack": _SAMPLER,
    **dict.fromkeys(
        ("copyout", "copyoutstr", "stop", "raise", "breakpoint", "panic", "chill", "system"),
        _DESTRUCTIVE,
    ),
    "freopen": "output goes where -o says",
    "ftruncate": "output goes where -o says",
    "setopt": "options are set with #pragma D option or -x",
    **dict.fromkeys(("speculate", "speculation", "commit", "discard"), _SPECULATION),
    **dict.fromkeys(
        (
            "tracemem", "mod", "func", "sym", "umod", "ufunc", "usym", "uaddr", "alloca", "bcopy",
            "copyinto", "ddi_pathname", "getmajor", "getminor", "mutex_owned", "mutex_owner",
            "msgdsize", "msgsize", "mutex_type_adaptive", "progenyof", "rw_iswriter",
            "rw_read_held", "rw_write_held", "getf", "pcap", "offsetof", "memref", "memstr",
            "typeref",
        ),
        _KERNEL,
    ),
}  # fmt: skip

#: Builtin variables and their types.
BUILTINS: Final[dict[str, str]] = {
    "timestamp": INT,
    "walltimestamp": INT,
    "pid": INT32,
    "tid": INT32,
    "ppid": INT32,
    "uid": INT32,
    "gid": INT32,
    "cpu": INT32,
    "execname": STRING,
    "cwd": STRING,
    "probeprov": STRING,
    "probemod": STRING,
    "probefunc": STRING,
    "probename": STRING,
    "errno": INT32,
    "id": INT32,
}

#: Builtin variables of DTrace that a Node process cannot know: why.
REFUSED_BUILTINS: Final[dict[str, str]] = {
    **dict.fromkeys(("ustackdepth", "stackdepth", "caller", "ucaller", "uregs"), _SAMPLER),
    **dict.fromkeys(
        (
            "curthread", "curpsinfo", "curlwpsinfo", "curcpu", "chip", "lgrp", "pset", "ipl",
            "epid", "root", "zonename", "vtimestamp", "vmregs",
        ),
        "only the kernel knows it",
    ),
}  # fmt: skip

#: `arg0` … `arg31`, `args[0]` … `args[31]`: a probe has at most so many.
ARGUMENTS: Final = 32

#: Names for numbers: units of time, errors, signals.
CONSTANTS: Final[dict[str, int]] = {
    "NULL": 0,
    "SEC": 1,
    "MILLISEC": 1_000,
    "MICROSEC": 1_000_000,
    "NANOSEC": 1_000_000_000,
    "AF_UNIX": 1,
    "AF_INET": 2,
    "AF_INET6": 10,
    **{name: number for number, name in errno.errorcode.items()},
    **{one.name: one.value for one in signal.Signals},
}

#: Integer types that casts and `sizeof` know, as the name that agents know them by.
TYPES: Final[dict[str, str]] = {
    "char": "int8", "signed char": "int8", "unsigned char": "uint8", "uchar_t": "uint8",
    "short": "int16", "short int": "int16", "ushort_t": "uint16", "unsigned short": "uint16",
    "unsigned short int": "uint16", "int": "int32", "signed": "int32", "signed int": "int32",
    "unsigned": "uint32", "unsigned int": "uint32", "uint_t": "uint32", "long": "int64",
    "long int": "int64", "long long": "int64", "long long int": "int64", "signed long": "int64",
    "unsigned long": "uint64", "unsigned long int": "uint64", "unsigned long long": "uint64",
    "ulong_t": "uint64", "longlong_t": "int64", "u_longlong_t": "uint64", "int8_t": "int8",
    "uint8_t": "uint8", "int16_t": "int16", "uint16_t": "uint16", "int32_t": "int32",
    "uint32_t": "uint32", "int64_t": "int64", "uint64_t": "uint64", "intptr_t": "int64",
    "uintptr_t": "uint64", "size_t": "uint64", "ssize_t": "int64", "off_t": "int64",
    "pid_t": "int32", "id_t": "int32", "uid_t": "uint32", "gid_t": "uint32", "time_t": "int64",
    "hrtime_t": "int64", "boolean_t": "int32", "caddr_t": "uint64",
}  # fmt: skip


def size(kind: str) -> int:
    """The bytes of an integer type."""
    return int(kind.lstrip("uint")) // 8
