"""Places along the page, column by column: room for volumes, for labels on one or two levels, and for bends."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from cnndsl.backends.volume.places import GAP, LABEL_GAP, MARGIN, TURN, Layout, Placed, Route

_FEW = 9
"""With more volumes in a row than this their labels stand on two levels."""
_SHIFT = 8.0
"""So far a volume moves on for its label to stand on the first level."""


def place_across(layout: Layout) -> None:
    """Fill in `x` and `level` of every volume, and `turn` of the routes between rows."""
    _Across(layout).place()


class _Across:
    """Places along the page, column by column."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        rows = Counter(item.row for item in layout.placed)
        self._levels = {row: 2 if count > _FEW else 1 for row, count in rows.items()}
        self._edge = dict.fromkeys(rows, MARGIN - GAP)  # where the volumes of a row end
        self._ends = {row: [MARGIN - LABEL_GAP] * self._levels[row] for row in rows}  # and its labels
        self._into: dict[int, list[Route]] = defaultdict(list)
        self._out_of: dict[int, list[Route]] = defaultdict(list)
        for route in layout.routes:
            if route.tail.row != route.head.row:
                self._into[id(route.head)].append(route)
                self._out_of[id(route.tail)].append(route)
        for route in layout.routes:
            route.forked = id(route.tail) in self._out_of

    def place(self) -> None:
        items = sorted(self._layout.placed, key=lambda item: (item.column, item.row))
        for item in items:
            self._put(item)
            self._turn_away(item)
        self._layout.width = max(item.x + max(item.half, item.label_half) for item in items) + MARGIN

    def _put(self, item: Placed) -> None:
        half = item.half
        x = self._edge[item.row] + GAP + half
        arriving = [route for route in self._into[id(item)] if route.turn is None]
        turn = 0.0
        if arriving:
            rows = [row for route in arriving for row in _between(route.tail.row, item.row)]
            turn = max(self._clear(row) for row in rows if row in self._edge)
            x = max(x, turn + TURN + max(half, item.label_half) + 4)
        for route in self._into[id(item)]:
            if route.turn is not None:
                x = max(x, route.turn + TURN + half + 8)
        x, item.level = self._room_for(item, x)
        item.x = x
        self._edge[item.row] = item.right
        for route in arriving:
            route.turn = max(item.left - TURN - 4, turn)
            self._keep(route.turn, (row for row in _between(route.tail.row, item.row) if row != item.row))

    def _room_for(self, item: Placed, x: float) -> tuple[float, int]:
        """The first place from `x` on with room for the label, and the level that it is on."""
        ends = self._ends[item.row]
        if item.label is None:
            return x, 0
        half = item.label_half
        choices: list[tuple[float, int]] = []
        for level, end in enumerate(ends):
            line = max((ends[above] + LABEL_GAP / 2 for above in range(level)), default=x)
            choices.append((max(x, end + LABEL_GAP + half, line), level))
        x, level = choices[0] if choices[0][0] <= min(choices)[0] + _SHIFT else min(choices)
        ends[level] = x + half
        for above in range(level):
            ends[above] = max(ends[above], x)
        return x, level

    def _turn_away(self, item: Placed) -> None:
        """Keep room for the bends that begin behind a fork."""
        routes = [route for route in self._out_of[id(item)] if route.turns_early]
        if routes:
            turn = self._clear(item.row) + 4
            for route in routes:
                route.turn = turn
                self._keep(turn, _between(item.row, route.head.row))

    def _keep(self, turn: float, rows: Iterable[int]) -> None:
        """Keep room in these rows for a bend that begins here."""
        for row in rows:
            if row in self._edge:
                self._edge[row] = max(self._edge[row], turn + TURN - GAP / 2)
                self._ends[row] = [max(end, turn + TURN) for end in self._ends[row]]

    def _clear(self, row: int) -> float:
        return max(self._edge[row], *self._ends[row])


def _between(one: int, other: int) -> range:
    return range(min(one, other), max(one, other) + 1)
