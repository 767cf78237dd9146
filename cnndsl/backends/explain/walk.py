"""A network application by application, with where each value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnndsl.layers.base import Layer
from cnndsl.layers.sizes import Shape
from cnndsl.layers.values import Operation
from cnndsl.program import Call, Child, Combine, Leaf, Module, Origin, Program, Use


@dataclass(frozen=True, slots=True)
class Came:
    """Where a value comes from: the part or operation, in words, and where that is applied.

    flattened: the value that was flattened to give this one, where the compiler put the flatten there.
    """

    words: str
    shape: Shape
    origin: Origin | None = None
    flattened: Came | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The module that an application stands in, and the part that it is; a network is nobody's part."""

    module: Module
    part: Child | None = None
    outer: Frame | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """One application of a layer or an operation, in the order of execution.

    path: the attribute path from the network (`layer1.0.conv1`), empty for what leaves no module.
    part: the part that is applied; None for a plain call and an operation.
    origin: where it is applied. `uses`: how often the part is applied in all; `use`: which time this is.
    """

    path: str
    layer: Layer | Operation
    part: Child | None
    frame: Frame
    came: tuple[Came, ...]
    outputs: tuple[Shape, ...]
    origin: Origin
    inserted: bool = False
    use: int = 1
    uses: int = 1

    @property
    def inputs(self) -> tuple[Shape, ...]:
        """The shapes of what comes in."""
        return tuple(came.shape for came in self.came)

    @property
    def leaf(self) -> Leaf | None:
        """The layer as a part, where it is one."""
        return self.part.unit if self.part is not None and isinstance(self.part.unit, Leaf) else None


def applications(program: Program, network: str | None = None, within: str = "") -> Iterator[Applied]:
    """Every application of a layer or an operation in a network, by default the last one of the text.

    With `within` only those of the part with this path, and of the parts inside it. Raises KeyError for an
    unknown network.
    """
    top = program.network(network)
    came = tuple(
        Came("the input" if name == "input" else name, shape)
        for name, shape in zip(top.inputs, top.input_shapes, strict=True)
    )
    counts: dict[str, int] = {}
    found = list(_walk(program, Frame(top), came, "", within))
    for applied in found:
        counts[applied.path] = counts.get(applied.path, 0) + 1
    seen: dict[str, int] = {}
    for applied in found:
        if not applied.path:
            yield applied
            continue
        seen[applied.path] = seen.get(applied.path, 0) + 1
        yield replace(applied, use=seen[applied.path], uses=counts[applied.path])


def _walk(program: Program, frame: Frame, inputs: tuple[Came, ...], prefix: str, within: str) -> Iterator[Applied]:
    module = frame.module
    values = dict(enumerate(inputs))
    parts = {child.name: child for child in module.children}
    for step in module.steps:
        came = tuple(values[value] for value in step.inputs)
        outputs = tuple(module.values[value] for value in step.outputs)
        action = step.action
        path, part, inserted = "", None, False
        layer: Layer | Operation | None
        if isinstance(action, Combine):
            layer, words = action.operation, action.operation.symbol
        elif isinstance(action, Call):
            part = parts[action.child]
            path = words = prefix + action.child
            layer = part.unit.layer if isinstance(part.unit, Leaf) else None
        else:
            layer, words, inserted = action.layer, action.layer.word, action.inserted
        for value, shape in zip(step.outputs, outputs, strict=True):
            values[value] = Came(words, shape, step.origin, came[0] if inserted else None)
        if not touches(path, within):
            continue
        if part is not None and isinstance(part.unit, Use):
            assert isinstance(action, Call)  # noqa: S101 - only a call has a part
            inner = program.modules[action.module or part.unit.module]
            yield from _walk(program, Frame(inner, part, frame), came, f"{path}.", within)
        elif layer is not None and inside(path or prefix, within):
            yield Applied(path, layer, part, frame, came, outputs, step.origin, inserted)


def inside(path: str, within: str) -> bool:
    """Whether a path is that of a part, or lies in it."""
    return not within or path == within or path.startswith(f"{within}.")


def touches(path: str, within: str) -> bool:
    """Whether what is looked for is a path or lies in it, or the other way round; what has no path is let through."""
    return not path or inside(path, within) or within.startswith(f"{path}.")


def paths(program: Program, network: str | None = None) -> Iterator[str]:
    """The paths of all parts of a network, the blocks among them."""

    def below(module: Module, prefix: str) -> Iterator[str]:
        for child in module.children:
            yield prefix + child.name
            if isinstance(child.unit, Use):
                yield from below(program.modules[child.unit.module], f"{prefix}{child.name}.")

    return below(program.network(network), "")
