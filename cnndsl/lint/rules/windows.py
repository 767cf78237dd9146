"""Rules about convolutions and pools that do not go well with the size of their input."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod
from typing import Any, ClassVar

from cnndsl.frozen import frozen
from cnndsl.ir.program import Module
from cnndsl.layers.base import Group, Layer, times
from cnndsl.layers.formula import AXES, Shape, SizeError, per_axis, show
from cnndsl.layers.windows import UNITS, Sliding, counted, is_one, windows
from cnndsl.lint.rule import Applied, Finding, Rule, Trail
from cnndsl.symbolic.number import is_open, value_of

POOLS = ("maxpool", "avgpool", "lppool")
_LONGEST_KERNEL = 1024
"""Places of larger kernels are not looked at one by one."""
_TRIED = 16
"""So many paddings are tried for one that reads all of a map."""


@frozen()
class Axis(Sliding):
    """A window along one axis of known size: all numbers are counted in places of the input.

    before: the padding before the first place.
    """

    name: str
    size: int
    count: int
    before: int

    @property
    def unread(self) -> int:
        """How many places at the end no window reaches."""
        return max(0, self.size + self.before - (self.count - 1) * self.stride - self.span)

    @property
    def skipped(self) -> int:
        """How many of every `stride` places lie between what the windows read."""
        if self.count == 1 or self.size < self.stride:  # the map ends before it repeats
            return 0
        return self.stepped_over

    @property
    def reads_all(self) -> bool:
        """Whether every place is read, as far as that is easily seen."""
        together = self.dilation == 1 and (self.stride <= self.kernel or self.count == 1)
        return together and not self.unread

    @property
    def meeting(self) -> int:
        """How many places of the kernel lie on the map at least once, and not always on the padding."""
        if self.kernel > _LONGEST_KERNEL or (not self.before and self.span <= self.size):
            return self.kernel
        return sum(map(self._meets, range(self.kernel)))

    def _meets(self, place: int) -> bool:
        start = place * self.dilation - self.before
        first = max(0, -(start // self.stride))  # the first window in which this place is not before the map
        return first < self.count and start + first * self.stride < self.size


def axes_of(layer: Layer, x: Shape, y: Shape) -> list[Axis]:
    """The windows of a convolution or pool along the axes whose size is known."""
    found = []
    for name, of, size, count in zip(AXES[len(x) - 1], windows(layer, x), x[1:], y[1:], strict=True):
        if not is_open(size) and not is_open(count):
            before, _ = of.border(size)
            numbers = (value_of(size), value_of(count), before)
            found.append(Axis(of.kernel, of.stride, of.padding, of.dilation, of.ceil, name, *numbers))
    return found


class Unread(Rule):
    """A stride that leaves rows or columns of the input unread: what was worked out there is lost.

    The size formula rounds down, so what is left over at the end is dropped; and a stride larger than the window steps
    over what lies between. Less than one in fifty at the end is let pass: it is the border of a large picture.
    So is an input that something else reads too, as beside a shortcut with a stride.
    """

    code: ClassVar[str] = "W204"
    layers: ClassVar[tuple[str, ...]] = ("conv", *POOLS)
    least: ClassVar[int] = 50
    """One place in so many is worth a word."""

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        if not trail.only_reader:
            return
        axes = axes_of(applied.layer, applied.x, applied.y)
        over = [axis for axis in axes if axis.skipped]
        rest = [axis for axis in axes if axis.unread * self.least >= axis.size and not axis.skipped]
        if over:
            words = " and ".join(f"{axis.skipped} of every {counted(axis.stride, UNITS[axis.name])}" for axis in over)
            yield self.about(
                applied,
                f"{applied.name} steps over {words} of its input",
                _without_steps(over),
            )
        elif rest:
            words = " and ".join(f"the last {_several(axis.unread, UNITS[axis.name])}" for axis in rest)
            message = f"{applied.name} never reads {words} of its input, {show(applied.x)}"
            yield self.about(applied, message, *self._helps(applied))

    def _helps(self, applied: Applied) -> tuple[str, ...]:
        """What would read everything; tried, and not only thought."""
        layer = applied.layer
        axes = axes_of(layer, applied.x, applied.y)
        changes: list[tuple[str, bool | int]] = [("ceil_mode", True)] if layer.kind in POOLS else []
        if layer.kind in ("conv", "maxpool", "avgpool") and all(axis.before == axes[0].before for axis in axes):
            # With one more on both sides a rest of (I - K + 2D) / S grows by two, until another window fits.
            # Maps that are not square may need yet more, which is looked for among small numbers.
            wanted = {-(-(axis.stride - axis.unread - axis.before) // 2) for axis in axes if axis.unread}
            wanted.update(range(1, min(axes[0].stride, _TRIED) + 1))
            changes += [("padding", axes[0].before + more) for more in sorted(wanted)]
        for name, value in changes:
            other = layer.model_copy(update={name: value})
            try:
                y = other.output(applied.x)
            except SizeError:
                continue
            if all(axis.reads_all for axis in axes_of(other, applied.x, y)):
                written = "true" if value is True else value
                return (f"{name}={written} reads it all, and gives {show(y)}",)
        return ("choose kernel, stride and padding so that (I - K + 2D) / S has no rest",)


def _without_steps(over: list[Axis]) -> str:
    """What reads all that lies between the windows along these axes."""
    wide = "a kernel at least as large as the stride"
    spread = next((axis for axis in over if gcd(axis.dilation, axis.stride) > 1), None)
    if spread is None:
        return f"use {wide}, or a smaller stride"
    every = f"one place in {gcd(spread.dilation, spread.stride)}"
    also = f" and {wide}" if spread.kernel < spread.stride else ""
    return (
        f"a stride of {spread.stride} with a dilation of {spread.dilation} lands on {every}, whatever the kernel: use "
        f"a dilation that has no factor in common with the stride{also}, or no stride"
    )


def _several(number: int, unit: str) -> str:
    return unit if number == 1 else counted(number, unit)


class EvenSame(Rule):
    """An even kernel with padding="same": one side gets one row more than the other, which shifts the map.

    PyTorch has to make a padded copy of the input for it, too. Half a place is little beside a long kernel, and such a
    one is let pass.
    """

    code: ClassVar[str] = "W209"
    long: ClassVar[int] = 16
    """Places of a long window."""
    layers: ClassVar[tuple[str, ...]] = ("conv",)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer = applied.layer
        if layer.padding != "same" or not is_one(layer.stride):
            return  # with a stride an odd kernel adds more on one side as well
        along = windows(layer, applied.x)
        kernel = tuple(each.kernel for each in along)
        for name, each in zip(AXES[len(along)], along, strict=True):
            total = each.span - 1
            if total % 2 and each.span < self.long:
                yield Finding(
                    self.code,
                    f'padding="same" with a kernel of {times(kernel)} adds {counted(total // 2, UNITS[name])} '
                    f"before the map and {total - total // 2} after it",
                    applied.declared,
                    help=("use an odd kernel, or write the padding as a number",),
                )
                return


class PoolTooLarge(Rule):
    """A pool whose window is larger than the map: every region holds some of the padding, and some may be all of it."""

    code: ClassVar[str] = "W210"
    layers: ClassVar[tuple[str, ...]] = POOLS

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        axes = axes_of(applied.layer, applied.x, applied.y)
        if any(axis.span > axis.size for axis in axes):
            everything = "global_maxpool" if applied.layer.kind == "maxpool" else "global_avgpool"
            yield self.about(
                applied,
                f"the window of {applied.name}, {times(tuple(axis.span for axis in axes))}, is larger than what is "
                f"left, {show(applied.x[1:])}",
                f"drop a pool or a stride before it, or write {everything}",
            )


def _on_zeros(applied: Applied) -> tuple[Any, list[Axis]]:
    """A convolution and its windows along the axes of known size; none where what lies around the map is not zero."""
    layer: Any = applied.layer
    return layer, axes_of(layer, applied.x, applied.y) if layer.padding_mode == "zeros" else []


class KernelOnPadding(Rule):
    """A kernel of which a part only ever lies on the padding: its weights there are multiplied with zeros alone.

    It happens where a network for large pictures gets small ones, and with large dilations.
    """

    code: ClassVar[str] = "W211"
    layers: ClassVar[tuple[str, ...]] = ("conv",)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        _, axes = _on_zeros(applied)
        if len(axes) < len(applied.x) - 1:
            return
        kernel, meeting = tuple(axis.kernel for axis in axes), tuple(axis.meeting for axis in axes)
        if prod(meeting) < prod(kernel):
            yield self.about(
                applied,
                f"of the {times(kernel)} kernel of {applied.name} only {times(meeting)} ever meets the map of "
                f"{show(applied.x[1:])}; the rest lies on the padding",
                "stride or pool less before it, or use a smaller kernel or dilation",
            )


class BorderOfPadding(Rule):
    """A padding so large beside the kernel that the border of what comes out has seen nothing but padding.

    Its numbers are the bias alone, and the map grows. A 1x1 convolution with the padding of a 3x3 one is often copied.
    """

    code: ClassVar[str] = "W218"
    layers: ClassVar[tuple[str, ...]] = ("conv",)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        layer, axes = _on_zeros(applied)
        axis = next((axis for axis in axes if axis.before >= axis.span), None)
        if axis is None:
            return
        border = -(-(axis.before - axis.span + 1) // axis.stride)
        keeps = [axis.dilation * (axis.kernel - 1) // 2 for axis in axes]
        written = keeps[0] if len(set(keeps)) == 1 else keeps
        kernel, wide = times(per_axis(layer.kernel, len(applied.x) - 1, "kernel")), counted(border, UNITS[axis.name])
        yield self.about(
            applied,
            f"{applied.name} pads {axis.before} beside a kernel of {kernel}: a border of {wide} of what it "
            "gives has seen padding alone",
            f"write padding={written}" if any(keeps) else "leave the padding out",
        )


_MIXES = (Group.CONVOLUTION, Group.POOLING, Group.DENSE, Group.SEQUENCE, Group.BLOCK)
"""Layers that make one number of several places."""


class UnevenTransposed(Rule):
    """A transposed convolution whose windows overlap unevenly, which leaves a pattern like a checkerboard.

    With a kernel of 3 and a stride of 2 every second row is made of two windows and those between of one (A. Odena et
    al., "Deconvolution and checkerboard artifacts", 2016). It is let pass where a window of another layer goes over the
    result, which can even it out, and where the kernel is twice the stride or more. A kernel smaller than its stride
    leaves rows that have the bias alone, wherever it stands.
    """

    code: ClassVar[str] = "W226"
    layers: ClassVar[tuple[str, ...]] = ("conv_transpose",)

    def see(self, trail: Trail) -> Iterator[Finding]:
        applied = trail.newest
        axes = [axis for axis in _upward(applied) if axis[1] < axis[2]]
        if axes:
            name, kernel, stride = axes[0]
            between = counted(stride - kernel, UNITS[name])
            yield self.about(
                applied,
                f"{applied.name} leaves {between} of every {stride} it gives without a window: its bias alone is there",
                f"write a kernel of {stride}, or of {2 * stride} with a padding",
            )

    def end(self, network: Module, trail: Trail) -> Iterator[Finding]:
        for applied in trail.layers:
            if applied.layer.kind == "conv_transpose" and (axes := _upward(applied)):
                uneven = [axis for axis in axes if axis[2] < axis[1] < 2 * axis[2]]
                if not uneven:
                    return
                name, kernel, stride = uneven[0]
                yield self.about(
                    applied,
                    f"the windows of {applied.name} overlap in {counted(kernel - stride, UNITS[name])} of every "
                    f"{stride} of what {network.name} gives, which shows as a pattern",
                    f"take a multiple of the stride for the kernel, {stride} or {2 * stride}, or put a conv after it",
                )
                return
            if applied.layer.group in _MIXES and not _is_pointwise(applied.layer):
                return


def _upward(applied: Applied) -> list[tuple[str, int, int]]:
    """The axes along which a transposed convolution enlarges, with its kernel and stride there.

    None for one with given weights, or with gaps in its kernel.
    """
    layer, rank = applied.layer, len(applied.x) - 1
    if applied.weights is not None or set(per_axis(layer.dilation, rank, "dilation")) != {1}:
        return []
    sizes = zip(AXES[rank], per_axis(layer.kernel, rank, "kernel"), per_axis(layer.stride, rank, "stride"), strict=True)
    return [(name, kernel, stride) for name, kernel, stride in sizes if stride > 1]


def _is_pointwise(layer: Any) -> bool:
    return layer.kind in ("conv", "conv_transpose") and bool(layer.kernel == layer.stride == 1)
