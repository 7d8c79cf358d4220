"""The compiled module behind `Provider`, and why it is not there."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.usdt._stapsdt import _FFI, CData, _Lib

# native/python/build.py writes it where it could not compile the module.
_REASON = "_stapsdt.reason"


class Extension(NamedTuple):
    """The module; the byte that a probe begins with while no tracer is attached; and a place
    that has it for ever."""

    ffi: _FFI
    lib: _Lib
    idle: int
    nowhere: memoryview

    def text(self, string: CData) -> str | None:
        """A C string; None for NULL."""
        return None if string == self.ffi.NULL else self.ffi.string(string).decode(errors="replace")


class _Missing(NamedTuple):
    reason: str
    hint: str | None = None


def extension() -> Extension:
    """The module, imported once; raises NodeobsError (`usdt`) where it cannot be."""
    found = _find()
    if isinstance(found, _Missing):
        raise NodeobsError("usdt", f"Python cannot make probes here: {found.reason}", found.hint)
    return found


def unavailable_reason() -> str | None:
    """Why `Provider` cannot be used on this machine; None where it can."""
    found = _find()
    return found.reason if isinstance(found, _Missing) else None


@cache
def _find() -> Extension | _Missing:
    try:
        from nodeobs.usdt._stapsdt import ffi, lib
    except ModuleNotFoundError as error:
        if error.name != "nodeobs.usdt._stapsdt":
            return _Missing(f"there is no module {error.name}", "pip install cffi")
        return _Missing(
            _why_not_compiled(),
            # pip keeps the wheel that it could make.
            "install gcc and python3-dev (Debian and Ubuntu: apt-get install gcc python3-dev), then"
            " pip install --force-reinstall --no-cache-dir nodeobs",
        )
    except ImportError as error:
        return _Missing(
            f"its C part cannot be loaded: {error}", "install nodeobs again, for this Python"
        )
    idle = lib.idle_byte()
    if idle < 0:
        return _Missing("it is known how on x86-64 and aarch64 only")
    return Extension(ffi, lib, idle, memoryview(bytes([idle])))


def _why_not_compiled() -> str:
    try:
        with open(os.path.join(os.path.dirname(__file__), _REASON), encoding="utf-8") as file:
            reason = file.read()
    except OSError:
        return "its C part has not been compiled"
    return f"its C part could not be compiled: {reason.strip()}"
