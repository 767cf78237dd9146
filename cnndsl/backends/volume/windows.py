"""How much of a map one position of the next is made from, as shares of its sides."""

from __future__ import annotations

from typing import NamedTuple

from cnndsl.backends.volume.places import Route
from cnndsl.traced import value_of

_LEAST = 5.0
"""The shortest side of a window on paper."""


class Window(NamedTuple):
    """The shares of a map's height and width; `spreads` where one position goes to a window of the next map."""

    high: float
    deep: float
    spreads: bool = False


def seen(route: Route) -> Window | None:
    """What one position at the end of a way reads at its beginning; None where that is not worth drawing."""
    tail, head = route.tail, route.head
    if head.volume.sign or tail.volume.sign or route.skip:
        return None
    if head.volume.whole:
        return Window(1.0, 1.0)
    if head.volume.window is None or all(size == 1 for size in head.volume.window):
        return None
    sides = [value_of(size) for size in tail.volume.shape[1:]]
    after = [value_of(size) for size in head.volume.shape[1:]]
    if len(sides) != len(head.volume.window):
        return None
    spreads = any(new > old for new, old in zip(after, sides, strict=True))
    shares = [min(1.0, size / side) for size, side in zip(head.volume.window, after if spreads else sides, strict=True)]
    body = head.body if spreads else tail.body
    high, deep = (shares[0], 1.0) if len(shares) == 1 else (shares[-2], shares[-1])
    return Window(max(high, min(1.0, _LEAST / body.high)), max(deep, min(1.0, _LEAST / body.deep)), spreads)
