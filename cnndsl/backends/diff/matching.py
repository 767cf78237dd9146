"""Which items of one version of a module are which of the other.

In: two modules.  Out: pairs of items, with what was added and taken away.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from cnndsl.ir.interpreter import Frame, applications, target_of
from cnndsl.ir.program import Child, Leaf, Module, Origin, Program
from cnndsl.layers.base import Layer
from cnndsl.layers.formula import Shape, plain
from cnndsl.layers.operations import Operation


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
            return self.operation.sign
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


_KIND, _EQUAL, _SIZE = 4, 2, 1
_NAME, _COUNTED = 4, 1
"""For the same name; one that says no more than a place in a row only decides between equals."""

Contents = tuple[Counter[Hashable], Counter[Hashable]]
"""The kinds of layers and operations inside a block, and those with their parameters, each as often as it is there."""


class Likeness:
    """Compares items of two programs; looks into each block once."""

    def __init__(self, before: Program, after: Program) -> None:
        self._programs = (before, after)
        self._known: tuple[dict[str, Contents], dict[str, Contents]] = ({}, {})
        self._shared: dict[tuple[str, str], tuple[float, float]] = {}

    def __call__(self, a: Item, b: Item) -> int:
        """0 where they cannot be two versions of the same.

        Blocks of other names are only where the same kinds of layers are inside: one may as well be around the other.
        """
        return self._like(a, b, 1.0)

    def loosely(self, a: Item, b: Item) -> int:
        """The same where blocks of other names need have no more than half in common."""
        return self._like(a, b, 0.5)

    def _like(self, a: Item, b: Item, common: float) -> int:
        if a.sort != b.sort:
            return 0
        named = 0
        if a.name == b.name and a.name:
            named = _COUNTED if a.is_counted_name else _NAME
        size = _SIZE * (a.ys == b.ys and a.training == b.training)
        if a.module is not None and b.module is not None:
            kinds, equal = self._ratios(a.module, b.module)
            alike = named == _NAME or kinds >= (0.5 if named else common)
            return round(_KIND * kinds + _EQUAL * equal) + size + named if alike else 0
        if a.operation is not None and b.operation is not None:
            return _KIND + _EQUAL * (a.operation == b.operation) + size if a.operation.kind == b.operation.kind else 1
        if a.layer is None or b.layer is None:
            return 0
        if (a.layer.kind, a.word) == (b.layer.kind, b.word):
            return _KIND + _EQUAL * (a.layer == b.layer) + size + named
        return 1 + size + named if a.layer.group is b.layer.group or named == _NAME else 0

    def equal(self, a: Item, b: Item) -> int:
        """How many layers are equal in both: of two blocks those inside."""
        if a.module is not None and b.module is not None:
            return (self._contents(0, a.module)[1] & self._contents(1, b.module)[1]).total()
        return int(a.layer is not None and a.layer == b.layer)

    def count(self, side: int, found: Sequence[Item]) -> int:
        """How many layers there are, those in blocks too."""
        return sum(1 if item.module is None else self._contents(side, item.module)[1].total() for item in found)

    def _ratios(self, a: Module, b: Module) -> tuple[float, float]:
        """How much of what is inside two blocks is in both: of the kinds, and with the parameters; from 0 to 1."""
        key = (a.id, b.id)
        if key not in self._shared:
            one, other = self._contents(0, a), self._contents(1, b)
            kinds, equal = (_common(left, right) for left, right in zip(one, other, strict=True))
            self._shared[key] = (kinds, equal)
        return self._shared[key]

    def _contents(self, side: int, module: Module) -> Contents:
        known = self._known[side]
        if module.id not in known:
            kinds: Counter[Hashable] = Counter()
            equal: Counter[Hashable] = Counter()
            for item in items(self._programs[side], module):
                if item.module is not None:
                    inner = self._contents(side, item.module)
                    kinds.update(inner[0])
                    equal.update(inner[1])
                else:
                    kinds[item.word] += 1
                    equal[(item.word, item.layer.text if item.layer is not None else "")] += 1
            known[module.id] = (kinds, equal)
        return known[module.id]


def _common(one: Counter[Hashable], other: Counter[Hashable]) -> float:
    together = one.total() + other.total()
    return 2 * (one & other).total() / together if together else 1.0


Pairs = list[tuple[int, int]]
Score = Callable[[Item, Item], int]
"""How like each other two items are; 0 where they cannot be the same."""

MOST = 250_000
"""So many pairs are tried at most; a longer row is first cut at the parts whose names and kinds are in both."""


def align(before: Sequence[Item], after: Sequence[Item], likeness: Score) -> Pairs:
    """Pairs of numbers, both in ascending order: the items that are matched."""
    most = min(len(before), len(after))
    start = 0
    while start < most and _plainly_same(before[start], after[start]):
        start += 1
    end = 0
    while end < most - start and _plainly_same(before[-1 - end], after[-1 - end]):
        end += 1
    rest_a, rest_b = range(start, len(before) - end), range(start, len(after) - end)
    middle = _middle(before, after, rest_a, rest_b, likeness)
    ends = [(len(before) - k, len(after) - k) for k in range(end, 0, -1)]
    return [*((k, k) for k in range(start)), *middle, *ends]


def _plainly_same(a: Item, b: Item) -> bool:
    """Whether there is no doubt: the same name and kind and, for a name that is only counted, the same size."""
    known = [(item.name, item.word, item.sort, item.again, item.applied, item.training) for item in (a, b)]
    if known[0] != known[1]:
        return False
    return not a.is_counted_name or (a.ys == b.ys and (a.layer, a.operation) == (b.layer, b.operation))


def _middle(before: Sequence[Item], after: Sequence[Item], a: range, b: range, likeness: Score) -> Pairs:
    if len(a) * len(b) <= MOST:
        return _best(before, after, a, b, likeness)
    found: Pairs = []
    cuts = [(a.start - 1, b.start - 1), *_named_alike(before, after, a, b), (a.stop, b.stop)]
    for (i, j), (k, m) in pairwise(cuts):
        inner_a, inner_b = range(i + 1, k), range(j + 1, m)
        if len(inner_a) * len(inner_b) <= MOST:
            found += _best(before, after, inner_a, inner_b, likeness)
        else:  # nothing has a name in common: one after the other
            found += [pair for pair in zip(inner_a, inner_b, strict=False) if likeness(before[pair[0]], after[pair[1]])]
        found.append((k, m))
    return found[:-1]


def _named_alike(before: Sequence[Item], after: Sequence[Item], a: range, b: range) -> Pairs:
    """Items of the same name and kind, as many as are in the same order in both: a longest ascending row."""
    places = {(after[j].name, after[j].word): j for j in b if after[j].name and not after[j].again}
    lasts: list[int] = []  # the least place at which a row of each length ends
    rows: list[tuple[int, int, int]] = []  # its item, that one's place, and the index here of the item before it
    ends: list[int] = []
    for i in a:
        place = -1 if before[i].again else places.get((before[i].name, before[i].word), -1)
        if place < 0:
            continue
        length = bisect_left(lasts, place)
        rows.append((i, place, ends[length - 1] if length else -1))
        lasts[length : length + 1] = [place]
        ends[length : length + 1] = [len(rows) - 1]
    found: Pairs = []
    at = ends[-1] if ends else -1
    while at >= 0:
        i, place, at = rows[at]
        found.append((i, place))
    return found[::-1]


def _best(before: Sequence[Item], after: Sequence[Item], a: range, b: range, likeness: Score) -> Pairs:
    scores = [[likeness(before[i], after[j]) for j in b] for i in a]
    return [(a[i], b[j]) for i, j in best_pairs(scores)]


def best_pairs(scores: Sequence[Sequence[float]]) -> Pairs:
    """Pairs of a row and a column, both in ascending order, whose scores come to most; 0 is that of what is no pair."""
    rows, columns = len(scores), len(scores[0]) if scores else 0
    # best[i][j]: what comes of all from i and from j on, at its greatest.
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        below, here, row = best[i + 1], best[i], scores[i]
        for j in range(columns - 1, -1, -1):
            here[j] = max(below[j + 1] + row[j], below[j], here[j + 1])
    found: Pairs = []
    i = j = 0
    while i < rows and j < columns:
        if scores[i][j] and best[i][j] == best[i + 1][j + 1] + scores[i][j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found
