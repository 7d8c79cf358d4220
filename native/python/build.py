"""Compiles `nodeobs.usdt._stapsdt`: native/stapsdt for Python, in cffi's API mode.

    python native/python/build.py            into py/nodeobs/usdt, if the sources have changed

A C compiler and Python.h are all it takes; `hatch_build.py` does the same for a wheel. One binary
serves every CPython from 3.11 on (the stable ABI), except the free-threaded ones, which get one
of their own.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

NATIVE = Path(__file__).resolve().parents[1]
PACKAGE = NATIVE.parent / "py" / "nodeobs" / "usdt"
SOURCES = (NATIVE / "stapsdt", NATIVE / "python")
MODULE = "nodeobs.usdt._stapsdt"
#: Stands in the package where the module does not: why.
REASON = "_stapsdt.reason"

# Signatures that do not agree with the headers do not compile.
DECLARATIONS = """
#define MAX_ARGUMENTS ...
#define SDT_NAME_MAX ...
typedef enum { noarg, ... } ArgType_t;
typedef enum { memfd_disabled, memfd_enabled, ... } MemFDOption_t;
typedef struct { ...; } SDTProbe_t;
typedef struct { const char *error; ...; } SDTProvider_t;

SDTProvider_t *providerInit(const char *name);
SDTProbe_t *providerAddProbeTypes(SDTProvider_t *provider, const char *name, int argCount,
    const ArgType_t *types);
int providerUseMemfd(SDTProvider_t *provider, MemFDOption_t useMemfd);
int providerUseDirectory(SDTProvider_t *provider, const char *directory);
int providerLoad(SDTProvider_t *provider);
void providerDestroy(SDTProvider_t *provider);
const char *probePath(const SDTProbe_t *probe);
uint64_t probeOffset(const SDTProbe_t *probe);
const char *probeMemfdReason(const SDTProbe_t *probe);
const char *stapsdtError(void);

int idle_byte(void);
const uint8_t *probe_byte(const SDTProbe_t *probe);
void fire_packed(SDTProbe_t *probe, const char *words, const char *text, uint32_t strings);
"""

# The frame pointers let a stack that is taken at a probe go on with the caller's frames. Hidden,
# because another libstapsdt may be loaded. Never unloaded: other threads may be in it, and fork
# handlers are.
_FLAGS = (
    "-std=gnu11", "-O2", "-fPIC", "-fno-omit-frame-pointer", "-fvisibility=hidden",
    "-pthread", "-shared", "-Wl,-z,nodelete", "-Wl,-z,relro",
)  # fmt: skip
_FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
_ABI = ["-D_CFFI_NO_LIMITED_API"] if _FREE_THREADED else ["-DPy_LIMITED_API=0x030b0000"]
_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX")) if _FREE_THREADED else ".abi3.so"


class CannotBuildError(Exception):
    """Why there is no module, in words for the user of `nodeobs.usdt`."""


def module_name() -> str:
    """The file name of the module for the Python that runs this."""
    return f"_stapsdt{_SUFFIX}"


def python_tag() -> str:
    """The first two parts of the tag of a wheel with the module in it."""
    own = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"{own}-{own}t" if _FREE_THREADED else "cp311-abi3"


def build(directory: Path) -> Path:
    """Compile the module into a directory, and return its path; raises CannotBuildError."""
    if sys.platform != "linux" or sys.implementation.name != "cpython":
        raise CannotBuildError("it is for CPython on Linux only")
    try:
        from cffi import FFI
    except ImportError as error:
        raise CannotBuildError(f"cffi cannot be imported: {error}") from None
    sources = [str(path) for folder in SOURCES for path in sorted(folder.glob("*.c"))]
    target = directory / module_name()
    with tempfile.TemporaryDirectory(prefix=".stapsdt-", dir=directory) as scratch:
        generated = Path(scratch) / "_stapsdt.c"
        compiled = Path(scratch) / module_name()
        ffi = FFI()
        ffi.cdef(DECLARATIONS)
        ffi.set_source(MODULE, '#include "binding.h"\n')
        with contextlib.redirect_stdout(io.StringIO()):  # it says what it does
            ffi.emit_c_code(str(generated))
        _compile([*sources, str(generated)], compiled)
        # In one step: processes that have the old one mapped keep it.
        compiled.replace(target)
    return target


def build_in_place(directory: Path = PACKAGE, *, force: bool = False) -> str | None:
    """Keep the module in a directory up to date. None, or why there is none."""
    target, reason = directory / module_name(), directory / REASON
    try:
        if force or not _is_newer(target):
            build(directory)
    except CannotBuildError as error:
        target.unlink(missing_ok=True)
        reason.write_text(f"{error}\n", encoding="utf-8")
        return str(error)
    reason.unlink(missing_ok=True)
    return None


def _is_newer(target: Path) -> bool:
    try:
        built = target.stat().st_mtime_ns
    except FileNotFoundError:
        return False
    sources = [path for folder in SOURCES for path in folder.iterdir() if path.is_file()]
    # A folder's own time tells of removed files.
    return all(path.stat().st_mtime_ns < built for path in [*sources, *SOURCES])


def _compile(sources: list[str], target: Path) -> None:
    command = [
        *_compiler(),
        *_FLAGS,
        *_ABI,
        *(f"-I{folder}" for folder in (*SOURCES, *_python_headers())),
        "-o",
        str(target),
        *sources,
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotBuildError(f"the C compiler does not run: {error.strerror}") from None
    if done.returncode == 0:
        return
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    first = (errors or done.stderr.splitlines() or [f"it exits with {done.returncode}"])[0]
    raise CannotBuildError(f"the C compiler refuses: {first.strip()}")


def _compiler() -> list[str]:
    own = shlex.split(os.environ.get("CC", ""))
    if own:
        return own
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name) is not None:
            return [name]
    raise CannotBuildError("there is no C compiler (cc, gcc or clang)")


def _python_headers() -> list[str]:
    folders = list(dict.fromkeys(sysconfig.get_path(key) for key in ("include", "platinclude")))
    if not any((Path(folder) / "Python.h").exists() for folder in folders):
        raise CannotBuildError("there is no Python.h")
    return folders


if __name__ == "__main__":
    if failure := build_in_place(force="--force" in sys.argv[1:]):
        print(f"not built: {failure}", file=sys.stderr)
        sys.exit(1)
