"""Shape: layers that put numbers elsewhere, without a border to add or an axis to resize, and learn nothing."""

from collections.abc import Iterable
from math import prod
from typing import Any, ClassVar

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Layer, Spelling
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
    per_axis,
    product,
    show,
    window_size,
)
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import IDENTITY, LONGEST_PERIOD, Reach, Reaches, Window, regrouped, same, spatial_reach, whole
from cnndsl.layers.types import Axes, Axis, Count, Extent, Offset, Positive, Sizes
from cnndsl.layers.windows import does_not_fit, pool_words


class ShapeLayer(Layer):
    """What layers of this group share."""

    group: ClassVar[Group] = Group.SHAPE
    ranks: ClassVar[tuple[int, ...]] = ()

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept()


class _Renumbered(ShapeLayer):
    """A layer that gives the axes other sizes. The numbers stay where they are, unless they lie in another order."""

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return regrouped(x, y)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return in_order


class Flatten(_Renumbered):
    """Several axes become one: 16 x 5 x 5 becomes 400 (torch.nn.Flatten, torch.flatten)."""

    kind: ClassVar[str] = "flatten"
    module: ClassVar[str] = "Flatten"
    plain_call: ClassVar[bool] = True
    example: ClassVar[str] = "input(16, 5, 5) -> flatten -> linear(10)"
    torch_names: ClassVar[dict[str, str]] = {"start": "start_dim", "end": "end_dim"}

    start: Axis = Field(default=1, description="the first axis that is merged, the batch being axis 0")
    end: Axis = Field(default=-1, description="the last axis that is merged")

    def output(self, x: Shape) -> Shape:
        first, last = axis_index(self.start, x, "flatten"), axis_index(self.end, x, "flatten")
        if first > last:
            raise SizeError(
                f"flatten from axis {self.start} to axis {self.end}: the first comes after the last",
                "write the smaller axis first",
                code="E307",
            )
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        first, last = axis_index(self.start, x, "flatten"), axis_index(self.end, x, "flatten")
        return (*x[:first], product(x[first : last + 1]), *x[last + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        first, last = axis_index(self.start, x, "flatten"), axis_index(self.end, x, "flatten")
        y = self.output(x)
        names = axis_names(y)
        merged = AxisRule(names[first], y[first], _all(x, range(first, last + 1)), notes=(tr(_ORDER),))
        kept = {axis: axis if axis < first else axis + last - first for axis in range(len(y)) if axis != first}
        return tuple(
            AxisRule(name, y[axis], words=of_input(axis_names(x)[kept[axis]])) if axis in kept else merged
            for axis, name in enumerate(names)
        )

    def _is_one_axis(self, x: KnownShape) -> bool:
        """Whether there is one axis to merge besides such of a single number: it can be a view of anything."""
        first, last = axis_index(self.start, x, "flatten"), axis_index(self.end, x, "flatten")
        return sum(dim > 1 for dim in x[first : last + 1]) <= 1

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return in_order or self._is_one_axis(x)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order or not self._is_one_axis(x)

    def function(self, x: Shape) -> Spelling | None:
        # torch.flatten begins at the batch unless it is told otherwise, so the first axis is always written.
        return Spelling("torch.flatten", (Argument("start_dim", self.start), *self.arguments("end")))


class Unflatten(_Renumbered):
    """One axis becomes several: 400 becomes 16 x 5 x 5 (torch.nn.Unflatten).  The way into a decoder."""

    kind: ClassVar[str] = "unflatten"
    module: ClassVar[str] = "Unflatten"
    example: ClassVar[str] = "input(100) -> linear(400) -> unflatten(1, [16, 5, 5])"

    axis: Axis = Field(description="the axis that is split, the batch being axis 0")
    sizes: Sizes = Field(description="the sizes that it is split into; one may be -1, for what is left")

    def output(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "unflatten")
        return (*x[:at], *_filled(self.sizes, x[at], "unflatten"), *x[at + 1 :])

    def size_rule(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "unflatten")
        return (*x[:at], *_divided(self.sizes, x[at]), *x[at + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, x, "unflatten")
        y = self.output(x)
        names, old = axis_names(y), axis_names(x)
        more = len(y) - len(x)
        split = _written(self.sizes, _all(x, [at]), y[at : at + len(self.sizes)], names[at : at + len(self.sizes)])
        before = (AxisRule(name, y[axis], words=of_input(old[axis])) for axis, name in enumerate(names[:at]))
        after = (
            AxisRule(names[axis], y[axis], words=of_input(old[axis - more]))
            for axis in range(at + len(self.sizes), len(y))
        )
        return (*before, *split, *after)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return True

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.Unflatten", (Argument("dim", self.axis), Argument("unflattened_size", self.sizes)))

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("torch.unflatten", (Argument("dim", self.axis), Argument("sizes", self.sizes)))

    def words(self, x: Shape) -> str:
        at = axis_index(self.axis, x, "unflatten")
        return tr("to {size}", size=show(_filled(self.sizes, x[at], "unflatten")).replace(" x ", "×"))


class Reshape(_Renumbered):
    """The same numbers in the same order, in axes of other sizes (torch.reshape); the batch stays."""

    kind: ClassVar[str] = "reshape"
    plain_call: ClassVar[bool] = True
    example: ClassVar[str] = "input(100) -> linear(400) -> reshape([16, 5, 5])"
    helper: ClassVar[str] = '''\
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

    def output(self, x: Shape) -> Shape:
        return _filled(self.sizes, product(x), "reshape")

    def size_rule(self, x: Shape) -> Shape:
        return _divided(self.sizes, product(x))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        return _written(self.sizes, _all(x, range(len(x))), y, axis_names(y))

    def torch(self, x: Shape) -> Spelling:
        return Spelling("Reshape", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        if -1 in self.sizes:  # the batch is what is left in torch.reshape, which can work out one size alone
            return Spelling("", (Argument("sizes", self.sizes),), "{x}.flatten(1).unflatten(1, {sizes})")
        return Spelling("torch.reshape", (Argument("shape", (-1, *self.sizes)),))

    def of_parameter(self, x: Shape) -> Spelling:
        return Spelling("torch.reshape", (Argument("shape", self.sizes),))

    def words(self, x: Shape) -> str:
        return tr("to {size}", size=show(self.output(x)).replace(" x ", "×"))


def _filled(sizes: tuple[int, ...], total: Dim, kind: str) -> Shape:
    """The sizes with -1 replaced by what is left of `total` numbers. Raises SizeError where they do not fit."""
    known = 1
    for size in sizes:
        known *= 1 if size == -1 else size
    fits = total % known == 0 if -1 in sizes else total == known
    if not fits:
        shown = show("?" if size == -1 else size for size in sizes)
        count = f"a multiple of {known}" if -1 in sizes else str(known)
        raise SizeError(
            f"{kind} to {shown} needs {count} numbers, and there are {total}",
            "choose sizes whose product is that; one of them may be -1, for what is left",
            code="E304",
        )
    return _divided(sizes, total)


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

    kind: ClassVar[str] = "permute"
    plain_call: ClassVar[bool] = True
    example: ClassVar[str] = "input(3, 32, 32) -> permute([0, 2, 3, 1])"
    torch_names: ClassVar[dict[str, str]] = {"order": "dims"}
    helper: ClassVar[str] = '''\
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

    def output(self, x: Shape) -> Shape:
        rank = len(x) + 1
        order = tuple(axis + rank if axis < 0 else axis for axis in self.order)
        if sorted(order) != list(range(rank)) or order[0] != 0:
            raise SizeError(
                f"permute needs every axis of batch x {show(x)} once, the batch first, and it has {list(self.order)}",
                f"write 0 and then the axes 1 to {rank - 1} in their new order",
                code="E307",
            )
        return self.size_rule(x)

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

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return True

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


class PixelShuffle(ShapeLayer):
    """Channels become places: r*r channels make a map that is r times as high and as wide
    (torch.nn.PixelShuffle; Shi et al., 2016).

    C*r**2 x H x W becomes C x H*r x W*r.
    """

    kind: ClassVar[str] = "pixel_shuffle"
    module: ClassVar[str] = "PixelShuffle"
    call: ClassVar[str] = "F.pixel_shuffle"
    ranks: ClassVar[tuple[int, ...]] = (3,)
    example: ClassVar[str] = "input(16, 8, 8) -> conv(12, 3, padding=1) -> pixel_shuffle(2)"
    torch_names: ClassVar[dict[str, str]] = {"factor": "upscale_factor"}

    factor: Positive = Field(description="how much higher and wider the map becomes")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        r = self.factor
        if x[0] % (r * r):
            raise SizeError(
                f"pixel_shuffle({r}) makes one channel of {r} x {r}, and {x[0]} channels do not divide by {r * r}",
                f"give the layer before it a multiple of {r * r} channels",
                code="E304",
            )
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        r = self.factor
        return (x[0] // (r * r), x[1] * r, x[2] * r)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        c, h, w = self.output(x)
        r = parameter("r", self.factor, "factor")
        note = tr("r*r channels make one that is r times larger")
        return (
            AxisRule("channels", c, incoming(x, 0, "C") / (r * r), notes=(note,)),
            AxisRule("height", h, incoming(x, 1, "H") * r),
            AxisRule("width", w, incoming(x, 2, "W") * r),
        )

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return spatial_reach(x, [_repeated(self.factor)] * 2, channels=False)

    def words(self, x: Shape) -> str:
        return f"×{self.factor}"


def _repeated(factor: int) -> Window | None:
    """Each place is read by as many positions."""
    return Window(1, ((0, 0),) * factor) if factor <= LONGEST_PERIOD else None


class PixelUnshuffle(ShapeLayer):
    """Places become channels: the opposite of `pixel_shuffle` (torch.nn.PixelUnshuffle).

    C x H*r x W*r becomes C*r**2 x H x W.
    """

    kind: ClassVar[str] = "pixel_unshuffle"
    module: ClassVar[str] = "PixelUnshuffle"
    call: ClassVar[str] = "F.pixel_unshuffle"
    ranks: ClassVar[tuple[int, ...]] = (3,)
    example: ClassVar[str] = "input(3, 32, 32) -> pixel_unshuffle(2)"
    torch_names: ClassVar[dict[str, str]] = {"factor": "downscale_factor"}

    factor: Positive = Field(description="how much lower and narrower the map becomes")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        r = self.factor
        if x[1] % r or x[2] % r:
            raise SizeError(
                f"pixel_unshuffle({r}) needs a height and width that divide by {r}, and the map is {show(x[1:])}",
                "pad or crop the map first",
                code="E304",
            )
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        r = self.factor
        return (x[0] * (r * r), x[1] // r, x[2] // r)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        c, h, w = self.output(x)
        r = parameter("r", self.factor, "factor")
        note = tr("each r x r places become r*r channels")
        return (
            AxisRule("channels", c, incoming(x, 0, "C") * (r * r), notes=(note,)),
            AxisRule("height", h, incoming(x, 1, "H") / r),
            AxisRule("width", w, incoming(x, 2, "W") / r),
        )

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return spatial_reach(x, [Window(self.factor, ((0, self.factor - 1),))] * 2, channels=False)

    def words(self, x: Shape) -> str:
        return f"÷{self.factor}"


class ChannelShuffle(ShapeLayer):
    """The channels of several groups are dealt out in turn, so that a grouped convolution after it sees
    numbers of every group (torch.nn.ChannelShuffle; Zhang et al., 2018).
    """

    kind: ClassVar[str] = "channel_shuffle"
    module: ClassVar[str] = "ChannelShuffle"
    call: ClassVar[str] = "F.channel_shuffle"
    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)
    example: ClassVar[str] = "input(8, 16, 16) -> conv(16, 1, groups=4) -> channel_shuffle(4)"

    groups: Count = Field(description="number of groups, which divides the channels")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        if x[0] % self.groups:
            raise SizeError(
                f"{x[0]} channels do not divide into {self.groups} groups",
                "choose a number of groups that divides the channels",
                code="E304",
            )
        return x

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return (whole(x[0]), *same(x[1:], first=1))

    def words(self, x: Shape) -> str:
        return trn("{count} group", "{count} groups", self.groups)


class _OverWindows(ShapeLayer):
    """What `unfold` and `fold` share: windows over a picture, as a convolution has them."""

    torch_names: ClassVar[dict[str, str]] = {"kernel": "kernel_size"}

    def _windows(self, picture: Shape) -> tuple[Shape, tuple[int, ...]]:
        """How many windows there are along height and width of a picture, and how large they are."""
        layer: Any = self
        words = ("kernel", "padding", "stride", "dilation")
        kernel, padding, stride, dilation = (per_axis(getattr(layer, word), 2, word) for word in words)
        axes = zip(picture[1:], kernel, padding, stride, dilation, strict=True)
        return tuple(window_size(*axis) for axis in axes), kernel

    def _check_fit(self, picture: Shape) -> None:
        layer: Any = self
        counts, kernel = self._windows(picture)
        if any(count < 1 for count in counts):
            padding, dilation = (per_axis(getattr(layer, word), 2, word) for word in ("padding", "dilation"))
            raise does_not_fit(picture, kernel, padding, dilation)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        # Where the input has more numbers than the output, PyTorch gives the output as much memory as the input.
        return NOTHING if prod(x) <= prod(y) else None

    def words(self, x: Shape) -> str:
        layer: Any = self
        return pool_words((1, 1, 1), layer.kernel, layer.stride, layer.padding)


class Unfold(_OverWindows):
    """The windows of a picture side by side, as a convolution reads them (torch.nn.Unfold): C x H x W becomes
    C*K*K x L, a column for each of the L places of the window, with all that lies in it.
    """

    kind: ClassVar[str] = "unfold"
    module: ClassVar[str] = "Unfold"
    call: ClassVar[str] = "F.unfold"
    ranks: ClassVar[tuple[int, ...]] = (3,)
    example: ClassVar[str] = "input(3, 32, 32) -> unfold(4, stride=4) -> permute([0, 2, 1]) -> linear(64, axis=-1)"

    kernel: Extent = Field(description="size of the window")
    dilation: Extent = Field(default=1, description="distance between the cells of the window")
    padding: Offset = Field(default=0, description="rows and columns of zeros added on every side")
    stride: Extent = Field(default=1, description="how far the window moves at each step")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        self._check_fit(x)
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        (rows, columns), (high, wide) = self._windows(x)
        return (x[0] * (high * wide), rows * columns)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        (rows, columns), (high, wide) = self._windows(x)
        cells = incoming(x, 0, "C") * parameter("K", high * wide, "kernel", meaning=tr("places of the window"))
        places = tr("{rows} along the height, {columns} along the width", rows=rows, columns=columns)
        return (
            AxisRule("channels", y[0], cells),
            AxisRule("length", y[1], words=tr("one for each place of the window"), notes=(places,)),
        )


class Fold(_OverWindows):
    """Windows laid into a picture, where they overlap added: the opposite of `unfold` (torch.nn.Fold).
    C*K*K x L becomes C x H x W, `size` being height and width.
    """

    kind: ClassVar[str] = "fold"
    module: ClassVar[str] = "Fold"
    call: ClassVar[str] = "F.fold"
    ranks: ClassVar[tuple[int, ...]] = (2,)
    example: ClassVar[str] = "input(3, 32, 32) -> unfold(4, stride=4) -> fold(32, 4, stride=4)"
    torch_names: ClassVar[dict[str, str]] = _OverWindows.torch_names | {"size": "output_size"}

    size: Extent = Field(description="height and width of the picture")
    kernel: Extent = Field(description="size of the window")
    dilation: Extent = Field(default=1, description="distance between the cells of the window")
    padding: Offset = Field(default=0, description="rows and columns taken away on every side")
    stride: Extent = Field(default=1, description="how far the window moves at each step")

    def _picture(self, x: Shape) -> Shape:
        return (x[0], *per_axis(self.size, 2, "size"))

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        picture = self._picture(x)
        self._check_fit(picture)
        (rows, columns), (high, wide) = self._windows(picture)
        if x[0] % (high * wide):
            raise SizeError(
                f"fold lays windows of {high}×{wide}, and {x[0]} channels are no multiple of {high * wide}",
                f"bring the channels to a multiple of {high * wide} first, as unfold({self.kernel}) gives them",
                code="E304",
            )
        if x[1] != rows * columns:
            raise SizeError(
                f"a picture of {show(picture[1:])} has {rows} x {columns} windows, and {x[1]} come in",
                "choose size, kernel and stride as for the unfold before it",
                code="E304",
            )
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        picture = self._picture(x)
        _, (high, wide) = self._windows(picture)
        return (x[0] // (high * wide), *picture[1:])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        _, (high, wide) = self._windows(self._picture(x))
        cells = parameter("K", high * wide, "kernel", meaning=tr("places of the window"))
        asked = (AxisRule(axis_names(3)[at], y[at], words=tr("as asked for")) for at in (1, 2))
        return (AxisRule("channels", y[0], incoming(x, 0, "C") / cells), *asked)
