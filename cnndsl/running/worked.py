"""One number of an output worked out: what lies under the kernel, times the kernel, added up.

    y[c, p] = bias[c] + sum over the channels k of the group of c, and over the cells q of the kernel, of
              w[c, k, q] * x[k, p * stride + q * dilation - padding]

as in the documentation of torch.nn.Conv2d; a pooling has the largest or the mean of the same window.
"""

from __future__ import annotations

from math import fsum, isclose, prod
from typing import TYPE_CHECKING, Any

from cnndsl.backends.maps.figure import Window, Worked
from cnndsl.layers.base import Layer
from cnndsl.layers.convolution import Conv
from cnndsl.layers.sizes import per_axis

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS = frozenset({"conv", "maxpool", "avgpool"})
MOST_CHANNELS = 4
"""Input channels whose windows are shown."""
MOST_CELLS = 169
"""Cells of a kernel that can be looked through: 13 x 13."""


def can_be_worked(layer: Layer, x: Tensor) -> bool:
    """Whether there is a way to show how a number comes about: a convolution or pooling in one or two dimensions."""
    return layer.kind in KINDS and x.dim() in (2, 3)


def worked(layer: Layer, part: nn.Module | Tensor | None, x: Tensor, y: Tensor, at: tuple[int, ...]) -> Worked | None:
    """How the number at `at` (channel, then place, counted from 0) of the output `y` of one sample `x` comes about.

    None where it lies outside of the output, or the kernel is too large to be shown.
    """
    if len(at) != y.dim() or any(not 0 <= place < size for place, size in zip(at, y.shape, strict=True)):
        return None
    spots = _Spots(layer, x)
    if spots.cells > MOST_CELLS:
        return None
    if layer.kind == "conv":
        return _product(spots, part, x, y, at)
    numbers, padding = spots.window(x[at[0]], at[1:])
    window = Window(at[0], numbers, padding, (), float(y[at]))
    if layer.kind == "maxpool":
        return Worked("max", at, (window,), window.total)
    listed = [number for row in numbers for number in row]
    is_mean = isclose(fsum(listed) / len(listed), window.total, rel_tol=1e-4, abs_tol=1e-5)
    return Worked("mean", at, (window,), window.total) if is_mean else None  # next to a border others may be counted


class _Spots:
    """Where the cells of a kernel lie in the input."""

    def __init__(self, layer: Any, x: Tensor) -> None:
        axes = x.dim() - 1
        self.kernel = per_axis(layer.kernel, axes, "kernel")
        self.stride = self.kernel if layer.stride is None else per_axis(layer.stride, axes, "stride")
        self.dilation = per_axis(getattr(layer, "dilation", 1), axes, "dilation")
        self.padding = (
            layer.before(tuple(x.shape)) if isinstance(layer, Conv) else per_axis(layer.padding, axes, "padding")
        )
        self.mode = getattr(layer, "padding_mode", "zeros")
        self.cells = prod(self.kernel)

    def window(
        self, channel: Tensor, at: tuple[int, ...]
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[bool, ...], ...]]:
        """The numbers under the kernel, and whether each is padding; a signal has one row of them."""
        places = [
            [p * s + q * d - pad for q in range(k)]
            for p, s, d, pad, k in zip(at, self.stride, self.dilation, self.padding, self.kernel, strict=True)
        ]
        if len(places) == 1:
            places, channel = [[0], *places], channel[None]
        rows, columns = places
        return (
            tuple(tuple(self._number(channel, row, column) for column in columns) for row in rows),
            tuple(
                tuple(not (0 <= row < channel.shape[0] and 0 <= column < channel.shape[1]) for column in columns)
                for row in rows
            ),
        )

    def _number(self, channel: Tensor, *place: int) -> float:
        inside = []
        for at, size in zip(place, channel.shape, strict=True):
            if 0 <= at < size:
                inside.append(at)
            elif self.mode == "zeros":
                return 0.0
            else:
                inside.append(_mirrored(at, size, self.mode))
        return float(channel[tuple(inside)])


def _mirrored(at: int, size: int, mode: str) -> int:
    """The place whose number stands at a place outside, as torch.nn.functional.pad takes it."""
    if mode == "replicate":
        return min(max(at, 0), size - 1)
    if mode == "circular":
        return at % size
    return -at if at < 0 else 2 * (size - 1) - at  # reflect


def _product(spots: _Spots, part: Any, x: Tensor, y: Tensor, at: tuple[int, ...]) -> Worked:
    weight = part.weight[at[0]].detach().float()
    group = at[0] * part.groups // part.out_channels
    first = group * len(weight)
    windows, rest = [], 0.0
    for k, kernel in enumerate(weight):
        numbers, padding = spots.window(x[first + k], at[1:])
        rows = kernel.reshape(len(numbers), -1).tolist()
        total = sum(a * b for row, cells in zip(numbers, rows, strict=True) for a, b in zip(row, cells, strict=True))
        if k < MOST_CHANNELS:
            windows.append(Window(first + k, numbers, padding, tuple(map(tuple, rows)), total))
        else:
            rest += total
    bias = None if part.bias is None else float(part.bias[at[0]].detach())
    return Worked("sum", at, tuple(windows), float(y[at]), bias, rest, max(0, len(weight) - MOST_CHANNELS))
