"""Values of JSON in a cell or a tree."""

from __future__ import annotations

import json
from typing import Any

from nodeobs.log.style import paint
from nodeobs.reports.table import single_line


def value_text(value: Any) -> str:
    """A value in one line: texts as they are, `-` for null, what is nested as compact JSON."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_text(value: float) -> str:
    """A number without needless digits: `3`, not `3.0`."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def tree(title: str, value: Any, *, colour: bool = False) -> list[str]:
    """A value as a tree: one line for each key or element."""
    lines = [paint(single_line(title), "bold") if colour else single_line(title)]
    _branches(value, "", lines, colour)
    return lines


def _branches(value: Any, indent: str, lines: list[str], colour: bool) -> None:
    items = _items(value)
    for index, (key, item) in enumerate(items):
        last = index == len(items) - 1
        fork, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        name = single_line(key)
        shown = paint(name, "cyan") if colour else name
        if isinstance(item, dict | list) and item:
            lines.append(f"{indent}{fork}{shown}")
            _branches(item, indent + below, lines, colour)
        else:
            lines.append(f"{indent}{fork}{shown}: {single_line(_leaf(item))}")


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(str(key), item) for key, item in value.items()]
    if isinstance(value, list):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    return [("value", value)]


def _leaf(value: Any) -> str:
    if isinstance(value, str) and (not value or value != value.strip()):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else value_text(value)
