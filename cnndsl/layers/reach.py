"""What a layer reads: for each position of what comes out, the places of what came in, one axis at a time.

Of the places that a position reads only the first and the last are kept.  Both are exact for windows
that slide, for windows of changing size (adaptive pools) and for windows that lie closer than the
places they read (transposed convolutions, upsampling), for in all of them the windows repeat after a
number of positions.  The formulas for a chain of sliding windows, of which `Window.after` is the general
case, are in Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill, 2019 (https://distill.pub/2019/computing-receptive-fields).
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from math import ceil, floor, gcd, lcm
from typing import TYPE_CHECKING, Any

from cnndsl.frozen import frozen
from cnndsl.layers.formula import Dim, Shape
from cnndsl.symbolic.number import is_open, value_of

if TYPE_CHECKING:
    from fractions import Fraction

Interval = tuple[int, int]
"""The first and the last place that is read; nothing is where the first comes after the last."""

LONGEST_PERIOD = 4096
"""Windows that repeat later than this are not followed; no network that is used comes near it."""


@frozen()
class Window:
    """The places that the positions 0, 1, ... of one axis read of another.

    `spans` are those of the first positions. Then they repeat, `step` places further on. A place below 0, or
    beyond the last one, lies in the padding.
    """

    step: int
    spans: tuple[Interval, ...]

    @property
    def stride(self) -> Fraction:
        """How many places lie between neighbouring positions, on average."""
        from fractions import Fraction

        return Fraction(self.step, len(self.spans))

    @property
    def size(self) -> int:
        """The most places that a position reads, those in the padding included."""
        return max(last - first + 1 for first, last in self.spans)

    def at(self, position: int) -> Interval:
        """What the position reads."""
        turns, phase = divmod(position, len(self.spans))
        first, last = self.spans[phase]
        return first + turns * self.step, last + turns * self.step

    def over(self, positions: Interval) -> Interval:
        """What the positions from the first to the last read together."""
        return self.at(positions[0])[0], self.at(positions[1])[1]

    def after(self, before: Window) -> Window | None:
        """What a window over an axis reads of another axis, which that one reads through `before`.

        For windows of K1 and K2 places with strides S1 and S2 that is one of K1 + (K2 - 1) * S1 places with
        the stride S1 * S2. None where it would repeat too late.
        """
        turns = len(before.spans) // gcd(len(before.spans), self.step)
        period = turns * len(self.spans)
        if period > LONGEST_PERIOD:
            return None
        step = turns * self.step * before.step // len(before.spans)
        return Window(step, tuple(before.over(self.at(position)) for position in range(period)))

    def beside(self, other: Window) -> Window | None:
        """What a position reads through two windows of the same stride. None where it would repeat too late."""
        period = lcm(len(self.spans), len(other.spans))
        if period > LONGEST_PERIOD:
            return None
        pairs = ((self.at(position), other.at(position)) for position in range(period))
        return Window(self.step * (period // len(self.spans)), tuple(hull(a, b) for a, b in pairs))


@frozen()
class Reach:
    """How the positions of a value read one axis of what came in.

    Each reads the places of a `window` that moves along `axis` of the value, and the places `fixed`, which are the
    same for all. One of the two may be missing.
    """

    axis: int | None = None
    window: Window | None = None
    fixed: Interval | None = None

    def over(self, size: int) -> Interval:
        """What the first `size` positions read together."""
        moving = None if self.window is None else self.window.over((0, size - 1))
        return hull(moving, self.fixed) or (0, -1)


def hull(a: Interval | None, b: Interval | None) -> Any:
    """The places from the first to the last of two intervals, either of which may be missing."""
    if a is None or b is None:
        return b if a is None else a
    return min(a[0], b[0]), max(a[1], b[1])


Reaches = tuple[Reach | None, ...]
"""How a value reads each axis of what came in; None where it is not known, as for sizes that are left open."""

IDENTITY = Window(1, ((0, 0),))


def through(before: Reach | None, reaches: Reaches) -> Reach | None:
    """How the result of a layer reads an axis that its input reads through `before`."""
    if before is None or before.window is None or before.axis is None:
        return before
    here = reaches[before.axis]
    if here is None:
        return None
    fixed = before.fixed if here.fixed is None else hull(before.fixed, before.window.over(here.fixed))
    if here.window is None:
        return Reach(fixed=fixed)
    window = here.window.after(before.window)
    return None if window is None else Reach(here.axis, window, fixed)


def together(a: Reach | None, b: Reach | None, shape: Shape) -> Reach | None:
    """How a value of this shape reads an axis through `a` and through `b` at once.

    Where both move and not with one another, what they read over all positions is taken as fixed.
    """
    if a is None or b is None:
        return None
    fixed = hull(a.fixed, b.fixed)
    if a.window is None or b.window is None:
        moving = b if a.window is None else a
        return Reach(moving.axis, moving.window, fixed)
    if a.axis == b.axis and a.window.stride == b.window.stride:
        window = a.window.beside(b.window)
        return None if window is None else Reach(a.axis, window, fixed)
    sizes = [shape[reach.axis] for reach in (a, b) if reach.axis is not None]
    if any(is_open(size) for size in sizes):
        return None
    return Reach(fixed=hull(a.over(value_of(sizes[0])), b.over(value_of(sizes[1]))))


# What layers declare


def unknown(x: Shape) -> Reaches:
    """Nothing is known of any axis."""
    return (None,) * len(x)


def along(axis: int, window: Window | None) -> Reach | None:
    """A window that moves along an axis of the output."""
    return None if window is None else Reach(axis, window)


def same(x: Shape) -> Reaches:
    """Each position reads the place of the same number, on every axis."""
    return mixing(x, ())


def whole(dim: Dim) -> Reach | None:
    """Every position reads all places of an axis of this size."""
    return None if is_open(dim) else Reach(fixed=(0, value_of(dim) - 1))


def mixing(x: Shape, axes: Container[int]) -> Reaches:
    """Each position reads all places of `axes`, and on the others the place of the same number."""
    return tuple(whole(dim) if axis in axes else Reach(axis, IDENTITY) for axis, dim in enumerate(x))


def all_of(x: Shape) -> Reaches:
    """Every position reads everything."""
    return tuple(whole(dim) for dim in x)


def regrouped(x: Shape, y: Shape) -> Reaches:
    """The same numbers in the same order, in axes of other sizes: those that stay read the place of the same number.

    Axes are taken apart into the smallest groups that hold as many numbers before as after; axes of one number count
    in none.
    """
    before = [axis for axis, dim in enumerate(x) if value_of(dim) != 1]
    after = [axis for axis, dim in enumerate(y) if value_of(dim) != 1]
    reaches = [whole(dim) for dim in x]
    i = j = 0
    while i < len(before) and j < len(after):
        first, other = i, j
        old, new = value_of(x[before[i]]), value_of(y[after[j]])
        while old != new:
            if old < new:
                i += 1
                old *= value_of(x[before[i]])
            else:
                j += 1
                new *= value_of(y[after[j]])
        if (i, j) == (first, other):
            reaches[before[i]] = Reach(after[j], IDENTITY)
        i, j = i + 1, j + 1
    return tuple(reaches)


def sliding(kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
    """The window of a convolution or a pool: of `kernel` places, `dilation` apart, the first `padding` before 0."""
    return Window(stride, ((-padding, dilation * (kernel - 1) - padding),))


def scattered(kernel: int, stride: int, padding: int, dilation: int) -> Window | None:
    """The window of a transposed convolution: place i adds to the positions i * stride - padding + k * dilation.

    Where the kernel is smaller than the stride some positions read nothing. Beside another window they count as
    reading what lies between their neighbours; with a dilation and a stride there may be such gaps as well.
    """
    if stride > LONGEST_PERIOD:
        return None
    reach = dilation * (kernel - 1)
    spans = ((p + padding - reach, p + padding) for p in range(stride))
    return Window(1, tuple((-(-first // stride), last // stride) for first, last in spans))


def sampled(ratio: Fraction, offset: Fraction, before: int = 0, after: int = 0) -> Window | None:
    """Position p reads what lies around the point (p + offset) * ratio - offset: the place or the two places at it,
    and where it lies between two, `before` and `after` more on its sides.
    """
    if ratio.denominator * offset.denominator > LONGEST_PERIOD:
        return None
    spans = []
    for position in range(ratio.denominator):
        point = (position + offset) * ratio - offset
        between = point.denominator != 1
        spans.append((floor(point) - before * between, ceil(point) + after * between))
    return Window(ratio.numerator, tuple(spans))


def nearest(ratio: Fraction, offset: Fraction) -> Window | None:
    """Position p reads the place floor((p + offset) * ratio)."""
    if ratio.denominator > LONGEST_PERIOD:
        return None
    places = [floor((position + offset) * ratio) for position in range(ratio.denominator)]
    return Window(ratio.numerator, tuple((place, place) for place in places))


def region(axis: int, size: Dim, count: int) -> Reach | None:
    """The windows of an adaptive pool: position p of `count` reads from floor(p*I/n) to ceil((p + 1)*I/n) - 1."""
    if count == 1:
        return whole(size)
    if is_open(size):
        return None
    from fractions import Fraction

    ratio = Fraction(value_of(size), count)
    if ratio.denominator > LONGEST_PERIOD:
        return None
    spans = ((floor(p * ratio), ceil((p + 1) * ratio) - 1) for p in range(ratio.denominator))
    return Reach(axis, Window(ratio.numerator, tuple(spans)))


def regions(x: Shape, y: Shape) -> Reaches:
    """What an adaptive pool reads: the regions that cut its input, channel by channel."""
    return (Reach(0, IDENTITY), *(region(axis, x[axis], value_of(y[axis])) for axis in range(1, len(x))))


def spatial_reach(x: Shape, windows: Iterable[Window | None], *, channels: bool) -> Reaches:
    """One window for each spatial axis; of the channels all are read, or with `channels` that of the same number."""
    first = Reach(0, IDENTITY) if channels else whole(x[0])
    return (first, *(along(axis, window) for axis, window in enumerate(windows, 1)))


def read_beside(x: Shape, y: Shape) -> Reaches:
    """What each number of `y` reads of each axis of `x`, whose last axis is beside the last one of `y`."""
    behind = len(y) - len(x)
    return tuple(
        Reach(axis, IDENTITY) if axis >= 0 and value_of(dim) == value_of(y[axis]) else Reach(fixed=(0, 0))
        for axis, dim in enumerate(x, behind)
    )
