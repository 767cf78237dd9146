"""Two programs compared, module by module: which item became which, and what was changed of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from cnndsl.backends.diff.align import Pairs, align
from cnndsl.backends.diff.changes import Change, changes
from cnndsl.backends.diff.items import Item, items
from cnndsl.backends.diff.likeness import Likeness
from cnndsl.backends.diff.wiring import Wiring
from cnndsl.layers.sizes import Shape
from cnndsl.program import Module, Program


class Status(Enum):
    """What became of an item."""

    SAME = "same"
    FOLLOWS = "follows"
    """Its sizes or what it holds are others, because of what comes in; it is not changed itself."""
    CHANGED = "changed"
    """It is changed itself; a block, if something inside is."""
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Node:
    """An item before and after, one of which may be missing.

    changes: of the item itself. notes: what else is new of it, in words. inside: of two blocks.
    """

    status: Status
    before: Item | None
    after: Item | None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    inside: Comparison | None = None

    @property
    def item(self) -> Item:
        """The item as it is now, or was."""
        item = self.after or self.before
        if item is None:
            raise ValueError
        return item

    @property
    def renamed(self) -> bool:
        """Whether it was called something else."""
        return self.before is not None and self.after is not None and self.before.name != self.after.name


@dataclass(frozen=True, slots=True)
class Comparison:
    """A module before and after: its items in the order in which they are applied, those that are gone among them."""

    nodes: tuple[Node, ...]
    notes: tuple[str, ...]
    """What is new of the module beside its items: what it returns."""
    status: Status


class Comparer:
    """Compares each pair of modules once, however often it is used."""

    def __init__(self, before: Program, after: Program) -> None:
        self._before, self._after = before, after
        self._likeness = Likeness(before, after)
        self._known: dict[tuple[str, str], Comparison] = {}

    def compare(self, a: Module, b: Module) -> Comparison:
        """What became of a module."""
        key = (a.id, b.id)
        if key not in self._known:
            self._known[key] = self._compare(a, b)
        return self._known[key]

    def _compare(self, a: Module, b: Module) -> Comparison:
        before, after = items(self._before, a), items(self._after, b)
        pairs = align(before, after, self._likeness)
        wiring = Wiring(a, b, before, after, pairs)
        pairs = wiring.with_others(pairs)
        nodes = tuple(self._nodes(before, after, pairs, wiring))
        notes = wiring.outputs()
        inside = {node.status for node in nodes}
        own = bool(notes) or any(node.renamed or node.notes for node in nodes)
        if own or inside - {Status.SAME, Status.FOLLOWS}:
            return Comparison(nodes, notes, Status.CHANGED)
        moved = Status.FOLLOWS in inside or a.input_shapes != b.input_shapes or a.output_shapes != b.output_shapes
        return Comparison(nodes, notes, Status.FOLLOWS if moved else Status.SAME)

    def _nodes(self, before: list[Item], after: list[Item], pairs: Pairs, wiring: Wiring) -> list[Node]:
        """In the order of `after`, what was removed where it was."""
        partners = dict(pairs)
        matched = {j: i for i, j in pairs}
        nodes: list[Node] = []
        gone: list[Item] = []
        new: list[Item] = []
        i = 0

        def close() -> None:
            nodes.extend(self._gap(gone, new))
            gone.clear()
            new.clear()

        for j, item in enumerate(after):
            if j not in matched:
                new.append(item)
                continue
            while i < len(before) and i < matched[j]:
                if i not in partners:
                    gone.append(before[i])
                i += 1
            i = max(i, matched[j] + 1)
            close()
            nodes.append(self._pair(before[matched[j]], item, wiring.notes(matched[j], j)))
        gone += [before[k] for k in range(i, len(before)) if k not in partners]
        close()
        return nodes

    def _gap(self, gone: list[Item], new: list[Item]) -> list[Node]:
        """What stands between two pairs: a block may have been made around layers, or taken apart."""
        if gone and new and any(item.module is not None for item in (*gone, *new)):
            opened_gone, opened_new = self._opened(self._before, gone), self._opened(self._after, new)
            pairs = align(opened_gone, opened_new, self._likeness)
            equal = [
                (i, j)
                for i, j in pairs
                if opened_gone[i].layer is not None and opened_gone[i].layer == opened_new[j].layer
            ]
            if 2 * len(equal) >= min(len(opened_gone), len(opened_new)):
                return self._matched(opened_gone, opened_new, pairs)
        return [
            *(Node(Status.REMOVED, item, None) for item in gone),
            *(Node(Status.ADDED, None, item) for item in new),
        ]

    def _matched(self, gone: list[Item], new: list[Item], pairs: Pairs) -> list[Node]:
        nodes: list[Node] = []
        i = j = 0
        for k, m in [*pairs, (len(gone), len(new))]:
            nodes += [Node(Status.REMOVED, item, None) for item in gone[i:k]]
            nodes += [Node(Status.ADDED, None, item) for item in new[j:m]]
            if k < len(gone):
                nodes.append(self._pair(gone[k], new[m], ()))
            i, j = k + 1, m + 1
        return nodes

    @staticmethod
    def _opened(program: Program, found: list[Item]) -> list[Item]:
        """The items with what is inside blocks in their place, one level down."""
        opened: list[Item] = []
        for item in found:
            if item.module is None:
                opened.append(item)
                continue
            for inner in items(program, item.module):
                name = f"{item.name}.{inner.name}" if inner.name else ""
                again, training = inner.again or item.again, inner.training or item.training
                opened.append(replace(inner, name=name, again=again, training=training))
        return opened

    def _pair(self, a: Item, b: Item, notes: tuple[str, ...]) -> Node:
        own = changes(a, b)
        inside = self.compare(a.module, b.module) if a.module is not None and b.module is not None else None
        notes = (*notes, *_placed(a, b))
        if inside is not None:
            notes = (*notes, *inside.notes)
        if own or notes or a.name != b.name or (inside is not None and inside.status is Status.CHANGED):
            status = Status.CHANGED
        elif (a.xs, a.ys, *_unused(a)) != (b.xs, b.ys, *_unused(b)) or (
            inside is not None and inside.status is Status.FOLLOWS
        ):
            status = Status.FOLLOWS
        else:
            status = Status.SAME
        return Node(status, a, b, own, notes, inside)


def _placed(a: Item, b: Item) -> tuple[str, ...]:
    """What is new of how an item is used."""
    notes = []
    if a.applied != b.applied:
        notes.append("applied now" if b.applied else "never applied any more")
    if a.training != b.training:
        notes.append("in training only now" if b.training else "in evaluation too now")
    if bool(a.name) != bool(b.name):
        notes.append("a module of its own now" if b.name else "a plain call now")
    if a.name and b.name and a.again != b.again and (_holds(a) or _holds(b)):
        notes.append(f"shares {b.name} now" if b.again else "no longer shared")
    return tuple(notes)


def _holds(item: Item) -> bool:
    """Whether it matters that an item is shared."""
    return item.module is not None or (item.layer is not None and bool(item.layer.tensors(item.x)))


def _unused(item: Item) -> Shape:
    """What a layer was built for that is never applied."""
    return () if item.applied else item.x
