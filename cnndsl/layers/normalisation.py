"""Normalisation: numbers are shifted and scaled to mean 0 and variance 1, over different groups of them.

y = (x - mean) / sqrt(variance + eps) * weight + bias; the kinds differ in what the mean is taken over.
"""

from abc import abstractmethod
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from cnndsl.i18n import tr, trn
from cnndsl.layers.base import NOTHING, Argument, Extra, Group, Kept, Layer, Spelling, Tensor
from cnndsl.layers.formula import KnownShape, Shape, SizeError, check_groups, show
from cnndsl.layers.operations import axis_index
from cnndsl.layers.reach import Reaches, all_of, mixing, same
from cnndsl.layers.types import AxisOrChannels, Count, Flag, OptionalPositiveReal, Positive, PositiveReal, Real
from cnndsl.symbolic.number import is_open

_EPS = "added to the variance, against division by zero"
_MOMENTUM = "share of the newest batch in the running statistics"


class _ByStatistics(Layer):
    """A normalisation by a mean and a variance."""

    group = Group.NORMALISATION

    @abstractmethod
    def _groups(self, x: KnownShape) -> Extra:
        """A mean and a variance for everything that is normalised by itself."""

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return self._groups(x)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=self._groups(x))


def _statistics(affine: bool, track: bool, channels: Any) -> tuple[Tensor, ...]:
    """The tensors of a layer that works channel by channel, as torch.nn.modules.batchnorm registers them."""
    learned = (Tensor("weight", (channels,)), Tensor("bias", (channels,)))
    kept = (
        Tensor("running_mean", (channels,), learned=False),
        Tensor("running_var", (channels,), learned=False),
        Tensor("num_batches_tracked", (), learned=False),
    )
    return (learned if affine else ()) + (kept if track else ())


class _ByChannel(_ByStatistics):
    """Normalisation of each channel by itself, which may keep running statistics."""

    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    momentum: Real = Field(default=0.1, description=_MOMENTUM)
    affine: Flag = Field(default=True, description="whether each channel has a learned weight and bias")
    track_running_stats: Flag = Field(default=True, description="whether running averages are kept for evaluation")

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return _statistics(self.affine, self.track_running_stats, x[0])

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x) if self.track_running_stats else mixing(x, range(1, len(x)))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("num_features", x[0]), *self.arguments())


class BatchNorm(_ByChannel):
    """Batch normalisation: each channel is brought to mean 0 and variance 1 over the batch and all places.

    In training with the batch's own mean and variance, in evaluation with running averages of them;
    a learned weight and bias for each channel follow (torch.nn.BatchNorm2d; Ioffe and Szegedy, 2015).
    """

    kind = "batchnorm"
    module = "BatchNorm{r}d"
    ranks = (1, 2, 3, 4)
    example = "input(3, 32, 32) -> conv(8, 3, bias=false) -> batchnorm"

    def _groups(self, x: KnownShape) -> Extra:
        return Extra(shared=2 * x[0])

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        return NOTHING if self.track_running_stats else self._groups(x)

    def function(self, x: Shape) -> Spelling | None:
        if self.affine or self.track_running_stats:
            return None
        # With no running averages to fall back on, the batch's own mean and variance serve in evaluation too.
        nothing = (Argument("running_mean", None), Argument("running_var", None))
        return Spelling("F.batch_norm", (*nothing, Argument("training", True, False), *self.arguments("eps")))


class InstanceNorm(_ByChannel):
    """Instance normalisation: each channel of each sample is brought to mean 0 and variance 1 by itself
    (torch.nn.InstanceNorm2d).  Used where the style of a single picture should not matter.
    """

    kind = "instancenorm"
    module = "InstanceNorm{r}d"
    ranks = (2, 3, 4)
    example = "input(3, 32, 32) -> conv(8, 3, bias=false) -> instancenorm"

    affine: Flag = Field(default=False, description="whether each channel has a learned weight and bias")
    track_running_stats: Flag = Field(default=False, description="whether running averages are kept for evaluation")

    def check(self, x: Shape) -> None:
        if prod(x[1:]) == 1:
            raise SizeError(
                f"instancenorm needs more than one number in each channel, and a map of {show(x[1:])} has one",
                "leave it out here, or use groupnorm or batchnorm",
            )

    def _groups(self, x: KnownShape) -> Extra:
        return Extra(numbers=2 * x[0])

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # The weight and the bias, or the running statistics, are repeated for each sample.
        repeated = 2 * x[0] * (self.affine + self.track_running_stats)
        own = 0 if self.track_running_stats else 2 * x[0]
        return Extra(numbers=repeated + own)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        repeated = x[0] * (self.affine + 2 * self.track_running_stats)
        return Kept(inputs=(0,), extra=Extra(numbers=2 * x[0] + repeated), contiguous=True)

    def function(self, x: Shape) -> Spelling | None:
        if self.affine or self.track_running_stats:
            return None
        return Spelling("F.instance_norm", self.arguments("eps"))


class GroupNorm(_ByStatistics):
    """Group normalisation: the channels are put into groups, and each group of each sample is brought to
    mean 0 and variance 1 (torch.nn.GroupNorm; Wu and He, 2018).  Does not depend on the batch.
    """

    kind = "groupnorm"
    module = "GroupNorm"
    example = "input(3, 32, 32) -> conv(8, 3) -> groupnorm(4)"

    groups: Count = Field(description="number of groups, which divides the channels")
    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    affine: Flag = Field(default=True, description="whether each channel has a learned weight and bias")

    def check(self, x: Shape) -> None:
        check_groups(x, self.groups)

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return _statistics(self.affine, False, x[0])

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return all_of(x)

    def _groups(self, x: KnownShape) -> Extra:
        return Extra(numbers=2 * self.groups)

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        channels = Argument("num_channels", x[0])
        return (Argument("num_groups", self.groups), channels, *self.arguments("eps", "affine"))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine:
            return None
        return Spelling("F.group_norm", (Argument("num_groups", self.groups), *self.arguments("eps")))

    def words(self, x: Shape) -> str:
        return trn("{count} group", "{count} groups", self.groups)


class _OverAxes(_ByStatistics):
    """A normalisation of each sample over an axis and all after it, or over the channels at each place."""

    functional: ClassVar[str]
    """The name of its function in `torch.nn.functional`."""

    if TYPE_CHECKING:
        eps: Any
        affine: bool

    axis: AxisOrChannels = Field(
        default=1, description='the first axis that is normalised over, the batch being axis 0; or "channels"'
    )

    def check(self, x: Shape) -> None:
        self.normalised(x)

    def _by_place(self, x: Shape) -> bool:
        """Whether places of a map are normalised one by one; a list of features has but one."""
        return self.axis == "channels" and len(x) > 1

    def _over(self, x: Shape) -> slice:
        if self.axis == "channels":
            return slice(0, 1)
        try:
            return slice(axis_index(self.axis, x, self.kind), len(x))
        except SizeError as problem:
            helps = f"how many numbers it goes over follows from what comes in: {self.kind}, or {self.kind}(axis=-1)"
            raise SizeError(problem.message, *problem.help, helps, code=problem.code) from None

    def normalised(self, x: Shape) -> tuple[Any, ...]:
        """The sizes of the axes that it goes over. Raises SizeError where one is left open."""
        over = x[self._over(x)]
        if any(is_open(dim) for dim in over):
            raise SizeError(
                f"{self.kind} is built for the sizes that it goes over, and {show(over)} is left open",
                "give the input its size, or use groupnorm or instancenorm, which take any",
            )
        return over

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        names = ("weight", "bias") if getattr(self, "bias", False) else ("weight",)
        return tuple(Tensor(name, self.normalised(x)) for name in names) if self.affine else ()

    def reach(self, x: Shape, y: Shape) -> Reaches:
        over = self._over(x)
        return mixing(x, range(over.start, over.stop))

    def _groups(self, x: KnownShape) -> Extra:
        return Extra(numbers=2 * (prod(x) // prod(x[self._over(x)])))

    def in_order(self, x: KnownShape, in_order: bool) -> bool:
        return not self._by_place(x) or x[0] == 1 or prod(x[1:]) == 1

    def torch(self, x: Shape) -> Spelling:
        over = self.normalised(x)
        shape = Argument("normalized_shape", over[0] if len(over) == 1 else list(over))
        name = f"Channel{self.module}" if self._by_place(x) else f"nn.{self.module}"
        return Spelling(name, (shape, *self.arguments(*(name for name in type(self).model_fields if name != "axis"))))

    def function(self, x: Shape) -> Spelling | None:
        if self.affine:
            return None
        shape = Argument("normalized_shape", list(self.normalised(x)))
        if self._by_place(x):
            text = f"F.{self.functional}({{x}}.movedim(1, -1), {{normalized_shape}}, eps={{eps}}).movedim(-1, 1)"
            return Spelling("", (shape, Argument("eps", self.eps)), text)
        return Spelling(f"F.{self.functional}", (shape, *self.arguments("eps")))

    def words(self, x: Shape) -> str:
        return tr("over the channels") if self._by_place(x) else ""


class LayerNorm(_OverAxes):
    """Layer normalisation: each sample is brought to mean 0 and variance 1 over the axis `axis` and all
    after it, with a learned weight and bias for each number (torch.nn.LayerNorm; Ba, Kiros and Hinton, 2016).

    By default over the whole sample; `axis=-1` is the last axis alone, as for a row of tokens; `axis="channels"` the
    channels alone, at each place of a map by itself (Liu et al., 2022), with a weight and a bias for each channel.
    """

    kind = "layernorm"
    module = "LayerNorm"
    functional = "layer_norm"
    example = 'input(16, 8, 8) -> layernorm(axis="channels")'
    torch_names = {"affine": "elementwise_affine"}
    helper = '''\
class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalisation over the channels, at each place of a map by itself."""

    def forward(self, input: Tensor) -> Tensor:
        x = input.movedim(1, -1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.movedim(-1, 1)
'''

    eps: PositiveReal = Field(default=1e-05, description=_EPS)
    affine: Flag = Field(default=True, description="whether each number has a learned weight and bias")
    bias: Flag = Field(default=True, description="whether there is a bias beside the weight")


class RMSNorm(_OverAxes):
    """Root mean square normalisation: each sample is divided by the root of the mean of its squares over the axis
    `axis` and all after it, with a learned weight for each number (torch.nn.RMSNorm; Zhang and Sennrich, 2019).

    y = x / sqrt(mean(x**2) + eps) * weight.  By default over the whole sample; `axis=-1` is the last axis alone, as for
    a row of tokens; `axis="channels"` the channels alone, at each place of a map by itself.
    """

    kind = "rmsnorm"
    module = "RMSNorm"
    functional = "rms_norm"
    example = "input(196, 64) -> rmsnorm(axis=-1)"
    torch_names = {"affine": "elementwise_affine"}
    helper = '''\
class ChannelRMSNorm(nn.RMSNorm):
    """Root mean square normalisation over the channels, at each place of a map by itself."""

    def forward(self, x: Tensor) -> Tensor:
        x = F.rms_norm(x.movedim(1, -1), self.normalized_shape, self.weight, self.eps)
        return x.movedim(-1, 1)
'''

    eps: OptionalPositiveReal = Field(
        default=None, description="added to the mean; the smallest step of the type of the numbers unless given"
    )
    affine: Flag = Field(default=True, description="whether each number has a learned weight")

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return None  # PyTorch has one step for it on some devices, and several on others

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        # On a CPU: the numbers before they meet the weight, and a root for each group of them.
        roots = prod(x) // prod(self.normalised(x)) if gradient else 0
        numbers = prod(x) if "weight" in trained else 0
        return Kept(inputs=(0,) if gradient else (), extra=Extra(numbers=roots + numbers))


class LocalResponseNorm(Layer):
    """Local response normalisation: each number is divided by a power of the squares of its neighbours in
    the channels next to it.

    b = a / (k + alpha * mean of the squares over `size` channels)**beta (torch.nn.LocalResponseNorm;
    Krizhevsky, Sutskever and Hinton, 2012).
    """

    kind = "local_response_norm"
    group = Group.NORMALISATION
    module = "LocalResponseNorm"
    call = "F.local_response_norm"
    ranks = (2, 3, 4)
    example = "input(3, 32, 32) -> conv(8, 5) -> relu -> local_response_norm(5)"

    size: Positive = Field(description="number of neighbouring channels")
    alpha: Real = Field(default=0.0001, description="factor of the squares")
    beta: Real = Field(default=0.75, description="the power")
    k: Real = Field(default=1.0, description="added to the squares")

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, (0,))

    def _padded(self, x: KnownShape) -> int:
        """The numbers of a copy with zeros on both sides of the channels, so that each has its neighbours."""
        return (x[0] + self.size - 1) * prod(x[1:])

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra:
        # F.local_response_norm squares, pads, takes means and a power, each step a tensor of its own.
        return Extra(numbers=max(2 * prod(x), self._padded(x)))

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept(inputs=(0,), extra=Extra(numbers=2 * prod(x) + self._padded(x)))

    def words(self, x: Shape) -> str:
        return trn("{count} channel", "{count} channels", self.size)
