"""A layer of a network that is run, with several values of one of its parameters: what each makes of the same input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from cnndsl.backends.explain import Comparison
from cnndsl.compiler import compile_source
from cnndsl.diagnostics import OptionError
from cnndsl.i18n import tr
from cnndsl.ir.interpreter import Application
from cnndsl.layers.base import Layer
from cnndsl.source import Source
from cnndsl.symbolic.number import literal
from cnndsl.tracing.figure import Shown
from cnndsl.tracing.recording import Recorder, Wanted
from cnndsl.tracing.runner import Look, Ran, run, seeded

if TYPE_CHECKING:
    from torch import Tensor, nn


_FEW_PLACES = 25
"""Up to so many numbers of a channel all are worked out, where they are to be read."""


class Seen(NamedTuple):
    """The layer as it was applied, and what came into it. `is_fixed`: whether its weights stand in the text."""

    layer: Layer
    part: nn.Module | None
    given: Tensor
    place: str
    is_fixed: bool


class Finder:
    """Watches a run for the first application of a part."""

    def __init__(self, part: str) -> None:
        self._part = part
        self.seen: Seen | None = None

    def looks(self, at: Application) -> Look:
        """As `Watcher` says."""
        if at.inner is not None and self._part.startswith(f"{at.path}."):
            return Look.INSIDE
        return Look.RESULT if at.path == self._part and self.seen is None else Look.NOT

    def saw(self, ran: Ran) -> None:
        """As `Watcher` says."""
        leaf, origin = ran.at.leaf, ran.at.step.origin
        if ran.at.path == self._part and leaf is not None and ran.given:
            place = tr("{what}, line {line}", what=origin.file, line=origin.line)
            part: Any = ran.part
            self.seen = Seen(leaf.layer, part, ran.given[0], place, leaf.weights is not None)


def compared(
    seen: Seen, comparison: Comparison, wanted: Wanted, seed: int, *, trained: bool = False, training: bool = False
) -> Iterator[Shown]:
    """What the layer makes of its input with each of the values, with the same weights.

    Initial weights of another size are drawn with the seed; `trained` says that there are others. Raises OptionError
    where the layer cannot have one of the values, or its weights do not fit all of them.
    """
    sample = seen.given[0]
    x = tuple(sample.shape)
    variants = comparison.variants(seen.layer, x, wanted.part)
    is_small = all(prod(map(int, layer.output(x)[1:])) <= _FEW_PLACES for _, layer in variants)
    wanted = replace(wanted, at=wanted.at or ("all" if wanted.numbers and is_small else None))
    for variant in variants:
        title, layer = f"{wanted.part} with {variant.words}", variant.layer
        compilation = compile_source(Source("<compared>", _network(layer, x)))
        program = compilation.program
        assert program is not None, [found.message for found in compilation.diagnostics]  # noqa: S101 - it fits
        recorder = Recorder(program, program.network(), replace(wanted, part=""), training=training)
        with seeded(seed):
            model = compilation.load()()
        own = _give(next(model.children(), None), seen.part)
        if own and (trained or seen.is_fixed):
            raise OptionError("compare", f"{title} has weights of another size, and there are none of that: {own}")
        with seeded(seed):
            run(program, program.network(), model, (seen.given.clone(),), recorder, training=training)
        (shown,) = recorder.steps
        remark = tr("as written") if layer == seen.layer else tr("with initial weights of its own") if own else ""
        said = tr("{part} with {change}", part=wanted.part, change=variant.words)
        yield replace(shown, title=said, place=seen.place, remark=remark)


def _network(layer: Layer, sizes: Sequence[int]) -> str:
    """The text of a network of the layer alone."""
    given = ", ".join(f"{name}={literal(value)}" for name, value in layer.non_default().items())
    return f"network Compared {{ input({', '.join(map(str, sizes))}); {layer.kind}({given}) }}"


def _give(model: nn.Module | None, part: nn.Module | None) -> str:
    """Give a variant of a layer its weights; returns, in words, those that have another size."""
    if model is None or part is None:
        return ""
    wanted, found = model.state_dict(), part.state_dict()
    other = [name for name in wanted if name not in found or wanted[name].shape != found[name].shape]
    if not other:
        model.load_state_dict(found)
    return ", ".join(f"{name} is {' x '.join(map(str, wanted[name].shape))}" for name in other)
