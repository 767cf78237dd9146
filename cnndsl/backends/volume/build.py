"""Program -> scene: every map that flows becomes a volume, layers that keep its size stripes on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnndsl.analysis import costs
from cnndsl.backends import captions
from cnndsl.backends.captions import fitting_sizes, full_size
from cnndsl.backends.graphviz.picture import BLOCK, IO, MERGE
from cnndsl.backends.volume.folding import Plan, Shapes
from cnndsl.backends.volume.layout import Route
from cnndsl.backends.volume.scene import Band, Link, Scene, Volume
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.program import Call, Child, Leaf, Module, Step
from cnndsl.layers.base import Group, Layer, times
from cnndsl.layers.formula import Shape, per_axis, plain, same_size
from cnndsl.layers.operations import Operation
from cnndsl.symbolic.number import value_of

_LEAST = 5.0
"""The shortest side of a window on paper."""


class Window(NamedTuple):
    """The shares of a map's height and width; `spreads` where one position goes to a window of the next map."""

    high: float
    deep: float
    spreads: bool = False


def seen(route: Route) -> Window | None:
    """What one position at the end of a way reads at its beginning; None where that is not worth drawing."""
    tail, head = route.tail, route.head
    if head.volume.sign or tail.volume.sign or route.skip:
        return None
    if head.volume.whole:
        return Window(1.0, 1.0)
    if head.volume.window is None:
        return None
    sides = [value_of(size) for size in tail.volume.shape[1:]]
    after = [value_of(size) for size in head.volume.shape[1:]]
    if not len(sides) == len(after) == len(head.volume.window):
        return None
    spreads = any(new > old for new, old in zip(after, sides, strict=True))
    shares = [min(1.0, size / side) for size, side in zip(head.volume.window, after if spreads else sides, strict=True)]
    body = head.body if spreads else tail.body
    high, deep = (shares[0], 1.0) if len(shares) == 1 else (shares[-2], shares[-1])
    return Window(max(high, min(1.0, _LEAST / body.high)), max(deep, min(1.0, _LEAST / body.deep)), spreads)


_BODIES = (Group.CONVOLUTION, Group.DENSE)
"""Layers that are volumes of their own even where they keep the size."""


def build(
    shapes: Shapes, network: Module, plan: Plan, expand: Collection[str], table: dict[str, costs.Cost]
) -> Scene | None:
    """Everything that the plan lets be seen, without any folding of equal volumes; None where that is too much.

    `shapes` are the network's, `table` has the costs of the program's modules.
    """
    scene = Scene(network.name, captions.summary(table[network.id]), fitting_sizes(network))
    try:
        _Builder(shapes, table, scene, plan, frozenset(expand)).network(network)
    except _TooMany:
        return None
    return scene


class _TooMany(Exception):  # noqa: N818 - no fault: another plan is tried
    """There are more volumes than the plan is for, and no folding will make them fewer."""


class _Value(NamedTuple):
    """A value on its way: the volume that it is, its size, and whether only one layer reads it."""

    volume: int
    shape: Shape
    alone: bool


@frozen()
class _Place:
    """Where in the network the builder is: the path from there by attribute names, and the blocks around it."""

    path: str = ""
    level: int = 0
    training: bool = False

    def part(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


@dataclass(slots=True)
class _Frame:
    """A module that is being drawn, and its values so far."""

    module: Module
    place: _Place
    values: dict[int, _Value]
    readers: Counter[int]

    def inputs(self, step: Step) -> list[_Value]:
        return [self.values[i] for i in step.read]

    def shapes(self, values: Sequence[int]) -> tuple[Shape, ...]:
        return tuple(self.module.values[value] for value in values)

    def change(self, step: Step) -> str:
        """What comes in and what goes out, in full."""
        shapes = (self.shapes(step.inputs), self.shapes(step.outputs))
        return " → ".join(" and ".join(map(full_size, given)) for given in shapes if given)


class _Builder:
    def __init__(
        self, shapes: Shapes, table: dict[str, costs.Cost], scene: Scene, plan: Plan, expand: frozenset[str]
    ) -> None:
        self._shapes = shapes
        self._repeats = shapes.repeats
        self._costs = table
        self._scene = scene
        self._plan = plan
        self._expand = expand
        self._layers = 0  # volumes that are no blocks, which a plan without merging cannot make fewer
        self._counted: set[str] = set()  # the paths of the parts whose parameters were told

    def network(self, network: Module) -> None:
        inputs = []
        for name, shape in zip(network.inputs, network.input_shapes, strict=True):
            title = f"{tr('input')} {name}" if len(network.inputs) > 1 else tr("input")
            at = self._add(Volume(IO, title, [], plain(shape), network.origin, [full_size(shape)]), [])
            inputs.append(_Value(at, shape, True))
        outputs = self._inside(network, inputs, _Place())
        several = len(network.outputs) > 1
        for output, value in zip(network.outputs, outputs, strict=True):
            name = output.name or (network.names.get(output.value, "") if several else "")
            volume = self._scene.volumes[value.volume]
            said = f"{tr('output')} {name}".strip()
            told = ", ".join([said, tr("in training only")]) if output.training else said
            if not volume.sign:
                volume.lines.append(told)
                if several:
                    volume.key, volume.output = None, said  # it has a name of its own
                continue
            # A sign shows no map.
            end = Volume(IO, said, [], plain(value.shape), network.origin, [told] if output.training else [])
            end.training = output.training
            self._add(end, [value])

    def _inside(self, module: Module, inputs: Sequence[_Value], place: _Place) -> list[_Value]:
        """Draw the steps of a module; returns its outputs."""
        readers = Counter(value for step in module.steps for value in step.read)
        readers.update(output.value for output in module.outputs)
        values = {i: value._replace(alone=value.alone and readers[i] <= 1) for i, value in enumerate(inputs)}
        frame = _Frame(module, place, values, readers)
        for run in self._repeats.runs(module):
            for at, step in enumerate(module.steps[run.start : run.start + run.period * run.times]):
                self._step(frame, step, (place.path, run, at % run.period) if run.times > 1 else None)
        return [frame.values[output.value] for output in module.outputs]

    def _step(self, frame: _Frame, step: Step, run: object) -> None:
        at = self._repeats.applied(frame.module, step)
        if isinstance(at.target, Operation):
            self._combine(frame, step, at.target)
        elif isinstance(at.target, Layer):
            self._layer(frame, step, at.target, at.part)
        elif at.part is not None:
            self._part(frame, step, at.part, at.target, run)

    def _part(self, frame: _Frame, step: Step, child: Child, inner: Module, run: object) -> None:
        place, path = frame.place, frame.place.part(child.name)
        training = place.training or step.training
        if self._opens(inner, path, place.level):
            within = _Place(path, place.level + 1, training)
            self._scene.can_close |= inner.kind != "chain"
            self._scene.parts[path] = len({s.action.child for s in inner.steps if isinstance(s.action, Call)})
            outputs = self._inside(inner, frame.inputs(step), within)
            for index, value in zip(step.outputs, outputs, strict=True):
                alone = value.alone and frame.readers[index] <= 1
                frame.values[index] = _Value(value.volume, frame.module.values[index], alone)
            return
        title = inner.name or "Sequential"
        detail = captions.arguments(inner.parameters)
        shape = plain(frame.module.values[step.outputs[0]])
        lines = [detail, frame.change(step)]
        volume = Volume(BLOCK, title, [path], shape, child.origin, lines, (title, _size_key(shape)))
        self._weigh(volume, path, self._costs[inner.id].parameters)
        volume.training = training
        volume.run = run
        volume.hops = [self._shapes.is_residual(inner)]
        self._finish(frame, step, volume)

    def _opens(self, module: Module, path: str, level: int) -> bool:
        if level >= self._plan.deepest or len(self._scene.volumes) >= self._plan.most_walked:
            return False
        if not self._expand.isdisjoint(("*", path, module.name)):
            return True
        if self._plan.depth is not None:
            return level < self._plan.depth
        return self._plan.opens(self._shapes, module)

    def _layer(self, frame: _Frame, step: Step, layer: Layer, child: Child | None) -> None:
        x = frame.module.values[step.inputs[0]] if step.inputs else ()
        y = frame.module.values[step.outputs[0]]
        path = frame.place.part(child.name) if child else ""
        title, detail = layer.title(x), layer.words(plain(x))
        learned = captions.learned(child.unit) if child and isinstance(child.unit, Leaf) else 0
        lines = [detail, frame.change(step)]
        kind = layer.group.value
        through = len(step.inputs) == len(step.outputs) == 1
        if through and layer.group not in _BODIES and _keeps(x, y):
            value = frame.values[step.inputs[0]]
            volume = self._scene.volumes[value.volume]
            if value.alone and not volume.sign:
                said = ", ".join(filter(None, (title, path, detail, captions.params(learned))))
                self._stripe(frame, step, value, Band(kind, title), path, said)
                return
        window = _window(layer, len(x) - 1)
        key = (title, detail, _size_key(plain(y)))
        volume = Volume(kind, title, [path] if path else [], plain(y), (child or step).origin, lines, key)
        self._weigh(volume, path, learned)
        if window:
            volume.title = f"{title} {times(window)}"  # the plain title stays
        volume.window = window
        volume.whole = layer.group is Group.DENSE and len(y) == 1
        if layer.group is Group.POOLING and window is None:
            volume.whole = all(value_of(size) == 1 for size in y[1:])
        self._finish(frame, step, volume)

    def _combine(self, frame: _Frame, step: Step, operation: Operation) -> None:
        xs = frame.shapes(step.inputs)
        sign, detail = captions.operation(operation, xs)
        y = plain(frame.module.values[step.outputs[0]])
        lines = ["" if sign == operation.kind else operation.kind, detail, frame.change(step)]
        if len(step.inputs) == 1 and len(step.outputs) == 1 and _keeps(xs[0], y):
            value = frame.values[step.inputs[0]]
            if value.alone and not self._scene.volumes[value.volume].sign:
                self._stripe(frame, step, value, Band(MERGE, sign), "", f"{operation.kind} {sign}")
                return
        volume = Volume(MERGE, sign, [], y, step.origin, lines)
        volume.sign = len(step.inputs) == 2 and len(sign) == 1
        if len(xs) > 1 and not volume.sign and all(len(x) == len(y) for x in xs):
            channels = tuple(value_of(x[0]) for x in xs)
            volume.joined = channels if sum(channels) == value_of(y[0]) else ()
        self._finish(frame, step, volume)

    def _stripe(self, frame: _Frame, step: Step, value: _Value, band: Band, path: str, said: str) -> None:
        """Put a layer that keeps the size onto the volume that it works on."""
        volume = self._scene.volumes[value.volume]
        volume.bands.append(band)
        volume.paths += [path] if path else []
        volume.lines.append(tr("then {what}", what=said))
        index = step.outputs[0]
        frame.values[index] = _Value(value.volume, frame.module.values[index], frame.readers[index] <= 1)

    def _weigh(self, volume: Volume, path: str, parameters: int) -> None:
        """Tell the learned numbers of a part; those of a shared one where it is first applied."""
        volume.shared = bool(parameters) and path in self._counted
        self._counted.add(path)
        volume.lines.append(tr("shared: counted before") if volume.shared else captions.params(parameters))

    def _finish(self, frame: _Frame, step: Step, volume: Volume) -> None:
        volume.training = volume.training or frame.place.training or step.training
        volume.others = len(step.outputs) - 1
        at = self._add(volume, frame.inputs(step))
        for index in step.outputs:
            alone = frame.readers[index] <= 1 and len(step.outputs) == 1
            frame.values[index] = _Value(at, frame.module.values[index], alone)

    def _add(self, volume: Volume, inputs: Sequence[_Value]) -> int:
        volumes = self._scene.volumes
        volumes.append(volume)
        self._layers += volume.kind != BLOCK
        if self._plan.most is not None and not self._plan.merged and self._layers > self._plan.most:
            raise _TooMany
        at = len(volumes) - 1
        self._scene.links += (Link(value.volume, at) for value in inputs)
        return at


def _keeps(x: Shape, y: Shape) -> bool:
    """Whether a size is kept, as far as a picture shows it: a column of 1 x 1 maps is as good as a flat one."""
    return same_size(x, y) or (len(y) == 1 and same_size(x[:1], y) and all(value_of(size) == 1 for size in x[1:]))


def _window(layer: Layer, rank: int) -> tuple[int, ...] | None:
    """The extent of a layer's kernel on each spatial axis, the gaps of a dilated one included."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None or rank < 1:
        return None
    spread = per_axis(getattr(layer, "dilation", 1), rank, "dilation")
    sizes = per_axis(kernel, rank, "kernel")
    return tuple(value_of(d) * (value_of(k) - 1) + 1 for k, d in zip(sizes, spread, strict=True))


def _size_key(shape: Shape) -> tuple[str, ...]:
    """What tells sizes apart, open ones included, without a comparison."""
    return tuple(map(str, shape))
