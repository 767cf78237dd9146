"""Scene -> places on paper: volumes in columns and rows, labels below them, arcs above them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2, sqrt
from typing import NamedTuple

from cnndsl.backends.captions import Fitting, size_text
from cnndsl.backends.graphviz.labels import BOLD, MONO, SLACK, shorten, text_width
from cnndsl.backends.graphviz.paths import mark, straight
from cnndsl.backends.graphviz.picture import Arrow, Picture
from cnndsl.backends.graphviz.picture import Box as Node
from cnndsl.backends.volume.scene import Link, Scene, Volume
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.layers.formula import Shape
from cnndsl.render.paper import Piece, rows
from cnndsl.symbolic.number import value_of

ALONG, UP = 0.42, 0.30
"""How far a unit of z leads to the right and up."""
SIDE = 150.0
"""The longest side of a map."""
_SHORTEST, _FLAT = 7.0, 9.0
BAND = 4.0
"""The thickness of a stripe."""
_SLABS = 4
"""At most so many slabs stand for equal volumes in a row."""
_GAP = 3.0
_MOST_SLICES = 16

Point = tuple[float, float]


class Body(NamedTuple):
    """A volume in space: the extents along x, y and z.

    slab: the thickness of one of its `slabs`, stripes included, which stand a little apart; slices: in how
    many parts lines divide each, for the depth of a map with three spatial axes.
    """

    wide: float
    high: float
    deep: float
    slab: float
    slabs: int = 1
    slices: int = 1

    @property
    def reach(self) -> float:
        """How far it leads to either side of its extent along x, on paper."""
        return self.deep * ALONG / 2

    @property
    def top(self) -> float:
        """How far it rises above its axis, on paper."""
        return self.high / 2 + self.deep * UP / 2


@frozen()
class Scale:
    """Sizes -> lengths. `longest` is the longest side of any map of the picture, `signal` the longest signal.

    A signal of thousands of numbers stands beside a picture of a hundred rows: each has a scale of its own.
    Side: as the square root, so that halving looks alike at every size. Thickness and the height of a
    column of features: as the logarithm, for they range from a few to thousands.
    """

    longest: int
    signal: int = 1
    zoom: float = 1.0

    @classmethod
    def of(cls, scene: Scene) -> Scale:
        """The scale at which everything in a scene fits; in long ones all is smaller."""
        shapes = [volume.shape for volume in scene.volumes]
        sides = (value_of(size) for shape in shapes if len(shape) > 2 for size in shape[1:])
        lengths = (value_of(shape[1]) for shape in shapes if len(shape) == 2)
        zoom = max(0.66, min(1.0, 1.24 - len(scene.volumes) / 45))
        return cls(max(sides, default=1), max(lengths, default=1), zoom)

    def side(self, size: int) -> float:
        """The length of a side of `size` positions."""
        return self._root(size, self.longest)

    def _root(self, size: int, longest: int) -> float:
        return max(_SHORTEST, SIDE * self.zoom * sqrt(size / longest))

    def body(self, volume: Volume) -> Body:
        """The extents of a volume."""
        channels, sides = _axes(volume.shape)
        if sides:
            high, deep = self._root(sides[0], self.signal), _FLAT
            if len(sides) > 1:
                high, deep = self.side(sides[-2]), self.side(sides[-1])
            slab, slices = max(5.0, 4.4 * self.zoom * log2(1 + channels)), 1
            if len(sides) > 2:
                slices = min(sides[0], _MOST_SLICES)
                slab = max(slab, min(3.0 * slices, 1.6 * slab + 12))
        else:
            high, deep, slab, slices = min(SIDE, 12 + 10.5 * log2(1 + channels)) * self.zoom, _FLAT, _FLAT, 1
        if volume.kind in ("activation", "normalisation", "dropout"):
            slab = BAND * 1.5  # a layer that keeps the size, on its own
        slabs = min(volume.count, _SLABS)
        slab = (slab if slabs == 1 else max(5.0, slab * 0.6)) + BAND * len(volume.bands)
        return Body(slab * slabs + _GAP * (slabs - 1), high, deep, slab, slabs, slices)


def _axes(shape: Shape) -> tuple[int, list[int]]:
    """Channels or features, and the spatial axes."""
    numbers = [value_of(size) for size in shape]
    if not numbers:
        return 1, []
    return numbers[0], numbers[1:][-3:]


class Box(NamedTuple):
    """A body in its place: `x` is its left end, `axis` the height on paper of its middle."""

    x: float
    axis: float
    high: float
    deep: float
    wide: float

    def at(self, x: float, y: float, z: float) -> Point:
        """The point at the shares x, y and z of its extents, from the lower left of the front, on paper."""
        away = (z - 0.5) * self.deep
        return self.x + x * self.wide + away * ALONG, self.axis - (y - 0.5) * self.high - away * UP

    def front(self, start: float = 0.0, end: float = 1.0) -> list[Point]:
        """The face towards the reader, from the share `start` of its width to `end`."""
        return [self.at(start, 1, 0), self.at(end, 1, 0), self.at(end, 0, 0), self.at(start, 0, 0)]

    def top(self, start: float = 0.0, end: float = 1.0) -> list[Point]:
        """The face above."""
        return [self.at(start, 1, 0), self.at(start, 1, 1), self.at(end, 1, 1), self.at(end, 1, 0)]

    def side(self, y: tuple[float, float] = (0, 1), z: tuple[float, float] = (0, 1)) -> list[Point]:
        """The face towards the next volume, or a window in it: this is the map itself, y by z."""
        return [self.at(1, y[1], z[0]), self.at(1, y[1], z[1]), self.at(1, y[0], z[1]), self.at(1, y[0], z[0])]


TITLE, SMALL = 11.5, 10.0
"""Points of the first line of a label, and of the others."""
LINE = 13.0
MARGIN = 24.0
RADIUS = 11.0
"""Of the circle that a sign stands in."""
TURN = 34.0
"""How long a bend between rows is."""
GAP, LABEL_GAP = 22.0, 14.0
"""What is left between volumes, and between labels."""


class Label(NamedTuple):
    """What stands below a volume: kind, name and size, each as long as there is room."""

    title: str
    name: str
    size: str

    @property
    def width(self) -> float:
        """The room that it takes."""
        return SLACK * max(
            text_width(self.title, TITLE, BOLD), text_width(self.name, SMALL), text_width(self.size, SMALL, MONO)
        )


@dataclass(slots=True)
class Placed:
    """A volume in its place: `x` is the middle along the page, `axis` its height, `level` the level of its label."""

    volume: Volume
    body: Body
    label: Label | None
    column: int = 0
    row: int = 0
    x: float = 0.0
    level: int = 0
    axis: float = 0.0
    label_top: float = 0.0

    @property
    def box(self) -> Box:
        """The whole of it in space."""
        body = self.body
        return Box(self.x - body.wide / 2, self.axis, body.high, body.deep, body.wide)

    @property
    def half(self) -> float:
        """How far it reaches to either side of its middle."""
        return self.body.wide / 2 + self.body.reach

    @property
    def label_half(self) -> float:
        """The same of its label."""
        return self.label.width / 2 if self.label else 0.0

    @property
    def foot(self) -> float:
        """Where it ends below, its label included."""
        if self.label is None:
            return self.axis + self.body.top
        return self.label_top + (2 if self.label.name else 1) * LINE + 4

    @property
    def left(self) -> float:
        return self.x - self.half

    @property
    def right(self) -> float:
        return self.x + self.half


@dataclass(slots=True)
class Route:
    """The way of a link.

    arc: the height of one that goes around, above the row that it comes from, or with a bend before it leads to;
    turn: where a bend between rows begins; across: the height at which it leads along the page, between the rows of a
    valley, or back to the beginning of the next line, where it `returns`.
    """

    tail: Placed
    head: Placed
    skip: bool
    arc: float | None = None
    turn: float | None = None
    across: float | None = None
    returns: bool = False
    forked: bool = False
    """Whether others lead from the same volume into other rows."""
    start: float = 0.0
    end: float = 0.0
    """Where an arc begins and ends along the page."""

    @property
    def turns_early(self) -> bool:
        """Whether a way between rows leaves its row behind the fork, and not before the merge."""
        return abs(self.head.row) > abs(self.tail.row)


@dataclass(slots=True)
class Layout:
    """Everything in its place; `width` and `height` are those of the picture between its title and its legend."""

    placed: list[Placed]
    routes: list[Route]
    width: float = 0.0
    height: float = 0.0


_STEP = 26.0
"""What is left between rows for the arrows down and up."""


def levels(volumes: Sequence[Volume], arrows: Sequence[Arrow]) -> list[int]:
    """How many rows below the first each volume stands; empty where the network is no such valley.

    It is one where the volumes are a chain but for skips that lie inside one another, two of them or more, and
    the maps inside a skip are smaller than the one that it begins with, at least at first.
    """
    chain = {(arrow.tail, arrow.head) for arrow in arrows if arrow.head == arrow.tail + 1}
    around = sorted((arrow.tail, arrow.head) for arrow in arrows if arrow.head != arrow.tail + 1)
    is_chain = len(chain) == len(volumes) - 1 and len(arrows) == len(chain) + len(around)
    if not is_chain or len(around) < 2 or any(inner[1] >= outer[1] for outer, inner in pairwise(around)):
        return []
    sides = [max(map(value_of, volume.shape[1:]), default=0) for volume in volumes]
    found = [sum(tail < at < head and side < sides[tail] for tail, head in around) for at, side in enumerate(sides)]
    steps = [below - above for above, below in pairwise(found) if below != above]
    is_valley = set(steps) == {1, -1} and steps == sorted(steps, reverse=True) and max(found) == len(around)
    return found if is_valley else []


def place_as_u(layout: Layout, rows: Sequence[int]) -> None:
    """Fill in the places of everything, each volume in its row.

    What leads down stands at the left, what leads up again at the right, and what has the same place in its row of
    either is in line.
    """
    deepest = max(at for at, row in enumerate(rows) if row == max(rows))
    before: dict[tuple[bool, int], Placed] = {}
    columns: dict[tuple[bool, int], list[tuple[Placed, Placed | None]]] = defaultdict(list)
    places: Counter[tuple[bool, int]] = Counter()
    for at, (item, row) in enumerate(zip(layout.placed, rows, strict=True)):
        item.row = row
        line = (at > deepest, row)
        columns[at > deepest, places[line]].append((item, before.get(line)))
        before[line], places[line] = item, places[line] + 1
    right = MARGIN
    for key in sorted(columns):
        beyond = right if key[1] == 0 else MARGIN
        x = max(_beside(item, left, beyond) for item, left in columns[key])
        for item, _ in columns[key]:
            item.x = x
            right = max(right, x + max(item.half, item.label_half) + GAP)
    layout.width = right - GAP + MARGIN
    tops = place_down(layout, _STEP)
    for route in layout.routes:
        if route.tail.row != route.head.row:
            route.across = tops[max(route.tail.row, route.head.row)] - _STEP / 2


def _beside(item: Placed, left: Placed | None, beyond: float) -> float:
    """The first place for the middle of a volume: beside the one at its left, or beyond a line down the page."""
    if left is None:
        return beyond + max(item.half, item.label_half)
    return left.x + max(left.half + GAP + item.half, left.label_half + LABEL_GAP + item.label_half)


@dataclass(slots=True)
class _Line:
    """Volumes one after the other in one row, which is theirs from column `start` to column `end`, ways included.

    fork: the volume that the first of them comes from; merge: the one that the last of them leads to.
    side: 1 where it has to be below the middle, -1 above it, 0 where it may be wherever there is room.
    """

    members: list[int]
    start: int
    end: int
    fork: int | None = None
    merge: int | None = None
    side: int = 0

    @property
    def first(self) -> int:
        return self.members[0]


def give_rows(placed: list[Placed], links: list[Link], arrows: list[Arrow], lanes: list[int]) -> None:
    """Fill in `row`. `arrows` says which links go around, `lanes` which volumes stand in one line.

    Each line has a row that is free from its fork to its merge, as near to the middle as can be. Several branches
    from one fork, or to one merge, stand in their order from top to bottom.
    """
    trunk = _longest(len(placed), links, arrows)
    lines = _lines(placed, links, arrows, lanes, trunk)
    _give_sides(lines, trunk)
    taken: dict[int, list[_Line]] = defaultdict(list)
    # What is above grows upwards: of several branches the last is nearest to the middle.
    for line in sorted(lines, key=lambda line: (_root(line), line.first * (line.side or 1))):
        row = line.side
        while any(line.start <= other.end and other.start <= line.end for other in taken[row]):
            row = row + line.side if line.side else -row if row > 0 else 1 - row
        taken[row].append(line)
        for at in line.members:
            placed[at].row = row


def _root(line: _Line) -> int:
    """Where a line begins, for the order in which lines are given their rows: the longest way is the first."""
    if line.fork is None and line.merge is None:
        return -1
    beginning = line.merge if line.fork is None else line.fork
    return beginning if line.side and beginning is not None else line.first


def _lines(
    placed: list[Placed], links: list[Link], arrows: list[Arrow], lanes: list[int], trunk: Sequence[int]
) -> list[_Line]:
    """The longest way as one line, and what is left of every lane beside it."""
    members: dict[tuple[int, int], list[int]] = {(-1, 0): list(trunk)}
    places: list[tuple[int, int]] = [(-1, 0)] * len(placed)
    on_trunk = set(trunk)
    before = {link.head: link.tail for link in links if lanes[link.tail] == lanes[link.head]}
    for at in range(len(placed)):
        if at not in on_trunk:
            tail = before.get(at, -1)
            places[at] = (lanes[at], at) if tail < 0 or tail in on_trunk else places[tail]
            members.setdefault(places[at], []).append(at)
    lines = {key: _Line(found, placed[found[0]].column, placed[found[-1]].column) for key, found in members.items()}
    for link, arrow in zip(links, arrows, strict=True):
        one, other = lines[places[link.tail]], lines[places[link.head]]
        is_first, is_last = other.first == link.head, one.members[-1] == link.tail
        if one is other or (arrow.skip and not arrow.within_skip and not is_first):
            continue
        # A fork leads into the row of its branch at once, and a branch stays in its row up to the merge.
        if is_first and link.head not in on_trunk and placed[link.head].column:
            other.start = min(other.start, placed[link.tail].column)
            other.fork = link.tail if other.fork is None else other.fork
        if is_last and link.tail not in on_trunk:
            one.end = max(one.end, placed[link.head].column - 1)
            one.merge = link.head if one.merge is None else one.merge
    return list(lines.values())


def _give_sides(lines: list[_Line], trunk: Sequence[int]) -> None:
    """Say of branches that have others beside them whether they come before the longest way or after it."""
    places = {at: place for place, at in enumerate(trunk)}
    forks, merges = Counter(line.fork for line in lines), Counter(line.merge for line in lines)
    for line in lines:
        if line.fork in places and forks[line.fork] > 1:
            line.side = 1 if line.first > trunk[places[line.fork] + 1] else -1
        elif line.fork is None and line.merge in places and merges[line.merge] > 1:
            line.side = 1 if line.members[-1] > trunk[places[line.merge] - 1] else -1


def _longest(count: int, links: list[Link], arrows: list[Arrow]) -> list[int]:
    """The volumes of a longest way through the scene; of several that in the middle."""
    rank = [0] * count
    before: dict[int, list[int]] = defaultdict(list)
    for link, arrow in zip(links, arrows, strict=True):
        rank[link.head] = max(rank[link.head], rank[link.tail] + 1)
        if not arrow.skip:
            before[link.head].append(link.tail)
    longest = max(rank)
    found = [straight([at for at in range(count) if rank[at] == longest], rank)]
    while before[found[-1]]:
        found.append(straight(before[found[-1]], rank))
    return found[::-1]


_ARC, _ABOVE = 11.0, 13.0
_LABEL = 3 * LINE + 8


def place_down(layout: Layout, gap: float = 0.0) -> dict[int, float]:
    """Fill in `axis` and `label_top` of every volume, and the arcs; `gap` is what is left between rows.

    Returns where each row begins.
    """
    tops: dict[int, float] = {}
    rows: dict[int, list[Placed]] = defaultdict(list)
    for item in layout.placed:
        rows[item.row].append(item)
    along: dict[int, list[Route]] = defaultdict(list)
    for route in layout.routes:
        along[_row_of_arc(route)].append(route)
    y = 0.0
    for row, items in sorted(rows.items()):
        tops[row] = y
        places = sorted(item.x for item in items)
        arcs = [route for route in along[row] if _goes_around(route, places)]
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
    return tops


def _row_of_arc(route: Route) -> int:
    """The row that a way runs along."""
    return route.head.row if route.turn is not None and route.turns_early else route.tail.row


def _goes_around(route: Route, places: list[float]) -> bool:
    """Whether volumes of its row, which are at these places, stand in the way."""
    if route.across is not None or (route.turn is None and route.tail.row != route.head.row):
        return False
    start, end = route.tail.x, route.head.x
    if route.turn is not None:
        start, end = (route.turn, end) if route.turns_early else (start, route.turn)
    own = sum(item.row == _row_of_arc(route) and start < item.x < end for item in (route.tail, route.head))
    return bisect_left(places, end) - bisect_right(places, start) > own


def _stack(arcs: list[Route], items: list[Placed]) -> dict[int, float]:
    """How high above the axis each arc runs: above all that it passes, short ones inside long ones."""
    heights: dict[int, float] = {}
    tops: dict[int, float] = {}
    for item in items:
        tops[item.column] = max(tops.get(item.column, 0.0), item.body.top)
    above: dict[int, float] = {}
    """For each column the height of the highest arc from it to the next one."""
    for at in sorted(range(len(arcs)), key=lambda at: (arcs[at].head.column - arcs[at].tail.column, at)):
        start, end = arcs[at].tail.column, arcs[at].head.column
        passed = max(tops[column] for column in range(start, end + 1) if column in tops) + _ABOVE
        heights[at] = max([passed, *(above[column] + _ARC for column in range(start, end) if column in above)])
        above.update(dict.fromkeys(range(start, end), heights[at]))
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


_FEW = 9
"""With more volumes in a row than this their labels stand on two levels."""
_SHIFT = 8.0
"""So far a volume moves on for its label to stand on the first level."""


class _Across:
    """Fills in `x` and `level` of every volume, column by column, and `turn` of the routes between rows."""

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
                x = max(x, route.turn + TURN + max(half + 8, item.label_half - 8))
        x, item.level = self._room_for(item, x)
        item.x = x
        self._edge[item.row] = item.right
        for route in arriving:
            route.turn = max(min(item.left - 4, item.x - item.label_half + 8) - TURN, turn)
            self._keep(route.turn, (row for row in _between(route.tail.row, item.row) if row != item.row))
            if item.label is None and route.tail.row > item.row:  # the next label must not reach back under a sign
                ends = self._ends[item.row]
                ends[:] = [max(end, route.turn + TURN - LABEL_GAP) for end in ends]

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


_WIDEST, _WIDEST_NAME, _WIDEST_SIZE = 150.0, 116.0, 190.0
"""The most room for a title, for a name, and for a size: two open sides under strides stand there whole."""


def lay_out(scene: Scene, room: float | None = None) -> Layout:
    """Give everything in a scene its place; what is wider than `room` goes on in another line, if it can be cut."""
    scale = Scale.of(scene)
    placed = [Placed(volume, _body(volume, scale), _label(volume, scene.fitting)) for volume in scene.volumes]
    arrows, lanes = _follow(scene)
    _give_columns(placed, scene.links)
    routes = [
        Route(placed[link.tail], placed[link.head], arrow.skip) for link, arrow in zip(scene.links, arrows, strict=True)
    ]
    layout = Layout(placed, routes)
    floors = levels(scene.volumes, arrows)
    if floors:
        place_as_u(layout, floors)
    else:
        give_rows(placed, scene.links, arrows, lanes)
        _Across(layout).place()
        parts = [layout] if room is None or layout.width <= room else _wrapped(layout, room)
        for part in parts:
            place_down(part)
        if len(parts) > 1:
            _join(layout, parts)
    return layout


def _wrapped(layout: Layout, room: float) -> list[Layout]:
    """The lines of a layout that is too wide, each laid out by itself; it is cut where a single way leads on."""
    passing: Counter[int] = Counter()
    for route in layout.routes:
        passing.update(range(route.tail.column + 1, route.head.column + 1))
    columns = sorted({item.column for item in layout.placed})
    bounds = [at for at in columns if passing[at] == 1 or at == columns[0]]
    groups = [
        [item for item in layout.placed if start <= item.column < end]
        for start, end in pairwise([*bounds, columns[-1] + 1])
    ]
    pieces = [_piece(group) for group in groups]
    found: list[Layout] = []
    for share in _SHARES:
        begins = [0, *rows(pieces, (room - 2 * MARGIN - _ONWARD) * share), len(groups)]
        found = [_line(layout, groups[start:end]) for start, end in pairwise(begins)]
        if max(line.width for line in found) + _ONWARD / 2 <= room:
            break
    return found


_SHARES = (1.0, 0.9, 0.8, 0.7)
"""What of its room a line is given: in a short line labels that had two levels are side by side, and take more."""


def _line(layout: Layout, groups: Sequence[Sequence[Placed]]) -> Layout:
    """One line of a layout, with its places along the page."""
    line = [item for group in groups for item in group]
    inside = {id(item) for item in line}
    routes = [route for route in layout.routes if id(route.tail) in inside and id(route.head) in inside]
    for route in routes:
        route.turn = None
    found = Layout(line, routes)
    _Across(found).place()
    return found


def _piece(group: list[Placed]) -> Piece:
    reach = [(item.x - max(item.half, item.label_half), item.x + max(item.half, item.label_half)) for item in group]
    return Piece(min(left for left, _ in reach), max(right for _, right in reach))


_ONWARD, _BETWEEN = 24.0, 30.0
"""The room at the ends of lines, and between them, for the way from one to the next."""


def _join(layout: Layout, parts: list[Layout]) -> None:
    """Put the lines of a layout below each other, with ways from each to the next."""
    y = 0.0
    inside = {id(route) for part in parts for route in part.routes}
    for part in parts:
        for item in part.placed:
            item.axis += y
            item.label_top += y
        for route in part.routes:
            route.arc = None if route.arc is None else route.arc + y
        y += part.height + _BETWEEN
        part.height = y - _BETWEEN / 2
    ends = iter(parts)
    for route in layout.routes:
        if id(route) not in inside:
            route.across, route.returns = next(ends).height, True
    layout.width = max(part.width for part in parts) + _ONWARD / 2
    layout.height = y - _BETWEEN


def _body(volume: Volume, scale: Scale) -> Body:
    return Body(2 * RADIUS, 2 * RADIUS, 0, 2 * RADIUS) if volume.sign else scale.body(volume)


def _label(volume: Volume, fitting: Fitting) -> Label | None:
    if volume.sign:
        return None
    times = f" × {volume.count}" if volume.count > 1 else ""
    room = _WIDEST / SLACK
    title = f"{volume.title}{times}"
    if text_width(title, TITLE, BOLD) > room:
        title = f"{volume.plain_title}{times}"
    more = tr(", {count} more", count=volume.others) if volume.others else ""
    size = shorten(size_text(volume.shape, fitting), _WIDEST_SIZE / SLACK - text_width(more, SMALL, MONO), SMALL, MONO)
    return Label(shorten(title, room, TITLE, BOLD), _name(volume), size + more)


def _name(volume: Volume) -> str:
    """The name as far as there is room; of several, the end of the last or the first alone may have to do, and of one
    that is an output too, which output it is.
    """
    room = _WIDEST_NAME / SLACK
    if volume.output and text_width(volume.name, SMALL) > room:
        return shorten(volume.output, room, SMALL)
    first, several, last = volume.name.partition(" … ")
    if several and text_width(volume.name, SMALL) > room:
        home, dot, end = last.rpartition(".")
        brief = f"{first} … {end}"
        if first.startswith(f"{home}{dot}") and text_width(brief, SMALL) <= room:
            return brief
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
