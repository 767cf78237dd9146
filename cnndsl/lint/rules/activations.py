"""Rules about activations, and layers that give what they are given or the same whatever they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.ir.program import Combine, Module, Origin, Program
from cnndsl.layers.base import Group
from cnndsl.layers.formula import Dim, per_axis, same_size, show
from cnndsl.layers.operations import axis_index
from cnndsl.lint.places import has_numbers_alone, is_written_out
from cnndsl.lint.rule import Applied, Finding, InEveryUse, Rule, Trail
from cnndsl.source import Span
from cnndsl.symbolic.number import is_open, value_of

_AFFINE = ("batchnorm", "dropout", "dropout_channels", "alpha_dropout")
"""What multiplies and adds only, in evaluation."""


class NoActivation(Rule):
    """Two convolutions, or two dense layers, with nothing nonlinear between them: both together are one affine map.

    What the second could learn the first could have learned, but for a larger window. Some pairs are made like that
    on purpose, and are let pass: a layer that is narrower than what is before and after it (a bottleneck, which saves
    weights), a convolution in groups beside one of all channels, two convolutions along different axes, convolutions
    with given weights, and a layer that is applied in several places, as a head is to the levels of a pyramid.
    """

    code: ClassVar[str] = "W206"
    layers: ClassVar[tuple[str, ...]] = ("conv", "linear")

    def see(self, trail: Trail) -> Iterator[Finding]:
        second = trail.newest
        first = next((applied for applied in trail.layers[1:] if applied.layer.kind not in _AFFINE), None)
        if first is None or type(first.layer) is not type(second.layer) or _given(first) or _given(second):
            return
        if first.is_shared or second.is_shared:
            return
        if any(a.layer.kind == "batchnorm" and not a.layer.track_running_stats for a in trail.layers[1:]):
            return  # in evaluation too it divides by the batch's own variance
        what = "dense layers"
        if first.layer.kind == "conv" and second.layer.kind == "conv":
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
    return {axis for axis, k in enumerate(per_axis(applied.layer.kernel, len(applied.x) - 1, "kernel")) if k > 1}


def _bottleneck(first: Applied, second: Applied) -> bool:
    """Whether what flows between the two is narrower than before and after; between points, also no wider."""
    axis = 0 if first.layer.kind == "conv" else -1
    before, between, after = (value_of(shape[axis]) for shape in (first.x, second.x, second.y))
    if first.layer.kind == "conv" and not _long_axes(first) and not _long_axes(second):
        return bool(between <= before and between <= after)
    return bool(between < before and between < after)


_SHARES = ("softmax", "log_softmax")
_SQUASHING = ("sigmoid", "hardsigmoid", *_SHARES)
"""What brings every number into a range that has a meaning: probabilities and shares, or their logarithms."""


class AfterProbabilities(InEveryUse):
    """An activation straight after a sigmoid or a softmax, which gives what is meant to be read as it is.

    Sigmoid twice gives nothing outside of 0.5 to 0.73, and a softmax of probabilities is nearly even. Let pass are a
    softmax along another axis, as in normalising rows and columns by turns, and bounds (hardtanh).
    """

    code: ClassVar[str] = "W221"
    layers: ClassVar[tuple[str, ...]] = (
        *_SQUASHING, "tanh", "softsign", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish",
        "hardswish", "softplus",
    )  # fmt: skip

    def judge(self, trail: Trail) -> Finding | None:
        newest = trail.newest
        if len(trail.layers) == 1 or (before := trail.layers[1]).layer.kind not in _SQUASHING:
            return None
        if {before.layer.kind, newest.layer.kind} <= {*_SHARES} and before.layer.axis != newest.layer.axis:
            return None
        what = "the logarithms of shares" if before.layer.kind == "log_softmax" else "the numbers between 0 and 1"
        return Finding(
            self.code,
            f"{newest.name} is applied to {what} that {before.name} gives",
            newest.origin,
            more=((before.origin, "before it"),),
            help=("leave one of the two out",),
        )


class NeverNegative(Rule):
    """A relu between the last layer that learns and the sigmoid or softmax at the end of a network.

    The sigmoid of what is not negative is 0.5 and more, and a softmax cannot tell apart what was below zero.
    """

    code: ClassVar[str] = "W221"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        layers = [applied for applied in trail.layers if applied.layer.group is not Group.SHAPE]
        if len(layers) < 3 or layers[0].layer.kind not in _SQUASHING:
            return
        last, relu = layers[:2]
        learned = next((a for a in layers[2:] if a.layer.group is not Group.NORMALISATION), None)
        if relu.layer.kind not in ("relu", "relu6") or learned is None:
            return
        if learned.layer.group in (Group.CONVOLUTION, Group.DENSE):
            gives = "cannot tell apart what was below zero"
            if last.layer.kind in ("sigmoid", "hardsigmoid"):
                gives = "gives nothing below 0.5"
            yield Finding(
                self.code,
                f"{relu.name} leaves no negative numbers for {last.name}, which then {gives}",
                relu.origin,
                more=((last.origin, f"the end of {network.name}"),),
                help=(f"leave {relu.name} out: {last.name} takes the numbers as {learned.name} gives them",),
            )


DROPOUTS = ("dropout", "dropout_channels", "alpha_dropout", "stochastic_depth")
_NOT_NEGATIVE = ("relu", "relu6", "sigmoid", "softplus", "softmax")
"""What gives no negative number."""


class NoEffect(InEveryUse):
    """A layer that changes nothing by what stands before it, a flatten of what is flat or a relu of what has no
    negative numbers, or that undoes it, a batchnorm of a batchnorm.
    """

    code: ClassVar[str] = "W214"
    layers: ClassVar[tuple[str, ...]] = ("flatten", "relu", "batchnorm", "instancenorm")

    def judge(self, trail: Trail) -> Finding | None:
        newest, before = trail.newest, trail.layers[1] if len(trail.layers) > 1 else None
        if newest.layer.kind == "flatten":
            if len(newest.x) == 1:
                return self._finding(newest, "changes nothing here: what comes in is a list of features already")
        elif before is None:
            return None
        elif newest.layer.kind == "relu":
            if before.layer.kind in _NOT_NEGATIVE:
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
            help=("leave it out",) if before is None or newest.layer.kind == "relu" else ("leave one of them out",),
            fix=_no_fix if newest.is_module else _left_out,
        )


def _normalises_alike(first: Any, second: Any) -> bool:
    """Whether the second takes the scale and shift of each channel away, which is all that the first gives."""
    if second.kind == "batchnorm":
        return first.kind == "batchnorm" and bool(first.track_running_stats == second.track_running_stats)
    return first.kind in ("batchnorm", "instancenorm")


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
    line = text[text.rfind("\n", 0, span.start) + 1 : span.start]
    if after is not None and re.fullmatch(r"(?:.*[;{])?\s*", line):  # elsewhere a value is needed: x = relu(it) -> conv
        return Fix.suggested(Span(span.source, span.start, span.end + after.end()), "")
    return None


class NoEffectByNumbers(InEveryUse):
    """A layer whose numbers make it change nothing: maxpool(1), dropout(0), upsample(scale=1).

    Only where the numbers are written there. A name may stand for another number in another variant of the network.
    """

    code: ClassVar[str] = "W214"
    layers: ClassVar[tuple[str, ...]] = (
        "maxpool", "avgpool", *DROPOUTS, "leaky_relu", "upsample", "pixel_shuffle", "pixel_unshuffle",
        "channel_shuffle", "pad", "crop", "reshape", "permute",
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
    match layer.kind:
        case "maxpool" | "avgpool":
            rank = len(x) - 1
            window: tuple[Any, ...] = (layer.kernel, 1 if layer.stride is None else layer.stride)
            moves_by_one = all(set(per_axis(number, rank, "")) == {1} for number in window)
            return "each region is one place" if moves_by_one else ""
        case "dropout" | "dropout_channels" | "alpha_dropout" | "stochastic_depth":
            return "it drops nothing" if layer.p == 0 else ""
        case "leaky_relu":
            return "with a slope of 1 it gives every number as it came" if layer.slope == 1 else ""
        case "pixel_shuffle" | "pixel_unshuffle":
            return "a factor of 1 moves nothing" if layer.factor == 1 else ""
        case "channel_shuffle":
            return "one group has nothing to be mixed with" if layer.groups == 1 else ""
        case "permute":
            return "the axes stay in their order" if list(layer.order) == sorted(layer.order) else ""
        case "upsample" | "pad" | "crop" | "reshape":
            known = not any(map(is_open, x))
            same = known and tuple(map(value_of, x)) == tuple(map(value_of, applied.y))
            return f"what comes in is {show(x)} already" if same else ""
    return ""


class Constant(Rule):
    """A layer that gives the same whatever comes in: a softmax of one number, a norm of one, dropout of all, given
    weights of zero.
    """

    code: ClassVar[str] = "W219"
    layers: ClassVar[tuple[str, ...]] = (
        "softmax", "log_softmax", "groupnorm", "layernorm", *DROPOUTS, "conv", "conv_transpose", "linear",
    )  # fmt: skip

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer, x = applied.layer, applied.x
        why = helps = ""
        if layer.kind in ("softmax", "log_softmax") and _is_one(x[axis_index(layer.axis, x, "")]):
            why = f"gives {int(layer.kind == 'softmax')} whatever comes in: it shares out among one number"
            helps = "for one probability write sigmoid; for classes give it a number for each"
        elif layer.kind == "groupnorm" and all(map(_is_one, (x[0] // layer.groups, *x[1:]))):
            why, helps = "takes all away that comes in: each group has one number", "use fewer groups, or leave it out"
        elif layer.kind == "layernorm" and all(map(_is_one, layer.normalised(x))):
            why, helps = "takes all away that comes in: it goes over one number", "normalise over another axis"
        elif layer.kind in DROPOUTS and layer.p == 1:
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


class IdleIndex(Rule):
    """Square brackets that take every place of a value: `x[...]`, `x[:, 0:8]` of 8 channels.

    Only where the numbers are written there. A name may stand for another number in another variant of the network.
    """

    code: ClassVar[str] = "W214"

    def finish(self, program: Program) -> Iterator[Finding]:
        seen: dict[Origin, list[tuple[str, bool]]] = {}
        for module in program.modules.values():
            for step in module.steps:
                if isinstance(step.action, Combine) and step.action.operation.kind == "index":
                    (x, y) = (module.values[step.inputs[0]], module.values[step.outputs[0]])
                    seen.setdefault(step.origin, []).append((step.action.operation.sign, same_size(x, y)))
        for origin, uses in seen.items():
            if all(is_idle for _, is_idle in uses):
                message = f"{uses[0][0]} changes nothing here: it takes every place"
                yield Finding(self.code, message, origin, help=("leave it out",), holds=has_numbers_alone)
