"""Which inputs of a network are whole numbers: those that an embedding reads."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.interpreter import Application, Frame, Interpreter
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.values import Operation
from cnndsl.program import Module, Program

Inputs = frozenset[int]


def whole_inputs(program: Program, module: str) -> Inputs:
    """The numbers of the inputs of a module that an embedding reads, with nothing but a change of shape before it."""
    return _Wholes(program).module(program.modules[module])[0]


class _Wholes(Interpreter[Inputs]):
    """Says of each value which inputs of its module it has the numbers of, in another shape; runs each module once."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._known: dict[str, tuple[Inputs, list[Inputs]]] = {}
        self._read: Inputs = frozenset()
        """The inputs of the module that is run which an embedding reads."""

    def module(self, module: Module) -> tuple[Inputs, list[Inputs]]:
        """The inputs that an embedding reads, and those that each output has the numbers of."""
        if module.id not in self._known:
            before, self._read = self._read, frozenset()
            values = self.run(Frame(module), (frozenset({index}) for index in range(len(module.inputs))))
            self._known[module.id] = self._read, [values[output.value] for output in module.outputs]
            self._read = before
        return self._known[module.id]

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Inputs]) -> Inputs:  # noqa: ARG002
        if layer.takes_wholes:
            self._read |= inputs[0]
        return inputs[0] if inputs and layer.group is Group.SHAPE else frozenset()  # a learned tensor has none

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Inputs]) -> list[Inputs]:  # noqa: ARG002
        return [frozenset()] * len(at.step.outputs)

    def call_module(self, at: Application, module: Module, inputs: Sequence[Inputs]) -> list[Inputs]:  # noqa: ARG002
        read, outputs = self.module(module)
        self._read = self._read.union(*(inputs[index] for index in read))
        return [frozenset[int]().union(*(inputs[index] for index in output)) for output in outputs]
