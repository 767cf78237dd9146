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


def strided_size(size: Dim, stride: int) -> Dim:
    """Positions along an axis with padding="same": its size divided by the stride, rounded up."""
    return size if is_one(stride) else (size - 1) // stride + 1


@frozen()
class Sliding:
    """Windows that slide along one axis of a map.

    padding: the places added on each side; None where they follow from the size of the map, padding="same".
    ceil: whether a window that hangs over the end counts.
    """

    kernel: int
    stride: int
    padding: int | None
    dilation: int
    ceil: bool

    @property
    def span(self) -> int:
        """How many places a window covers from its first to its last."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def stepped_over(self) -> int:
        """How many of every `stride` places lie between what the windows read, where there is more than one."""
        return self.stride - min(self.kernel, self.stride // gcd(self.dilation, self.stride))

    def border(self, size: Dim) -> tuple[int, int]:
        """The padding before and after the axis; of an open size with padding="same", for one number that it may be."""
        if self.padding is not None:
            return self.padding, self.padding
        total = max(self.span - 1 - (value_of(size) - 1) % self.stride, 0)
        return total // 2, total - total // 2

    def positions(self, size: Dim) -> Dim:
        """Positions of the window along the axis.

        Without `ceil` the formula of `window_size`. With it the division rounds up, as long as the last window
        starts inside the input or its left padding: ceil((I + 2D - L*(K - 1) - 1) / S) + 1, and at most
        ceil((I + D) / S) (torch.nn.MaxPool2d, "ceil_mode"). Which of the two is less does not depend on I.
        """
        if self.padding is None:
            return strided_size(size, self.stride)
        if not self.ceil:
            return window_size(size, self.kernel, self.padding, self.stride, self.dilation)
        if self.stride + self.padding > self.span:
            return (size + self.padding - 1) // self.stride + 1
        return (size + 2 * self.padding - self.span + self.stride - 1) // self.stride + 1

    def reads(self, size: Dim) -> Window | None:
        """What is read along the axis; None where that depends on a size that is left open."""
        if self.padding is None and is_open(size) and not is_one(self.stride):
            return None
        return sliding(self.kernel, self.stride, self.border(size)[0], self.dilation)


def windows(layer: Any, x: Shape) -> tuple[Sliding, ...]:
    """The windows of a convolution or a pool along each spatial axis; a pool's stride is its kernel where it is None.

    Raises SizeError for lists of the wrong length.
    """
    rank = len(x) - 1
    kernel = per_axis(layer.kernel, rank, "kernel")
    stride = kernel if layer.stride is None else per_axis(layer.stride, rank, "stride")
    dilation = per_axis(getattr(layer, "dilation", 1), rank, "dilation")
    given: Any = getattr(layer, "padding", 0)
    padding = (None,) * rank if given == "same" else per_axis(0 if given == "valid" else given, rank, "padding")
    ceil = getattr(layer, "ceil_mode", False)
    return tuple(Sliding(*axis, ceil) for axis in zip(kernel, stride, padding, dilation, strict=True))


def window_counts(layer: Any, x: Shape) -> Shape:
    """How many windows there are along each spatial axis, for such as fit.

    With padding="same" nothing but the stride is asked for: in a branch that is not taken the rest may be of another
    rank.
    """
    if getattr(layer, "padding", 0) == "same":
        name = "kernel" if layer.stride is None else "stride"
        return tuple(map(strided_size, x[1:], per_axis(getattr(layer, name), len(x) - 1, name)))
    return tuple(along.positions(size) for along, size in zip(windows(layer, x), x[1:], strict=True))


def borders(layer: Any, x: Shape) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    return [along.border(size) for along, size in zip(windows(layer, x), x[1:], strict=True)]


def reads(layer: Any, x: Shape) -> list[Window | None]:
    """What is read along each spatial axis; None where that depends on a size that is left open."""
    return [along.reads(size) for along, size in zip(windows(layer, x), x[1:], strict=True)]


def does_not_fit(layer: Any, x: Shape, *, pool: bool = False) -> SizeError:
    """The error for a window that is larger than the padded input `x`."""
    along = windows(layer, x)
    kernel, padding, dilation = (
        tuple(getattr(each, name) for each in along) for name in ("kernel", "padding", "dilation")
    )
    needed = max(-(-(each.span - size) // 2) for each, size in zip(along, x[1:], strict=True))
    largest = min((i + 2 * p - 1) // d + 1 for i, p, d in zip(x[1:], padding, dilation, strict=True))
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


def padding_words(layer: Any, x: Shape) -> str:
    """The padding for people: "padding 1", "padding same"; empty for none."""
    padding = tuple(each.padding for each in windows(layer, x))
    if None in padding:
        return f"{tr('padding')} same"
    return f"{tr('padding')} {extent(padding)}" if any(padding) else ""


def window_words(layer: Any, x: Shape) -> str:
    """The windows of a pool for people: "2×2", "3×3, stride 2, padding 1", on one axis "kernel 4"."""
    kernel, stride = (tuple(getattr(each, name) for each in windows(layer, x)) for name in ("kernel", "stride"))
    moves = f"{tr('stride')} {extent(stride)}" if stride != kernel else ""
    return ", ".join(filter(None, (kernel_words(kernel), moves, padding_words(layer, x))))


UNITS = {"height": "row", "width": "column", "depth": "slice", "length": "place"}
ENDS = {
    "height": ("at the top", "at the bottom"),
    "width": ("at the left", "at the right"),
    "depth": ("at the front", "at the back"),
    "length": ("at the start", "at the end"),
}


def window_rules(layer: Any, x: Shape, y: Shape) -> tuple[AxisRule, ...]:
    """Why the windows of a convolution or a pool give the spatial axes of `y`."""
    return tuple(_rule(layer, along, x, y[axis], axis) for axis, along in enumerate(windows(layer, x), 1))


def _rule(layer: Any, along: Sliding, x: Shape, count: Dim, axis: int) -> AxisRule:
    name, given, notes = axis_names(x)[axis], incoming(x, axis), _notes(along, x, count, axis)
    kernel = parameter("K", along.kernel, "kernel")
    stride = parameter("S", along.stride, "stride", otherwise=tr("the kernel's size") if layer.stride is None else "")
    if along.padding is None and not is_one(along.stride):
        return AxisRule(name, count, Rounded(given / stride, "ceil"), notes=notes)
    dilation = parameter("L", along.dilation, "dilation")
    room = given - dilation * (kernel - 1) - 1 if along.dilation != 1 else given - kernel
    pads = hasattr(layer, "padding")
    if along.padding is None:
        both = tr('padding="same" on both sides together')
        room = room + parameter("P", along.span - 1, "padding", meaning=both)
    elif pads:
        room = room + 2 * parameter("D", along.padding, "padding")
    formula = Rounded(room / stride, "ceil" if along.ceil else "floor") + 1
    if along.ceil and along.padding is not None and along.stride + along.padding > along.span:
        # As `Sliding.positions` has it: the last window starts inside the input or its first padding.
        padded = given + parameter("D", along.padding, "padding") if pads else given
        formula = Rounded(padded / stride, "ceil")
    return AxisRule(name, count, formula, notes=notes)


def _notes(along: Sliding, x: Shape, count: Dim, at: int) -> tuple[str, ...]:
    """What else is to know of an axis: what a padding that follows from the size adds, and what is not read."""
    size, name = x[at], axis_names(x)[at]
    before, after = along.border(size)
    unit, axis, (first, last) = UNITS[name], axis_said(name), map(tr, ENDS[name])
    same, keeps, stride = along.padding is None, is_one(along.stride), along.stride
    notes = []
    if same and is_open(size) and not keeps:
        notes.append(tr('padding="same" adds what the {axis} needs, the larger half {end}', axis=axis, end=last))
    elif same and before + after:
        sides = tr("{before} {first} and {after} {last}", before=before, first=first, after=after, last=last)
        if keeps:
            notes.append(tr('padding="same" adds {sides}, which keeps the {axis}', sides=sides, axis=axis))
        else:
            notes.append(tr('padding="same" adds {sides}, as it needs', sides=sides))
    if is_open(size) or is_open(count):
        return tuple(notes)
    left = value_of(size) + before + after - along.span - (value_of(count) - 1) * stride
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
    if along.stepped_over and count > 1:
        one, many = "of every {rows}, {count} is stepped over", "of every {rows}, {count} are stepped over"
        notes.append(trn(one, many, along.stepped_over, rows=_rows(stride, unit)))
    return tuple(notes)


def counted(number: int, unit: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {unit if number == 1 else unit + 's'}"


def _rows(number: int, unit: str) -> str:
    """The same in the language that is spoken."""
    return trn(f"{{count:,}} {unit}", f"{{count:,}} {unit}s", number)
