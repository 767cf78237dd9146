"""What is drawn: the maps that flow through a network, and what leads from one to the next, and how much of it: which
blocks are opened, which equal volumes are one.

The model between a program and SVG.  It holds sizes and words, but no places and no colours.

A figure is read at a glance, so it has a dozen volumes or two.  What is tried in turn: everything; all
but the blocks with branches, such as a residual block; the same with equal layers in a row drawn as
one, as equal blocks always are; with what is made of such blocks closed too; and last with every named
part closed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from cnndsl.analysis.repeats import Repeats
from cnndsl.backends import captions
from cnndsl.backends.captions import Fitting
from cnndsl.backends.graphviz.picture import BLOCK
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.program import Call, Combine, Module, Origin, Program
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


FEW = 14
"""Up to so many volumes everything is shown."""
MANY = 40
"""With more volumes than this, parts that have a name are closed."""
MOST = 400
"""Volumes that are drawn; of more, those at the beginning and at the end."""


class Shapes:
    """What the plans ask about definitions: which have branches, and which add what comes in."""

    def __init__(self, program: Program, network: Module) -> None:
        self.program = program
        self.repeats = Repeats(program, network)
        self._branched: set[str] | None = None
        self._deeply: dict[str, bool] = {}

    def is_branched(self, module: Module, *, inside: bool = False) -> bool:
        """Whether a use of this definition has branches of its own, which come together in it.

        With `inside`, also whether a part of it has. A block that takes in several values, as the decoder
        of a U-Net does, brings together what others have branched, and shows more opened.
        """
        if self._branched is None:
            self._branched = {m.name for m in self.program.modules.values() if len(m.inputs) == 1 and self._forks(m)}
        if not inside or module.name in self._branched:
            return module.name in self._branched
        if module.id not in self._deeply:
            parts = filter(None, (self.repeats.inner(module, step) for step in module.steps))
            self._deeply[module.id] = any(self.is_branched(part, inside=True) for part in parts)
        return self._deeply[module.id]

    def is_residual(self, module: Module) -> bool:
        """Whether a module adds what comes in, fitted by a layer or two at most, to what it makes of it."""
        near = dict.fromkeys(range(len(module.inputs)), 0)
        if sum(0 in step.inputs for step in module.steps) < 2:
            return False
        for step in module.steps:
            known = [near[value] for value in step.inputs if value in near]
            if isinstance(step.action, Combine):
                if known == [1] * len(step.inputs):  # layers side by side: none goes around another
                    near.update(dict.fromkeys(step.outputs, 1))
                elif len(step.inputs) == 2 and known and step.action.operation.kind == "add":
                    return True
            elif known and known[0] < 1:
                near.update(dict.fromkeys(step.outputs, 1))
        return False

    def _forks(self, module: Module) -> bool:
        return len(module.outputs) > 1 or any(
            len(step.inputs) > 1 for step in module.steps if isinstance(step.action, Combine | Call)
        )


@frozen()
class Plan:
    """How much to show: which parts are opened, and whether equal layers in a row are one.

    branched, around_branched, named: whether parts are opened that have branches, that have such parts
    inside, and that have a name.
    depth: where it is given, the number of levels that are opened, whatever is in them.
    most: with more volumes than this, equal ones in a row being one, another plan is tried.
    """

    branched: bool = False
    around_branched: bool = True
    named: bool = True
    merged: bool = True
    depth: int | None = None
    most: int | None = None
    deepest: int = 40
    most_walked: int = 5_000

    def opens(self, shapes: Shapes, module: Module) -> bool:
        """Whether this part is drawn with its inside."""
        if module.kind == "chain":
            return True
        return self.named and (self.branched or not shapes.is_branched(module, inside=not self.around_branched))


PLANS = (
    Plan(branched=True, merged=False, most=FEW),
    Plan(merged=False, most=FEW),
    Plan(most=MANY),
    Plan(around_branched=False, most=MANY),
    Plan(named=False),
)
"""Plans in the order in which they are tried."""


def fold(scene: Scene, *, layers: bool) -> Scene:
    """The scene with runs of blocks, and blocks that look equal, drawn as one; with `layers` equal layers too.

    It takes the volumes of the scene that it is given, which is not to be used any more.
    """
    after = Counter(link.tail for link in scene.links)
    before: dict[int, list[int]] = defaultdict(list)
    for link in scene.links:
        before[link.head].append(link.tail)
    folded = replace(scene, volumes=[], links=[])
    places: list[int] = []
    for at, volume in enumerate(scene.volumes):
        tails = before[at]
        alone = len(tails) == 1 and after[tails[0]] == 1 and (layers or volume.kind == BLOCK)
        if alone and volume.goes_on(scene.volumes[tails[0]]):
            place = places[tails[0]]
            first = folded.volumes[place]
            first.count += 1
            first.shape = volume.shape
            more = len(volume.bands) - len(first.bands)
            first.bands += volume.bands[len(first.bands) :]
            first.lines += volume.lines[len(volume.lines) - more :]
            first.hops += volume.hops
            first.paths += volume.paths
            first.makers += volume.makers
        else:
            place = len(folded.volumes)
            folded.volumes.append(volume)
            folded.links += (Link(places[tail], place) for tail in tails)
        places.append(place)
    return folded


def cut(scene: Scene) -> Scene:
    """The scene with its middle as one volume where there are more than anybody looks at."""
    count = len(scene.volumes)
    if count <= MOST:
        return scene
    start, end = MOST // 2, count - MOST // 2
    last = scene.volumes[end - 1]
    left_out = sum(volume.count for volume in scene.volumes[start:end])
    middle = Volume(BLOCK, f"… {tr('{count:,} more', count=left_out)}", [], last.shape, last.origin, [])
    volumes = [*scene.volumes[:start], middle, *scene.volumes[end:]]
    places = [*range(start), *[start] * (end - start), *range(start + 1, len(volumes))]
    links = (Link(places[link.tail], places[link.head]) for link in scene.links)
    return replace(scene, volumes=volumes, links=[link for link in dict.fromkeys(links) if link.tail < link.head])


def give_names(scene: Scene) -> None:
    """Fill in the names: the part that is wholly in a volume, or else the layers that the volume is made by."""
    for volume in scene.volumes:
        paths = list(dict.fromkeys(volume.paths))
        climbed = False
        while True:
            homes = Counter(path.rpartition(".")[0] for path in paths)
            whole = {home for home, count in homes.items() if home and scene.parts.get(home) == count}
            if not whole:
                break
            climbed = True
            paths = list(dict.fromkeys(home if (home := path.rpartition(".")[0]) in whole else path for path in paths))
        names = paths if climbed else volume.makers
        said = (captions.span(names), tr("shared") if volume.shared else "", volume.output)
        volume.name = " · ".join(filter(None, said))
