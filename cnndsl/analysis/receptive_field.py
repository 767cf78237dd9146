"""Receptive fields: which part of a network's input a position of a value depends on, from the program alone.

Along each axis of an input, the position p of a value sees the places from `first` to `last`, which move
on by the effective stride from one position to the next: a stack of windows of K places with stride S is one
window, r <- r + (K - 1) * j with j <- j * S (Araujo, Norris and Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill, 2019, https://distill.pub/2019/computing-receptive-fields).  What
layers read is declared by them (`Layer.reach`); here it is chained through steps and blocks.

Dense layers, global pools and normalisations over the map see all of it.  Everything is said of evaluation,
where batch normalisation and dropout work on each number by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from fractions import Fraction

from cnndsl.frozen import frozen
from cnndsl.ir.interpreter import Application, Frame, Interpreter
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import AXES, Dim, Shape, plain
from cnndsl.layers.operations import Operation
from cnndsl.layers.reach import Interval, Reach, Reaches, hull, same, through, together
from cnndsl.symbolic.number import is_open, value_of


@frozen()
class Field:
    """What the positions of a value see along one axis of an input.

    axis: "height", "width", "depth" or "length"; "features" for an input without spatial axes.
    size: how many places a position sees at most; those in the padding count, unless the whole map is seen.
    stride: places from one position to the next, on average: below 1 after upsampling; None where all positions
    see the same.
    start: the first place that position 0 sees; below 0 it lies in the padding.
    centre: the middle of what position 0 sees.
    """

    axis: str
    size: int
    stride: Fraction | None
    start: int
    centre: Fraction
    _reach: Reach = field(repr=False)
    _extent: Dim = field(repr=False)

    @property
    def along(self) -> int | None:
        """The axis of the value along which the field moves, 0 being the channels; None where it does not move."""
        return self._reach.axis

    def at(self, position: int) -> Interval | None:
        """The first and the last place of the input that the position sees; None where it sees nothing but padding.

        Exact away from the border. Next to it less may be seen, where a layer further on pads with zeros what an
        earlier one left out. A transposed convolution whose kernel is smaller than its stride leaves gaps, which count.
        """
        window = self._reach.window
        seen = hull(None if window is None else window.at(position), self._reach.fixed)
        first, last = _clipped(seen, self._extent)
        return (first, last) if first <= last else None


Seen = dict[str, tuple[Field | None, ...]]
"""What a value sees: for each input of the network on which it depends, by its name, a field for each spatial axis.

None where it depends on a size that is left open, or on a layer of which it is not known.
"""


@frozen()
class ReceptiveField:
    """One application: its path (empty for what leaves no module), and what each value that comes out sees."""

    path: str
    word: str
    seen: tuple[Seen, ...]


def fields(program: Program, network: str | None = None) -> Iterator[ReceptiveField]:
    """Every application in a network (by default the last one of the text), in the order of `costs.rows`.

    A block comes before what is inside it, with what its results see. Raises KeyError for an unknown network.
    """
    top = program.network(network)
    return (
        ReceptiveField(
            at.path, at.word, tuple(_seen(top, values[k], y) for k, y in zip(at.step.outputs, at.ys, strict=True))
        )
        for at, values in _Chains(program).walk(Frame(top), _inputs(top))
    )


def outputs(program: Program, network: str | None = None) -> tuple[Seen, ...]:
    """What the outputs of a network see. Takes time linear in the size of the definitions, however often they are used.

    Raises KeyError for an unknown network.
    """
    top = program.network(network)
    sources = _Chains(program).outputs(top)
    return tuple(_seen(top, source, y) for source, y in zip(sources, top.output_shapes, strict=True))


_Sources = dict[int, Reaches]
"""How a value reads the inputs of a module: for each on which it depends, by its number, each axis."""


class _Chains(Interpreter[_Sources]):
    """Chains what layers read. What a block's results read of its inputs is worked out once."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._known: dict[str, tuple[_Sources, ...]] = {}

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[_Sources]) -> list[_Sources]:
        if not inputs:
            return [{}]
        xs = tuple(map(plain, at.xs))
        return [_chained(dict(enumerate(layer.reaches(xs, plain(y)))), inputs, y) for y in at.ys]

    def combine(self, at: Application, operation: Operation, inputs: Sequence[_Sources]) -> list[_Sources]:
        xs, ys = tuple(map(plain, at.xs)), tuple(map(plain, at.ys))
        reads = (dict(enumerate(operation.reach(xs, ys, k))) for k in range(len(ys)))
        return [_chained(here, inputs, y) for here, y in zip(reads, at.ys, strict=True)]

    def call_module(self, at: Application, module: Module, inputs: Sequence[_Sources]) -> list[_Sources]:
        if module.id not in self._known:
            self._known[module.id] = tuple(self.outputs(module))
        return [_chained(here, inputs, y) for here, y in zip(self._known[module.id], at.ys, strict=True)]

    def outputs(self, module: Module) -> list[_Sources]:
        """What the results of a module read of its inputs."""
        values = self.run(Frame(module), _inputs(module))
        return [values[output.value] for output in module.outputs]


def _inputs(module: Module) -> list[_Sources]:
    """The inputs of a module read themselves."""
    return [{index: same(shape)} for index, shape in enumerate(module.input_shapes)]


def _chained(here: _Sources, inputs: Sequence[_Sources], shape: Shape) -> _Sources:
    """What a result of this shape reads of the outside, through inputs of which it reads `here`."""
    found: dict[int, Reaches] = {}
    for index, reaches in here.items():
        for source, before in inputs[index].items():
            read = tuple(through(reach, reaches) for reach in before)
            if source in found:
                read = tuple(together(a, b, shape) for a, b in zip(found[source], read, strict=True))
            found[source] = read
    return found


def _seen(network: Module, sources: _Sources, shape: Shape) -> Seen:
    """What a value of this shape sees of the spatial axes of a network's inputs, or of an input's features."""
    seen: Seen = {}
    for index, reaches in sorted(sources.items()):
        extents = plain(network.input_shapes[index])
        names = ("features",) if len(extents) == 1 else AXES.get(len(extents) - 1, ("",) * (len(extents) - 1))
        first = len(extents) - len(names)
        axes = zip(names, reaches[first:], extents[first:], strict=True)
        seen[network.inputs[index]] = tuple(_field(name, reach, extent, shape) for name, reach, extent in axes)
    return seen


def _field(name: str, reach: Reach | None, extent: Dim, shape: Shape) -> Field | None:
    if reach is None:
        return None
    if reach.window is None or reach.axis is None:
        positions: Dim = 1
        stride = None
    else:
        positions, stride = shape[reach.axis], reach.window.stride
    if reach.fixed is None and reach.window is not None:
        first, last = reach.window.at(0)
        return Field(name, reach.window.size, stride, first, Fraction(first + last, 2), reach, extent)
    if is_open(positions):
        return None
    whole = _clipped(reach.over(value_of(positions)), extent)
    first, last = _clipped(reach.over(1), extent)
    return Field(name, whole[1] - whole[0] + 1, stride, first, Fraction(first + last, 2), reach, extent)


def _clipped(places: Interval, extent: Dim) -> Interval:
    """The places that are on the map, not in the padding."""
    return max(places[0], 0), places[1] if is_open(extent) else min(places[1], value_of(extent) - 1)
