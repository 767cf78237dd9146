"""How like each other two items are, as a number: for matching, not for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from cnndsl.backends.diff.items import Item, items
from cnndsl.program import Module, Program

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
        """0 where they cannot be two versions of the same."""
        if a.sort != b.sort:
            return 0
        named = 0
        if a.name == b.name and a.name:
            named = _COUNTED if a.is_counted_name else _NAME
        size = _SIZE * (a.ys == b.ys)
        if a.module is not None and b.module is not None:
            kinds, equal = self._ratios(a.module, b.module)
            return round(_KIND * kinds + _EQUAL * equal) + size + named if kinds >= 0.5 or named == _NAME else 0
        if a.operation is not None and b.operation is not None:
            return _KIND + _EQUAL * (a.operation == b.operation) + size if a.operation.kind == b.operation.kind else 1
        if a.layer is None or b.layer is None:
            return 0
        if (a.layer.kind, a.word) == (b.layer.kind, b.word):
            return _KIND + _EQUAL * (a.layer == b.layer) + size + named
        return 1 + size + named if a.layer.group is b.layer.group or named == _NAME else 0

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
