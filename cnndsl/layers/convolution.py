"""Convolutions: a kernel of numbers laid over the input at every position, multiplied and summed."""

from math import prod
from typing import TYPE_CHECKING, Any

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Products, Spelling, Tensor
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Shape,
    SizeError,
    Term,
    axis_names,
    incoming,
    parameter,
    per_axis,
    show,
)
from cnndsl.layers.parametrizations import SPECTRAL_NORM, WEIGHT_NORM, WithNorm
from cnndsl.layers.reach import Reaches, scattered, spatial_reach
from cnndsl.layers.types import Count, Extent, Flag, Offset, Padding, PaddingMode
from cnndsl.layers.windows import (
    PAD_SAME,
    borders,
    check_border,
    does_not_fit,
    extent,
    is_one,
    kernel_words,
    nearby,
    padding_words,
    reads,
    window_counts,
    window_rules,
    windows,
)
from cnndsl.symbolic.number import is_open


class _Convolution(WithNorm):
    """What the two convolutions share: kernels, groups and a bias, on 1, 2 or 3 spatial axes."""

    group = Group.CONVOLUTION
    ranks = (2, 3, 4)
    torch_names = {"channels": "out_channels", "kernel": "kernel_size"}

    channels: Count = Field(description="number of kernels, and so of output channels")
    kernel: Extent = Field(description="size of each kernel")
    stride: Extent = Field(default=1, description="how far the kernel moves at each step")

    if TYPE_CHECKING:  # each has other parameters before it
        groups: int

    def check(self, x: Shape) -> None:
        self.check_norm()
        if x[0] % self.groups or self.channels % self.groups:
            raise SizeError(
                f"groups={self.groups} must divide the {x[0]} input channels and the {self.channels} kernels",
                "choose a number of groups that divides both",
                code="E304",
            )

    def _kernels(self) -> AxisRule:
        kernels = parameter("channels", self.channels, "channels", meaning=tr("number of kernels"))
        return AxisRule("channels", self.channels, kernels, tr("one for each kernel"))

    def _axes(self, x: Shape, name: str) -> tuple[int, ...]:
        """The number of a parameter for each spatial axis."""
        return per_axis(getattr(self, name), len(x) - 1, name)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return self.kept_with_norm(Kept(inputs=(0,)), x, trained, weight=True)

    def _words(self, x: Shape, *more: str) -> str:
        parts = [trn("{count} filter", "{count} filters", self.channels)]
        parts.append(kernel_words(self._axes(x, "kernel")))
        if any(s != 1 for s in self._axes(x, "stride")):
            parts.append(f"{tr('stride')} {extent(self.stride)}")
        parts += filter(None, (padding_words(self, x), *more))
        if self.groups != 1:
            is_depthwise = self.groups == x[0]
            parts.append(tr("depthwise") if is_depthwise else trn("{count} group", "{count} groups", self.groups))
        if self.normed:
            parts.append(self.normed.replace("_", " "))
        return ", ".join(parts)

    def torch(self, x: Shape) -> Spelling:
        name = self.module_name(len(x) - 1)
        return self.wrapped(Spelling(f"nn.{name}", (Argument("in_channels", x[0]), *self.arguments())))


_CONV_SAME = """\
class Conv{r}dSame(nn.Conv{r}d):
    \"\"\"A convolution that pads as its map needs: its size is divided by the stride.\"\"\"

    def forward(self, input: Tensor) -> Tensor:
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        kernel, stride = list(self.kernel_size), list(self.stride)
        x = pad_same(input, kernel, stride, list(self.dilation), mode)
        return F.conv{r}d(
            x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups
        )
"""


_LAID = "laid over it at every position, from the top left, multiplied with what lies below it and summed"
_DEPTHWISE = f"A depthwise convolution: each input channel has {{}} of its own, which {{}} {_LAID}."
_GROUPED = (
    "A convolution in {groups} groups of channels: each of `channels` kernels belongs to one group, and "
    f"is {_LAID} over the {{channels}} input channels of it."
)


class Conv(_Convolution):
    """A convolution: each of `channels` kernels is laid over the input at every position, from the top
    left, multiplied with what lies below it and summed over all input channels.

    Output along an axis: floor((I - L*(K - 1) - 1 + 2D) / S) + 1 for input I, kernel K, padding D,
    stride S and dilation L (torch.nn.Conv2d); for L = 1 that is (I - K + 2D)/S + 1.
    With padding="same" it is I / S, rounded up, at any stride and for every size that comes in: what has to be added
    is halved, and of an odd number the larger half comes after the map (TensorFlow's SAME, ONNX's SAME_UPPER).
    On 1, 2 or 3 spatial axes, as the input has them: nn.Conv1d, nn.Conv2d, nn.Conv3d.
    """

    kind = "conv"
    module = "Conv{r}d"
    example = "input(3, 32, 32) -> conv(8, 5, stride=2, padding=2)"
    helper = "\n\n".join([PAD_SAME, *(_CONV_SAME.format(r=r) for r in (1, 2, 3))])

    padding: Padding = Field(
        default=0,
        description='rows and columns added on every side; "same" adds what gives the size divided by the stride, '
        '"valid" none',
    )
    dilation: Extent = Field(default=1, description="distance between the cells of the kernel")
    groups: Count = Field(default=1, description="blocks of channels that do not see one another")
    bias: Flag = Field(default=True, description="whether each kernel adds a learned number")
    padding_mode: PaddingMode = Field(default="zeros", description="what the added border holds")
    weight_norm: Flag = Field(default=False, description=WEIGHT_NORM)
    spectral_norm: Flag = Field(default=False, description=SPECTRAL_NORM)

    def check(self, x: Shape) -> None:
        super().check(x)
        # Of an open size with padding="same" and a stride what may be added at most, for the size 1 and all like it.
        given = (1 if is_open(size) else size for size in x[1:])
        before, after = zip(
            *(along.border(size) for along, size in zip(windows(self, x), given, strict=True)), strict=True
        )
        check_border(x, before, after, self.padding_mode, "padding_mode")
        y = self.size_rule(x)
        if self.padding != "same" and any(size < 1 for size in y[1:]):
            raise does_not_fit(self, x)

    def size_rule(self, x: Shape) -> Shape:
        return (self.channels, *window_counts(self, x))

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return self.with_norm((self.channels, x[0] // self.groups, *self._axes(x, "kernel")), self.channels)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        return (self._kernels(), *window_rules(self, x, self.output(x)))

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        moves = any(s != 1 for s in self._axes(x, "stride"))
        strides = [1 if moves else 2]
        kernel = self._axes(x, "kernel")
        borders: list[Any] = [0, 1, kernel[0] // 2] if len(set(kernel)) == 1 else [0]
        borders += [] if moves else ["same"]
        return (
            *(("kernel", other) for other in nearby(self.kernel)),
            *(("stride", other) for other in strides),
            *(("padding", other) for other in dict.fromkeys(borders) if other != self.padding),
        )

    def products(self, x: Shape, y: Shape) -> Products:
        # Each output number is a sum over the input channels of its group and the kernel.
        return ((*y, x[0] // self.groups, *self._axes(x, "kernel")),)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return spatial_reach(x, reads(self, x), channels=False)

    def _padded(self, x: KnownShape) -> int:
        """How many numbers a padded copy of the input has; 0 where PyTorch pads on the way, with zeros and evenly."""
        own = self.padding == "same" and not is_one(self.stride)
        around = borders(self, x)
        odd = [after - before for before, after in around]
        sides = odd if self.padding_mode == "zeros" and not own else [sum(both) for both in around]
        copied = own or self.padding_mode != "zeros" or any(odd)
        return x[0] * prod(i + more for i, more in zip(x[1:], sides, strict=True)) if copied else 0

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return None if self.normed else Extra(numbers=self._padded(x))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        padded = self._padded(x)
        # The mirrored and the repeated border are taken back by a function that wants to see the input once more.
        original = not padded or (gradient and self.padding_mode in ("reflect", "replicate"))
        kept = Kept(inputs=(0,) if original else (), extra=Extra(numbers=padded) if padded else NOTHING)
        return self.kept_with_norm(kept, x, trained, weight=True)

    def torch(self, x: Shape) -> Spelling:
        if self.padding != "same" or is_one(self.stride):
            return super().torch(x)
        names = ("channels", "kernel", "stride", "dilation", "groups", "bias", "padding_mode")
        name = f"{self.module_name(len(x) - 1)}Same"
        return self.wrapped(Spelling(name, (Argument("in_channels", x[0]), *self.arguments(*names))))

    def does(self, x: Shape) -> str:
        if self.groups == 1:
            return super().does(x)
        if self.groups == x[0]:
            each = self.channels // self.groups
            return trn(_DEPTHWISE.format("one kernel", "is"), _DEPTHWISE.format("{count} kernels", "are"), each)
        return tr(_GROUPED, groups=self.groups, channels=show((x[0] // self.groups,)))

    def words(self, x: Shape) -> str:
        spread = any(d != 1 for d in self._axes(x, "dilation"))
        return self._words(x, f"{tr('dilation')} {extent(self.dilation)}" if spread else "")


class ConvTranspose(_Convolution):
    """A transposed convolution: each number of the input is multiplied with a kernel, which is laid onto the
    output, `stride` places after the one before; where kernels overlap they are added.  With a stride it makes
    a map larger: the way up in decoders and generators.

    Output along an axis: (I - 1)*S - 2D + L*(K - 1) + O + 1 for input I, stride S, padding D,
    dilation L, kernel K and output padding O (torch.nn.ConvTranspose2d).
    """

    kind = "conv_transpose"
    outputs_axis = 1
    module = "ConvTranspose{r}d"
    example = "input(16, 8, 8) -> conv_transpose(8, 2, stride=2)"

    padding: Offset = Field(default=0, description="rows and columns taken away on every side of the output")
    output_padding: Offset = Field(
        default=0,
        description="rows and columns added at the end, to choose among the sizes that a stride makes equal",
    )
    groups: Count = Field(default=1, description="blocks of channels that do not see one another")
    bias: Flag = Field(default=True, description="whether each kernel adds a learned number")
    dilation: Extent = Field(default=1, description="distance between the cells of the kernel")
    weight_norm: Flag = Field(default=False, description=WEIGHT_NORM)
    spectral_norm: Flag = Field(default=False, description=SPECTRAL_NORM)

    def check(self, x: Shape) -> None:
        super().check(x)
        stride = self._axes(x, "stride")
        padding = self._axes(x, "padding")
        extra = self._axes(x, "output_padding")
        dilation = self._axes(x, "dilation")
        if any(o >= max(s, d) for o, s, d in zip(extra, stride, dilation, strict=True)):
            raise SizeError(
                f"output_padding {extent(extra)} must be smaller than the stride or the dilation",
                "output_padding picks one of the sizes between two strides: use at most stride - 1",
                code="E312",
            )
        y = self.size_rule(x)
        if any(size < 1 for size in y[1:]):
            raise SizeError(
                f"padding {extent(padding)} takes away all of the output: it would be {show(y[1:])}",
                "conv_transpose's padding makes the output smaller: use less of it, or a larger kernel",
            )

    def size_rule(self, x: Shape) -> Shape:
        names = ("kernel", "stride", "padding", "output_padding", "dilation")
        axes = zip(x[1:], *(self._axes(x, name) for name in names), strict=True)
        return (self.channels, *((i - 1) * s - 2 * p + d * (k - 1) + o + 1 for i, k, s, p, o, d in axes))

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return self.with_norm((x[0], self.channels // self.groups, *self._axes(x, "kernel")), self.channels)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        return (self._kernels(), *(self._rule(x, y[axis], axis) for axis in range(1, len(x))))

    def _rule(self, x: Shape, size: Dim, axis: int) -> AxisRule:
        kernel, stride, padding, dilation, extra = (
            self._axes(x, name)[axis - 1] for name in ("kernel", "stride", "padding", "dilation", "output_padding")
        )
        span: Term = parameter("K", kernel, "kernel")
        formula = (incoming(x, axis) - 1) * parameter("S", stride, "stride") - 2 * parameter("D", padding, "padding")
        spread = parameter("L", dilation, "dilation") * (span - 1) + 1
        formula = formula + (span if dilation == 1 else spread)
        if extra:
            formula = formula + parameter("O", extra, "output_padding")
        return AxisRule(axis_names(x)[axis], size, formula)

    def variations(self, x: Shape) -> tuple[tuple[str, Any], ...]:
        return (
            *(("kernel", other) for other in nearby(self.kernel)),
            ("stride", 1 if any(s != 1 for s in self._axes(x, "stride")) else 2),
            ("padding", 0 if any(self._axes(x, "padding")) else 1),
        )

    def products(self, x: Shape, y: Shape) -> Products:
        # Each input number is multiplied with a kernel for every output channel of its group.
        return ((*x, self.channels // self.groups, *self._axes(x, "kernel")),)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        axes = zip(*(self._axes(x, name) for name in ("kernel", "stride", "padding", "dilation")), strict=True)
        return spatial_reach(x, [scattered(*axis) for axis in axes], channels=False)

    def words(self, x: Shape) -> str:
        return self._words(x)
