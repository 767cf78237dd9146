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
from cnndsl.backends.volume.layout import Route
from cnndsl.backends.volume.scene import Band, Link, Plan, Scene, Shapes, Volume
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Call, Child, Module
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


@dataclass(slots=True)
class _Drawn:
    """A module that is being drawn: its values so far, how many blocks are around it, whether it is for training."""

    values: dict[int, _Value]
    readers: Counter[int]
    level: int
    training: bool

    def alone(self, index: int) -> bool:
        """Whether no more than one step or output reads a value."""
        return self.readers[index] <= 1

    def inputs(self, at: Application) -> list[_Value]:
        return [self.values[i] for i in at.step.read]


class _Builder:
    def __init__(
        self, shapes: Shapes, table: dict[str, costs.Cost], scene: Scene, plan: Plan, expand: frozenset[str]
    ) -> None:
        self._shapes = shapes
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
        outputs = self._inside(Frame(network), inputs)
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

    def _inside(
        self, frame: Frame, inputs: Sequence[_Value], level: int = 0, *, training: bool = False
    ) -> list[_Value]:
        """Draw the steps of a module; returns its outputs."""
        module = frame.module
        readers = Counter(value for step in module.steps for value in step.read)
        readers.update(output.value for output in module.outputs)
        values = {i: value._replace(alone=value.alone and readers[i] <= 1) for i, value in enumerate(inputs)}
        drawn = _Drawn(values, readers, level, training)
        steps = list(applications(self._shapes.program, frame))
        for run in self._shapes.repeats.runs(module):
            for number, at in enumerate(steps[run.start : run.start + run.period * run.times]):
                self._step(drawn, at, (frame.path, run, number % run.period) if run.times > 1 else None)
        return [drawn.values[output.value] for output in module.outputs]

    def _step(self, drawn: _Drawn, at: Application, run: object) -> None:
        if isinstance(at.target, Operation):
            self._combine(drawn, at, at.target)
        elif isinstance(at.target, Layer):
            self._layer(drawn, at, at.target)
        elif at.part is not None:
            self._part(drawn, at, at.part, at.target, run)

    def _part(self, drawn: _Drawn, at: Application, child: Child, inner: Module, run: object) -> None:
        step, path = at.step, at.path
        training = drawn.training or step.training
        if self._opens(inner, path, drawn.level):
            self._scene.can_close |= inner.kind != "chain"
            self._scene.parts[path] = len({s.action.child for s in inner.steps if isinstance(s.action, Call)})
            outputs = self._inside(at.inside(inner), drawn.inputs(at), drawn.level + 1, training=training)
            for index, value, shape in zip(step.outputs, outputs, at.ys, strict=True):
                drawn.values[index] = _Value(value.volume, shape, value.alone and drawn.alone(index))
            return
        title = inner.name or "Sequential"
        shape = plain(at.ys[0])
        lines = [captions.arguments(inner.parameters), captions.change(at.xs, at.ys)]
        volume = Volume(BLOCK, title, [path], shape, child.origin, lines, (title, _size_key(shape)))
        self._weigh(volume, path, self._costs[inner.id].parameters)
        volume.run = run
        volume.hops = [self._shapes.is_residual(inner)]
        self._finish(drawn, at, volume)

    def _opens(self, module: Module, path: str, level: int) -> bool:
        if level >= self._plan.deepest or len(self._scene.volumes) >= self._plan.most_walked:
            return False
        if not self._expand.isdisjoint(("*", path, module.name)):
            return True
        if self._plan.depth is not None:
            return level < self._plan.depth
        return self._plan.opens(self._shapes, module)

    def _layer(self, drawn: _Drawn, at: Application, layer: Layer) -> None:
        x, y, path = at.x, at.ys[0], at.path
        title, detail = layer.title(x), layer.words(plain(x))
        learned = captions.learned(at.leaf) if at.leaf else 0
        kind = layer.group.value
        through = len(at.xs) == len(at.ys) == 1
        if through and layer.group not in _BODIES and _keeps(x, y):
            said = ", ".join(filter(None, (title, path, detail, captions.params(learned))))
            if self._stripe(drawn, at, Band(kind, title), said):
                return
        window = _window(layer, len(x) - 1)
        key = (title, detail, _size_key(plain(y)))
        lines = [detail, captions.change(at.xs, at.ys)]
        volume = Volume(kind, title, [path] if path else [], plain(y), at.origins[0], lines, key)
        self._weigh(volume, path, learned)
        if window:
            volume.title = f"{title} {times(window)}"  # the plain title stays
        volume.window = window
        volume.whole = layer.group is Group.DENSE and len(y) == 1
        if layer.group is Group.POOLING and window is None:
            volume.whole = all(value_of(size) == 1 for size in y[1:])
        self._finish(drawn, at, volume)

    def _combine(self, drawn: _Drawn, at: Application, operation: Operation) -> None:
        xs, y = at.xs, plain(at.ys[0])
        sign, detail = captions.operation(operation, xs)
        is_one = len(xs) == len(at.ys) == 1
        if is_one and _keeps(xs[0], y) and self._stripe(drawn, at, Band(MERGE, sign), f"{operation.kind} {sign}"):
            return
        lines = ["" if sign == operation.kind else operation.kind, detail, captions.change(xs, at.ys)]
        volume = Volume(MERGE, sign, [], y, at.step.origin, lines)
        volume.sign = len(xs) == 2 and len(sign) == 1
        if len(xs) > 1 and not volume.sign and all(len(x) == len(y) for x in xs):
            channels = tuple(value_of(x[0]) for x in xs)
            volume.joined = channels if sum(channels) == value_of(y[0]) else ()
        self._finish(drawn, at, volume)

    def _stripe(self, drawn: _Drawn, at: Application, band: Band, said: str) -> bool:
        """Put what keeps the size onto the volume that it works on, if that is its alone; says whether it was."""
        value = drawn.values[at.step.inputs[0]]
        volume = self._scene.volumes[value.volume]
        if not value.alone or volume.sign:
            return False
        volume.bands.append(band)
        volume.paths += [at.path] if at.path else []
        volume.lines.append(tr("then {what}", what=said))
        index = at.step.outputs[0]
        drawn.values[index] = _Value(value.volume, at.ys[0], drawn.alone(index))
        return True

    def _weigh(self, volume: Volume, path: str, parameters: int) -> None:
        """Tell the learned numbers of a part; those of a shared one where it is first applied."""
        volume.shared = bool(parameters) and path in self._counted
        self._counted.add(path)
        volume.lines.append(tr("shared: counted before") if volume.shared else captions.params(parameters))

    def _finish(self, drawn: _Drawn, at: Application, volume: Volume) -> None:
        volume.training = drawn.training or at.step.training
        volume.others = len(at.ys) - 1
        number = self._add(volume, drawn.inputs(at))
        for index, shape in zip(at.step.outputs, at.ys, strict=True):
            drawn.values[index] = _Value(number, shape, drawn.alone(index) and len(at.ys) == 1)

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
