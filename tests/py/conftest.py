"""Fixtures of the unit tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.py.fake_proc import FakeProc
from tests.system.conftest import require

GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, Sequence[str]], None]


@pytest.fixture
def golden() -> Golden:
    """Compare lines with tests/py/golden/NAME.txt; NODEOBS_UPDATE_GOLDEN=1 writes it anew."""

    def compare(name: str, lines: Sequence[str]) -> None:
        path = GOLDEN / f"{name}.txt"
        text = "".join(f"{line}\n" for line in lines)
        if os.environ.get("NODEOBS_UPDATE_GOLDEN"):
            path.write_text(text)
        assert text == path.read_text()

    return compare


@pytest.fixture
def fake_proc(tmp_path: Path) -> Iterator[FakeProc]:
    proc = FakeProc(tmp_path)
    yield proc
    proc.close()


@pytest.fixture
def usdt_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For tests that make probes: where this test's are kept."""
    from nodeobs.usdt import unavailable_reason

    require(unavailable_reason() is None, str(unavailable_reason()))
    monkeypatch.setenv("NODEOBS_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path / "run" / "usdt"
