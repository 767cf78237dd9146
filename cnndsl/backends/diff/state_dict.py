"""Whether a `state_dict()` of one version loads in the other, from the programs alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace

from cnndsl.analysis.state_dict import held, of_part, tensors
from cnndsl.backends.diff.comparison import Comparison, Status
from cnndsl.backends.diff.matching import Item
from cnndsl.frozen import frozen
from cnndsl.ir.program import Child, Leaf, Module, Program, Use
from cnndsl.layers.extern import Extern
from cnndsl.layers.formula import KnownShape


@frozen()
class Keys:
    """How the keys of two versions differ, as `load_state_dict` of the later one sees them.

    missing: keys that only the later one has, with their shapes, `num_batches_tracked` among them, which PyTorch does
    without; unexpected: those that only the earlier one has.
    shapes: keys of both, with the shapes that differ. same: how many keys of both have the same shape.
    unknown: the paths of classes from elsewhere, of which it is not known what they hold.
    reordered: whether the keys are the same in another order. Loading takes no notice; what an optimiser keeps is
    numbered in that order.
    renamed: keys of parts that are called something else now, with those before, where the shapes are the same.
    """

    missing: dict[str, KnownShape] = field(default_factory=dict)
    unexpected: dict[str, KnownShape] = field(default_factory=dict)
    shapes: dict[str, tuple[KnownShape, KnownShape]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    same: int = 0
    reordered: bool = False
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """How many tensors of the earlier one fit if each is called what its part is called now."""
        replaced = {*self.renamed, *self.renamed.values()}
        differ = (self.missing, self.unexpected, self.shapes)
        return len(self.renamed) + self.same - sum(not any(key in keys for keys in differ) for key in replaced)

    @property
    def loads(self) -> bool:
        """Whether `load_state_dict` would take it, as far as that is known."""
        return not (self.missing or self.unexpected or self.shapes)


def keys(before: Program, after: Program, a: Module, b: Module, comparison: Comparison) -> Keys:
    """The keys of two networks. Parts that are equal in both are not looked into."""
    walk = _Walk(before, after)
    walk.modules(a, b, "")
    return replace(walk.found(a, b), renamed=dict(walk.renamed(comparison, "", "")))


class _Walk:
    def __init__(self, before: Program, after: Program) -> None:
        self._programs = (before, after)
        self._numbers: dict[object, int] = {}
        self._known: tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]] = ({}, {})
        self._missing: dict[str, KnownShape] = {}
        self._unexpected: dict[str, KnownShape] = {}
        self._shapes: dict[str, tuple[KnownShape, KnownShape]] = {}
        self._unknown: list[str] = []
        self._same = 0

    def found(self, a: Module, b: Module) -> Keys:
        """What was found."""
        unknown = tuple(self._unknown)
        reordered = not (self._missing or self._unexpected or self._shapes) and self._in_another_order(a, b)
        return Keys(self._missing, self._unexpected, self._shapes, unknown, self._same, reordered)

    def _in_another_order(self, a: Module, b: Module) -> bool:
        """Whether the same keys come in another order."""
        if self._state(0, a)[0] == self._state(1, b)[0]:
            return False
        both = (tensors(program, module) for program, module in zip(self._programs, (a, b), strict=True))
        return any(old != new for (old, _), (new, _) in zip(*both, strict=False))

    def modules(self, a: Module, b: Module, prefix: str) -> None:
        """Compare the parts of two modules by their names."""
        mine, others = ({child.name: child for child in module.children} for module in (a, b))
        for name, child in others.items():
            self._parts(mine.get(name), child, prefix + name)
        for name, child in mine.items():
            if name not in others:
                self._parts(child, None, prefix + name)

    def _parts(self, a: Child | None, b: Child | None, path: str) -> None:
        one, other = (None if child is None else child.unit for child in (a, b))
        if isinstance(one, Use) and isinstance(other, Use):
            inner = (self._programs[0].modules[one.module], self._programs[1].modules[other.module])
            number, count = self._state(0, inner[0])
            if number == self._state(1, inner[1])[0]:
                self._same += count
            else:
                self.modules(*inner, f"{path}.")
            return
        if any(isinstance(unit, Leaf) and isinstance(unit.layer, Extern) for unit in (one, other)):
            self._unknown.append(path)
        units = zip(self._programs, (one, other), strict=True)
        old, new = (dict(of_part(program, unit, path)) for program, unit in units)
        for key, shape in new.items():
            if key not in old:
                self._missing[key] = shape
            elif old[key] != shape:
                self._shapes[key] = (old[key], shape)
            else:
                self._same += 1
        self._unexpected |= {key: shape for key, shape in old.items() if key not in new}

    def _state(self, side: int, module: Module) -> tuple[int, int]:
        """A number that is the same for modules with the same keys and shapes in the same order; how many keys."""
        known = self._known[side]
        if module.id not in known:
            parts: list[object] = []
            count = 0
            for child in module.children:
                if isinstance(child.unit, Use):
                    number, more = self._state(side, self._programs[side].modules[child.unit.module])
                    parts.append((child.name, number))
                    count += more
                else:
                    holds = tuple(held(child.unit))
                    extern = child.unit.layer if isinstance(child.unit.layer, Extern) else None
                    parts.append((child.name, holds, None if extern is None else extern.text))
                    count += len(holds)
            key = tuple(part for part in parts if part[1:] != ((), None))  # type: ignore[index]
            known[module.id] = (self._numbers.setdefault(key, len(self._numbers)), count)
        return known[module.id]

    def renamed(self, comparison: Comparison, old: str, new: str) -> Iterator[tuple[str, str]]:
        """For each part that is called something else, or is inside of one, its keys before and after."""
        for node in comparison.nodes:
            if node.before is None or node.after is None or not node.before.name or not node.after.name:
                continue
            paths = old + node.before.name, new + node.after.name
            if node.inside is not None:
                if paths[0] != paths[1] or node.inside.status is Status.CHANGED:
                    yield from self.renamed(node.inside, f"{paths[0]}.", f"{paths[1]}.")
            elif paths[0] != paths[1]:
                before, after = (
                    self._named(item, path) for item, path in zip((node.before, node.after), paths, strict=True)
                )
                for (key, shape), (other, now) in zip(before, after, strict=False):
                    if shape == now:
                        yield other, key

    @staticmethod
    def _named(item: Item, path: str) -> list[tuple[str, KnownShape]]:
        if item.leaf is None or item.again:
            return []
        return [(f"{path}.{name}" if name else path, shape) for name, shape in held(item.leaf)]
