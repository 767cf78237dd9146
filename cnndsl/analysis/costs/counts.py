"""Parameters, buffers and multiply-accumulates, in all and application by application, from the program alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from cnndsl.analysis.repeats import Repeats
from cnndsl.frozen import frozen
from cnndsl.ir.interpreter import Application, Frame, Interpreter, applications, target_of
from cnndsl.ir.program import Leaf, Module, Program, Use, Weights
from cnndsl.layers.base import Group, Layer, Tensor, sum_of
from cnndsl.layers.formula import Shape, plain
from cnndsl.layers.operations import Operation
from cnndsl.symbolic.number import is_open, key_of

if TYPE_CHECKING:
    from cnndsl.layers.dense import Embedding


@frozen()
class Cost:
    """The numbers that a module holds, and its multiply-accumulates for one sample.

    trainable: how many of the parameters an optimiser would change; given weights are fixed unless they
    say otherwise.  `macs` is None where it depends on a size that is left open.  `complete` says whether all
    parameters are known, which are not those of a class from elsewhere that does not say how many it has.
    """

    parameters: int = 0
    trainable: int = 0
    buffers: int = 0
    macs: int | None = 0
    complete: bool = True

    @property
    def parameters_said(self) -> str:
        """The number of parameters in words: `109,050 parameters`, `at least 1 parameter`."""
        least = "" if self.complete else "at least "
        return f"{least}{self.parameters:,} parameter{'' if self.parameters == 1 else 's'}"

    def __add__(self, other: Cost) -> Cost:
        macs = None if self.macs is None or other.macs is None else self.macs + other.macs
        return Cost(
            self.parameters + other.parameters,
            self.trainable + other.trainable,
            self.buffers + other.buffers,
            macs,
            self.complete and other.complete,
        )


def of(program: Program, module: str) -> Cost:
    """The cost of the module with this id. Linear in the size of the definitions, however often they are used."""
    return Counter(program).of(module)


def table(program: Program) -> dict[str, Cost]:
    """The cost of every module of the program, by its id."""
    counter = Counter(program)
    return {key: counter.of(key) for key in program.modules}


class Counter:
    """Counts each module once and remembers it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[str, Cost] = {}
        self._leaves: dict[int, Cost] = {}
        """By the `id` of leaves, of which equal ones are the same."""
        self._macs: dict[tuple[Any, ...], int | None] = {}
        """By the `id` of layers, and what comes in and out."""

    def of(self, key: str) -> Cost:
        if key not in self._known:
            module = self._program.modules[key]
            held = sum((self.held(child.unit) for child in module.children), Cost())
            run = sum((Cost(macs=self.macs(at)) for at in applications(self._program, Frame(module))), Cost())
            self._known[key] = held + run
        return self._known[key]

    def held(self, unit: Leaf | Use) -> Cost:
        """The numbers that a part holds."""
        if isinstance(unit, Use):
            return replace(self.of(unit.module), macs=0)
        known = self._leaves.get(id(unit))
        if known is None:
            tensors = unit.layer.tensors(plain(unit.x))
            parameters = sum(tensor.size for tensor in tensors if tensor.learned)
            trainable = sum(tensor.size for tensor in tensors if is_trained(tensor, unit.weights))
            buffers = sum(tensor.size for tensor in tensors if not tensor.learned)
            known = self._leaves[id(unit)] = Cost(parameters, trainable, buffers, complete=unit.layer.counted)
        return known

    def macs(self, at: Application) -> int | None:
        """The multiply-accumulates of one application in evaluation."""
        if at.step.training:
            return 0
        if isinstance(at.target, Operation):
            return operation_macs(at.target, at.xs, at.ys[0])
        if isinstance(at.target, Module):
            return self.of(at.target.id).macs
        key = id(at.target), tuple(map(key_of, at.x)), tuple(map(key_of, at.ys[0]))  # a plain == would ask open sizes
        if key not in self._macs:
            self._macs[key] = layer_macs(at.target, at.x, at.ys[0])
        return self._macs[key]


def is_trained(tensor: Tensor, given: Weights | None) -> bool:
    """Whether training changes a tensor of a layer with these weights."""
    return tensor.learned and (given is None or given.trainable or getattr(given, tensor.name, None) is None)


def operation_macs(operation: Operation, xs: Sequence[Shape], y: Shape) -> int | None:
    """The multiply-accumulates of an operation that makes `y` of `xs`; None where that depends on an open size."""
    macs = sum_of(operation.products(tuple(map(plain, xs)), plain(y)))
    return None if is_open(macs) else macs


def layer_macs(layer: Layer, x: Shape, y: Shape) -> int | None:
    """The multiply-accumulates of a layer that makes `y` of `x`; None where that depends on an open size."""
    macs = layer.macs(plain(x), plain(y))
    return None if is_open(macs) else macs


Inputs = frozenset[int]


def whole_inputs(program: Program, module: str) -> dict[int, int]:
    """The inputs of a module that an embedding reads, with nothing but a change of places before it, by their numbers.

    With each is how many rows the smallest table has in which it is looked up.
    """
    return _Wholes(program).module(program.modules[module])[0]


class _Wholes(Interpreter[Inputs]):
    """Says of each value which inputs of its module it has the numbers of, in other places; runs each module once."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._known: dict[str, tuple[dict[int, int], list[Inputs]]] = {}
        self._read: dict[int, int] = {}
        """The inputs of the module that is run which an embedding reads, and the rows of its table."""

    def module(self, module: Module) -> tuple[dict[int, int], list[Inputs]]:
        """The inputs that an embedding reads, and those that each output has the numbers of."""
        if module.id not in self._known:
            before, self._read = self._read, {}
            values = self.run(Frame(module), (frozenset({index}) for index in range(len(module.inputs))))
            self._known[module.id] = self._read, [values[output.value] for output in module.outputs]
            self._read = before
        return self._known[module.id]

    def _note(self, inputs: Inputs, rows: int) -> None:
        self._read |= {index: min(rows, self._read.get(index, rows)) for index in inputs}

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Inputs]) -> list[Inputs]:
        if layer.takes_wholes:
            self._note(inputs[0], cast("Embedding", layer).num)
        same = inputs[0] if inputs and layer.group is Group.SHAPE else frozenset()  # a learned tensor has none
        return [same] * len(at.step.outputs)

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Inputs]) -> list[Inputs]:
        same = frozenset[int]().union(*inputs[: operation.reads] if operation.arranges else ())
        return [same] * len(at.step.outputs)

    def call_module(self, at: Application, module: Module, inputs: Sequence[Inputs]) -> list[Inputs]:  # noqa: ARG002
        read, outputs = self.module(module)
        for index, rows in read.items():
            self._note(inputs[index], rows)
        return [frozenset[int]().union(*(inputs[index] for index in output)) for output in outputs]


@frozen()
class Row:
    """One application, in the order of execution; a block stands before what is inside it, with its totals.

    what: whether it is a layer, a block with rows of its own below, or a merge of values.
    path: the attribute path from the network (`layer1.0.conv1`), empty for what leaves no module.
    name: the end of the path, as the block calls the part: `conv1`, `conv1.0` for the first of a list.
    depth: how many blocks it is inside of.
    word: the kind of layer, the block's name or the operation.
    output: the shapes that come out; none for a part that is declared and never applied.
    parameters: those that this row brings; a part that was applied before is `shared` and brings none.
    """

    what: Literal["layer", "block", "merge"]
    path: str
    name: str
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
    training: bool = False
    """Whether it is there in training only; then it has no multiply-accumulates."""
    goes_on: bool = False
    """Whether it is a block that one statement made together with the block before it: the next turn of a run."""
    structure: int = -1
    """Of a block a number that is the same for all with the same structure."""
    settings: tuple[tuple[str, Any], ...] = ()
    """The arguments of a block by their names, of a chain those of all that stands in it."""


def rows(program: Program, network: str | None = None) -> Iterator[Row]:
    """Every application in a network (by default the last one of the text), in the order of execution.

    Parts that are never applied come after the others of their block. Raises KeyError for an unknown name.
    """
    top = program.network(network)
    return _Walk(program, top).module(Frame(top), 0)


class _Walk:
    """Goes through a network application by application."""

    def __init__(self, program: Program, top: Module) -> None:
        self._program = program
        self._repeats = Repeats(program, top)
        self._counter = Counter(program)
        self._applied: set[str] = set()

    def module(self, frame: Frame, depth: int) -> Iterator[Row]:
        later = self._repeats.later_turns(frame.module)
        for at in applications(self._program, frame):
            found = self._application(at, depth, goes_on=at.index in later)
            yield from (replace(row, macs=0, training=True) for row in found) if at.step.training else found
        for child in frame.module.children:
            path = frame.path_of(child.name)
            if path not in self._applied:
                x = child.unit.x if isinstance(child.unit, Leaf) else ()
                row = _row(target_of(self._program, child), x, path, child.name, depth)
                yield replace(row, parameters=self._counter.held(child.unit).parameters)

    def _application(self, at: Application, depth: int, *, goes_on: bool) -> Iterator[Row]:
        path, parameters = at.path, 0
        shared = path in self._applied
        if at.part is not None and not shared:
            self._applied.add(path)
            parameters = self._counter.held(at.part.unit).parameters
        row = _row(at.target, at.leaf.x if at.leaf is not None else at.x, path, at.name, depth)
        macs = self._counter.macs(at)
        row = replace(row, output=at.ys, parameters=parameters, macs=macs, shared=shared, inserted=at.inserted)
        if not isinstance(at.target, Module):
            yield row
        else:
            structure = self._repeats.structure(at.target)
            settings = self._repeats.settings(at.frame.module, at.step)
            yield replace(row, goes_on=goes_on, structure=structure, settings=settings)
            yield from self.module(at.inside(at.target), depth + 1)


def _row(target: Layer | Operation | Module, x: Shape, path: str, name: str, depth: int) -> Row:
    """The row of what is never applied."""
    if isinstance(target, Layer):
        return Row("layer", path, name, depth, target.word, target.words(plain(x)), target.group)
    if isinstance(target, Operation):
        return Row("merge", path, name, depth, target.sign)
    return Row("block", path, name, depth, target.name or target.kind)
