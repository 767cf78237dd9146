"""Rules about layers that give what they are given, or the same whatever they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.layers.activation import ReLU, ReLU6, Sigmoid, Softplus
from cnndsl.layers.along import LogSoftmax, Softmax
from cnndsl.layers.base import Layer
from cnndsl.layers.dropout import AlphaDropout, Dropout, DropoutChannels, StochasticDepth
from cnndsl.layers.normalisation import GroupNorm, LayerNorm
from cnndsl.layers.shape import Flatten
from cnndsl.layers.sizes import Dim
from cnndsl.layers.values import axis_index
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Origin, Plain, Program
from cnndsl.source import Span
from cnndsl.traced import is_open, value_of

_NOT_NEGATIVE = (ReLU, ReLU6, Sigmoid, Softplus, Softmax)
"""What gives no negative number."""


class NoEffect(Rule):
    """A flatten of what is flat already, or a relu of what has no negative numbers: nothing is changed by it.

    A line that is worked out several times is reported only if it has no effect in any of them.
    """

    code: ClassVar[str] = "W214"
    layers: ClassVar[tuple[type[Layer], ...]] = (Flatten, ReLU)

    def __init__(self) -> None:
        self._seen: dict[Origin, set[tuple[str, int]]] = {}
        """For each place, the steps that apply such a layer there."""
        self._idle: dict[tuple[str, int], tuple[Applied, Applied | None]] = {}
        """The steps without an effect: the layer, and for a relu what is before it."""

    def see(self, trail: Trail) -> Iterator[Finding]:
        newest = trail.newest
        self._seen.setdefault(newest.origin, set()).add(newest.step)
        if isinstance(newest.layer, Flatten):
            if len(newest.x) == 1:
                self._idle.setdefault(newest.step, (newest, None))
        elif len(trail.layers) > 1 and isinstance(trail.layers[1].layer, _NOT_NEGATIVE):
            before = trail.layers[1]
            if before.step[0] == newest.step[0]:
                self._idle.setdefault(newest.step, (newest, before))
        return iter(())

    def finish(self, program: Program) -> Iterator[Finding]:
        for origin, steps in self._seen.items():
            if not steps <= self._idle.keys():
                continue
            module, number = first = min(steps)
            layer, before = self._idle[first]
            plain = isinstance(program.modules[module].steps[number].action, Plain)
            why = "what comes in is a list of features already"
            if before is not None:
                why = f"{before.name} gives no negative numbers"
            yield Finding(
                self.code,
                f"{layer.name} changes nothing here: {why}",
                origin,
                more=() if before is None else ((before.origin, "before it"),),
                help=("leave it out",),
                fix=_left_out if plain else _no_fix,
            )


def _no_fix(_: Span) -> None:
    """No fix: the layer is a module, and the names or numbers of others may hang on it."""


def _left_out(span: Span) -> Fix | None:
    """The fix that takes a stage out of its pipeline; None where it stands alone or has a name."""
    text = span.source.text
    before = re.search(r"[ \t]*->[ \t]*$", text[max(0, span.start - 40) : span.start])
    after = re.match(r"[ \t]*->[ \t]*", text[span.end : span.end + 40])
    if before is not None:
        return Fix.suggested(Span(span.source, span.start - len(before[0]), span.end), "")
    if after is not None:
        return Fix.suggested(Span(span.source, span.start, span.end + after.end()), "")
    return None


class Constant(Rule):
    """A layer that gives the same whatever comes in: a softmax of one number, a norm of one, dropout of all."""

    code: ClassVar[str] = "W219"
    layers: ClassVar[tuple[type[Layer], ...]] = (
        Softmax, LogSoftmax, GroupNorm, LayerNorm, Dropout, DropoutChannels, AlphaDropout, StochasticDepth,
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
        elif isinstance(layer, (Dropout, DropoutChannels, AlphaDropout, StochasticDepth)) and layer.p == 1:
            why, helps = "lets nothing through in training", "p is the share that is dropped: write less than 1"
        if why:
            yield self.about(applied, f"{applied.name} {why}", helps)


def _is_one(size: Dim) -> bool:
    return not is_open(size) and value_of(size) == 1
