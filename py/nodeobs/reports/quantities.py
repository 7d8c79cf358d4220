"""Durations, latencies, sizes, rates and shares as people read them."""

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


def latency(ns: int, *, unicode: bool = True) -> str:
    """Nanoseconds in three digits: `850µs`, `1.20ms`, `12.3s`, `125s`."""
    if ns <= 0:
        return "0"
    for limit, unit in ((10**6, "µs" if unicode else "us"), (10**9, "ms")):
        # What rounds up to a thousand is one of the next unit.
        if ns < limit * 0.9995:
            return _digits(ns * 1000 / limit) + unit
    return _digits(ns / 1e9) + "s"


def bound(ns: int, *, unicode: bool = True) -> str:
    """The bound of a step, which is a round number: `1.5ms`, `200µs`, `1s`."""
    number = latency(ns, unicode=unicode)
    digits = number.rstrip("µmus")
    unit = number.removeprefix(digits)
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + unit


def _digits(value: float) -> str:
    if value >= 99.95:
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}"


def rate(count: int, seconds: float) -> str:
    """So many a second: `0.3`, `12.5`, `1,234`."""
    if seconds <= 0:
        return "-"
    value = count / seconds
    return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def percent(share: float) -> str:
    """A share: `0`, `<0.1%`, `0.2%`, `12%`."""
    if share == 0:
        return "0"
    value = share * 100
    return "<0.1%" if value < 0.05 else f"{value:.1f}%" if value < 9.95 else f"{value:.0f}%"
