"""Rules about what a network ends with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.along import LogSoftmax, Softmax
from cnndsl.layers.base import Group
from cnndsl.layers.dropout import AlphaDropout, Dropout, DropoutChannels
from cnndsl.layers.values import axis_index
from cnndsl.lint.flow import Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Module
from cnndsl.traced import value_of


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
