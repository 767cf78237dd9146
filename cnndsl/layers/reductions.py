"""Functions along axes: sums, means, extremes."""

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from cnndsl.layers.base import Argument, Kept, Spelling
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, axis_names, show
from cnndsl.layers.operations import Operation, axis_index
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, whole
from cnndsl.layers.types import AxisOrAxes, Flag


class Reduction(Operation):
    """One number in place of all those along one axis or several, the channels by default."""

    axis: AxisOrAxes = Field(default=1, description="the axis, or a list of them, the batch being axis 0")
    keepdim: Flag = Field(default=False, description="whether the axes stay, with size 1")

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        gone = self._gone(x)
        if len(gone) < len(axes) or not axes:
            raise SizeError(
                f"{self.kind} goes over each axis once, and it has {list(axes)}", "name every axis once", code="E307"
            )
        if len(gone) == len(x) and not self.keepdim:
            raise SizeError(
                f"{self.kind} over every axis of {show(x)} leaves a number without an axis",
                "write keepdim=true, or leave out one axis",
                code="E307",
            )
        return self.size_rule(xs)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        gone = self._gone(x)
        if self.keepdim:
            return (tuple(1 if i in gone else dim for i, dim in enumerate(x)),)
        return (tuple(dim for i, dim in enumerate(x) if i not in gone),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        gone, old = self._gone(x), axis_names(x)
        note = f"one number in place of all along the {' and the '.join(old[axis] for axis in sorted(gone))}"
        left = [axis for axis in range(len(x)) if self.keepdim or axis not in gone]
        words = ["one for all" if axis in gone else f"{old[axis]} of the input" for axis in left]
        said = [AxisRule(name, y[k], words=words[k]) for k, name in enumerate(axis_names(y))]
        return (*said[:-1], replace(said[-1], notes=(note,)))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        keep = ", keepdim=True" if self.keepdim else ""
        return Spelling("", (Argument("axis", self.axis),), f"{self.call}({{v0}}, dim={{axis}}{keep})")

    def _gone(self, x: Shape) -> set[int]:
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        return {axis_index(axis, x, self.kind) for axis in axes}

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        (x,) = xs
        gone = self._gone(x)
        left = list(range(len(x))) if self.keepdim else [axis for axis in range(len(x)) if axis not in gone]
        reaches = (whole(dim) if axis in gone else Reach(left.index(axis), IDENTITY) for axis, dim in enumerate(x))
        return (tuple(reaches),)


class Mean(Reduction):
    """The mean along one axis or several."""

    kind: ClassVar[Literal["mean"]] = "mean"
    symbol: ClassVar[str] = "mean"
    written: ClassVar[str] = "mean(x)"
    values: ClassVar[str] = "a value"
    call: ClassVar[str] = "torch.mean"
    example: ClassVar[str] = "input(16, 8, 8); mean(it, axis=[2, 3]) -> linear(10)"


class Max(Reduction):
    """The largest number along one axis or several."""

    kind: ClassVar[Literal["max"]] = "max"
    symbol: ClassVar[str] = "max"
    written: ClassVar[str] = "max(x)"
    values: ClassVar[str] = "a value"
    call: ClassVar[str] = "torch.amax"
    example: ClassVar[str] = "input(16, 8, 8); max(it, keepdim=true) -> conv(1, 7, padding=3)"

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        return Kept(inputs=(0,), output=True)
