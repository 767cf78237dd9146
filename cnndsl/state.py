"""The keys of a network's `state_dict()` and the shapes of its tensors, from the program alone."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.layers.extern import Extern
from cnndsl.layers.sizes import KnownShape, plain
from cnndsl.program import Leaf, Module, Program, Use


def tensors(program: Program, module: Module) -> Iterator[tuple[str, KnownShape]]:
    """Every key of a network with the shape of its tensor, in their order; classes from elsewhere have none."""
    return (found for child in module.children for found in of_part(program, child.unit, child.name))


def of_part(program: Program, unit: Leaf | Use | None, path: str) -> Iterator[tuple[str, KnownShape]]:
    """The keys of a part that is called `path`, with their shapes."""
    if isinstance(unit, Leaf):
        yield from ((f"{path}.{name}" if name else path, shape) for name, shape in held(unit))
    elif unit is not None:
        for child in program.modules[unit.module].children:
            yield from of_part(program, child.unit, f"{path}.{child.name}")


def held(leaf: Leaf) -> Iterator[tuple[str, KnownShape]]:
    """The tensors of a layer; what a class from elsewhere holds is not known."""
    if not isinstance(leaf.layer, Extern):
        yield from ((tensor.name, tensor.shape) for tensor in leaf.layer.tensors(plain(leaf.x)))


def unknown(program: Program, module: Module, prefix: str = "") -> Iterator[str]:
    """The paths of classes from elsewhere, of which it is not known what they hold."""
    for child in module.children:
        path = prefix + child.name
        if isinstance(child.unit, Use):
            yield from unknown(program, program.modules[child.unit.module], f"{path}.")
        elif isinstance(child.unit.layer, Extern):
            yield path
