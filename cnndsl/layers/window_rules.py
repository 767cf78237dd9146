"""Why a window that slides over a map gives the size that it gives, and what of the map it never reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from cnndsl.layers.formula import AxisRule, Rounded, Term, axis_names, incoming, parameter
from cnndsl.layers.sizes import Dim, Shape
from cnndsl.layers.windows import Axes
from cnndsl.traced import is_open, value_of

UNITS = {"height": "row", "width": "column", "depth": "slice", "length": "place"}
ENDS = {
    "height": ("at the top", "at the bottom"),
    "width": ("at the left", "at the right"),
    "depth": ("at the front", "at the back"),
    "length": ("at the start", "at the end"),
}


@dataclass(frozen=True, slots=True)
class Sliding:
    """Windows over the spatial axes of a map, with a number for each axis.

    padding: None for a layer that has none. same: whether the padding is what keeps the size.
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
        stride = parameter("S", self.stride[at], "stride", otherwise="the kernel's size" if self.own_stride else "")
        spread = self.dilation[at] != 1
        dilation = parameter("L", self.dilation[at], "dilation")
        room = given - dilation * (kernel - 1) - 1 if spread else given - kernel
        if self.same:
            total = self.dilation[at] * (self.kernel[at] - 1)
            room = room + parameter("P", total, "padding", meaning='padding="same" on both sides together')
        elif self.padding is not None:
            room = room + 2 * parameter("D", self.padding[at], "padding")
        formula = Rounded(room / stride) + 1
        if self.ceil:
            formula = self._ceil(given, room, stride, at)
        return AxisRule(name, size, formula, notes=self._notes(x[axis], size, name, at))

    def _ceil(self, given: Term, room: Term, stride: Term, at: int) -> Term:
        """As `cnndsl.layers.windows.pooled_size`: the last window starts inside the input or its first padding."""
        before, _ = self._borders(at)
        if self.stride[at] + before > self._span(at):
            padded = given if self.padding is None else given + parameter("D", before, "padding")
            return Rounded(padded / stride, "ceil")
        return Rounded(room / stride, "ceil") + 1

    def _span(self, at: int) -> int:
        """How many places a window covers from its first to its last."""
        return self.dilation[at] * (self.kernel[at] - 1) + 1

    def _borders(self, at: int) -> tuple[int, int]:
        """What is added before and after the axis."""
        if not self.same:
            padding = self.padding[at] if self.padding is not None else 0
            return padding, padding
        total = self.dilation[at] * (self.kernel[at] - 1)
        return total // 2, total - total // 2

    def _notes(self, size: Dim, count: Dim, name: str, at: int) -> tuple[str, ...]:
        before, after = self._borders(at)
        unit, (first, last) = UNITS[name], ENDS[name]
        notes = []
        if self.same and before + after:
            sides = f"{before} {first} and {after} {last}"
            notes.append(f'padding="same" adds {sides}, which keeps the {name}')
        if is_open(size) or is_open(count):
            return tuple(notes)
        left = value_of(size) + before + after - self._span(at) - (value_of(count) - 1) * self.stride[at]
        unread = left - after
        if unread > 0:
            border = ", nor is the padding after it" if after else ""
            notes.append(f"{counted(unread, unit)} {last} {_is(unread)} never read{border}")
        elif left > 0:
            notes.append(f"of the padding, {counted(left, unit)} {last} {_is(left)} never read")
        elif left < 0:
            notes.append(f"with ceil_mode the last window hangs {counted(-left, unit)} over the end")
        # What lies between the places that are read repeats with the stride.
        stride = self.stride[at]
        between = stride - min(self.kernel[at], stride // gcd(self.dilation[at], stride))
        if between and count > 1:
            notes.append(f"of every {counted(stride, unit)}, {between} {_is(between)} stepped over")
        return tuple(notes)


def counted(number: int, unit: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {unit if number == 1 else unit + 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
