"""The controller's own probes: what reaches it can be counted from outside, without its help.

    bpftrace -p PID -e 'usdt:*:nodeobs:records-received { @[str(arg0)] = sum(arg1); }'

`records-received` has the topic, the number of records, the bytes of the payload and the pid of
the observed process, once for each message; `records-dropped` the topic, the number and the pid;
`decode-error` what is wrong with a message that cannot be read, and the pid.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from nodeobs.errors import NodeobsError

if TYPE_CHECKING:
    from nodeobs.usdt.probe import Probe


class OwnProbes(NamedTuple):
    """The probes of the provider `nodeobs`."""

    records_received: Probe
    records_dropped: Probe
    decode_error: Probe


@cache
def own_probes() -> OwnProbes | None:
    """The probes, made when they are first needed; None where they cannot be made."""
    from nodeobs.usdt import Provider

    try:
        # In memory: who only looks at others leaves no file behind.
        provider = Provider("nodeobs", memfd=True)
        probes = OwnProbes(
            provider.probe("records-received", str, int, int, int),
            provider.probe("records-dropped", str, int, int),
            provider.probe("decode-error", str, int),
        )
        provider.load()
    except NodeobsError:
        return None
    return probes
