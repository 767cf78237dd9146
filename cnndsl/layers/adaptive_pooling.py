"""Pools that are told the size of what comes out, or take in the whole map."""

from math import prod

from pydantic import Field

from cnndsl.i18n import tr
from cnndsl.layers.base import Argument, Kept, times
from cnndsl.layers.formula import (
    AxisRule,
    Dim,
    KnownShape,
    Shape,
    as_it_comes,
    axis_names,
    parameter,
    per_axis,
)
from cnndsl.layers.pooling import Pool, WithIndices
from cnndsl.layers.reach import Reaches, mixing, regions
from cnndsl.layers.types import Extent
from cnndsl.layers.windows import UNITS
from cnndsl.symbolic.number import is_open, value_of

_MOST_REGIONS = 8
"""More regions than this are not listed."""


class _AdaptivePool(Pool):
    """A pool that is told the size of what comes out, not of its regions."""

    torch_names = {"size": "output_size"}

    size: Extent = Field(description="size of what comes out")

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], *per_axis(self.size, len(x) - 1, "size"))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        y = self.output(x)
        rules = (self._rule(x[axis], y[axis], axis_names(x)[axis]) for axis in range(1, len(x)))
        return (as_it_comes(x, 0, tr("each channel by itself")), *rules)

    def _rule(self, size: Dim, count: Dim, name: str) -> AxisRule:
        asked = parameter("size", count, "size")
        first, last = f"floor(i*{size} / {count})", f"ceil((i + 1)*{size} / {count}) - 1"
        note = tr("region i reads the {places} {first} to {last}", places=tr(f"{UNITS[name]}s"), first=first, last=last)
        if not is_open(size) and count <= _MOST_REGIONS:
            regions = ((i * size // count, -(-(i + 1) * size // count) - 1) for i in range(value_of(count)))
            note += ": " + ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in regions)
        return AxisRule(name, count, asked, tr("as asked for"), () if count == 1 else (note,))

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return regions(x, y)

    def words(self, x: Shape) -> str:
        return tr("to {size}", size=times(per_axis(self.size, len(x) - 1, "size")))


class AdaptiveAvgPool(_AdaptivePool):
    """Adaptive average pooling: whatever comes in is cut into `size` regions, and each keeps its mean.

    Region i of n along an axis of I goes from floor(i*I/n) to ceil((i + 1)*I/n) (torch.nn.AdaptiveAvgPool2d).
    """

    kind = "adaptive_avgpool"
    module = "AdaptiveAvgPool{r}d"
    call = "F.adaptive_avg_pool{r}d"
    example = "input(512, 7, 7) -> adaptive_avgpool(1)"

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        # To one number a channel it is a plain mean.
        return Kept() if prod(y[1:]) == 1 else Kept(inputs=(0,))


class AdaptiveMaxPool(WithIndices, _AdaptivePool):
    """Adaptive max pooling: whatever comes in is cut into `size` regions, and each keeps its largest value.

    Region i of n along an axis of I goes from floor(i*I/n) to ceil((i + 1)*I/n) (torch.nn.AdaptiveMaxPool2d).
    """

    kind = "adaptive_maxpool"
    module = "AdaptiveMaxPool{r}d"
    call = "F.adaptive_max_pool{r}d"
    example = "input(512, 7, 7) -> adaptive_maxpool([2, 3])"


class _GlobalPool(Pool):
    """An adaptive pool to one number a channel; the axes stay, with size 1."""

    def size_rule(self, x: Shape) -> Shape:
        return (x[0], *(1 for _ in x[1:]))

    def formula(self, x: Shape) -> tuple[AxisRule, ...]:
        rules = (AxisRule(name, 1, words=tr("one number for the whole channel")) for name in axis_names(x)[1:])
        return (as_it_comes(x, 0, tr("each channel by itself")), *rules)

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return mixing(x, range(1, len(x)))

    def spelled(self, x: Shape) -> tuple[Argument, ...]:
        return (Argument("output_size", 1),)


class GlobalAvgPool(_GlobalPool):
    """Global average pooling: the mean of each channel; nn.AdaptiveAvgPool2d(1)."""

    kind = "global_avgpool"
    module = "AdaptiveAvgPool{r}d"
    call = "F.adaptive_avg_pool{r}d"
    example = "input(512, 7, 7) -> global_avgpool"
    keeps = Kept()


class GlobalMaxPool(WithIndices, _GlobalPool):
    """Global max pooling: the largest value of each channel; nn.AdaptiveMaxPool2d(1)."""

    kind = "global_maxpool"
    module = "AdaptiveMaxPool{r}d"
    call = "F.adaptive_max_pool{r}d"
    example = "input(512, 7, 7) -> global_maxpool"
