"""A picture that a command writes: never over a file that is there, unless it is told to."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from nodeobs.errors import NodeobsError, output_error

if TYPE_CHECKING:
    from pathlib import Path

_PICTURES: Final = (".html", ".svg")


def check_path(path: str, force: bool) -> None:
    """Raises NodeobsError where a picture cannot be written, before anything is measured."""
    if not path.lower().endswith(_PICTURES):
        raise NodeobsError(
            "usage", f"{path} is no picture", "-o FILE.svg, or FILE.html", exit_code=2
        )
    if not force and os.path.lexists(path):
        raise _exists(path)
    directory = os.path.dirname(path) or "."
    if not os.access(directory, os.W_OK):
        word = "written to" if os.path.isdir(directory) else "found"
        raise NodeobsError(
            "usage", f"{directory} cannot be {word}", "-o with another directory", exit_code=2
        )


def _exists(path: str) -> NodeobsError:
    return NodeobsError(
        "exists", f"{path} exists already", "-f overwrites it, or name another", exit_code=2
    )


def write_picture(path: Path, content: bytes, force: bool) -> None:
    """A file that is there as a whole or not at all. Raises NodeobsError where it cannot be."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        if force:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        raise _exists(str(path)) from None
    except OSError as error:
        raise output_error(error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
