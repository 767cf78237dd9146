"""Where the decisions of a random text come from: Hypothesis, which can make a finding small, or plain bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Item = TypeVar("Item")


class Choose(Protocol):
    """Gives whole numbers; everything else that is drawn follows from them."""

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""


class Drawn:
    """Decisions that Hypothesis draws."""

    def __init__(self, draw: DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        return self._draw(_numbers(low, high))


@cache
def _numbers(low: int, high: int) -> SearchStrategy[int]:
    return st.integers(low, high)


class Given:
    """Decisions that bytes make, two bytes for each; when they are used up, the lowest of what is possible."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self, low: int, high: int) -> int:
        width = 2 if high - low < 2**16 else 8
        piece = self._data[self._at : self._at + width]
        self._at += width
        return low + int.from_bytes(piece) % (high - low + 1)


def pick(choose: Choose, items: Sequence[Item]) -> Item:
    """One of the items."""
    return items[choose.number(0, len(items) - 1)]


def chance(choose: Choose, percent: int) -> bool:
    """True so often in a hundred times, and False where nothing is left to decide with."""
    return choose.number(0, 99) >= 100 - percent
