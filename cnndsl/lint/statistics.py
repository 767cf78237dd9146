"""Rules about what stands straight before a batch normalisation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv, ConvTranspose
from cnndsl.layers.dense import Linear
from cnndsl.layers.dropout import Dropout, DropoutChannels
from cnndsl.layers.normalisation import BatchNorm
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Origin, Program
from cnndsl.source import Span


class BiasBeforeBatchNorm(Rule):
    """A bias straight before a batchnorm, which subtracts the mean of each channel, and the bias with it.

    The bias gets no gradient but rounding errors, and is kept and updated for nothing. A line that is worked out
    several times is reported only if a batchnorm follows it each time; otherwise the bias has its use.
    """

    code: ClassVar[str] = "W203"
    layers: ClassVar[tuple[type[Layer], ...]] = (Conv, ConvTranspose, Linear, BatchNorm)

    def __init__(self) -> None:
        self._biased: dict[Origin, set[tuple[str, int]]] = {}
        """For each declaration of a layer with a bias, the steps that apply it."""
        self._undone: dict[tuple[str, int], tuple[Applied, Applied]] = {}
        """The steps after which only a batchnorm reads: the layer, and the batchnorm."""

    def see(self, trail: Trail) -> Iterator[Finding]:
        newest = trail.newest
        if isinstance(newest.layer, (Conv, ConvTranspose, Linear)):
            if newest.layer.bias:
                self._biased.setdefault(newest.declared, set()).add(newest.step)
        elif len(trail.layers) > 1 and _per_channel(before := trail.layers[1]) and before.step[0] == newest.step[0]:
            self._undone.setdefault(before.step, (before, newest))
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for declared, steps in self._biased.items():
            pairs = [self._undone[step] for step in sorted(steps) if step in self._undone]
            if len(pairs) < len(steps):
                continue
            layer, norm = pairs[0]
            yield Finding(
                self.code,
                f"the bias of {layer.name} has no effect: the batchnorm after it takes the mean of each channel away",
                declared,
                more=((norm.origin, "straight after it"),),
                help=(f"write {layer.layer.kind}(..., bias=false)",),
                fix=_without_bias,
            )


def _without_bias(span: Span) -> Fix | None:
    """The fix that writes `bias=false` into the call at a place; None where it is no call, or speaks of the bias."""
    call = re.fullmatch(r"(?:[^\n(]*[:=])?\s*(?:conv|conv_transpose|linear)\(([^\n#]*)\)", span.text)
    if call is None or not call[1].strip():
        return None
    given = re.search(r"\bbias\s*=\s*true\b", span.text)
    if given is not None:
        return Fix.replacing(Span(span.source, span.start + given.start(), span.start + given.end()), "bias=false")
    if re.search(r"\bbias\b", span.text):
        return None
    end = span.start + call.end(1)
    return Fix.replacing(
        Span(span.source, end, end), " bias=false" if call[1].rstrip().endswith(",") else ", bias=false"
    )


def _per_channel(applied: Applied) -> bool:
    """Whether the layer adds one number to each channel of what the batchnorm gets."""
    layer = applied.layer
    return isinstance(layer, (Conv, ConvTranspose)) or (isinstance(layer, Linear) and len(applied.x) == 1)


class DropoutBeforeBatchNorm(Rule):
    """Dropout straight before a batchnorm: the running variance is that of numbers with gaps.

    Dropout keeps the mean and makes the variance larger, in training alone; in evaluation the batchnorm divides by a
    variance that what comes in no longer has (X. Li et al., "Understanding the disharmony between dropout and batch
    normalization by variance shift", 2018). Alpha dropout keeps the variance.
    """

    code: ClassVar[str] = "W207"
    layers: ClassVar[tuple[type[Layer], ...]] = (BatchNorm,)

    def see(self, trail: Trail) -> Iterator[Finding]:
        norm = trail.newest
        if len(trail.layers) < 2 or not isinstance(norm.layer, BatchNorm) or not norm.layer.track_running_stats:
            return
        before = trail.layers[1]
        if isinstance(before.layer, (Dropout, DropoutChannels)) and before.layer.p > 0:
            yield Finding(
                self.code,
                f"{before.name} stands straight before a batchnorm, which learns a variance that is there in training "
                "alone",
                before.origin,
                more=((norm.origin, "the batchnorm"),),
                help=("put the dropout after the batchnorm and its activation, or leave it out",),
            )
