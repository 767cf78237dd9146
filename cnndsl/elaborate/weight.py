"""How much a value of the language holds, counted as it is made.

A value may hold another one several times over: a few lines of `x = [x, x]`, or of `x = x -> x`, would
make one that nothing could ever go through.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Items(list[Any]):
    """A list of the language, with its weight."""

    __slots__ = ("weight",)

    def __init__(self, items: Iterable[Any], weight: int | None = None) -> None:
        super().__init__(items)
        self.weight = 1 + sum(map(weight_of, self)) if weight is None else weight


def weight_of(value: Any) -> int:
    """One for the value itself, and one for everything that it holds, however often it holds it."""
    if isinstance(value, list) and not isinstance(value, Items):
        return 1 + sum(map(weight_of, value))
    return getattr(value, "weight", 1)
