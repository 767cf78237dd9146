"""How much memory the values of a network take, from the program alone.

Two figures.  In inference the peak: the most bytes that are alive at once, where each value is let go as
soon as nothing needs it any more.  In training what autograd keeps until the backward pass.  Parameters
and buffers are counted in neither.

The model, which is PyTorch's:

- What is given to a network, a block or a sequence stays alive until that returns, for the caller holds it.
- Views (`flatten`, `permute`, a split, dropout in evaluation) and layers that work in place lie where their
  input does; `flatten` and `reshape` copy numbers that another layer has put into another order.
- While a layer runs, its input, its output and what it needs besides (`Layer.scratch`) are alive.
- For the backward pass a layer keeps its input, its output or something of its own (`Layer.kept`), if its
  weights or its input want a gradient.  What two layers keep is there once.
- Whole numbers, as an embedding takes them and a pool remembers places, have 64 bits, whatever the type.

Code that holds a value in a variable for longer than it is needed takes more in inference.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Literal

from cnndsl.costs.counts import Parts, parts_of, plain
from cnndsl.costs.wholes import whole_inputs
from cnndsl.layers.base import Layer
from cnndsl.layers.learned import Learned
from cnndsl.layers.memory import Extra, Kept
from cnndsl.layers.sizes import KnownShape
from cnndsl.program import Call, Combine, Leaf, Module, Plain, Program, Step
from cnndsl.traced import is_open

Type = Literal["float64", "float32", "bfloat16", "float16"]
WIDTHS: dict[Type, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a number, by the name of its type in PyTorch."""
_WHOLE = 8


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes for a batch.

    inputs: of what is given to the network.
    peak: the most that is alive at once in inference, the inputs with it.
    where: the path of the part during whose application that is; empty for a line that leaves no module.
    kept: what autograd keeps of the forward pass in training; the inputs with it, where they are kept.

    None where it depends on a size that is left open, or on a layer of which it is not known.
    """

    inputs: int | None
    peak: int | None
    where: str
    kept: int | None


def memory(program: Program, network: str | None = None, *, batch: int = 1, dtype: Type = "float32") -> Memory:
    """The memory that the values of a network take (by default of the last one of the text).

    `batch` samples at once, in numbers of the type `dtype`. Takes time linear in the size of the definitions, however
    often they are used. Raises KeyError for an unknown network or type.
    """
    top = program.network(network)
    width = WIDTHS[dtype]
    if any(is_open(dim) for shape in top.input_shapes for dim in shape):
        return Memory(None, None, "", None)
    wholes = whole_inputs(program, top.id)
    given = [
        prod(_known(top, index)) * batch * (_WHOLE if index in wholes else width) for index in range(len(top.inputs))
    ]
    fresh = tuple(_Value(index, in_order=True, gradient=False) for index in range(len(given)))
    inference = _Walk(program, batch, width, training=False).run(top.id, fresh)
    training = _Walk(program, batch, width, training=True).run(top.id, fresh)
    peak = None if inference.peak is None else inference.peak + sum(given)
    kept = training.kept
    if kept is not None:
        kept += sum(given[index] for index in training.kept_inputs)
        kept += sum(storage.size for storage in training.new if storage.kept)
    return Memory(sum(given), peak, "" if peak is None else inference.where, kept)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value that flows: the number of its storage, whether it lies there in order, whether it wants a gradient."""

    storage: int
    in_order: bool
    gradient: bool


@dataclass(slots=True)
class _Storage:
    """What values lie in: its bytes, how many uses of them are still to come, whether autograd keeps it."""

    size: int
    uses: int = 0
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """What the application of a module takes, beyond what it is given.

    peak: the most that is alive at once, and `where`.
    kept: what autograd keeps, without what goes in or out; `kept_inputs` are the numbers of the inputs that it keeps.
    outputs: their storages are those of the inputs, which are numbered first, and then the `new` ones.
    """

    peak: int | None
    where: str
    kept: int | None
    kept_inputs: tuple[int, ...]
    new: tuple[_Storage, ...]
    outputs: tuple[_Value, ...]


class _Walk:
    """Runs each module once for each way in which its inputs lie and want gradients, and remembers what that took."""

    def __init__(self, program: Program, batch: int, width: int, *, training: bool) -> None:
        self._modules = program.modules
        self._known: dict[tuple[str, tuple[_Value, ...]], _Run] = {}
        self.batch = batch
        self.width = width
        self.training = training

    def run(self, key: str, given: tuple[_Value, ...]) -> _Run:
        """The module applied to values that lie in the storages 0, 1, ..."""
        if (key, given) not in self._known:
            self._known[key, given] = _Frame(self, self._modules[key], given).run()
        return self._known[key, given]


class _Frame:
    """One module while it runs."""

    def __init__(self, walk: _Walk, module: Module, given: tuple[_Value, ...]) -> None:
        self._walk = walk
        self._module = module
        self._parts: Parts = parts_of(module)
        self._steps = [step for step in module.steps if walk.training or not step.training]
        self._outputs = [output.value for output in module.outputs if walk.training or not output.training]
        self._uses = Counter(value for step in self._steps for value in step.inputs)
        self._uses.update(self._outputs)
        self._storages = [_Storage(0) for _ in given]  # their bytes are the caller's
        self._values: dict[int, _Value] = {}
        self._alive = 0
        self._peak: int | None = 0
        self._where = ""
        self._kept: int | None = 0
        for index, value in enumerate(given):
            self._enter(index, value)

    def run(self) -> _Run:
        for step in self._steps:
            self._apply(step)
            for value in step.inputs:
                self._let_go(self._values[value].storage)
        inputs = len(self._module.inputs)
        outputs = tuple(self._values[value] for value in self._outputs)
        leaving = sorted({value.storage for value in outputs if value.storage >= inputs})
        numbers = {index: index for index in range(inputs)} | {old: inputs + k for k, old in enumerate(leaving)}
        if self._kept is not None:
            staying = (s for k, s in enumerate(self._storages) if k >= inputs and k not in numbers)
            self._kept += sum(storage.size for storage in staying if storage.kept)
        return _Run(
            self._peak,
            self._where,
            self._kept,
            tuple(index for index in range(inputs) if self._storages[index].kept),
            tuple(self._storages[old] for old in leaving),
            tuple(_Value(numbers[value.storage], value.in_order, value.gradient) for value in outputs),
        )

    # Storages

    def _open(self, size: int, *, kept: bool = False) -> int:
        self._storages.append(_Storage(size, kept=kept))
        self._alive += size
        return len(self._storages) - 1

    def _enter(self, index: int, value: _Value) -> None:
        """Enter a value, with all the uses that it will have; without any it is gone at once."""
        self._values[index] = value
        self._storages[value.storage].uses += self._uses[index] + 1
        self._let_go(value.storage)

    def _let_go(self, index: int) -> None:
        storage = self._storages[index]
        storage.uses -= 1
        if not storage.uses:
            self._alive -= storage.size

    def _high(self, more: int | None, where: str) -> None:
        """Note that `more` is alive for a moment."""
        if more is None or self._peak is None:
            self._peak = None
        elif self._alive + more > self._peak:
            self._peak, self._where = self._alive + more, where

    def _bytes(self, extra: Extra | None) -> int | None:
        return None if extra is None else extra.bytes(self._walk.batch, self._walk.width)

    def _keep(self, kept: Kept | None, inputs: list[_Value], output: int) -> None:
        if kept is None or self._kept is None:
            self._kept = None
            return
        self._kept += kept.extra.bytes(self._walk.batch, self._walk.width)
        for index in kept.inputs:
            self._storages[inputs[index].storage].kept = True
        if kept.output:
            self._storages[output].kept = True

    # Steps

    def _apply(self, step: Step) -> None:
        action = step.action
        inputs = [self._values[index] for index in step.inputs]
        if isinstance(action, Combine):
            self._combine(action, step, inputs)
        elif isinstance(action, Plain):
            self._layer(action.layer, frozenset(), step, inputs, "")
        else:
            unit = self._parts[action.child]
            if isinstance(unit, Leaf):
                self._layer(unit.layer, _trained(unit), step, inputs, action.child)
            else:
                self._module_call(action.module or unit.module, step, inputs, action)

    def _module_call(self, key: str, step: Step, inputs: list[_Value], action: Call) -> None:
        given = tuple(_Value(index, value.in_order, value.gradient) for index, value in enumerate(inputs))
        run = self._walk.run(key, given)
        self._high(run.peak, f"{action.child}.{run.where}" if run.where else action.child)
        if self._kept is not None:
            self._kept = None if run.kept is None else self._kept + run.kept
        for index in run.kept_inputs:
            self._storages[inputs[index].storage].kept = True
        storages = [value.storage for value in inputs]
        storages += [self._open(storage.size, kept=storage.kept) for storage in run.new]
        for index, value in zip(step.outputs, run.outputs, strict=True):
            self._enter(index, _Value(storages[value.storage], value.in_order, value.gradient))

    def _layer(self, layer: Layer, trained: frozenset[str], step: Step, inputs: list[_Value], where: str) -> None:
        (output,) = step.outputs
        if isinstance(layer, Learned):  # its numbers are parameters
            self._enter(output, _Value(self._open(0), in_order=True, gradient=bool(trained)))
            return
        (value,) = inputs
        x, y = _known(self._module, step.inputs[0]), _known(self._module, output)
        shares = layer.shares(x, training=self._walk.training, in_order=value.in_order)
        storage = value.storage if shares else self._open(prod(y) * self._walk.batch * self._walk.width)
        self._high(self._bytes(layer.scratch(x, y)), where)
        gradient = self._walk.training and (value.gradient or bool(trained))
        if gradient:
            self._keep(layer.kept(x, y, gradient=value.gradient, trained=trained), inputs, storage)
        self._enter(output, _Value(storage, layer.in_order(x, value.in_order), gradient))

    def _combine(self, action: Combine, step: Step, inputs: list[_Value]) -> None:
        operation = action.operation
        xs = tuple(_known(self._module, index) for index in step.inputs)
        in_order = operation.in_order(xs, tuple(value.in_order for value in inputs))
        gradients = tuple(value.gradient for value in inputs)
        storages = []
        for index in step.outputs:
            size = prod(_known(self._module, index)) * self._walk.batch * self._walk.width
            storages.append(inputs[0].storage if operation.shares else self._open(size))
        self._high(self._bytes(operation.scratch(xs)), "")
        if any(gradients):
            self._keep(operation.kept(xs, gradients), inputs, storages[0])
        for index, storage in zip(step.outputs, storages, strict=True):
            self._enter(index, _Value(storage, in_order, any(gradients)))


def _known(module: Module, index: int) -> KnownShape:
    return plain(module.values[index])  # type: ignore[return-value] # no size is open where this is asked


def _trained(leaf: Leaf) -> frozenset[str]:
    """The names of the tensors that training changes."""
    given = leaf.weights
    return frozenset(
        tensor.name
        for tensor in leaf.layer.tensors(plain(leaf.x))
        if tensor.learned and (given is None or given.trainable or getattr(given, tensor.name, None) is None)
    )
