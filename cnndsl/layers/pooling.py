"""Pools: the largest number, the mean or a norm of each region of a map, by its size or by how many there are."""

from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Extra, Group, Kept, Layer, Spelling, times
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Shape,
    SizeError,
    as_it_comes,
    axis_names,
    parameter,
    per_axis,
    show,
)
from cnndsl.layers.reach import Reaches, mixing, regions, spatial_reach
from cnndsl.layers.types import Extent, Flag, OptionalExtent, OptionalPositive, Padding, PositiveReal
from cnndsl.layers.windows import (
    PAD_SAME,
    UNITS,
    borders,
    does_not_fit,
    extent,
    is_one,
    nearby,
    reads,
    window_counts,
    window_rules,
    window_words,
    windows,
)
from cnndsl.symbolic.number import is_open, value_of

_KERNEL = "size of the region"
_STRIDE = "how far the region moves at each step; the kernel's size unless given"
_PADDING = (
    'rows and columns added on every side, at most half of the kernel; "same" adds what gives the size divided by the '
    'stride, rounded up, "valid" none'
)
_CEIL_MODE = "whether a region that hangs over the end still counts"


class Pool(Layer):
    """A layer that holds nothing; its function takes the module's arguments."""

    group = Group.POOLING
    ranks = (2, 3, 4)


class _Sliding(Pool):
    """A pool whose windows slide over the map."""

    if TYPE_CHECKING:  # a pool may have other parameters before and between these
        kernel: Any
        stride: Any
        ceil_mode: bool

    def check(self, x: Shape) -> None:
        along = windows(self, x)
        is_same = any(each.padding is None for each in along)
        if is_same and self.ceil_mode:
            raise SizeError(
                'ceil_mode has no effect beside padding="same", which gives a size that is rounded up',
                "leave ceil_mode out",
                code="E305",
            )
        if any(2 * each.padding > each.kernel for each in along if each.padding is not None):
            padding, kernel = tuple(each.padding for each in along), tuple(each.kernel for each in along)
            raise SizeError(
                f"padding {extent(padding)} is more than half of the kernel {times(kernel)}",
                "a pool's padding is at most half of its kernel, without the dilation; for more, put a pad before it",
                code="E305",
            )
        y = self.size_rule(x)
        if not is_same and any(size < 1 for size in y[1:]):
            raise does_not_fit(self, x, pool=True)

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], *window_counts(self, x))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        return (as_it_comes(x, 0, tr("each channel by itself")), *window_rules(self, x, self.output(x)))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return spatial_reach(x, reads(self, x), channels=True)

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        moved = windows(self, x)[0].stride
        kernels = [("kernel", other) for other in nearby(self.kernel, least=2)]
        return (*kernels, *(("stride", s) for s in (1, 2) if moved != s), ("ceil_mode", not self.ceil_mode))

    def words(self, x: Shape) -> str:
        return window_words(self, x)

    def _check_whole_kernel(self, x: Shape) -> None:
        """Raise SizeError where a map of depth x height x width is smaller than the kernel before padding.

        PyTorch's average pools on three axes ask for that; the others do not.
        """
        kernel = tuple(each.kernel for each in windows(self, x))
        if len(x) == 4 and any(i < k for i, k in zip(x[1:], kernel, strict=True)):
            raise SizeError(
                f"{self.kind} on three axes needs a map of at least its kernel {times(kernel)}, "
                f"and it is {show(x[1:])}",
                "use a smaller kernel, or put a pad before it",
            )


class WithIndices(Pool):
    """A pool that keeps where each number was found."""

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # PyTorch works out where the largest values are even where nobody asks (on the processor not on one axis).
        return Extra(indices=prod(y))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(indices=prod(y)))


class _Padding(_Sliding):
    """A pool that takes a padding, which may follow from the size of the map."""

    kernel: Extent = Field(description=_KERNEL)
    stride: OptionalExtent = Field(default=None, description=_STRIDE)
    padding: Padding = Field(default=0, description=_PADDING)

    def _number(self) -> Any:
        """The padding as PyTorch's pool takes it; None where it follows from the size of the map."""
        if self.padding == "valid":
            return 0
        if self.padding != "same":
            return self.padding
        kernel = self.kernel if isinstance(self.kernel, tuple) else (self.kernel,)
        is_even = any(type(k) is not int or k % 2 == 0 for k in kernel)
        stride = self.kernel if self.stride is None else self.stride
        if is_even or not is_one(stride) or not is_one(getattr(self, "dilation", 1)):
            return None
        half = tuple(k // 2 for k in kernel)
        return half if isinstance(self.kernel, tuple) else half[0]

    def torch(self, x: Shape) -> Spelling:
        spelling = super().torch(x)
        if self._number() is not None:
            return spelling
        own = {"padding", "ceil_mode"}
        arguments = tuple(argument for argument in spelling.arguments if argument.name not in own)
        return Spelling(f"{self.module_name(len(x) - 1)}Same", arguments)

    def function(self, x: Shape) -> Spelling | None:
        return None if self._number() is None else super().function(x)

    def _padded(self, x: KnownShape) -> int:
        """How many numbers a padded copy of the input has; 0 where PyTorch pads on the way."""
        if self._number() is not None:
            return 0
        return x[0] * prod(size + sum(both) for size, both in zip(x[1:], borders(self, x), strict=True))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        # The stride is left out where it says what PyTorch does anyway: the kernel's size.
        stride = Argument("stride", self.kernel if self.stride is None else self.stride, self.kernel)
        own = {"stride": stride, "padding": Argument("padding", self._number() or 0, 0)}
        return tuple(own.get(argument.name, argument) for argument in self.arguments())


_SPREAD = """\
def spread(size: Any, axes: int) -> list[int]:
    \"\"\"One number for each axis.\"\"\"
    return [size] * axes if isinstance(size, int) else list(size)
"""
_MAX_SAME = """\
class MaxPool{r}dSame(nn.MaxPool{r}d):
    \"\"\"A max pooling that pads as its map needs: its size is divided by the stride.\"\"\"

    def __init__(self, kernel_size: Any, stride: Any = None, dilation: Any = 1) -> None:
        super().__init__(kernel_size, stride, dilation=dilation)
        self.window = spread(kernel_size, {r})
        self.steps = spread(self.stride, {r})
        self.distance = spread(dilation, {r})

    def forward(self, input: Tensor) -> Tensor:
        x = pad_same(input, self.window, self.steps, self.distance, value=float("-inf"))
        return F.max_pool{r}d(x, self.window, self.steps, 0, self.distance)
"""
# The border is worked out once: where `pad_same` is inlined twice, TorchScript's optimiser lets go of a map too early.
_AVG_SAME = """\
class AvgPool{r}dSame(nn.AvgPool{r}d):
    \"\"\"An average pooling that pads as its map needs: its size is divided by the stride.\"\"\"

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(
            kernel_size,
            stride,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )
        self.window = spread(kernel_size, {r})
        self.steps = spread(self.stride, {r})

    def forward(self, input: Tensor) -> Tensor:
        border = same_border(input, self.window, self.steps, [1] * {r})
        padded = F.pad(input, border)
        y = F.avg_pool{r}d(
            padded, self.window, self.steps, divisor_override=self.divisor_override
        )
        if self.count_include_pad or self.divisor_override is not None:
            return y
        ones = {ones}
        return y / F.avg_pool{r}d(ones, self.window, self.steps)
"""
_ONES_3D = """\
F.pad(
            input.new_ones(1, 1, input.shape[2], input.shape[3], input.shape[4]), border
        )"""
_AVG_SAME_ND = (
    _AVG_SAME.format(r=2, ones="F.pad(input.new_ones(1, 1, input.shape[2], input.shape[3]), border)"),
    _AVG_SAME.format(r=3, ones=_ONES_3D),
)
_AVG_SAME_1D = """\
class AvgPool1dSame(nn.AvgPool1d):
    \"\"\"An average pooling that pads as its signal needs: its length is divided by the stride.\"\"\"

    def __init__(
        self, kernel_size: Any, stride: Any = None, count_include_pad: bool = True
    ) -> None:
        super().__init__(kernel_size, stride, count_include_pad=count_include_pad)
        self.window = spread(kernel_size, 1)
        self.steps = spread(self.stride, 1)

    def forward(self, input: Tensor) -> Tensor:
        border = same_border(input, self.window, self.steps, [1])
        padded = F.pad(input, border)
        y = F.avg_pool1d(padded, self.window, self.steps)
        if self.count_include_pad:
            return y
        ones = F.pad(input.new_ones(1, 1, input.shape[2]), border)
        return y / F.avg_pool1d(ones, self.window, self.steps)
"""


class MaxPool(_Padding, WithIndices):
    """Max pooling: the map is cut into regions, and each keeps its largest value.

    Output along an axis: floor((I + 2D - L*(K - 1) - 1) / S) + 1 for input I, kernel K, padding D, stride S
    and dilation L (torch.nn.MaxPool2d); with `ceil_mode` the division rounds up. With padding="same" it is I / S,
    rounded up, for every size that comes in; what is added counts as smaller than any number.
    """

    kind = "maxpool"
    module = "MaxPool{r}d"
    call = "F.max_pool{r}d"
    example = "input(8, 28, 28) -> maxpool(2)"
    helper = "\n\n".join([PAD_SAME, _SPREAD, *(_MAX_SAME.format(r=r) for r in (1, 2, 3))])
    torch_names = {"kernel": "kernel_size"}

    dilation: Extent = Field(default=1, description="distance between the cells of the region")
    ceil_mode: Flag = Field(default=False, description=_CEIL_MODE)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=self._padded(x), indices=prod(y))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        padded = self._padded(x)
        return Kept(inputs=() if padded else (0,), extra=Extra(numbers=padded, indices=prod(y)))


class AvgPool(_Padding):
    """Average pooling: the map is cut into regions, and each keeps its mean.

    Output along an axis: floor((I + 2D - K) / S) + 1 for input I, kernel K, padding D and stride S
    (torch.nn.AvgPool2d); with `ceil_mode` the division rounds up. With padding="same" it is I / S, rounded up, for
    every size that comes in; in TensorFlow what is added does not count in the mean, which is count_include_pad=false.
    """

    kind = "avgpool"
    module = "AvgPool{r}d"
    call = "F.avg_pool{r}d"
    example = "input(8, 28, 28) -> avgpool(2)"
    helper = "\n\n".join([PAD_SAME, _SPREAD, _AVG_SAME_1D, *_AVG_SAME_ND])
    torch_names = {"kernel": "kernel_size", "divisor": "divisor_override"}

    ceil_mode: Flag = Field(default=False, description=_CEIL_MODE)
    count_include_pad: Flag = Field(default=True, description="whether the zeros of the padding count in the mean")
    divisor: OptionalPositive = Field(
        default=None, description="what the sum is divided by instead of the size of the region; on 2 and 3 axes"
    )

    def check(self, x: Shape) -> None:
        if self.divisor is not None and len(x) == 2:
            raise SizeError(
                "avgpool on a signal of channels x length takes no divisor",
                "leave the divisor out, or multiply the result by kernel / divisor",
                code="E312",
            )
        super().check(x)
        if self._number() is not None:
            self._check_whole_kernel(x)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        padded, counts = self._padded(x), self._counts(x, y)
        # The places that lie on the map are counted in one channel of one sample.
        plane = padded // x[0] + prod(y[1:]) if counts else 0
        return Extra(numbers=padded + counts, shared=plane)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        padded = self._padded(x)
        if not padded:
            return Kept(inputs=(0,))
        # The division keeps how many places of each window lie on the map, which is the same for the whole batch.
        return Kept(extra=Extra(numbers=padded, shared=prod(y[1:]) if self._counts(x, y) else 0))

    def _counts(self, x: KnownShape, y: KnownShape) -> int:
        """How many numbers the sums have that are divided by how many places of each window lie on the map."""
        divides = self._padded(x) and not self.count_include_pad and self.divisor is None
        return prod(y) if divides else 0

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        left_out = {"divisor_override"} if len(x) == 2 else set()
        return tuple(argument for argument in super().spelled(x) if argument.name not in left_out)


class LPPool(_Sliding):
    """Power-average pooling: each region gives the n-th root of the sum of its values to the power n.

    f(X) = (sum of x**n over the region)**(1/n) (torch.nn.LPPool2d): n = 1 is the sum, a large n nears the maximum.
    Output along an axis: floor((I - K) / S) + 1.
    """

    kind = "lppool"
    module = "LPPool{r}d"
    call = "F.lp_pool{r}d"
    example = "input(8, 29, 29) -> lppool(2, 3, stride=2)"
    torch_names = {"norm": "norm_type", "kernel": "kernel_size"}

    norm: PositiveReal = Field(description="the power n")
    kernel: Extent = Field(description=_KERNEL)
    stride: OptionalExtent = Field(default=None, description=_STRIDE)
    ceil_mode: Flag = Field(default=False, description=_CEIL_MODE)

    def check(self, x: Shape) -> None:
        super().check(x)
        self._check_whole_kernel(x)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # F.lp_pool2d takes the power, the mean, its sign and size apart, and a root, each step a tensor of its own.
        return Extra(numbers=max(prod(x), 3 * prod(y)))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=prod(x) + 4 * prod(y)))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        kernel = self.kernel
        if len(x) == 2 and isinstance(kernel, tuple) and len(kernel) == 1:
            kernel = kernel[0]  # nn.LPPool1d multiplies by its kernel, which must be a number
        # A stride stays as it was written, for nn.LPPool2d tells None from the kernel's size when it is printed.
        spelled = Argument("kernel_size", kernel)
        return tuple(spelled if argument.name == "kernel_size" else argument for argument in self.arguments())

    def words(self, x: Shape) -> str:
        return f"{tr('norm')} {self.norm}, {super().words(x)}"


_MOST_REGIONS = 8
"""More regions than this are not listed."""


class _AdaptivePool(Pool):
    """A pool that is told the size of what comes out, not of its regions."""

    torch_names = {"size": "output_size"}

    size: Extent = Field(description="size of what comes out")

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], *per_axis(self.size, len(x) - 1, "size"))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        rules = (self._rule(x[axis], y[axis], axis_names(x)[axis]) for axis in range(1, len(x)))
        return (as_it_comes(x, 0, tr("each channel by itself")), *rules)

    def _rule(self, size: Dim, count: Dim, name: str) -> AxisRule:
        asked = parameter("size", count, "size")
        first, last = f"floor(i*{size} / {count})", f"ceil((i + 1)*{size} / {count}) - 1"
        note = tr("region i reads the {places} {first} to {last}", places=tr(f"{UNITS[name]}s"), first=first, last=last)
        if not is_open(size) and count <= _MOST_REGIONS:
            regions = ((i * size // count, -(-(i + 1) * size // count) - 1) for i in range(value_of(count)))
            note += ": " + ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in regions)
        return AxisRule(name, count, asked, tr("as asked for"), () if count == 1 else (note,))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return regions(x, y)

    def words(self, x: Shape) -> str:
        return tr("to {size}", size=times(per_axis(self.size, len(x) - 1, "size")))


class AdaptiveAvgPool(_AdaptivePool):
    """Adaptive average pooling: whatever comes in is cut into `size` regions, and each keeps its mean.

    Region i of n along an axis of I goes from floor(i*I/n) to ceil((i + 1)*I/n) (torch.nn.AdaptiveAvgPool2d).
    """

    kind = "adaptive_avgpool"
    module = "AdaptiveAvgPool{r}d"
    call = "F.adaptive_avg_pool{r}d"
    example = "input(512, 7, 7) -> adaptive_avgpool(1)"

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        # To one number a channel it is a plain mean.
        return Kept() if prod(y[1:]) == 1 else Kept(inputs=(0,))


class AdaptiveMaxPool(WithIndices, _AdaptivePool):
    """Adaptive max pooling: whatever comes in is cut into `size` regions, and each keeps its largest value.

    Region i of n along an axis of I goes from floor(i*I/n) to ceil((i + 1)*I/n) (torch.nn.AdaptiveMaxPool2d).
    """

    kind = "adaptive_maxpool"
    module = "AdaptiveMaxPool{r}d"
    call = "F.adaptive_max_pool{r}d"
    example = "input(512, 7, 7) -> adaptive_maxpool([2, 3])"


class _GlobalPool(Pool):
    """An adaptive pool to one number a channel; the axes stay, with size 1."""

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], *(1 for _ in x[1:]))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        rules = (AxisRule(name, 1, words=tr("one number for the whole channel")) for name in axis_names(x)[1:])
        return (as_it_comes(x, 0, tr("each channel by itself")), *rules)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, range(1, len(x)))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("output_size", 1),)


class GlobalAvgPool(_GlobalPool):
    """Global average pooling: the mean of each channel; nn.AdaptiveAvgPool2d(1)."""

    kind = "global_avgpool"
    module = "AdaptiveAvgPool{r}d"
    call = "F.adaptive_avg_pool{r}d"
    example = "input(512, 7, 7) -> global_avgpool"
    keeps = Kept()


class GlobalMaxPool(WithIndices, _GlobalPool):
    """Global max pooling: the largest value of each channel; nn.AdaptiveMaxPool2d(1)."""

    kind = "global_maxpool"
    module = "AdaptiveMaxPool{r}d"
    call = "F.adaptive_max_pool{r}d"
    example = "input(512, 7, 7) -> global_maxpool"
