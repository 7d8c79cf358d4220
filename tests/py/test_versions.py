"""The version stands in package.json; whatever else names it must agree."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import nodeobs

ROOT = Path(__file__).parents[2]
VERSION: str = json.loads((ROOT / "package.json").read_text())["version"]


def test_python_package_has_the_version_of_package_json() -> None:
    assert nodeobs.__version__ == VERSION


def test_installed_metadata_has_the_version_of_package_json() -> None:
    assert version("nodeobs") == VERSION


def test_locks_have_the_version_of_package_json() -> None:
    own = json.loads((ROOT / "package-lock.json").read_text())
    examples = json.loads((ROOT / "examples/package-lock.json").read_text())
    assert own["packages"][""]["version"] == VERSION
    assert examples["packages"][".."]["version"] == VERSION


def test_locks_name_no_registry() -> None:
    for path in (
        "package-lock.json",
        "examples/package-lock.json",
        "tests/matrix/package-lock.json",
    ):
        for name, package in json.loads((ROOT / path).read_text())["packages"].items():
            assert "://" not in package.get("resolved", ""), f"{path}: {name}"
    requirements = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(index|extra-index|find-links)", requirements)


def test_every_requirement_is_pinned_with_hashes() -> None:
    requirements = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    lines = [
        line for line in requirements.splitlines() if line and not line.lstrip().startswith("#")
    ]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
