"""Layers as the language writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnndsl.layers.registry import KINDS


def written(value: Any) -> str:
    """An argument as the language has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def text_of(kind: str, arguments: Mapping[str, Any], by_position: int) -> str:
    """A layer as text: up to `by_position` of its arguments by position, the others by name."""
    names, fields = list(arguments), list(KINDS[kind].model_fields)
    while names[:by_position] != fields[:by_position]:
        by_position -= 1
    texts = [
        written(value) if at < by_position else f"{name}={written(value)}"
        for at, (name, value) in enumerate(arguments.items())
    ]
    return f"{kind}({', '.join(texts)})" if texts else kind
