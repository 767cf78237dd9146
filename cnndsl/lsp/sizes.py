"""The size after each stage of a text, as it is shown beside its lines.

In: a program, and the tree of one of its files.  Out: for each stage the sizes that come out of it, of all times that
it is applied in the first network that gets there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cnndsl.frozen import frozen
from cnndsl.ir.interpreter import Application, Frame, applications
from cnndsl.ir.program import Combine, Module, Program
from cnndsl.layers.formula import Shape, show
from cnndsl.syntax import tree

Style = Literal["line", "stage", "off"]
"""Where sizes are shown: at the end of each line, after each stage, or nowhere."""
_MOST_LISTED = 12


@frozen()
class Size:
    """What comes out of a stage, which ends at `end`: for each time that it is applied, the shapes, of several the
    different ones.

    item: the definition that it stands in. times: how often it is applied.
    """

    item: str
    start: int
    end: int
    shapes: tuple[tuple[Shape, ...], ...]
    times: int

    @property
    def label(self) -> str:
        """`→ 8 × 28 × 28`; of several the first and the last, `→ 64 × 56 × 56 … 512 × 7 × 7`."""
        first, last = said(self.shapes[0]), said(self.shapes[-1])
        return f"→ {first}" if len(self.shapes) == 1 else f"→ {first} … {last}"

    @property
    def tooltip(self) -> str:
        """All sizes; empty where the label says them."""
        if len(self.shapes) < 2:
            return ""
        shown = [said(shapes) for shapes in self.shapes[:_MOST_LISTED]]
        more = [f"and {len(self.shapes) - _MOST_LISTED:,} more"] if len(self.shapes) > _MOST_LISTED else []
        return "\n".join([f"applied {self.times:,} times, and gives", *shown, *more])


def said(shapes: tuple[Shape, ...]) -> str:
    """Shapes for people: `8 × 28 × 28`."""
    return ", ".join(show(shape).replace(" x ", " × ") for shape in shapes)


@dataclass(slots=True)
class Stage:
    """A stage of a pipeline, or what a line applies or names, and the sizes that were found for it.

    outer: the number of the stage that it stands in, or -1.
    """

    node: tree.Node
    item: str
    outer: int
    found: dict[tuple[int, str], list[tuple[Shape, ...]]] = field(default_factory=dict)
    newest: tuple[int, str] | None = None
    latest: tuple[str, int] | None = None
    """The module and the number of the step that was added last."""


class Stages:
    """The stages of a file, found by what stands in them."""

    def __init__(self, file: tree.File) -> None:
        self._source = file.span.source
        self._all: list[Stage] = []
        for item in file.items:
            if isinstance(item, tree.Definition):
                self._add(item.body, item.name.text)
        # By where they begin, the outer ones first; the numbers of the outer ones follow.
        spans = [stage.node.span for stage in self._all]
        order = sorted(range(len(spans)), key=lambda at: (spans[at].start, -spans[at].end))
        place = {old: new for new, old in enumerate(order)}
        self._all = [self._all[at] for at in order]
        for stage in self._all:
            stage.outer = place.get(stage.outer, -1)
        self._starts = [stage.node.span.start for stage in self._all]

    def forget(self) -> None:
        """Begin anew, with another network."""
        for stage in self._all:
            stage.found, stage.newest, stage.latest = {}, None, None

    def _add(self, body: tree.Body, item: str) -> None:
        todo: list[tuple[tree.Node, int]] = [(body, -1)]
        while todo:
            node, around = todo.pop()
            if isinstance(node, (tree.Apply, tree.Bind, tree.OutputItem)):
                stages: tuple[tree.Node, ...] = (node.value,)
            elif isinstance(node, tree.Pipe):
                stages = node.stages
            else:
                todo += [(child, around) for child in reversed(node.children)]
                continue
            for part in stages:
                if isinstance(part, (tree.Pipe, tree.If)):
                    todo.append((part, around))
                else:
                    self._all.append(Stage(part, item, around))
                    number = len(self._all) - 1
                    todo += [(child, number) for child in reversed(part.children)]

    def stage(self, offset: int, *, combines: bool) -> Stage | None:
        """The stage whose step begins at a place: of several the innermost, for an operation the outermost."""
        at = bisect_right(self._starts, offset) - 1
        while at >= 0 and self._all[at].node.span.end <= offset:
            at = self._all[at].outer
        if at < 0:
            return None
        found = self._all[at]
        while combines and found.outer >= 0 and self._all[found.outer].node.span.start == offset:
            found = self._all[found.outer]
        return found

    def add(self, at: Application) -> None:
        """Take note of what comes out of a step."""
        origin = at.step.origin
        if origin.line > self._source.line_count:
            return
        offset = self._source.offset(origin.line, origin.column)
        combines = isinstance(at.step.action, Combine)
        stage = self.stage(offset, combines=combines)
        if stage is None:
            return
        key = (offset, "" if combines else at.word)
        found = stage.found.setdefault(key, [])
        follows = stage.newest == key and stage.latest == (at.frame.module.id, at.index - 1)
        if follows and (combines or isinstance(stage.node, tree.Binary)):
            found.pop()  # the copies of `layer * 3`, the sums of `a + b + c`
        found.append(at.ys)
        stage.newest, stage.latest = key, (at.frame.module.id, at.index)

    def sizes(self) -> Iterator[Size]:
        """The sizes of all stages for which there are any, in the order of the text."""
        for stage in self._all:
            if stage.newest is not None:
                found = stage.found[stage.newest]
                shapes = {said(one): one for one in found}
                yield Size(stage.item, stage.node.span.start, stage.node.span.end, tuple(shapes.values()), len(found))


def sizes(program: Program, file: tree.File) -> list[Size]:
    """The sizes after the stages of a file, those of the first network that gets there."""
    name = file.span.source.short
    found: dict[str, list[Size]] = {}
    stages = Stages(file)
    for network in program.networks:
        stages.forget()
        for frame in executed(program, network):
            for at in applications(program, frame):
                if at.step.origin.file == name:
                    stages.add(at)
        reached: dict[str, list[Size]] = {}
        for size in stages.sizes():
            reached.setdefault(size.item, []).append(size)
        found = reached | found
        if len(found) == sum(isinstance(item, tree.Definition) for item in file.items):
            break
    return sorted((size for sizes in found.values() for size in sizes), key=lambda size: (size.end, -size.start))


def executed(program: Program, network: str) -> Iterator[Frame]:
    """The modules of a network in the order in which they are first applied, each once, where it is then."""
    top = Frame(program.modules[network])
    seen = {network}
    yield top
    todo = [applications(program, top)]
    while todo:
        at = next(todo[-1], None)
        if at is None:
            todo.pop()
        elif isinstance(at.target, Module) and at.target.id not in seen:
            seen.add(at.target.id)
            frame = at.inside(at.target)
            yield frame
            todo.append(applications(program, frame))


def shown(sizes: list[Size], text: str, style: Style) -> list[tuple[int, Size]]:
    """The sizes to show, each with its place: by lines behind what a line ends with, a comment left out."""
    if style == "off":
        return []
    if style == "stage":
        return [(size.end, size) for size in sizes]
    lines: dict[int, Size] = {}
    for size in sizes:  # in the order of their ends
        line_end = text.find("\n", size.end)
        lines[len(text) if line_end == -1 else line_end] = size
    return [(_code_end(text, size.end, line_end), size) for line_end, size in lines.items()]


def _code_end(text: str, start: int, line_end: int) -> int:
    """Where the code of a line ends; no text in quotes begins before `start` and ends behind it."""
    quoted = False
    for at in range(start, line_end):
        if text[at] == '"':
            quoted = not quoted
        elif text[at] == "#" and not quoted:
            line_end = at
            break
    return start + len(text[start:line_end].rstrip())
