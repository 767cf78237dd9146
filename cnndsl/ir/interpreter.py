"""Runs the modules of a program for any meaning of their values: shapes, memory, receptive fields, real tensors.

`torch.fx.Interpreter` is the model: a subclass says what a layer, an operation and a module inside make of what
they are given, and goes through all steps with what is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cnndsl.frozen import frozen
from cnndsl.ir.program import Call, Child, Combine, Leaf, Module, Origin, Plain, Program, Step
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape
from cnndsl.layers.operations import Operation

V = TypeVar("V")


@frozen()
class Frame:
    """A module at a place in a network: its path, the part that it is, and the frame of the module that has the part.

    A network has an empty path, and is nobody's part.
    """

    module: Module
    path: str = ""
    part: Child | None = None
    outer: Frame | None = None

    def path_of(self, part: str) -> str:
        """The path of a part, from the network: `layer1.0.conv1`."""
        return f"{self.path}.{part}" if self.path else part


@dataclass(slots=True)
class Application:
    """A step of a module with what it applies.

    target: the layer, the operation, or the module that a part is for the sizes of this call.
    part: what a call applies; None for a plain call and an operation. index: the number of the step in its module.
    """

    frame: Frame
    index: int
    step: Step
    target: Layer | Operation | Module
    part: Child | None = None

    @property
    def name(self) -> str:
        """The name of the part, empty for what leaves no module."""
        return "" if self.part is None else self.part.name

    @property
    def path(self) -> str:
        """The path of the part from the network, empty for what leaves no module."""
        return "" if self.part is None else self.frame.path_of(self.part.name)

    @property
    def leaf(self) -> Leaf | None:
        """The layer as a part, where it is one."""
        return self.part.unit if self.part is not None and isinstance(self.part.unit, Leaf) else None

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where it is applied, and for a part before that where it is declared."""
        return (self.step.origin,) if self.part is None else (self.part.origin, self.step.origin)

    @property
    def inner(self) -> Module | None:
        """The module that is applied, where it is one."""
        return self.target if isinstance(self.target, Module) else None

    @property
    def inserted(self) -> bool:
        """Whether the compiler put it there: the flatten before a dense layer."""
        return isinstance(self.step.action, Plain) and self.step.action.inserted

    @property
    def word(self) -> str:
        """The kind of layer, the name of the block or the symbol of the operation."""
        if isinstance(self.target, Module):
            return self.target.name or self.target.kind
        return self.target.sign if isinstance(self.target, Operation) else self.target.word

    @property
    def xs(self) -> tuple[Shape, ...]:
        """The shapes of what comes in."""
        values = self.frame.module.values
        return tuple([values[index] for index in self.step.inputs])

    @property
    def x(self) -> Shape:
        """The shape of the first value that comes in; empty for a learned tensor, into which nothing does."""
        return self.frame.module.values[self.step.inputs[0]] if self.step.inputs else ()

    @property
    def ys(self) -> tuple[Shape, ...]:
        """The shapes of what comes out."""
        values = self.frame.module.values
        return tuple([values[index] for index in self.step.outputs])

    def inside(self, module: Module) -> Frame:
        """The frame of the module that is applied."""
        return Frame(module, self.path, self.part, self.frame)


def applications(program: Program, frame: Frame) -> Iterator[Application]:
    """The steps of a module in the order of execution, each with what it applies."""
    parts = {child.name: child for child in frame.module.children}
    for index, step in enumerate(frame.module.steps):
        action = step.action
        if isinstance(action, Combine):
            yield Application(frame, index, step, action.operation)
        elif not isinstance(action, Call):
            yield Application(frame, index, step, action.layer)
        else:
            part = parts[action.child]
            yield Application(frame, index, step, target_of(program, part, action.module), part)


def target_of(program: Program, part: Child, module: str | None = None) -> Layer | Module:
    """What a part is: a layer, or a module, of which `module` is another form, for the sizes of one call."""
    return part.unit.layer if isinstance(part.unit, Leaf) else program.modules[module or part.unit.module]


class Interpreter(ABC, Generic[V]):
    """Runs modules on values of any type V."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @abstractmethod
    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[V]) -> Sequence[V]:
        """What a layer gives: one value, except for a class from elsewhere that gives several.

        A learned tensor is a layer without inputs.
        """

    @abstractmethod
    def combine(self, at: Application, operation: Operation, inputs: Sequence[V]) -> Sequence[V]:
        """What an operation gives."""

    @abstractmethod
    def call_module(self, at: Application, module: Module, inputs: Sequence[V]) -> Sequence[V]:
        """What a module inside gives."""

    def takes(self, at: Application) -> bool:  # noqa: ARG002 - a subclass may ask when it is taken
        """Whether a step is taken; nothing that is may read what another one would give."""
        return True

    def opens(self, at: Application) -> bool:  # noqa: ARG002 - a subclass may ask where it stands
        """Whether `walk` goes into a module that is applied."""
        return True

    def run(self, frame: Frame, inputs: Iterable[V]) -> dict[int, V]:
        """Every value of a module by its number, where it is given `inputs`."""
        values = dict(enumerate(inputs))
        for _ in self.steps(frame, values):
            pass
        return values

    def steps(self, frame: Frame, values: dict[int, V]) -> Iterator[Application]:
        """Run a module whose inputs are `values`: each step that is taken, after what it gives was added to them."""
        for at in applications(self.program, frame):
            if self.takes(at):
                results = self.apply(at, [values[index] for index in at.step.inputs])
                values.update(zip(at.step.outputs, results, strict=True))
                del results  # a value is gone when it is taken out of `values`
                yield at

    def apply(self, at: Application, inputs: Sequence[V]) -> Sequence[V]:
        """What a step gives."""
        if isinstance(at.target, Layer):
            return self.call_layer(at, at.target, inputs)
        if isinstance(at.target, Module):
            return self.call_module(at, at.target, inputs)
        return self.combine(at, at.target, inputs)

    def walk(self, frame: Frame, inputs: Iterable[V]) -> Iterator[tuple[Application, dict[int, V]]]:
        """Every step of a module and of the modules inside, with the values of its module up to there.

        A module comes before what is inside it, which `call_module` has no need to run.
        """
        values = dict(enumerate(inputs))
        running = [(values, self.steps(frame, values))]
        while running:
            values, steps = running[-1]
            at = next(steps, None)
            if at is None:
                running.pop()
                continue
            yield at, values
            if isinstance(at.target, Module) and self.opens(at):
                inner = dict(enumerate([values[index] for index in at.step.inputs]))
                running.append((inner, self.steps(at.inside(at.target), inner)))
