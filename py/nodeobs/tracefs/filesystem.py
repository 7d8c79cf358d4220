"""The kernel's tracing file system, and why it cannot be used."""

from __future__ import annotations

import errno
import os
import signal
import time

from nodeobs.errors import NodeobsError

_CAP_SYS_ADMIN = 21
#: include/linux/proc_ns.h, PROC_PID_INIT_INO: the inode of the first pid namespace.
_FIRST_PID_NAMESPACE = "pid:[4026531836]"
_USUAL = "/sys/kernel/tracing"
#: Seconds that the kernel may take to list the events; it takes microseconds.
_PATIENCE = 5.0


class Tracefs:
    """A mounted tracefs. Every method raises NodeobsError where the kernel refuses."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, *parts: str) -> str:
        return "/".join((self.root, *parts))

    def read(self, *parts: str) -> str:
        try:
            with open(self.path(*parts), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError as error:
            raise refused(error, f"reading {self.path(*parts)}") from None

    def write(self, text: str, *parts: str) -> None:
        """Set a file to `text`."""
        self._write(text, os.O_WRONLY | os.O_TRUNC, parts)

    def add(self, text: str, *parts: str) -> None:
        """Add a line. In uprobe_events that defines an event; setting that file would first
        remove the events of everybody."""
        self._write(text, os.O_WRONLY | os.O_APPEND, parts)

    def has(self, *parts: str) -> bool:
        return os.path.exists(self.path(*parts))

    def _write(self, text: str, flags: int, parts: tuple[str, ...]) -> None:
        # (Python's mode "a" seeks, which these files refuse.)
        try:
            descriptor = os.open(self.path(*parts), flags | os.O_CLOEXEC)
            try:
                os.write(descriptor, os.fsencode(text))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise refused(error, f"writing {self.path(*parts)}") from None


def open_tracefs() -> Tracefs:
    """The tracefs of this machine.

    Raises NodeobsError `permission`, `pid_namespace`, `no_tracefs`, `no_uprobes` and
    `tracing_hangs`.
    """
    if not _capable():
        raise NodeobsError(
            "permission",
            "reading probes through the kernel needs root (CAP_SYS_ADMIN)",
            "run it with sudo; without root, the agent of a process shows its probes: leave out "
            "--via kernel",
        )
    if _pid_namespace() not in (None, _FIRST_PID_NAMESPACE):
        raise NodeobsError(
            "pid_namespace",
            "the kernel's tracing numbers processes as the host does, and this is a container",
            "run nodeobs on the host, or in a container with the host's pids (--pid=host)",
        )
    root = _mounted()
    if root is None:
        raise NodeobsError(
            "no_tracefs",
            "tracefs is not mounted",
            f"mount -t tracefs nodev {_USUAL}",
        )
    tracefs = Tracefs(root)
    if not tracefs.has("uprobe_events"):
        if locked := _lockdown():
            raise _locked_down(locked)
        raise NodeobsError(
            "no_uprobes",
            f"this kernel has no uprobe events: there is no {root}/uprobe_events",
            "it needs CONFIG_UPROBE_EVENTS, which every distribution's kernel has",
        )
    if not answers(tracefs.path("uprobe_events"), _PATIENCE):
        raise NodeobsError(
            "tracing_hangs",
            "the kernel's tracing does not answer: a tracer has crashed in the kernel, or is stuck",
            "dmesg shows a crash (Oops), after which only a restart of the machine helps; without "
            "the kernel, leave out --via kernel",
        )
    return tracefs


def answers(path: str, patience: float) -> bool:
    """Whether reading a file ends within `patience` seconds.

    What crashes in the kernel keeps its locks. Who then waits for one cannot be killed, so a child
    asks, and is left behind.
    """
    streams = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in range(3)]
    child = os.posix_spawnp("cat", ["cat", path], os.environ, file_actions=streams)
    deadline = time.monotonic() + patience
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            return False
        time.sleep(0.001)
    return True


def refused(error: OSError, what: str) -> NodeobsError:
    """What the kernel answered, as an error with a next step where there is one."""
    locked = _lockdown()
    if error.errno in (errno.EPERM, errno.EACCES):
        if locked:
            return _locked_down(locked)
        return NodeobsError(
            "permission",
            f"{what}: {error.strerror}",
            "be root with CAP_SYS_ADMIN on the host; in a container tracefs must be writable",
        )
    return NodeobsError("tracing", f"{what}: {error.strerror}")


def _locked_down(mode: str) -> NodeobsError:
    return NodeobsError(
        "lockdown",
        f"the kernel is locked down ({mode}), which forbids tracing",
        "see kernel_lockdown(7): only another boot (secure boot off, or lockdown=integrity) "
        "changes that; without the kernel, leave out --via kernel",
    )


def _capable() -> bool:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("CapEff:"):
                    return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1)
    except (OSError, ValueError, IndexError):
        pass
    return os.geteuid() == 0


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _mounted() -> str | None:
    """Where tracefs is mounted: in the usual place, where it is in several."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as file:
            rows = [line.split(" ") for line in file]
    except OSError:
        return None
    places = [row[1] for row in rows if len(row) > 2 and row[2] == "tracefs"]
    return _USUAL if _USUAL in places else next(iter(places), None)


def _lockdown() -> str | None:
    """`integrity` or `confidentiality`; only the latter forbids tracefs."""
    try:
        with open("/sys/kernel/security/lockdown", encoding="ascii") as file:
            modes = file.read().split()
    except OSError:
        return None
    mode = next((mode.strip("[]") for mode in modes if mode.startswith("[")), "none")
    return mode if mode == "confidentiality" else None
