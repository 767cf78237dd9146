"""Convolutions: a kernel of numbers laid over the input at every position, multiplied and summed."""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from pydantic import Field

from cnndsl.layers.base import Argument, Group, Layer, Spelling, Tensor, times
from cnndsl.layers.fields import Count, Extent, Flag, Padding, PaddingMode, Positive
from cnndsl.layers.sizes import Shape, SizeError, per_axis, show, window_size


class Conv(Layer):
    """A convolution: each of `channels` kernels runs over all channels of the input.

    On 1, 2 or 3 spatial axes, as the input has them: `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d`.
    Output along an axis: floor((I - L*(K - 1) - 1 + 2D) / S) + 1 for input I, kernel K, padding D,
    stride S and dilation L.
    """

    kind: ClassVar[str] = "conv"
    group: ClassVar[Group] = Group.CONVOLUTION
    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 5, stride=2, padding=2)"

    channels: Count = Field(description="number of kernels, and so of output channels")
    kernel: Extent = Field(description="size of each kernel")
    stride: Extent = Field(default=1, description="how far the kernel moves at each step")
    padding: Padding = Field(default=0, description='rows and columns added on every side; "same" keeps the size, "valid" adds none')
    dilation: Extent = Field(default=1, description="distance between the cells of the kernel")
    groups: Positive = Field(default=1, description="blocks of channels that do not see one another")
    bias: Flag = Field(default=True, description="whether each kernel adds a learned number")
    padding_mode: PaddingMode = Field(default="zeros", description="what the added border holds")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        rank = len(x) - 1
        kernel, stride, dilation = self._axes(rank)
        if x[0] % self.groups or self.channels % self.groups:
            raise SizeError(
                f"groups={self.groups} must divide the {x[0]} input channels and the {self.channels} kernels",
                "choose a number of groups that divides both",
                code="E304",
            )
        if self.padding == "same":
            if any(s != 1 for s in stride):
                raise SizeError(
                    'padding="same" needs stride 1',
                    f"write the padding as a number: padding={(dilation[0] * (kernel[0] - 1)) // 2}",
                    code="E305",
                )
            return (self.channels, *x[1:])
        padding = self._padding(rank)
        y = tuple(window_size(*axis) for axis in zip(x[1:], kernel, padding, stride, dilation, strict=True))
        if any(size < 1 for size in y):
            raise _does_not_fit(x, kernel, padding, dilation)
        return (self.channels, *y)

    def _axes(self, rank: int) -> tuple[tuple[int, ...], ...]:
        return (
            per_axis(self.kernel, rank, "kernel"),
            per_axis(self.stride, rank, "stride"),
            per_axis(self.dilation, rank, "dilation"),
        )

    def _padding(self, rank: int) -> tuple[int, ...]:
        return per_axis(0 if self.padding == "valid" else self.padding, rank, "padding")

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        kernel = per_axis(self.kernel, len(x) - 1, "kernel")
        weight = Tensor("weight", (self.channels, x[0] // self.groups, *kernel))  # type: ignore[arg-type]
        return (weight, Tensor("bias", (self.channels,))) if self.bias else (weight,)

    def macs(self, x: Shape, y: Shape) -> int:
        kernel = per_axis(self.kernel, len(x) - 1, "kernel")
        return prod(kernel) * (x[0] // self.groups) * prod(y)  # type: ignore[arg-type]

    def torch(self, x: Shape) -> Spelling:
        return Spelling(
            f"nn.{self.module_name(len(x) - 1)}",
            (
                Argument("in_channels", x[0]),
                Argument("out_channels", self.channels),
                Argument("kernel_size", self.kernel),
                Argument("stride", self.stride, 1),
                Argument("padding", self.padding, 0),
                Argument("dilation", self.dilation, 1),
                Argument("groups", self.groups, 1),
                Argument("bias", self.bias, True),
                Argument("padding_mode", self.padding_mode, "zeros"),
            ),
        )

    def words(self, x: Shape) -> str:
        rank = len(x) - 1
        parts = [f"{self.channels} filters", times(per_axis(self.kernel, rank, "kernel"))]
        if any(s != 1 for s in per_axis(self.stride, rank, "stride")):
            parts.append(f"stride {times(self.stride)}")
        if isinstance(self.padding, str):
            parts.append(self.padding)
        elif any(per_axis(self.padding, rank, "padding")):
            parts.append(f"padding {times(self.padding)}")
        if self.groups != 1:
            parts.append("depthwise" if self.groups == x[0] else f"{self.groups} groups")
        return ", ".join(parts)

    @classmethod
    def module_name(cls, rank: int) -> str:
        return f"Conv{rank}d"


def _does_not_fit(x: Shape, kernel: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]) -> SizeError:
    sizes = zip(x[1:], kernel, padding, dilation, strict=True)
    needed = max(-(-(d * (k - 1) + 1 - i) // 2) for i, k, _, d in sizes)
    largest = min(i + 2 * p for i, p in zip(x[1:], padding, strict=True))
    spread = f" with dilation {times(dilation)}" if any(d != 1 for d in dilation) else ""
    padded = f" with padding {times(padding)}" if any(padding) else ""
    return SizeError(
        f"kernel {times(kernel)}{spread} does not fit an input of {show(x[1:])}{padded}",
        f"add padding={needed} or more, use a kernel of at most {largest}, or drop a pooling step before it",
    )
