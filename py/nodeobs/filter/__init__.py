"""The filter language: a safe subset of JavaScript's expressions over one record.

>>> compile_filter('level >= WARN && req.method == "GET"').matches(
...     {"level": 40, "req": {"method": "GET"}}
... )
True
"""

from __future__ import annotations

from nodeobs.filter.error import FilterError
from nodeobs.filter.program import Filter, compile_filter

__all__ = ["Filter", "FilterError", "compile_filter"]
