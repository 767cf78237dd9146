"""Run a checked program step by step on the modules of its network, letting each value go after its last use."""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor, nn

from cnndsl.ir.program import Call, Combine, Leaf, Module, Plain, Program, Step
from cnndsl.layers.extern import Extern
from cnndsl.layers.operations import Learned
from tests.layers.oracle import BROUGHT, applied, call


def execute(program: Program, module: Module, part: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What the module gives, with the weights of `part` and in the mode that it is in."""
    training = part.training
    steps = [step for step in module.steps if training or not step.training]
    outputs = [output.value for output in module.outputs if training or not output.training]
    uses = Counter(value for step in steps for value in step.inputs) + Counter(outputs)
    values = dict(enumerate(given))
    for step in steps:
        results = _step(program, module, part, step, tuple(values[index] for index in step.inputs))
        values.update(zip(step.outputs, results, strict=True))
        del results
        for index in step.inputs:
            uses[index] -= 1
        for index in (*step.inputs, *step.outputs):
            if not uses[index]:
                values.pop(index, None)
    return tuple(values[index] for index in outputs)


def _step(
    program: Program, module: Module, part: nn.Module, step: Step, inputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    action = step.action
    if isinstance(action, Combine):
        xs = tuple(module.values[index] for index in step.inputs)
        names = {f"v{k}": value for k, value in enumerate(inputs)}
        # The text is the compiler's own, of an operation that it checked.
        known = {"torch": torch, "F": nn.functional, **BROUGHT, **names}
        result: Any = eval(action.operation.text(xs, tuple(names)), known)  # noqa: S307
        return (result,) if isinstance(result, Tensor) else tuple(result)
    if isinstance(action, Plain):
        spelling = action.layer.function(module.values[step.inputs[0]])
        assert spelling is not None
        return (call(spelling, inputs[0], part.training),)
    assert isinstance(action, Call)
    unit = module.child(action.child).unit
    if isinstance(unit, Leaf) and isinstance(unit.layer, Learned):
        return (attrgetter(action.child)(part),)
    inner = part.get_submodule(action.child)
    if isinstance(unit, Leaf) and isinstance(unit.layer, Extern):
        given = inner(*inputs)
        return (given,) if isinstance(given, Tensor) else tuple(given)
    if isinstance(unit, Leaf):
        return (applied(inner, *inputs) if type(inner).__module__.startswith("torch.") else inner(*inputs),)
    return execute(program, program.modules[action.module or unit.module], inner, inputs)
