"""A layer with a kernel, and what comes into it -> what the kernel lies on, at one place and at each of part of a map.

A signal is looked at as a map of one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isclose, prod
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
    spots = _Spots(layer, x)
    if spots.cells > MOST_CELLS:
        return None
    place, out = _row_and_column(at), _rows_and_columns(y)
    if layer.kind == "conv":
        return _product(spots, part, y, at)
    numbers, padding = spots.window(at[0], place)
    window = Window(at[0], numbers, padding, (), float(y[at]), spots.whole(at[0], place, out))
    if layer.kind == "maxpool":
        return Worked("max", at, (window,), window.total)
    listed = [number for row in numbers for number in row]
    is_mean = isclose(fsum(listed) / len(listed), window.total, rel_tol=1e-4, abs_tol=1e-5)
    return Worked("mean", at, (window,), window.total) if is_mean else None  # next to a border others may be counted


def _row_and_column(at: tuple[int, ...]) -> tuple[int, int]:
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

    def window(
        self, channel: int, place: tuple[int, int]
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[bool, ...], ...]]:
        """The numbers under the kernel, and whether each is padding."""
        return self._numbers(channel, self._places(place))

    def _places(self, place: tuple[int, int]) -> list[list[int]]:
        """The places along each axis; those before the channel and behind it are padding."""
        return [
            [p * s + q * d - before for q in range(k)]
            for p, s, d, before, k in zip(place, self.stride, self.dilation, self.before, self.kernel, strict=True)
        ]

    def whole(self, channel: int, place: tuple[int, int], out: tuple[int, int]) -> Channel | None:
        """The channel with the padding that is read for an output of this size; None where it is too large to read."""
        ends = self.ends(out)
        if any(end - start > READABLE for start, end in ends):
            return None
        numbers, padding = self._numbers(channel, [list(range(start, end)) for start, end in ends])
        rows, columns = (
            tuple(each - start for each in listed) for listed, (start, _) in zip(self._places(place), ends, strict=True)
        )
        return Channel(numbers, rows, columns, padding)

    def ends(self, out: tuple[int, int]) -> list[tuple[int, int]]:
        """From where to where the input and the padding reach that is read for an output of this size."""
        last = self._places((out[0] - 1, out[1] - 1))
        return [
            (min(0, -before), max(size, listed[-1] + 1))
            for size, before, listed in zip(self.size, self.before, last, strict=True)
        ]

    def _numbers(
        self, channel: int, places: list[list[int]]
    ) -> tuple[tuple[tuple[float, ...], ...], tuple[tuple[bool, ...], ...]]:
        rows, columns = places
        outside = [[not 0 <= at < size for at in listed] for listed, size in zip(places, self.size, strict=True)]
        (found,) = self.region(self.x[channel : channel + 1], rows, columns).tolist()
        return tuple(map(tuple, found)), tuple(tuple(row or column for column in outside[1]) for row in outside[0])

    def region(self, x: Tensor, rows: Sequence[int], columns: Sequence[int]) -> Tensor:
        """These rows and columns of channels, as the layer pads them."""
        from torch.nn.functional import pad

        (top, bottom), (left, right) = (
            (max(0, -places[0]), max(0, places[-1] + 1 - size))
            for places, size in zip((rows, columns), self.size, strict=True)
        )
        padded = pad(x[None], (left, right, top, bottom), "constant" if self.mode == "zeros" else self.mode)[0]
        return padded[:, [at + top for at in rows]][:, :, [at + left for at in columns]]


def _product(spots: _Spots, part: Any, y: Tensor, at: tuple[int, ...]) -> Worked:
    weight = part.weight[at[0]].detach().float()
    place, out = _row_and_column(at), _rows_and_columns(y)
    first = _first_channel(part, at[0])
    windows, rest = [], 0.0
    for k, kernel in enumerate(weight):
        numbers, padding = spots.window(first + k, place)
        rows = kernel.reshape(len(numbers), -1).tolist()
        total = sum(a * b for row, cells in zip(numbers, rows, strict=True) for a, b in zip(row, cells, strict=True))
        if k < MOST_CHANNELS:
            whole = spots.whole(first + k, place, out)
            windows.append(Window(first + k, numbers, padding, tuple(map(tuple, rows)), total, whole))
        else:
            rest += total
    bias = None if part.bias is None else float(part.bias[at[0]].detach())
    return Worked("sum", at, tuple(windows), float(y[at]), bias, rest, max(0, len(weight) - MOST_CHANNELS))


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
    that the first kernel gives. None where a kernel is too large to be shown, or a sum is divided by another number
    than the region has.
    """
    spots = _Spots(layer, x)
    if spots.cells > MOST_CELLS or getattr(layer, "divisor", None) is not None:
        return None
    out = _rows_and_columns(y)
    results = y.detach().float().reshape(len(y), *out)
    channels, place = list(range(min(most, len(y)))), None
    if at is not None and len(at) == y.dim() and all(0 <= k < size for k, size in zip(at, y.shape, strict=True)):
        place = _row_and_column(at)
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
