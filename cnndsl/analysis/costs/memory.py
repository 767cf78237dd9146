"""How much memory the values of a network take: which lie where, what is alive at each step, what autograd keeps.

In: a program.  Out: bytes, from the program alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Literal

from cnndsl.analysis.costs.counts import is_trained, whole_inputs
from cnndsl.frozen import frozen
from cnndsl.ir.interpreter import Application, Frame, Interpreter, applications
from cnndsl.ir.program import Leaf, Module, Program
from cnndsl.layers.base import Extra, Kept, Layer
from cnndsl.layers.formula import KnownShape, plain
from cnndsl.layers.operations import Learned, Operation
from cnndsl.symbolic.number import is_open


@frozen()
class Held:
    """What one application holds, in bytes.

    path: the attribute path from the network, empty for what leaves no module.
    alive: all that is alive while it runs in inference: what is needed later, its input, its output and what it needs
    besides; of a block the most that there is inside. 0 for what is there in training only.
    kept: what autograd keeps because of it that it does not keep yet; of a block all that is kept inside.

    None where it is not known.
    """

    path: str
    alive: int | None
    kept: int | None


@frozen()
class Value:
    """A value that flows: the number of its storage, whether it lies there in order, whether it wants a gradient.

    is_inner: whether it is one place of an axis inside of others. What is left of the axes may lie evenly, and then a
    `flatten` is a view, or not, and then it copies.
    """

    storage: int
    in_order: bool
    gradient: bool
    is_inner: bool = False


@dataclass(slots=True)
class Storage:
    """What values lie in: its bytes, how many uses of them are still to come, whether autograd keeps it."""

    size: int
    uses: int = 0
    kept: bool = False


@frozen()
class Run:
    """What the application of a module takes, beyond what it is given.

    peak: the most that is alive at once, and `where`.
    kept: what autograd keeps, without what goes in or out; `kept_inputs` are the numbers of the inputs that it keeps.
    outputs: their storages are those of the inputs, which are numbered first, and then the `new` ones.
    """

    peak: int | None
    where: str
    kept: int | None
    kept_inputs: tuple[int, ...]
    new: tuple[Storage, ...]
    outputs: tuple[Value, ...]


class Walk:
    """Runs each module once for each way in which its inputs lie and want gradients, and remembers what that took.

    With a `record` each application is run by itself and entered there, in the order of `costs.rows`.
    """

    def __init__(
        self, program: Program, batch: int, width: int, *, training: bool, record: list[Held] | None = None
    ) -> None:
        self.program = program
        self._known: dict[tuple[str, tuple[Value, ...], tuple[int, ...], tuple[bool, ...]], Run] = {}
        self._needed: dict[tuple[str, tuple[bool, ...]], set[int]] = {}
        self.batch = batch
        self.width = width
        self.training = training
        self.record = record

    def run(
        self, frame: Frame, given: Sequence[Value], sizes: Sequence[Storage], needed: tuple[bool, ...], below: int = 0
    ) -> Run:
        """A module applied to values that lie in storages like `sizes`.

        `needed` says of each output whether what goes out of the network depends on it. For the record: `below` bytes
        are alive outside.
        """
        if self.record is not None:
            storages = [Storage(storage.size, 1, storage.kept) for storage in sizes]
            return _Running(self, frame, storages, needed, below).applied_to(given)
        key = frame.module.id, tuple(given), tuple(storage.size for storage in sizes), needed
        if key not in self._known:
            storages = [Storage(storage.size, 1) for storage in sizes]
            self._known[key] = _Running(self, Frame(frame.module), storages, needed, 0).applied_to(given)
        return self._known[key]

    def needed(self, module: Module, outputs: tuple[bool, ...]) -> set[int]:
        """The values of a module whose numbers lead to some of its outputs; autograd forgets what it kept of others."""
        key = module.id, outputs
        if key not in self._needed:
            given = (output.value for output in module.outputs if self.training or not output.training)
            found = {value for value, is_needed in zip(given, outputs, strict=True) if is_needed}
            for at in reversed(list(applications(self.program, Frame(module)))):
                if found.isdisjoint(at.step.outputs) or (at.step.training and not self.training):
                    continue
                read = at.step.read
                if isinstance(at.target, Module):
                    inside = self.needed(at.target, tuple(index in found for index in at.step.outputs))
                    read = tuple(value for index, value in enumerate(read) if index in inside)
                found.update(read)
            self._needed[key] = found
        return self._needed[key]

    def skip_all(self, frame: Frame) -> None:
        """Enter all steps of a module into the record, and take none."""
        for at in applications(self.program, frame):
            self.skip(at)

    def skip(self, at: Application) -> None:
        """Enter a step that is not taken into the record, with all that is inside."""
        if self.record is not None:
            self.record.append(Held(at.path, 0, 0))
            if isinstance(at.target, Module):
                self.skip_all(at.inside(at.target))


class _Running(Interpreter[Value]):
    """One module while it runs. The storages of its inputs are the caller's, who holds them."""

    def __init__(self, walk: Walk, frame: Frame, storages: list[Storage], needed: Sequence[bool], below: int) -> None:
        super().__init__(walk.program)
        self._walk = walk
        self._frame = frame
        self._module = frame.module
        self._below = below
        self._outputs = [output.value for output in frame.module.outputs if walk.training or not output.training]
        taken = (step for step in frame.module.steps if walk.training or not step.training)
        self._uses = Counter(value for step in taken for value in step.inputs)
        self._uses.update(self._outputs)
        self._needed = walk.needed(frame.module, tuple(needed))
        self._storages = storages
        self._alive = 0
        self._peak: int | None = 0
        self._where = ""
        self._kept: int | None = 0

    def applied_to(self, given: Sequence[Value]) -> Run:
        """What the application to these values takes."""
        values = {index: self._enter(index, value) for index, value in enumerate(given)}
        for at in self.steps(self._frame, values):
            for index in at.step.inputs:
                self._let_go(values[index].storage)
        inputs = len(self._module.inputs)
        outputs = tuple(values[value] for value in self._outputs)
        leaving = sorted({value.storage for value in outputs if value.storage >= inputs})
        numbers = {index: index for index in range(inputs)} | {old: inputs + k for k, old in enumerate(leaving)}
        if self._kept is not None:
            staying = (s for k, s in enumerate(self._storages) if k >= inputs and k not in numbers)
            self._kept += sum(storage.size for storage in staying if storage.kept)
        return Run(
            self._peak,
            self._where,
            self._kept,
            tuple(index for index in range(inputs) if self._storages[index].kept),
            tuple(self._storages[old] for old in leaving),
            tuple(replace(value, storage=numbers[value.storage]) for value in outputs),
        )

    # Storages

    def _open(self, size: int, *, kept: bool = False) -> int:
        self._storages.append(Storage(size, kept=kept))
        self._alive += size
        return len(self._storages) - 1

    def _enter(self, index: int, value: Value) -> Value:
        """Enter a value, with all the uses that it will have; without any it is gone at once."""
        self._storages[value.storage].uses += self._uses[index] + 1
        self._let_go(value.storage)
        return value

    def _let_go(self, index: int) -> None:
        storage = self._storages[index]
        storage.uses -= 1
        if not storage.uses:
            self._alive -= storage.size

    def _high(self, more: int | None, where: str) -> int | None:
        """Note that `more` is alive for a moment; all that is."""
        if more is None:
            self._peak = None
            return None
        if self._peak is not None and self._alive + more > self._peak:
            self._peak, self._where = self._alive + more, where
        return self._below + self._alive + more

    def _mark(self, indices: Sequence[int]) -> int:
        """Note that autograd keeps these storages; the bytes of those that it did not keep yet."""
        more = 0
        for index in indices:
            storage = self._storages[index]
            more += 0 if storage.kept else storage.size
            storage.kept = True
        return more

    def _turned(self, kept: Kept, value: Value, index: int) -> Kept | None:
        """What a step keeps that puts the batch second, as figures; None where it is not known how `value` lies."""
        if not value.in_order:
            return None
        shape = known(self._module, index)
        if shape[0] == 1 or self._batch(index) == 1:
            return replace(kept, inputs=(*kept.inputs, 0))
        return self._with_copy(kept, index)

    def _with_copy(self, kept: Kept, index: int) -> Kept:
        """What a step keeps, and a copy of a value besides."""
        return replace(kept, extra=replace(kept.extra, numbers=kept.extra.numbers + prod(known(self._module, index))))

    def _keep(
        self, kept: Kept | None, inputs: Sequence[Value], output: int, storage: int, first: int = 0
    ) -> int | None:
        """Note what a step keeps, which gives the value `output` in a storage; how many bytes more that is."""
        if kept is not None and kept.turned:
            kept = self._turned(kept, inputs[0], first)
        if kept is not None and kept.contiguous and not inputs[0].in_order:
            kept = self._with_copy(replace(kept, inputs=()), first)
        extra = None if kept is None else self._bytes(kept.extra, output)
        if kept is None or extra is None:
            self._kept = None
            return None
        if self._kept is not None:
            self._kept += extra
        return extra + self._mark([inputs[k].storage for k in kept.inputs] + [storage] * kept.output)

    def _bytes(self, extra: Extra | None, output: int) -> int | None:
        """What a step takes besides, which gives the value `output`."""
        return None if extra is None else extra.bytes(self._batch(output), self._walk.width)

    def _size(self, index: int) -> int:
        return prod(known(self._module, index)) * self._batch(index) * self._walk.width

    def _batch(self, index: int) -> int:
        """How many samples a value has."""
        return 1 if index in self._module.unbatched else self._walk.batch

    def _note(self, at: Application, alive: int | None, kept: int | None) -> None:
        if self._walk.record is not None:
            self._walk.record.append(Held(at.path, alive, kept))

    # Steps

    def _leads_out(self, at: Application) -> bool:
        """Whether what goes out depends on a step."""
        return not self._needed.isdisjoint(at.step.outputs)

    def takes(self, at: Application) -> bool:
        taken = self._walk.training or not at.step.training
        if not taken:
            self._walk.skip(at)
        return taken

    def call_module(self, at: Application, module: Module, inputs: Sequence[Value]) -> list[Value]:
        record = self._walk.record
        place = len(record) if record is not None else 0
        self._note(at, 0, 0)  # it comes before what is inside
        storages = [value.storage for value in inputs]
        given = [replace(value, storage=index) for index, value in enumerate(inputs)]
        sizes = [self._storages[index] for index in storages]
        needed = tuple(index in self._needed for index in at.step.outputs)
        run = self._walk.run(at.inside(module), given, sizes, needed, self._below + self._alive)
        alive = self._high(run.peak, f"{at.name}.{run.where}" if run.where else at.name)
        if self._kept is not None:
            self._kept = None if run.kept is None else self._kept + run.kept
        more = self._mark([storages[index] for index in run.kept_inputs])
        more += sum(storage.size for storage in run.new if storage.kept)
        if record is not None:
            record[place] = Held(at.path, alive, None if run.kept is None else run.kept + more)
        storages += [self._open(storage.size, kept=storage.kept) for storage in run.new]
        return [
            self._enter(index, replace(value, storage=storages[value.storage]))
            for index, value in zip(at.step.outputs, run.outputs, strict=True)
        ]

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Value]) -> list[Value]:
        learning = trained(at.leaf) if at.leaf is not None else frozenset[str]()
        output, *more = at.step.outputs
        if isinstance(layer, Learned):  # its numbers are parameters
            self._note(at, self._high(0, at.name), 0)
            return [self._enter(output, Value(self._open(0), in_order=True, gradient=bool(learning)))]
        value = inputs[0]
        x, y = known(self._module, at.step.inputs[0]), known(self._module, output)
        shares = layer.shares(x, training=self._walk.training, in_order=value.in_order)
        storage = value.storage if shares else self._open(self._size(output))
        others = [(index, self._open(self._size(index))) for index in more]
        is_known = not (layer.copies and not self._are_whole(at, inputs)) and not (value.is_inner and layer.renumbers)
        alive = self._high(self._bytes(layer.scratch(x, y) if is_known else None, output), at.name)
        wanted = any(each.gradient for each in inputs)
        gradient = self._walk.training and (wanted or bool(learning)) and self._leads_out(at)
        kept: int | None = 0
        if not is_known:  # what follows may keep it
            self._kept = kept = None
        elif gradient:
            what = layer.kept(x, y, gradient=wanted, trained=learning)
            kept = self._keep(what, inputs, output, storage, at.step.inputs[0])
        self._note(at, alive, kept)
        in_order = layer.in_order(x, value.in_order)
        if layer.turns and self._walk.training:
            in_order = x[0] == 1 or self._batch(output) == 1
        is_inner = shares and value.is_inner
        places = ((output, storage), *others)
        return [self._enter(index, Value(place, in_order, gradient, is_inner)) for index, place in places]

    def _are_whole(self, at: Application, values: Sequence[Value]) -> bool:
        """Whether each value lies in order, and is no part of another one."""
        sizes = map(self._size, at.step.inputs)
        pairs = zip(values, sizes, strict=True)
        return all(value.in_order and self._storages[value.storage].size == size for value, size in pairs)

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Value]) -> list[Value]:
        step = at.step
        xs = tuple(known(self._module, index) for index in step.inputs)
        lie = tuple(value.in_order for value in inputs)
        in_order = operation.in_order(xs, lie)
        gradients = tuple(value.gradient for value in inputs[: len(step.read)])
        storages = [inputs[0].storage if operation.shares else self._open(self._size(index)) for index in step.outputs]
        first = step.outputs[0]
        is_inner = operation.is_inner(xs[0]) or (operation.shares and inputs[0].is_inner)
        copies = operation.copies(xs, lie)
        alive = self._high(None if copies else self._bytes(operation.scratch(xs), first), "")
        keeps = any(gradients) and self._leads_out(at)
        what = None if copies else operation.kept(xs, gradients) if keeps else Kept()
        kept = self._keep(what, inputs, first, storages[0])
        self._note(at, alive, kept)
        return [
            self._enter(index, Value(storage, in_order, any(gradients), is_inner))
            for index, storage in zip(step.outputs, storages, strict=True)
        ]


def known(module: Module, index: int) -> KnownShape:
    """The shape of a value; no size is open where this is asked."""
    return plain(module.values[index])  # type: ignore[return-value]


def trained(leaf: Leaf) -> frozenset[str]:
    """The names of the tensors that training changes."""
    tensors = leaf.layer.tensors(plain(leaf.x))
    return frozenset(tensor.name for tensor in tensors if is_trained(tensor, leaf.weights))


Type = Literal["float64", "float32", "bfloat16", "float16"]
WIDTHS: dict[Type, int] = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a number, by the name of its type in PyTorch."""
_WHOLE = 8


@frozen()
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
    if _is_open(top):
        return Memory(None, None, "", None)
    given, inference = _ran(program, top, batch, width, training=False)
    _, training = _ran(program, top, batch, width, training=True)
    most, where = (None, "") if inference.peak is None else (inference.peak + sum(given), inference.where)
    kept = training.kept
    if kept is not None:
        kept += sum(given[index] for index in training.kept_inputs)
        kept += sum(storage.size for storage in training.new if storage.kept)
    return Memory(sum(given), most, where, kept)


def peak(program: Program, network: str | None = None) -> int | None:
    """What `memory` says is the most that is alive in inference, alone: for one sample, in float32."""
    top = program.network(network)
    if _is_open(top):
        return None
    given, run = _ran(program, top, 1, WIDTHS["float32"], training=False)
    return None if run.peak is None else run.peak + sum(given)


def memory_by_application(
    program: Program, network: str | None = None, *, batch: int = 1, dtype: Type = "float32"
) -> list[Held]:
    """What each application in a network holds (by default in the last one of the text), in the order of `costs.rows`.

    The most that is `alive` is the peak of `memory`; what is `kept` by all layers and operations adds up to what it
    says. Sizes that are left open, and what comes after a layer of which it is not known, give None.
    Raises KeyError for an unknown network or type.
    """
    top = program.network(network)
    width = WIDTHS[dtype]
    records: list[list[Held]] = [[], []]
    if _is_open(top):
        Walk(program, batch, width, training=False, record=records[0]).skip_all(Frame(top))
        return [Held(held.path, None, None) for held in records[0]]
    for training, record in enumerate(records):
        _ran(program, top, batch, width, training=bool(training), record=record)
    return [Held(a.path, a.alive, b.kept) for a, b in zip(*records, strict=True)]


def _is_open(network: Module) -> bool:
    return any(is_open(dim) for shape in network.input_shapes for dim in shape)


def _ran(
    program: Program, network: Module, batch: int, width: int, *, training: bool, record: list[Held] | None = None
) -> tuple[list[int], Run]:
    """The bytes of the inputs of a network, and what its run takes."""
    wholes = whole_inputs(program, network.id)
    widths = [_WHOLE if index in wholes else width for index in range(len(network.inputs))]
    given = [prod(known(network, index)) * batch * each for index, each in enumerate(widths)]
    values = [Value(index, in_order=True, gradient=False) for index in range(len(given))]
    needed = tuple(True for output in network.outputs if training or not output.training)
    walk = Walk(program, batch, width, training=training, record=record)
    return given, walk.run(Frame(network), values, [Storage(size) for size in given], needed, sum(given))
