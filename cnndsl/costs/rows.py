"""A network application by application, with what each brings and costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from cnndsl.costs.counts import Counter
from cnndsl.interpreter import Application, Frame, applications, target_of
from cnndsl.layers.base import Group, Layer
from cnndsl.layers.sizes import Shape, plain
from cnndsl.layers.values import Operation
from cnndsl.program import Leaf, Module, Program
from cnndsl.repeats import Repeats


@dataclass(frozen=True, slots=True)
class Row:
    """One application, in the order of execution; a block stands before what is inside it, with its totals.

    what: whether it is a layer, a block with rows of its own below, or a merge of values.
    path: the attribute path from the network (`layer1.0.conv1`), empty for what leaves no module.
    name: the end of the path, as the block calls the part: `conv1`, `conv1.0` for the first of a list.
    depth: how many blocks it is inside of.
    word: the kind of layer, the block's name or the operation.
    output: the shapes that come out; none for a part that is declared and never applied.
    parameters: those that this row brings; a part that was applied before is `shared` and brings none.
    """

    what: Literal["layer", "block", "merge"]
    path: str
    name: str
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
    goes_on: bool = False
    """Whether it is a block that one statement made together with the block before it: the next turn of a run."""
    structure: int = -1
    """Of a block a number that is the same for all with the same structure."""
    settings: tuple[tuple[str, Any], ...] = ()
    """The arguments of a block by their names, of a chain those of all that stands in it."""


def rows(program: Program, network: str | None = None) -> Iterator[Row]:
    """Every application in a network (by default the last one of the text), in the order of execution.

    Parts that are never applied come after the others of their block. Raises KeyError for an unknown name.
    """
    top = program.network(network)
    return _Walk(program, top).module(Frame(top), 0)


class _Walk:
    """Goes through a network application by application."""

    def __init__(self, program: Program, top: Module) -> None:
        self._program = program
        self._repeats = Repeats(program, top)
        self._counter = Counter(program)
        self._applied: set[str] = set()

    def module(self, frame: Frame, depth: int) -> Iterator[Row]:
        later = self._repeats.later_turns(frame.module)
        for at in applications(self._program, frame):
            found = self._application(at, depth, goes_on=at.index in later)
            yield from (replace(row, macs=0, training=True) for row in found) if at.step.training else found
        for child in frame.module.children:
            path = frame.path_of(child.name)
            if path not in self._applied:
                x = child.unit.x if isinstance(child.unit, Leaf) else ()
                row = _row(target_of(self._program, child), x, path, child.name, depth)
                yield replace(row, parameters=self._counter.held(child.unit).parameters)

    def _application(self, at: Application, depth: int, *, goes_on: bool) -> Iterator[Row]:
        path, parameters = at.path, 0
        shared = path in self._applied
        if at.part is not None and not shared:
            self._applied.add(path)
            parameters = self._counter.held(at.part.unit).parameters
        row = _row(at.target, at.leaf.x if at.leaf is not None else at.x, path, at.name, depth)
        macs = self._counter.macs(at)
        row = replace(row, output=at.ys, parameters=parameters, macs=macs, shared=shared, inserted=at.inserted)
        if not isinstance(at.target, Module):
            yield row
        else:
            structure = self._repeats.structure(at.target)
            settings = self._repeats.settings(at.frame.module, at.step)
            yield replace(row, goes_on=goes_on, structure=structure, settings=settings)
            yield from self.module(at.inside(at.target), depth + 1)


def _row(target: Layer | Operation | Module, x: Shape, path: str, name: str, depth: int) -> Row:
    """The row of what is never applied."""
    if isinstance(target, Layer):
        return Row("layer", path, name, depth, target.word, target.words(plain(x)), target.group)
    if isinstance(target, Operation):
        return Row("merge", path, name, depth, target.symbol)
    return Row("block", path, name, depth, target.name or target.kind)
