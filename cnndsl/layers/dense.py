"""Dense layers: every output is a weighted sum of all inputs."""

from math import prod

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Layer, MultiInput, Products, Spelling, Tensor
from cnndsl.layers.formula import AxisRule, KnownShape, Shape, SizeError, as_it_comes, axis_names, parameter, show
from cnndsl.layers.parametrizations import SPECTRAL_NORM, WEIGHT_NORM, WithNorm
from cnndsl.layers.reach import Reaches, mixing, same
from cnndsl.layers.types import Count, Flag, OptionalAxis, OptionalPositiveReal, OptionalWhole, PositiveReal


class _Weighted(Layer):
    """What linear and bilinear layers share: their outputs take the place of the last axis."""

    group = Group.DENSE
    torch_names = {"features": "out_features"}

    features: Count = Field(description="number of outputs")
    bias: Flag = Field(default=True, description="whether each output adds a learned number")

    def size_rule(self, x: Shape) -> Shape:
        return (*x[:-1], self.features)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        features = parameter("features", self.features, "features", meaning=tr("number of outputs"))
        kept = (as_it_comes(x, axis) for axis in range(len(x) - 1))
        return (*kept, AxisRule(axis_names(x)[-1], self.features, features, tr("one for each output")))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (len(x) - 1,))

    def words(self, x: Shape) -> str:
        return trn("{count} output", "{count} outputs", self.features)


class Linear(_Weighted, WithNorm):
    """A dense, or fully connected, layer: each of `features` outputs is a weighted sum of all inputs, and a bias.

    y = x A^T + b (torch.nn.Linear).  A feature map is flattened before it; with `axis=-1` the layer works on the
    last axis alone, the same for every place on the others.
    """

    kind = "linear"
    module = "Linear"
    example = "input(16, 5, 5) -> linear(256) -> relu -> linear(10)"

    axis: OptionalAxis = Field(default=None, description="-1 to work on the last axis of a map that is not flattened")
    weight_norm: Flag = Field(default=False, description=WEIGHT_NORM)
    spectral_norm: Flag = Field(default=False, description=SPECTRAL_NORM)

    def flattens(self, x: Shape) -> bool:
        return self.axis is None and len(x) > 1

    def check(self, x: Shape) -> None:
        self.check_norm()
        if self.flattens(x):
            raise SizeError(
                f"linear takes a list of features, and the input is {show(x)}",
                "write flatten before it, or linear(..., axis=-1) to work on the last axis alone",
                code="E301",
            )
        if self.axis is not None and self.axis not in (-1, len(x)):
            raise SizeError(
                f"linear works on the last axis alone, and axis {self.axis} of batch x {show(x)} is not the last",
                "write axis=-1, with a permute before it that puts the axis last",
                code="E307",
            )

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return self.with_norm((self.features, x[-1]), self.features)

    def products(self, x: Shape, y: Shape) -> Products:
        return ((*y, x[-1]),)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        kept = Kept(inputs=(0,) if self.trains_weight(trained) else ())
        return self.kept_with_norm(kept, x, trained, weight=gradient)

    def torch(self, x: Shape) -> Spelling:
        arguments = (Argument("in_features", x[-1]), *self.arguments("features", "bias"))
        return self.wrapped(Spelling("nn.Linear", arguments))


class Bilinear(_Weighted, MultiInput):
    """What two values have to do with each other: each of `features` outputs is a weighted sum of all products of a
    number of the one with a number of the other, and a bias.

    y = x A z + b (torch.nn.Bilinear), on the last axes of the two, the same for every place on the others. It is
    applied to both: `[a, b] -> bilinear(32)`.
    """

    kind = "bilinear"
    module = "Bilinear"
    takes = (2,)
    copies = True
    calling = "{module}({x}, {x1})"
    example = "input(64); a, b = split(it, [48, 16]); [a, b] -> bilinear(10)"

    def check(self, x: Shape) -> None:
        if len(self.others) != 1:
            raise SizeError("bilinear is applied to two values", "write [a, b] -> bilinear(...)", code="E407")
        (z,) = self.others
        if len(x) != len(z) or any(a != b for a, b in zip(x[:-1], z[:-1], strict=True)):
            raise SizeError(
                f"bilinear works on the last axes of two values, and needs equal sizes on the others: {show(x)} and "
                f"{show(z)}",
                "flatten both, or bring them to the same size first",
                code="E306",
            )

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        weight = Tensor("weight", (self.features, x[-1], self.others[0][-1]))  # type: ignore[arg-type]
        return (weight, *([Tensor("bias", (self.features,))] if self.bias else []))

    def products(self, x: Shape, y: Shape) -> Products:
        # The one times the matrix of an output is as long as the other, with which it is then multiplied.
        return ((*y, self.others[0][-1], x[-1]), (*y, self.others[0][-1]))

    def reaches(self, xs: tuple[Shape, ...], y: Shape) -> tuple[Reaches, ...]:
        return tuple(self.reach(x, y) for x in xs)

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return Extra(numbers=prod(y)) if self.bias else NOTHING

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        if "weight" in trained:
            return Kept(inputs=(0, 1))
        return None if gradient else Kept()  # each value is kept for the gradient of the other, which may want none

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        sizes = (Argument("in1_features", x[-1]), Argument("in2_features", self.others[0][-1]))
        return (*sizes, *self.arguments())


class Embedding(Layer):
    """A table of learned vectors: each whole number of the input becomes the row that it names
    (torch.nn.Embedding).  `length` numbers become length x features; the new axis is the last.
    """

    kind = "embedding"
    module = "Embedding"
    group = Group.DENSE
    takes_wholes = True
    keeps = Kept(inputs=(0,))
    example = "input(128) -> embedding(10000, 64) -> permute([0, 2, 1]) -> conv(32, 3)"
    torch_names = {"num": "num_embeddings", "features": "embedding_dim"}

    num: Count = Field(description="number of rows, and so of different numbers that may come in")
    features: Count = Field(description="length of each row")
    padding_idx: OptionalWhole = Field(default=None, description="the number that stands for nothing; its row is zero")
    max_norm: OptionalPositiveReal = Field(default=None, description="the greatest norm of a row; longer ones are cut")
    norm_type: PositiveReal = Field(default=2.0, description="the power of that norm")
    scale_grad_by_freq: Flag = Field(
        default=False, description="whether gradients are divided by how often the number is in the batch"
    )
    sparse: Flag = Field(default=False, description="whether the gradient of the table is sparse")

    def check(self, x: Shape) -> None:
        if self.padding_idx is not None and not -self.num <= self.padding_idx < self.num:
            raise SizeError(
                f"padding_idx={self.padding_idx} is not one of the {self.num} rows",
                f"choose a row from 0 to {self.num - 1}",
                code="E312",
            )

    def size_rule(self, x: Shape) -> Shape:
        return (*x, self.features)

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        kept = (AxisRule(f"axis {axis}", dim, words=tr("as in the input")) for axis, dim in enumerate(x, 1))
        row = parameter("features", self.features, "features")
        return (*kept, AxisRule(f"axis {len(x) + 1}", self.features, row, tr("the length of each row of the table")))

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("weight", (self.num, self.features)),)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)

    def words(self, x: Shape) -> str:
        return tr("{rows} rows of {features}", rows=self.num, features=self.features)
