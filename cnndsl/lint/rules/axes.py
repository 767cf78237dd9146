"""Rules about arguments and axes in the order of another framework."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from cnndsl.diagnostics import Fix
from cnndsl.ir.interpreter import Frame, applications
from cnndsl.ir.program import Module, Program, Step
from cnndsl.layers.axis_order import as_torch, without_channels
from cnndsl.layers.base import Group, Layer, times
from cnndsl.layers.formula import show
from cnndsl.layers.operations import Operation
from cnndsl.lint.rule import Applied, Finding, Rule, Trail
from cnndsl.source import Span
from cnndsl.symbolic.number import value_of

_KERAS = 0.9
"""A momentum that nobody means here."""
_SCALE = 8
"""Up to here a size is probably meant as a factor."""


class OtherOrder(Rule):
    """A layer whose numbers are another framework's, by their look: PyTorch's have the incoming channels among them.

    A convolution with as many kernels as channels come in, and these very large: conv(3, 16, 5) is 3 kernels of 16 x 16
    with stride 5 here. Let pass are kernels that are small or odd, convolutions in groups, and patches. A normalisation
    whose eps is 1 or more: batchnorm(64) takes 64 for its eps, beside which the variances count for nothing. Or one
    whose momentum is 0.9 and more, as Keras has it, where it is the share of what was known before. Or an upsampling
    to a few places, fewer than come in: upsample(2) gives 2 x 2, and Keras's UpSampling2D(2) twice the size.
    """

    code: ClassVar[str] = "W215"
    layers: ClassVar[tuple[str, ...]] = ("conv", "batchnorm", "instancenorm", "groupnorm", "upsample")

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        if applied.layer.kind in ("batchnorm", "instancenorm", "groupnorm"):
            yield from self._see_channels(applied)
            return
        if applied.layer.kind == "upsample":
            yield from self._see_scale(applied, applied.layer.size)
            return
        meant = as_torch(applied.layer, applied.x)
        if meant is None:
            return
        kernel = times((applied.layer.kernel,) * (len(applied.x) - 1))
        yield self.about(
            applied,
            f"{applied.name} has {applied.layer.channels} kernels of {kernel} and stride {applied.layer.stride}, which "
            "look like PyTorch's arguments",
            f"the channels that come in are not written: {meant}",
        )

    def _see_scale(self, applied: Applied, size: object) -> Iterator[Finding]:
        if not isinstance(size, int) or size > _SCALE or any(size >= value_of(dim) for dim in applied.x[1:]):
            return
        yield self.about(
            applied,
            f"{applied.name} makes {show(applied.y)} of {show(applied.x)}: {size} is the size that comes out here, and "
            "looks like Keras's factor",
            f"write upsample(scale={size}) for a map {size} times as large",
        )

    def _see_channels(self, applied: Applied) -> Iterator[Finding]:
        layer = applied.layer
        if layer.kind in ("batchnorm", "instancenorm") and _KERAS <= layer.momentum < 1:
            yield self.about(
                applied,
                f"{applied.name} has a momentum of {layer.momentum}, which looks like Keras's: here it is the share of "
                "the newest batch",
                f"write momentum={1 - layer.momentum:.3g}",
            )
        if layer.eps < 1:
            return
        meant = f"groupnorm({layer.groups})" if layer.kind == "groupnorm" else layer.kind
        found = self.about(
            applied,
            f"{applied.name} adds {layer.eps} to the variances, its eps, which looks like PyTorch's number of channels",
            f"the channels that come in are not written: {meant}",
        )
        yield replace(found, fix=_without_channels)


def _without_channels(span: Span) -> Fix | None:
    """The fix that takes the number of channels out of the call at a place; None where it does not stand there."""
    call = re.fullmatch(
        r"(?:[^\n(]*[:=])?\s*(?:(?:batch|instance)norm(\(\d+(?:,\s*(?=\S)|,?\s*\)))|groupnorm\(\s*\d+(,\s*\d+))[^\n#]*",
        span.text,
    )
    if call is None:
        return None
    at = 1 if call[1] is not None else 2
    left_out = Span(span.source, span.start + call.start(at), span.start + call.end(at))
    return Fix.suggested(left_out, "(" if at == 1 and not call[1].endswith(")") else "")


class PictureWithoutChannels(Rule):
    """A convolution or pool on an input of as many channels as it is long: input(28, 28) is a signal, and no picture.

    That a signal has exactly as many channels as places is rare.
    """

    code: ClassVar[str] = "W216"

    def __init__(self) -> None:
        self._first: dict[tuple[str, int], Layer | None] = {}
        """For a value of a module, the first convolution or pool that reads it, and nothing before that."""

    def finish(self, program: Program) -> Iterator[Finding]:
        for key in program.networks:
            network = program.modules[key]
            for index, shape in enumerate(network.input_shapes):
                meant = without_channels(shape)
                reads = self._readers(program, network, index) if meant else iter(())
                step, layer = next(((step, layer) for step, layer in reads if layer is not None), (None, None))
                if step is not None and layer is not None:
                    yield Finding(
                        self.code,
                        f"{layer.word} goes along one axis here: this input has {value_of(shape[0])} channels of "
                        f"length {value_of(shape[1])}, and looks like a picture",
                        step.origin,
                        help=(f"write how many channels a picture has: {meant} for a grey one",),
                    )

    def _readers(self, program: Program, module: Module, index: int) -> Iterator[tuple[Step, Layer | None]]:
        """The steps that read a value of a module, each with the convolution or pool that does, if one does."""
        for at in applications(program, Frame(module)):
            if index not in at.step.inputs or isinstance(at.target, Operation):
                continue
            if isinstance(at.target, Layer):
                yield at.step, at.target if at.target.group in (Group.CONVOLUTION, Group.POOLING) else None
                continue
            place = (at.target.id, at.step.inputs.index(index))
            if place not in self._first:  # each once, however often blocks use one another
                found = self._readers(program, at.target, place[1])
                self._first[place] = next((layer for _, layer in found if layer is not None), None)
            yield at.step, self._first[place]


class OverEmbedding(Rule):
    """A convolution or pool straight after an embedding: it goes along the numbers of a word, not along the words.

    An embedding adds its axis at the end, and a convolution takes the first one for the channels.
    """

    code: ClassVar[str] = "W227"
    layers: ClassVar[tuple[str, ...]] = (
        "conv", "maxpool", "avgpool", "adaptive_avgpool", "adaptive_maxpool", "global_avgpool", "global_maxpool",
    )  # fmt: skip

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        before = next((a for a in trail.layers[1:] if a.layer.kind != "dropout"), None)
        if before is None or before.layer.kind != "embedding":
            return
        order = [0, len(applied.x), *range(1, len(applied.x))]
        yield Finding(
            self.code,
            f"{applied.name} takes the {applied.x[0]} words of {show(applied.x)} for its channels, and goes along the "
            f"{applied.x[-1]} numbers that {before.name} gives for each",
            applied.origin,
            more=((before.origin, "the embedding"),),
            help=(f"bring the numbers to the channels first: permute({order})",),
        )
