"""A layer with a kernel, and what comes into it -> what the kernel lies on, at one place and at each of part of a map.

A signal is looked at as a map of one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import isclose, prod
from operator import mul
from statistics import fmean
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from cnndsl.layers.base import Layer
from cnndsl.layers.windows import borders, windows
from cnndsl.tracing.figure import Channel, Kernel, Plane, Sliding, Weighed, Window, Worked
from cnndsl.tracing.values import READABLE, picture

if TYPE_CHECKING:
    from torch import Tensor, nn

KINDS: dict[str, Literal["sum", "max", "mean"]] = {"conv": "sum", "maxpool": "max", "avgpool": "mean"}
MOST_CHANNELS = 4
"""Input channels whose windows are shown."""
MOST_CELLS = 256
"""Cells of a kernel that can be looked through: 16 x 16."""
_SMALL = 64
"""Pixels of the longer side of the picture of a whole channel, beside the part of it that is shown."""
_FEWEST, _REACH, _LENGTH = 3, 32, 128
"""So many places along an axis are shown even where they reach over more than `READABLE` cells, but over no more than
so many, of a map and of a signal."""


def can_be_worked(layer: Layer, x: Tensor) -> bool:
    """Whether there is a way to show how a number comes about: a convolution or pooling in one or two dimensions."""
    return layer.kind in KINDS and x.dim() in (2, 3)


def worked(layer: Layer, part: nn.Module | Tensor | None, x: Tensor, y: Tensor, at: tuple[int, ...]) -> Worked | None:
    """How the number at `at` (channel, then place, counted from 0) of the output `y` of one sample `x` comes about.

    None where it lies outside of the output, or the kernel is too large to be shown.
    """
    if len(at) != y.dim() or any(not 0 <= place < size for place, size in zip(at, y.shape, strict=True)):
        return None
    slid = sliding(layer, part, x, y, 1, at)
    if slid is None:
        return None
    (kernel,) = slid.kernels
    rows, columns = (
        tuple(place * stride + q * dilation for q in range(size))
        for place, stride, dilation, size in zip(slid.begin, slid.stride, slid.dilation, slid.kernel, strict=True)
    )
    weighed = kernel.weighed or Weighed(((),), None, ())
    result, rest = float(y[at]), weighed.rest[slid.begin[0]][slid.begin[1]] if weighed.rest else 0.0
    pairs = zip(slid.planes, weighed.weights, strict=True)
    seen = tuple(_window(slid, plane, rows, columns, weights) for plane, weights in pairs)
    if slid.how == "mean" and not isclose(fmean(chain(*seen[0].numbers)), result, rel_tol=1e-4, abs_tol=1e-5):
        return None  # next to a border others may be counted
    return Worked(slid.how, at, seen, result, weighed.bias, rest, slid.left_out)


def _window(
    slid: Sliding, plane: Plane, rows: tuple[int, ...], columns: tuple[int, ...], weights: tuple[tuple[float, ...], ...]
) -> Window:
    """What lies on these rows and columns of a channel."""
    (top, bottom), (left, right) = slid.inside
    high, wide = len(plane.numbers), len(plane.numbers[0])
    padding = tuple(tuple(not (top <= at < bottom and left <= k < right) for k in range(wide)) for at in range(high))
    numbers = tuple(tuple(plane.numbers[row][column] for column in columns) for row in rows)
    outside = tuple(tuple(padding[row][column] for column in columns) for row in rows)
    is_readable = plane.overview is None and max(high, wide) <= READABLE
    whole = Channel(plane.numbers, rows, columns, padding) if is_readable else None
    total = sum(map(mul, chain(*numbers), chain(*weights)))
    return Window(plane.channel, numbers, outside, weights, total, whole)


def row_and_column(at: tuple[int, ...]) -> tuple[int, int]:
    """Where a number lies in its channel, by its place in the output; a signal has one row."""
    return (at[1], at[2]) if len(at) == 3 else (0, at[1])


def _rows_and_columns(y: Tensor) -> tuple[int, int]:
    return (y.shape[1], y.shape[2]) if y.dim() == 3 else (1, y.shape[1])


class _Spots:
    """Where the cells of a kernel lie in the input."""

    def __init__(self, layer: Any, x: Tensor) -> None:
        self.x = x if x.dim() == 3 else x[:, None]
        axes = x.dim() - 1

        def both(found: Sequence[int], alone: int) -> tuple[int, int]:
            row, column = found if axes == 2 else (alone, *found)
            return row, column

        along, around = windows(layer, tuple(x.shape)), borders(layer, tuple(x.shape))
        self.kernel = both([each.kernel for each in along], 1)
        self.stride = both([each.stride for each in along], 1)
        self.dilation = both([each.dilation for each in along], 1)
        self.before = both([before for before, _ in around], 0)
        self.after = both([after for _, after in around], 0)
        self.mode = getattr(layer, "padding_mode", "zeros")
        self.cells = prod(self.kernel)

    @property
    def size(self) -> tuple[int, int]:
        """The rows and columns of the input."""
        return self.x.shape[1], self.x.shape[2]

    @property
    def extent(self) -> tuple[int, int]:
        """The rows and columns from the first cell of the kernel to the last."""
        row, column = (d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))
        return row, column

    def ends(self, out: tuple[int, int]) -> list[tuple[int, int]]:
        """From where to where the input and the padding reach that is read for an output of this size."""
        axes = zip(self.size, self.before, out, self.stride, self.extent, strict=True)
        return [
            (min(0, -before), max(size, (places - 1) * stride - before + extent))
            for size, before, places, stride, extent in axes
        ]

    def region(self, x: Tensor, rows: Sequence[int], columns: Sequence[int]) -> Tensor:
        """These rows and columns of channels, as the layer pads them."""
        from torch.nn.functional import pad

        (top, bottom), (left, right) = (
            (max(0, -places[0]), max(0, places[-1] + 1 - size))
            for places, size in zip((rows, columns), self.size, strict=True)
        )
        padded = pad(x[None], (left, right, top, bottom), "constant" if self.mode == "zeros" else self.mode)[0]
        return padded[:, [at + top for at in rows]][:, :, [at + left for at in columns]]


def _first_channel(part: Any, channel: int) -> int:
    """The first channel of the input that a kernel reads."""
    return int(channel * part.groups // part.out_channels * part.weight.shape[1])


# Many places


class _Cut(NamedTuple):
    """What is shown along an axis: places of the output, and the part of the input that they read."""

    first: int
    places: int
    start: int
    end: int


def sliding(
    layer: Any, part: nn.Module | Tensor | None, x: Tensor, y: Tensor, most: int, at: tuple[int, ...] | None = None
) -> Sliding | None:
    """The first `most` kernels of a layer on its input `x`, with what comes out, `y`; both are one sample's.

    Of a large map a part is shown: around `at` where that lies in it, else around the number of the largest magnitude
    that the first kernel gives. None where a kernel is too large to be shown.
    """
    spots = _Spots(layer, x)
    if spots.cells > MOST_CELLS:
        return None
    out = _rows_and_columns(y)
    results = y.detach().float().reshape(len(y), *out)
    channels, place = list(range(min(most, len(y)))), None
    if at is not None and len(at) == y.dim() and all(0 <= k < size for k, size in zip(at, y.shape, strict=True)):
        place = row_and_column(at)
        if at[0] not in channels:
            channels = [at[0], *channels[: most - 1]]
    rows, columns = (
        _cut(spots, axis, out, around) for axis, around in enumerate(place or _strongest(results[channels[0]]))
    )
    is_part = (rows.places, columns.places) != out
    planes: dict[int, Plane] = {}
    kernels, left_out = [], 0
    for channel in channels:
        reads: tuple[int, ...] = (channel,)
        weighed: Weighed | None = None
        if layer.kind == "conv":
            weighed, first, read = _weighed(spots, part, channel, rows, columns)
            reads, left_out = tuple(range(first, first + len(weighed.weights))), read - len(weighed.weights)
        for read in reads:
            if read not in planes:
                (numbers,) = _seen(spots, spots.x[read : read + 1], rows, columns).tolist()
                planes[read] = Plane(read, _tuples(numbers), picture(spots.x[read], read, _SMALL) if is_part else None)
        shown = results[channel, rows.first : rows.first + rows.places, columns.first : columns.first + columns.places]
        kernels.append(Kernel(channel, reads, _tuples(shown.tolist()), weighed))
    return Sliding(
        KINDS[layer.kind],
        tuple(planes.values()),
        tuple(kernels),
        size=spots.size,
        out=out,
        start=(rows.start, columns.start),
        first=(rows.first, columns.first),
        begin=(0, 0) if place is None else (place[0] - rows.first, place[1] - columns.first),
        kernel=spots.kernel,
        stride=spots.stride,
        dilation=spots.dilation,
        inside=_within(spots, (0, 0), (0, 0), rows, columns),
        counted=_within(spots, *_counted(layer, spots), rows, columns),
        is_signal=x.dim() == 2,
        left_out=left_out,
        more=len(y) - len(channels),
    )


def _strongest(result: Tensor) -> tuple[int, int]:
    """Where the number of the largest magnitude is."""
    found = divmod(int(result.abs().nan_to_num().argmax()), result.shape[1])
    return found[0], found[1]


def _cut(spots: _Spots, axis: int, out: tuple[int, int], around: int) -> _Cut:
    """The whole axis where it can be read, else as many places as can, with the given one in their middle."""
    start, end = spots.ends(out)[axis]
    stride, extent = spots.stride[axis], spots.extent[axis]
    if end - start <= READABLE:
        return _Cut(0, out[axis], start, end)
    reach = _LENGTH if spots.size[0] == 1 else _REACH
    fewest = max(min((reach - extent) // stride + 1, _FEWEST), 1)
    count = min(out[axis], max((READABLE - extent) // stride + 1, fewest))
    first = min(max(0, around - count // 2), out[axis] - count)
    start = first * stride - spots.before[axis]
    return _Cut(first, count, start, start + (count - 1) * stride + extent)


def _seen(spots: _Spots, x: Tensor, rows: _Cut, columns: _Cut) -> Tensor:
    return spots.region(x, range(rows.start, rows.end), range(columns.start, columns.end)).float()


def _weighed(spots: _Spots, part: Any, channel: int, rows: _Cut, columns: _Cut) -> tuple[Weighed, int, int]:
    """A kernel of a convolution, with what the channels that are not shown add at each place.

    And the first channel that it reads, and how many it reads.
    """
    from torch.nn.functional import conv2d

    weight = part.weight[channel].detach().double()
    weight = weight.reshape(len(weight), *spots.kernel)
    rest: tuple[tuple[float, ...], ...] = ()
    first = _first_channel(part, channel)
    if len(weight) > MOST_CHANNELS:
        others = _seen(spots, spots.x[first + MOST_CHANNELS : first + len(weight)], rows, columns).double()
        made = conv2d(others[None], weight[None, MOST_CHANNELS:], stride=spots.stride, dilation=spots.dilation)
        rest = _tuples(made[0, 0, : rows.places, : columns.places].tolist())
    bias = None if part.bias is None else float(part.bias[channel].detach())
    return Weighed(tuple(map(_tuples, weight[:MOST_CHANNELS].tolist())), bias, rest), first, len(weight)


def _counted(layer: Any, spots: _Spots) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many places around the input count for what comes out, before and after it."""
    if layer.kind == "maxpool" or (layer.kind == "avgpool" and not layer.count_include_pad):
        return (0, 0), (0, 0)
    return spots.before, spots.after


def _within(
    spots: _Spots, before: tuple[int, int], after: tuple[int, int], *cuts: _Cut
) -> tuple[tuple[int, int], tuple[int, int]]:
    """From where to where the input with these borders lies in what is shown, along each axis."""
    rows, columns = (
        (max(0, -b - cut.start), min(size + a, cut.end) - cut.start)
        for size, b, a, cut in zip(spots.size, before, after, cuts, strict=True)
    )
    return rows, columns


def _tuples(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, rows))
