"""A rule about layers that give what they are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.layers.activation import ReLU, ReLU6, Sigmoid, Softplus
from cnndsl.layers.along import Softmax
from cnndsl.layers.base import Layer
from cnndsl.layers.shape import Flatten
from cnndsl.lint.flow import Applied, Trail
from cnndsl.lint.rule import Finding, Rule
from cnndsl.program import Origin, Plain, Program
from cnndsl.source import Span

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
        return Fix.replacing(Span(span.source, span.start - len(before[0]), span.end), "")
    if after is not None:
        return Fix.replacing(Span(span.source, span.start, span.end + after.end()), "")
    return None
