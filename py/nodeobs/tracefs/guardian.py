"""Removes the events and buffers that a reader of kernel probes leaves when it dies.

Imported by the reader, which cleans up with it, and run by it as a program of its own (with nothing
but the standard library): a session of its own that waits for the end of its stdin, which the
reader holds, and then removes what is there still. What nobody could remove, because the guardian
was killed too, the next reader finds by the names: they have the pid and start time of their owner.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
import time

# nodeobs-PID-STARTTIME-NUMBER.TARGET for buffers, nodeobs_PID_STARTTIME_NUMBER for events.
_NAME = re.compile(r"nodeobs[-_](\d+)[-_](\d+)[-_](\d+)")
# Seconds that something may be busy: a dead reader's files are closed one after the other.
_PATIENCE = 30.0
_PAUSE = 0.01

Owner = tuple[int, int, int]
"""Pid and start time (ticks since boot) of a reader, and a number of its own."""


def instance_prefix(owner: Owner) -> str:
    return "nodeobs-{}-{}-{}.".format(*owner)


def group_name(owner: Owner) -> str:
    return "nodeobs_{}_{}_{}".format(*owner)


def owners(tracefs: str) -> set[Owner]:
    """Everybody whose events or buffers there are."""
    names = [*_instances(tracefs), *(group for group, _ in _events(tracefs))]
    found = set()
    for name in names:
        match = _NAME.match(name)
        if match is not None:
            found.add((int(match[1]), int(match[2]), int(match[3])))
    return found


def is_dead(owner: Owner) -> bool:
    """Whether the reader has ended; its pid may be somebody else's by now."""
    return start_time(owner[0]) != owner[1]


def start_time(pid: int) -> int | None:
    """Ticks since boot at which a process started; None where there is none, or only its rest."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[19]) if len(fields) > 19 and fields[0] not in (b"Z", b"X") else None


def remove(tracefs: str, owner: Owner) -> bool:
    """Switch off and remove what an owner has; whether nothing of it is left.

    First everything is switched off, so that the observed process runs at full speed at once.
    """
    prefix, group = instance_prefix(owner), group_name(owner)
    instances = [name for name in _instances(tracefs) if name.startswith(prefix)]
    done = True
    for name in instances:
        directory = f"{tracefs}/instances/{name}"
        # An instance has other events, too, but no others are enabled in one of ours.
        done = _write(f"{directory}/events/enable", b"0", os.O_WRONLY) and done
    for name in instances:
        try:
            os.rmdir(f"{tracefs}/instances/{name}")
        except FileNotFoundError:
            continue
        except OSError:
            done = False  # EBUSY: a file in it is open
    for event_group, event in _events(tracefs):
        if event_group == group:
            done = remove_event(tracefs, group, event) and done
    return done


def remove_event(tracefs: str, group: str, event: str) -> bool:
    """Remove an event with all its places; whether it is not there any more."""
    # Never without O_APPEND: opening the file to write it anew removes everybody's probes.
    line = f"-:{group}/{event}\n".encode()
    return _write(f"{tracefs}/uprobe_events", line, os.O_WRONLY | os.O_APPEND)


def remove_patiently(tracefs: str, owner: Owner, seconds: float = _PATIENCE) -> bool:
    """The same, again and again while something is busy."""
    deadline = time.monotonic() + seconds
    while not remove(tracefs, owner):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def remove_leftovers(tracefs: str) -> None:
    """What dead readers have left."""
    for owner in owners(tracefs):
        if is_dead(owner):
            remove(tracefs, owner)


def _instances(tracefs: str) -> list[str]:
    try:
        return os.listdir(f"{tracefs}/instances")
    except OSError:
        return []


def _events(tracefs: str) -> list[tuple[str, str]]:
    """Group and name of all uprobe events: lines `p:GROUP/NAME PATH:OFFSET ARGUMENTS`, one for each
    place."""
    try:
        with open(f"{tracefs}/uprobe_events", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        _, _, name = line.partition(" ")[0].partition(":")
        group, slash, event = name.partition("/")
        if slash:
            found.append((group, event))
    return [*dict.fromkeys(found)]


def _write(path: str, data: bytes, flags: int) -> bool:
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        return error.errno == errno.ENOENT
    try:
        os.write(descriptor, data)
    except OSError as error:
        return error.errno == errno.ENOENT
    finally:
        os.close(descriptor)
    return True


def _guard(tracefs: str, owner: Owner) -> None:
    # Whoever ends a group of processes, or a session, must not end this one.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    while os.read(0, 1):
        pass
    remove_patiently(tracefs, owner)


if __name__ == "__main__":
    _guard(sys.argv[1], (int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
