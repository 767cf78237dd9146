"""Activations: a function of each number by itself, or of all the numbers along one axis."""

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import Argument, Code, Extra, Group, Kept, Layer, Spelling, Tensor
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, as_it_comes, axis_names, incoming, show
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import Reaches, same, whole
from cnndsl.layers.types import Axis, Count, Flag, Real

Side = Literal["input", "output", "either"]
_INPLACE = "whether the input itself is overwritten"


class Activation(Layer):
    """The base of activations: they change no size and hold nothing, unless they say so, and their function takes the
    module's arguments.
    """

    group: ClassVar[Group] = Group.ACTIVATION
    ranks: ClassVar[tuple[int, ...]] = ()
    pointwise: ClassVar[bool] = True
    backward_from: ClassVar[Side] = "either"
    """What the backward pass works from; where that is the input alone, a copy is kept before it is overwritten."""

    def output(self, x: Shape) -> Shape:
        return x

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return getattr(self, "inplace", False)

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        if self.backward_from == "input" and getattr(self, "inplace", False):
            return Kept(extra=Extra(numbers=prod(x)))
        return Kept(output=True) if self.backward_from == "output" else Kept(inputs=(0,))


class _Inplace(Activation):
    """An activation that can overwrite its input."""

    inplace: Flag = Field(default=False, description=_INPLACE)


class ReLU(_Inplace):
    """The rectified linear unit: negative numbers become zero, the others stay. max(0, x) (torch.nn.ReLU)."""

    kind: ClassVar[str] = "relu"
    module: ClassVar[str] = "ReLU"
    call: ClassVar[str] = "F.relu"
    backward_from: ClassVar[Side] = "output"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 5) -> relu"


class ReLU6(_Inplace):
    """A ReLU that stops at 6: min(max(0, x), 6) (torch.nn.ReLU6). Suits low-precision arithmetic."""

    kind: ClassVar[str] = "relu6"
    module: ClassVar[str] = "ReLU6"
    call: ClassVar[str] = "F.relu6"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> relu6"


class LeakyReLU(Activation):
    """A ReLU that lets a little of the negative numbers through: x if x > 0, else slope * x
    (torch.nn.LeakyReLU).
    """

    kind: ClassVar[str] = "leaky_relu"
    module: ClassVar[str] = "LeakyReLU"
    call: ClassVar[str] = "F.leaky_relu"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 4, stride=2, padding=1) -> leaky_relu(0.2)"
    torch_names: ClassVar[dict[str, str]] = {"slope": "negative_slope"}

    slope: Real = Field(default=0.01, description="factor of the negative numbers")
    inplace: Flag = Field(default=False, description=_INPLACE)

    def words(self, x: Shape) -> str:
        return tr("slope {slope}", slope=self.slope)


class PReLU(Activation):
    """A leaky ReLU that learns its slope, one for all channels or one for each
    (torch.nn.PReLU; He et al., 2015): x if x > 0, else weight * x.
    """

    kind: ClassVar[str] = "prelu"
    pointwise: ClassVar[bool] = False  # the second axis has the slopes
    module: ClassVar[str] = "PReLU"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> prelu(8)"
    torch_names: ClassVar[dict[str, str]] = {"num": "num_parameters"}

    num: Count = Field(default=1, description="number of slopes: 1, or the number of channels")
    init: Real = Field(default=0.25, description="slope at the start")

    def output(self, x: Shape) -> Shape:
        if self.num != 1 and self.num != x[0]:
            raise SizeError(
                f"prelu has {self.num} slopes, and the input has {x[0]} channels",
                f"write prelu for one slope, or prelu({x[0]}) for one a channel",
                code="E304",
            )
        return x

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("weight", (self.num,)),)

    def function(self, x: Shape) -> Spelling | None:
        return None

    def words(self, x: Shape) -> str:
        return trn("{count} slope", "{count} slopes", self.num)


class RReLU(Activation):
    """A leaky ReLU whose slope is drawn at random between two bounds in training, and is their mean in
    evaluation (torch.nn.RReLU; Xu et al., 2015).
    """

    kind: ClassVar[str] = "rrelu"
    module: ClassVar[str] = "RReLU"
    call: ClassVar[str] = "F.rrelu"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> rrelu"

    lower: Real = Field(default=1.0 / 8, description="least slope")
    upper: Real = Field(default=1.0 / 3, description="greatest slope")
    inplace: Flag = Field(default=False, description=_INPLACE)

    def output(self, x: Shape) -> Shape:
        if self.lower > self.upper:
            raise SizeError(
                f"rrelu draws a slope between lower={self.lower} and upper={self.upper}, which is less",
                "write the smaller slope first",
                code="E312",
            )
        return x

    def function(self, x: Shape) -> Spelling | None:
        training = Argument("training", Code("self.training"), None)
        return Spelling(self.call, (*self.arguments("lower", "upper"), training, *self.arguments("inplace")))

    def words(self, x: Shape) -> str:
        return tr("slope {lower} to {upper}", lower=f"{self.lower:.4g}", upper=f"{self.upper:.4g}")

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return in_order or not self.inplace

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # PyTorch makes room for the slopes that training would draw.
        return Extra(numbers=prod(x))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=prod(x)))


class ELU(Activation):
    """The exponential linear unit: x if x > 0, else alpha * (exp(x) - 1) (torch.nn.ELU; Clevert et al., 2016)."""

    kind: ClassVar[str] = "elu"
    module: ClassVar[str] = "ELU"
    call: ClassVar[str] = "F.elu"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> elu"

    alpha: Real = Field(default=1.0, description="what it nears for very negative numbers, with a minus")
    inplace: Flag = Field(default=False, description=_INPLACE)


class CELU(Activation):
    """An ELU that is smooth for every alpha: max(0, x) + min(0, alpha * (exp(x / alpha) - 1))
    (torch.nn.CELU; Barron, 2017).
    """

    kind: ClassVar[str] = "celu"
    module: ClassVar[str] = "CELU"
    call: ClassVar[str] = "F.celu"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> celu"

    alpha: Real = Field(default=1.0, description="what it nears for very negative numbers, with a minus; not 0")
    inplace: Flag = Field(default=False, description=_INPLACE)

    def output(self, x: Shape) -> Shape:
        if self.alpha == 0:
            raise SizeError("celu divides by alpha, and alpha is 0", "use relu for alpha = 0", code="E312")
        return x


class SELU(_Inplace):
    """The scaled ELU, with constants that keep mean 0 and variance 1 from layer to layer
    (torch.nn.SELU; Klambauer et al., 2017).
    """

    kind: ClassVar[str] = "selu"
    module: ClassVar[str] = "SELU"
    call: ClassVar[str] = "F.selu"
    example: ClassVar[str] = "input(256) -> linear(64) -> selu"


class GELU(Activation):
    """The Gaussian error linear unit: x times the share of the normal distribution below x
    (torch.nn.GELU; Hendrycks and Gimpel, 2016).
    """

    kind: ClassVar[str] = "gelu"
    module: ClassVar[str] = "GELU"
    call: ClassVar[str] = "F.gelu"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> gelu"

    approximate: Literal["none", "tanh"] = Field(default="none", description="how it is computed")


class SiLU(_Inplace):
    """The sigmoid linear unit, or swish: x * sigmoid(x) (torch.nn.SiLU)."""

    kind: ClassVar[str] = "silu"
    module: ClassVar[str] = "SiLU"
    call: ClassVar[str] = "F.silu"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> silu"


class Mish(_Inplace):
    """Mish: x * tanh(softplus(x)) (torch.nn.Mish; Misra, 2019)."""

    kind: ClassVar[str] = "mish"
    module: ClassVar[str] = "Mish"
    call: ClassVar[str] = "F.mish"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> mish"


class Hardswish(_Inplace):
    """A swish of straight lines: x * relu6(x + 3) / 6 (torch.nn.Hardswish; Howard et al., 2019)."""

    kind: ClassVar[str] = "hardswish"
    module: ClassVar[str] = "Hardswish"
    call: ClassVar[str] = "F.hardswish"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(16, 3) -> hardswish"


class Hardsigmoid(_Inplace):
    """A sigmoid of straight lines: relu6(x + 3) / 6 (torch.nn.Hardsigmoid)."""

    kind: ClassVar[str] = "hardsigmoid"
    module: ClassVar[str] = "Hardsigmoid"
    call: ClassVar[str] = "F.hardsigmoid"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(16, 1, 1) -> conv(16, 1) -> hardsigmoid"


class Hardtanh(Activation):
    """Numbers are cut off at two bounds: min(max(lower bound, x), upper bound) (torch.nn.Hardtanh)."""

    kind: ClassVar[str] = "hardtanh"
    module: ClassVar[str] = "Hardtanh"
    call: ClassVar[str] = "F.hardtanh"
    backward_from: ClassVar[Side] = "input"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> hardtanh(0, 1)"
    torch_names: ClassVar[dict[str, str]] = {"min": "min_val", "max": "max_val"}

    min: Real = Field(default=-1.0, description="lower bound")
    max: Real = Field(default=1.0, description="upper bound")
    inplace: Flag = Field(default=False, description=_INPLACE)

    def output(self, x: Shape) -> Shape:
        if self.max <= self.min:
            raise SizeError(
                f"hardtanh needs min below max, and they are {self.min} and {self.max}",
                "write the lower bound first",
                code="E312",
            )
        return x

    def words(self, x: Shape) -> str:
        return tr("{low} to {high}", low=self.min, high=self.max)


class Sigmoid(Activation):
    """The logistic function, which brings every number between 0 and 1: 1 / (1 + exp(-x)) (torch.nn.Sigmoid)."""

    kind: ClassVar[str] = "sigmoid"
    module: ClassVar[str] = "Sigmoid"
    call: ClassVar[str] = "torch.sigmoid"
    backward_from: ClassVar[Side] = "output"
    example: ClassVar[str] = "input(16, 1, 1) -> conv(16, 1) -> sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent, which brings every number between -1 and 1 (torch.nn.Tanh)."""

    kind: ClassVar[str] = "tanh"
    module: ClassVar[str] = "Tanh"
    call: ClassVar[str] = "torch.tanh"
    backward_from: ClassVar[Side] = "output"
    example: ClassVar[str] = "input(8, 16, 16) -> conv_transpose(3, 4, stride=2, padding=1) -> tanh"


class Softplus(Activation):
    """A smooth ReLU: log(1 + exp(beta * x)) / beta (torch.nn.Softplus)."""

    kind: ClassVar[str] = "softplus"
    module: ClassVar[str] = "Softplus"
    call: ClassVar[str] = "F.softplus"
    example: ClassVar[str] = "input(256) -> linear(1) -> softplus"

    beta: Real = Field(default=1.0, description="how sharp the bend is")
    threshold: Real = Field(default=20.0, description="above it, for beta * x, the function is x itself")


class LogSigmoid(Activation):
    """The logarithm of the logistic function, computed in one step because that is more exact: log(1 / (1 + exp(-x)))
    (torch.nn.LogSigmoid).
    """

    kind: ClassVar[str] = "logsigmoid"
    module: ClassVar[str] = "LogSigmoid"
    call: ClassVar[str] = "F.logsigmoid"
    example: ClassVar[str] = "input(256) -> linear(1) -> logsigmoid"

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=prod(x)))  # exp(-|x|) as well, on the processor


class Softshrink(Activation):
    """Numbers come nearer to 0 by `threshold`, and those that are nearer than that become 0 (torch.nn.Softshrink)."""

    kind: ClassVar[str] = "softshrink"
    module: ClassVar[str] = "Softshrink"
    call: ClassVar[str] = "F.softshrink"
    example: ClassVar[str] = "input(1, 64) -> conv(8, 9) -> softshrink(0.1)"
    torch_names: ClassVar[dict[str, str]] = {"threshold": "lambd"}

    threshold: Real = Field(default=0.5, description="how far from 0 a number has to be")

    def output(self, x: Shape) -> Shape:
        if self.threshold < 0:
            raise SizeError(
                f"the threshold of softshrink is at least 0, and it is {self.threshold}",
                "leave out the sign",
                code="E312",
            )
        return x

    def words(self, x: Shape) -> str:
        return tr("by {number}", number=self.threshold)


class Hardshrink(Activation):
    """Numbers that are nearer to 0 than `threshold` become 0, the others stay (torch.nn.Hardshrink)."""

    kind: ClassVar[str] = "hardshrink"
    module: ClassVar[str] = "Hardshrink"
    call: ClassVar[str] = "F.hardshrink"
    example: ClassVar[str] = "input(1, 64) -> conv(8, 9) -> hardshrink(0.1)"
    torch_names: ClassVar[dict[str, str]] = {"threshold": "lambd"}

    threshold: Real = Field(default=0.5, description="how far from 0 a number has to be")

    def words(self, x: Shape) -> str:
        return tr("beyond {number}", number=self.threshold)


class Tanhshrink(Activation):
    """What is left of a number without its hyperbolic tangent: x - tanh(x) (torch.nn.Tanhshrink)."""

    kind: ClassVar[str] = "tanhshrink"
    module: ClassVar[str] = "Tanhshrink"
    call: ClassVar[str] = "F.tanhshrink"
    example: ClassVar[str] = "input(256) -> linear(64) -> tanhshrink"

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))  # tanh(x)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(extra=Extra(numbers=prod(x)))


class Threshold(Activation):
    """Numbers up to `threshold` become `value`: x if x > threshold, else value (torch.nn.Threshold)."""

    kind: ClassVar[str] = "threshold"
    module: ClassVar[str] = "Threshold"
    call: ClassVar[str] = "F.threshold"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> threshold(0.1, 0)"

    threshold: Real = Field(description="the number that others have to be above")
    value: Real = Field(description="what those become that are not")
    inplace: Flag = Field(default=False, description=_INPLACE)

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        plain = (  # TorchScript takes no whole numbers here
            Argument(name, float(value) if type(value) is int else value)
            for name, value in (("threshold", self.threshold), ("value", self.value))
        )
        return (*plain, *self.arguments("inplace"))

    def words(self, x: Shape) -> str:
        return tr("above {number}, else {value}", number=self.threshold, value=self.value)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        if self.inplace:  # a copy of what came in, which is overwritten
            return Kept(extra=Extra(numbers=prod(x)))
        return super().kept(x, y, gradient=gradient, trained=trained)


class Softsign(Activation):
    """Like tanh, and slower to reach -1 and 1: x / (1 + |x|) (torch.nn.Softsign)."""

    kind: ClassVar[str] = "softsign"
    module: ClassVar[str] = "Softsign"
    call: ClassVar[str] = "F.softsign"
    example: ClassVar[str] = "input(256) -> linear(64) -> softsign"

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))  # the divisor, 1 + |x|

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=prod(x)))


def _over(x: Shape, at: int) -> Reaches:
    """Each number of the output is made of all those along one axis."""
    return (*same(x[:at]), whole(x[at]), *same(x[at + 1 :], first=at + 1))


class _Shares(Activation):
    """A softmax along one axis; PyTorch wants to be told which."""

    torch_names: ClassVar[dict[str, str]] = {"axis": "dim"}
    along: ClassVar[bool] = True
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

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("dim", self.axis, None),)


class Softmax(_Shares):
    """Numbers become shares that add up to 1: exp(x_i) / sum of exp(x_j) along the axis (torch.nn.Softmax).

    Not before a cross-entropy loss, which has it built in.
    """

    kind: ClassVar[str] = "softmax"
    module: ClassVar[str] = "Softmax"
    call: ClassVar[str] = "F.softmax"
    example: ClassVar[str] = "input(16, 100) -> conv(1, 1) -> softmax(axis=2)"


class Softmin(_Shares):
    """A softmax that gives the smallest number the largest share: softmax(-x) (torch.nn.Softmin)."""

    kind: ClassVar[str] = "softmin"
    module: ClassVar[str] = "Softmin"
    call: ClassVar[str] = "F.softmin"
    example: ClassVar[str] = "input(256) -> linear(10) -> softmin"

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return Extra(numbers=prod(x))  # -x


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
    along: ClassVar[bool] = True

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
            axis_names(x)[at], x[at] // 2, incoming(x, at) / 2, notes=(tr("one half is the gate of the other"),)
        )
        return tuple(half if axis == at else as_it_comes(x, axis) for axis in range(len(x)))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return _over(x, axis_index(self.axis, x, "glu"))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return True
