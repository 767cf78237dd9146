"""What is drawn: the maps that flow through a network, and what leads from one to the next.

The model between a program and SVG.  It holds sizes and words, but no places and no colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cnndsl.backends.captions import Fitting
from cnndsl.frozen import frozen
from cnndsl.ir.program import Origin
from cnndsl.layers.formula import Shape


@frozen()
class Band:
    """A layer that keeps the size: a stripe at the end of the volume that it works on."""

    kind: str
    title: str


@dataclass(slots=True)
class Volume:
    """A map with the layer or block that makes it; or with `sign`, an operation that is no more than a sign.

    shape: one sample's, plain numbers but for open sizes.
    title: the kind of layer, with its window: "Conv2d 3×3"; plain_title: without it.
    makers: the parts that make it; paths: those and the parts on its stripes.
    key: volumes in a row with equal keys look the same, and may be drawn as one.
    run: the same for blocks that are turns of one run.
    window: what one position of it reads of each spatial axis before it; None where that says nothing.
    whole: whether one position reads all of what is before it.
    joined: the channels of what was put side by side.
    hops: for each of the equal ones, whether what comes in is also added to what goes out, inside the block.
    lines: the whole story, for the tooltip; there is a line for each stripe at its end.
    shared: whether its weights are those of an earlier one.
    count: how many equal ones in a row it stands for. others: how many more maps come out of it.
    """

    kind: str
    title: str
    makers: list[str]
    shape: Shape
    origin: Origin
    lines: list[str]
    key: object = None
    run: object = None
    sign: bool = False
    window: tuple[int, ...] | None = None
    whole: bool = False
    joined: tuple[int, ...] = ()
    hops: list[bool] = field(default_factory=lambda: [False])
    paths: list[str] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    count: int = 1
    others: int = 0
    training: bool = False
    shared: bool = False
    plain_title: str = ""
    output: str = ""
    """Which of several outputs of the network it is."""
    name: str = ""
    """What the label calls it; filled in at the end, when all is folded."""

    def __post_init__(self) -> None:
        self.plain_title = self.plain_title or self.title
        self.paths = self.paths or list(self.makers)

    def goes_on(self, before: Volume) -> bool:
        """Whether it may be drawn as one with the volume before it: both look the same, or are turns of one run."""
        if (self.kind, self.training, self.shared) != (before.kind, before.training, before.shared):
            return False
        if self.run is not None and self.run == before.run:  # the last one may have more stripes
            return self.bands[: len(before.bands)] == before.bands
        return self.key is not None and self.key == before.key and self.bands == before.bands


@frozen()
class Link:
    """A value on its way from the volume `tail` to the volume `head`, by their position in `Scene.volumes`."""

    tail: int
    head: int


@dataclass(slots=True)
class Scene:
    """A whole picture. Volumes stand in the order of execution, so every link leads to a later one."""

    name: str
    summary: str
    fitting: Fitting = field(default_factory=dict)
    """What sizes that are left open must be."""
    volumes: list[Volume] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    can_close: bool = False
    """Whether a part that has a name was opened, so that another plan may close it."""
    parts: dict[str, int] = field(default_factory=dict)
    """How many parts are applied in each part that was opened, by its path."""
