"""Which parts of a network are drawn with their inside, and which as one box.

A small network is shown whole.  In a larger one the inside of a definition is shown once, of the richest of its uses
that have the same structure; all others are one box each.  Chains have no name under which a reader could look them
up, and stay open, but for those that one statement makes again and again: they are as the uses of one definition.
Of a run the first block is drawn as any other, the rest as one box `BasicBlock × 3`.
"""

from __future__ import annotations

from collections.abc import Collection

from cnndsl.program import Module, Program
from cnndsl.repeats import Repeats

WHOLE = 30
"""Up to this many boxes a network is shown whole."""
MOST = 2_000
"""With this many boxes drawn nothing more is opened: the picture is too large to be read."""
DEEPEST = 40
"""Clusters within clusters, at most."""


class Folding:
    """The decisions for one diagram, made in the order of drawing.

    `depth` is the number of levels to open, None for the rule above; `expand` names definitions
    (`BasicBlock`) or parts (`layer2.0`) that are opened in any case, `*` for all.
    """

    def __init__(self, program: Program, root: Module, depth: int | None, expand: Collection[str]) -> None:
        self._depth = depth
        self._expand = frozenset(expand)
        self.repeats = Repeats(program, root)
        self._boxes: dict[str, int] = {}
        for module in self.repeats.modules:
            self._boxes[module.id] = self._count(module)
        self._whole = self._boxes[root.id] <= WHOLE
        self._richest = self._choose(root)
        self._shown: set[object] = set()
        self.drawn = 0
        """How many boxes there are so far; the builder counts them."""

    def is_prefix(self, module: Module) -> bool:
        """Whether a part is no more than a name before a part or two layers, and needs no frame."""
        layers = [self.repeats.inner(module, step) is None for step in module.steps]
        return module.kind == "chain" and (len(layers) <= 1 or layers == [True, True])

    def is_forced(self, name: str, path: str) -> bool:
        """Whether the user asked to see the inside of the definition `name`, or of the part at `path`."""
        return not self._expand.isdisjoint(("*", path, name))

    def opens(self, outer: Module, module: Module, path: str, level: int, *, again: bool) -> bool:
        """Whether this use of `module`, a part of `outer`, is drawn with its inside.

        `level` is the number of clusters around it; `again` says that this very part was drawn before.
        """
        if level >= DEEPEST or self.drawn >= MOST:
            return False
        shown = module.name or (path.rpartition(".")[0], module.origin)
        if self.is_forced(module.name, path):
            opened = True
        elif again:
            opened = False
        elif self._depth is not None:
            opened = level < self._depth
        else:
            richest = self._richest.get(_definition(outer, module), module)
            is_telling = self.repeats.structure(module) == self.repeats.structure(richest)
            opened = self._whole or (is_telling and shown not in self._shown)
        if opened:
            self._shown.add(shown)
        return opened

    def _choose(self, root: Module) -> dict[object, Module]:
        """For each definition the richest of its uses, of equally rich ones the first, in what is shown itself."""
        found: dict[object, Module] = {}
        level = [root]
        while level:
            uses: dict[object, list[Module]] = {}
            for outer in level:
                for step in outer.steps:
                    inner = self.repeats.inner(outer, step)
                    if inner is not None and _definition(outer, inner) not in found:
                        uses.setdefault(_definition(outer, inner), []).append(inner)
            found |= {key: max(inners, key=lambda inner: self._boxes[inner.id]) for key, inners in uses.items()}
            level = [found[key] for key in uses]
        return found

    def _count(self, module: Module) -> int:
        """How many boxes a module is, were all in it opened."""
        boxes = 0
        for start, period, times in self.repeats.runs(module):
            for step in module.steps[start : start + period]:
                inner = self.repeats.inner(module, step)
                boxes += self._boxes[inner.id] if inner else 1
            boxes += times > 1
        return boxes


def _definition(outer: Module, module: Module) -> object:
    """What a part of `outer` is a use of: a definition, or of a chain the place in the text that makes it there."""
    return module.name or (outer.id, module.origin)
