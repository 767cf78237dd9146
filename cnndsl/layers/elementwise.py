"""What works on each number by itself: arithmetic, roots, powers, bounds; and how sizes are broadcast for it."""

from abc import abstractmethod
from collections.abc import Callable
from math import prod
from typing import Annotated, ClassVar

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import NOTHING, Argument, Extra, Kept, Spelling, declare
from cnndsl.layers.formula import AxisRule, Dim, KnownShape, Shape, SizeError, axis_names, axis_said, in_words, show
from cnndsl.layers.operations import Operation
from cnndsl.layers.reach import Reaches, read_beside, same
from cnndsl.layers.types import Flag, OptionalReal, Parameter
from cnndsl.symbolic.expr import Expr
from cnndsl.symbolic.number import call, is_open, value_of

Limit = Annotated[OptionalReal, "free"]
"""A number that changes no size."""
_INPUT, _OUTPUT = Kept(inputs=(0,)), Kept(output=True)
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
    if all(p == q or 1 in (p, q) for p, q in zip(a[1:], b[1:], strict=True)):
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


class Broadcasting(Operation):
    """The base of what puts two values together, of which axes of size 1 are repeated."""

    def beside(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        """The shapes of the two with the same axes. Raises SizeError where what has no batch lies beside one."""
        return aligned(xs, unbatched, self.symbol) if any(unbatched) else xs

    def size_rule_by(
        self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...], larger: Callable[[Dim, Dim], Dim]
    ) -> tuple[Shape, ...]:
        if len(xs) != 2:  # a value and a number
            return self.size_rule(xs)
        return (self.joined(self.beside(xs, unbatched), larger),)

    @abstractmethod
    def joined(self, xs: tuple[Shape, ...], larger: Callable[[Dim, Dim], Dim]) -> Shape:
        """The shape that comes out of two such; `larger` gives that of two sizes which is not 1."""

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (self.joined(xs, larger) if len(xs) == 2 else xs[0],)


class Elementwise(Broadcasting):
    """`left symbol right`, element by element; with `scalar`, one side is a number."""

    values = "two values of the same size, or of size 1 where it is repeated, or a value and a number"
    takes_number = True
    keeps_order = True

    scalar: Limit = Field(default=None, description="the number, where one side is one")
    scalar_first: Flag = Field(default=False, description="whether the number is the left side")

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        return ()  # a number stands where a value could

    @property
    def takes(self) -> tuple[int, int]:  # type: ignore[override] # it depends on the parameters
        return (2, 2) if self.scalar is None else (1, 1)

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        return (xs[0],) if self.scalar is not None else (broadcast(xs[0], xs[1], self.symbol),)

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        if len(xs) != 2:
            return self.outputs(xs)
        beside = self.beside(xs, unbatched)
        try:
            return self.outputs(beside)
        except SizeError as problem:
            if unbatched[0] == unbatched[1]:
                raise
            own, other = beside if unbatched[0] else reversed(beside)
            fitting = ", ".join(str(q if value_of(p) != 1 else 1) for p, q in zip(own, other, strict=True))
            way = f"what has no batch has each axis as on the other side, or 1 where it is repeated: [{fitting}]"
            raise SizeError(problem.message, way, code=problem.code) from None

    def joined(self, xs: tuple[Shape, ...], larger: Callable[[Dim, Dim], Dim]) -> Shape:
        return tuple(map(larger, *xs))

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        x, behind = xs[0], len(y) - len(xs[0])  # the last axes lie side by side
        if y == x:
            return ()

        def words(axis: int) -> str:
            if axis < behind:
                return tr(_LACKING)
            if y[axis] != x[axis - behind]:
                return tr(_REPEATED)
            if not behind:
                return tr("as in the input")
            return tr("{axis} of the first value", axis=axis_said(axis_names(x)[axis - behind]))

        return in_words(y, map(words, range(len(y))))

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        if self.scalar is None:
            return Spelling("", template=f"{{v0}} {self.symbol} {{v1}}")
        left, right = ("{scalar}", "{v0}") if self.scalar_first else ("{v0}", "{scalar}")
        return Spelling("", (Argument("scalar", self.scalar),), f"{left} {self.symbol} {right}")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return tuple(read_beside(x, ys[k]) for x in xs)


def kept_of_product(gradients: tuple[bool, ...]) -> Kept:
    """What PyTorch keeps of a product: each value for the gradient of the other."""
    return Kept(inputs=tuple(other for other, wants in ((1, gradients[0]), (0, gradients[1])) if wants))


class Multiply(Elementwise):
    """The product of two values, or of a value and a number."""

    kind = "mul"
    symbol = "*"
    written = "a * b, mul(a, b)"
    call = "x * y"
    example = "input(8, 4, 4); input * (it -> global_avgpool -> conv(8, 1) -> sigmoid)"

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept()
        return kept_of_product(gradients)


class Divide(Elementwise):
    """The quotient of two values, or of a value and a number."""

    kind = "div"
    symbol = "/"
    written = "a / b, div(a, b)"
    call = "x / y"
    example = "input(8, 4, 4); input / (1 + max(it, axis=1, keepdim=true))"

    def scratch(self, xs: tuple[KnownShape, ...]) -> Extra:
        return Extra(numbers=prod(xs[0])) if self.scalar_first else NOTHING  # 1 / x, which is multiplied afterwards

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        if self.scalar is not None:
            return Kept(extra=self.scratch(xs))
        return Kept(inputs=(0, 1) if gradients[1] else (1,))


class _Bound(Elementwise):
    """The smaller or the larger of two numbers."""

    bound: ClassVar[str]
    """The word for a number in PyTorch's clamp."""

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        if self.scalar is None:
            return Spelling(self.call)
        return Spelling("", (Argument("scalar", self.scalar),), f"torch.clamp({{v0}}, {self.bound}={{scalar}})")

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        return Kept(inputs=(0,) if self.scalar is not None else (0, 1))


class Pointwise(Operation):
    """A function of each number of a value by itself."""

    keeps_order = True

    def outputs_of(self, xs: tuple[Shape, ...], unbatched: tuple[bool, ...]) -> tuple[Shape, ...]:
        return self.outputs(xs)

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (same(xs[0]),)


class Negative(Pointwise):
    """Each number with the other sign."""

    kind = "neg"
    symbol = "-"
    written = "-x, neg(x)"
    call = "-x"
    example = "input(8, 4, 4); concat(it, -it) -> relu"

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", template="-{v0}")


class Clamp(Pointwise):
    """Each number between two bounds, of which one may be left out: what lies beyond a bound becomes the bound."""

    kind = "clamp"
    keeps = _INPUT
    example = "input(8, 4, 4); clamp(it -> conv(8, 1), 0, 6)"

    min: Limit = Field(default=None, description="lower bound")
    max: Limit = Field(default=None, description="upper bound")

    def check(self, xs: tuple[Shape, ...]) -> None:
        if self.min is None and self.max is None:
            raise SizeError("clamp has no bound", "write clamp(x, min, max), or one of them by name", code="E207")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise SizeError(
                f"clamp between min={self.min} and max={self.max}, which is less, makes every number the same",
                "write the smaller bound first",
                code="E312",
            )


_ROOT = "input(8, 4, 4); conv(8, 1) -> relu; "
FUNCTIONS = (
    declare(Elementwise, "add", "The sum of two values, or of a value and a number.",
            "input(8, 4, 4); input + (it -> conv(8, 3, padding=1) -> relu)",
            symbol="+", written="a + b, add(a, b)", call="x + y"),
    declare(Elementwise, "sub", "The difference of two values, or of a value and a number.",
            "input(8, 4, 4); input - mean(it, axis=1, keepdim=true)",
            symbol="-", written="a - b, sub(a, b)", call="x - y"),
    declare(Elementwise, "pow", "A value to the power of a number.",
            "input(8, 4, 4); conv(8, 1) -> relu; it / (1 + it ** 2)", symbol="**", written="x ** n, pow(x, n)",
            values="a value and a number", call="x ** n", keeps=_INPUT),
    declare(Pointwise, "sqrt", "The square root of each number.", _ROOT + "sqrt(it + 1)", keeps=_OUTPUT),
    declare(Pointwise, "rsqrt", "One divided by the square root of each number.", _ROOT + "it * rsqrt(it + 1)",
            keeps=_OUTPUT),
    declare(Pointwise, "reciprocal", "One divided by each number.", _ROOT + "reciprocal(it + 1)", keeps=_OUTPUT),
    declare(Pointwise, "exp", "The number e to the power of each number.",
            "input(8, 4, 4); concat(it, exp(it -> conv(8, 1)))", keeps=_OUTPUT),
    declare(Pointwise, "log", "The natural logarithm of each number.", _ROOT + "log(it + 1)", keeps=_INPUT),
    declare(Pointwise, "abs", "Each number without its sign.", "input(8, 4, 4); abs(it -> conv(8, 1)) -> conv(2, 1)",
            keeps=_INPUT),
    declare(Pointwise, "sign", "-1, 0 or 1 for each number; its gradient is 0.",
            "input(8, 4, 4); it * sign(it -> conv(8, 1))"),
    declare(_Bound, "minimum", "The smaller one of two numbers each.",
            "input(8, 4, 4); minimum(it, it -> conv(8, 3, padding=1))", written="minimum(a, b)", bound="max",
            values=Elementwise.values),
    declare(_Bound, "maximum", "The larger one of two numbers each.",
            "input(8, 4, 4); maximum(it, it -> conv(8, 3, padding=1))", written="maximum(a, b)", bound="min",
            values=Elementwise.values),
)  # fmt: skip
"""The functions that are told from one another by facts alone."""


_REPEATED = "as in the second value; the first has 1, which is repeated"
_LACKING = "as in the second value; the first has no such axis, and is repeated"


def larger(p: Dim, q: Dim) -> Dim:
    """The size of two axes that go together: that of the one that is not 1."""
    if type(p) is int and p == 1:
        return q
    if (type(q) is int and q == 1) or Expr.of(p) == Expr.of(q):
        return p
    return call("max", max(value_of(p), value_of(q)), (p, q))  # type: ignore[return-value]


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
