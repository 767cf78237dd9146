"""Layers whose weight is worked out from other tensors at each step: weight and spectral normalisation."""

from dataclasses import replace
from math import prod
from typing import Any, ClassVar

from cnndsl.layers.base import Extra, Kept, Layer, Spelling, Tensor
from cnndsl.layers.formula import KnownShape, Shape, SizeError

WEIGHT_NORM = "whether the weight is a direction and a length for each row, learned apart"
SPECTRAL_NORM = "whether the weight is divided by its spectral norm, so that it enlarges nothing"

_MADE = "parametrizations.weight"


class WithNorm(Layer):
    """A layer with a weight that may be normalised by itself, as PyTorch's parametrizations do.

    It has the parameters `bias`, and `weight_norm` and `spectral_norm`, which stand last.
    """

    outputs_axis: ClassVar[int] = 0
    """The axis of the weight along which its outputs lie, for the spectral norm."""

    @property
    def normed(self) -> str:
        """The function of PyTorch that normalises the weight; empty for none."""
        return "weight_norm" if self._has("weight_norm") else "spectral_norm" if self._has("spectral_norm") else ""

    def _has(self, name: str) -> bool:
        return bool(getattr(self, name))

    def check_norm(self) -> None:
        """Raise SizeError where both norms are asked for."""
        if self._has("weight_norm") and self._has("spectral_norm"):
            raise SizeError(
                f"the weight of {self.kind} is normalised in one way, and both are asked for",
                "leave out weight_norm or spectral_norm",
                code="E312",
            )

    def with_norm(self, shape: tuple[Any, ...], outputs: int) -> tuple[Tensor, ...]:
        """The tensors of the layer: a weight of this shape, or what it is worked out from, and a bias if it has one."""
        made, others = _MADE, (Tensor("bias", (outputs,)),) if self._has("bias") else ()
        if self.normed == "weight_norm":
            lengths = (shape[0], *(1 for _ in shape[1:]))
            return (*others, Tensor(f"{made}.original0", lengths), Tensor(f"{made}.original1", shape))
        if self.normed == "spectral_norm":
            rows = shape[self.outputs_axis]
            left, right = (rows,), (prod(shape) // rows,)
            buffers = (Tensor(f"{made}.0._u", left, learned=False), Tensor(f"{made}.0._v", right, learned=False))
            return (*others, Tensor(f"{made}.original", shape), *buffers)
        return (Tensor("weight", shape), *others)

    def wrapped(self, spelling: Spelling) -> Spelling:
        """How PyTorch writes the layer, with the function around it that normalises its weight."""
        own = tuple(a for a in spelling.arguments if a.name not in ("weight_norm", "spectral_norm"))
        around = f"nn.utils.parametrizations.{self.normed}" if self.normed else ""
        return replace(spelling, arguments=own, around=around)

    def trains_weight(self, trained: frozenset[str]) -> bool:
        """Whether the weight, or what it is worked out from, is among the tensors that training changes."""
        return not trained.isdisjoint(("weight", f"{_MADE}.original", f"{_MADE}.original1"))

    def kept_with_norm(self, kept: Kept, x: Shape, trained: frozenset[str], *, weight: bool) -> Kept:
        """What is kept with what making the weight adds; `weight`: whether the layer keeps its weight.

        A weight that is worked out is one more tensor, as are the lengths of its rows, or the two vectors of the power
        iteration and the spectral norm itself.
        """
        if not self.normed:
            return kept
        sizes = {tensor.name.removeprefix(f"{_MADE}."): tensor.size for tensor in self.tensors(x)}
        numbers = (sizes.get("original") or sizes["original1"]) if weight else 0
        if self.trains_weight(trained):
            numbers += sizes["original0"] if self.normed == "weight_norm" else sizes["0._u"] + sizes["0._v"] + 1
        return replace(kept, extra=replace(kept.extra, shared=kept.extra.shared + numbers))

    def scratch(self, x: KnownShape, y: KnownShape) -> Extra | None:
        return None if self.normed else super().scratch(x, y)  # what making the weight takes is not known
