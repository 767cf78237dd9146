"""Activations: a function of each number by itself, or one that shares out among the numbers along one axis."""

from math import prod
from typing import Any, ClassVar, Literal

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import Argument, Code, Extra, Group, Kept, Layer, Spelling, Tensor, declare
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, as_it_comes, axis_names, incoming, show
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import Reaches, mixing, same
from cnndsl.layers.types import Axis, Count, Flag, Real, RealFrom0

Side = Literal["input", "output", "either"]
INPLACE = "whether the input itself is overwritten"


class Activation(Layer):
    """The base of activations: they change no size and hold nothing, unless they say so. PyTorch's class has the name
    of theirs, and its function, which takes the same arguments, their word.
    """

    group = Group.ACTIVATION
    pointwise = True
    keeps_order = True
    backward_from: ClassVar[Side] = "either"
    """What the backward pass works from; where that is the input alone, a copy is kept before it is overwritten."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if "kind" in vars(cls):
            usual = {"module": cls.__name__, "call": f"F.{cls.kind}"}
            for name in usual.keys() - vars(cls).keys():
                setattr(cls, name, usual[name])

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return getattr(self, "inplace", False)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        if self.backward_from == "input" and getattr(self, "inplace", False):
            return Kept(extra=Extra(numbers=prod(x)))
        return Kept(output=True) if self.backward_from == "output" else Kept(inputs=(0,))


class TwoSteps(Activation):
    """An activation for which PyTorch works out one more number for each, and keeps it beside the input."""

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=prod(x)))


class Inplace(Activation):
    """An activation that can overwrite its input."""

    inplace: Flag = Field(default=False, description=INPLACE)


class LeakyReLU(Activation):
    """A ReLU that lets a little of the negative numbers through: x if x > 0, else slope * x
    (torch.nn.LeakyReLU).
    """

    kind = "leaky_relu"
    example = "input(3, 32, 32) -> conv(8, 4, stride=2, padding=1) -> leaky_relu(0.2)"
    torch_names = {"slope": "negative_slope"}

    slope: Real = Field(default=0.01, description="factor of the negative numbers")
    inplace: Flag = Field(default=False, description=INPLACE)

    def words(self, x: Shape) -> str:
        return tr("slope {slope}", slope=self.slope)


class PReLU(Activation):
    """A leaky ReLU that learns its slope, one for all channels or one for each
    (torch.nn.PReLU; He et al., 2015): x if x > 0, else weight * x.
    """

    kind = "prelu"
    pointwise = False  # the second axis has the slopes
    call = ""
    example = "input(3, 32, 32) -> conv(8, 3) -> prelu(8)"
    torch_names = {"num": "num_parameters"}

    num: Count = Field(default=1, description="number of slopes: 1, or the number of channels")
    init: Real = Field(default=0.25, description="slope at the start")

    def check(self, x: Shape) -> None:
        if self.num != 1 and self.num != x[0]:
            raise SizeError(
                f"prelu has {self.num} slopes, and the input has {x[0]} channels",
                f"write prelu for one slope, or prelu({x[0]}) for one a channel",
                code="E304",
            )

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("weight", (self.num,)),)

    def words(self, x: Shape) -> str:
        return trn("{count} slope", "{count} slopes", self.num)


class RReLU(TwoSteps):  # PyTorch makes room for the slopes that training would draw in evaluation too
    """A leaky ReLU whose slope is drawn at random between two bounds in training, and is their mean in
    evaluation (torch.nn.RReLU; Xu et al., 2015).
    """

    kind = "rrelu"
    example = "input(3, 32, 32) -> conv(8, 3) -> rrelu"

    lower: Real = Field(default=1.0 / 8, description="least slope")
    upper: Real = Field(default=1.0 / 3, description="greatest slope")
    inplace: Flag = Field(default=False, description=INPLACE)

    def check(self, x: Shape) -> None:
        if self.lower > self.upper:
            raise SizeError(
                f"rrelu draws a slope between lower={self.lower} and upper={self.upper}, which is less",
                "write the smaller slope first",
                code="E312",
            )

    def function(self, x: Shape) -> Spelling | None:
        training = Argument("training", Code("self.training"), None)
        return Spelling(self.call, (*self.arguments("lower", "upper"), training, *self.arguments("inplace")))

    def words(self, x: Shape) -> str:
        return tr("slope {lower} to {upper}", lower=f"{self.lower:.4g}", upper=f"{self.upper:.4g}")

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order or not self.inplace


class Hardtanh(Activation):
    """Numbers are cut off at two bounds: min(max(lower bound, x), upper bound) (torch.nn.Hardtanh)."""

    kind = "hardtanh"
    backward_from = "input"
    example = "input(3, 32, 32) -> conv(8, 3) -> hardtanh(0, 1)"
    torch_names = {"min": "min_val", "max": "max_val"}

    min: Real = Field(default=-1.0, description="lower bound")
    max: Real = Field(default=1.0, description="upper bound")
    inplace: Flag = Field(default=False, description=INPLACE)

    def check(self, x: Shape) -> None:
        if self.max <= self.min:
            raise SizeError(
                f"hardtanh needs min below max, and they are {self.min} and {self.max}",
                "write the lower bound first",
                code="E312",
            )

    def words(self, x: Shape) -> str:
        return tr("{low} to {high}", low=self.min, high=self.max)


class Softshrink(Activation):
    """Numbers come nearer to 0 by `threshold`, and those that are nearer than that become 0 (torch.nn.Softshrink)."""

    kind = "softshrink"
    example = "input(1, 64) -> conv(8, 9) -> softshrink(0.1)"
    torch_names = {"threshold": "lambd"}

    threshold: RealFrom0 = Field(default=0.5, description="how far from 0 a number has to be")

    def words(self, x: Shape) -> str:
        return tr("by {number}", number=self.threshold)


class Hardshrink(Activation):
    """Numbers that are nearer to 0 than `threshold` become 0, the others stay (torch.nn.Hardshrink)."""

    kind = "hardshrink"
    example = "input(1, 64) -> conv(8, 9) -> hardshrink(0.1)"
    torch_names = {"threshold": "lambd"}

    threshold: Real = Field(default=0.5, description="how far from 0 a number has to be")

    def words(self, x: Shape) -> str:
        return tr("beyond {number}", number=self.threshold)


class Threshold(Activation):
    """Numbers up to `threshold` become `value`: x if x > threshold, else value (torch.nn.Threshold)."""

    kind = "threshold"
    backward_from = "input"
    example = "input(3, 32, 32) -> conv(8, 3) -> threshold(0.1, 0)"

    threshold: Real = Field(description="the number that others have to be above")
    value: Real = Field(description="what those become that are not")
    inplace: Flag = Field(default=False, description=INPLACE)

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        plain = (  # TorchScript takes no whole numbers here
            Argument(name, float(value) if type(value) is int else value)
            for name, value in (("threshold", self.threshold), ("value", self.value))
        )
        return (*plain, *self.arguments("inplace"))

    def words(self, x: Shape) -> str:
        return tr("above {number}, else {value}", number=self.threshold, value=self.value)


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
    keeps_order = False
    backward_from = "output"

    axis: Axis = Field(default=1, description="the axis whose shares add up to 1, the batch being axis 0")

    def check(self, x: Shape) -> None:
        axis_index(self.axis, x, self.kind)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (axis_index(self.axis, x, self.kind),))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("dim", self.axis, None),)


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
    keeps_order = False
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


FUNCTIONS = (
    declare(Inplace, "relu", "The rectified linear unit: negative numbers become zero, the others stay. max(0, x) "
            "(torch.nn.ReLU).", "input(3, 32, 32) -> conv(8, 5) -> relu", name="ReLU", backward_from="output"),
    declare(Inplace, "relu6", "A ReLU that stops at 6: min(max(0, x), 6) (torch.nn.ReLU6). Suits low-precision "
            "arithmetic.", "input(3, 32, 32) -> conv(8, 3) -> relu6", name="ReLU6", backward_from="input"),
    declare(Inplace, "hardswish", "A swish of straight lines: x * relu6(x + 3) / 6 (torch.nn.Hardswish; Howard et al., "
            "2019).", "input(3, 32, 32) -> conv(16, 3) -> hardswish", name="Hardswish", backward_from="input"),
    declare(Inplace, "hardsigmoid", "A sigmoid of straight lines: relu6(x + 3) / 6 (torch.nn.Hardsigmoid).",
            "input(16, 1, 1) -> conv(16, 1) -> hardsigmoid", name="Hardsigmoid", backward_from="input"),
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
    declare(_Shares, "softmax", "Numbers become shares that add up to 1: exp(x_i) / sum of exp(x_j) along the axis "
            "(torch.nn.Softmax).\n\nNot before a cross-entropy loss, which has it built in.",
            "input(16, 100) -> conv(1, 1) -> softmax(axis=2)", name="Softmax"),
    declare(_Shares, "log_softmax", "The logarithm of softmax, computed in one step because that is more exact "
            "(torch.nn.LogSoftmax).", "input(256) -> linear(10) -> log_softmax", name="LogSoftmax"),
)  # fmt: skip
"""The activations that are told from one another by facts alone."""
