"""Activations that are smooth, and those that share out among the numbers along one axis."""

from math import prod
from typing import Literal

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.activation import INPLACE, Activation, Inplace, TwoSteps
from cnndsl.layers.base import Argument, Extra, Kept, declare
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, as_it_comes, axis_names, incoming, show
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import Reaches, mixing
from cnndsl.layers.types import Axis, Flag, Real


class ELU(Activation):
    """The exponential linear unit: x if x > 0, else alpha * (exp(x) - 1) (torch.nn.ELU; Clevert et al., 2016)."""

    kind = "elu"
    example = "input(3, 32, 32) -> conv(8, 3) -> elu"

    alpha: Real = Field(default=1.0, description="what it nears for very negative numbers, with a minus")
    inplace: Flag = Field(default=False, description=INPLACE)


class CELU(Activation):
    """An ELU that is smooth for every alpha: max(0, x) + min(0, alpha * (exp(x / alpha) - 1))
    (torch.nn.CELU; Barron, 2017).
    """

    kind = "celu"
    example = "input(3, 32, 32) -> conv(8, 3) -> celu"

    alpha: Real = Field(default=1.0, description="what it nears for very negative numbers, with a minus; not 0")
    inplace: Flag = Field(default=False, description=INPLACE)

    def check(self, x: Shape) -> None:
        if self.alpha == 0:
            raise SizeError("celu divides by alpha, and alpha is 0", "use relu for alpha = 0", code="E312")


class GELU(Activation):
    """The Gaussian error linear unit: x times the share of the normal distribution below x
    (torch.nn.GELU; Hendrycks and Gimpel, 2016).
    """

    kind = "gelu"
    example = "input(3, 32, 32) -> conv(8, 3) -> gelu"

    approximate: Literal["none", "tanh"] = Field(default="none", description="how it is computed")


class Softplus(Activation):
    """A smooth ReLU: log(1 + exp(beta * x)) / beta (torch.nn.Softplus)."""

    kind = "softplus"
    example = "input(256) -> linear(1) -> softplus"

    beta: Real = Field(default=1.0, description="how sharp the bend is")
    threshold: Real = Field(default=20.0, description="above it, for beta * x, the function is x itself")


class Tanhshrink(TwoSteps):  # tanh(x)
    """What is left of a number without its hyperbolic tangent: x - tanh(x) (torch.nn.Tanhshrink)."""

    kind = "tanhshrink"
    example = "input(256) -> linear(64) -> tanhshrink"

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(extra=Extra(numbers=prod(x)))


class _Shares(Activation):
    """A softmax along one axis; PyTorch wants to be told which."""

    torch_names = {"axis": "dim"}
    along = True
    pointwise = False
    backward_from = "output"

    axis: Axis = Field(default=1, description="the axis whose shares add up to 1, the batch being axis 0")

    def check(self, x: Shape) -> None:
        axis_index(self.axis, x, self.kind)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (axis_index(self.axis, x, self.kind),))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return True

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("dim", self.axis, None),)


class Softmax(_Shares):
    """Numbers become shares that add up to 1: exp(x_i) / sum of exp(x_j) along the axis (torch.nn.Softmax).

    Not before a cross-entropy loss, which has it built in.
    """

    kind = "softmax"
    example = "input(16, 100) -> conv(1, 1) -> softmax(axis=2)"


class Softmin(_Shares):
    """A softmax that gives the smallest number the largest share: softmax(-x) (torch.nn.Softmin)."""

    kind = "softmin"
    example = "input(256) -> linear(10) -> softmin"

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))  # -x


class GLU(Activation):
    """The gated linear unit: one half of the numbers along an axis, times the sigmoid of the other half
    (torch.nn.GLU; Dauphin et al., 2017).  Halves the axis, which is the last one unless given.
    """

    kind = "glu"
    pointwise = False
    example = "input(1, 16000) -> conv(64, 9) -> glu(axis=1)"
    torch_names = {"axis": "dim"}
    along = True

    axis: Axis = Field(default=-1, description="the axis that is halved, the batch being axis 0")

    def check(self, x: Shape) -> None:
        at = axis_index(self.axis, x, "glu")
        if x[at] % 2:
            raise SizeError(
                f"glu halves an axis, and axis {self.axis} of {show(x)} is odd",
                "choose an axis of even size: axis=1 for the channels",
                code="E304",
            )

    def size_rule(self, x: Shape) -> Shape:
        at = axis_index(self.axis, x, "glu")
        return (*x[:at], x[at] // 2, *x[at + 1 :])

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        at = axis_index(self.axis, x, "glu")
        half = AxisRule(
            axis_names(x)[at], x[at] // 2, incoming(x, at) / 2, notes=(tr("one half is the gate of the other"),)
        )
        return tuple(half if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (axis_index(self.axis, x, "glu"),))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return True


FUNCTIONS = (
    declare(Inplace, "selu", "The scaled ELU, with constants that keep mean 0 and variance 1 from layer to layer "
            "(torch.nn.SELU; Klambauer et al., 2017).", "input(256) -> linear(64) -> selu", name="SELU"),
    declare(Inplace, "silu", "The sigmoid linear unit, or swish: x * sigmoid(x) (torch.nn.SiLU).",
            "input(3, 32, 32) -> conv(8, 3) -> silu", name="SiLU", backward_from="input"),
    declare(Inplace, "mish", "Mish: x * tanh(softplus(x)) (torch.nn.Mish; Misra, 2019).",
            "input(3, 32, 32) -> conv(8, 3) -> mish", name="Mish", backward_from="input"),
    declare(Activation, "sigmoid", "The logistic function, which brings every number between 0 and 1: 1 / (1 + "
            "exp(-x)) (torch.nn.Sigmoid).",
            "input(16, 1, 1) -> conv(16, 1) -> sigmoid", name="Sigmoid", call="torch.sigmoid", backward_from="output"),
    declare(Activation, "tanh", "The hyperbolic tangent, which brings every number between -1 and 1 (torch.nn.Tanh).",
            "input(8, 16, 16) -> conv_transpose(3, 4, stride=2, padding=1) -> tanh", name="Tanh", call="torch.tanh",
            backward_from="output"),
    declare(TwoSteps, "logsigmoid", "The logarithm of the logistic function, computed in one step because that is more "
            "exact: log(1 / (1 + exp(-x))) (torch.nn.LogSigmoid).",
            "input(256) -> linear(1) -> logsigmoid", name="LogSigmoid"),  # exp(-|x|) as well, on the processor
    declare(TwoSteps, "softsign", "Like tanh, and slower to reach -1 and 1: x / (1 + |x|) (torch.nn.Softsign).",
            "input(256) -> linear(64) -> softsign", name="Softsign"),  # the divisor, 1 + |x|
    declare(_Shares, "log_softmax", "The logarithm of softmax, computed in one step because that is more exact "
            "(torch.nn.LogSoftmax).", "input(256) -> linear(10) -> log_softmax", name="LogSoftmax"),
)  # fmt: skip
"""The activations that are told from one another by facts alone."""
