"""Normalisation: numbers are shifted and scaled to mean 0 and variance 1, over different groups of them.

y = (x - mean) / sqrt(variance + eps) * weight + bias; the kinds differ in what the mean is taken over.
"""

from __future__ import annotations

from math import prod
from typing import Any, ClassVar

from pydantic import Field

from cnndsl.layers.base import Argument, Group, Layer, Spelling, Tensor
from cnndsl.layers.fields import Axis, Count, Flag, Positive, PositiveReal, Real
from cnndsl.layers.sizes import Shape, SizeError, show
from cnndsl.layers.values import axis_index
from cnndsl.traced import is_open

_EPS = "added to the variance, against division by zero"
_MOMENTUM = "share of the newest batch in the running statistics"


class _Normalisation(Layer):
    """A layer that changes no size."""

    group: ClassVar[Group] = Group.NORMALISATION

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        return x


def _statistics(affine: bool, track: bool, channels: Any) -> tuple[Tensor, ...]:
    """The tensors of a layer that works channel by channel, as torch.nn.modules.batchnorm registers them."""
    learned = (Tensor("weight", (channels,)), Tensor("bias", (channels,)))
    kept = (
        Tensor("running_mean", (channels,), learned=False),
        Tensor("running_var", (channels,), learned=False),
        Tensor("num_batches_tracked", (), learned=False),
    )
    return (learned if affine else ()) + (kept if track else ())


class BatchNorm(_Normalisation):
    """Batch normalisation: each channel is brought to mean 0 and variance 1 over the batch and all places.

    In training with the batch's own mean and variance, in evaluation with running averages of them;
    a learned weight and bias for each channel follow (torch.nn.BatchNorm2d; Ioffe and Szegedy, 2015).
    """

    kind: ClassVar[str] = "batchnorm"
    module: ClassVar[str] = "BatchNorm{r}d"
    ranks: ClassVar[tuple[int, ...]] = (1, 2, 3, 4)
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3, bias=false) -> batchnorm"

    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    momentum: Real = Field(default=0.1, description=_MOMENTUM)
    affine: Flag = Field(default=True, description="whether each channel has a learned weight and bias")
    track_running_stats: Flag = Field(default=True, description="whether running averages are kept for evaluation")

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return _statistics(self.affine, self.track_running_stats, x[0])

    def torch(self, x: Shape) -> Spelling:
        name = self.module_name(len(x) - 1)
        return Spelling(f"nn.{name}", (Argument("num_features", x[0]), *self.arguments()))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine or self.track_running_stats:
            return None
        # With no running averages to fall back on, the batch's own mean and variance serve in evaluation too.
        nothing = (Argument("running_mean", None), Argument("running_var", None))
        return Spelling("F.batch_norm", (*nothing, Argument("training", True, False), *self.arguments("eps")))


class InstanceNorm(_Normalisation):
    """Instance normalisation: each channel of each sample is brought to mean 0 and variance 1 by itself
    (torch.nn.InstanceNorm2d).  Used where the style of a single picture should not matter.
    """

    kind: ClassVar[str] = "instancenorm"
    module: ClassVar[str] = "InstanceNorm{r}d"
    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> instancenorm"

    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    momentum: Real = Field(default=0.1, description=_MOMENTUM)
    affine: Flag = Field(default=False, description="whether each channel has a learned weight and bias")
    track_running_stats: Flag = Field(default=False, description="whether running averages are kept for evaluation")

    def output(self, x: Shape) -> Shape:
        self.check_rank(x)
        if prod(x[1:]) == 1:
            raise SizeError(
                f"instancenorm needs more than one number in each channel, and a map of {show(x[1:])} has one",
                "leave it out here, or use groupnorm or batchnorm",
            )
        return x

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return _statistics(self.affine, self.track_running_stats, x[0])

    def torch(self, x: Shape) -> Spelling:
        name = self.module_name(len(x) - 1)
        return Spelling(f"nn.{name}", (Argument("num_features", x[0]), *self.arguments()))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine or self.track_running_stats:
            return None
        return Spelling("F.instance_norm", self.arguments("eps"))


class GroupNorm(_Normalisation):
    """Group normalisation: the channels are put into groups, and each group of each sample is brought to
    mean 0 and variance 1 (torch.nn.GroupNorm; Wu and He, 2018).  Does not depend on the batch.
    """

    kind: ClassVar[str] = "groupnorm"
    module: ClassVar[str] = "GroupNorm"
    ranks: ClassVar[tuple[int, ...]] = ()
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 3) -> groupnorm(4)"

    groups: Count = Field(description="number of groups, which divides the channels")
    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    affine: Flag = Field(default=True, description="whether each channel has a learned weight and bias")

    def output(self, x: Shape) -> Shape:
        if x[0] % self.groups:
            raise SizeError(
                f"{x[0]} channels do not divide into {self.groups} groups",
                "choose a number of groups that divides the channels",
                code="E304",
            )
        return x

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return _statistics(self.affine, False, x[0])

    def torch(self, x: Shape) -> Spelling:
        first = (Argument("num_groups", self.groups), Argument("num_channels", x[0]))
        return Spelling("nn.GroupNorm", (*first, *self.arguments("eps", "affine")))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine:
            return None
        return Spelling("F.group_norm", (Argument("num_groups", self.groups), *self.arguments("eps")))

    def words(self, x: Shape) -> str:
        return f"{self.groups} {'group' if self.groups == 1 else 'groups'}"


class LayerNorm(_Normalisation):
    """Layer normalisation: each sample is brought to mean 0 and variance 1 over the axis `axis` and all
    after it, with a learned weight and bias for each number (torch.nn.LayerNorm; Ba, Kiros and Hinton, 2016).

    By default over the whole sample; `axis=-1` is the last axis alone, as for a row of tokens.
    """

    kind: ClassVar[str] = "layernorm"
    module: ClassVar[str] = "LayerNorm"
    ranks: ClassVar[tuple[int, ...]] = ()
    example: ClassVar[str] = "input(16, 8, 8) -> layernorm"
    torch_names: ClassVar[dict[str, str]] = {"affine": "elementwise_affine"}

    axis: Axis = Field(default=1, description="the first axis that is normalised over, the batch being axis 0")
    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    affine: Flag = Field(default=True, description="whether each number has a learned weight and bias")
    bias: Flag = Field(default=True, description="whether there is a bias beside the weight")

    def output(self, x: Shape) -> Shape:
        self._normalised(x)
        return x

    def _normalised(self, x: Shape) -> tuple[Any, ...]:
        over = x[axis_index(self.axis, x, "layernorm") :]
        if any(is_open(dim) for dim in over):
            raise SizeError(
                f"layernorm is built for the sizes that it goes over, and {show(over)} is left open",
                "give the input its size, or use groupnorm or instancenorm, which take any",
            )
        return over

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        if not self.affine:
            return ()
        weight = Tensor("weight", self._normalised(x))
        return (weight, Tensor("bias", self._normalised(x))) if self.bias else (weight,)

    def torch(self, x: Shape) -> Spelling:
        over = self._normalised(x)
        shape = Argument("normalized_shape", over[0] if len(over) == 1 else over)
        return Spelling("nn.LayerNorm", (shape, *self.arguments("eps", "affine", "bias")))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine:
            return None
        return Spelling("F.layer_norm", (Argument("normalized_shape", self._normalised(x)), *self.arguments("eps")))


class LocalResponseNorm(_Normalisation):
    """Local response normalisation: each number is divided by a power of the squares of its neighbours in
    the channels next to it.

    b = a / (k + alpha * mean of the squares over `size` channels)**beta (torch.nn.LocalResponseNorm;
    Krizhevsky, Sutskever and Hinton, 2012).
    """

    kind: ClassVar[str] = "local_response_norm"
    module: ClassVar[str] = "LocalResponseNorm"
    ranks: ClassVar[tuple[int, ...]] = (2, 3, 4)
    example: ClassVar[str] = "input(3, 32, 32) -> conv(8, 5) -> relu -> local_response_norm(5)"

    size: Positive = Field(description="number of neighbouring channels")
    alpha: Real = Field(default=0.0001, description="factor of the squares")
    beta: Real = Field(default=0.75, description="the power")
    k: Real = Field(default=1.0, description="added to the squares")

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.LocalResponseNorm", self.arguments())

    def function(self, x: Shape) -> Spelling | None:
        return Spelling("F.local_response_norm", self.arguments())

    def words(self, x: Shape) -> str:
        return f"{self.size} channels"
