"""Program -> picture: every use of a layer becomes a box, every value an arrow, some parts one box as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cnndsl.analysis import costs
from cnndsl.analysis.repeats import Repeats, Run
from cnndsl.backends import captions
from cnndsl.backends.captions import fitting_sizes, full_size, size_text
from cnndsl.backends.graphviz.picture import BLOCK, IO, MERGE, Arrow, Box, Cluster, Item, Picture, Steps
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Child, Module, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.operations import Operation

WHOLE = 30
"""Up to this many boxes a network is shown whole."""
MOST = 2_000
"""With this many boxes drawn nothing more is opened: the picture is too large to be read."""
DEEPEST = 40
"""Clusters within clusters, at most."""
MANY = 3
"""From so many values on that come in and as many that go out, each of which may reach each, arrows must cross."""


class Folding:
    """The decisions for one diagram, made in the order of drawing.

    `depth` is the number of levels to open, None for the rule above; `expand` names definitions
    (`BasicBlock`) or parts (`layer2.0`) that are opened in any case, `*` for all.
    """

    def __init__(self, known: Pictures, root: Module, depth: int | None, expand: Collection[str]) -> None:
        self._depth = depth
        self._expand = frozenset(expand)
        self.repeats = known.repeats
        self._boxes = known.boxes
        self._whole = self._boxes[root.id] <= WHOLE
        self._richest = self._choose(root)
        self._shown: set[object] = set()
        self.drawn = 0
        """How many boxes there are so far; the builder counts them."""

    def is_prefix(self, module: Module) -> bool:
        """Whether a part is no more than a name before a part or two layers, and needs no frame."""
        layers = [self.repeats.inner(module, step) is None for step in module.steps]
        return module.kind == "chain" and (len(layers) <= 1 or layers == [True, True])

    def is_forced(self, name: str, path: str) -> bool:
        """Whether the user asked to see the inside of the definition `name`, or of the part at `path`."""
        return not self._expand.isdisjoint(("*", path, name))

    def opens(self, outer: Module, module: Module, path: str, level: int, *, again: bool) -> bool:
        """Whether this use of `module`, a part of `outer`, is drawn with its inside.

        `level` is the number of clusters around it; `again` says that this very part was drawn before.
        """
        if level >= DEEPEST or self.drawn >= MOST:
            return False
        shown = module.name or (path.rpartition(".")[0], module.origin)
        if self.is_forced(module.name, path):
            opened = True
        elif again:
            opened = False
        elif self._depth is not None:
            opened = level < self._depth
        else:
            richest = self._richest.get(_definition(outer, module), module)
            is_telling = self.repeats.structure(module) == self.repeats.structure(richest)
            opened = self._whole or (is_telling and shown not in self._shown and not _is_crowded(module))
        if opened:
            self._shown.add(shown)
        return opened

    def _choose(self, root: Module) -> dict[object, Module]:
        """For each definition the richest of its uses, of equally rich ones the first, in what is shown itself.

        Of those whose arrows need not cross, if there are some.
        """
        found: dict[object, Module] = {}
        level = [root]
        while level:
            uses: dict[object, list[Module]] = {}
            for outer in level:
                for step in outer.steps:
                    inner = self.repeats.inner(outer, step)
                    if inner is not None and _definition(outer, inner) not in found:
                        uses.setdefault(_definition(outer, inner), []).append(inner)
            found |= {
                key: max(inners, key=lambda inner: (not _is_crowded(inner), self._boxes[inner.id]))
                for key, inners in uses.items()
            }
            level = [found[key] for key in uses]
        return found


def _is_crowded(module: Module) -> bool:
    """Whether so many values go into a part and out of it that there is no room for their arrows inside."""
    return min(len(module.inputs), len(module.outputs)) >= MANY


def _definition(outer: Module, module: Module) -> object:
    """What a part of `outer` is a use of: a definition, or of a chain the place in the text that makes it there."""
    return module.name or (outer.id, module.origin)


_FEW = 3
"""Up to so many kinds of layers a folded chain lists by name."""


def build(program: Program, network: Module, depth: int | None = None, expand: Collection[str] = ()) -> Picture:
    """The picture of a network, without what `paths` marks: lanes, skips, and which sizes are told.

    `depth` and `expand` are those of `Folding`.
    """
    return Pictures(program, network).of(network, depth, expand)


class Pictures:
    """Makes the pictures of a network and of the modules that it is made of; what these share is worked out once."""

    def __init__(self, program: Program, network: Module) -> None:
        self.program = program
        self.repeats = Repeats(program, network)
        self.boxes: dict[str, int] = {}
        """How many boxes a module is, were all in it opened."""
        for module in self.repeats.modules:
            self.boxes[module.id] = self._count(module)
        self.costs = costs.table(program)
        self.fitting = fitting_sizes(network)

    def of(self, module: Module, depth: int | None = None, expand: Collection[str] = ()) -> Picture:
        """The picture of the network, or of one of its modules, as `build` gives it."""
        picture = Picture(module.name, captions.summary(self.costs[module.id]))
        _Builder(self, Folding(self, module, depth, expand), picture).network(module)
        return picture

    def _count(self, module: Module) -> int:
        boxes = 0
        for start, period, times in self.repeats.runs(module):
            for step in module.steps[start : start + period]:
                inner = self.repeats.inner(module, step)
                boxes += self.boxes[inner.id] if inner else 1
            boxes += times > 1
        return boxes


class _Value(NamedTuple):
    """A value on its way: the box that it comes from, and its size."""

    box: int
    shape: Shape


@frozen()
class _Place:
    """Where in the network the builder is.

    `scope` leads to the definition around it, to which the names in boxes are relative.  `counted` is true inside a
    part that was drawn before; `share` is the mark that its layers bear where the part has no frame of its own;
    `training` is true inside a part that is there in training only.
    """

    items: list[Item]
    scope: str = ""
    level: int = 0
    counted: bool = False
    share: str = ""
    training: bool = False

    def local(self, path: str) -> str:
        """The name of a part as its definition knows it."""
        return path.removeprefix(f"{self.scope}.") if self.scope else path


@dataclass(slots=True)
class _Drawn:
    """A module that is being drawn: its values so far, and how often its parts are and have been used."""

    place: _Place
    values: dict[int, _Value]
    uses: Counter[str]
    used: Counter[str] = field(default_factory=Counter)

    def share(self, at: Application) -> str:
        """The mark of a shared part at its next use: `shared 2/3`; nothing for a part that is used once."""
        self.used[at.name] += 1
        uses = self.uses[at.name]
        return f"{tr('shared')} {self.used[at.name]}/{uses}" if uses > 1 else self.place.share


class _Builder:
    def __init__(self, known: Pictures, folding: Folding, picture: Picture) -> None:
        self._known = known
        self._folding = folding
        self._repeats = known.repeats
        self._picture = picture
        self._counted: set[str] = set()  # the paths of the parts that were drawn

    def network(self, network: Module) -> None:
        place = _Place(self._picture.items)
        inputs = []
        for name, shape in zip(network.inputs, network.input_shapes, strict=True):
            box = self._terminal(tr("input"), name if len(network.inputs) > 1 else "", shape, network)
            inputs.append(_Value(self._add(box, place), shape))
        for output, value in zip(network.outputs, self._inside(Frame(network), inputs, place), strict=True):
            name = network.names.get(output.value, "") if len(network.outputs) > 1 else ""
            box = self._terminal(tr("output"), output.name or name, value.shape, network)
            box.training = output.training
            self._arrows([value], self._add(box, place))

    def _inside(self, frame: Frame, inputs: Sequence[_Value], place: _Place) -> list[_Value]:
        """Draw the steps of a module; returns its outputs."""
        steps = list(applications(self._known.program, frame))
        drawn = _Drawn(place, dict(enumerate(inputs)), Counter(at.name for at in steps))
        for run in self._repeats.runs(frame.module):
            self._run(drawn, steps[run.start : run.start + run.period * run.times], run)
        return [drawn.values[output.value] for output in frame.module.outputs]

    def _run(self, drawn: _Drawn, steps: Sequence[Application], run: Run) -> None:
        parts = [at for at in steps if at.part is not None]
        if run.times == 1 or any(self._folding.is_forced(at.inner.name if at.inner else "", at.path) for at in parts):
            self._one_by_one(drawn, steps)
            return
        if run.period == 1 and steps[0].inner:
            shown = 1 if self._open(drawn, steps[0], steps[0].inner) else 0
        else:
            shown = run.period
            self._one_by_one(drawn, steps[:shown])
        self._fold(drawn, steps[shown:], run.period)

    def _one_by_one(self, drawn: _Drawn, steps: Sequence[Application]) -> None:
        for at in steps:
            if isinstance(at.target, Module):
                if not self._open(drawn, at, at.target):
                    self._fold(drawn, [at])
            elif isinstance(at.target, Operation):
                self._combine(drawn, at, at.target)
            elif at.part is not None:
                self._layer(drawn, at, at.target, at.part)
            else:
                self._plain(drawn, at, at.target)

    def _layer(self, drawn: _Drawn, at: Application, layer: Layer, part: Child) -> None:
        title, detail = captions.applied(at)
        note, share = self._weigh([at], drawn.place), drawn.share(at)
        lines = (at.path, title, detail, captions.change(at.xs, at.ys), note, share)
        name = captions.marked(drawn.place.local(at.path), share)
        self._finish(drawn, [at], Box(at.path, layer.group.value, title, name, detail, note, lines, part.origin))

    def _plain(self, drawn: _Drawn, at: Application, layer: Layer) -> None:
        title, detail = captions.applied(at)
        remark = tr("inserted by the compiler" if at.inserted else "a function call, no module")
        lines = (title, detail, captions.change(at.xs, at.ys), remark)
        name, path = tr("inserted") if at.inserted else "", at.frame.path_of(layer.kind)
        self._finish(drawn, [at], Box(path, layer.group.value, title, name, detail, "", lines, at.step.origin))

    def _combine(self, drawn: _Drawn, at: Application, operation: Operation) -> None:
        title, detail = captions.applied(at)
        lines = (operation.kind, detail, captions.change(at.xs, at.ys))
        path = at.frame.path_of(operation.kind)
        self._finish(drawn, [at], Box(path, MERGE, title, "", detail, "", lines, at.step.origin))

    def _open(self, drawn: _Drawn, at: Application, inner: Module) -> bool:
        """Draw a composed part with its inside, if it is to be drawn so; says whether it was."""
        place, path = drawn.place, at.path
        assert at.part is not None  # noqa: S101 - nothing else is composed
        again = path in self._counted
        is_prefix = self._folding.is_prefix(inner)
        if not is_prefix and not self._folding.opens(at.frame.module, inner, path, place.level, again=again):
            return False
        counted, training = place.counted or again, place.training or at.step.training
        note, share = self._weigh([at], place), drawn.share(at)
        if is_prefix:
            within = replace(place, counted=counted, share=share, training=training)
        else:
            is_chain = inner.kind == "chain"
            given, change = captions.arguments(inner.parameters), captions.change(at.xs, at.ys)
            lines = (path, inner.name, given, change, note, share)
            name = captions.marked(place.local(path), share)
            cluster = Cluster(path, inner.name, name, note, lines, at.part.origin, is_chain, training)
            cluster.steps = _steps([at])
            place.items.append(cluster)
            scope = place.scope if is_chain else path
            within = _Place(cluster.items, scope, place.level + 1, counted, "", training)
        outputs = self._inside(at.inside(inner), [drawn.values[i] for i in at.step.inputs], within)
        for index, value, shape in zip(at.step.outputs, outputs, at.ys, strict=True):
            # The size as the surroundings see it: inside, it may be told in the names of the definition.
            drawn.values[index] = value._replace(shape=shape)
        return True

    def _fold(self, drawn: _Drawn, steps: Sequence[Application], period: int = 1) -> None:
        """Draw steps as one box: uses of a block in a row, or a pattern of `period` steps again and again."""
        first, place = steps[0], drawn.place
        parts = [(at.path, at.part.origin) for at in steps if at.part is not None]
        title, detail, times = self._run_said(steps, period)
        shares = {drawn.share(at) for at in steps if at.part is not None}
        share = shares.pop() if len(shares) == 1 else tr("shared") if shares else ""
        note = self._weigh(steps, place)
        paths = [path for path, _ in parts]
        name = captions.marked(captions.span([place.local(path) for path in paths]), share)
        change = captions.change(first.xs, steps[-1].ys)
        lines = (captions.span(paths), title, detail, change, note, share)
        wanted, origin = parts[0] if parts else (first.frame.path_of("steps"), first.step.origin)
        self._finish(drawn, steps, Box(wanted, BLOCK, title, name, detail, note, lines, origin, times))

    def _run_said(self, steps: Sequence[Application], period: int) -> tuple[str, str, int]:
        """What steps in one box are, what is said of them, and how often a turn of them comes."""
        times = len(steps) // period
        uses = [at.inner for at in steps]
        inner = uses[0] if period == 1 else None
        if inner and inner.kind == "chain" and times == 1:
            # A chain of nothing but uses of a definition is told as these.
            uses = [self._repeats.inner(inner, step) for step in inner.steps]
        blocks = [use for use in uses if use and use.name]
        turns = [steps[at : at + period] for at in range(0, len(steps), period)]
        given = captions.channels([turn[0].x for turn in turns])
        if len(blocks) == len(uses) and len({(block.name, block.origin) for block in blocks}) == 1:
            title, times = blocks[0].name, len(blocks)
            detail = captions.arguments(*(block.parameters for block in blocks))
        else:
            kinds = [_kind(at) for at in turns[0]]
            title = kinds[0] if period == 1 else tr("{count} parts" if any(uses) else "{count} layers", count=period)
            held = self._held(inner) if inner else " → ".join(kinds) if period > 1 else ""
            module = steps[0].frame.module
            settings = [self._repeats.settings(module, *(at.step for at in turn)) for turn in turns]
            detail = ", ".join(filter(None, (held, captions.differences(settings))))
        detail = ", ".join(filter(None, (detail, given)))
        return f"{title} × {times}" if times > 1 else title, detail, times

    def _held(self, inner: Module) -> str:
        """What stands in a chain."""
        runs = self._repeats.runs(inner)
        if len(runs) > _FEW:
            return tr("{count} layers", count=len(inner.steps))
        kinds = ((_kind(self._repeats.applied(inner, inner.steps[run.start])), run.times) for run in runs)
        return " → ".join(f"{kind} × {count}" if count > 1 else kind for kind, count in kinds)

    def _weigh(self, steps: Sequence[Application], place: _Place) -> str:
        """The learned numbers of the parts, but for those of a part that was drawn before."""
        total = new = 0
        for at in steps:
            held = (
                self._known.costs[at.inner.id].parameters if at.inner else captions.learned(at.leaf) if at.leaf else 0
            )
            total += held
            new += 0 if place.counted or at.path in self._counted else held
            self._counted.add(at.path)
        return captions.params(new) if new or not total else tr("counted before")

    def _finish(self, drawn: _Drawn, steps: Sequence[Application], box: Box) -> None:
        """Put a box in its place, with arrows from what the first step reads; it makes the last one's outputs."""
        first, last = steps[0], steps[-1]
        box.steps = _steps(steps)
        number = self._add(box, drawn.place)
        self._arrows([drawn.values[i] for i in first.step.read], number)
        box.training = drawn.place.training or first.step.training
        drawn.values.update((i, _Value(number, shape)) for i, shape in zip(last.step.outputs, last.ys, strict=True))

    def _add(self, box: Box, place: _Place) -> int:
        place.items.append(box)
        self._picture.boxes.append(box)
        self._folding.drawn += 1
        return len(self._picture.boxes) - 1

    def _arrows(self, given: Sequence[_Value], head: int) -> None:
        for value in given:
            self._picture.arrows.append(Arrow(value.box, head, size_text(value.shape, self._known.fitting)))

    def _terminal(self, title: str, name: str, shape: Shape, network: Module) -> Box:
        lines = (title, name, full_size(shape))
        return Box(title, IO, title, name, size_text(shape, self._known.fitting), "", lines, network.origin)


def _steps(steps: Sequence[Application]) -> Steps:
    first = steps[0]
    return Steps(first.frame.module.id, first.frame.path, first.index, len(steps))


def _kind(at: Application) -> str:
    """What a step applies, in a word."""
    if isinstance(at.target, Module):
        return at.target.name or "Sequential"
    return at.target.kind if isinstance(at.target, Operation) else at.target.title(at.x)
