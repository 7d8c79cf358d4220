"""How the C part of `nodeobs.usdt` gets compiled, and what is left to say where it does not."""

from __future__ import annotations

import runpy
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from nodeobs.usdt import extension

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "native" / "python" / "build.py"


@pytest.fixture
def build() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    return "there is no C compiler (cc, gcc or clang)"


@pytest.mark.usefixtures("usdt_directory")
def test_what_is_up_to_date_is_left_alone(
    build: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert build["build_in_place"](tmp_path) is None
    (module,) = tmp_path.iterdir()
    assert module.name == build["module_name"]()
    first = module.stat()
    assert build["build_in_place"](tmp_path) is None
    assert module.stat().st_ino == first.st_ino
    assert build["build_in_place"](tmp_path, force=True) is None
    assert module.stat().st_ino != first.st_ino
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("usdt_directory")
def test_only_the_module_function_is_visible(build: dict[str, Any], tmp_path: Path) -> None:
    """Another libstapsdt in the process must not be mistaken for ours."""
    build["build_in_place"](tmp_path)
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", tmp_path / build["module_name"]()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["PyInit__stapsdt"]


@pytest.mark.parametrize(
    ("compiler", "reason"),
    [
        ("/nonexistent/cc -O1", "the C compiler does not run: No such file"),
        ("false", "the C compiler refuses: it exits with 1"),
        ("sh -c 'echo a note >&2; echo a.c: error: no >&2; exit 1'", "refuses: a.c: error: no"),
    ],
)
def test_a_bad_compiler(
    build: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compiler: str,
    reason: str,
) -> None:
    monkeypatch.setenv("CC", compiler)
    said = build["build_in_place"](tmp_path)
    assert reason in said
    assert (tmp_path / build["REASON"]).read_text() == f"{said}\n"


def test_without_a_compiler(build: dict[str, Any], tmp_path: Path, no_compiler: str) -> None:
    stale = tmp_path / build["module_name"]()
    stale.touch()
    assert build["build_in_place"](tmp_path, force=True) == no_compiler
    assert not stale.exists()


def test_without_the_headers(
    build: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda key: str(tmp_path))
    assert build["build_in_place"](tmp_path) == "there is no Python.h"


def test_the_reason_is_what_the_package_says(
    build: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_compiler: str
) -> None:
    build["build_in_place"](tmp_path)
    monkeypatch.setattr(extension, "__file__", str(tmp_path / "extension.py"))
    monkeypatch.setitem(sys.modules, "nodeobs.usdt._stapsdt", None)
    extension._find.cache_clear()
    try:
        assert extension.unavailable_reason() == (
            f"its C part could not be compiled: {no_compiler}"
        )
    finally:
        extension._find.cache_clear()


@pytest.mark.usefixtures("usdt_directory")
def test_wheel_and_sdist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from hatchling import build

    monkeypatch.chdir(ROOT)
    wheel = build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        (module,) = [name for name in archive.namelist() if name.endswith(".so")]
        assert not any("reason" in name for name in archive.namelist())
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert module == "nodeobs/usdt/_stapsdt.abi3.so"
        assert "-cp311-abi3-linux_" in wheel
    with tarfile.open(tmp_path / build.build_sdist(str(tmp_path))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    sources = [
        path for part in ("stapsdt", "python") for path in (ROOT / "native" / part).iterdir()
    ]
    assert {str(path.relative_to(ROOT)) for path in sources} | {"hatch_build.py"} <= names
    assert not any(name.endswith((".so", ".reason")) for name in names)
    assert capfd.readouterr() == ("", "")


def test_a_wheel_without_a_compiler_is_pure_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_compiler: str
) -> None:
    from hatchling import build

    monkeypatch.chdir(ROOT)
    wheel = build.build_wheel(str(tmp_path))
    assert wheel.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        assert not any(name.endswith(".so") for name in archive.namelist())
        assert archive.read("nodeobs/usdt/_stapsdt.reason").decode() == f"{no_compiler}\n"
