"""Which parts of a network are drawn with their inside, and which as one box.

A small network is shown whole.  In a larger one the inside of a block is shown where it is first used.
Where its structure depends on the arguments, one more use is shown, the richest, or else the next; all
others are one box each.  Chains, which have no name under which a reader could look them up, stay open.  A
run of equal blocks is always folded: its first is drawn as any other, the rest of it as one box
`BasicBlock × 3`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cnndsl.backends.diagram import words
from cnndsl.backends.diagram.sizes import same_size
from cnndsl.program import Call, Child, Combine, Leaf, Module, Plain, Program, Step, inner_first

WHOLE = 30
"""Up to this many boxes a network is shown whole."""
MOST = 2_000
"""With this many boxes drawn nothing more is opened: the picture is too large to be read."""
DEEPEST = 40
"""Clusters within clusters, at most."""
LONG_PERIOD = 6
"""The longest pattern of layers that is looked for in a row."""
LONG_ROW = 12
"""How many layers a pattern must cover, four times or more, before it is folded."""


class Run(NamedTuple):
    """A pattern of `period` steps from `start` on that comes `times` times in a row."""

    start: int
    period: int
    times: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is worked out once for a module: its parts by name, its runs, its structure, its boxes."""

    children: dict[str, Child]
    runs: tuple[Run, ...]
    structure: int
    boxes: int


class Folding:
    """The decisions for one diagram, made in the order of drawing.

    `depth` is the number of levels to open, None for the rule above; `expand` names definitions
    (`BasicBlock`) or parts (`layer2.0`) that are opened in any case, `*` for all.
    """

    def __init__(self, program: Program, root: Module, depth: int | None, expand: Collection[str]) -> None:
        self._program = program
        self._depth = depth
        self._expand = frozenset(expand)
        self._structures: dict[object, int] = {}
        self._facts: dict[str, _Facts] = {}
        self._richest: dict[str, _Facts] = {}
        for module in made_of(program, root):
            facts = self._facts[module.id] = self._study(module)
            # Of equally rich ones the first.
            self._richest[module.name] = max(
                self._richest.get(module.name, facts), facts, key=lambda facts: facts.boxes
            )
        self._whole = self._facts[root.id].boxes <= WHOLE
        self._shown: defaultdict[str, set[int]] = defaultdict(set)
        self.drawn = 0
        """How many boxes there are so far; the builder counts them."""

    def child(self, module: Module, name: str) -> Child:
        """A part of a module by its name."""
        return self._facts[module.id].children[name]

    def inner(self, module: Module, step: Step) -> Module | None:
        """The module that a step applies; None where it applies a layer or an operation."""
        return _inner(self._program, self._facts[module.id].children, step)

    def runs(self, module: Module) -> tuple[Run, ...]:
        """The steps of a module, in order, grouped into runs."""
        return self._facts[module.id].runs

    def is_prefix(self, module: Module) -> bool:
        """Whether a part is no more than a name before one or two layers, and needs no frame."""
        return (
            module.kind == "chain"
            and len(module.steps) <= 2
            and all(self.inner(module, step) is None for step in module.steps)
        )

    def is_forced(self, name: str, path: str) -> bool:
        """Whether the user asked to see the inside of the definition `name`, or of the part at `path`."""
        return not self._expand.isdisjoint(("*", path, name))

    def opens(self, module: Module, path: str, level: int, *, again: bool) -> bool:
        """Whether this use of `module` is drawn with its inside.

        `level` is the number of clusters around it; `again` says that this very part was drawn before.
        """
        if level >= DEEPEST or self.drawn >= MOST:
            return False
        facts = self._facts[module.id]
        if self.is_forced(module.name, path):
            opened = True
        elif again:
            opened = False
        elif self._depth is not None:
            opened = level < self._depth
        else:
            opened = self._whole or module.kind == "chain" or self._is_telling(module.name, facts.structure)
        if opened:
            self._shown[module.name].add(facts.structure)
        return opened

    def _is_telling(self, name: str, structure: int) -> bool:
        """Whether a use shows what was not shown: the first of its definition, the richest, or the next after that."""
        shown = self._shown[name]
        richest = self._richest[name].structure
        return structure not in shown and (not shown or structure == richest or shown == {richest})

    def _study(self, module: Module) -> _Facts:
        children = {child.name: child for child in module.children}
        runs = tuple(self._group(module, children))
        structure = (module.kind, module.name, *(self._shape_free(children, step) for step in module.steps))
        boxes = 0
        for start, period, count in runs:
            for step in module.steps[start : start + period]:
                inner = _inner(self._program, children, step)
                boxes += self._facts[inner.id].boxes if inner else 1
            boxes += count > 1
        return _Facts(children, runs, self._structures.setdefault(structure, len(self._structures)), boxes)

    def _shape_free(self, children: dict[str, Child], step: Step) -> tuple[object, ...]:
        inner = _inner(self._program, children, step)
        action = step.action
        if inner is not None:
            what: object = self._facts[inner.id].structure
        elif isinstance(action, Call):
            unit = children[action.child].unit
            what = unit.layer.word if isinstance(unit, Leaf) else ""
        else:
            what = action.layer.kind if isinstance(action, Plain) else action.operation.kind
        return (action.what, what, step.inputs, step.outputs)

    def _group(self, module: Module, children: dict[str, Child]) -> Iterator[Run]:
        steps = module.steps
        follows = _follows(module)
        at = 0
        while at < len(steps):
            run = self._run_at(module, children, follows, at)
            yield run
            at = run.start + run.period * run.times

    def _run_at(self, module: Module, children: dict[str, Child], follows: list[bool], at: int) -> Run:
        for period in range(1, LONG_PERIOD + 1):
            end = at + period
            if end >= len(follows) or not all(follows[at + 1 : end]):
                break
            while end < len(follows) and follows[end] and self._equal(module, children, end, end - period):
                end += 1
            count = (end - at) // period
            is_block = period == 1 and _inner(self._program, children, module.steps[at]) is not None
            if count >= 2 and is_block:
                return Run(at, period, count)
            if count >= 4 and count * period >= LONG_ROW:
                # A reader takes a pattern to begin with the layer that does the work: convolution, then ReLU.
                works = [_works(children, step) for step in module.steps[at : at + period]]
                return Run(at, period, count) if works[0] or not any(works) else Run(at, 1, 1)
        return Run(at, 1, 1)

    def _equal(self, module: Module, children: dict[str, Child], one: int, other: int) -> bool:
        """Whether two steps do the same, so that a reader need not see both.

        Blocks of one definition with the same arguments and structure are the same on any size: the
        sizes around the folded box show what becomes of them.
        """
        a, b = module.steps[one], module.steps[other]
        if isinstance(a.action, Combine) or isinstance(b.action, Combine):
            return False
        inner_a, inner_b = _inner(self._program, children, a), _inner(self._program, children, b)
        if inner_a and inner_b:
            return inner_a.id == inner_b.id or (
                inner_a.kind != "chain"
                and self._facts[inner_a.id].structure == self._facts[inner_b.id].structure
                and words.arguments_key(inner_a) == words.arguments_key(inner_b)
            )
        if inner_a or inner_b or a.action.what != b.action.what:
            return False
        sizes = [[module.values[i] for i in step.inputs] for step in (a, b)]
        return _layer(children, a) == _layer(children, b) and all(map(same_size, *sizes))


def _layer(children: dict[str, Child], step: Step) -> object:
    if isinstance(step.action, Plain):
        return step.action.layer
    unit = children[step.action.child].unit if isinstance(step.action, Call) else None
    return unit.layer if isinstance(unit, Leaf) else None


def _works(children: dict[str, Child], step: Step) -> bool:
    """Whether a step applies something that learns: a layer with weights, or a block."""
    unit = children[step.action.child].unit if isinstance(step.action, Call) else None
    return unit is not None and (not isinstance(unit, Leaf) or words.learned(unit) > 0)


def _inner(program: Program, children: dict[str, Child], step: Step) -> Module | None:
    if not isinstance(step.action, Call):
        return None
    unit = children[step.action.child].unit
    return None if isinstance(unit, Leaf) else program.modules[step.action.module or unit.module]


def _follows(module: Module) -> list[bool]:
    """For each step, whether it takes just what the step before it gives, and nothing else reads that."""
    readers = [0] * len(module.values)
    for step in module.steps:
        for value in step.inputs:
            readers[value] += 1
    for output in module.outputs:
        readers[output.value] += 1
    found = [False] * len(module.steps)
    for i, step in enumerate(module.steps[1:], 1):
        before = module.steps[i - 1]
        found[i] = len(before.outputs) == 1 and step.inputs == before.outputs and readers[before.outputs[0]] == 1
    return found


def made_of(program: Program, root: Module) -> list[Module]:
    """Every module that `root` is made of, each after the ones inside it."""

    def inside(module: Module) -> Iterator[str]:
        children = {child.name: child for child in module.children}
        parts = (_inner(program, children, step) for step in module.steps)
        return (part.id for part in parts if part is not None)

    return inner_first(program, [root.id], inside)
