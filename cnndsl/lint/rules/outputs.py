"""Rules about what a network ends with, what never learns, and where its parameters are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import ClassVar

from cnndsl.ir.interpreter import Frame, applications
from cnndsl.ir.program import Combine, Leaf, Module, Origin, Program, Step, Use, inner_first
from cnndsl.layers.base import Group
from cnndsl.layers.formula import AXES, show
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.operations import Concat, Operation, axis_index
from cnndsl.lint.places import is_written_twice
from cnndsl.lint.rule import Applied, Finding, Rule, Trail
from cnndsl.lint.rules.activations import DROPOUTS, is_all_zero
from cnndsl.symbolic.number import Traced, is_open, value_of


class SoftmaxAtEnd(Rule):
    """A softmax over the channels or features at the very end, where the loss usually has one built in.

    nn.CrossEntropyLoss takes scores and applies log-softmax itself; given shares it learns slowly and not well. With
    log_softmax and nn.NLLLoss everything is in order. Silent where the scores themselves come out, too.
    """

    code: ClassVar[str] = "W205"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        last = next((applied for applied in trail.layers if applied.layer.group is not Group.SHAPE), None)
        if last is None or last.layer.kind != "softmax" or axis_index(last.layer.axis, last.x, "") != 0:
            return
        if (last is trail.layers[-1] and not trail.sole) or value_of(last.x[0]) == 1:  # W219 has a word for one number
            return
        yield Finding(
            self.code,
            f"{network.name} ends with a softmax, and nn.CrossEntropyLoss applies one itself",
            last.origin,
            help=(
                "leave it out and train with nn.CrossEntropyLoss; for probabilities take the softmax of what comes out",
                "or write log_softmax, and train with nn.NLLLoss",
            ),
        )


class DropoutAtEnd(Rule):
    """Dropout as the very last layer: in training it sets some of the answers themselves to zero.

    Nothing comes after it that could learn to do without them. What only rearranges what comes out, or makes shares of
    it, is looked through. Silent where nothing stands before it, as in a network that shows what dropout does.
    """

    code: ClassVar[str] = "W208"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        for number, applied in enumerate(trail.layers):
            if applied.layer.kind in ("dropout", "dropout_channels", "alpha_dropout"):
                if applied.layer.p > 0 and number + 1 < len(trail.layers):
                    yield Finding(
                        self.code,
                        f"{applied.name} acts on the output of {network.name}: in training some of the answers are "
                        "set to zero",
                        applied.origin,
                        help=("put it before the last layer that learns, or leave it out",),
                    )
                return
            if applied.layer.group is not Group.SHAPE and applied.layer.kind not in ("softmax", "log_softmax"):
                return


class SoftmaxOverPlaces(Rule):
    """A softmax at the end that goes over the rows or columns of a map of scores, in place of its channels.

    axis=-1 is the last axis, the columns. Let pass are signals, where a place may be what is asked for, and maps with
    one channel.
    """

    code: ClassVar[str] = "W222"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        if len(trail.layers) < 2 or (last := trail.layers[0]).layer.kind not in ("softmax", "log_softmax"):
            return
        at = axis_index(last.layer.axis, last.x, "")
        before = trail.layers[1].layer.group
        if len(last.x) < 3 or at == 0 or value_of(last.x[0]) == 1 or before is not Group.CONVOLUTION:
            return
        axis = AXES[len(last.x) - 1][at - 1]
        yield Finding(
            self.code,
            f"{last.name} at the end of {network.name} shares out along the {axis} of {show(last.x)}, not among the "
            "channels",
            last.origin,
            help=(f"for a share of each channel write {last.layer.kind}; axis 1 has the channels, axis 0 the batch",),
        )


class ReluAtEnd(Rule):
    """A relu on the scores at the end: scores are compared with one another, and may be negative.

    A class whose score is below zero for all pictures gets no gradient, and is never learned. A relu at the end of what
    finds features is usual, so only few scores are taken for such: ten, or as many as there are classes by name.
    """

    code: ClassVar[str] = "W223"
    few: ClassVar[int] = 10

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        if len(trail.layers) < 2 or (relu := trail.layers[0]).layer.kind not in ("relu", "relu6"):
            return
        dense = trail.layers[1]
        if dense.layer.kind != "linear" or len(dense.y) > 1:
            return
        scores = dense.y[0]
        is_named = isinstance(scores, Traced) and "class" in str(scores.expr).lower()
        if value_of(scores) > 1 and (is_named or value_of(scores) <= self.few):
            yield Finding(
                self.code,
                f"{network.name} ends with {relu.name} on the {value_of(scores)} numbers of {dense.name}: none of them "
                "can be negative, and one that is 0 throughout is not learned",
                relu.origin,
                help=("leave it out for scores; for numbers that are never negative, write softplus",),
            )


class SameValue(Rule):
    """A value minus itself, over itself, or beside itself in a concat: the name of another one was probably meant.

    Let pass is a concat that makes several channels of one, or repeats what comes into a network, as networks for grey
    pictures and for larger ones do. So are two names of one value, one of which may be another value in another
    variant. A line that is worked out several times is reported only if it is so each time.
    """

    code: ClassVar[str] = "W229"

    def finish(self, program: Program) -> Iterator[Finding]:
        seen: dict[tuple[Origin, str], list[str]] = {}
        """For each place and operation, what is to be said of each use; in a - a + b both begin at one place."""
        for module in program.modules.values():
            for step in module.steps:
                if isinstance(step.action, Combine):
                    operation = step.action.operation
                    seen.setdefault((step.origin, operation.kind), []).append(_found(module, step, operation))
        for (origin, _), said in seen.items():
            if all(said):
                helps = "write the value that was meant in one of the places"
                yield Finding(self.code, said[0], origin, help=(helps,), holds=is_written_twice)


def _found(module: Module, step: Step, operation: Operation) -> str:
    """What is to be said of a step that combines values; empty for different ones."""
    if operation.kind in ("sub", "div") and len(set(step.inputs)) == 1 < len(step.inputs):
        word, gives = ("minus", 0) if operation.kind == "sub" else ("divided by", 1)
        return f"{module.names.get(step.inputs[0], 'a value')} {word} itself is {gives} whatever comes in"
    if not isinstance(operation, Concat):
        return ""
    index, count = Counter(step.inputs).most_common(1)[0]
    shape = module.values[index]
    comes_in = module.kind == "network" and index < len(module.inputs)
    repeats_all = count == len(step.inputs) and (count > 2 or comes_in)
    if count == 1 or repeats_all or value_of(shape[axis_index(operation.axis, shape, "concat")]) == 1:
        return ""
    return f"{module.names.get(index, 'one value')} stands {count} times in this concat"


_MOST_DROPPED = 0.9
"""More than this is dropped by nobody; it is what TensorFlow 1 called keep_prob."""


class UnlikelyNumber(Rule):
    """A dropout of nearly all, or a leaky relu that makes negative numbers larger: a slip in a number.

    What drops more than nine tenths lets too little through to learn from; the share that is kept was probably meant.
    A slope above 1 bends the wrong way: 2 in place of 0.2.
    """

    code: ClassVar[str] = "W228"
    layers: ClassVar[tuple[str, ...]] = ("leaky_relu", "rrelu", *DROPOUTS)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer = applied.layer
        if layer.kind in DROPOUTS and _MOST_DROPPED < layer.p < 1:
            what = "samples" if layer.kind == "stochastic_depth" else "numbers"
            yield self.about(
                applied,
                f"{applied.name} drops {layer.p:.4g} of all {what} in training",
                f"the share that is dropped is written, not the one that is kept: p={1 - layer.p:.4g}",
            )
        elif layer.kind in ("leaky_relu", "rrelu"):
            slope = layer.slope if layer.kind == "leaky_relu" else layer.upper
            if slope > 1:
                yield self.about(
                    applied,
                    f"{applied.name} has a slope of {slope:.4g}, by which it makes negative numbers larger still",
                    "write a slope between 0 and 1, such as 0.2",
                )


class MostParameters(Rule):
    """A dense layer on a large map that holds nearly all parameters of a network with many.

    It has a weight for each place of the map and each of its outputs, and most of them say little. AlexNet and VGG,
    which are known for their large dense layers, have them on maps of 6 x 6 and 7 x 7, and stay silent.
    """

    code: ClassVar[str] = "W212"
    layers: ClassVar[tuple[str, ...]] = ("linear",)
    many: ClassVar[int] = 10_000_000
    """A network with fewer parameters than this is small whatever it does."""
    share: ClassVar[float] = 0.9
    places: ClassVar[int] = 64
    """A map of more places than this is large."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[Applied, Applied]] = {}

    def see(self, trail: Trail) -> Iterator[Finding]:
        dense = trail.newest
        if len(trail.layers) > 1 and trail.layers[1].layer.kind == "flatten" and not is_open(dense.x[-1]):
            flatten = trail.layers[1]
            places = prod(map(value_of, flatten.x[1:]))
            if places > self.places and _weights(dense) > self.share * self.many:
                self._seen[dense.step] = (dense, flatten)
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        if not self._seen:
            return
        from cnndsl.analysis import costs

        for key in program.networks:
            inside = {module.id for module in inner_first(program, [key])}
            total = costs.of(program, key).parameters
            if total < self.many:
                continue
            for (module, _), (dense, flatten) in self._seen.items():
                own = _weights(dense)
                if module not in inside or own < self.share * total:
                    continue
                outputs = value_of(dense.y[-1])
                least = value_of(flatten.x[0]) * outputs
                sizes = (
                    f"{least:,} after global_avgpool, {least * 4 ** (len(flatten.x) - 1):,} after adaptive_avgpool(4)"
                )
                yield Finding(
                    self.code,
                    f"{dense.name} holds {own:,} of the {total:,} parameters of {program.modules[key].name}: one for "
                    f"each number of a map of {show(flatten.x)} and each of its {outputs:,} outputs",
                    dense.declared,
                    help=(f"make the map smaller first: it would hold {sizes}",),
                )


def _weights(dense: Applied) -> int:
    return int(value_of(dense.x[-1]) * value_of(dense.y[-1]))


_WEIGHTED = ("conv", "conv_transpose", "linear", "batchnorm", "groupnorm", "instancenorm", "layernorm")


class ZeroTwice(Rule):
    """Two layers in a row whose weights begin with zeros: each holds back the gradient of the other.

    The gradient of the first is multiplied by the zeros of the second, and that of the second by what the first gives.
    One layer of zeros at the end of a branch is a good beginning, and is let pass.
    """

    code: ClassVar[str] = "W224"
    layers: ClassVar[tuple[str, ...]] = _WEIGHTED

    def __init__(self) -> None:
        self._pairs: dict[tuple[tuple[str, int], tuple[str, int]], tuple[Applied, Applied]] = {}

    def see(self, trail: Trail) -> Iterator[Finding]:
        second = trail.newest
        for first in trail.layers[1:]:
            if first.layer.kind in _WEIGHTED:
                self._pairs.setdefault((first.step, second.step), (first, second))
                if first.layer.group is not Group.NORMALISATION:
                    break
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for key in program.networks:
            rules: dict[str, bool] = {}
            for module in inner_first(program, [key]):  # where a body inside says otherwise, nothing is said
                for rule in module.init:
                    if rule.tensor == "weight":
                        rules[rule.kind] = _is_zero(rule.initialiser) and rules.get(rule.kind, True)
            stated = {rule.kind for rule in program.modules[key].init if rule.tensor == "weight"}
            rules = {kind: is_zero and kind in stated for kind, is_zero in rules.items()}
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
            asked: set[int] = set()
            for at in reversed(list(applications(program, Frame(module)))):
                inputs = at.step.inputs
                if not read.isdisjoint(at.step.outputs):
                    if isinstance(at.target, Module):
                        read.update(inputs[index] for index in reads[at.target.id])
                    else:
                        read.update(at.step.read)
                elif asked.isdisjoint(at.step.outputs) or not told.isdisjoint(at.step.outputs):
                    told.update(inputs)  # what nothing reads at all is another warning
                elif at.part is not None and _learns(at.part.unit, learns):
                    told.update(inputs)
                    yield Finding(
                        self.code,
                        f"only the size of what {at.name} gives is used: it gets no gradient, and is never trained",
                        at.step.origin,
                        help=("use its result too, or take the size from another value and leave it out",),
                    )
                asked.update(inputs)
            learns[module.id] = any(_learns(child.unit, learns) for child in module.children)
            reads[module.id] = frozenset(range(len(module.inputs))) & read


def _learns(unit: Leaf | Use, modules: dict[str, bool]) -> bool:
    if isinstance(unit, Use):
        return modules[unit.module]
    return any(tensor.learned for tensor in unit.layer.tensors(unit.x))
