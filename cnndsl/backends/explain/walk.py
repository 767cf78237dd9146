"""A network application by application, with where each value comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cnndsl.interpreter import Application, Frame, Interpreter
from cnndsl.layers.base import Layer
from cnndsl.layers.sizes import Shape
from cnndsl.layers.values import Operation
from cnndsl.program import Child, Leaf, Module, Origin, Program, Use


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
    found = list(_Origins(program, within).found(Frame(top), came))
    counts = Counter(applied.path for applied in found)
    seen: Counter[str] = Counter()
    for applied in found:
        seen[applied.path] += 1
        yield replace(applied, use=seen[applied.path], uses=counts[applied.path]) if applied.path else applied


class _Origins(Interpreter[Came]):
    """Says of each value where it comes from; looks into the parts alone that may hold what is `within` a path."""

    def __init__(self, program: Program, within: str) -> None:
        super().__init__(program)
        self._within = within

    def call_layer(self, at: Application, layer: Layer, inputs: Sequence[Came]) -> Came:
        return Came(at.path or layer.word, at.ys[0], at.step.origin, inputs[0] if at.inserted else None)

    def combine(self, at: Application, operation: Operation, inputs: Sequence[Came]) -> list[Came]:  # noqa: ARG002
        return [Came(operation.symbol, y, at.step.origin) for y in at.ys]

    def call_module(self, at: Application, module: Module, inputs: Sequence[Came]) -> list[Came]:  # noqa: ARG002
        return [Came(at.path, y, at.step.origin) for y in at.ys]

    def opens(self, at: Application) -> bool:
        return touches(at.path, self._within)

    def found(self, top: Frame, inputs: tuple[Came, ...]) -> Iterator[Applied]:
        """The applications of layers and operations."""
        for at, values in self.walk(top, inputs):
            if not isinstance(at.target, Module) and inside(at.path or at.frame.path, self._within):
                came = tuple(values[index] for index in at.step.inputs)
                yield Applied(at.path, at.target, at.part, at.frame, came, at.ys, at.step.origin, at.inserted)


def inside(path: str, within: str) -> bool:
    """Whether a path is that of a part, or lies in it."""
    return not within or path == within or path.startswith(f"{within}.")


def touches(path: str, within: str) -> bool:
    """Whether what is looked for is a path or lies in it, or the other way round; what has no path is let through."""
    return not path or inside(path, within) or within.startswith(f"{path}.")


def paths(program: Program, network: str | None = None) -> Iterator[str]:
    """The paths of all parts of a network, the blocks and lists among them."""

    def below(module: Module, prefix: str) -> Iterator[str]:
        for child in module.children:
            if child.name.endswith(".0"):  # the first of a list
                yield prefix + child.name.removesuffix(".0")
            yield prefix + child.name
            if isinstance(child.unit, Use):
                yield from below(program.modules[child.unit.module], f"{prefix}{child.name}.")

    return below(program.network(network), "")
