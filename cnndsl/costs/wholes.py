"""Which inputs of a network are whole numbers: those that an embedding reads."""

from __future__ import annotations

from cnndsl.interpreter import Frame, applications
from cnndsl.layers.base import Group, Layer
from cnndsl.program import Module, Program


def whole_inputs(program: Program, module: str) -> frozenset[int]:
    """The numbers of the inputs of a module that an embedding reads, with nothing but a change of shape before it."""
    return _Wholes(program).inputs(module)


class _Wholes:
    """Looks into each module once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[str, frozenset[int]] = {}

    def inputs(self, key: str) -> frozenset[int]:
        if key not in self._known:
            self._known[key] = self._look(key)
        return self._known[key]

    def _look(self, key: str) -> frozenset[int]:
        module = self._program.modules[key]
        found: set[int] = set()
        for at in reversed(list(applications(self._program, Frame(module)))):
            if isinstance(at.target, Module):
                found.update(at.step.inputs[index] for index in self.inputs(at.target.id))
            elif isinstance(at.target, Layer) and (
                at.target.takes_wholes or (at.target.group is Group.SHAPE and found.intersection(at.step.outputs))
            ):
                found.update(at.step.inputs)
        return frozenset(index for index in range(len(module.inputs)) if index in found)
