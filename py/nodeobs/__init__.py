"""See what running Node.js processes are doing.

async with nodeobs.attach(4242) as process:
    async for record in process.logs(level="debug"):
        print(record["msg"])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodeobs.bus.protocol import Batch as Batch
    from nodeobs.discovery.processes import NodeProcess as NodeProcess
    from nodeobs.discovery.processes import discover as discover
    from nodeobs.errors import NodeobsError as NodeobsError
    from nodeobs.process import Process as Process
    from nodeobs.process import attach as attach

__version__ = "0.1.0"
__all__ = ["Batch", "NodeProcess", "NodeobsError", "Process", "__version__", "attach", "discover"]

# Imported when first used (PEP 562): a command must not pay for what it does not need.
_HOMES = {
    "Batch": "nodeobs.bus.protocol",
    "NodeProcess": "nodeobs.discovery.processes",
    "NodeobsError": "nodeobs.errors",
    "Process": "nodeobs.process",
    "attach": "nodeobs.process",
    "discover": "nodeobs.discovery.processes",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nodeobs' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
