"""Probes that the kernel's tracers can see: docs/probes.md.

shop = Provider("shop")
sold = shop.probe("sold", str, int)
shop.load()
sold.fire("apple", 3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodeobs.usdt.extension import unavailable_reason as unavailable_reason
    from nodeobs.usdt.probe import Probe as Probe
    from nodeobs.usdt.provider import Provider as Provider

__all__ = ["Probe", "Provider", "unavailable_reason"]

# Imported when first used (PEP 562): reading other processes' probes needs none of it.
_HOMES = {
    "Probe": "nodeobs.usdt.probe",
    "Provider": "nodeobs.usdt.provider",
    "unavailable_reason": "nodeobs.usdt.extension",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'nodeobs.usdt' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
