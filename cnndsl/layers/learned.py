"""A learned tensor that is no layer's: `parameter([64, 1, 1], init=1e-6)`, used as a value."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from cnndsl.layers.base import Argument, Group, Layer, Spelling, Tensor
from cnndsl.layers.fields import Counts, Real
from cnndsl.layers.initialisers import Initialiser
from cnndsl.layers.memory import Kept
from cnndsl.layers.sizes import KnownShape, Shape


def _form(value: Any) -> Literal["rule", "number"]:
    return "rule" if isinstance(value, (Initialiser, dict)) else "number"


class Learned(Layer):
    """A tensor of numbers that are learned, with no layer around them (torch.nn.Parameter).

    It takes nothing in, and has no batch axis: it is the same for all samples.
    """

    kind: ClassVar[str] = "parameter"
    module: ClassVar[str] = "Parameter"
    group: ClassVar[Group] = Group.SHAPE
    ranks: ClassVar[tuple[int, ...]] = ()
    example: ClassVar[str] = ""

    size: Counts = Field(description="shape of the tensor, which has no batch axis; [] for a single number")
    init: Annotated[Annotated[Initialiser, Tag("rule")] | Annotated[Real, Tag("number")], Discriminator(_form)] = Field(
        default=0.0, description="number that all entries begin with, or a rule such as normal(0, 0.02)"
    )

    def output(self, x: Shape) -> Shape:
        return self.size

    def size_rule(self, x: Shape) -> Shape:
        return self.size

    def tensors(self, x: Shape) -> tuple[Tensor, ...]:
        return (Tensor("", self.size),)

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept()

    def torch(self, x: Shape) -> Spelling:
        size = Argument("size", self.size)
        if isinstance(self.init, Initialiser):
            filled = self.init.python("torch.empty({size})")
            return Spelling("nn.Parameter", (size,), f"nn.Parameter({filled})")
        if self.init in (0, 1):
            function = "zeros" if self.init == 0 else "ones"
            return Spelling("nn.Parameter", (size,), f"nn.Parameter(torch.{function}({{size}}))")
        return Spelling(
            "nn.Parameter", (size, Argument("init", float(self.init))), "nn.Parameter(torch.full({size}, {init}))"
        )
