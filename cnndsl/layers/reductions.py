"""Functions along axes: sums, means, extremes, norms."""

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.arrangement import AXES
from cnndsl.layers.base import Extra, Kept, Spelling, declare
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Shape,
    SizeError,
    axis_names,
    axis_said,
    in_words,
    of_input,
    product,
    show,
)
from cnndsl.layers.operations import Operation, axes_of, axis_index, axis_indices
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, mixing, whole
from cnndsl.layers.types import AnyAxis, AxisOrAxes, Flag, PositiveReal, Whole

_KEEPDIM = "whether the axes stay, with size 1"
_BOTH = Kept(inputs=(0,), output=True)


class OverAxes(Operation):
    """The base of functions with one number in place of all those along one axis or several."""

    along = True

    if TYPE_CHECKING:  # a function may have other parameters before these
        axis: AxisOrAxes
        keepdim: bool

    def check(self, xs: tuple[Shape, ...]) -> None:
        (x,) = xs
        if self.axis == 0 and self.kind in ("min", "max"):
            each = f"{self.kind}imum"
            raise SizeError(
                f"{self.kind} goes over the axis that is given, and axis 0 is the batch",
                f"of each number and 0 it is {each}(x, 0)",
                code="E307",
            )
        axes, gone = axes_of(self.axis), axis_indices(self.axis, x, self.kind)
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

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        gone = axis_indices(self.axis, x, self.kind)
        if self.keepdim:
            return (tuple(1 if i in gone else dim for i, dim in enumerate(x)),)
        return (tuple(dim for i, dim in enumerate(x) if i not in gone),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        gone, old = axis_indices(self.axis, x, self.kind), axis_names(x)
        axes = tr(" and the ").join(axis_said(old[axis]) for axis in sorted(gone))
        note = tr("one number in place of all along the {axes}", axes=axes)
        left = [axis for axis in range(len(x)) if self.keepdim or axis not in gone]
        *said, last = in_words(y, (tr("one for all") if axis in gone else of_input(old[axis]) for axis in left))
        return (*said, replace(last, notes=(note,)))

    def over(self, x: Shape) -> Dim:
        """How many numbers each one is made of."""
        return product(x[axis] for axis in sorted(axis_indices(self.axis, x, self.kind)))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        written = [a for a in self.arguments() if a.required or repr(a.value) != repr(a.default)]
        given = ", ".join(f"{argument.name}={{{argument.name}}}" for argument in written)
        return Spelling("", tuple(written), f"{self.call}({{v0}}, {given})")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        (x,) = xs
        gone = axis_indices(self.axis, x, self.kind)
        left = list(range(len(x))) if self.keepdim else [axis for axis in range(len(x)) if axis not in gone]
        reaches = (whole(dim) if axis in gone else Reach(left.index(axis), IDENTITY) for axis, dim in enumerate(x))
        return (tuple(reaches),)


class Reduction(OverAxes):
    """A function with one number in place of all those along axes, and no other parameter."""

    axis: AxisOrAxes = Field(description=AXES)
    keepdim: Flag = Field(default=False, description=_KEEPDIM)


class Spread(OverAxes):
    """How far numbers lie from their mean."""

    keeps = Kept(inputs=(0,))

    axis: AxisOrAxes = Field(description=AXES)
    correction: Annotated[Whole, "free"] = Field(default=1, description="by how much the number of numbers is lessened")
    keepdim: Flag = Field(default=False, description=_KEEPDIM)

    def check(self, xs: tuple[Shape, ...]) -> None:
        super().check(xs)
        count = self.over(xs[0])
        if count <= self.correction:
            raise SizeError(
                f"{self.kind} of {count} number{'' if count == 1 else 's'} divides by {count} - {self.correction}",
                "write correction=0 for the mean of the squares, or go over more numbers",
                code="E304",
            )


class Norm(OverAxes):
    """The length of the vectors along one axis or several: the root of the sum of squares, or of other powers."""

    kind = "norm"
    keeps = _BOTH
    call = "torch.linalg.vector_norm"
    example = "input(16, 8, 8); conv(16, 1); it / (norm(it, axis=1, keepdim=true) + 1)"
    torch_names = {"p": "ord", "axis": "dim"}

    p: PositiveReal = Field(default=2.0, description="the power")
    axis: AxisOrAxes = Field(description=AXES)
    keepdim: Flag = Field(default=False, description=_KEEPDIM)


class Cumsum(Operation):
    """At each place along an axis the sum of all numbers up to there."""

    kind = "cumsum"
    example = "input(8, 20); conv(8, 3, padding=1); cumsum(it, 2) -> conv(4, 3)"
    along = True

    axis: AnyAxis = Field(description="the axis, the batch being axis 0")

    def check(self, xs: tuple[Shape, ...]) -> None:
        axis_index(self.axis, xs[0], self.kind)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], self.kind)
        return (mixing(xs[0], (at,)),)


class Normalize(Cumsum):
    """The vectors along an axis, brought to length 1: each number is divided by the norm of all of them."""

    kind = "normalize"
    call = "F.normalize"
    example = "input(16, 8, 8); conv(16, 1); normalize(it) -> conv(4, 1)"

    p: PositiveReal = Field(default=2.0, description="the power of the norm")
    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")
    eps: PositiveReal = Field(default=1e-12, description="the least norm that is divided by")

    def _norms(self, x: KnownShape) -> int:
        at = axis_index(self.axis, x, self.kind)
        return prod(dim for axis, dim in enumerate(x) if axis != at)

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        return Extra(numbers=self._norms(xs[0]))

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        return Kept(inputs=(0,), extra=Extra(numbers=2 * self._norms(xs[0])))


FUNCTIONS = (
    declare(Reduction, "sum", "The sum along one axis or several; of a list of values, their sum.",
            "input(16, 8, 8); sum(it, axis=[2, 3]) -> linear(10)"),
    declare(Reduction, "mean", "The mean along one axis or several.",
            "input(16, 8, 8); mean(it, axis=[2, 3]) -> linear(10)"),
    declare(Reduction, "max", "The largest number along one axis or several.",
            "input(16, 8, 8); conv(16, 1); max(it, axis=1, keepdim=true) -> conv(1, 7, padding=3)",
            call="torch.amax", keeps=_BOTH),
    declare(Reduction, "min", "The smallest number along one axis or several.",
            "input(16, 8, 8); conv(16, 1); it - min(it, axis=1, keepdim=true)", call="torch.amin", keeps=_BOTH),
    declare(Spread, "var", "The variance along one axis or several, as torch.var has it: with a correction of 1.",
            "input(16, 8, 8); conv(16, 1); it / (1 + var(it, axis=[2, 3], keepdim=true))"),
    declare(Spread, "std", "The standard deviation along one axis or several, the root of the variance.",
            "input(16, 8, 8); conv(16, 1); concat(it, std(it, axis=1, keepdim=true))", keeps=_BOTH),
)  # fmt: skip
"""The functions that are told from one another by facts alone."""
