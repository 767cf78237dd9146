"""Pools whose window slides over the map: the largest number, the mean, or a norm of each region."""

from math import prod
from typing import Any

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Extra, Group, Kept, Layer, Spelling
from cnndsl.layers.formula import (
    AxisRule,
    KnownShape,
    Shape,
    SizeError,
    as_it_comes,
    per_axis,
)
from cnndsl.layers.reach import Reaches, spatial_reach
from cnndsl.layers.types import Extent, Flag, OptionalExtent, OptionalPositive, Padding, PositiveReal
from cnndsl.layers.windows import (
    PAD_SAME,
    Sliding,
    borders,
    check_whole_kernel,
    is_one,
    nearby,
    pool_output,
    pool_sizes,
    pool_words,
    windows,
)

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

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        return self.size_rule(x)


class _Sliding(Pool):
    """A pool whose windows slide over the map."""

    def before(self, x: Shape) -> tuple[int, ...]:
        """The padding before the first place of each axis."""
        pool: Any = self
        padding, dilation = getattr(pool, "padding", 0), getattr(pool, "dilation", 1)
        return tuple(before for before, _ in borders(x, pool.kernel, pool.stride, padding, dilation))

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        pool: Any = self
        moved = per_axis(pool.kernel if pool.stride is None else pool.stride, len(x) - 1, "stride")
        kernels = [("kernel", other) for other in nearby(pool.kernel, least=2)]
        return (*kernels, *(("stride", s) for s in (1, 2) if moved[0] != s), ("ceil_mode", not pool.ceil_mode))


class WithIndices(Pool):
    """A pool that keeps where each number was found."""

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # PyTorch works out where the largest values are even where nobody asks (on the processor not on one axis).
        return Extra(indices=prod(y))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(indices=prod(y)))


def _windows(x: Shape, kernel: Any, stride: Any, padding: Any = 0, dilation: Any = 1) -> Reaches:
    """What a pool reads: its windows, channel by channel."""
    return spatial_reach(x, windows(x, kernel, stride, padding, dilation), channels=True)


def _window_rules(
    x: Shape, y: Shape, kernel: Any, stride: Any, padding: Any = None, dilation: Any = 1, *, ceil: bool
) -> tuple[AxisRule, ...]:
    """Why the windows of a pool give the size `y`."""
    rank = len(x) - 1
    sizes = per_axis(kernel, rank, "kernel")
    sliding = Sliding(
        sizes,
        sizes if stride is None else per_axis(stride, rank, "stride"),
        None
        if padding is None or padding == "same"
        else per_axis(0 if padding == "valid" else padding, rank, "padding"),
        per_axis(dilation, rank, "dilation"),
        ceil=ceil,
        same=padding == "same",
        own_stride=stride is None,
    )
    return (as_it_comes(x, 0, tr("each channel by itself")), *sliding.rules(x, y))


def _without_own_stride(arguments: tuple[Argument, ...], kernel: Any, stride: Any) -> tuple[Argument, ...]:
    """The arguments with the stride left out where it says what PyTorch does anyway: the kernel's size."""
    spelled = Argument("stride", kernel if stride is None else stride, kernel)
    return tuple(spelled if argument.name == "stride" else argument for argument in arguments)


class _Padding(_Sliding):
    """A pool that takes a padding, which may follow from the size of the map."""

    def _number(self) -> Any:
        """The padding as PyTorch's pool takes it; None where it follows from the size of the map."""
        pool: Any = self
        if pool.padding == "valid":
            return 0
        if pool.padding != "same":
            return pool.padding
        kernel = pool.kernel if isinstance(pool.kernel, tuple) else (pool.kernel,)
        is_even = any(type(k) is not int or k % 2 == 0 for k in kernel)
        stride = pool.kernel if pool.stride is None else pool.stride
        if is_even or not is_one(stride) or not is_one(getattr(pool, "dilation", 1)):
            return None
        half = tuple(k // 2 for k in kernel)
        return half if isinstance(pool.kernel, tuple) else half[0]

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
        pool: Any = self
        sides = borders(x, pool.kernel, pool.stride, "same", getattr(pool, "dilation", 1))
        return x[0] * prod(size + sum(both) for size, both in zip(x[1:], sides, strict=True))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        pool: Any = self
        arguments = _without_own_stride(self.arguments(), pool.kernel, pool.stride)
        number = Argument("padding", self._number() or 0, 0)
        return tuple(number if argument.name == "padding" else argument for argument in arguments)


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

    kernel: Extent = Field(description=_KERNEL)
    stride: OptionalExtent = Field(default=None, description=_STRIDE)
    padding: Padding = Field(default=0, description=_PADDING)
    dilation: Extent = Field(default=1, description="distance between the cells of the region")
    ceil_mode: Flag = Field(default=False, description=_CEIL_MODE)

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        return pool_output(x, self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)

    def size_rule(self, x: Shape) -> Shape:
        return pool_sizes(x, self.kernel, self.stride, self.padding, self.dilation, self.ceil_mode)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        return _window_rules(
            x, self.output(x), self.kernel, self.stride, self.padding, self.dilation, ceil=self.ceil_mode
        )

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _windows(x, self.kernel, self.stride, self.padding, self.dilation)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=self._padded(x), indices=prod(y))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        padded = self._padded(x)
        return Kept(inputs=() if padded else (0,), extra=Extra(numbers=padded, indices=prod(y)))

    def words(self, x: Shape) -> str:
        return pool_words(x, self.kernel, self.stride, self.padding)


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

    kernel: Extent = Field(description=_KERNEL)
    stride: OptionalExtent = Field(default=None, description=_STRIDE)
    padding: Padding = Field(default=0, description=_PADDING)
    ceil_mode: Flag = Field(default=False, description=_CEIL_MODE)
    count_include_pad: Flag = Field(default=True, description="whether the zeros of the padding count in the mean")
    divisor: OptionalPositive = Field(
        default=None, description="what the sum is divided by instead of the size of the region; on 2 and 3 axes"
    )

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        if self.divisor is not None and len(x) == 2:
            raise SizeError(
                "avgpool on a signal of channels x length takes no divisor",
                "leave the divisor out, or multiply the result by kernel / divisor",
                code="E312",
            )
        y = pool_output(x, self.kernel, self.stride, self.padding, 1, self.ceil_mode)
        if self._number() is not None:
            check_whole_kernel(x, self.kernel, self.kind)
        return y

    def size_rule(self, x: Shape) -> Shape:
        return pool_sizes(x, self.kernel, self.stride, self.padding, 1, self.ceil_mode)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        return _window_rules(x, self.output(x), self.kernel, self.stride, self.padding, ceil=self.ceil_mode)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _windows(x, self.kernel, self.stride, self.padding)

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

    def words(self, x: Shape) -> str:
        return pool_words(x, self.kernel, self.stride, self.padding)


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

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        y = pool_output(x, self.kernel, self.stride, 0, 1, self.ceil_mode)
        check_whole_kernel(x, self.kernel, self.kind)
        return y

    def size_rule(self, x: Shape) -> Shape:
        return pool_sizes(x, self.kernel, self.stride, 0, 1, self.ceil_mode)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        return _window_rules(x, self.output(x), self.kernel, self.stride, ceil=self.ceil_mode)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _windows(x, self.kernel, self.stride)

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
        return f"{tr('norm')} {self.norm}, {pool_words(x, self.kernel, self.stride)}"
