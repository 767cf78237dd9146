"""A difference of two networks -> what became of each application, for the page that marks it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnndsl.backends.diff import Difference
from cnndsl.backends.diff.comparison import Comparison, Node, Status, told
from cnndsl.backends.diff.matching import Item
from cnndsl.backends.diff.report import entries
from cnndsl.backends.explain.content import inside
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Module, Origin, Program

_Key = tuple[str, Origin | None, tuple[int, ...]]
"""By what an application is known: the path, or that of the block and the place in the text; and what it gives."""


class Changes:
    """The marks of both sides, each by the number of the application in the order of execution."""

    def __init__(self, difference: Difference) -> None:
        self._difference = difference
        self._versions = (difference.before, difference.after)
        self._applications = [list(_walk(version.program, Frame(version.network))) for version in self._versions]
        self._numbers: list[dict[_Key, int]] = [{}, {}]
        for numbers, found in zip(self._numbers, self._applications, strict=True):
            for number, at in enumerate(found):
                numbers.setdefault(_key(at), number)
        self._nodes: tuple[dict[int, Node], dict[int, Node]] = ({}, {})
        self._twins: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._pair(difference.comparison, "", "")

    def side(self, side: int) -> dict[str, Any]:
        """For each application of a side its mark, and the number of what it is on the other side, or -1; and in words
        what is different of some.
        """
        count = len(self._applications[side])
        said = {number: ", ".join(_said(node)) for number, node in self._nodes[side].items()}
        return {
            "marks": list(self._marks(side)),
            "twins": [self._twins[side].get(at, -1) for at in range(count)],
            "said": {number: words for number, words in said.items() if words},
        }

    def listed(self) -> list[dict[str, Any]]:
        """The differences that are no mere consequence, those that are alike together, with where the first is."""
        found = []
        for entry in entries(self._difference):
            side = int(entry.line.after is not None)
            path = entry.line.side.path or entry.line.side.block
            found.append({"mark": entry.mark, "name": entry.name, "said": entry.said, "side": side, "path": path})
        return found

    def _pair(self, comparison: Comparison, old: str, new: str) -> None:
        for node in comparison.nodes:
            numbers = [
                -1 if item is None else self._numbers[side].get(_key_of(item, around), -1)
                for side, (item, around) in enumerate(((node.before, old), (node.after, new)))
            ]
            for side, number in enumerate(numbers):
                if number >= 0:
                    self._nodes[side][number] = node
                    self._twins[side][number] = numbers[1 - side]
            if node.inside is not None and node.before is not None and node.after is not None:
                self._pair(node.inside, _join(old, node.before.name), _join(new, node.after.name))

    def _marks(self, side: int) -> Iterator[str]:
        """The marks; what is inside of something that is new or gone is so too, where it was not found elsewhere."""
        missing = Status.ADDED if side else Status.REMOVED
        around: list[tuple[str, Status]] = []
        for number, at in enumerate(self._applications[side]):
            while around and not inside(at.frame.path, around[-1][0]):
                around.pop()
            node = self._nodes[side].get(number)
            if node is not None:
                status = node.status
            elif isinstance(at.target, Module):
                status = missing
            else:
                status = around[-1][1] if around else Status.SAME
            if isinstance(at.target, Module):
                around.append((at.path, status if status is missing else Status.SAME))
            yield "" if status is Status.SAME else status.value


def _said(node: Node) -> Iterator[str]:
    """How a layer differs, or a block by itself."""
    if node.before is not None and node.after is not None and node.renamed:
        yield f"{node.before.name or node.before.word} -> {node.after.name or node.after.word}"
    yield from (told((change,)) for change in node.changes)
    yield from node.notes


def _walk(program: Program, frame: Frame) -> Iterator[Application]:
    """Every application, each block before what is inside it."""
    for at in applications(program, frame):
        yield at
        if isinstance(at.target, Module):
            yield from _walk(program, at.inside(at.target))


def _key(at: Application) -> _Key:
    return (at.path, None, at.step.outputs) if at.path else (at.frame.path, at.step.origin, at.step.outputs)


def _key_of(item: Item, around: str) -> _Key:
    return (_join(around, item.name), None if item.name else item.origin, item.outputs)


def _join(around: str, name: str) -> str:
    return f"{around}.{name}" if around and name else around or name
