"""Tensors -> a bounded number of small maps, curves and lists of numbers, to be shown."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from cnndsl.i18n import tr
from cnndsl.layers.formula import AXES, axis_said
from cnndsl.tracing.figure import BLANK, FEW, LEVELS, Curve, Map, Value

if TYPE_CHECKING:
    from torch import Tensor

SIDE = 96
"""Pixels of the longer side of a map, or half of them where there are few; a larger one is averaged down."""
LARGE = 384
"""The same for what goes in and comes out."""
COLUMNS = 240
"""Columns of a curve."""
MOST_FEATURES = 1024
"""Features that are shown; they are in rows of `_ROW`."""
_ROW = 64
READABLE = 12
"""Rows and columns of a map whose numbers are written."""


def shown(
    tensor: Tensor, most: int, *, numbers: bool = False, side: int = SIDE, dropped: Tensor | None = None
) -> Value:
    """What is shown of one sample's value: the first `most` channels, or up to `MOST_FEATURES` features.

    With `numbers` those of small maps are kept to be written. Maps have at most `side` pixels a side. `dropped` says
    which numbers a dropout has set to zero.
    """
    tensor = tensor if tensor.dim() else tensor[None]  # a number is shown as a feature
    shape = tuple(tensor.shape)
    tensor = tensor.detach().float().cpu()
    odd = int((~tensor.isfinite()).sum())
    if prod(shape[1:]) == 1:
        features = _features(tensor.flatten(), numbers=numbers, dropped=dropped)
        return Value(shape, (features,), left_out=max(0, shape[0] - MOST_FEATURES), odd=odd)
    channels, cut = _cut(tensor)
    left_out = max(0, len(channels) - most)
    if channels.dim() == 2:
        curves = tuple(_curve(channel, k, numbers=numbers) for k, channel in enumerate(channels[:most]))
        return Value(shape, (), curves, left_out, cut, odd)
    if len(channels) <= FEW or most <= FEW:
        side = max(side, 2 * SIDE)
    crossed = [None] * len(channels) if dropped is None else list(_cut(dropped)[0])
    maps = tuple(
        picture(channel, k, side, numbers=numbers, dropped=crossed[k]) for k, channel in enumerate(channels[:most])
    )
    return Value(shape, maps, (), left_out, cut, odd)


def _cut(tensor: Tensor) -> tuple[Tensor, str]:
    """The channels as pictures: of axes before the last two the middle is taken."""
    names = AXES.get(tensor.dim() - 1, ())
    said = []
    for axis in range(1, tensor.dim() - 2):
        size = tensor.shape[1]
        tensor = tensor.select(1, size // 2)
        of = axis_said(names[axis - 1] if names else f"axis {axis}")
        said.append(tr("slice {at} of {count} of the {axis}", at=size // 2, count=size, axis=of))
    return tensor, ", ".join(said)


def _ends(channel: Tensor) -> tuple[float, float]:
    finite = channel[channel.isfinite()]
    return (float(finite.min()), float(finite.max())) if finite.numel() else (0.0, 0.0)


def _levels(pixels: Tensor, bound: float) -> bytes:
    scaled = (pixels / bound if bound else pixels * 0).clamp(-1, 1) * LEVELS
    levels = scaled.round() + LEVELS
    levels[~pixels.isfinite()] = BLANK
    return bytes(levels.flatten().int().tolist())


def picture(channel: Tensor, number: int, side: int, *, numbers: bool = False, dropped: Tensor | None = None) -> Map:
    """A channel as a map of at most `side` pixels a side; with `numbers` they are kept where they can be written."""
    low, high = _ends(channel)
    pixels = _smaller(channel, side)
    height, width = pixels.shape
    readable = numbers and max(channel.shape) <= READABLE
    return Map(
        number,
        width,
        height,
        _levels(pixels, max(abs(low), abs(high))),
        low,
        high,
        tuple(map(tuple, channel.tolist())) if readable else (),
        _places(dropped) if dropped is not None and (readable or bool(dropped.all())) else (),
    )


def _places(dropped: Tensor) -> tuple[int, ...]:
    """Where something is so, counted row by row."""
    return tuple(dropped.flatten().nonzero().flatten().tolist())


def _smaller(channel: Tensor, side: int) -> Tensor:
    """The channel with at most `side` pixels a side, each the mean of those it stands for."""
    longest = max(channel.shape)
    if longest <= side:
        return channel
    from torch.nn.functional import adaptive_avg_pool2d

    height, width = (max(1, round(length * side / longest)) for length in channel.shape)
    return adaptive_avg_pool2d(channel[None, None], (height, width))[0, 0]


def _features(features: Tensor, *, numbers: bool, dropped: Tensor | None) -> Map:
    """A list of numbers in rows, the first at the top left."""
    low, high = _ends(features)
    shown = features[:MOST_FEATURES]
    width = min(len(shown), _ROW)
    levels = _levels(shown, max(abs(low), abs(high)))
    height = -(-len(levels) // width)
    readable = numbers and len(shown) <= READABLE
    listed = (tuple(shown.tolist()),) if readable else ()
    crossed = () if dropped is None else _places(dropped.flatten()[:MOST_FEATURES])
    return Map(None, width, height, levels.ljust(width * height, bytes([BLANK])), low, high, listed, crossed)


def _curve(channel: Tensor, number: int, *, numbers: bool) -> Curve:
    low, high = _ends(channel)
    points: list[Any] = channel.tolist()
    pieces = min(COLUMNS, len(points))
    edges = [len(points) * k // pieces for k in range(pieces + 1)]
    columns = []
    for start, end in pairwise(edges):
        finite = [point for point in points[start:end] if isfinite(point)]
        columns.append((min(finite), max(finite)) if finite else (0.0, 0.0))
    readable = numbers and len(points) <= READABLE
    return Curve(number, tuple(columns), low, high, tuple(points) if readable else ())
