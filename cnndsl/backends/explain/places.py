"""Where in the text a layer and each of its arguments were written.

The program knows where a part was declared; what stands there is looked up in the syntax tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cnndsl.layers.base import Layer
from cnndsl.program import Origin
from cnndsl.source import Position
from cnndsl.syntax import tree

Trees = Callable[[str], tree.File | None]
"""The tree of a file that the program calls by this name; None where it cannot be had."""


@dataclass(frozen=True, slots=True)
class Written:
    """A layer as it was written: `node` is its call, or its bare name."""

    node: tree.Call | tree.Name

    @property
    def text(self) -> str:
        """The words of the text, on one line."""
        return " ".join(self.node.span.text.split())

    @property
    def position(self) -> Position:
        """Where it begins."""
        return self.node.span.position

    def argument(self, layer: Layer, parameter: str) -> tree.Argument | None:
        """The argument that gives a parameter of the layer; None where it was left out."""
        if not isinstance(self.node, tree.Call):
            return None
        names = list(type(layer).model_fields)
        for at, argument in enumerate(self.node.arguments):
            name = argument.name.text if argument.name is not None else names[at] if at < len(names) else ""
            if name == parameter:
                return argument
        return None


class Places:
    """Finds what was written, in files that are read once each."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._nodes: dict[str, dict[Position, list[tree.Node]]] = {}

    def layer(self, origin: Origin, kind: str) -> Written | None:
        """The layer of this kind that was declared at a place.

        None where it cannot be told: a layer that came as a block's argument, or one of two alternatives.
        """
        for node in self._at(origin):
            found = list(_layers(node, kind))
            if found:
                return Written(found[0]) if len(found) == 1 else None
        return None

    def _at(self, origin: Origin) -> list[tree.Node]:
        """What begins at a place, the smallest first."""
        if origin.file not in self._nodes:
            file = self._trees(origin.file)
            self._nodes[origin.file] = {} if file is None else _index(file)
        return self._nodes[origin.file].get(Position(origin.line, origin.column), [])


def _index(file: tree.File) -> dict[Position, list[tree.Node]]:
    nodes: dict[int, list[tree.Node]] = {}
    todo: list[tree.Node] = [file]
    while todo:
        node = todo.pop()
        todo += _inside(node)
        nodes.setdefault(node.span.start, []).append(node)
    position = file.span.source.position
    return {position(start): sorted(found, key=lambda node: node.span.end) for start, found in nodes.items()}


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    """The parts of a node that may be layers, one level down: what a call calls is none, nor is a name given to one."""
    if isinstance(node, (tree.Bind, tree.Apply)):
        yield node.value
        return
    if isinstance(node, tree.Labelled):
        yield node.layer
        return
    if isinstance(node, tree.Call):
        yield from _inside(node.function)
        yield from (argument.value for argument in node.arguments)
        return
    for value in node.contents:
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, tree.Node):
                yield item


def _layers(node: tree.Node, kind: str) -> Iterator[tree.Call | tree.Name]:
    """The layers of a kind in an expression; those in braces are parts of their own."""
    if isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
        if node.function.text == kind:
            yield node
    elif isinstance(node, tree.Name):
        if node.text == kind:
            yield node
    elif not isinstance(node, (tree.Body, tree.Definition, tree.File)):
        for inner in _inside(node):
            yield from _layers(inner, kind)
