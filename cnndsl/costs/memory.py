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

from dataclasses import dataclass
from math import prod
from typing import Literal

from cnndsl.costs.liveness import Held, Run, Storage, Value, Walk, known
from cnndsl.costs.wholes import whole_inputs
from cnndsl.interpreter import Frame
from cnndsl.program import Module, Program
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
    if _is_open(top):
        return Memory(None, None, "", None)
    given = _given(program, top, batch, width)
    inference = _run(Walk(program, batch, width, training=False), top, given)
    training = _run(Walk(program, batch, width, training=True), top, given)
    peak = None if inference.peak is None else inference.peak + sum(given)
    kept = training.kept
    if kept is not None:
        kept += sum(given[index] for index in training.kept_inputs)
        kept += sum(storage.size for storage in training.new if storage.kept)
    return Memory(sum(given), peak, "" if peak is None else inference.where, kept)


def applications(
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
    given = _given(program, top, batch, width)
    for training, record in enumerate(records):
        _run(Walk(program, batch, width, training=bool(training), record=record), top, given)
    return [Held(a.path, a.alive, b.kept) for a, b in zip(*records, strict=True)]


def _is_open(network: Module) -> bool:
    return any(is_open(dim) for shape in network.input_shapes for dim in shape)


def _given(program: Program, network: Module, batch: int, width: int) -> list[int]:
    """The bytes of the inputs."""
    wholes = whole_inputs(program, network.id)
    return [
        prod(known(network, index)) * batch * (_WHOLE if index in wholes else width)
        for index in range(len(network.inputs))
    ]


def _run(walk: Walk, network: Module, given: list[int]) -> Run:
    values = [Value(index, in_order=True, gradient=False) for index in range(len(given))]
    return walk.run(Frame(network), values, [Storage(size) for size in given], sum(given))
