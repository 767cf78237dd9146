"""Scene -> places on paper: volumes in columns and rows, labels below them, arcs above them.

The longest way through the network is the row in the middle; what runs beside it has rows of its own.  A value
that goes around is an arc above its row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from cnndsl.backends.diagram.markup import BOLD, MONO
from cnndsl.backends.diagram.metrics import shorten, text_width
from cnndsl.backends.diagram.paths import mark
from cnndsl.backends.diagram.picture import Arrow, Picture
from cnndsl.backends.diagram.picture import Box as Node
from cnndsl.backends.diagram.sizes import Fitting, size_text
from cnndsl.backends.volume.project import Body, Box, Scale
from cnndsl.backends.volume.scene import Link, Scene, Volume

TITLE, SMALL = 11.5, 10.0
"""Points of the first line of a label, and of the others."""
LINE = 13.0
MARGIN = 24.0
RADIUS = 11.0
"""Of the circle that a sign stands in."""
TURN = 34.0
"""How long a bend between rows is."""
_GAP, _LEVEL_GAP = 22.0, 9.0
_WIDEST, _WIDEST_NAME = 136.0, 116.0
_SLACK = 1.1
_FEW = 9
"""With more volumes in a row than this their labels stand on two levels."""
_ARC, _ABOVE = 11.0, 13.0
_SHIFT = 8.0
"""So far a volume moves on for its label to stand on the first level."""


class Label(NamedTuple):
    """What stands below a volume: kind, name and size, each as long as there is room."""

    title: str
    name: str
    size: str

    @property
    def width(self) -> float:
        """The room that it takes."""
        return _SLACK * max(
            text_width(self.title, TITLE, BOLD), text_width(self.name, SMALL), text_width(self.size, SMALL, MONO)
        )


@dataclass(slots=True)
class Placed:
    """A volume in its place: `x` is the middle along the page, `level` the level of its label."""

    volume: Volume
    body: Body
    label: Label | None
    column: int = 0
    row: int = 0
    x: float = 0.0
    level: int = 0
    axis: float = 0.0
    label_top: float = 0.0
    floor: float = 0.0

    @property
    def box(self) -> Box:
        """The whole of it in space."""
        body = self.body
        return Box(self.x - body.wide / 2, self.axis, body.high, body.deep, body.wide)

    @property
    def left(self) -> float:
        return self.x - self.body.wide / 2 - self.body.reach

    @property
    def right(self) -> float:
        return self.x + self.body.wide / 2 + self.body.reach


@dataclass(slots=True)
class Route:
    """The way of a link. `arc` is the height of one that goes around; `turn` where a bend between rows begins."""

    tail: Placed
    head: Placed
    skip: bool
    arc: float | None = None
    turn: float | None = None
    forked: bool = False
    """Whether others lead from the same volume into other rows."""
    start: float = 0.0
    end: float = 0.0


@dataclass(slots=True)
class Layout:
    """Everything in its place; `width` and `height` are those of the picture between its title and its legend."""

    placed: list[Placed] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    width: float = 0.0
    height: float = 0.0


def lay_out(scene: Scene) -> Layout:
    """Give everything in a scene its place."""
    scale = Scale.of(scene)
    placed = [Placed(volume, _body(volume, scale), _label(volume, scene.fitting)) for volume in scene.volumes]
    arrows, lanes = _follow(scene)
    _give_columns(placed, scene.links)
    _give_rows(placed, scene.links, arrows, lanes)
    routes = [
        Route(placed[link.tail], placed[link.head], arrow.skip) for link, arrow in zip(scene.links, arrows, strict=True)
    ]
    layout = Layout(placed, routes)
    _Across(layout).place()
    _place_down(layout)
    return layout


def _body(volume: Volume, scale: Scale) -> Body:
    return Body(2 * RADIUS, 2 * RADIUS, 0, 2 * RADIUS) if volume.sign else scale.body(volume)


def _label(volume: Volume, fitting: Fitting) -> Label | None:
    if volume.sign:
        return None
    times = f" × {volume.count}" if volume.count > 1 else ""
    room = _WIDEST / _SLACK
    title = f"{volume.title}{times}"
    if text_width(title, TITLE, BOLD) > room:
        title = f"{volume.plain_title}{times}"
    return Label(
        shorten(title, room, TITLE, BOLD),
        _name(volume),
        shorten(size_text(volume.shape, fitting), room, SMALL, MONO),
    )


def _name(volume: Volume) -> str:
    """The name as far as there is room; of several, the first may have to do."""
    room = _WIDEST_NAME / _SLACK
    first, several, _ = volume.name.partition(" … ")
    if several and text_width(volume.name, SMALL) > room:
        return f"{shorten(first, room - text_width(several, SMALL), SMALL)} …"
    return shorten(volume.name, room, SMALL)


def _follow(scene: Scene) -> tuple[list[Arrow], list[int]]:
    """Which links go around, and which volumes stand in one line, as in a diagram."""
    nodes = [Node("", v.kind, v.title, "", "", "", (), v.origin) for v in scene.volumes]
    arrows = [Arrow(link.tail, link.head, "") for link in scene.links]
    mark(Picture(scene.name, "", list(nodes), nodes, arrows))
    return arrows, [node.lane for node in nodes]


def _give_columns(placed: list[Placed], links: list[Link]) -> None:
    """One after all that it reads; what reads nothing, such as a second input, just before what reads it."""
    after: dict[int, list[int]] = defaultdict(list)
    fed = set()
    for link in links:  # in the order of their heads
        head, tail = placed[link.head], placed[link.tail]
        head.column = max(head.column, tail.column + 1)
        after[link.tail].append(link.head)
        fed.add(link.head)
    for at, item in enumerate(placed):
        if at not in fed and after[at]:
            item.column = max(min(placed[head].column for head in after[at]) - 1, 0)


def _give_rows(placed: list[Placed], links: list[Link], arrows: list[Arrow], lanes: list[int]) -> None:
    """Each line of volumes goes into the row nearest to the middle that is free from its fork to its merge."""
    members: dict[int, list[int]] = defaultdict(list)
    for at, lane in enumerate(lanes):
        members[lane].append(at)
    span = {lane: [placed[found[0]].column, placed[found[-1]].column] for lane, found in members.items()}
    trunk = {lanes[at] for at in _longest(len(placed), links)}
    for link, arrow in zip(links, arrows, strict=True):
        tail, head = lanes[link.tail], lanes[link.head]
        is_first, is_last = members[head][0] == link.head, members[tail][-1] == link.tail
        if tail == head or (arrow.skip and not arrow.within_skip and not is_first):
            continue
        # A fork leads into the row of its branch at once, and a branch stays in its row up to the merge.
        if is_first and head not in trunk and placed[link.head].column:
            span[head][0] = min(span[head][0], placed[link.tail].column + 1)
        if is_last and tail not in trunk:
            span[tail][1] = max(span[tail][1], placed[link.head].column - 1)
    taken: dict[int, list[list[int]]] = defaultdict(list)
    for lane in sorted(members, key=lambda lane: (lane not in trunk, members[lane][0])):
        start, end = span[lane]
        row = 0
        while any(start <= other_end and other_start <= end for other_start, other_end in taken[row]):
            row = -row if row > 0 else 1 - row
        taken[row].append(span[lane])
        for at in members[lane]:
            placed[at].row = row


def _longest(count: int, links: list[Link]) -> list[int]:
    """The volumes of a longest way through the scene."""
    rank, before = [0] * count, [-1] * count
    for link in links:
        if rank[link.tail] + 1 > rank[link.head]:
            rank[link.head], before[link.head] = rank[link.tail] + 1, link.tail
    found = [max(range(count), key=lambda at: (rank[at], -at))]
    while before[found[-1]] >= 0:
        found.append(before[found[-1]])
    return found


class _Across:
    """Places along the page, column by column."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        rows = Counter(item.row for item in layout.placed)
        self._levels = {row: 2 if count > _FEW else 1 for row, count in rows.items()}
        self._edge = dict.fromkeys(rows, MARGIN - _GAP)  # where the volumes of a row end
        self._ends = {row: [MARGIN - _LEVEL_GAP] * self._levels[row] for row in rows}  # and its labels
        self._into: dict[int, list[Route]] = defaultdict(list)
        self._out_of: dict[int, list[Route]] = defaultdict(list)
        for route in layout.routes:
            if route.tail.row != route.head.row:
                self._into[id(route.head)].append(route)
                self._out_of[id(route.tail)].append(route)
        for route in layout.routes:
            route.forked = id(route.tail) in self._out_of

    def place(self) -> None:
        """Fill in `x` and `level` of every volume, and `turn` of the routes between rows."""
        items = sorted(self._layout.placed, key=lambda item: (item.column, item.row))
        for item in items:
            self._put(item)
            self._turn_away(item)
        right = max(
            (max(item.right, item.x + (item.label.width / 2 if item.label else 0)) for item in items), default=0
        )
        self._layout.width = right + MARGIN

    def _put(self, item: Placed) -> None:
        half = item.body.wide / 2 + item.body.reach
        x = self._edge[item.row] + _GAP + half
        arriving = [route for route in self._into[id(item)] if route.turn is None]
        turn = 0.0
        if arriving:
            rows = [row for route in arriving for row in _between(route.tail.row, item.row)]
            turn = max(self._clear(row) for row in rows if row in self._edge)
            wide = item.label.width / 2 if item.label else 0
            x = max(x, turn + TURN + max(half, wide) + 4)
        for route in self._into[id(item)]:
            if route.turn is not None:
                x = max(x, route.turn + TURN + half + 8)
        x, item.level = self._room_for(item, x)
        item.x = x
        self._edge[item.row] = item.right
        for route in arriving:
            route.turn = max(item.left - TURN - 4, turn)

    def _room_for(self, item: Placed, x: float) -> tuple[float, int]:
        """The first place from `x` on with room for the label, and the level that it is on."""
        ends = self._ends[item.row]
        if item.label is None:
            return x, 0
        half = item.label.width / 2
        choices: list[tuple[float, int]] = []
        for level, end in enumerate(ends):
            line = max((ends[above] + _LEVEL_GAP / 2 for above in range(level)), default=x)
            choices.append((max(x, end + _LEVEL_GAP + half, line), level))
        x, level = choices[0] if choices[0][0] <= min(choices)[0] + _SHIFT else min(choices)
        ends[level] = x + half
        for above in range(level):
            ends[above] = max(ends[above], x)
        return x, level

    def _turn_away(self, item: Placed) -> None:
        """Keep room for the bends that begin behind a fork."""
        routes = [route for route in self._out_of[id(item)] if _turns_early(route)]
        if routes:
            turn = self._clear(item.row) + 4
            for route in routes:
                route.turn = turn
                for row in _between(item.row, route.head.row):
                    if row in self._edge:
                        self._edge[row] = max(self._edge[row], turn + TURN - _GAP / 2)
                        self._ends[row] = [max(end, turn + TURN) for end in self._ends[row]]

    def _clear(self, row: int) -> float:
        return max(self._edge[row], *self._ends[row])


def _between(one: int, other: int) -> range:
    return range(min(one, other), max(one, other) + 1)


def _turns_early(route: Route) -> bool:
    """Whether a way between rows leaves its row behind the fork, and not before the merge."""
    return abs(route.head.row) > abs(route.tail.row)


def _place_down(layout: Layout) -> None:
    """Fill in the heights: rows below one another, arcs above them, labels below."""
    rows = sorted({item.row for item in layout.placed})
    y = 0.0
    for row in rows:
        items = [item for item in layout.placed if item.row == row]
        arcs = [r for r in layout.routes if r.tail.row == r.head.row == row and _goes_around(r, items)]
        heights = _stack(arcs, items)
        top = max([item.body.top for item in items] + list(heights.values()))
        below = max(item.body.top for item in items)
        levels = max((item.level for item in items if item.label), default=-1) + 1
        for item in items:
            item.axis = y + top
            item.floor = item.axis + below
            item.label_top = item.floor + 16 + item.level * (3 * LINE + 8)
        for at, height in heights.items():
            arcs[at].arc = y + top - height
        _spread(arcs)
        y += top + below + (8 + levels * (3 * LINE + 8) if levels else 0)
    layout.height = y


def _goes_around(route: Route, items: list[Placed]) -> bool:
    return any(route.tail.column < item.column < route.head.column for item in items)


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
    """Let the ends of arcs at one volume stand side by side."""
    ends: dict[int, list[tuple[Route, bool]]] = defaultdict(list)
    for route in arcs:
        ends[id(route.tail)].append((route, True))
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
