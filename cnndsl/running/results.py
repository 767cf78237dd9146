"""What comes out of a network: as maps, and where it is a list of numbers as scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnndsl.backends.maps.figure import Result, Score
from cnndsl.interpreter import Frame, applications
from cnndsl.program import Module, Program
from cnndsl.running import maps
from cnndsl.running.recorder import Wanted
from cnndsl.running.refused import Refused

if TYPE_CHECKING:
    from torch import Tensor

ALL_SCORES, BEST_SCORES = 20, 10
"""Up to so many scores are all listed, in their order; of more only the best."""


def results(
    program: Program, network: Module, gave: Sequence[Tensor], wanted: Wanted, labels: Sequence[str]
) -> tuple[Result, ...]:
    """What a network gave, each output a batch of one; `labels` name the numbers of lists.

    Raises Refused where there are not as many labels as numbers, or no list.
    """
    outputs = [output for output in network.outputs if not output.training]
    names = [output.name or (network.names.get(output.value, "") if len(outputs) > 1 else "") for output in outputs]
    if labels and all(tensor.dim() != 2 for tensor in gave):
        message = f"what comes out of {network.name} is no list of numbers, one for each class"
        raise Refused(message, "--labels")
    return tuple(
        _result(name, tensor[0], wanted, labels, may_be_shares=_ends_open(program, network, output.value))
        for name, tensor, output in zip(names, gave, outputs, strict=True)
    )


def _result(name: str, tensor: Tensor, wanted: Wanted, labels: Sequence[str], *, may_be_shares: bool) -> Result:
    value = maps.value(tensor, wanted.maps, numbers=wanted.numbers, side=maps.LARGE)
    if tensor.dim() != 1:
        return Result(name, value)
    if labels and len(labels) != len(tensor):
        message = f"there are {len(labels):,} lines, and {len(tensor):,} numbers come out: write a line for each"
        raise Refused(message, "--labels")
    listed = tensor.float().tolist()
    shares = tensor.float().softmax(0).tolist() if may_be_shares and len(listed) > 1 else [None] * len(listed)
    scores = [
        Score(index, labels[index] if labels else "", number, share)
        for index, (number, share) in enumerate(zip(listed, shares, strict=True))
    ]
    if len(scores) > ALL_SCORES:
        scores = sorted(scores, key=lambda score: -score.number)[:BEST_SCORES]
    return Result(name, value, tuple(scores), len(listed) - len(scores))


def _ends_open(program: Program, module: Module, value: int) -> bool:
    """Whether a value comes straight from a dense layer, so that a softmax may follow it."""
    steps = [at for at in applications(program, Frame(module)) if value in at.step.outputs]
    if not steps:
        return False
    target = steps[-1].target
    if isinstance(target, Module):
        return _ends_open(program, target, target.outputs[steps[-1].step.outputs.index(value)].value)
    return target.kind == "linear"
