"""Where everything stands on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cnndsl.backends.diagram.markup import BOLD, MONO
from cnndsl.backends.diagram.metrics import text_width
from cnndsl.backends.volume.project import Body, Box
from cnndsl.backends.volume.scene import Volume

TITLE, SMALL = 11.5, 10.0
"""Points of the first line of a label, and of the others."""
LINE = 13.0
MARGIN = 24.0
RADIUS = 11.0
"""Of the circle that a sign stands in."""
TURN = 34.0
"""How long a bend between rows is."""
GAP, LABEL_GAP = 22.0, 9.0
"""What is left between volumes, and between labels."""
SLACK = 1.1
"""For viewers without Helvetica, whose letters may be wider."""


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
    turn: where a bend between rows begins; upright: whether it leads straight down or up into another row.
    """

    tail: Placed
    head: Placed
    skip: bool
    arc: float | None = None
    turn: float | None = None
    upright: bool = False
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
