"""What a module does, item by item: what two versions are matched by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from cnndsl.interpreter import Frame, applications, target_of
from cnndsl.layers.base import Layer
from cnndsl.layers.sizes import Shape, plain
from cnndsl.layers.values import Operation
from cnndsl.program import Child, Leaf, Module, Origin, Program


@dataclass(frozen=True)
class Item:
    """One application in a module, or a part that is never applied.

    name: that of the part, relative to the module; empty for a plain call and a merge of values.
    origin: where the text applies it; of a part that is never applied, where it declares it.
    layer, module, operation: what is applied, one of the three; `leaf` is the part that a layer is, where it is one.
    inputs, outputs: the values, by their number in the module.
    xs, ys: their shapes; neither has any for a part that is never applied.
    again: whether the part was applied before in this module.
    """

    name: str
    origin: Origin
    layer: Layer | None = None
    leaf: Leaf | None = None
    module: Module | None = None
    operation: Operation | None = None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    xs: tuple[Shape, ...] = ()
    ys: tuple[Shape, ...] = ()
    again: bool = False
    applied: bool = True
    training: bool = False

    @cached_property
    def sort(self) -> Literal["layer", "block", "merge"]:
        """Whether it is a layer, has items of its own inside, or combines values."""
        if self.operation is not None:
            return "merge"
        return "layer" if self.layer is not None else "block"

    @cached_property
    def word(self) -> str:
        """What people call it: the kind of layer, the name of the block, the operation."""
        if self.operation is not None:
            return self.operation.symbol
        if self.module is not None:
            return self.module.name or self.module.kind
        return self.layer.word if self.layer is not None else ""

    @cached_property
    def is_counted_name(self) -> bool:
        """Whether the name says no more than a place in a row: `3`, or `conv3` for a convolution."""
        rest = self.name.rpartition(".")[2]
        if self.layer is not None:
            rest = rest.removeprefix(self.layer.kind)
        return not rest or rest.isdigit()

    @property
    def x(self) -> Shape:
        """The shape that a layer was built for; a plain call for what comes into it."""
        if self.leaf is not None:
            return plain(self.leaf.x)
        return self.xs[0] if self.xs else ()


def items(program: Program, module: Module) -> list[Item]:
    """The items of a module in the order of execution; after them the parts that are never applied."""
    applied: set[str] = set()
    found = []
    for at in applications(program, Frame(module)):
        item = _item(at.target, at.part, at.step.origin)
        xs, ys = tuple(map(plain, at.xs)), tuple(map(plain, at.ys))
        again, training = item.name in applied, at.step.training
        found.append(
            replace(item, inputs=at.step.inputs, outputs=at.step.outputs, xs=xs, ys=ys, again=again, training=training)
        )
        if at.part is not None:
            applied.add(at.part.name)
    unused = (child for child in module.children if child.name not in applied)
    return found + [replace(_item(target_of(program, child), child, child.origin), applied=False) for child in unused]


def _item(target: Layer | Operation | Module, part: Child | None, origin: Origin) -> Item:
    name = part.name if part is not None else ""
    if isinstance(target, Layer):
        leaf = part.unit if part is not None and isinstance(part.unit, Leaf) else None
        return Item(name, origin, layer=target, leaf=leaf)
    if isinstance(target, Operation):
        return Item(name, origin, operation=target)
    return Item(name, origin, module=target)
