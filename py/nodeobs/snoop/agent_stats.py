"""What an agent's answer to `stats` (docs/protocol.md) says about itself and about one peer."""

from __future__ import annotations

from typing import Any


def spent_ms(stats: dict[str, Any]) -> float:
    """Milliseconds that the agent has spent on all its observers."""
    spent = stats.get("spent_ms")
    values = spent.values() if isinstance(spent, dict) else ()
    return sum(value for value in values if isinstance(value, int | float))


def dropped_for(stats: dict[str, Any], client: str) -> int:
    """Records dropped for the peers of this name, those not yet reported to them included."""
    return sum(peer.get("dropped", 0) for peer in _peers(stats, client))


def subscribed(stats: dict[str, Any], client: str, count: int) -> bool:
    """Whether a peer of this name has at least so many subscriptions."""
    return any(peer.get("subscriptions", 0) >= count for peer in _peers(stats, client))


def _peers(stats: dict[str, Any], client: str) -> list[dict[str, Any]]:
    peers = stats.get("peers")
    return [
        peer
        for peer in (peers if isinstance(peers, list) else ())
        if isinstance(peer, dict) and peer.get("name") == client
    ]
