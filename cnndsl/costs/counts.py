"""Parameters, buffers and multiply-accumulates, from the program alone.

Parameters are counted where a layer is declared, so a shared layer counts once; multiply-accumulates
where it is applied in evaluation, so it counts every time, and not at all what is there in training only.
One multiply-accumulate is one MAC (twice that in FLOPs).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnndsl.interpreter import Application, Frame, applications
from cnndsl.layers.base import Layer
from cnndsl.layers.sizes import Shape, plain
from cnndsl.layers.values import Operation
from cnndsl.program import Leaf, Module, Program, Use
from cnndsl.traced import is_open


@dataclass(frozen=True, slots=True)
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
        """The number of parameters in words: `109,050 parameters`, `1 parameter`."""
        return f"{self.said} parameter{'' if self.parameters == 1 else 's'}"

    @property
    def said(self) -> str:
        """The number of parameters for people: `109,050`, `at least 3,178`."""
        return f"{'' if self.complete else 'at least '}{self.parameters:,}"

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
        given = unit.weights
        parameters = trainable = buffers = 0
        for tensor in unit.layer.tensors(plain(unit.x)):
            if not tensor.learned:
                buffers += tensor.size
                continue
            parameters += tensor.size
            if given is None or given.trainable or getattr(given, tensor.name, None) is None:
                trainable += tensor.size
        return Cost(parameters, trainable, buffers, complete=unit.layer.counted)

    def macs(self, at: Application) -> int | None:
        """The multiply-accumulates of one application in evaluation."""
        if at.step.training or isinstance(at.target, Operation):
            return 0
        if isinstance(at.target, Module):
            return self.of(at.target.id).macs
        return layer_macs(at.target, at.x, at.ys[0])


def layer_macs(layer: Layer, x: Shape, y: Shape) -> int | None:
    """The multiply-accumulates of a layer that makes `y` of `x`; None where that depends on an open size."""
    macs = layer.macs(plain(x), plain(y))
    return None if is_open(macs) else macs
