"""Activations along one axis: a function of all the numbers on it."""

from typing import ClassVar

from pydantic import Field

from cnndsl.layers.activation import Activation, Side
from cnndsl.layers.base import Argument, Spelling
from cnndsl.layers.fields import Axis
from cnndsl.layers.formula import AxisRule, as_it_comes, axis_names, incoming
from cnndsl.layers.reach import Reaches, same, whole
from cnndsl.layers.sizes import KnownShape, Shape, SizeError, show
from cnndsl.layers.values import axis_index


def _over(x: Shape, at: int) -> Reaches:
    """Each number of the output is made of all those along one axis."""
    return (*same(x[:at]), whole(x[at]), *same(x[at + 1 :], first=at + 1))


class _Shares(Activation):
    """A softmax along one axis; PyTorch wants to be told which."""

    torch_names: ClassVar[dict[str, str]] = {"axis": "dim"}
    pointwise: ClassVar[bool] = False
    backward_from: ClassVar[Side] = "output"

    axis: Axis = Field(default=1, description="the axis whose shares add up to 1, the batch being axis 0")

    def output(self, x: Shape) -> Shape:
        axis_index(self.axis, x, self.kind)
        return x

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _over(x, axis_index(self.axis, x, self.kind))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return True

    def torch(self, x: Shape) -> Spelling:
        return Spelling(f"nn.{self.module}", (Argument("dim", self.axis, None),))

    def function(self, x: Shape) -> Spelling | None:
        return Spelling(self.call, (Argument("dim", self.axis, None),))


class Softmax(_Shares):
    """Numbers become shares that add up to 1: exp(x_i) / sum of exp(x_j) along the axis (torch.nn.Softmax).

    Not before a cross-entropy loss, which has it built in.
    """

    kind: ClassVar[str] = "softmax"
    module: ClassVar[str] = "Softmax"
    call: ClassVar[str] = "F.softmax"
    example: ClassVar[str] = "input(16, 100) -> conv(1, 1) -> softmax(axis=2)"


class LogSoftmax(_Shares):
    """The logarithm of softmax, computed in one step because that is more exact (torch.nn.LogSoftmax)."""

    kind: ClassVar[str] = "log_softmax"
    module: ClassVar[str] = "LogSoftmax"
    call: ClassVar[str] = "F.log_softmax"
    example: ClassVar[str] = "input(256) -> linear(10) -> log_softmax"


class GLU(Activation):
    """The gated linear unit: one half of the numbers along an axis, times the sigmoid of the other half
    (torch.nn.GLU; Dauphin et al., 2017).  Halves the axis, which is the last one unless given.
    """

    kind: ClassVar[str] = "glu"
    pointwise: ClassVar[bool] = False
    module: ClassVar[str] = "GLU"
    call: ClassVar[str] = "F.glu"
    example: ClassVar[str] = "input(1, 16000) -> conv(64, 9) -> glu(axis=1)"
    torch_names: ClassVar[dict[str, str]] = {"axis": "dim"}

    axis: Axis = Field(default=-1, description="the axis that is halved, the batch being axis 0")

    def output(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "glu")
        if x[at] % 2:
            raise SizeError(
                f"glu halves an axis, and axis {self.axis} of {show(x)} is odd",
                "choose an axis of even size: axis=1 for the channels",
                code="E304",
            )
        return self.size_rule(x)

    def size_rule(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "glu")
        return (*x[:at], x[at] // 2, *x[at + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, x, "glu")
        half = AxisRule(
            axis_names(x)[at], x[at] // 2, incoming(x, at) / 2, notes=("one half is the gate of the other",)
        )
        return tuple(half if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _over(x, axis_index(self.axis, x, "glu"))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return True
