"""Finding Node processes and their agents from /proc: nothing is asked, nothing disturbed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from nodeobs.discovery.application import Application, nearest_package, script_of
from nodeobs.discovery.executables import Executables
from nodeobs.discovery.procfs import PROC, Procfs
from nodeobs.discovery.runtime_dirs import SOCKET_NAME, remove_dead_sockets, why_off
from nodeobs.errors import NodeobsError, did_you_mean, near_names

if TYPE_CHECKING:
    from collections.abc import Iterable


# States of an agent as far as /proc shows them; `nodeobs ps` asks the agents and knows more.
PRESENT = "present"
ABSENT = "absent"
OFF = "off"
STOPPED = "stopped"
NO_PERMISSION = "no permission"
UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the agent of one thread listens.

    `path` is as this process must open it (through /proc/PID/root for a process that sees other
    files), `tid` 0 for the main thread, `inode` that of the listening socket.
    """

    pid: int
    tid: int
    path: str
    inode: int


@dataclass(slots=True)
class NodeProcess:
    """A Node process. Times in seconds, memory in bytes.

    `cpu_percent` is the average over the life of the process, as ps(1) has it. `start_time` (clock
    ticks since boot) with the pid identifies a process. `agent_state` is one of the constants of
    this module; where there is no agent to talk to, `reason` says more and `hint` what to do.
    `node_version` and `app` are None when they cannot be told from outside.
    """

    pid: int
    user: str
    uid: int
    node_version: str | None
    uptime: float
    cpu_percent: float
    rss: int
    app: str | None
    command: str
    start_time: int
    script: str | None = None
    title: str = ""
    state: str = "S"
    endpoints: list[Endpoint] = field(default_factory=list)
    agent_state: str = ABSENT
    reason: str | None = None
    hint: str | None = None

    @property
    def label(self) -> str:
        """`4242 (server.js)`: how messages name it."""
        return f"{self.pid} ({os.path.basename(self.script or '') or self.title})"

    @property
    def names(self) -> list[str]:
        """What it can be called by: application, script (with and without extension), title."""
        names: list[str] = []
        if self.app is not None:
            name, at, _ = self.app.rpartition("@")
            names += [name if at and name else self.app, self.app]
        if self.script is not None:
            base = os.path.basename(self.script)
            names += [base, os.path.splitext(base)[0]]
        names.append(self.title)
        return [*dict.fromkeys(name for name in names if name)]


def discover(*, all_users: bool = True, proc: Procfs = PROC) -> list[NodeProcess]:
    """All Node processes, or only those of the effective user, by pid.

    Of other users' processes only what /proc shows everybody is known. Sockets that dead processes
    left in our own runtime directories are removed.
    """
    proc.forget_sockets()
    executables = Executables()
    found: list[NodeProcess] = []
    for pid in proc.pids():
        process = _look_at(pid, proc, executables)
        if process is not None and (all_users or process.uid == os.geteuid()):
            found.append(process)
    if proc is PROC:
        remove_dead_sockets(proc)
    return found


def find(spec: str, *, proc: Procfs = PROC) -> list[NodeProcess]:
    """The processes a PID, a NAME or `*` means.

    A NAME matches the application, the script or the process title, and may be a glob. Raises
    NodeobsError `no_process` and `not_node` for a pid, `no_match` for a name without a process.
    """
    if spec.isdecimal():
        return [_find_pid(int(spec), proc)]
    processes = discover(proc=proc)
    if spec == "*":
        return processes
    matches = [
        process for process in processes if any(fnmatchcase(name, spec) for name in process.names)
    ]
    if not matches:
        known = dict.fromkeys(name for process in processes for name in process.names)
        raise NodeobsError(
            "no_match",
            f'no Node process is called "{spec}"',
            did_you_mean(near_names(spec, known)) or "nodeobs ps lists the Node processes",
        )
    return matches


def endpoints_of(pid: int, *, proc: Procfs = PROC) -> list[Endpoint]:
    """The agents of a process as they are now, main thread first; empty where none can be seen."""
    proc.forget_sockets()
    return _endpoints(pid, proc)[0]


def no_agent_error(process: NodeProcess) -> NodeobsError:
    """Why there is no talking to a process, and what to do."""
    state, label = process.agent_state, process.label
    if state == NO_PERMISSION:
        return NodeobsError(
            "permission",
            f"{label} belongs to {process.user}: you may not look into it",
            f"run nodeobs as {process.user} (sudo -u {process.user} nodeobs …) or as root; "
            "a container needs CAP_SYS_PTRACE",
        )
    if state == OFF:
        return NodeobsError("agent_off", f"{label} {process.reason}", process.hint)
    if state == UNREACHABLE:
        return NodeobsError("unreachable", f"{label}: {process.reason}", "restart the process")
    return NodeobsError(
        "no_agent",
        f"{label} has no nodeobs agent",
        "restart it with node -r nodeobs/register …, or with require('nodeobs') in it; "
        "if it has that, nodeobs.agent.status() in it says why",
    )


def _find_pid(pid: int, proc: Procfs) -> NodeProcess:
    stat = proc.stat(pid)
    if stat is None:
        raise NodeobsError(
            "no_process", f"there is no process {pid}", "nodeobs ps lists the Node processes"
        )
    if stat.state in "ZX":
        raise NodeobsError(
            "no_process",
            f"process {pid} ({stat.comm}) has exited already and waits for its parent",
            "nodeobs ps lists the Node processes",
        )
    proc.forget_sockets()
    process = _look_at(pid, proc, Executables())
    if process is None:
        raise NodeobsError(
            "not_node",
            f"process {pid} ({stat.comm}) is not a Node process",
            "nodeobs ps lists the Node processes",
        )
    return process


def _look_at(pid: int, proc: Procfs, executables: Executables) -> NodeProcess | None:
    executable = proc.path(pid, "exe")
    is_node = executables.is_node(executable)
    if is_node is False:
        return None
    argv = proc.argv(pid)
    if is_node is None and not argv:
        return None  # a kernel thread
    stat, status = proc.stat(pid), proc.status(pid)
    if stat is None or status is None or stat.state in "ZX":
        return None
    title = os.path.basename(argv[0].split(" ")[0]) if argv else stat.comm
    if is_node is None and title not in ("node", "nodejs"):
        # Unreadable: another user's process. Its names are all there is.
        return None
    uptime = max(0.0, proc.uptime() - proc.seconds(stat.start_time))
    script = script_of(argv)
    cwd = proc.link(pid, "cwd")
    installed_at = proc.link(pid, "exe")
    application = _application(pid, script, argv, cwd, proc)
    endpoints, agent_state, reason = _endpoints(pid, proc, status.ns_pid)
    hint = None
    if agent_state == ABSENT:
        off = why_off(pid, status.ns_pid, status.euid, proc)
        if off is not None:
            agent_state, (reason, hint) = OFF, off
    if stat.state in "Tt" and endpoints:
        agent_state, reason = STOPPED, f"the process is stopped; kill -CONT {pid} continues it"
    return NodeProcess(
        pid=pid,
        user=_user_name(status.euid),
        uid=status.euid,
        node_version=executables.version(
            executable, proc.file(pid, installed_at) if installed_at else None
        ),
        uptime=uptime,
        cpu_percent=100 * proc.seconds(stat.cpu_ticks) / uptime if uptime > 0 else 0.0,
        rss=stat.rss,
        app=str(application) if application is not None else None,
        command=" ".join(argv) or f"[{stat.comm}]",
        start_time=stat.start_time,
        script=script,
        title=title,
        state=stat.state,
        endpoints=endpoints,
        agent_state=agent_state,
        reason=reason,
        hint=hint,
    )


def _user_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _application(
    pid: int, script: str | None, argv: list[str], cwd: str | None, proc: Procfs
) -> Application | None:
    root = "" if proc.same_files(pid) else proc.path(pid, "root")
    if script is not None:
        path = os.path.join(cwd or "/", script)
        # `node .` and `node dir` run the index or main file of the directory itself.
        start = path if os.path.isdir(f"{root}{path}") else os.path.dirname(path)
        if path.startswith("/") and (cwd is not None or script.startswith("/")):
            return nearest_package(start, root)
    elif len(argv) == 1 and " " in argv[0] and cwd is not None:
        # A process title has overwritten the command line: where it runs is the best guess.
        return nearest_package(cwd, root)
    return None


def _endpoints(
    pid: int, proc: Procfs, ns_pid: int | None = None
) -> tuple[list[Endpoint], str, str | None]:
    if ns_pid is None:
        status = proc.status(pid)
        if status is None:
            return [], ABSENT, None
        ns_pid = status.ns_pid
    candidates: dict[int, tuple[int, str]] = {}
    for inode, path in proc.listening(pid).items():
        match = SOCKET_NAME.fullmatch(os.path.basename(path))
        if match is not None and int(match[1]) == ns_pid:
            candidates[inode] = (int(match[2] or 0), path)
    if not candidates:
        if not os.access(proc.path(pid, "fd"), os.R_OK):
            return [], NO_PERMISSION, "another user's process: run as that user or as root"
        return [], ABSENT, None
    held = proc.socket_inodes(pid)
    if held is None:
        return [], NO_PERMISSION, "another user's process: run as that user or as root"
    endpoints: dict[int, Endpoint] = {}
    reason = None
    for inode in sorted(candidates.keys() & held):
        tid, path = candidates[inode]
        opened = _openable(pid, path, proc)
        if opened is None:
            reason = f"its socket {path} has been removed"
        else:
            endpoints[tid] = Endpoint(pid, tid, opened, inode)
    if endpoints:
        return [endpoints[tid] for tid in sorted(endpoints)], PRESENT, None
    return [], UNREACHABLE if reason else ABSENT, reason


def _openable(pid: int, path: str, proc: Procfs) -> str | None:
    if not path.startswith("/"):
        path = os.path.join(proc.link(pid, "cwd") or "/", path)
    places: Iterable[str] = (proc.file(pid, path), f"{proc.path(pid, 'root')}{path}")
    for place in places:
        try:
            if stat.S_ISSOCK(os.stat(place).st_mode):
                return place
        except OSError:
            continue
    return None
