"""From a command line to a package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nodeobs.discovery.application import nearest_package, script_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("node server.js --port 1", "server.js"),
        ("node -r ./hook.js server.js", "server.js"),
        ("node --require=./hook.js --import tsx server.ts", "server.ts"),
        ("node -C dev --conditions=x --env-file .env --max-old-space-size=100 a.mjs", "a.mjs"),
        ("node --inspect --enable-source-maps .", "."),
        ("node -- -e", "-e"),
        ("node inspect app.js", "app.js"),
        ("node -r x -e 1 a", None),
        ("node --eval=1 a", None),
        ("node -p 1", None),
        ("node -pe 1", None),
        ("node -", None),
        ("node", None),
        ("node --test a.test.js", None),
        ("node -r", None),
    ],
)
def test_script(command: str, script: str | None) -> None:
    assert script_of(command.split()) == script


def test_nearest_package_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "outer", "version": "1.2.3"}')
    source = tmp_path / "src" / "deep"
    source.mkdir(parents=True)
    # As TypeScript and bundlers write it: no name.
    (tmp_path / "src" / "package.json").write_text('{"type": "module"}')
    assert str(nearest_package(str(source))) == "outer@1.2.3"
    (source / "package.json").write_text('{"name": "inner", "version": 3}')
    assert str(nearest_package(str(source))) == "inner"


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b""])
def test_broken_package_is_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "package.json").write_bytes(b'{"name": "outer"}')
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "package.json").write_bytes(content)
    assert str(nearest_package(str(tmp_path / "in"))) == "outer"


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "package.json")
    assert nearest_package(str(tmp_path)) is None


def test_inside_another_root(tmp_path: Path) -> None:
    (tmp_path / "srv" / "app").mkdir(parents=True)
    (tmp_path / "srv" / "package.json").write_text('{"name": "inside"}')
    assert str(nearest_package("/srv/app", str(tmp_path))) == "inside"
