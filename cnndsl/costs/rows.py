"""A network application by application, with what each brings and costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cnndsl.costs.counts import Counter, Parts, parts_of
from cnndsl.layers.base import Group
from cnndsl.layers.sizes import Shape, plain
from cnndsl.program import Combine, Leaf, Module, Plain, Program, Step, Use


@dataclass(frozen=True, slots=True)
class Row:
    """One application, in the order of execution; a block stands before what is inside it, with its totals.

    what: whether it is a layer, a block with rows of its own below, or a merge of values.
    path: the attribute path from the network (`layer1.0.conv1`), empty for what leaves no module.
    depth: how many blocks it is inside of.
    word: the kind of layer, the block's name or the operation.
    output: the shapes that come out; none for a part that is declared and never applied.
    parameters: those that this row brings; a part that was applied before is `shared` and brings none.
    """

    what: Literal["layer", "block", "merge"]
    path: str
    depth: int
    word: str
    words: str = ""
    group: Group | None = None
    output: tuple[Shape, ...] = ()
    parameters: int = 0
    macs: int | None = 0
    shared: bool = False
    inserted: bool = False
    """Whether the compiler put it there: the flatten before a dense layer."""
    training: bool = False
    """Whether it is there in training only; then it has no multiply-accumulates."""

    @property
    def name(self) -> str:
        """The last part of the path: the name of the attribute."""
        return self.path.rpartition(".")[2]


def rows(program: Program, network: str | None = None) -> Iterator[Row]:
    """Every application in a network (by default the last one of the text), in the order of execution.

    Parts that are never applied come after the others of their block. Raises KeyError for an unknown name.
    """
    top = program.network(network)
    return _Walk(program).module(top, "", 0)


class _Walk:
    """Goes through a network application by application."""

    def __init__(self, program: Program) -> None:
        self._modules = program.modules
        self._counter = Counter(program)
        self._applied: set[str] = set()

    def module(self, module: Module, prefix: str, depth: int) -> Iterator[Row]:
        parts = parts_of(module)
        for step in module.steps:
            steps = self._step(module, parts, step, prefix, depth)
            yield from (replace(row, macs=0, training=True) for row in steps) if step.training else steps
        for name, unit in parts.items():
            path = prefix + name
            if path not in self._applied:
                yield self._row(unit, path, depth, parameters=self._counter.held(unit).parameters)

    def _step(self, module: Module, parts: Parts, step: Step, prefix: str, depth: int) -> Iterator[Row]:
        action = step.action
        output = tuple(module.values[value] for value in step.outputs)
        macs = self._counter.macs(module, parts, step)
        if isinstance(action, Combine):
            yield Row("merge", "", depth, action.operation.symbol, output=output)
        elif isinstance(action, Plain):
            unit = Leaf(layer=action.layer, x=module.values[step.inputs[0]])
            yield replace(self._row(unit, "", depth, output, macs=macs), inserted=action.inserted)
        else:
            part = parts[action.child]
            path = prefix + action.child
            shared = path in self._applied
            self._applied.add(path)
            parameters = 0 if shared else self._counter.held(part).parameters
            yield self._row(part, path, depth, output, parameters, macs, shared)
            if isinstance(part, Use):
                yield from self.module(self._modules[action.module or part.module], f"{path}.", depth + 1)

    def _row(
        self,
        unit: Leaf | Use,
        path: str,
        depth: int,
        output: tuple[Shape, ...] = (),
        parameters: int = 0,
        macs: int | None = 0,
        shared: bool = False,
    ) -> Row:
        if isinstance(unit, Use):
            module = self._modules[unit.module]
            return Row("block", path, depth, module.name or module.kind, "", None, output, parameters, macs, shared)
        layer = unit.layer
        words = layer.words(plain(unit.x))
        return Row("layer", path, depth, layer.word, words, layer.group, output, parameters, macs, shared)
