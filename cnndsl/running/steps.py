"""Run a checked program step by step, on the modules of its network.

What the generated `forward` does in lines of Python is done here step by step, with the same modules, so that
somebody can look at every value, those of plain calls and sums too.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from cnndsl.costs.counts import Parts, parts_of
from cnndsl.layers.base import Argument, Code, Spelling
from cnndsl.program import Call, Combine, Leaf, Module, Plain, Program, Step

if TYPE_CHECKING:
    from torch import Tensor, nn


class Look(Enum):
    """How closely a step is watched."""

    NOT = "it is run, and not shown"
    RESULT = "what comes out of it is shown"
    INSIDE = "the steps inside it are watched too"


@dataclass(frozen=True, slots=True)
class Ran:
    """A step that was run.

    path: the attribute path of the part, empty for what leaves no module. part: the module, or a learned tensor.
    leaf: the part of the program where it is a layer; inner: the module of the program where it is composed.
    given, gave: what came in and out, with a batch axis but for a learned tensor.
    """

    path: str
    module: Module
    step: Step
    part: nn.Module | Tensor | None
    leaf: Leaf | None
    inner: Module | None
    given: tuple[Tensor, ...]
    gave: tuple[Tensor, ...]


class Watcher(Protocol):
    """Who looks on."""

    def looks(self, module: Module, at: int, path: str, inner: Module | None) -> Look:
        """How closely to watch step `at` of a module, before it is run."""

    def saw(self, ran: Ran) -> None:
        """A step that is watched was run; the steps inside it came before."""


def run(
    program: Program, network: Module, model: nn.Module, given: tuple[Tensor, ...], watcher: Watcher
) -> tuple[Tensor, ...]:
    """What a network gives in evaluation, each input being a batch, with somebody looking on."""
    import torch

    names = dict(vars(sys.modules[type(model).__module__]))  # what its text may name: torch, F, its helpers
    names |= {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    with torch.inference_mode():
        return _Runner(program, names, watcher).module(network, model.eval(), given, "")


class _Runner:
    def __init__(self, program: Program, names: dict[str, Any], watcher: Watcher) -> None:
        self._program = program
        self._names = names
        self._watcher = watcher

    def module(self, module: Module, model: nn.Module, given: tuple[Tensor, ...], prefix: str) -> tuple[Tensor, ...]:
        """What a module gives; a value is let go after its last use."""
        outputs = [output.value for output in module.outputs if not output.training]
        uses = Counter(value for step in module.steps if not step.training for value in step.inputs)
        uses.update(outputs)
        values = dict(enumerate(given))
        units = parts_of(module)
        for at, step in enumerate(module.steps):
            if step.training:
                continue
            came = tuple(values[value] for value in step.inputs)
            values.update(zip(step.outputs, self._step(module, units, at, model, came, prefix), strict=True))
            for value in step.inputs:
                uses[value] -= 1
            for value in (*step.inputs, *step.outputs):
                if not uses[value]:
                    values.pop(value, None)
        return tuple(values[value] for value in outputs)

    def _step(
        self, module: Module, units: Parts, at: int, model: nn.Module, given: tuple[Tensor, ...], prefix: str
    ) -> tuple[Tensor, ...]:
        step = module.steps[at]
        action = step.action
        path, part, leaf, inner = "", None, None, None
        if isinstance(action, Call):
            path, part = prefix + action.child, getattr(model, action.child)
            unit = units[action.child]
            if isinstance(unit, Leaf):
                leaf = unit
            else:
                inner = self._program.modules[action.module or unit.module]
        look = self._watcher.looks(module, at, path, inner)
        if part is None:
            gave = self._text(step, module, given)
        elif not callable(part):  # a learned tensor
            gave = (part,)
        elif inner is not None and look is Look.INSIDE:
            gave = self.module(inner, part, given, f"{path}.")
        else:
            gave = tensors(part(*given))
        if look is not Look.NOT:
            self._watcher.saw(Ran(path, module, step, part, leaf, inner, given, gave))
        return gave

    def _text(self, step: Step, module: Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """What a plain call or an operation gives, by the Python that is generated for it."""
        values = {f"value{k}": tensor for k, tensor in enumerate(given)}
        if isinstance(step.action, Combine):
            shapes = tuple(module.values[value] for value in step.inputs)
            text = step.action.operation.text(shapes, tuple(values))
        else:
            assert isinstance(step.action, Plain)  # noqa: S101 - a call has a part
            spelling = step.action.layer.function(tuple(given[0].shape[1:]))
            assert spelling is not None  # noqa: S101 - or the program would have a part for it
            text, arguments = _called(spelling)
            values |= arguments
        # The text is the compiler's own, for a checked layer; what the user gave stands beside it, bound to names.
        return tensors(eval(text, self._names, values))  # noqa: S307


def _called(spelling: Spelling) -> tuple[str, dict[str, Any]]:
    """The text of a call on `value0`, and what the names of its arguments stand for."""
    arguments = {f"given_{argument.name}": _plain(argument) for argument in spelling.arguments}
    if spelling.template is not None:
        names = {argument.name: f"given_{argument.name}" for argument in spelling.arguments}
        return spelling.template.format(x="value0", **names), arguments
    written = [a for a in spelling.arguments if a.required or not _is_default(a)]
    listed = (f"given_{a.name}" if a.required else f"{a.name}=given_{a.name}" for a in written)
    return f"{spelling.target}({', '.join(['value0', *listed])})", arguments


def _plain(argument: Argument) -> Any:
    """The value of an argument; the one piece of Python among them asks whether the network is in training."""
    return False if isinstance(argument.value, Code) else argument.value


def _is_default(argument: Argument) -> bool:
    """Whether an argument is left out in the generated module; some are refused where they say nothing new."""
    return type(argument.value) is type(argument.default) and bool(argument.value == argument.default)


def tensors(given: Any) -> tuple[Tensor, ...]:
    """The tensors that a module returns: one, several, or several by name."""
    if isinstance(given, dict):
        return tuple(given.values())
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)
