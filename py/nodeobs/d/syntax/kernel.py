"""Probes that only the kernel has, and what bpftrace calls them."""

from __future__ import annotations

import re
from typing import Final

_FILTER: Final = "/pid == PID/ "

#: The providers of DTrace that nothing in a Node process can serve; `pid` with a number behind it.
_PROVIDERS: Final = re.compile(
    r"syscall|pid\d*|io|sched|fbt|proc|vminfo|sysinfo|profile|sdt|tcp|udp|ip|mib|lockstat|cpc"
    r"|plockstat\d*|fsinfo|vfs|nfsv[34]|sysevent|xpv|hotspot\d*|objc\d*"
)

#: `provider:name`: the tracepoint, or other probe, of Linux.
_TRACEPOINTS: Final[dict[str, str]] = {
    "io:start": "tracepoint:block:block_rq_issue",
    "io:done": "tracepoint:block:block_rq_complete",
    "io:wait-start": "tracepoint:sched:sched_stat_iowait",
    "sched:on-cpu": "tracepoint:sched:sched_switch",
    "sched:off-cpu": "tracepoint:sched:sched_switch",
    "sched:enqueue": "tracepoint:sched:sched_wakeup",
    "sched:wakeup": "tracepoint:sched:sched_waking",
    "sched:sleep": "tracepoint:sched:sched_switch",
    "proc:exec": "tracepoint:syscalls:sys_enter_execve",
    "proc:exec-success": "tracepoint:sched:sched_process_exec",
    "proc:exec-failure": "tracepoint:syscalls:sys_exit_execve",
    "proc:create": "tracepoint:sched:sched_process_fork",
    "proc:start": "tracepoint:sched:sched_process_fork",
    "proc:exit": "tracepoint:sched:sched_process_exit",
    "proc:lwp-exit": "tracepoint:sched:sched_process_exit",
    "proc:signal-send": "tracepoint:signal:signal_generate",
    "proc:signal-handle": "tracepoint:signal:signal_deliver",
    "vminfo:maj_fault": "software:major-faults:1",
    "vminfo:as_fault": "software:page-faults:1",
    "tcp:send": "kprobe:tcp_sendmsg",
    "tcp:receive": "kprobe:tcp_recvmsg",
    "tcp:connect-request": "kprobe:tcp_connect",
    "tcp:state-change": "tracepoint:sock:inet_sock_set_state",
    "udp:send": "kprobe:udp_sendmsg",
    "udp:receive": "kprobe:udp_recvmsg",
    "ip:send": "tracepoint:net:net_dev_queue",
    "ip:receive": "tracepoint:net:netif_receive_skb",
    "sysinfo:pswitch": "software:context-switches:1",
    "lockstat:adaptive-block": "tracepoint:lock:contention_begin",
}

#: Where there is no counterpart of a single probe: what to look at.
_LISTS: Final[dict[str, str]] = {
    "io": "tracepoint:block:*",
    "sched": "tracepoint:sched:*",
    "proc": "tracepoint:sched:sched_process_*",
    "vminfo": "software:*",
    "sysinfo": "software:*",
    "tcp": "tracepoint:tcp:*",
    "udp": "tracepoint:udp:*",
    "ip": "tracepoint:net:*",
    "lockstat": "tracepoint:lock:*",
    "vfs": "kprobe:vfs_*",
    "fsinfo": "kprobe:vfs_*",
    "sdt": "tracepoint:*",
}


def kernel_probe(
    provider: str, module: str, function: str, name: str, target: int | None = None
) -> str | None:
    """What to run instead of tracing it here, None where it is no probe of the kernel."""
    if not _PROVIDERS.fullmatch(provider):
        return None
    kind = provider.rstrip("0123456789")
    pid = provider[len(kind) :] or str(target or "PID")
    if kind == "profile":
        return _command(_sampling(name), "{ @[ustack] = count() }", pid)
    if kind == "pid":
        return _user_probe(module, function, name, pid)
    if kind == "syscall":
        way = "exit" if name == "return" else "enter"
        call = function or "*"
        return _command(f"tracepoint:syscalls:sys_{way}_{call}", "{ @ = count() }", pid)
    if kind == "fbt":
        way = "kretprobe" if name == "return" else "kprobe"
        return _command(f"{way}:{function or 'vfs_read'}", "{ @ = count() }", pid)
    exact = _TRACEPOINTS.get(f"{kind}:{name}")
    if exact is not None:
        return _command(exact, "{ @ = count() }", pid)
    listed = _LISTS.get(kind)
    return f"see what the kernel has: bpftrace -l '{listed or 'tracepoint:*'}'"


def _sampling(name: str) -> str:
    match = re.fullmatch(r"profile-(\d+)(us|ms|s)?\w*", name)
    if match is None:
        return "profile:hz:99"
    return f"profile:{match[2] or 'hz'}:{match[1]}"


def _user_probe(module: str, function: str, name: str, pid: str) -> str:
    library = {"": "libc", "a.out": "/proc/PID/exe"}.get(module, module.removesuffix(".1"))
    library = re.sub(r"\.so(?:\.\d+)*$", "", library)
    way = "uretprobe" if name == "return" else "uprobe"
    library = library.replace("PID", pid)
    return _command(f"{way}:{library}:{function or '*'}", "{ @ = count() }", pid, attach=True)


def _command(probe: str, action: str, pid: str, *, attach: bool = False) -> str:
    if attach:
        return f"bpftrace -p {pid} -e '{probe} {action}'"
    return f"bpftrace -e '{probe} {_FILTER.replace('PID', pid)}{action}'"
