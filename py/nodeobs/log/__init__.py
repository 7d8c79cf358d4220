"""What log records, probe firings and agent events look like on a screen."""

from __future__ import annotations

from nodeobs.log.render import MODES, Renderer

__all__ = ["MODES", "Renderer"]
