"""Program -> picture: every use of a layer becomes a box, every value an arrow, some parts one box as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cnndsl.analysis import costs
from cnndsl.analysis.repeats import Repeats, Run
from cnndsl.backends import captions
from cnndsl.backends.captions import Fitting, fitting_sizes, full_size, size_text
from cnndsl.backends.graphviz.picture import BLOCK, IO, MERGE, Arrow, Box, Cluster, Item, Picture, Steps
from cnndsl.frozen import frozen
from cnndsl.i18n import listed, tr
from cnndsl.ir.program import Call, Child, Combine, Leaf, Module, Plain, Program, Step
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
        self.repeats = Repeats(program, network)
        self.boxes: dict[str, int] = {}
        """How many boxes a module is, were all in it opened."""
        for module in self.repeats.modules:
            self.boxes[module.id] = self._count(module)
        self.costs = costs.table(program)
        self._fitting = fitting_sizes(network)

    def of(self, module: Module, depth: int | None = None, expand: Collection[str] = ()) -> Picture:
        """The picture of the network, or of one of its modules, as `build` gives it."""
        picture = Picture(module.name, captions.summary(self.costs[module.id]))
        _Builder(Folding(self, module, depth, expand), self.costs, picture, self._fitting).network(module)
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


class _Part(NamedTuple):
    """A use of a named part: a layer (`leaf`) or something composed (`inner`). `parameters` are the learned numbers."""

    child: Child
    path: str
    leaf: Leaf | None
    inner: Module | None
    parameters: int


@frozen()
class _Place:
    """Where in the network the builder is.

    `path` leads here from the network by attribute names; `scope` to the definition around it, to
    which the names in boxes are relative.  `counted` is true inside a part that was drawn before;
    `share` is the mark that its layers bear where the part has no frame of its own; `training` is true
    inside a part that is there in training only.
    """

    items: list[Item]
    path: str = ""
    scope: str = ""
    level: int = 0
    counted: bool = False
    share: str = ""
    training: bool = False

    def part(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def local(self, path: str) -> str:
        """The name of a part as its definition knows it."""
        return path.removeprefix(f"{self.scope}.") if self.scope else path


@dataclass(slots=True)
class _Frame:
    """A module that is being drawn: its values so far, and how often its parts are and have been used."""

    module: Module
    place: _Place
    values: dict[int, _Value]
    uses: Counter[str]
    used: Counter[str] = field(default_factory=Counter)

    def share(self, part: _Part) -> str:
        """The mark of a shared part at its next use: `shared 2/3`; nothing for a part that is used once."""
        name = part.child.name
        self.used[name] += 1
        return f"{tr('shared')} {self.used[name]}/{self.uses[name]}" if self.uses[name] > 1 else self.place.share

    def entry(self, step: Step) -> Shape:
        """The size of what comes into a layer; a learned tensor takes nothing in."""
        return self.module.values[step.inputs[0]] if step.inputs else ()

    def shapes(self, values: Sequence[int]) -> tuple[Shape, ...]:
        return tuple(self.module.values[value] for value in values)

    def change(self, steps: Sequence[Step]) -> str:
        """What comes in and what goes out, in full."""
        given, made = self.shapes(steps[0].inputs), self.shapes(steps[-1].outputs)
        return " → ".join(listed([full_size(shape) for shape in shapes]) for shapes in (given, made) if shapes)


class _Builder:
    def __init__(self, folding: Folding, table: dict[str, costs.Cost], picture: Picture, fitting: Fitting) -> None:
        self._folding = folding
        self._repeats = folding.repeats
        self._costs = table
        self._picture = picture
        self._fitting = fitting
        self._drawn: set[str] = set()  # the paths of the parts that were drawn, and so counted

    def network(self, network: Module) -> None:
        place = _Place(self._picture.items)
        inputs = []
        for name, shape in zip(network.inputs, network.input_shapes, strict=True):
            box = self._terminal(tr("input"), name if len(network.inputs) > 1 else "", shape, network)
            inputs.append(_Value(self._add(box, place), shape))
        for output, value in zip(network.outputs, self._inside(network, inputs, place), strict=True):
            name = network.names.get(output.value, "") if len(network.outputs) > 1 else ""
            box = self._terminal(tr("output"), output.name or name, value.shape, network)
            box.training = output.training
            self._arrows([value], self._add(box, place))

    def _inside(self, module: Module, inputs: Sequence[_Value], place: _Place) -> list[_Value]:
        """Draw the steps of a module; returns its outputs."""
        uses = Counter(step.action.child for step in module.steps if isinstance(step.action, Call))
        frame = _Frame(module, place, dict(enumerate(inputs)), uses)
        for run in self._repeats.runs(module):
            self._run(frame, run)
        return [frame.values[output.value] for output in module.outputs]

    def _run(self, frame: _Frame, run: Run) -> None:
        steps = frame.module.steps[run.start : run.start + run.period * run.times]
        parts = self._parts(frame, steps)
        if run.times == 1 or any(self._is_forced(part) for part in parts):
            self._one_by_one(frame, steps)
            return
        if run.period == 1 and parts and parts[0].inner:
            shown = 1 if self._open(frame, steps[0], parts[0]) else 0
        else:
            shown = run.period
            self._one_by_one(frame, steps[:shown])
        self._fold(frame, steps[shown:], run.period)

    def _is_forced(self, part: _Part) -> bool:
        return self._folding.is_forced(part.inner.name if part.inner else "", part.path)

    def _one_by_one(self, frame: _Frame, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step.action, Plain):
                self._plain(frame, step, step.action)
            elif isinstance(step.action, Combine):
                self._combine(frame, step, step.action)
            else:
                (part,) = self._parts(frame, [step])
                if part.leaf:
                    self._layer(frame, step, part, part.leaf)
                elif not self._open(frame, step, part):
                    self._fold(frame, [step])

    def _layer(self, frame: _Frame, step: Step, part: _Part, leaf: Leaf) -> None:
        title, detail = self._said(frame, step)
        note, share = self._weigh([part], frame.place), frame.share(part)
        lines = (part.path, title, detail, frame.change([step]), note, share)
        name = captions.marked(frame.place.local(part.path), share)
        box = Box(part.path, leaf.layer.group.value, title, name, detail, note, lines, part.child.origin)
        self._finish(frame, [step], box)

    def _plain(self, frame: _Frame, step: Step, action: Plain) -> None:
        layer, (title, detail) = action.layer, self._said(frame, step)
        remark = tr("inserted by the compiler" if action.inserted else "a function call, no module")
        lines = (title, detail, frame.change([step]), remark)
        name, path = tr("inserted") if action.inserted else "", frame.place.part(layer.kind)
        box = Box(path, layer.group.value, title, name, detail, "", lines, step.origin)
        self._finish(frame, [step], box)

    def _combine(self, frame: _Frame, step: Step, action: Combine) -> None:
        operation = action.operation
        title, detail = self._said(frame, step)
        lines = (operation.kind, detail, frame.change([step]))
        box = Box(frame.place.part(operation.kind), MERGE, title, "", detail, "", lines, step.origin)
        self._finish(frame, [step], box)

    def _said(self, frame: _Frame, step: Step) -> tuple[str, str]:
        return captions.applied(self._repeats.applied(frame.module, step))

    def _open(self, frame: _Frame, step: Step, part: _Part) -> bool:
        """Draw a composed part with its inside, if it is to be drawn so; says whether it was."""
        place, inner = frame.place, part.inner
        if inner is None:
            return False
        again = part.path in self._drawn
        is_prefix = self._folding.is_prefix(inner)
        if not is_prefix and not self._folding.opens(frame.module, inner, part.path, place.level, again=again):
            return False
        counted, training = place.counted or again, place.training or step.training
        note, share = self._weigh([part], place), frame.share(part)
        if is_prefix:
            within = replace(place, path=part.path, counted=counted, share=share, training=training)
        else:
            is_chain = inner.kind == "chain"
            lines = (part.path, inner.name, captions.arguments(inner.parameters), frame.change([step]), note, share)
            name = captions.marked(place.local(part.path), share)
            cluster = Cluster(part.path, inner.name, name, note, lines, part.child.origin, is_chain, training)
            cluster.steps = self._steps(frame, [step])
            place.items.append(cluster)
            scope = place.scope if is_chain else part.path
            within = _Place(cluster.items, part.path, scope, place.level + 1, counted, "", training)
        outputs = self._inside(inner, [frame.values[i] for i in step.inputs], within)
        for index, value in zip(step.outputs, outputs, strict=True):
            # The size as the surroundings see it: inside, it may be told in the names of the definition.
            frame.values[index] = value._replace(shape=frame.module.values[index])
        return True

    def _fold(self, frame: _Frame, steps: Sequence[Step], period: int = 1) -> None:
        """Draw steps as one box: uses of a block in a row, or a pattern of `period` steps again and again."""
        parts, place = self._parts(frame, steps), frame.place
        title, detail, times = self._run_said(frame, steps, period)
        shares = {frame.share(part) for part in parts}
        share = shares.pop() if len(shares) == 1 else tr("shared") if shares else ""
        note = self._weigh(parts, place)
        paths = [part.path for part in parts]
        name = captions.marked(captions.span([place.local(path) for path in paths]), share)
        lines = (captions.span(paths), title, detail, frame.change(steps), note, share)
        wanted = paths[0] if paths else place.part("steps")
        origin = parts[0].child.origin if parts else steps[0].origin
        self._finish(frame, steps, Box(wanted, BLOCK, title, name, detail, note, lines, origin, times))

    def _run_said(self, frame: _Frame, steps: Sequence[Step], period: int) -> tuple[str, str, int]:
        """What steps in one box are, what is said of them, and how often a turn of them comes."""
        times = len(steps) // period
        uses = [self._repeats.inner(frame.module, step) for step in steps]
        inner = uses[0] if period == 1 else None
        if inner and inner.kind == "chain" and times == 1:
            # A chain of nothing but uses of a definition is told as these.
            uses = [self._repeats.inner(inner, step) for step in inner.steps]
        blocks = [use for use in uses if use and use.name]
        turns = [steps[at : at + period] for at in range(0, len(steps), period)]
        given = captions.channels([frame.entry(turn[0]) for turn in turns])
        if len(blocks) == len(uses) and len({(block.name, block.origin) for block in blocks}) == 1:
            title, detail, times = (
                blocks[0].name,
                captions.arguments(*(block.parameters for block in blocks)),
                len(blocks),
            )
        else:
            kinds = [self._kind(frame, step) for step in turns[0]]
            title = kinds[0] if period == 1 else tr("{count} parts" if any(uses) else "{count} layers", count=period)
            held = self._held(inner) if inner else " → ".join(kinds) if period > 1 else ""
            differences = captions.differences([self._repeats.settings(frame.module, *turn) for turn in turns])
            detail = ", ".join(filter(None, (held, differences)))
        detail = ", ".join(filter(None, (detail, given)))
        return f"{title} × {times}" if times > 1 else title, detail, times

    def _kind(self, frame: _Frame, step: Step) -> str:
        """What a step applies, in a word."""
        at = self._repeats.applied(frame.module, step)
        if isinstance(at.target, Module):
            return at.target.name or "Sequential"
        return at.target.kind if isinstance(at.target, Operation) else at.target.title(at.x)

    def _held(self, inner: Module) -> str:
        """What stands in a chain."""
        runs = self._repeats.runs(inner)
        if len(runs) > _FEW:
            return tr("{count} layers", count=len(inner.steps))
        frame = _Frame(inner, _Place([]), {}, Counter())
        kinds = ((self._kind(frame, inner.steps[run.start]), run.times) for run in runs)
        return " → ".join(f"{kind} × {count}" if count > 1 else kind for kind, count in kinds)

    def _parts(self, frame: _Frame, steps: Sequence[Step]) -> list[_Part]:
        """The named parts that the steps apply; a plain call or an operation has none."""
        found = []
        for step in steps:
            at = self._repeats.applied(frame.module, step)
            if at.part is not None:
                inner = at.target if isinstance(at.target, Module) else None
                parameters = self._costs[inner.id].parameters if inner else captions.learned(at.leaf) if at.leaf else 0
                found.append(_Part(at.part, frame.place.part(at.name), at.leaf, inner, parameters))
        return found

    def _weigh(self, parts: Sequence[_Part], place: _Place) -> str:
        """The learned numbers of the parts, but for those of a part that was drawn before."""
        total = new = 0
        for part in parts:
            total += part.parameters
            if not place.counted and part.path not in self._drawn:
                new += part.parameters
            self._drawn.add(part.path)
        return captions.params(new) if new or not total else tr("counted before")

    def _finish(self, frame: _Frame, steps: Sequence[Step], box: Box) -> None:
        """Put a box in its place, with arrows from what the first step reads; it makes the last one's outputs."""
        box.steps = self._steps(frame, steps)
        at = self._add(box, frame.place)
        self._arrows([frame.values[i] for i in steps[0].read], at)
        box.training = frame.place.training or steps[0].training
        for index in steps[-1].outputs:
            frame.values[index] = _Value(at, frame.module.values[index])

    def _steps(self, frame: _Frame, steps: Sequence[Step]) -> Steps:
        first = self._repeats.applied(frame.module, steps[0]).index
        return Steps(frame.module.id, frame.place.path, first, len(steps))

    def _add(self, box: Box, place: _Place) -> int:
        place.items.append(box)
        self._picture.boxes.append(box)
        self._folding.drawn += 1
        return len(self._picture.boxes) - 1

    def _arrows(self, given: Sequence[_Value], head: int) -> None:
        for value in given:
            self._picture.arrows.append(Arrow(value.box, head, size_text(value.shape, self._fitting)))

    def _terminal(self, title: str, name: str, shape: Shape, network: Module) -> Box:
        lines = (title, name, full_size(shape))
        return Box(title, IO, title, name, size_text(shape, self._fitting), "", lines, network.origin)
