"""What a program holds and what it costs to run, from the program alone.

Parameters are counted where a layer is declared, so a shared layer counts once; multiply-accumulates
where it is applied, so it counts every time.  One multiply-accumulate is one MAC (twice that in FLOPs).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cnndsl.layers.base import Group
from cnndsl.layers.sizes import Shape
from cnndsl.program import Call, Combine, Leaf, Module, Plain, Program, Step, Use
from cnndsl.traced import is_open, value_of


@dataclass(frozen=True, slots=True)
class Cost:
    """The numbers that a module holds, and its multiply-accumulates for one sample.

    trainable: how many of the parameters an optimiser would change; given weights are fixed unless they
    say otherwise.  `macs` is None where it depends on a size that is left open.
    """

    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    macs: int | None = 0

    def __add__(self, other: Cost) -> Cost:
        macs = None if self.macs is None or other.macs is None else self.macs + other.macs
        return Cost(
            self.parameters + other.parameters, self.trainable + other.trainable, self.buffers + other.buffers, macs
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One application, in the order of execution; a block stands before what is inside it, with its totals.

    what: whether it is a layer, a block with rows of its own below, or a merge of values.
    path: the attribute path from the network (`layer1.0.conv1`), empty for what leaves no module.
    depth: how many blocks it is inside of.
    word: the kind of layer, the block's name or the operation.
    output: the shapes that come out; none for a part that is declared and never applied.
    parameters: those that this row brings; a part that was applied before is `shared` and brings none.
    """

    what: Literal["layer", "block", "merge"]
    path: str
    depth: int
    word: str
    words: str = ""
    group: Group | None = None
    output: tuple[Shape, ...] = ()
    parameters: int = 0
    macs: int | None = 0
    shared: bool = False
    inserted: bool = False
    """Whether the compiler put it there: the flatten before a dense layer."""

    @property
    def name(self) -> str:
        """The last part of the path: the name of the attribute."""
        return self.path.rpartition(".")[2]


def of(program: Program, module: str) -> Cost:
    """The cost of the module with this id. Linear in the size of the definitions, however often they are used."""
    return _Counter(program).of(module)


def table(program: Program) -> dict[str, Cost]:
    """The cost of every module of the program, by its id."""
    counter = _Counter(program)
    return {key: counter.of(key) for key in program.modules}


def rows(program: Program, network: str | None = None) -> Iterator[Row]:
    """Every application in a network (by default the last one of the text), in the order of execution.

    Parts that are never applied come after the others of their block. Raises KeyError for an unknown name.
    """
    top = program.network(network)
    return _Walk(program).module(top, "", 0)


_Parts = dict[str, Leaf | Use]


class _Counter:
    """Counts each module once and remembers it."""

    def __init__(self, program: Program) -> None:
        self._modules = program.modules
        self._known: dict[str, Cost] = {}

    def of(self, key: str) -> Cost:
        if key not in self._known:
            module = self._modules[key]
            parts = _parts(module)
            held = sum((self.held(unit) for unit in parts.values()), Cost())
            run = sum((Cost(macs=self.macs(module, parts, step)) for step in module.steps), Cost())
            self._known[key] = held + run
        return self._known[key]

    def held(self, unit: Leaf | Use) -> Cost:
        """The numbers that a part holds."""
        if isinstance(unit, Use):
            return replace(self.of(unit.module), macs=0)
        given = unit.weights
        parameters = trainable = buffers = 0
        for tensor in unit.layer.tensors(_plain(unit.x)):
            if not tensor.learned:
                buffers += tensor.size
                continue
            parameters += tensor.size
            if given is None or given.trainable or getattr(given, tensor.name, None) is None:
                trainable += tensor.size
        return Cost(parameters, trainable, buffers)

    def macs(self, module: Module, parts: _Parts, step: Step) -> int | None:
        """The multiply-accumulates of one application."""
        action = step.action
        if isinstance(action, Combine):
            return 0
        if isinstance(action, Call):
            unit = parts[action.child]
            if isinstance(unit, Use):
                return self.of(action.module or unit.module).macs
            layer = unit.layer
        else:
            layer = action.layer
        x = module.values[step.inputs[0]] if step.inputs else ()
        macs = layer.macs(_plain(x), _plain(module.values[step.outputs[0]]))
        return None if is_open(macs) else macs


class _Walk:
    """Goes through a network application by application."""

    def __init__(self, program: Program) -> None:
        self._modules = program.modules
        self._counter = _Counter(program)
        self._applied: set[str] = set()

    def module(self, module: Module, prefix: str, depth: int) -> Iterator[Row]:
        parts = _parts(module)
        for step in module.steps:
            yield from self._step(module, parts, step, prefix, depth)
        for name, unit in parts.items():
            path = prefix + name
            if path not in self._applied:
                yield self._row(unit, path, depth, parameters=self._counter.held(unit).parameters)

    def _step(self, module: Module, parts: _Parts, step: Step, prefix: str, depth: int) -> Iterator[Row]:
        action = step.action
        output = tuple(module.values[value] for value in step.outputs)
        macs = self._counter.macs(module, parts, step)
        if isinstance(action, Combine):
            yield Row("merge", "", depth, action.operation.symbol, output=output)
        elif isinstance(action, Plain):
            unit = Leaf(layer=action.layer, x=module.values[step.inputs[0]])
            yield replace(self._row(unit, "", depth, output, macs=macs), inserted=action.inserted)
        else:
            part = parts[action.child]
            path = prefix + action.child
            shared = path in self._applied
            self._applied.add(path)
            parameters = 0 if shared else self._counter.held(part).parameters
            yield self._row(part, path, depth, output, parameters, macs, shared)
            if isinstance(part, Use):
                yield from self.module(self._modules[action.module or part.module], f"{path}.", depth + 1)

    def _row(
        self,
        unit: Leaf | Use,
        path: str,
        depth: int,
        output: tuple[Shape, ...] = (),
        parameters: int = 0,
        macs: int | None = 0,
        shared: bool = False,
    ) -> Row:
        if isinstance(unit, Use):
            module = self._modules[unit.module]
            return Row("block", path, depth, module.name or module.kind, "", None, output, parameters, macs, shared)
        layer = unit.layer
        words = layer.words(_plain(unit.x))
        return Row("layer", path, depth, layer.kind, words, layer.group, output, parameters, macs, shared)


def _parts(module: Module) -> _Parts:
    return {child.name: child.unit for child in module.children}


def _plain(shape: Shape) -> Shape:
    """The shape with plain numbers, but for sizes that are left open."""
    return tuple(dim if is_open(dim) else value_of(dim) for dim in shape)
