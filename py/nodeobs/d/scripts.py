"""The library of D programs that comes with nodeobs: `py/nodeobs/scripts/*.d`.

The first comment of a script is about it: its first line is the name, a colon and what it
answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import Final

from nodeobs.errors import NodeobsError, did_you_mean, near_names

_COMMENT: Final = re.compile(r"/\*(.*?)\*/", re.DOTALL)
_SUFFIX: Final = ".d"
_NEXT: Final = "next: nodeobs trace -p NAME slow-requests 250; docs/scripts.md has their arguments"


@dataclass(frozen=True, slots=True)
class LibraryScript:
    """A script: what it answers in one line, all that its comment says, where it is, and itself."""

    name: str
    title: str
    about: str
    path: str
    text: str


def scripts() -> list[LibraryScript]:
    """All of them, by name."""
    return sorted(
        (
            _read(entry.name.removesuffix(_SUFFIX), str(entry), entry.read_text("utf-8"))
            for entry in resources.files("nodeobs").joinpath("scripts").iterdir()
            if entry.name.endswith(_SUFFIX)
        ),
        key=lambda script: script.name,
    )


def find_script(name: str) -> LibraryScript:
    """The script of that name, with or without `.d`. Raises NodeobsError with near names."""
    known = {script.name: script for script in scripts()}
    script = known.get(name.removesuffix(_SUFFIX))
    if script is None:
        raise NodeobsError(
            "usage",
            f"there is no script {name}",
            did_you_mean(near_names(name, known)) or "nodeobs trace --scripts lists them",
            exit_code=2,
        )
    return script


def script_list(width: int | None = None) -> list[str]:
    """A line for each: its name and what it answers; on a terminal, of that width, also how one
    is run."""
    from nodeobs.reports.table import Column, table

    rows = [[script.name, script.title] for script in scripts()]
    lines = table([Column("SCRIPT", keep=9), Column("ANSWERS")], rows, width=width)
    return lines if width is None else [*lines, "", _NEXT]


def _read(name: str, path: str, text: str) -> LibraryScript:
    comment = _COMMENT.search(text)
    lines = comment[1].splitlines() if comment is not None else []
    about = [line.strip().removeprefix("*").removeprefix(" ").rstrip() for line in lines]
    about = "\n".join(about).strip("\n").splitlines()
    title = about[0].removeprefix(f"{name}:").strip() if about else ""
    return LibraryScript(name, title.rstrip("."), "\n".join(about), path, text)
