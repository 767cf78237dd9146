"""Dropout: in training a share of the numbers is set to zero at random, against overfitting."""

from math import prod, sqrt
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Code, Extra, Group, Kept, Layer, Spelling
from cnndsl.layers.formula import KnownShape, Shape
from cnndsl.layers.reach import Reaches, same
from cnndsl.layers.types import Flag, Probability

_IN_TRAINING = Code("self.training")
SELU_LIMIT = 1.7580993408473766
"""What `selu` tends to on its negative side, without the sign."""


class AnyDropout(Layer):
    """A layer that changes no size and acts in training alone."""

    group = Group.DROPOUT
    keeps_order = True

    if TYPE_CHECKING:  # each has a description of its own
        p: float

    @property
    def dropped_to(self) -> float:
        """What a number that is dropped becomes."""
        return 0.0

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return not training or self.p == 0


class _OfNumbers(AnyDropout):
    """A dropout of numbers or of channels, not of whole samples."""

    p: Probability = Field(default=0.5, description="share of the numbers that is set to zero")
    inplace: Flag = Field(default=False, description="whether the input itself is overwritten")

    def torch(self, x: Shape) -> Spelling:
        # The probability is what a reader looks for, so it is written even where it is PyTorch's default.
        return Spelling(f"nn.{self.module_name(len(x) - 1)}", (Argument("p", self.p), *self.arguments("inplace")))

    def function(self, x: Shape) -> Spelling | None:
        training = Argument("training", _IN_TRAINING, None)
        return Spelling(self.call.format(r=len(x) - 1), (Argument("p", self.p), training, *self.arguments("inplace")))

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return self.inplace or super().shares(x, training=training, in_order=in_order)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(extra=self._mask(x)) if self.p else Kept()

    def _mask(self, x: KnownShape) -> Extra:
        """The factor of each number: 0 or 1 / (1 - p)."""
        return Extra(shared=1) if self.p == 1 else Extra(numbers=prod(x))

    def words(self, x: Shape) -> str:
        return f"p = {self.p:.3g}"


class Dropout(_OfNumbers):
    """Dropout: in training each number is set to zero with probability p, and the others are divided by 1 - p;
    in evaluation nothing happens (torch.nn.Dropout; Srivastava et al., 2014).  Not for the output layer.
    """

    kind = "dropout"
    pointwise = True
    module = "Dropout"
    call = "F.dropout"
    example = "input(256) -> linear(64) -> relu -> dropout(0.5) -> linear(10)"


class DropoutChannels(_OfNumbers):
    """Dropout of whole channels: neighbouring numbers of a map are so alike that dropping single ones
    takes little away (torch.nn.Dropout2d; Tompson et al., 2015).
    """

    kind = "dropout_channels"
    module = "Dropout{r}d"
    ranks = (2, 3, 4)
    call = "F.dropout{r}d"
    example = "input(3, 32, 32) -> conv(8, 3) -> relu -> dropout_channels(0.2) -> conv(8, 3)"

    def _mask(self, x: KnownShape) -> Extra:
        return Extra(shared=1) if self.p == 1 else Extra(numbers=x[0])


class AlphaDropout(_OfNumbers):
    """Dropout that keeps mean and variance as they are, for networks with `selu`
    (torch.nn.AlphaDropout; Klambauer et al., 2017).
    """

    kind = "alpha_dropout"
    pointwise = True
    module = "AlphaDropout"
    call = "F.alpha_dropout"
    example = "input(256) -> linear(64) -> selu -> alpha_dropout(0.1) -> linear(10)"

    @property
    def dropped_to(self) -> float:
        # What selu tends to, scaled as the others are.
        return 0.0 if self.p == 1 else -SELU_LIMIT * sqrt((1 - self.p) / (SELU_LIMIT**2 * self.p + 1))

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return not training or self.p == 0  # nn.AlphaDropout does not use its `inplace`


class StochasticDepth(AnyDropout):
    """Stochastic depth: in training each sample is set to zero as a whole with probability p, and the others are
    divided by 1 - p; in evaluation nothing happens (Huang et al., 2016).  Stands at the end of a residual branch,
    which is then left out for some of the samples.
    """

    kind = "stochastic_depth"
    example = "input(16, 8, 8) -> conv(16, 3, padding=1) -> stochastic_depth(0.1)"
    helper = '''\
class StochasticDepth(nn.Module):
    """In training, set samples to zero with probability p, divide the others by 1 - p.

    By themselves with the mode "row", all of a batch together with the mode "batch".
    """

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        if self.p == 0 or not self.training:
            return x
        samples = x.shape[0] if self.mode == "row" else 1
        kept = F.dropout(x.new_ones(samples), self.p)
        return (x.movedim(0, -1) * kept).movedim(-1, 0)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"
'''

    p: Probability = Field(description="how likely a sample is set to zero")
    mode: Literal["row", "batch"] = Field(
        default="row", description="whether that is drawn for each sample by itself, or once for the batch"
    )

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        if self.p == 0:
            return Kept()
        return Kept(extra=Extra(numbers=1) if self.mode == "row" else Extra(shared=1))

    def torch(self, x: Shape) -> Spelling:
        return Spelling("StochasticDepth", self.arguments())

    def words(self, x: Shape) -> str:
        return f"p = {self.p:.3g}" if self.mode == "row" else f"p = {self.p:.3g}, {tr('whole batches')}"
