"""Durations, sizes and shares as people read them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Two units at most: `42s`, `3m07s`, `5h12m`, `12d03h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, second = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{second:02}s"
    hours, minute = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minute:02}m"
    days, hour = divmod(hours, 24)
    return f"{days}d{hour:02}h"


def size(count: float) -> str:
    """Bytes in binary units: `312K`, `48.2M`, `1.5G`."""
    if count < 1024:
        return f"{count:.0f}"
    for unit in "KMG":
        count /= 1024
        if count < 1024 or unit == "G":
            break
    return f"{count:.1f}{unit}" if count < 100 and unit != "K" else f"{count:.0f}{unit}"


def amount(count: int, noun: str) -> str:
    """`1 thread`, `1,234 threads`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
