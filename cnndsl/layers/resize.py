"""Shape: layers that add a border, take one away or make a map larger; and to another value's size."""

from collections.abc import Iterator
from math import prod
from typing import Any, Literal

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import RANK_WORDS, Argument, Kept, Spelling, times
from cnndsl.layers.formula import (
    AXES,
    AxisRule,
    Dim,
    KnownShape,
    Rounded,
    Shape,
    SizeError,
    Sum,
    as_it_comes,
    axis_names,
    in_words,
    incoming,
    parameter,
    per_axis,
    product,
    show,
)
from cnndsl.layers.operations import Operation
from cnndsl.layers.reach import (
    IDENTITY,
    Reach,
    Reaches,
    along,
    nearest,
    regions,
    regrouped,
    sampled,
    sliding,
    spatial_reach,
)
from cnndsl.layers.shape import ShapeLayer
from cnndsl.layers.types import Flag, Offset, OptionalExtent, OptionalOffset, OptionalScale, PaddingMode, Real
from cnndsl.layers.windows import check_border, extent
from cnndsl.symbolic.number import call, is_open, value_of


def _asked(y: Shape, names: tuple[str, ...], words: str) -> Iterator[AxisRule]:
    """The rules of the axes whose size is given."""
    for axis in range(1, len(y)):
        yield AxisRule(names[axis], y[axis], parameter("size", y[axis], "size"), words)


_ENDS = {
    "length": ("left", "right"),
    "width": ("left", "right"),
    "height": ("top", "bottom"),
    "depth": ("front", "back"),
}


def _by_sides(
    x: Shape, y: Shape, sign: int, before: tuple[int, ...], after: tuple[int, ...], field: str
) -> tuple[AxisRule, ...]:
    """The rules of a map to which something is added on its sides, or with the sign -1 taken away."""
    rules = [as_it_comes(x, 0)]
    for axis, (name, *ends) in enumerate(zip(axis_names(x)[1:], before, after, strict=True), 1):
        letters = (parameter(word, number, field) for word, number in zip(_ENDS[name], ends, strict=True))
        formula = Sum(((1, incoming(x, axis)), *((sign, letter) for letter in letters)))
        rules.append(AxisRule(name, y[axis], formula))
    return tuple(rules)


class Pad(ShapeLayer):
    """A border around the map: of zeros or another number, or taken from the map itself.

    Output along an axis: I + what is added before it + what is added after it. PyTorch has a module for
    each kind of border: nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d.
    """

    kind = "pad"
    ranks = (2, 3, 4)
    example = 'input(3, 32, 32) -> pad(3, mode="reflect") -> conv(8, 7)'

    padding: Offset = Field(
        description="one number for all sides, or the last axis first and two for each: [left, right, top, bottom]"
    )
    mode: PaddingMode = Field(default="zeros", description="what the border holds")
    value: Real = Field(default=0, description="the number in the border, with the mode zeros")

    def check(self, x: Shape) -> None:
        if self.value != 0 and self.mode != "zeros":
            raise SizeError(
                f'pad takes its border from the map with mode="{self.mode}", so that a value has no effect',
                "leave out the value or the mode",
                code="E312",
            )
        before, after = sides(self.padding, x, "padding")
        check_border(x, before, after, self.mode, "mode")

    def size_rule(self, x: Shape) -> Shape:
        before, after = sides(self.padding, x, "padding")
        return (x[0], *(i + b + a for i, b, a in zip(x[1:], before, after, strict=True)))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        before, after = sides(self.padding, x, "padding")
        return _by_sides(x, self.output(x), 1, before, after, "padding")

    def reach(self, x: Shape, y: Shape) -> Reaches:
        before, _ = sides(self.padding, x, "padding")
        return spatial_reach(x, [sliding(1, padding=b) for b in before], channels=True)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,) if self.mode in ("reflect", "replicate") else ())

    def torch(self, x: Shape) -> Spelling:
        rank = len(x) - 1
        padding = Argument("padding", self.padding)
        if self.mode != "zeros":
            names = {"reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}
            return Spelling(f"nn.{names[self.mode]}Pad{rank}d", (padding,))
        if self.value == 0:
            return Spelling(f"nn.ZeroPad{rank}d", (padding,))
        return Spelling(f"nn.ConstantPad{rank}d", (padding, Argument("value", self.value)))

    def function(self, x: Shape) -> Spelling | None:
        pad = self.padding if isinstance(self.padding, tuple) else (self.padding,) * (2 * (len(x) - 1))
        mode = "constant" if self.mode == "zeros" else self.mode
        return Spelling(
            "F.pad", (Argument("pad", pad), Argument("mode", mode, "constant"), Argument("value", self.value, 0))
        )

    def words(self, x: Shape) -> str:
        shown = ", ".join(map(str, self.padding)) if isinstance(self.padding, tuple) else str(self.padding)
        return shown if self.mode == "zeros" else f"{shown}, {self.mode}"


class Crop(ShapeLayer):
    """The map without its border: the opposite of `pad`, or its middle part with a given `size`.

    Output along an axis: I - what is taken before it - what is taken after it; with `size` it is the size, and
    floor((I - size) / 2) is taken before it.
    """

    kind = "crop"
    plain_call = True
    is_view = True
    ranks = (2, 3, 4)
    example = "input(3, 32, 32) -> crop(2)"
    helper = '''\
class Crop(nn.Module):
    """Keep of each axis after the channels what lies from a start to a stop."""

    def __init__(self, *bounds: tuple[int | None, int | None]) -> None:
        super().__init__()
        self.bounds = bounds

    def forward(self, x: Tensor) -> Tensor:
        for axis, (start, stop) in enumerate(self.bounds, 2):
            size = x.shape[axis]
            first = 0 if start is None else start
            last = size if stop is None else stop if stop > 0 else size + stop
            x = x.narrow(axis, first, last - first)
        return x

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.bounds))


def center_crop(x: Tensor, size: list[int]) -> Tensor:
    """Keep the middle of each axis after the channels, as much as the size says."""
    for axis, length in enumerate(size, 2):
        x = x.narrow(axis, (x.shape[axis] - length) // 2, length)
    return x
'''

    margins: OptionalOffset = Field(
        default=None,
        description="one number for all sides, or the last axis first and two for each: [left, right, top, bottom]",
    )
    size: OptionalExtent = Field(default=None, description="size of the middle part that is kept, instead of margins")

    def check(self, x: Shape) -> None:
        if (self.margins is None) == (self.size is None):
            raise SizeError(
                "crop needs either margins or a size" + ("" if self.size is None else ", not both"),
                "write crop(2) to take 2 off every side, crop(size=24) to keep the middle, or crop(x, like=y)",
                code="E312",
            )
        y = self.size_rule(x)
        if self.size is not None:
            if any(is_open(dim) for dim in x[1:]):
                raise SizeError(
                    f"crop finds the middle from the size of the map, and {show(x[1:])} is left open",
                    "give the input its size, or say what to take off every side: crop(2)",
                )
            if any(k > i for i, k in zip(x[1:], y[1:], strict=True)):
                raise SizeError(
                    f"crop to {times(self.size)} needs a map of at least that size, and it is {show(x[1:])}",
                    "crop takes away; use pad or upsample to make a map larger",
                )
        elif any(k < 1 for k in y[1:]):
            raise SizeError(
                f"crop takes away all of a map of {show(x[1:])}: {show(y[1:])} would be left",
                "use smaller margins",
            )

    def size_rule(self, x: Shape) -> Shape:
        if self.size is not None:
            return (x[0], *per_axis(self.size, len(x) - 1, "size"))
        before, after = sides(self.margins, x, "margins")
        return (x[0], *(i - b - a for i, b, a in zip(x[1:], before, after, strict=True)))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y, names = self.output(x), axis_names(x)
        if self.size is not None:
            return (as_it_comes(x, 0), *_asked(y, names, tr("the middle, as asked for")))
        before, after = sides(self.margins, x, "margins")
        return _by_sides(x, y, -1, before, after, "margins")

    def reach(self, x: Shape, y: Shape) -> Reaches:
        starts = [start or 0 for start, _ in self._bounds(x)]
        return spatial_reach(x, [sliding(1, padding=-start) for start in starts], channels=True)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order and _lies_together(x, self.output(x))

    def torch(self, x: Shape) -> Spelling:
        bounds = zip(AXES[len(x) - 1], self._bounds(x), strict=True)
        return Spelling("Crop", tuple(Argument(axis, bound) for axis, bound in bounds))

    def function(self, x: Shape) -> Spelling | None:
        slices: list[str] = []
        arguments: list[Argument] = []
        for axis, (start, stop) in zip(AXES[len(x) - 1], self._bounds(x), strict=True):
            first, last = _ENDS[axis]
            arguments += [Argument(name, bound) for name, bound in ((first, start), (last, stop)) if bound is not None]
            shown = "" if stop is None else f"{{{last}}}" if type(stop) is int else f"{{{last}}} or None"  # it may be 0
            slices.append(("" if start is None else f"{{{first}}}") + ":" + shown)
        return Spelling("", tuple(arguments), f"{{x}}[:, :, {', '.join(slices)}]")

    def _bounds(self, x: Shape) -> list[tuple[Any, Any]]:
        """Start and stop of the slice of each axis; None where it begins or ends with the axis."""
        if self.size is not None:
            kept = per_axis(self.size, len(x) - 1, "size")
            starts = [(i - k) // 2 for i, k in zip(x[1:], kept, strict=True)]
            return [(start, start + k) for start, k in zip(starts, kept, strict=True)]
        before, after = sides(self.margins, x, "margins")
        # A parameter of a class may be 0 elsewhere, though it is not here, or the other way round.
        return [
            (None if type(b) is int and not b else b, None if type(a) is int and not a else -a)
            for b, a in zip(before, after, strict=True)
        ]

    def words(self, x: Shape) -> str:
        if self.size is not None:
            return tr("to {size}", size=times(self.size))
        return ", ".join(map(str, self.margins)) if isinstance(self.margins, tuple) else str(self.margins)


def _lies_together(x: Shape, y: Shape) -> bool:
    """Whether a part of a map lies in one piece: what is left of an axis does where there is but one of it."""
    return all(x[axis] == y[axis] or prod(y[:axis]) == 1 for axis in range(len(x)))


def sides(value: Any, x: Shape, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What is added or taken before and after each spatial axis, from one number or PyTorch's list.

    PyTorch's list has the last axis first: [left, right, top, bottom, front, back].
    Raises SizeError when the list has another length.
    """
    rank = len(x) - 1
    if not isinstance(value, tuple):
        return (value,) * rank, (value,) * rank
    if len(value) != 2 * rank:
        ends = [end for axis in reversed(AXES[rank]) for end in _ENDS[axis]]
        raise SizeError(
            f"{name} has {len(value)} {'number' if len(value) == 1 else 'numbers'}, "
            f"and a map of {show(x[1:])} has {2 * rank} sides",
            f"write one number for all sides, or [{', '.join(ends)}]",
            code="E303",
        )
    return value[-2::-2], value[-1::-2]


Interpolation = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]
_FINEST = 1000  # of a scale such as 0.333 the simple fraction is meant
_MODE_OF_RANK = {1: "linear", 2: "bilinear", 3: "trilinear"}
_RANKS_OF_MODE: dict[str, tuple[int, ...]] = {"linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}


class Upsample(ShapeLayer):
    """The map with another height and width, its numbers repeated or interpolated (torch.nn.Upsample).

    Output along an axis: the `size`, or floor(I * scale).
    """

    kind = "upsample"
    module = "Upsample"
    call = "F.interpolate"
    ranks = (2, 3, 4)
    example = "input(16, 8, 8) -> upsample(scale=2) -> conv(8, 3, padding=1)"
    torch_names = {"scale": "scale_factor"}

    size: OptionalExtent = Field(default=None, description="size of what comes out; either this or a scale is needed")
    scale: OptionalScale = Field(default=None, description="how many times larger it becomes")
    mode: Interpolation = Field(
        default="nearest", description="how numbers are worked out: the nearest one, or a mean of those around"
    )
    align_corners: Flag = Field(
        default=False, description="whether the corners' centres are kept, in the modes that interpolate"
    )

    def check(self, x: Shape) -> None:
        rank = len(x) - 1
        if (self.size is None) == (self.scale is None):
            raise SizeError(
                "upsample needs either a size or a scale" + ("" if self.size is None else ", not both"),
                "write upsample(scale=2) to double the size, or upsample(size=64)",
                code="E312",
            )
        interpolates = self.mode in _RANKS_OF_MODE
        if interpolates and rank not in _RANKS_OF_MODE[self.mode]:
            axes = " x ".join(AXES[rank])
            raise SizeError(
                f'mode="{self.mode}" is not for a map of {axes}',
                f'write mode="{_MODE_OF_RANK[rank]}" or mode="nearest"',
                code="E312",
            )
        if self.align_corners and not interpolates:
            raise SizeError(
                f'align_corners has no meaning with mode="{self.mode}"',
                f'leave it out, or write mode="{_MODE_OF_RANK[rank]}"',
                code="E312",
            )
        y = self.size_rule(x)
        if self.size is None and any(i < 1 for i in y[1:]):
            raise SizeError(
                f"a scale of {extent(self.scale)} leaves nothing of a map of {show(x[1:])}", "use a larger scale"
            )

    def size_rule(self, x: Shape) -> Shape:
        rank = len(x) - 1
        if self.size is not None:
            return (x[0], *per_axis(self.size, rank, "size"))
        scaled = (_scaled(i, s) for i, s in zip(x[1:], per_axis(self.scale, rank, "scale"), strict=True))
        return (x[0], *scaled)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y, names = self.output(x), axis_names(x)
        if self.size is not None:
            return (as_it_comes(x, 0), *_asked(y, names, tr("as asked for")))
        scales = per_axis(self.scale, len(x) - 1, "scale")
        grown = (
            AxisRule(names[axis], y[axis], Rounded(incoming(x, axis) * parameter("scale", scales[axis - 1], "scale")))
            for axis in range(1, len(x))
        )
        return (as_it_comes(x, 0), *grown)

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        return tuple(("scale", scale) for scale in (2, 4) if self.scale is not None and self.scale != scale)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        if self.mode == "area":
            return regions(x, y)
        scales = per_axis(self.scale, len(x) - 1, "scale")
        return (
            Reach(0, IDENTITY),
            *(self._axis(axis, x[axis], y[axis], scales[axis - 1]) for axis in range(1, len(x))),
        )

    def _axis(self, axis: int, size: Dim, grown: Dim, scale: Any) -> Reach | None:
        """How one axis is read: at points between centres of places, or with `align_corners` between the ends."""
        if (scale is None or self.align_corners) and (is_open(size) or is_open(grown)):
            return None
        from fractions import Fraction

        offset = Fraction(0) if self.align_corners or self.mode == "nearest" else Fraction(1, 2)
        if self.align_corners:
            ratio = Fraction(value_of(size) - 1, max(value_of(grown) - 1, 1))
        elif scale is None:
            ratio = Fraction(value_of(size), value_of(grown))
        else:
            ratio = 1 / Fraction(scale).limit_denominator(_FINEST)
        if ratio == 0:
            return Reach(fixed=(0, 0))
        if self.mode.startswith("nearest"):
            return along(axis, nearest(ratio, offset))
        return along(axis, sampled(ratio, offset, *((1, 1) if self.mode == "bicubic" else (0, 0))))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        # An area is an adaptive pool, and that to one number a channel a plain mean.
        return Kept(inputs=(0,) if self.mode == "area" and prod(y[1:]) > 1 else ())

    def words(self, x: Shape) -> str:
        grows = tr("to {size}", size=times(self.size)) if self.size is not None else f"×{extent(self.scale)}"
        return f"{grows}, {self.mode}"


def _scaled(size: Dim, scale: Any) -> Dim:
    """floor(I * scale), in double precision as PyTorch computes it."""
    grown: Any = size * scale
    if isinstance(scale, int):
        return grown  # type: ignore[no-any-return]
    return call("int", int(value_of(grown)), (grown,))  # type: ignore[return-value]


class SizedLike(Operation):
    """The base of what has the size of another value on the axes after the channels."""

    values = "two maps with the same number of axes"
    takes = (2, 2)
    reads = 1

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        x, like = xs
        return ((x[0], *like[1:]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        x, like = xs
        return (as_it_comes(x, 0), *in_words(like, [tr("as in the second value")] * len(like))[1:])


def _check_axes(word: str, x: Shape, like: Shape) -> None:
    if len(x) != len(like):
        raise SizeError(
            f"{word} takes the size of a map with as many axes: {show(x)} comes in, the other is {show(like)}",
            f"give it a value of {RANK_WORDS.get(len(x), 'the same number of axes')}",
            code="E306",
        )


class UpsampleLike(SizedLike):
    """The map with the height and width of another value, its numbers repeated or interpolated.

    Of the other value only the size is used, which may be left open. It may be smaller too.
    """

    kind = "upsample"
    written = "upsample(x, like=y)"
    call = "F.interpolate"
    example = "input(3, 32, 32); small = it -> conv(8, 3, stride=2); upsample(small, like=input)"

    mode: Interpolation = Field(default="nearest", description=Upsample.model_fields["mode"].description)
    align_corners: Flag = Field(default=False, description=Upsample.model_fields["align_corners"].description)

    def _layer(self, like: Shape) -> Upsample:
        """The layer that gives the size of the other value, while that is what it is."""
        return Upsample(mode=self.mode, align_corners=self.align_corners).having({"size": like[1:]})

    def check(self, xs: tuple[Shape, ...]) -> None:
        _check_axes(self.kind, *xs)
        self._layer(xs[1]).output(xs[0])

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        mode = "" if self.mode == "nearest" else f', mode="{self.mode}"'
        corners = ", align_corners=True" if self.align_corners else ""
        return Spelling("", template=f"F.interpolate({{v0}}, size={{v1}}.shape[2:]{mode}{corners})")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (self._layer(xs[1]).reach(xs[0], ys[k]),)  # nothing is read of the other value

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        x, like = xs
        kept = self._layer(like).kept(x, (x[0], *like[1:]), gradient=gradients[0], trained=frozenset())
        return kept or Kept()


class CropLike(SizedLike):
    """The middle of a map, as high and wide as another value, which may not be larger.

    Along an axis floor((I - size) / 2) is taken before it. Of the other value only the size is used, which may be left
    open.
    """

    kind = "crop"
    written = "crop(x, like=y)"
    call = "center_crop"
    example = "input(3, 32, 32); inner = it -> conv(8, 5); concat(inner, crop(input, like=inner))"
    arranges = True
    shares = True

    def check(self, xs: tuple[Shape, ...]) -> None:
        _check_axes(self.kind, *xs)
        x, like = xs
        if any(wanted > size for size, wanted in zip(x[1:], like[1:], strict=True)):
            raise SizeError(
                f"crop takes away, and {show(like[1:])} is larger than {show(x[1:])}",
                "upsample(x, like=y) makes a map larger, or smaller",
            )

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        sizes = ", ".join(f"{{v1}}.shape[{axis}]" for axis in range(2, len(xs[0]) + 1))
        return Spelling("", template=f"center_crop({{v0}}, [{sizes}])")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        taken = [(size - wanted) // 2 for size, wanted in zip(xs[0][1:], xs[1][1:], strict=True)]
        windows = [None if is_open(first) else sliding(1, padding=-first) for first in taken]
        return (spatial_reach(xs[0], windows, channels=True),)  # nothing is read of the other value

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        x, like = xs
        return in_order[0] and _lies_together(x, (x[0], *like[1:]))


class UnflattenLike(SizedLike):
    """Positions in a row, laid out as those of another value: the way back from flatten(2).

    Of the other value only the size is used, which may be left open.
    """

    kind = "unflatten"
    written = "unflatten(x, like=y)"
    values = "a value of channels x positions, and a map of as many positions"
    call = "torch.unflatten"
    example = "input(8, 16, 16); rows = it -> flatten(2) -> linear(256, axis=-1); unflatten(rows, like=input) + input"
    arranges = True
    shares = True

    def check(self, xs: tuple[Shape, ...]) -> None:
        x, like = xs
        if len(x) != 2:
            raise SizeError(
                f"unflatten lays out channels x positions as another value: {show(x)} comes in",
                "flatten(2) puts all axes behind the channels into one",
                code="E307",
            )
        if x[1] != product(like[1:]):
            raise SizeError(
                f"{show(x[1:])} positions cannot be laid out as {show(like[1:])}",
                "give it a value of which flatten(2) makes as many",
                code="E307",
            )

    def torch(self, xs: tuple[Shape, ...]) -> Spelling:
        return Spelling("", template="torch.unflatten({v0}, 2, {v1}.shape[2:])")

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (regrouped(xs[0], ys[k]),)  # nothing is read of the other value

    def in_order(self, xs: tuple[KnownShape, ...], in_order: tuple[bool, ...]) -> bool:
        return in_order[0]
