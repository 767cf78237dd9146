"""Rules about activations: none where one is needed, and one after another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.activation import (
    CELU,
    ELU,
    GELU,
    SELU,
    Hardsigmoid,
    Hardswish,
    LeakyReLU,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    RReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)  # fmt: skip
from cnndsl.layers.along import LogSoftmax, Softmax
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.convolution import Conv
from cnndsl.layers.dense import Linear
from cnndsl.layers.dropout import AlphaDropout, Dropout, DropoutChannels
from cnndsl.layers.normalisation import BatchNorm
from cnndsl.layers.sizes import per_axis
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.rule import Finding, InEveryUse, Rule
from cnndsl.program import Module
from cnndsl.traced import value_of

_AFFINE = (BatchNorm, Dropout, DropoutChannels, AlphaDropout)
"""What multiplies and adds only, in evaluation."""


class NoActivation(Rule):
    """Two convolutions, or two dense layers, with nothing nonlinear between them: both together are one affine map.

    What the second could learn the first could have learned, but for a larger window. Some pairs are made like that
    on purpose, and are let pass: a layer that is narrower than what is before and after it (a bottleneck, which saves
    weights), a convolution in groups beside one of all channels, two convolutions along different axes, convolutions
    with given weights, and a layer that is applied in several places, as a head is to the levels of a pyramid.
    """

    code: ClassVar[str] = "W206"
    layers: ClassVar[tuple[type[Layer], ...]] = (Conv, Linear)

    def see(self, trail: Trail) -> Iterator[Finding]:
        second = trail.newest
        first = next((applied for applied in trail.layers[1:] if not isinstance(applied.layer, _AFFINE)), None)
        if first is None or type(first.layer) is not type(second.layer) or _given(first) or _given(second):
            return
        if first.is_shared or second.is_shared:
            return
        if any(isinstance(a.layer, BatchNorm) and not a.layer.track_running_stats for a in trail.layers[1:]):
            return  # in evaluation too it divides by the batch's own variance
        what = "dense layers"
        if isinstance(first.layer, Conv) and isinstance(second.layer, Conv):
            what = "convolutions"
            if first.layer.groups > 1 or second.layer.groups > 1 or _separable(first, second):
                return
        if _bottleneck(first, second):
            return
        between = f"{first.name} and {second.name}" if first.name != second.name else f"two {what}"
        yield Finding(
            self.code,
            f"no activation between {between}: together they are one affine map",
            second.origin,
            more=((first.origin, "the one before it"),),
            help=("put an activation between them, such as relu, or leave one of them out",),
        )


def _given(applied: Applied) -> bool:
    """Whether the layer has weights from the text, which stay as they are."""
    return applied.weights is not None and applied.weights.weight is not None and not applied.weights.trainable


def _separable(first: Applied, second: Applied) -> bool:
    """Whether two convolutions go along different axes, as 1 x 3 and 3 x 1 do."""
    one, other = _long_axes(first), _long_axes(second)
    return bool(one and other) and one.isdisjoint(other)


def _long_axes(applied: Applied) -> set[int]:
    """The axes along which the kernel of a convolution is more than one place."""
    assert isinstance(applied.layer, Conv)  # noqa: S101 - asked by the caller
    return {axis for axis, k in enumerate(per_axis(applied.layer.kernel, len(applied.x) - 1, "kernel")) if k > 1}


def _bottleneck(first: Applied, second: Applied) -> bool:
    """Whether what flows between the two is narrower than before and after; between points, also no wider."""
    axis = 0 if isinstance(first.layer, Conv) else -1
    before, between, after = (value_of(shape[axis]) for shape in (first.x, second.x, second.y))
    if isinstance(first.layer, Conv) and not _long_axes(first) and not _long_axes(second):
        return bool(between <= before and between <= after)
    return bool(between < before and between < after)


_SHARES = (Softmax, LogSoftmax)
_SQUASHING = (Sigmoid, Hardsigmoid, *_SHARES)
"""What brings every number into a range that has a meaning: probabilities and shares, or their logarithms."""


class AfterProbabilities(InEveryUse):
    """An activation straight after a sigmoid or a softmax, which gives what is meant to be read as it is.

    Sigmoid twice gives nothing outside of 0.5 to 0.73, and a softmax of probabilities is nearly even. Let pass are a
    softmax along another axis, as in normalising rows and columns by turns, and bounds (hardtanh).
    """

    code: ClassVar[str] = "W221"
    layers: ClassVar[tuple[type[Layer], ...]] = (
        *_SQUASHING, Tanh, Softsign, LeakyReLU, PReLU, RReLU, ELU, CELU, SELU, GELU, SiLU, Mish, Hardswish, Softplus,
    )  # fmt: skip

    def judge(self, trail: Trail) -> Finding | None:
        newest = trail.newest
        if len(trail.layers) == 1 or not isinstance((before := trail.layers[1]).layer, _SQUASHING):
            return None
        if _along_another_axis(before.layer, newest.layer):
            return None
        what = "the logarithms of shares" if isinstance(before.layer, LogSoftmax) else "the numbers between 0 and 1"
        return Finding(
            self.code,
            f"{newest.name} is applied to {what} that {before.name} gives",
            newest.origin,
            more=((before.origin, "before it"),),
            help=("leave one of the two out",),
        )


def _along_another_axis(first: Layer, second: Layer) -> bool:
    return isinstance(first, _SHARES) and isinstance(second, _SHARES) and first.axis != second.axis


class NeverNegative(Rule):
    """A relu between the last layer that learns and the sigmoid or softmax at the end of a network.

    The sigmoid of what is not negative is 0.5 and more, and a softmax cannot tell apart what was below zero.
    """

    code: ClassVar[str] = "W221"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        layers = [applied for applied in trail.layers if applied.layer.group is not Group.SHAPE]
        if len(layers) < 3 or not isinstance(layers[0].layer, _SQUASHING):
            return
        last, relu = layers[:2]
        learned = next((a for a in layers[2:] if a.layer.group is not Group.NORMALISATION), None)
        if not isinstance(relu.layer, (ReLU, ReLU6)) or learned is None:
            return
        if learned.layer.group in (Group.CONVOLUTION, Group.DENSE):
            gives = "cannot tell apart what was below zero"
            if isinstance(last.layer, (Sigmoid, Hardsigmoid)):
                gives = "gives nothing below 0.5"
            yield Finding(
                self.code,
                f"{relu.name} leaves no negative numbers for {last.name}, which then {gives}",
                relu.origin,
                more=((last.origin, f"the end of {network.name}"),),
                help=(f"leave {relu.name} out: {last.name} takes the numbers as {learned.name} gives them",),
            )
