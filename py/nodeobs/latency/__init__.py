"""How long requests and handlers take: measured in the processes, or read from audit logs."""

from __future__ import annotations

from nodeobs.latency.figures import Figures
from nodeobs.latency.grouping import Grouping
from nodeobs.latency.latencies import Latencies

__all__ = ["Figures", "Grouping", "Latencies"]
