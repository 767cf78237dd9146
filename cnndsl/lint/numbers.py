"""A rule about numbers that are hardly meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.activation import LeakyReLU, RReLU
from cnndsl.layers.base import Layer
from cnndsl.lint.flow import Trail
from cnndsl.lint.idle import DROPOUTS
from cnndsl.lint.rule import Finding, Rule

_MOST_DROPPED = 0.9
"""More than this is dropped by nobody; it is what TensorFlow 1 called keep_prob."""


class UnlikelyNumber(Rule):
    """A dropout of nearly all, or a leaky relu that makes negative numbers larger: a slip in a number.

    What drops more than nine tenths lets too little through to learn from; the share that is kept was probably meant.
    A slope above 1 bends the wrong way: 2 in place of 0.2.
    """

    code: ClassVar[str] = "W228"
    layers: ClassVar[tuple[type[Layer], ...]] = (LeakyReLU, RReLU, *DROPOUTS)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer = applied.layer
        if isinstance(layer, DROPOUTS) and _MOST_DROPPED < layer.p < 1:
            what = "samples" if layer.kind == "stochastic_depth" else "numbers"
            yield self.about(
                applied,
                f"{applied.name} drops {layer.p:.4g} of all {what} in training",
                f"the share that is dropped is written, not the one that is kept: p={1 - layer.p:.4g}",
            )
        elif isinstance(layer, (LeakyReLU, RReLU)):
            slope = layer.slope if isinstance(layer, LeakyReLU) else layer.upper
            if slope > 1:
                yield self.about(
                    applied,
                    f"{applied.name} has a slope of {slope:.4g}, by which it makes negative numbers larger still",
                    "write a slope between 0 and 1, such as 0.2",
                )
