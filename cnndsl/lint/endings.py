"""Rules about what a network ends with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.activation import ReLU, ReLU6
from cnndsl.layers.along import LogSoftmax, Softmax
from cnndsl.layers.base import Group
from cnndsl.layers.dense import Linear
from cnndsl.layers.dropout import AlphaDropout, Dropout, DropoutChannels
from cnndsl.layers.sizes import AXES, show
from cnndsl.layers.values import axis_index
from cnndsl.lint.flow import Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Module
from cnndsl.traced import Traced, value_of


class SoftmaxAtEnd(Rule):
    """A softmax over the channels or features at the very end, where the loss usually has one built in.

    nn.CrossEntropyLoss takes scores and applies log-softmax itself; given shares it learns slowly and not well. With
    log_softmax and nn.NLLLoss everything is in order. Silent where the scores themselves come out, too.
    """

    code: ClassVar[str] = "W205"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        last = next((applied for applied in trail.layers if applied.layer.group is not Group.SHAPE), None)
        if last is None or not isinstance(last.layer, Softmax) or axis_index(last.layer.axis, last.x, "") != 0:
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
            if isinstance(applied.layer, (Dropout, DropoutChannels, AlphaDropout)):
                if applied.layer.p > 0 and number + 1 < len(trail.layers):
                    yield Finding(
                        self.code,
                        f"{applied.name} acts on the output of {network.name}: in training some of the answers are "
                        "set to zero",
                        applied.origin,
                        help=("put it before the last layer that learns, or leave it out",),
                    )
                return
            if applied.layer.group is not Group.SHAPE and not isinstance(applied.layer, (Softmax, LogSoftmax)):
                return


class SoftmaxOverPlaces(Rule):
    """A softmax at the end that goes over the rows or columns of a map of scores, in place of its channels.

    axis=-1 is the last axis, the columns. Let pass are signals, where a place may be what is asked for, and maps with
    one channel.
    """

    code: ClassVar[str] = "W222"

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        if len(trail.layers) < 2 or not isinstance((last := trail.layers[0]).layer, (Softmax, LogSoftmax)):
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
        if len(trail.layers) < 2 or not isinstance((relu := trail.layers[0]).layer, (ReLU, ReLU6)):
            return
        dense = trail.layers[1]
        if not isinstance(dense.layer, Linear) or len(dense.y) > 1:
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
