"""Places down the page: rows below one another, arcs above them, labels below."""

from __future__ import annotations

from collections import defaultdict

from cnndsl.backends.volume.places import LINE, Layout, Placed, Route

_ARC, _ABOVE = 11.0, 13.0
_LABEL = 3 * LINE + 8


def place_down(layout: Layout, gap: float = 0.0) -> None:
    """Fill in `axis` and `label_top` of every volume, and the arcs; `gap` is what is left between rows."""
    rows = sorted({item.row for item in layout.placed})
    y = 0.0
    for row in rows:
        items = [item for item in layout.placed if item.row == row]
        arcs = [route for route in layout.routes if _row_of_arc(route) == row and _goes_around(route, items)]
        heights = _stack(arcs, items)
        top = max([item.body.top for item in items] + list(heights.values()))
        below = max(item.body.top for item in items)
        levels = max((item.level for item in items if item.label), default=-1) + 1
        for item in items:
            item.axis = y + top
            item.label_top = item.axis + below + 16 + item.level * _LABEL
        for at, height in heights.items():
            arcs[at].arc = y + top - height
        _spread(arcs)
        y += top + below + (8 + levels * _LABEL if levels else 0) + gap
    layout.height = y - gap


def _row_of_arc(route: Route) -> int:
    """The row that a way runs along."""
    return route.head.row if route.turn is not None and route.turns_early else route.tail.row


def _goes_around(route: Route, items: list[Placed]) -> bool:
    """Whether volumes of its row stand in the way."""
    if route.upright or (route.turn is None and route.tail.row != route.head.row):
        return False
    start, end = route.tail.x, route.head.x
    if route.turn is not None:
        start, end = (route.turn, end) if route.turns_early else (start, route.turn)
    return any(start < item.x < end for item in items if item is not route.tail and item is not route.head)


def _stack(arcs: list[Route], items: list[Placed]) -> dict[int, float]:
    """How high above the axis each arc runs: above all that it passes, short ones inside long ones."""
    heights: dict[int, float] = {}
    for at in sorted(range(len(arcs)), key=lambda at: (arcs[at].head.column - arcs[at].tail.column, at)):
        start, end = arcs[at].tail.column, arcs[at].head.column
        needed = max(item.body.top for item in items if start <= item.column <= end) + _ABOVE
        for other, height in heights.items():
            if arcs[other].tail.column < end and start < arcs[other].head.column:
                needed = max(needed, height + _ARC)
        heights[at] = needed
    return heights


def _spread(arcs: list[Route]) -> None:
    """Let the ends of arcs at one volume stand side by side; where there is a bend is no end."""
    ends: dict[int, list[tuple[Route, bool]]] = defaultdict(list)
    for route in arcs:
        if route.turn is None or not route.turns_early:
            ends[id(route.tail)].append((route, True))
        if route.turn is None or route.turns_early:
            ends[id(route.head)].append((route, False))
    for found in ends.values():
        # Arriving ones left of leaving ones, and of several the longest outside: so none crosses another.
        found.sort(key=lambda end: (end[1], -end[0].tail.column if not end[1] else -end[0].head.column))
        for place, (route, leaving) in enumerate(found):
            item = route.tail if leaving else route.head
            x = item.x + (place - (len(found) - 1) / 2) * 7
            if leaving:
                route.start = x
            else:
                route.end = x
