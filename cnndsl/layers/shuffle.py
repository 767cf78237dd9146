"""Layers that move numbers between channels and places: shuffles, and windows that become columns and back."""

from math import prod

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import NOTHING, Extra
from cnndsl.layers.formula import (
    AxisRule,
    KnownShape,
    Shape,
    SizeError,
    axis_names,
    check_groups,
    incoming,
    parameter,
    per_axis,
    show,
)
from cnndsl.layers.reach import LONGEST_PERIOD, Reaches, Window, mixing, spatial_reach
from cnndsl.layers.shape import ShapeLayer
from cnndsl.layers.types import Count, Extent, Offset, Positive
from cnndsl.layers.windows import does_not_fit, window_counts, window_words, windows


class PixelShuffle(ShapeLayer):
    """Channels become places: r*r channels make a map that is r times as high and as wide
    (torch.nn.PixelShuffle; Shi et al., 2016).

    C*r**2 x H x W becomes C x H*r x W*r.
    """

    kind = "pixel_shuffle"
    module = "PixelShuffle"
    call = "F.pixel_shuffle"
    ranks = (3,)
    example = "input(16, 8, 8) -> conv(12, 3, padding=1) -> pixel_shuffle(2)"
    torch_names = {"factor": "upscale_factor"}

    factor: Positive = Field(description="how much higher and wider the map becomes")

    def check(self, x: Shape) -> None:
        r = self.factor
        if x[0] % (r * r):
            raise SizeError(
                f"pixel_shuffle({r}) makes one channel of {r} x {r}, and {x[0]} channels do not divide by {r * r}",
                f"give the layer before it a multiple of {r * r} channels",
                code="E304",
            )

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

    kind = "pixel_unshuffle"
    module = "PixelUnshuffle"
    call = "F.pixel_unshuffle"
    ranks = (3,)
    example = "input(3, 32, 32) -> pixel_unshuffle(2)"
    torch_names = {"factor": "downscale_factor"}

    factor: Positive = Field(description="how much lower and narrower the map becomes")

    def check(self, x: Shape) -> None:
        r = self.factor
        if x[1] % r or x[2] % r:
            raise SizeError(
                f"pixel_unshuffle({r}) needs a height and width that divide by {r}, and the map is {show(x[1:])}",
                "pad or crop the map first",
                code="E304",
            )

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

    kind = "channel_shuffle"
    module = "ChannelShuffle"
    call = "F.channel_shuffle"
    ranks = (2, 3, 4)
    example = "input(8, 16, 16) -> conv(16, 1, groups=4) -> channel_shuffle(4)"

    groups: Count = Field(description="number of groups, which divides the channels")

    def check(self, x: Shape) -> None:
        check_groups(x, self.groups)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (0,))

    def words(self, x: Shape) -> str:
        return trn("{count} group", "{count} groups", self.groups)


class _OverWindows(ShapeLayer):
    """What `unfold` and `fold` share: windows over a picture, as a convolution has them."""

    torch_names = {"kernel": "kernel_size"}

    def _windows(self, picture: Shape) -> tuple[Shape, tuple[int, ...]]:
        """How many windows there are along height and width of a picture, and how large they are."""
        return window_counts(self, picture), tuple(each.kernel for each in windows(self, picture))

    def _check_fit(self, picture: Shape) -> None:
        counts, _ = self._windows(picture)
        if any(count < 1 for count in counts):
            raise does_not_fit(self, picture)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        # Where the input has more numbers than the output, PyTorch gives the output as much memory as the input.
        return NOTHING if prod(x) <= prod(y) else None

    def words(self, x: Shape) -> str:
        return window_words(self, (1, 1, 1))


class Unfold(_OverWindows):
    """The windows of a picture side by side, as a convolution reads them (torch.nn.Unfold): C x H x W becomes
    C*K*K x L, a column for each of the L places of the window, with all that lies in it.
    """

    kind = "unfold"
    module = "Unfold"
    call = "F.unfold"
    ranks = (3,)
    example = "input(3, 32, 32) -> unfold(4, stride=4) -> permute([0, 2, 1]) -> linear(64, axis=-1)"

    kernel: Extent = Field(description="size of the window")
    dilation: Extent = Field(default=1, description="distance between the cells of the window")
    padding: Offset = Field(default=0, description="rows and columns of zeros added on every side")
    stride: Extent = Field(default=1, description="how far the window moves at each step")

    def check(self, x: Shape) -> None:
        self._check_fit(x)

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

    kind = "fold"
    module = "Fold"
    call = "F.fold"
    ranks = (2,)
    example = "input(3, 32, 32) -> unfold(4, stride=4) -> fold(32, 4, stride=4)"
    torch_names = _OverWindows.torch_names | {"size": "output_size"}

    size: Extent = Field(description="height and width of the picture")
    kernel: Extent = Field(description="size of the window")
    dilation: Extent = Field(default=1, description="distance between the cells of the window")
    padding: Offset = Field(default=0, description="rows and columns taken away on every side")
    stride: Extent = Field(default=1, description="how far the window moves at each step")

    def _picture(self, x: Shape) -> Shape:
        return (x[0], *per_axis(self.size, 2, "size"))

    def check(self, x: Shape) -> None:
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
