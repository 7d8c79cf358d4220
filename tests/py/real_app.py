"""tests/fixtures/app.js, running, for tests that look into a real process."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.system.conftest import FIXTURES, Child

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def running_app(environment: Mapping[str, str]) -> Iterator[Child]:
    node = os.environ.get("NODEOBS_TEST_NODE") or shutil.which("node")
    assert node is not None, "no node on PATH; make setup installs one"
    child = Child(
        subprocess.Popen(
            [node, str(FIXTURES / "app.js")],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    try:
        child.out.containing("ready")
        yield child
    finally:
        child.end()
