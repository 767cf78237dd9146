"""What is drawn: boxes, clusters of boxes, and arrows between them.

The model between a program and DOT text.  It holds words and numbers, but no colours and no syntax.
Boxes stand in the order of execution, so every arrow leads from a box to a later one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from cnndsl.ir.program import Origin

IO, MERGE, BLOCK, END = "io", "merge", "block", "end"
"""The kinds of boxes that are not layers; a layer's kind is the value of its `Group`.

END is that of an unseen box where a row goes on in the next one.
"""


class Steps(NamedTuple):
    """Steps of a module in a row, by the number of the first one; `path` is that of the module from the network."""

    module: str
    path: str
    first: int
    length: int


@dataclass(slots=True)
class Box:
    """A layer, an operation, an input or output, or a folded block.

    `title` and `name` stand in the first line, `detail` and `note` in the second; `lines` is the whole
    story, for the tooltip.  `times` is how many equal parts in a row the box stands for.  `path` need not
    be unique: a shared layer has a box for each use.
    """

    path: str
    kind: str
    title: str
    name: str
    detail: str
    note: str
    lines: tuple[str, ...]
    origin: Origin
    times: int = 1
    training: bool = False
    """Whether it is there in training only."""
    steps: Steps | None = None
    """What it stands for; None for an input or an output."""
    lane: int = 0
    """Boxes in one lane stand in a straight line."""


@dataclass(slots=True)
class Cluster:
    """A part that is drawn with its inside.

    `chain` marks one without a definition: a mere group of layers under a name, framed more lightly.
    `training` is true where it is there in training only.
    """

    path: str
    title: str
    name: str
    note: str
    lines: tuple[str, ...]
    origin: Origin
    chain: bool
    training: bool = False
    steps: Steps | None = None
    """The step that it is."""
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Turns:
    """Unseen points side by side above clusters, where the arrows from one box turn down.

    An arrow that comes from the side would cross the words at the head of a cluster. There are `count`, one
    for each arrow.
    """

    count: int


Item = Box | Cluster | Turns


class Emphasis(Enum):
    """How the size beside an arrow is written."""

    NONE = "none"
    QUIET = "quiet"
    STRONG = "strong"


@dataclass(slots=True)
class Arrow:
    """A value on its way from the box `tail` to the box `head`, by their position in `Picture.boxes`."""

    tail: int
    head: int
    size: str
    emphasis: Emphasis = Emphasis.NONE
    skip: bool = False
    within_skip: bool = False
    """Whether it leads on inside a branch that goes around, and is no way around by itself."""
    turn: tuple[Turns, int] | None = None
    """The point where it turns down into a cluster, by its place among the others."""


@dataclass(slots=True)
class Picture:
    """A whole diagram."""

    name: str
    summary: str
    """The totals, for the line below the title."""
    items: list[Item] = field(default_factory=list)
    """The boxes and clusters of the outermost level."""
    boxes: list[Box] = field(default_factory=list)
    """Every box at whatever level."""
    arrows: list[Arrow] = field(default_factory=list)
    crowded: bool = False
    """Whether so many branches stand side by side that the boxes have to be narrow."""

    def clusters(self) -> Iterator[Cluster]:
        """Every cluster at whatever level, outer ones first."""
        waiting = [item for item in reversed(self.items) if isinstance(item, Cluster)]
        while waiting:
            cluster = waiting.pop()
            yield cluster
            waiting += [item for item in reversed(cluster.items) if isinstance(item, Cluster)]
