"""Rules about layers that give what they are given, or the same whatever they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.layers.activation import LeakyReLU, ReLU, ReLU6, Sigmoid, Softplus
from cnndsl.layers.along import LogSoftmax, Softmax
from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv, ConvTranspose
from cnndsl.layers.dense import Linear
from cnndsl.layers.dropout import AlphaDropout, Dropout, DropoutChannels, StochasticDepth
from cnndsl.layers.normalisation import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from cnndsl.layers.pooling import AvgPool, MaxPool
from cnndsl.layers.resize import Crop, Pad, Upsample
from cnndsl.layers.shape import ChannelShuffle, Flatten, Permute, PixelShuffle, PixelUnshuffle, Reshape
from cnndsl.layers.sizes import Dim, per_axis, show
from cnndsl.layers.values import axis_index
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.places import is_written_out
from cnndsl.lint.rule import Finding, InEveryUse, Rule
from cnndsl.source import Span
from cnndsl.traced import is_open, value_of

DROPOUTS = (Dropout, DropoutChannels, AlphaDropout, StochasticDepth)
_NOT_NEGATIVE = (ReLU, ReLU6, Sigmoid, Softplus, Softmax)
"""What gives no negative number."""


class NoEffect(InEveryUse):
    """A layer that changes nothing by what stands before it, a flatten of what is flat or a relu of what has no
    negative numbers, or that undoes it, a batchnorm of a batchnorm.
    """

    code: ClassVar[str] = "W214"
    layers: ClassVar[tuple[type[Layer], ...]] = (Flatten, ReLU, BatchNorm, InstanceNorm)

    def judge(self, trail: Trail) -> Finding | None:
        newest, before = trail.newest, trail.layers[1] if len(trail.layers) > 1 else None
        if isinstance(newest.layer, Flatten):
            if len(newest.x) == 1:
                return self._finding(newest, "changes nothing here: what comes in is a list of features already")
        elif before is None:
            return None
        elif isinstance(newest.layer, ReLU):
            if isinstance(before.layer, _NOT_NEGATIVE):
                return self._finding(newest, f"changes nothing here: {before.name} gives no negative numbers", before)
        elif _normalises_alike(before.layer, newest.layer):
            why = f"normalises what {before.name} has normalised, and takes its scale and shift away again"
            return self._finding(newest, why, before)
        return None

    def _finding(self, newest: Applied, why: str, before: Applied | None = None) -> Finding:
        return Finding(
            self.code,
            f"{newest.name} {why}",
            newest.origin,
            more=() if before is None else ((before.origin, "before it"),),
            help=("leave it out",) if before is None or isinstance(newest.layer, ReLU) else ("leave one of them out",),
            fix=_no_fix if newest.is_module else _left_out,
        )


def _normalises_alike(first: Layer, second: Layer) -> bool:
    """Whether the second takes the scale and shift of each channel away, which is all that the first gives."""
    if isinstance(second, BatchNorm):
        return isinstance(first, BatchNorm) and first.track_running_stats == second.track_running_stats
    return isinstance(first, (BatchNorm, InstanceNorm))


def _no_fix(_: Span) -> None:
    """No fix: the layer is a module, and the names or numbers of others may hang on it."""


def _left_out(span: Span) -> Fix | None:
    """The suggestion to take a stage out of its pipeline; None where it stands alone, has a name, or names a value."""
    text = span.source.text
    if "(" in span.text and not is_written_out(span):
        return None
    before = re.search(r"[ \t]*->[ \t]*$", text[max(0, span.start - 40) : span.start])
    after = re.match(r"[ \t]*->[ \t]*", text[span.end : span.end + 40])
    if before is not None:
        return Fix.suggested(Span(span.source, span.start - len(before[0]), span.end), "")
    if after is not None:
        return Fix.suggested(Span(span.source, span.start, span.end + after.end()), "")
    return None


class NoEffectByNumbers(InEveryUse):
    """A layer whose numbers make it change nothing: maxpool(1), dropout(0), upsample(scale=1).

    Only where the numbers are written there. A name may stand for another number in another variant of the network.
    """

    code: ClassVar[str] = "W214"
    layers: ClassVar[tuple[type[Layer], ...]] = (
        MaxPool, AvgPool, *DROPOUTS, LeakyReLU, Upsample, PixelShuffle, PixelUnshuffle, ChannelShuffle, Pad, Crop,
        Reshape, Permute,
    )  # fmt: skip

    def judge(self, trail: Trail) -> Finding | None:
        newest = trail.newest
        why = _why_idle(newest)
        if not why:
            return None
        message = f"{newest.name} changes nothing here: {why}"
        about = self.about(newest, message, "leave it out, or give it other numbers")
        return replace(about, holds=is_written_out, fix=_no_fix if newest.is_module else _left_out)


def _why_idle(applied: Applied) -> str:
    """Why the numbers of a layer make it change nothing; empty where they do not."""
    layer, x = applied.layer, applied.x
    match layer:
        case MaxPool() | AvgPool():
            rank = len(x) - 1
            window: tuple[Any, ...] = (layer.kernel, 1 if layer.stride is None else layer.stride)
            moves_by_one = all(set(per_axis(number, rank, "")) == {1} for number in window)
            return "each region is one place" if moves_by_one else ""
        case Dropout() | DropoutChannels() | AlphaDropout() | StochasticDepth():
            return "it drops nothing" if layer.p == 0 else ""
        case LeakyReLU():
            return "with a slope of 1 it gives every number as it came" if layer.slope == 1 else ""
        case PixelShuffle() | PixelUnshuffle():
            return "a factor of 1 moves nothing" if layer.factor == 1 else ""
        case ChannelShuffle():
            return "one group has nothing to be mixed with" if layer.groups == 1 else ""
        case Permute():
            return "the axes stay in their order" if list(layer.order) == sorted(layer.order) else ""
        case Upsample() | Pad() | Crop() | Reshape():
            known = not any(map(is_open, x))
            same = known and tuple(map(value_of, x)) == tuple(map(value_of, applied.y))
            return f"what comes in is {show(x)} already" if same else ""
    return ""


class Constant(Rule):
    """A layer that gives the same whatever comes in: a softmax of one number, a norm of one, dropout of all, given
    weights of zero.
    """

    code: ClassVar[str] = "W219"
    layers: ClassVar[tuple[type[Layer], ...]] = (
        Softmax, LogSoftmax, GroupNorm, LayerNorm, *DROPOUTS, Conv, ConvTranspose, Linear,
    )  # fmt: skip

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer, x = applied.layer, applied.x
        why = helps = ""
        if isinstance(layer, (Softmax, LogSoftmax)) and _is_one(x[axis_index(layer.axis, x, "")]):
            why = f"gives {1 if isinstance(layer, Softmax) else 0} whatever comes in: it shares out among one number"
            helps = "for one probability write sigmoid; for classes give it a number for each"
        elif isinstance(layer, GroupNorm) and all(map(_is_one, (x[0] // layer.groups, *x[1:]))):
            why, helps = "takes all away that comes in: each group has one number", "use fewer groups, or leave it out"
        elif isinstance(layer, LayerNorm) and all(map(_is_one, layer.normalised(x))):
            why, helps = "takes all away that comes in: it goes over one number", "normalise over another axis"
        elif isinstance(layer, DROPOUTS) and layer.p == 1:
            why, helps = "lets nothing through in training", "p is the share that is dropped: write less than 1"
        elif applied.weights is not None and not applied.weights.trainable and is_all_zero(applied.weights.weight):
            why = "gives the same whatever comes in: its weights are all zero, and stay so"
            helps = "give it other weights; weight_init=zeros lets them begin with zero and learn"
        if why:
            yield self.about(applied, f"{applied.name} {why}", helps)


def is_all_zero(numbers: Any) -> bool:
    """Whether nested tuples of numbers hold nothing but zeros; None is no tuple of numbers."""
    if isinstance(numbers, tuple):
        return all(map(is_all_zero, numbers))
    return numbers is not None and bool(numbers == 0)


def _is_one(size: Dim) -> bool:
    return not is_open(size) and value_of(size) == 1
