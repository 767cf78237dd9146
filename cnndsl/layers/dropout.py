"""Dropout: in training a share of the numbers is set to zero at random, against overfitting."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cnndsl.layers.base import Argument, Code, Group, Layer, Spelling
from cnndsl.layers.fields import Flag, Probability
from cnndsl.layers.sizes import Shape

_IN_TRAINING = Code("self.training")


class _Dropout(Layer):
    """A layer that changes no size and acts in training alone."""

    group: ClassVar[Group] = Group.DROPOUT
    ranks: ClassVar[tuple[int, ...]] = ()
    call: ClassVar[str]
    """The function of `torch.nn.functional`, `{r}` being the number of spatial axes."""

    p: Probability = Field(default=0.5, description="share of the numbers that is set to zero")
    inplace: Flag = Field(default=False, description="whether the input itself is overwritten")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        return x

    def torch(self, x: Shape) -> Spelling:
        # The probability is what a reader looks for, so it is written even where it is PyTorch's default.
        return Spelling(f"nn.{self.module_name(len(x) - 1)}", (Argument("p", self.p), *self.arguments("inplace")))

    def function(self, x: Shape) -> Spelling | None:
        training = Argument("training", _IN_TRAINING, None)
        name = self.call.format(r=len(x) - 1)
        return Spelling(f"F.{name}", (Argument("p", self.p), training, *self.arguments("inplace")))

    def words(self, x: Shape) -> str:
        return f"p = {self.p}"


class Dropout(_Dropout):
    """Dropout: in training each number is set to zero with probability p, and the others are divided by 1 - p;
    in evaluation nothing happens (torch.nn.Dropout; Srivastava et al., 2014).  Not for the output layer.
    """

    kind: ClassVar[str] = "dropout"
    module: ClassVar[str] = "Dropout"
    call: ClassVar[str] = "dropout"
    example: ClassVar[str] = "input(256) -> linear(64) -> relu -> dropout(0.5) -> linear(10)"


class DropoutChannels(_Dropout):
    """Dropout of whole channels: neighbouring numbers of a map are so alike that dropping single ones
    takes little away (torch.nn.Dropout2d; Tompson et al., 2015).
    """

    kind: ClassVar[str] = "dropout_channels"
    module: ClassVar[str] = "Dropout{r}d"
    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)
    call: ClassVar[str] = "dropout{r}d"
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> dropout_channels(0.2)"


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance as they are, for networks with `selu`
    (torch.nn.AlphaDropout; Klambauer et al., 2017).
    """

    kind: ClassVar[str] = "alpha_dropout"
    module: ClassVar[str] = "AlphaDropout"
    call: ClassVar[str] = "alpha_dropout"
    example: ClassVar[str] = "input(256) -> linear(64) -> selu -> alpha_dropout(0.1)"
