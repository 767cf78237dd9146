"""Which parts a module applies in a run, so that a loop in `forward` can do the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from cnndsl.program import Call, Module, Program


class Runs:
    """The applications in one module."""

    def __init__(self, module: Module, program: Program) -> None:
        self._steps = module.steps
        self._program = program
        self._positions: dict[str, list[int]] = {}
        self._readers = Counter(output.value for output in module.outputs)
        for position, step in enumerate(module.steps):
            self._readers.update(step.inputs)
            if isinstance(step.action, Call):
                self._positions.setdefault(step.action.child, []).append(position)

    def is_run(self, names: Sequence[str]) -> bool:
        """Whether these parts are applied once each, one after the other, each to what only the one before gave."""
        positions = [self._positions.get(name, []) for name in names]
        if any(len(found) != 1 for found in positions):
            return False
        first = positions[0][0]
        if [found[0] for found in positions] != list(range(first, first + len(names))):
            return False
        run = self._steps[first : first + len(names)]
        if any(len(step.inputs) != 1 or step.training or not self._gives_one(step.action) for step in run):
            return False
        return all(
            step.inputs == before.outputs and self._readers[before.outputs[0]] == 1 for before, step in pairwise(run)
        )

    def _gives_one(self, action: object) -> bool:
        if not isinstance(action, Call) or action.module is None:
            return isinstance(action, Call)
        outputs = self._program.modules[action.module].outputs
        return len(outputs) == 1 and outputs[0].name is None
