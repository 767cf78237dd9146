"""What keeps the place of a layer that is gone from a numbered row, so that the others keep their numbers."""

from typing import ClassVar

from cnndsl.layers.base import Group, Layer, Spelling
from cnndsl.layers.memory import Kept
from cnndsl.layers.reach import Reaches, same
from cnndsl.layers.sizes import KnownShape, Shape


class Placeholder(Layer):
    """Gives what it is given (torch.nn.Identity). No word of the language makes one."""

    kind: ClassVar[str] = "placeholder"
    module: ClassVar[str] = "Identity"
    group: ClassVar[Group] = Group.SHAPE
    ranks: ClassVar[tuple[int, ...]] = ()
    example: ClassVar[str] = ""

    def output(self, x: Shape) -> Shape:
        return x

    def reach(self, x: Shape, y: Shape) -> Reaches:
        return same(x)

    def shares(self, x: KnownShape, *, training: bool, in_order: bool) -> bool:
        return True

    def kept(self, x: KnownShape, y: KnownShape, *, gradient: bool, trained: frozenset[str]) -> Kept | None:
        return Kept()

    def torch(self, x: Shape) -> Spelling:
        return Spelling("nn.Identity")
