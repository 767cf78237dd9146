"""Operations on values: sums, products, concatenation, splits, reductions; and learned tensors."""

from abc import abstractmethod
from dataclasses import replace
from math import prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Layer, Spelling, Tensor
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Letter,
    Shape,
    SizeError,
    Sum,
    as_it_comes,
    axis_names,
    incoming,
    show,
)
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, Window, same, whole
from cnndsl.layers.types import AnyAxis, AxisOrAxes, Counts, Flag, OptionalReal, Parameter, Parameterised, Pieces, Real
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import call, is_open, value_of

_ANY = "make the sizes equal, for example with a 1x1 convolution (and a stride) on one side"


def equal_sizes(left: Shape, right: Shape) -> str:
    """A way to make two values equal in size, for a sum: which layer to put where."""
    if any(map(is_open, (*left, *right))):
        return _ANY
    a, b = tuple(map(value_of, left)), tuple(map(value_of, right))
    if len(a) != len(b):
        return _of_one_rank(a, b)
    if len(a) == 1:
        return f"bring one side to {a[0]} features: linear({a[0]})"
    if a[1:] == b[1:]:
        return f"bring the right one to {a[0]} channels: conv({a[0]}, 1), or the left one to {b[0]}: conv({b[0]}, 1)"
    small, large = (a, b) if a[1] <= b[1] else (b, a)
    stride = round(large[1] / small[1])
    if stride > 1 and all(-(-whole // stride) == part for whole, part in zip(large[1:], small[1:], strict=True)):
        return f"put conv({small[0]}, 1, stride={stride}) on the side with {show(large)}"
    channels = "" if a[0] == b[0] else ", and make the channels equal"
    return f"the side with {show(small)} has lost some: give its convolutions a padding that keeps the size{channels}"


def _of_one_rank(a: KnownShape, b: KnownShape) -> str:
    flat, map_ = (a, b) if len(a) == 1 else (b, a)
    if len(flat) == 1 and flat[0] == map_[0]:
        ones = ", ".join(["1"] * (len(map_) - 1))
        return f"give each channel its number: put unflatten(1, [{flat[0]}, {ones}]) behind the list of {flat[0]}"
    return "bring both to the same number of axes: a map becomes a list with flatten, a list a map with unflatten"


class Operation(Parameterised):
    """The base of every operation on values."""

    symbol: ClassVar[str]
    """What a diagram writes into the merge."""
    written: ClassVar[str]
    """How a text writes it, without the parameters that follow: "concat(a, b, ...)"."""
    values: ClassVar[str]
    """What it is called on, in words."""
    call: ClassVar[str]
    """What it is in PyTorch."""
    example: ClassVar[str]
    """The lines of a small network with it, in one."""
    reads: ClassVar[int | None] = None
    """Of how many values, from the first on, it uses the numbers; of the others only the size. None for all."""

    @property
    def word(self) -> str:
        """What people call it."""
        return self.kind

    @property
    def takes(self) -> tuple[int, int]:
        """The fewest and the most values that it takes."""
        return (1, 1)

    @abstractmethod
    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that come out. Raises SizeError where the shapes do not go together."""

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        """As `outputs`, for values of which some have no batch. Raises SizeError where it would take one for it."""
        if any(unbatched):
            size = show(xs[unbatched.index(True)])
            raise SizeError(
                f"{self.kind} counts the batch as axis 0, and a parameter has no batch: here is one of {size}",
                "a parameter takes part in + - * / and in activations: combine it with a value of the network first",
                "0 * x + p gives the parameter p the batch of a value x of its size",
                code="E316",
            )
        return self.outputs(xs)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The shapes that come out, as `outputs` gives them for values that go together; arithmetic alone.

        By default that of the first.
        """
        return xs[:1]

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        """Why each axis of `y`, the first value that comes out, is as long as it is; empty where it is the first's."""
        return ()

    @abstractmethod
    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        """Python for it, applied to the variables `names`."""

    @abstractmethod
    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        """What each position of output `k` reads of each axis of each value."""

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

    values: ClassVar[str] = "two values of the same size, or of size 1 where it is repeated, or a value and a number"

    scalar: OptionalReal = Field(default=None, description="the number, where one side is one")
    scalar_first: Flag = Field(default=False, description="whether the number is the left side")

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        return ()  # a number stands where a value could

    @property
    def takes(self) -> tuple[int, int]:
        return (2, 2) if self.scalar is None else (1, 1)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (xs[0],) if self.scalar is not None else (broadcast(xs[0], xs[1], self.symbol),)

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        return self.outputs(aligned(xs, unbatched, self.symbol) if any(unbatched) else xs)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (xs[0],) if self.scalar is not None else (tuple(map(_larger, *xs)),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        x, behind = xs[0], len(y) - len(xs[0])  # the last axes lie side by side
        if y == x:
            return ()
        return tuple(
            AxisRule(name, y[axis], words=_LACKING if axis < behind else _REPEATED)
            if axis < behind or y[axis] != x[axis - behind]
            else AxisRule(
                name,
                y[axis],
                words=f"{axis_names(x)[axis - behind]} of the first value" if behind else "as in the input",
            )
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
        return tuple(_beside(x, ys[k]) for x in xs)

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return all(in_order)


class Add(_Elementwise):
    """The sum of two values, or of a value and a number."""

    kind: ClassVar[Literal["add"]] = "add"
    symbol: ClassVar[str] = "+"
    written: ClassVar[str] = "a + b, add(a, b)"
    call: ClassVar[str] = "x + y"
    example: ClassVar[str] = "input(8, 4, 4); input + (it -> conv(8, 3, padding=1) -> relu)"


class Subtract(_Elementwise):
    """The difference of two values, or of a value and a number."""

    kind: ClassVar[Literal["sub"]] = "sub"
    symbol: ClassVar[str] = "-"
    written: ClassVar[str] = "a - b, sub(a, b)"
    call: ClassVar[str] = "x - y"
    example: ClassVar[str] = "input(8, 4, 4); input - mean(it, keepdim=true)"


class Multiply(_Elementwise):
    """The product of two values, or of a value and a number."""

    kind: ClassVar[Literal["mul"]] = "mul"
    symbol: ClassVar[str] = "*"
    written: ClassVar[str] = "a * b, mul(a, b)"
    call: ClassVar[str] = "x * y"
    example: ClassVar[str] = "input(8, 4, 4); input * (it -> global_avgpool -> conv(8, 1) -> sigmoid)"

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept()
        return Kept(inputs=tuple(other for other, wants in ((1, gradients[0]), (0, gradients[1])) if wants))


class Divide(_Elementwise):
    """The quotient of two values, or of a value and a number."""

    kind: ClassVar[Literal["div"]] = "div"
    symbol: ClassVar[str] = "/"
    written: ClassVar[str] = "a / b, div(a, b)"
    call: ClassVar[str] = "x / y"
    example: ClassVar[str] = "input(8, 4, 4); input / (1 + max(it, keepdim=true))"

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        return Extra(numbers=prod(xs[0])) if self.scalar_first else NOTHING  # 1 / x, which is multiplied afterwards

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept(extra=self.scratch(xs))
        return Kept(inputs=(0, 1) if gradients[1] else (1,))


def _beside(x: Shape, y: Shape) -> Reaches:
    """What each number of `y` reads of each axis of `x`, whose last axis is beside the last one of `y`."""
    behind = len(y) - len(x)
    axes = range(behind, len(y))
    return tuple(
        Reach(axis, IDENTITY) if axis >= 0 and value_of(dim) == value_of(y[axis]) else Reach(fixed=(0, 0))
        for axis, dim in zip(axes, x, strict=True)
    )


_REPEATED = "as in the second value; the first has 1, which is repeated"
_LACKING = "as in the second value; the first has no such axis, and is repeated"
_MOST_SUMMED = 6
"""Values of whose joined sizes each has a letter of its own."""


class Concat(Operation):
    """Several values side by side along an axis, the channels by default."""

    kind: ClassVar[Literal["concat"]] = "concat"
    symbol: ClassVar[str] = "concat"
    written: ClassVar[str] = "concat(a, b, ...)"
    values: ClassVar[str] = "values that have the same sizes on the other axes, or a list of them"
    call: ClassVar[str] = "torch.cat"
    example: ClassVar[str] = "input(8, 4, 4); concat(input, it -> conv(16, 3, padding=1))"

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
        return self.size_rule(xs)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        at = axis_index(self.axis, xs[0], "concat")
        total: Dim = 0
        for x in xs:
            total = total + x[at]
        return ((*xs[0][:at], total, *xs[0][at + 1 :]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
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
    """A value cut into pieces along an axis, the channels by default: equal ones, or of given sizes.

    Each piece is a value of its own: `a, b = split(x, 2)`, or `a, b = split(x, [16, 48])`.
    """

    kind: ClassVar[Literal["split"]] = "split"
    symbol: ClassVar[str] = "split"
    written: ClassVar[str] = "split(x)"
    values: ClassVar[str] = "a value"
    call: ClassVar[str] = "torch.chunk, torch.split"
    example: ClassVar[str] = "input(64, 8, 8); a, b = split(it, [16, 48]); concat(a -> conv(16, 3, padding=1), b)"

    parts: Pieces = Field(description="number of equal pieces, or a list of their sizes")
    axis: AnyAxis = Field(default=1, description="the axis, the batch being axis 0")

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        return tuple((*x[:at], size, *x[at + 1 :]) for size in self._sizes(x[at]))

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        parts = (x[at] // self.parts,) * self.parts if isinstance(self.parts, int) else self.parts
        return tuple((*x[:at], size, *x[at + 1 :]) for size in parts)

    def _sizes(self, whole: Dim) -> tuple[Dim, ...]:
        """The sizes of the pieces along the axis. Raises SizeError where they are not those of the whole."""
        if isinstance(self.parts, int):
            if whole % self.parts:
                raise SizeError(
                    f"{whole} does not divide into {self.parts} equal parts",
                    "choose a number of parts that divides it, or give the sizes of the parts in a list",
                    code="E304",
                )
            return (whole // self.parts,) * self.parts
        if sum(self.parts) != whole:
            summed = f"{' + '.join(map(str, self.parts))} = " if len(self.parts) > 1 else ""
            raise SizeError(
                f"the sizes of the pieces add up to {summed}{sum(self.parts)}, and there are {whole} to split",
                "give sizes that add up to what there is",
                code="E304",
            )
        return self.parts

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        (x,) = xs
        at = axis_index(self.axis, x, "split")
        name, first = axis_names(x)[at], self._sizes(x[at])[0]
        if isinstance(self.parts, int):
            cut = AxisRule(name, first, incoming(x, at) / self.parts, "in each piece")
        else:
            cut = AxisRule(name, first, words=f"as asked for: {', '.join(map(str, self.parts))}")
        return tuple(cut if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        if isinstance(self.parts, int):
            pieces, count = f"torch.chunk({names[0]}, {self.parts}, {self.axis})", self.parts
        else:
            pieces, count = f"torch.split({names[0]}, {list(self.parts)}, {self.axis})", len(self.parts)
        return f"{pieces}[0]" if count == 1 else pieces

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        at = axis_index(self.axis, xs[0], "split")
        here = None
        if not is_open(ys[k][at]):
            start = sum(value_of(y[at]) for y in ys[:k])
            here = Reach(at, Window(1, ((start, start),)))
        return ((*same(xs[0][:at]), here, *same(xs[0][at + 1 :], first=at + 1)),)

    @property
    def shares(self) -> bool:
        return True

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        at = axis_index(self.axis, xs[0], "split")
        return in_order[0] and (len(self.outputs(xs)) == 1 or all(dim == 1 for dim in xs[0][:at]))


class _Reduction(Operation):
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

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        keep = ", keepdim=True" if self.keepdim else ""
        return f"{self.call}({names[0]}, dim={self.axis}{keep})"

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
    written: ClassVar[str] = "mean(x)"
    values: ClassVar[str] = "a value"
    call: ClassVar[str] = "torch.mean"
    example: ClassVar[str] = "input(16, 8, 8); mean(it, axis=[2, 3]) -> linear(10)"


class Max(_Reduction):
    """The largest number along one axis or several."""

    kind: ClassVar[Literal["max"]] = "max"
    symbol: ClassVar[str] = "max"
    written: ClassVar[str] = "max(x)"
    values: ClassVar[str] = "a value"
    call: ClassVar[str] = "torch.amax"
    example: ClassVar[str] = "input(16, 8, 8); max(it, keepdim=true) -> conv(1, 7, padding=3)"

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


def aligned(xs: tuple[Shape, ...], unbatched: tuple[bool, ...], symbol: str) -> tuple[Shape, ...]:
    """The shapes of values of which some have no batch, each with the axes of one sample of the result.

    PyTorch puts the last axes side by side: a missing axis is one of size 1. What has an axis more than a sample has
    it where the others have their batch. Raises SizeError where that is not 1, and for still more axes.
    """
    batched = [x for x, lacks in zip(xs, unbatched, strict=True) if not lacks]
    rank = len(batched[0]) if batched else max(map(len, xs))
    shapes = []
    for x, lacks in zip(xs, unbatched, strict=True):
        more = len(x) - rank if lacks else 0
        if more > 1 or (more == 1 and value_of(x[0]) != 1):
            what = f"the first axis of {show(x)}" if more == 1 else f"an axis of {show(x)}"
            axes = f"{rank} {'axis' if rank == 1 else 'axes'}"
            raise SizeError(
                f"{symbol} puts {what}, which has no batch, beside the batch of {show(batched[0])}",
                f"give it at most {axes}, those of one sample, or 1 as the first of {rank + 1}",
                code="E316",
            )
        shapes.append(x[more:] if more >= 0 else (1,) * -more + x)
    return tuple(shapes)


def _larger(p: Dim, q: Dim) -> Dim:
    """The size of two axes that go together: that of the one that is not 1."""
    if type(p) is int and p == 1:
        return q
    if (type(q) is int and q == 1) or Expr.of(p) == Expr.of(q):
        return p
    return call("max", max(value_of(p), value_of(q)), (p, q))  # type: ignore[return-value]


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


def _form(value: Any) -> Literal["rule", "number"]:
    return "rule" if isinstance(value, (Initialiser, dict)) else "number"


class Learned(Layer):
    """A tensor of numbers that are learned, with no layer around them (torch.nn.Parameter).

    It takes nothing in, and has no batch axis: it is the same for all samples.
    """

    kind: ClassVar[str] = "parameter"
    module: ClassVar[str] = "Parameter"
    group: ClassVar[Group] = Group.SHAPE
    ranks: ClassVar[tuple[int, ...]] = ()
    example: ClassVar[str] = ""

    size: Counts = Field(description="shape of the tensor, which has no batch axis; [] for a single number")
    init: Annotated[Annotated[Initialiser, Tag("rule")] | Annotated[Real, Tag("number")], Discriminator(_form)] = Field(
        default=0.0, description="number that all entries begin with, or a rule such as normal(0, 0.02)"
    )

    def output(self, x: Shape) -> Shape:
        return self.size

    def size_rule(self, x: Shape) -> Shape:
        return self.size

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("", self.size),)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept()

    def torch(self, x: Shape) -> Spelling:
        size = Argument("size", self.size)
        if isinstance(self.init, Initialiser):
            filled = self.init.python("torch.empty({size})")
            return Spelling("nn.Parameter", (size,), f"nn.Parameter({filled})")
        if self.init in (0, 1):
            function = "zeros" if self.init == 0 else "ones"
            return Spelling("nn.Parameter", (size,), f"nn.Parameter(torch.{function}({{size}}))")
        return Spelling(
            "nn.Parameter", (size, Argument("init", float(self.init))), "nn.Parameter(torch.full({size}, {init}))"
        )
