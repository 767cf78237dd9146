"""Where the items of a module take their values from, before and after."""

from __future__ import annotations

from cnndsl.backends.diff.align import Pairs
from cnndsl.backends.diff.items import Item
from cnndsl.program import Module

Source = tuple[str, int, int] | None
"""An input of the module, or a result of a matched item by its number before; None where it cannot be told."""

_ANY_ORDER = frozenset(("add", "mul"))
"""The operations whose values may change places."""


class Wiring:
    """Follows values back to what gives them in both versions.

    What was put in or taken out is passed through where it takes one value and gives one; behind others
    nothing can be told, and nothing is.
    """

    def __init__(self, a: Module, b: Module, before: list[Item], after: list[Item], pairs: Pairs) -> None:
        self._modules = (a, b)
        self._items = (before, after)
        self._makers = tuple(
            {value: (k, n) for k, item in enumerate(side) for n, value in enumerate(item.outputs)}
            for side in self._items
        )
        self._numbers: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._enter(pairs)

    def _enter(self, pairs: Pairs) -> None:
        for i, j in pairs:
            self._numbers[0][i] = i
            self._numbers[1][j] = i

    def source(self, side: int, value: int) -> Source:
        """What gives a value."""
        while value >= len(self._modules[side].inputs):
            maker, number = self._makers[side][value]
            if maker in self._numbers[side]:
                return ("item", self._numbers[side][maker], number)
            item = self._items[side][maker]
            if len(item.inputs) != 1 or len(item.outputs) != 1:
                return None
            value = item.inputs[0]
        return ("input", value, 0)

    def with_others(self, pairs: Pairs) -> Pairs:
        """The pairs, and those of items that do the same in another place of the order: another way to write it."""
        gone: dict[tuple[str, str, str], list[int]] = {}
        for i, item in enumerate(self._items[0]):
            if i not in self._numbers[0]:
                gone.setdefault(_known_by(item), []).append(i)
        found = list(pairs)
        for j, item in enumerate(self._items[1]):
            alike = [] if j in self._numbers[1] else gone.get(_known_by(item), [])
            same = next((i for i in alike if self._does_the_same(i, j)), None)
            if same is not None:
                alike.remove(same)
                self._enter([(same, j)])
                found.append((same, j))
        return found

    def _does_the_same(self, i: int, j: int) -> bool:
        """Whether two items of one name and kind are one, in another place of the order."""
        a, b = self._items[0][i], self._items[1][j]
        if a.name and not a.again and not b.again:
            return True
        sources = self._sources(i, j)
        return sources[0] == sources[1] and None not in sources[0]

    def _sources(self, i: int, j: int) -> tuple[list[Source], list[Source]]:
        a, b = self._items[0][i], self._items[1][j]
        sides = [self.source(0, value) for value in a.inputs], [self.source(1, value) for value in b.inputs]
        if a.operation is not None and a.operation.kind in _ANY_ORDER:
            for side in sides:
                side.sort(key=lambda source: ("", 0, 0) if source is None else source)
        return sides

    def notes(self, i: int, j: int) -> tuple[str, ...]:
        """Whether a matched item takes its values from somewhere else, in words."""
        before, after = self._sources(i, j)
        if not before or not after or None in before or None in after or before == after:
            return ()
        return (f"takes {self._listed(1, after)} instead of {self._listed(0, before)}",)

    def outputs(self) -> tuple[str, ...]:
        """Whether the module returns something else, in words."""
        modules = self._modules
        names = [[(output.name, output.training) for output in module.outputs] for module in modules]
        sources = [[self.source(side, output.value) for output in modules[side].outputs] for side in (0, 1)]
        if names[0] != names[1]:
            said = [", ".join(_output(k, *name) for k, name in enumerate(side)) for side in names]
            return (f"returns {said[1]} instead of {said[0]}",)
        if None in sources[0] or None in sources[1] or sources[0] == sources[1]:
            return ()
        return (f"returns {self._listed(1, sources[1])} instead of {self._listed(0, sources[0])}",)

    def _listed(self, side: int, sources: list[Source]) -> str:
        return " and ".join(self._said(side, source) for source in sources)

    def _said(self, side: int, source: Source) -> str:
        """A source by what it is called in its own version."""
        if source is None:
            return "something else"
        what, number, _ = source
        if what == "input":
            names = self._modules[side].inputs
            return f"its input {names[number]}" if len(names) > 1 else "its input"
        own = next(k for k, before in self._numbers[side].items() if before == number)
        item = self._items[side][own]
        return f"what {item.name or item.word} gives"


def _known_by(item: Item) -> tuple[str, str, str]:
    return item.sort, item.name, item.word


def _output(number: int, name: str | None, training: bool) -> str:
    return f"{name or f'output {number + 1}'}{' in training' if training else ''}"
