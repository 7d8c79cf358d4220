"""Parts of what an agent answers, which may be anything: it speaks for the application."""

from __future__ import annotations

from typing import Any


def mapping(answer: Any, key: str) -> dict[str, Any]:
    """The object of that name; empty where there is none."""
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, dict) else {}


def listed(answer: Any, key: str) -> list[Any]:
    """The list of that name; empty where there is none."""
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, list) else []


def entries(answer: Any, key: str) -> list[dict[str, Any]]:
    """The objects in the list of that name."""
    return [value for value in listed(answer, key) if isinstance(value, dict)]


def counts(answer: Any, key: str) -> dict[str, int]:
    """The numbers in the object of that name."""
    return {
        str(name): value
        for name, value in mapping(answer, key).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }


def count(answer: Any, key: str) -> int:
    """The number of that name, 0 where there is none."""
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
