"""Shape: layers that give the axes another size or order, and learn nothing."""

from collections.abc import Iterable
from math import prod

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Group, Kept, Layer, Spelling
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Letter,
    Product,
    Shape,
    SizeError,
    Term,
    axis_names,
    incoming,
    of_input,
    parameter,
    product,
    show,
)
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import IDENTITY, Reach, Reaches, regrouped
from cnndsl.layers.types import Axes, Axis, Sizes


class ShapeLayer(Layer):
    """What layers of this group share."""

    group = Group.SHAPE
    keeps = Kept()


class _Renumbered(ShapeLayer):
    """A layer that gives the axes other sizes. The numbers stay where they are, unless they lie in another order."""

    renumbers = True

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return regrouped(x, y)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return in_order

    def _around(self, x: Shape, y: Shape, made: dict[int, AxisRule]) -> tuple[AxisRule, ...]:
        """The rules of `y`, of which some axes in a row are `made`, and those around them come from `x` as they are."""
        names, old, behind = axis_names(y), axis_names(x), len(x) - len(y)
        kept = {at: old[at if at < min(made) else at + behind] for at in range(len(y)) if at not in made}
        return tuple(
            AxisRule(names[at], y[at], words=of_input(kept[at])) if at in kept else made[at] for at in range(len(y))
        )


class Flatten(_Renumbered):
    """Several axes become one: 16 x 5 x 5 becomes 400 (torch.nn.Flatten, torch.flatten)."""

    kind = "flatten"
    module = "Flatten"
    plain_call = True
    example = "input(16, 5, 5) -> flatten -> linear(10)"
    torch_names = {"start": "start_dim", "end": "end_dim"}

    start: Axis = Field(default=1, description="the first axis that is merged, the batch being axis 0")
    end: Axis = Field(default=-1, description="the last axis that is merged")

    def _merged(self, x: Shape) -> tuple[int, int]:
        """The first and the last axis that become one."""
        return axis_index(self.start, x, "flatten"), axis_index(self.end, x, "flatten")

    def check(self, x: Shape) -> None:
        first, last = self._merged(x)
        if first > last:
            raise SizeError(
                f"flatten from axis {self.start} to axis {self.end}: the first comes after the last",
                "write the smaller axis first",
                code="E307",
            )

    def size_rule(self, x: Shape) -> Shape:
        first, last = self._merged(x)
        return (*x[:first], product(x[first : last + 1]), *x[last + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        first, last = self._merged(x)
        y = self.output(x)
        merged = AxisRule(axis_names(y)[first], y[first], _all(x, range(first, last + 1)), notes=(tr(_ORDER),))
        return self._around(x, y, {first: merged})

    def _is_one_axis(self, x: KnownShape) -> bool:
        """Whether there is one axis to merge besides such of a single number: it can be a view of anything."""
        first, last = self._merged(x)
        return sum(dim > 1 for dim in x[first : last + 1]) <= 1

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return in_order or self._is_one_axis(x)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order or not self._is_one_axis(x)

    def function(self, x: Shape) -> Spelling | None:
        # torch.flatten begins at the batch unless it is told otherwise, so the first axis is always written.
        ends = (Argument("start_dim", self.start), Argument("end_dim", self.end))
        return Spelling("torch.flatten", ends[:1] if self.end == -1 else ends)


class Unflatten(_Renumbered):
    """One axis becomes several: 400 becomes 16 x 5 x 5 (torch.nn.Unflatten).  The way into a decoder."""

    kind = "unflatten"
    module = "Unflatten"
    keeps_order = True
    example = "input(100) -> linear(400) -> unflatten(1, [16, 5, 5])"

    axis: Axis = Field(description="the axis that is split, the batch being axis 0")
    sizes: Sizes = Field(description="the sizes that it is split into; one may be -1, for what is left")

    def check(self, x: Shape) -> None:
        at = axis_index(self.axis, x, "unflatten")
        _check_sizes(self.sizes, x[at], "unflatten")

    def size_rule(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "unflatten")
        return (*x[:at], *_divided(self.sizes, x[at]), *x[at + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        at, y = axis_index(self.axis, x, "unflatten"), self.output(x)
        split = slice(at, at + len(self.sizes))
        rules = _written(self.sizes, _all(x, [at]), y[split], axis_names(y)[split])
        return self._around(x, y, dict(enumerate(rules, at)))

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return True

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.Unflatten", (Argument("dim", self.axis), Argument("unflattened_size", self.sizes)))

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("torch.unflatten", (Argument("dim", self.axis), Argument("sizes", self.sizes)))

    def words(self, x: Shape) -> str:
        at = axis_index(self.axis, x, "unflatten")
        return tr("to {size}", size=show(_divided(self.sizes, x[at])).replace(" x ", "×"))


class Reshape(_Renumbered):
    """The same numbers in the same order, in axes of other sizes (torch.reshape); the batch stays."""

    kind = "reshape"
    plain_call = True
    example = "input(100) -> linear(400) -> reshape([16, 5, 5])"
    helper = '''\
class Reshape(nn.Module):
    """Give each sample other sizes; one may be -1, for what is left."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = sizes

    def forward(self, x: Tensor) -> Tensor:
        return torch.reshape(x, (x.shape[0], *self.sizes))

    def extra_repr(self) -> str:
        return f"sizes={self.sizes}"
'''

    sizes: Sizes = Field(description="the new sizes without the batch; one may be -1, for what is left")

    def check(self, x: Shape) -> None:
        _check_sizes(self.sizes, product(x), "reshape")

    def size_rule(self, x: Shape) -> Shape:
        return _divided(self.sizes, product(x))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        return _written(self.sizes, _all(x, range(len(x))), y, axis_names(y))

    def torch(self, x: Shape) -> Spelling:
        return Spelling("Reshape", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        if -1 in self.sizes:  # the batch is what is left in torch.reshape, which can work out one size alone
            flat = "{x}" if len(x) == 1 else "torch.flatten({x}, 1)"
            return Spelling("", (Argument("sizes", self.sizes),), f"torch.unflatten({flat}, 1, {{sizes}})")
        return Spelling("torch.reshape", (Argument("shape", (-1, *self.sizes)),))

    def of_parameter(self, x: Shape) -> Spelling:
        return Spelling("torch.reshape", (Argument("shape", self.sizes),))

    def words(self, x: Shape) -> str:
        return tr("to {size}", size=show(self.size_rule(x)).replace(" x ", "×"))


def _check_sizes(sizes: tuple[int, ...], total: Dim, kind: str) -> None:
    """Raise SizeError where sizes, of which one may be -1 for what is left, do not hold `total` numbers."""
    known = prod(size for size in sizes if size != -1)
    fits = total % known == 0 if -1 in sizes else total == known
    if not fits:
        shown = show("?" if size == -1 else size for size in sizes)
        count = f"a multiple of {known}" if -1 in sizes else str(known)
        raise SizeError(
            f"{kind} to {shown} needs {count} numbers, and there are {total}",
            "choose sizes whose product is that; one of them may be -1, for what is left",
            code="E304",
        )


def _divided(sizes: tuple[int, ...], total: Dim) -> Shape:
    """The sizes with -1 replaced by what is left of `total` numbers."""
    known = prod(size for size in sizes if size != -1)
    return tuple(total // known if size == -1 else size for size in sizes)


_ORDER = "the numbers stay in their order: the last axis runs fastest"


def _all(x: Shape, axes: Iterable[int]) -> Term:
    """The product of the sizes of some axes of what comes in, each with its letter."""
    letters = {"channels": "C", "height": "H", "width": "W", "depth": "D", "length": "L", "features": "F"}
    names = axis_names(x)
    factors = tuple(incoming(x, axis, letters.get(names[axis], f"A{axis + 1}")) for axis in axes)
    return factors[0] if len(factors) == 1 else Product(factors, wide=True)


def _written(sizes: tuple[int, ...], total: Term, y: Shape, names: tuple[str, ...]) -> tuple[AxisRule, ...]:
    """The rules of sizes that stand in the text; one may be -1, for what is left of `total`."""
    known = tuple(Letter(f"size {at}", size, "sizes") for at, size in enumerate(sizes, 1) if size != -1)
    rules = []
    for name, size, made in zip(names, sizes, y, strict=True):
        if size == -1:
            left = total / Product(known, wide=True) if known else total
            rules.append(AxisRule(name, made, left, tr("what is left")))
        else:
            rules.append(AxisRule(name, made, parameter("sizes", size, "sizes"), tr("as written")))
    return tuple(rules)


class Permute(ShapeLayer):
    """The axes in another order (torch.permute): `permute([0, 2, 3, 1])` puts the channels last."""

    kind = "permute"
    is_view = True
    plain_call = True
    example = "input(3, 32, 32) -> permute([0, 2, 3, 1])"
    torch_names = {"order": "dims"}
    helper = '''\
class Permute(nn.Module):
    """Put the axes in another order, the batch being axis 0."""

    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return torch.permute(x, self.dims)

    def extra_repr(self) -> str:
        return f"dims={self.dims}"
'''

    order: Axes = Field(description="the old axes in their new order, beginning with 0, the batch")

    def check(self, x: Shape) -> None:
        rank = len(x) + 1
        order = tuple(axis + rank if axis < 0 else axis for axis in self.order)
        if sorted(order) != list(range(rank)) or order[0] != 0:
            without_batch = sorted(self.order) == list(range(rank - 1))
            raise SizeError(
                f"permute needs every axis of batch x {show(x)} once, the batch first, and it has {list(self.order)}",
                f"the batch is axis 0 and stays there: write {[0, *(axis + 1 for axis in self.order)]}"
                if without_batch
                else f"write 0 and then the axes 1 to {rank - 1} in their new order",
                code="E307",
            )

    def size_rule(self, x: Shape) -> Shape:
        return tuple(x[source] for source in self._sources(x))

    def _sources(self, x: Shape) -> tuple[int, ...]:
        """For each axis of the output, the axis of the input that it is; the batch left out."""
        return tuple(axis % (len(x) + 1) - 1 for axis in self.order[1:])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        names = axis_names(x)
        moved = zip(self.output(x), self._sources(x), strict=True)
        return tuple(
            AxisRule(f"axis {axis}", size, words=of_input(names[source]))
            for axis, (size, source) in enumerate(moved, 1)
        )

    def reach(self, x: Shape, y: Shape) -> Reaches:
        sources = self._sources(x)
        return tuple(Reach(sources.index(axis), IDENTITY) for axis in range(len(x)))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        # Axes of one number may stand anywhere.
        moved = [axis for axis in self._sources(x) if x[axis] > 1]
        return in_order and moved == sorted(moved)

    def torch(self, x: Shape) -> Spelling:
        return Spelling("Permute", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("torch.permute", self.arguments())

    def words(self, x: Shape) -> str:
        return ", ".join(map(str, self.order))
