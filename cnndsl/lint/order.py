"""A rule about arguments in the order of another framework."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cnndsl.layers.base import Layer, times
from cnndsl.layers.convolution import Conv
from cnndsl.layers.order import as_torch
from cnndsl.lint.flow import Trail
from cnndsl.lint.rule import Finding, Rule, used_at


class TorchOrder(Rule):
    """A convolution with as many kernels as channels come in, and these very large: PyTorch's arguments, by their look.

    PyTorch is given the channels that come in first, conv(3, 16, 5); here this is 3 kernels of 16 x 16 with stride 5.
    Let pass are kernels that are small or odd, convolutions in groups, and patches.
    """

    code: ClassVar[str] = "W215"
    layers: ClassVar[tuple[type[Layer], ...]] = (Conv,)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        meant = as_torch(applied.layer, applied.x)
        if meant is None or not isinstance(applied.layer, Conv):
            return
        kernel = times((applied.layer.kernel,) * (len(applied.x) - 1))
        yield Finding(
            self.code,
            f"{applied.name} has {applied.layer.channels} kernels of {kernel} and stride {applied.layer.stride}, which "
            "look like PyTorch's arguments",
            applied.declared,
            more=used_at(applied, "it is applied here"),
            help=(f"the channels that come in are not written: {meant}",),
        )
