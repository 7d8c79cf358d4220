"""The directories in which agents listen, why one may not, and what dead ones leave there."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodeobs.discovery.procfs import Procfs

# <pid>.sock of a main thread, <pid>.<threadId>.sock of a worker.
SOCKET_NAME = re.compile(r"(\d+)(?:\.(\d+))?\.sock")
# sockaddr_un.sun_path of Linux holds 108 bytes with the final NUL (unix(7)).
_SUN_PATH = 107


def runtime_directories() -> list[str]:
    """The directories in which agents started by us, with our environment, would listen."""
    named = os.environ.get("NODEOBS_RUNTIME_DIR")
    session = os.environ.get("XDG_RUNTIME_DIR")
    return [
        *([named] if named else []),
        *([f"{session}/nodeobs"] if session else []),
        f"/tmp/nodeobs-{os.geteuid()}",
    ]


def why_off(pid: int, ns_pid: int, uid: int, proc: Procfs) -> tuple[str, str] | None:
    """Why a process has no agent although it may have nodeobs, as far as its environment tells.

    The reason, as it goes on after the name of the process, and what to do; None where nothing
    speaks against an agent. The rules are those of js/agent/endpoint.js.
    """
    wish = proc.environment(pid, "NODEOBS")
    if wish in ("off", "0", "false"):
        return f"was started with NODEOBS={wish}", f"start it without NODEOBS={wish}"
    named = proc.environment(pid, "NODEOBS_RUNTIME_DIR")
    if not named:
        return None
    directory = os.path.normpath(os.path.join(proc.link(pid, "cwd") or "/", named))
    subject = f"has no agent: its NODEOBS_RUNTIME_DIR {directory}"
    length = len(os.fsencode(f"{directory}/{ns_pid}.sock"))
    if length > _SUN_PATH:
        return (
            f"{subject} makes a socket path of {length} bytes, a unix socket takes {_SUN_PATH}",
            "restart it with a shorter NODEOBS_RUNTIME_DIR",
        )
    problem = _problem(proc.file(pid, directory), uid)
    if problem is None:
        return None
    return f"{subject} {problem}", "restart it with a directory that is its user's alone (mode 700)"


def _problem(directory: str, uid: int) -> str | None:
    try:
        status = os.lstat(directory)
    except (FileNotFoundError, NotADirectoryError):
        # An agent makes it, but not what it is in. Where it could have, there was no agent.
        made = os.path.isdir(os.path.dirname(directory))
        return None if made else "does not exist and could not be made"
    except OSError:
        return None
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if status.st_uid != uid:
        return f"belongs to uid {status.st_uid}, not to {uid}"
    if status.st_mode & 0o077:
        return f"is open to other users (mode {status.st_mode & 0o777:o})"
    return None


def remove_dead_sockets(proc: Procfs) -> None:
    """Remove the sockets that dead processes of ours left; nobody else does."""
    for directory in runtime_directories():
        try:
            status = os.lstat(directory)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                continue
            names = os.listdir(directory)
        except OSError:
            continue
        for name in names:
            match = SOCKET_NAME.fullmatch(name)
            if match is not None and not os.path.exists(proc.path(int(match[1]))):
                _remove_if_dead(f"{directory}/{name}")


def _remove_if_dead(path: str) -> None:
    """Remove a socket nobody listens on; a process of another pid namespace may, so ask."""
    import socket

    try:
        before = os.lstat(path)
        if not stat.S_ISSOCK(before.st_mode) or before.st_uid != os.geteuid():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except ConnectionRefusedError:
        try:
            if os.lstat(path).st_ino == before.st_ino:
                os.unlink(path)
        except OSError:
            return
    except OSError:
        return
