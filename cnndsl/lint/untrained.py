"""Rules about layers that never learn, or not for a long time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.interpreter import Frame, applications
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.convolution import Conv, ConvTranspose
from cnndsl.layers.dense import Linear
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.normalisation import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.idle import is_all_zero
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Leaf, Module, Program, Use, inner_first

_WEIGHTED = (Conv, ConvTranspose, Linear, BatchNorm, GroupNorm, InstanceNorm, LayerNorm)


class ZeroTwice(Rule):
    """Two layers in a row whose weights begin with zeros: each holds back the gradient of the other.

    The gradient of the first is multiplied by the zeros of the second, and that of the second by what the first gives.
    One layer of zeros at the end of a branch is a good beginning, and is let pass.
    """

    code: ClassVar[str] = "W224"
    layers: ClassVar[tuple[type[Layer], ...]] = _WEIGHTED

    def __init__(self) -> None:
        self._pairs: dict[tuple[tuple[str, int], tuple[str, int]], tuple[Applied, Applied]] = {}

    def see(self, trail: Trail) -> Iterator[Finding]:
        second = trail.newest
        for first in trail.layers[1:]:
            if isinstance(first.layer, _WEIGHTED):
                self._pairs.setdefault((first.step, second.step), (first, second))
                if first.layer.group is not Group.NORMALISATION:
                    break
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for key in program.networks:
            rules = {
                rule.kind: _is_zero(rule.initialiser) for rule in program.modules[key].init if rule.tensor == "weight"
            }
            zeros = [pair for pair in self._pairs.values() if all(_begins_zero(applied, rules) for applied in pair)]
            inside = {module.id for module in inner_first(program, [key])} if zeros else set()
            for first, second in zeros:
                if {first.step[0], second.step[0]} <= inside:
                    yield Finding(
                        self.code,
                        f"{first.name} and {second.name} both begin with weights of zero: neither gets a gradient "
                        "through the other",
                        second.origin,
                        more=((first.origin, "the one before it"),),
                        help=("let one of them begin as it does by itself, or with kaiming_normal",),
                    )


def _begins_zero(applied: Applied, rules: dict[str, bool]) -> bool:
    """Whether all weights of a layer are zero before it has learned; `rules` says it of the kinds of a network."""
    if applied.weights is not None and applied.weights.weight is not None:
        return applied.weights.trainable and is_all_zero(applied.weights.weight)
    own = dict(applied.init).get("weight")
    return rules.get(applied.layer.kind, False) if own is None else _is_zero(own)


def _is_zero(rule: Initialiser) -> bool:
    given = dict(rule.arguments)
    return (
        rule.rule == "zeros"
        or (rule.rule == "constant" and given.get("val") == 0)
        or (rule.rule == "normal" and given.get("mean", 0) == given.get("std", 1) == 0)
    )


class SizeOnly(Rule):
    """A layer that learns, of whose result only the size is used, as by upsample(x, like=it): it gets no gradient.

    Its weights stay as they began, and training on several machines stops because of them.
    """

    code: ClassVar[str] = "W235"

    def finish(self, program: Program) -> Iterator[Finding]:
        learns: dict[str, bool] = {}
        """For each module, whether it holds something that learns."""
        reads: dict[str, frozenset[int]] = {}
        """For each module, the inputs whose numbers lead to an output."""
        for module in inner_first(program, program.networks, Module.used):
            read = {output.value for output in module.outputs}
            told: set[int] = set()  # what leads to a layer that was told of
            for at in reversed(list(applications(program, Frame(module)))):
                inputs = at.step.inputs
                if not read.isdisjoint(at.step.outputs):
                    if isinstance(at.target, Module):
                        read.update(inputs[index] for index in reads[at.target.id])
                    else:
                        read.update(at.step.read)
                elif not told.isdisjoint(at.step.outputs):
                    told.update(inputs)
                elif at.part is not None and _learns(at.part.unit, learns):
                    told.update(inputs)
                    yield Finding(
                        self.code,
                        f"only the size of what {at.name} gives is used: it gets no gradient, and is never trained",
                        at.step.origin,
                        help=("use its result too, or take the size from another value and leave it out",),
                    )
            learns[module.id] = any(_learns(child.unit, learns) for child in module.children)
            reads[module.id] = frozenset(range(len(module.inputs))) & read


def _learns(unit: Leaf | Use, modules: dict[str, bool]) -> bool:
    if isinstance(unit, Use):
        return modules[unit.module]
    return any(tensor.learned for tensor in unit.layer.tensors(unit.x))
