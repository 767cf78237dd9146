"""Shape: layers that put numbers elsewhere, without a border to add or an axis to resize, and learn nothing."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cnndsl.layers.base import Argument, Group, Layer, Spelling
from cnndsl.layers.fields import Axes, Axis, Count, Positive, Sizes
from cnndsl.layers.sizes import Dim, Shape, SizeError, product, show
from cnndsl.layers.values import axis_index


class ShapeLayer(Layer):
    """What layers of this group share."""

    group: ClassVar[Group] = Group.SHAPE
    ranks: ClassVar[tuple[int, ...]] = ()

    def torch(self, x: Shape) -> Spelling:
        message = f"{self.kind} is a call on a value: PyTorch has no module for it"
        raise SizeError(
            message,
            "write it as a line of a block or network, not inside a sequence or under a name",
            code="E314",
        )


class Flatten(ShapeLayer):
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
        return (*x[:first], product(x[first : last + 1]), *x[last + 1 :])

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.Flatten", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        # torch.flatten begins at the batch unless it is told otherwise, so the first axis is always written.
        return Spelling("torch.flatten", (Argument("start_dim", self.start), *self.arguments("end")))


class Unflatten(ShapeLayer):
    """One axis becomes several: 400 becomes 16 x 5 x 5 (torch.nn.Unflatten).  The way into a decoder."""

    kind: ClassVar[str] = "unflatten"
    module: ClassVar[str] = "Unflatten"
    example: ClassVar[str] = "input(100) -> linear(400) -> unflatten(1, [16, 5, 5])"

    axis: Axis = Field(description="the axis that is split, the batch being axis 0")
    sizes: Sizes = Field(description="the sizes that it is split into; one may be -1, for what is left")

    def output(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "unflatten")
        return (*x[:at], *_filled(self.sizes, x[at], "unflatten"), *x[at + 1 :])

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.Unflatten", (Argument("dim", self.axis), Argument("unflattened_size", self.sizes)))

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("torch.unflatten", (Argument("dim", self.axis), Argument("sizes", self.sizes)))

    def words(self, x: Shape) -> str:
        at = axis_index(self.axis, x, "unflatten")
        return "to " + show(_filled(self.sizes, x[at], "unflatten")).replace(" x ", "×")


class Reshape(ShapeLayer):
    """The same numbers in the same order, in axes of other sizes (torch.reshape); the batch stays."""

    kind: ClassVar[str] = "reshape"
    plain_call: ClassVar[bool] = True
    example: ClassVar[str] = "input(100) -> linear(400) -> reshape([16, 5, 5])"

    sizes: Sizes = Field(description="the new sizes without the batch; one may be -1, for what is left")

    def output(self, x: Shape) -> Shape:
        return _filled(self.sizes, product(x), "reshape")

    def function(self, x: Shape) -> Spelling | None:
        if -1 in self.sizes:  # the batch is what is left in torch.reshape, which can work out one size alone
            return Spelling("", (Argument("sizes", self.sizes),), "{x}.flatten(1).unflatten(1, {sizes})")
        return Spelling("torch.reshape", (Argument("shape", (-1, *self.sizes)),))

    def words(self, x: Shape) -> str:
        return "to " + show(self.output(x)).replace(" x ", "×")


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
    return tuple(total // known if size == -1 else size for size in sizes)


class Permute(ShapeLayer):
    """The axes in another order (torch.permute): `permute([0, 2, 3, 1])` puts the channels last."""

    kind: ClassVar[str] = "permute"
    plain_call: ClassVar[bool] = True
    example: ClassVar[str] = "input(3, 32, 32) -> permute([0, 2, 3, 1])"
    torch_names: ClassVar[dict[str, str]] = {"order": "dims"}

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
        return tuple(x[axis - 1] for axis in order[1:])

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
        return (x[0] // (r * r), x[1] * r, x[2] * r)

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.PixelShuffle", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("F.pixel_shuffle", self.arguments())

    def words(self, x: Shape) -> str:
        return f"×{self.factor}"


class PixelUnshuffle(ShapeLayer):
    """Places become channels: the opposite of `pixel_shuffle` (torch.nn.PixelUnshuffle).

    C x H*r x W*r becomes C*r**2 x H x W.
    """

    kind: ClassVar[str] = "pixel_unshuffle"
    module: ClassVar[str] = "PixelUnshuffle"
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
        return (x[0] * (r * r), x[1] // r, x[2] // r)

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.PixelUnshuffle", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("F.pixel_unshuffle", self.arguments())

    def words(self, x: Shape) -> str:
        return f"÷{self.factor}"


class ChannelShuffle(ShapeLayer):
    """The channels of several groups are dealt out in turn, so that a grouped convolution after it sees
    numbers of every group (torch.nn.ChannelShuffle; Zhang et al., 2018).
    """

    kind: ClassVar[str] = "channel_shuffle"
    module: ClassVar[str] = "ChannelShuffle"
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

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.ChannelShuffle", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("F.channel_shuffle", self.arguments())

    def words(self, x: Shape) -> str:
        return f"{self.groups} {'group' if self.groups == 1 else 'groups'}"
