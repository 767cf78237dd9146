"""Operations that give a value the size of another one, whatever that is when the network runs."""

from typing import ClassVar

from pydantic import Field

from cnndsl.layers.base import RANK_WORDS
from cnndsl.layers.fields import Flag
from cnndsl.layers.formula import AxisRule, as_it_comes, axis_names
from cnndsl.layers.memory import Kept
from cnndsl.layers.reach import Reaches
from cnndsl.layers.resize import Interpolation, Upsample
from cnndsl.layers.sizes import KnownShape, Shape, SizeError, show
from cnndsl.layers.values import Operation


class UpsampleLike(Operation):
    """The map with the height and width of another value, its numbers repeated or interpolated.

    Of the other value only the size is used, which may be left open. It may be smaller too.
    """

    kind: ClassVar[str] = "upsample"
    symbol: ClassVar[str] = "upsample"
    written: ClassVar[str] = "upsample(x, like=y)"
    values: ClassVar[str] = "two maps with the same number of axes"
    call: ClassVar[str] = "F.interpolate"
    example: ClassVar[str] = "input(3, 32, 32); small = it -> conv(8, 3, stride=2); upsample(small, like=input)"
    reads: ClassVar[int | None] = 1

    mode: Interpolation = Field(default="nearest", description=Upsample.model_fields["mode"].description)
    align_corners: Flag = Field(default=False, description=Upsample.model_fields["align_corners"].description)

    @property
    def takes(self) -> tuple[int, int]:
        return (2, 2)

    def _layer(self, like: Shape) -> Upsample:
        """The layer that gives the size of the other value, while that is what it is."""
        return Upsample(mode=self.mode, align_corners=self.align_corners).having({"size": like[1:]})

    def outputs(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        x, like = xs
        if len(x) != len(like):
            raise SizeError(
                f"upsample takes the size of a map with as many axes: {show(x)} comes in, the other is {show(like)}",
                f"give it a value of {RANK_WORDS.get(len(x), 'the same number of axes')}",
                code="E306",
            )
        return (self._layer(like).output(x),)

    def size_rule(self, xs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        x, like = xs
        return ((x[0], *like[1:]),)

    def formula(self, xs: tuple[Shape, ...], y: Shape) -> tuple[AxisRule, ...]:
        x, like = xs
        taken = (AxisRule(name, like[axis], words="as in the second value") for axis, name in enumerate(axis_names(x)))
        return (as_it_comes(x, 0), *list(taken)[1:])

    def text(self, xs: tuple[Shape, ...], names: tuple[str, ...]) -> str:
        mode = "" if self.mode == "nearest" else f', mode="{self.mode}"'
        corners = ", align_corners=True" if self.align_corners else ""
        return f"F.interpolate({names[0]}, size={names[1]}.shape[2:]{mode}{corners})"

    def reach(self, xs: tuple[Shape, ...], ys: tuple[Shape, ...], k: int) -> tuple[Reaches, ...]:
        return (self._layer(xs[1]).reach(xs[0], ys[k]),)  # nothing is read of the other value

    def kept(self, xs: tuple[KnownShape, ...], gradients: tuple[bool, ...]) -> Kept:
        x, like = xs
        kept = self._layer(like).kept(x, (x[0], *like[1:]), gradient=gradients[0], trained=frozenset())
        return kept or Kept()
