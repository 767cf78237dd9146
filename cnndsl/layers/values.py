"""Operations that combine values: sums, products, concatenation, splits.

An operation has no weights and leaves no module.  It is applied to one or more values at once, which
is what tells it from a layer; otherwise it is declared as a layer is.
"""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar, Literal

from cnndsl.layers.declared import Declared, Field
from cnndsl.layers.fields import AnyAxis, AxisOrAxes, Flag, OptionalReal, Pieces
from cnndsl.layers.formula import AxisRule, Letter, Sum, as_it_comes, axis_names, incoming
from cnndsl.layers.meeting import equal_sizes
from cnndsl.layers.memory import NOTHING, Extra, Kept
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, Window, same, whole
from cnndsl.layers.sizes import Dim, KnownShape, Shape, SizeError, show
from cnndsl.traced import is_open, value_of


class Operation(Declared):
    """The base of every operation on values."""

    kind: ClassVar[str]
    symbol: ClassVar[str]
    """What a diagram writes into the merge."""

    def as_json(self) -> dict[str, Any]:
        """Its kind and what was given to it."""
        return {"kind": self.kind, **self.model_dump(exclude_defaults=True)}

    @property
    def word(self) -> str:
        """What people call it."""
        return self.kind

    @property
    def takes(self) -> tuple[int, int]:
        """The fewest and the most values that it takes."""
        return (1, 1)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that come out. Raises SizeError where the shapes do not go together."""
        raise NotImplementedError

    def formula(self, xs: tuple[Shape, ...]) -> tuple[AxisRule, ...]:
        """Why each axis of the first value that comes out is as long as it is; empty where it is as in the first value.

        What comes out of an operation that gives several is all of one size.
        """
        return ()

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        """Python for it, applied to the variables `names`."""
        raise NotImplementedError

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        """What each position of output `k` reads of each axis of each value."""
        raise NotImplementedError

    @property
    def shares(self) -> bool:
        """Whether what comes out lies where the value does."""
        return False

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        """Whether the numbers of each output sample lie in memory as its axes do; `in_order`: those of the values."""
        return True

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        """What is needed in evaluation while it runs, besides the values and what comes out."""
        return NOTHING

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        """What PyTorch keeps until the backward pass; `gradients` says which of the values want one, at least one."""
        return Kept()


class _Elementwise(Operation):
    """`left symbol right`, element by element; with `scalar`, one side is a number."""

    scalar: OptionalReal = Field(default=None, description="the number, where one side is one")
    scalar_first: Flag = Field(default=False, description="whether the number is the left side")

    @property
    def takes(self) -> tuple[int, int]:
        return (2, 2) if self.scalar is None else (1, 1)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (xs[0],) if self.scalar is not None else (broadcast(xs[0], xs[1], self.symbol),)

    def formula(self, xs: tuple[Shape, ...]) -> tuple[AxisRule, ...]:
        (y,) = self.outputs(xs)
        if y == xs[0]:
            return ()
        return tuple(
            as_it_comes(xs[0], axis) if y[axis] == xs[0][axis] else AxisRule(name, y[axis], words=_REPEATED)
            for axis, name in enumerate(axis_names(y))
        )

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        if self.scalar is None:
            return f"{names[0]} {self.symbol} {names[1]}"
        if self.scalar_first and self.scalar == -1 and self.symbol == "*":
            return f"-{names[0]}"
        if self.scalar_first:
            return f"{self.scalar} {self.symbol} {names[0]}"
        return f"{names[0]} {self.symbol} {self.scalar}"

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return tuple(
            tuple(
                Reach(axis, IDENTITY) if value_of(x[axis]) == value_of(dim) else Reach(fixed=(0, 0))
                for axis, dim in enumerate(ys[k])
            )
            for x in xs
        )

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return all(in_order)


class Add(_Elementwise):
    """The sum of two values, or of a value and a number."""

    kind: ClassVar[Literal["add"]] = "add"
    symbol: ClassVar[str] = "+"


class Subtract(_Elementwise):
    """The difference of two values, or of a value and a number."""

    kind: ClassVar[Literal["sub"]] = "sub"
    symbol: ClassVar[str] = "-"


class Multiply(_Elementwise):
    """The product of two values, or of a value and a number."""

    kind: ClassVar[Literal["mul"]] = "mul"
    symbol: ClassVar[str] = "*"

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept()
        return Kept(inputs=tuple(other for other, wants in ((1, gradients[0]), (0, gradients[1])) if wants))


class Divide(_Elementwise):
    """The quotient of two values, or of a value and a number."""

    kind: ClassVar[Literal["div"]] = "div"
    symbol: ClassVar[str] = "/"

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        return Extra(numbers=prod(xs[0])) if self.scalar_first else NOTHING  # 1 / x, which is multiplied afterwards

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept(extra=self.scratch(xs))
        return Kept(inputs=(0, 1) if gradients[1] else (1,))


_REPEATED = "as in the second value; the first has 1, which is repeated"
_MOST_SUMMED = 6
"""Values of whose joined sizes each has a letter of its own."""


class Concat(Operation):
    """Several values side by side along an axis, the channels by default."""

    kind: ClassVar[Literal["concat"]] = "concat"
    symbol: ClassVar[str] = "concat"

    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")

    @property
    def takes(self) -> tuple[int, int]:
        return (1, 65_536)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        for x in xs[1:]:
            if len(x) != len(xs[0]) or any(a != b for i, (a, b) in enumerate(zip(x, xs[0], strict=True)) if i != at):
                raise SizeError(
                    f"concat along axis {self.axis} needs equal sizes on the other axes: "
                    + " and ".join(show(shape) for shape in xs),
                    "bring them to the same size first: padding in a convolution, upsample, or crop",
                    code="E306",
                )
        total: Dim = 0
        for x in xs:
            total = total + x[at]
        return ((*xs[0][:at], total, *xs[0][at + 1 :]),)

    def formula(self, xs: tuple[Shape, ...]) -> tuple[AxisRule, ...]:
        (y,) = self.outputs(xs)
        at = axis_index(self.axis, xs[0], "concat")
        names = axis_names(y)
        letters = tuple(
            Letter(f"I{k}", x[at], meaning=f"{names[at]} of the input", operand=k - 1) for k, x in enumerate(xs, 1)
        )
        if len(xs) == 1:
            joined = as_it_comes(y, at)
        elif len(xs) > _MOST_SUMMED:
            joined = AxisRule(names[at], y[at], words=f"those of all {len(xs)} values")
        else:
            joined = AxisRule(names[at], y[at], Sum(tuple((1, letter) for letter in letters)))
        return tuple(joined if axis == at else as_it_comes(y, axis, "as in each value") for axis in range(len(y)))

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        joined = ", ".join(names)
        return f"torch.cat(({joined}{',' if len(names) == 1 else ''}), {self.axis})"

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        return tuple((*same(x[:at]), whole(x[at]), *same(x[at + 1 :], first=at + 1)) for x in xs)


class Split(Operation):
    """A value cut into `parts` equal pieces along an axis, the channels by default."""

    kind: ClassVar[Literal["split"]] = "split"
    symbol: ClassVar[str] = "split"

    parts: Pieces = Field(description="number of pieces")
    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        if x[at] % self.parts:
            raise SizeError(
                f"{x[at]} does not divide into {self.parts} equal parts",
                "choose a number of parts that divides it",
                code="E304",
            )
        return ((*x[:at], x[at] // self.parts, *x[at + 1 :]),) * self.parts

    def formula(self, xs: tuple[Shape, ...]) -> tuple[AxisRule, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        cut = AxisRule(axis_names(x)[at], x[at] // self.parts, incoming(x, at) / self.parts, "in each piece")
        return tuple(cut if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        only = "[0]" if self.parts == 1 else ""
        return f"torch.chunk({names[0]}, {self.parts}, {self.axis}){only}"

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], "split")
        if is_open(ys[k][at]):
            here = None
        else:
            start = k * value_of(ys[k][at])
            here = Reach(at, Window(1, ((start, start),)))
        return ((*same(xs[0][:at]), here, *same(xs[0][at + 1 :], first=at + 1)),)

    @property
    def shares(self) -> bool:
        return True

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        at = axis_index(self.axis, xs[0], "split")
        return in_order[0] and (self.parts == 1 or all(dim == 1 for dim in xs[0][:at]))


class _Reduction(Operation):
    """One number in place of all those along one axis or several, the channels by default."""

    function: ClassVar[str]

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
        if self.keepdim:
            return (tuple(1 if i in gone else dim for i, dim in enumerate(x)),)
        if len(gone) == len(x):
            raise SizeError(
                f"{self.kind} over every axis of {show(x)} leaves a number without an axis",
                "write keepdim=true, or leave out one axis",
                code="E307",
            )
        return (tuple(dim for i, dim in enumerate(x) if i not in gone),)

    def formula(self, xs: tuple[Shape, ...]) -> tuple[AxisRule, ...]:
        (x,) = xs
        (y,) = self.outputs(xs)
        gone, old = self._gone(x), axis_names(x)
        note = f"one number in place of all along the {' and the '.join(old[axis] for axis in sorted(gone))}"
        left = [axis for axis in range(len(x)) if self.keepdim or axis not in gone]
        words = ["one for all" if axis in gone else f"{old[axis]} of the input" for axis in left]
        said = [AxisRule(name, y[k], words=words[k]) for k, name in enumerate(axis_names(y))]
        return (*said[:-1], said[-1].replaced(notes=(note,)))

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        keep = ", keepdim=True" if self.keepdim else ""
        return f"torch.{self.function}({names[0]}, dim={self.axis}{keep})"

    def _gone(self, x: Shape) -> set[int]:
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        return {axis_index(axis, x, self.kind) for axis in axes}

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        (x,) = xs
        gone = self._gone(x)
        left = list(range(len(x))) if self.keepdim else [axis for axis in range(len(x)) if axis not in gone]
        reaches = (whole(dim) if axis in gone else Reach(left.index(axis), IDENTITY) for axis, dim in enumerate(x))
        return (tuple(reaches),)


class Mean(_Reduction):
    """The mean along one axis or several."""

    kind: ClassVar[Literal["mean"]] = "mean"
    symbol: ClassVar[str] = "mean"
    function: ClassVar[str] = "mean"


class Max(_Reduction):
    """The largest number along one axis or several."""

    kind: ClassVar[Literal["max"]] = "max"
    symbol: ClassVar[str] = "max"
    function: ClassVar[str] = "amax"

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        return Kept(inputs=(0,), output=True)


def axis_index(axis: int, x: Shape, what: str) -> int:
    """The position in a sample's shape of an axis that counts the batch as axis 0.

    Raises SizeError for the batch axis and for one that the value does not have.
    """
    rank = len(x) + 1
    index = axis + rank if axis < 0 else axis
    if not 1 <= index < rank:
        reason = "is the batch" if index == 0 else "does not exist"
        raise SizeError(
            f"{what}: axis {axis} {reason}; the value is batch x {show(x)}",
            f"choose an axis from 1 (channels) to {rank - 1}" if rank > 2 else "the only axis besides the batch is 1",
            code="E307",
        )
    return index - 1


def broadcast(a: Shape, b: Shape, symbol: str) -> Shape:
    """The shape of two values combined element by element, as PyTorch broadcasts within a sample.

    Raises SizeError when the shapes do not go together. A value with fewer axes is refused: PyTorch
    would line it up with the batch.
    """
    if len(a) == len(b):
        merged: list[Dim] = []
        for p, q in zip(a, b, strict=True):
            if value_of(p) == 1:
                merged.append(q)
            elif value_of(q) == 1 or p == q:
                merged.append(p)
            else:
                break
        else:
            return tuple(merged)
    raise SizeError(
        f"{symbol} needs two values of the same size: the left one is {show(a)}, the right one {show(b)}",
        equal_sizes(a, b),
        code="E306",
    )


def _operations(base: type[Operation]) -> dict[str, type[Operation]]:
    found = {base.kind: base} if "kind" in vars(base) else {}
    for sub in base.__subclasses__():
        found.update(_operations(sub))
    return found


OPERATIONS: dict[str, type[Operation]] = dict(sorted(_operations(Operation).items()))
"""Name of the operation -> class."""
