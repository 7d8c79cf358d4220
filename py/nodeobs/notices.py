"""What the user is told while waiting for a process: one line each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodeobs.bus.protocol import DecodeError


def stuck(name: str, since: float, now: float) -> str:
    """The event loop of `name` has not answered; times in seconds since the epoch."""
    clock = time.strftime("%H:%M:%S", time.localtime(since))
    # Whole seconds: the first time this is said they are nearly two.
    return (
        f"{name}: event loop has not answered since {clock} "
        f"({max(now - since, 1.5):.0f} s so far); waiting, Ctrl-C to stop"
    )


def stopped(name: str, pid: int) -> str:
    """A signal has stopped the whole process."""
    return (
        f"{name}: is stopped (state T) and cannot answer; "
        f"to continue it: kill -CONT {pid}; waiting, Ctrl-C to stop"
    )


def recovered(name: str, after: float) -> str:
    """It answers again, `after` that many seconds."""
    return f"{name}: event loop answers again, after {after:.1f} s"


def unreadable(name: str, error: DecodeError) -> str:
    """The first message of its kind that could not be read."""
    if error.version is not None:
        return (
            f"{name}: sends protocol version {error.version!r}, which this nodeobs does "
            "not know; its records are left out (install the same release on both sides)"
        )
    return (
        f"{name}: sent a message that cannot be read ({error}); "
        "it and further ones like it are counted and left out"
    )
