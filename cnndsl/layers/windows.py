"""What convolutions and pools have in common: a window that moves over the axes of a map, and the size it gives."""

from __future__ import annotations

from math import gcd
from typing import Any

from cnndsl.frozen import frozen
from cnndsl.i18n import tr, trn
from cnndsl.layers.base import times
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    Rounded,
    Shape,
    SizeError,
    Term,
    axis_names,
    axis_said,
    incoming,
    parameter,
    per_axis,
    show,
    window_size,
)
from cnndsl.layers.reach import Window, sliding
from cnndsl.symbolic.number import is_open, value_of

Axes = tuple[int, ...]


def pooled_size(size: Dim, kernel: int, padding: int, stride: int, dilation: int, ceil: bool) -> Dim:
    """Positions of a pooling window along an axis.

    Without `ceil` the formula of `window_size`. With it the division rounds up, as long as the last window
    starts inside the input or its left padding: ceil((I + 2D - L*(K - 1) - 1) / S) + 1, and at most
    ceil((I + D) / S) (torch.nn.MaxPool2d, "ceil_mode"). Which of the two is less does not depend on I.
    """
    if not ceil:
        return window_size(size, kernel, padding, stride, dilation)
    span = dilation * (kernel - 1) + 1
    if stride + padding > span:
        return (size + padding - 1) // stride + 1
    return (size + 2 * padding - span + stride - 1) // stride + 1


PAD_SAME = '''\
def same_border(
    x: Tensor, kernel: list[int], stride: list[int], dilation: list[int]
) -> list[int]:
    """What F.pad adds to a map, so that windows give its size divided by the stride."""
    border: list[int] = []
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation), 2):
        total = d * (k - 1) - (x.shape[axis] - 1) % s
        if d * (k - 1) + 1 < s:  # it may be below 0, where total // s is -1
            total = total * (1 + total // s)
        border = [total // 2, total - total // 2] + border
    return border


def pad_same(
    x: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    mode: str = "constant",
    value: float = 0.0,
) -> Tensor:
    """A map with a border, so that windows give its size divided by the stride."""
    return F.pad(x, same_border(x, kernel, stride, dilation), mode, value)
'''
"""For layers whose border depends on the size of the map, as in TensorFlow and ONNX (SAME_UPPER)."""


def is_one(stride: Any) -> bool:
    """Whether a stride is 1 on all axes, whatever use of a definition it is worked out for."""
    return all(type(s) is int and s == 1 for s in (stride if isinstance(stride, tuple) else (stride,)))


def same_border(size: Dim, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """What padding="same" adds before and after an axis; of an open size, for one number that it may be."""
    total = max(dilation * (kernel - 1) - (value_of(size) - 1) % stride, 0)
    return total // 2, total - total // 2


def same_sizes(x: Shape, stride: Axes) -> Shape:
    """The sizes that padding="same" gives: those of the input, divided by the stride and rounded up."""
    return tuple(size if is_one(s) else (size - 1) // s + 1 for size, s in zip(x[1:], stride, strict=True))


def borders(x: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    rank = len(x) - 1
    if padding == "same":
        values = (per_axis(value, rank, "") for value in (kernel, kernel if stride is None else stride, dilation))
        return [same_border(*axis) for axis in zip(x[1:], *values, strict=True)]
    return [(before, before) for before in per_axis(0 if padding == "valid" else padding, rank, "padding")]


def windows(x: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any) -> list[Window | None]:
    """What is read along each spatial axis; None where that depends on a size that is left open."""
    rank = len(x) - 1
    steps = per_axis(kernel if stride is None else stride, rank, "stride")
    before = [first for first, _ in borders(x, kernel, stride, padding, dilation)]
    axes = zip(per_axis(kernel, rank, "kernel"), steps, before, per_axis(dilation, rank, "dilation"), strict=True)
    found: list[Window | None] = [sliding(*axis) for axis in axes]
    if padding != "same":
        return found
    moves = (is_open(size) and not is_one(step) for size, step in zip(x[1:], steps, strict=True))
    return [None if each else window for each, window in zip(moves, found, strict=True)]


def does_not_fit(x: Shape, kernel: Axes, padding: Axes, dilation: Axes, *, pool: bool = False) -> SizeError:
    """The error for a window that is larger than the padded input."""
    axes = list(zip(x[1:], kernel, padding, dilation, strict=True))
    needed = max(-(-(d * (k - 1) + 1 - i) // 2) for i, k, _, d in axes)
    largest = min((i + 2 * p - 1) // d + 1 for i, _, p, d in axes)
    spread = f" with dilation {extent(dilation)}" if any(d != 1 for d in dilation) else ""
    padded = f" with padding {extent(padding)}" if any(padding) else ""
    helps = [f"use a kernel of at most {largest}", "drop a pooling step before it"]
    if not pool:
        helps.insert(0, f"add padding={needed} or more")
    return SizeError(
        f"kernel {times(kernel)}{spread} does not fit an input of {show(x[1:])}{padded}",
        ", ".join(helps[:-1]) + (", or " if len(helps) > 2 else " or ") + helps[-1],
    )


def check_border(x: Shape, before: Axes, after: Axes, mode: str, name: str) -> None:
    """Raise SizeError where a border cannot be filled from the input.

    A reflected border is narrower than the input, for the edge itself is not repeated; a circular one
    is as wide as the input at most.
    """
    if mode not in ("reflect", "circular"):
        return
    less = 1 if mode == "reflect" else 0
    for size, left, right in zip(x[1:], before, after, strict=True):
        wide = max(left, right)
        if wide > size - less:
            raise SizeError(
                f'{name}="{mode}" takes the border from the input: an axis of {size} '
                f"gives at most {size - less}, and the padding is {wide}",
                f'use less padding, or {name}="replicate"',
                code="E305",
            )


def extent(value: Any) -> str:
    """A size for people, said once where it is the same on every axis: `2`, `2×1`."""
    if isinstance(value, tuple) and all(item == value[0] for item in value[1:]):
        return str(value[0])
    return times(value)


def kernel_words(kernel: Axes) -> str:
    """A kernel for people: `5×5`; on one axis `kernel 5`, for a number alone says nothing."""
    return times(kernel) if len(kernel) > 1 else f"{tr('kernel')} {times(kernel)}"


def nearby(kernel: Any, least: int = 1) -> tuple[Any, ...]:
    """The kernels that a reader may wonder about: a little smaller and a little larger; odd ones stay odd."""
    if isinstance(kernel, tuple):
        return (tuple(size + 2 for size in kernel),)
    step = 2 if kernel % 2 else 1
    return tuple(other for other in (kernel - step, kernel + step) if other >= least)


def pool_output(x: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> Shape:
    """The size after a pooling window, whose stride is its kernel where it is None.

    Raises SizeError for lists of the wrong length, too much padding and a kernel that does not fit.
    """
    rank = len(x) - 1
    kernel = per_axis(kernel, rank, "kernel")
    stride = kernel if stride is None else per_axis(stride, rank, "stride")
    dilation = per_axis(dilation, rank, "dilation")
    if padding == "same":
        if ceil:
            raise SizeError(
                'ceil_mode has no effect beside padding="same", which gives a size that is rounded up',
                "leave ceil_mode out",
                code="E305",
            )
        return pool_sizes(x, kernel, stride, padding, dilation, ceil)
    padding = per_axis(0 if padding == "valid" else padding, rank, "padding")
    if any(2 * p > k for k, p in zip(kernel, padding, strict=True)):
        raise SizeError(
            f"padding {extent(padding)} is more than half of the kernel {times(kernel)}",
            "a pool's padding is at most half of its kernel, without the dilation; for more, put a pad before it",
            code="E305",
        )
    y = pool_sizes(x, kernel, stride, padding, dilation, ceil)
    if any(size < 1 for size in y[1:]):
        raise does_not_fit(x, kernel, padding, dilation, pool=True)
    return y


def pool_sizes(x: Shape, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> Shape:
    """As `pool_output`, by arithmetic alone, for a window that fits."""
    rank = len(x) - 1
    kernel = per_axis(kernel, rank, "kernel")
    stride = kernel if stride is None else per_axis(stride, rank, "stride")
    if padding == "same":
        return (x[0], *same_sizes(x, stride))
    padding = 0 if padding == "valid" else padding
    rest = (per_axis(padding, rank, "padding"), stride, per_axis(dilation, rank, "dilation"))
    axes = zip(x[1:], kernel, *rest, strict=True)
    return (x[0], *(pooled_size(i, k, p, s, d, ceil) for i, k, p, s, d in axes))


def check_whole_kernel(x: Shape, kernel: Any, kind: str) -> None:
    """Raise SizeError where a map of depth x height x width is smaller than the kernel before padding.

    PyTorch's average pools on three axes ask for that; the others do not.
    """
    rank = len(x) - 1
    if rank == 3 and any(i < k for i, k in zip(x[1:], per_axis(kernel, rank, "kernel"), strict=True)):
        raise SizeError(
            f"{kind} on three axes needs a map of at least its kernel "
            f"{times(per_axis(kernel, rank, 'kernel'))}, and it is {show(x[1:])}",
            "use a smaller kernel, or put a pad before it",
        )


def pool_words(x: Shape, kernel: Any, stride: Any, padding: Any = 0) -> str:
    """The arguments of a pool for people: "2×2", "3×3, stride 2, padding 1", on one axis "kernel 4"."""
    rank = len(x) - 1
    parts = [kernel_words(per_axis(kernel, rank, "kernel"))]
    if stride is not None and per_axis(stride, rank, "stride") != per_axis(kernel, rank, "kernel"):
        parts.append(f"{tr('stride')} {extent(stride)}")
    if padding == "same":
        parts.append(f"{tr('padding')} same")
    elif padding != "valid" and any(per_axis(padding, rank, "padding")):
        parts.append(f"{tr('padding')} {extent(padding)}")
    return ", ".join(parts)


UNITS = {"height": "row", "width": "column", "depth": "slice", "length": "place"}
ENDS = {
    "height": ("at the top", "at the bottom"),
    "width": ("at the left", "at the right"),
    "depth": ("at the front", "at the back"),
    "length": ("at the start", "at the end"),
}


@frozen()
class Sliding:
    """Windows over the spatial axes of a map, with a number for each axis.

    padding: None for a layer that has none. same: whether the padding follows from the size, padding="same".
    ceil: whether a window over the end counts. own_stride: whether the stride was not given, and is the kernel's size.
    """

    kernel: Axes
    stride: Axes
    padding: Axes | None
    dilation: Axes
    ceil: bool = False
    same: bool = False
    own_stride: bool = False

    def rules(self, x: Shape, y: Shape) -> tuple[AxisRule, ...]:
        """The rules of the spatial axes, for the input `x` and the output `y`."""
        return tuple(self._rule(x, y[axis], axis) for axis in range(1, len(x)))

    def _rule(self, x: Shape, size: Dim, axis: int) -> AxisRule:
        at = axis - 1
        name = axis_names(x)[axis]
        given = incoming(x, axis)
        kernel = parameter("K", self.kernel[at], "kernel")
        stride = parameter("S", self.stride[at], "stride", otherwise=tr("the kernel's size") if self.own_stride else "")
        spread = self.dilation[at] != 1
        dilation = parameter("L", self.dilation[at], "dilation")
        room = given - dilation * (kernel - 1) - 1 if spread else given - kernel
        if self.same and not is_one(self.stride[at]):
            formula: Term = Rounded(given / stride, "ceil")
            return AxisRule(name, size, formula, notes=self._notes(x[axis], size, name, at))
        if self.same:
            total = self.dilation[at] * (self.kernel[at] - 1)
            room = room + parameter("P", total, "padding", meaning=tr('padding="same" on both sides together'))
        elif self.padding is not None:
            room = room + 2 * parameter("D", self.padding[at], "padding")
        formula = Rounded(room / stride) + 1
        if self.ceil:
            formula = self._ceil(given, room, stride, at)
        return AxisRule(name, size, formula, notes=self._notes(x[axis], size, name, at))

    def _ceil(self, given: Term, room: Term, stride: Term, at: int) -> Term:
        """As `cnndsl.layers.windows.pooled_size`: the last window starts inside the input or its first padding."""
        before = self.padding[at] if self.padding is not None else 0
        if self.stride[at] + before > self._span(at):
            padded = given if self.padding is None else given + parameter("D", before, "padding")
            return Rounded(padded / stride, "ceil")
        return Rounded(room / stride, "ceil") + 1

    def _span(self, at: int) -> int:
        """How many places a window covers from its first to its last."""
        return self.dilation[at] * (self.kernel[at] - 1) + 1

    def _borders(self, size: Dim, at: int) -> tuple[int, int]:
        """What is added before and after the axis."""
        if not self.same:
            padding = self.padding[at] if self.padding is not None else 0
            return padding, padding
        return same_border(size, self.kernel[at], self.stride[at], self.dilation[at])

    def _notes(self, size: Dim, count: Dim, name: str, at: int) -> tuple[str, ...]:
        before, after = self._borders(size, at)
        unit, axis, (first, last) = UNITS[name], axis_said(name), map(tr, ENDS[name])
        keeps = is_one(self.stride[at])
        notes = []
        if self.same and is_open(size) and not keeps:
            notes.append(tr('padding="same" adds what the {axis} needs, the larger half {end}', axis=axis, end=last))
        elif self.same and before + after:
            sides = tr("{before} {first} and {after} {last}", before=before, first=first, after=after, last=last)
            if keeps:
                notes.append(tr('padding="same" adds {sides}, which keeps the {axis}', sides=sides, axis=axis))
            else:
                notes.append(tr('padding="same" adds {sides}, as it needs', sides=sides))
        if is_open(size) or is_open(count):
            return tuple(notes)
        left = value_of(size) + before + after - self._span(at) - (value_of(count) - 1) * self.stride[at]
        unread = left - after
        if unread > 0:
            rows = _rows(unread, unit)
            said = trn("{rows} {end} is never read", "{rows} {end} are never read", unread, rows=rows, end=last)
            notes.append(said + (tr(", nor is the padding after it") if after else ""))
        elif left > 0:
            one, many = "of the padding, {rows} {end} is never read", "of the padding, {rows} {end} are never read"
            notes.append(trn(one, many, left, rows=_rows(left, unit), end=last))
        elif left < 0:
            notes.append(tr("with ceil_mode the last window hangs {rows} over the end", rows=_rows(-left, unit)))
        # What lies between the places that are read repeats with the stride.
        stride = self.stride[at]
        between = stride - min(self.kernel[at], stride // gcd(self.dilation[at], stride))
        if between and count > 1:
            one, many = "of every {rows}, {count} is stepped over", "of every {rows}, {count} are stepped over"
            notes.append(trn(one, many, between, rows=_rows(stride, unit)))
        return tuple(notes)


def counted(number: int, unit: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {unit if number == 1 else unit + 's'}"


def _rows(number: int, unit: str) -> str:
    """The same in the language that is spoken."""
    return trn(f"{{count:,}} {unit}", f"{{count:,}} {unit}s", number)
