"""Which inputs of a network are whole numbers: those that an embedding reads."""

from __future__ import annotations

from cnndsl.layers.base import Group
from cnndsl.program import Call, Leaf, Plain, Program


def whole_inputs(program: Program, module: str) -> frozenset[int]:
    """The numbers of the inputs of a module that an embedding reads, with nothing but a change of shape before it."""
    return _Wholes(program).inputs(module)


class _Wholes:
    """Looks into each module once."""

    def __init__(self, program: Program) -> None:
        self._modules = program.modules
        self._known: dict[str, frozenset[int]] = {}

    def inputs(self, key: str) -> frozenset[int]:
        if key not in self._known:
            self._known[key] = self._look(key)
        return self._known[key]

    def _look(self, key: str) -> frozenset[int]:
        module = self._modules[key]
        parts = {child.name: child.unit for child in module.children}
        found: set[int] = set()
        for step in reversed(module.steps):
            action = step.action
            if isinstance(action, Call):
                unit = parts[action.child]
                if not isinstance(unit, Leaf):
                    found.update(step.inputs[index] for index in self.inputs(action.module or unit.module))
                    continue
                layer = unit.layer
            elif isinstance(action, Plain):
                layer = action.layer
            else:
                continue
            if layer.takes_wholes or (layer.group is Group.SHAPE and found.intersection(step.outputs)):
                found.update(step.inputs)
        return frozenset(index for index in range(len(module.inputs)) if index in found)
