"""Two programs compared, module by module: which item became which, and what was changed of it.

In: two programs.  Out: pairs of items, with the changes of layers and their parameters, and of wiring.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from cnndsl.backends.captions import course
from cnndsl.backends.diff.matching import Item, Likeness, Pairs, align, items
from cnndsl.frozen import frozen
from cnndsl.i18n import listed, tr
from cnndsl.ir.program import Module, Program
from cnndsl.layers.base import Layer, Spelling
from cnndsl.layers.extern import Extern
from cnndsl.layers.formula import Shape, show
from cnndsl.layers.initialisers import Initialiser

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])")


@frozen()
class Change:
    """Something that was one thing and is another: a parameter with its values, `kernel` 3 and 5.

    The values are numbers, texts, truth values, tuples of them, or None.
    """

    what: str
    before: Any
    after: Any

    @property
    def texts(self) -> tuple[str, str]:
        """Both values, as the language writes them."""
        return said(self.before), said(self.after)


def told(parts: Sequence[Change]) -> str:
    """A change of one parameter in one part or in several, `p 0.1 ... 0.2 -> 0.2 ... 0.4`."""
    what = parts[0].what
    return courses(parts) if what in ("layer", "operation") else f"{what} {courses(parts)}"


def courses(parts: Sequence[Change]) -> str:
    """The values of one part, `3 -> 5`, or how they go on from part to part; exact where they differ by too little."""
    old, new = _courses(parts) if tell_apart(parts) else parts[0].texts
    return f"{old} -> {new}"


def tell_apart(parts: Sequence[Change]) -> bool:
    """Whether how the values go on is not the same before and after."""
    old, new = _courses(parts)
    return old != new


def in_short(texts: Sequence[str]) -> str:
    """Texts that are equal but for numbers as one: each number in three digits, and as it goes on."""
    numbers = (course(list(map(_value, found))) for found in zip(*map(_NUMBER.findall, texts), strict=True))
    return _NUMBER.sub(lambda _: next(numbers).replace("…", "..."), texts[0])


def without_numbers(text: str) -> str:
    """The same for texts that are equal but for numbers."""
    return _NUMBER.sub("0", text)


def changes(a: Item, b: Item) -> tuple[Change, ...]:
    """How one layer or operation differs from another by itself, not by what comes into it.

    What is only written in another way is no difference: a kernel `3` and `[3, 3]`, a pool's stride that is its
    kernel. Nothing for two blocks, which differ by what is inside.
    """
    if a.module is not None or b.module is not None:
        return ()
    return (*_changed(a, b), *_beginnings(a, b))


def titled(item: Item) -> str:
    """A layer with the arguments that matter: `conv 8 filters, 5×5`."""
    words = item.layer.words(item.x) if item.layer is not None else ""
    return f"{item.word} {words}".rstrip()


def said(value: Any) -> str:
    """A value as the language writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(said, value))}]"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return str(value)


def rule_said(rule: Initialiser) -> str:
    """How weights begin, as the language writes it: `normal(std=0.02)`."""
    listed = ", ".join(
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in rule.arguments
    )
    return f"{rule.rule}({listed})" if listed else rule.rule


def rules(a: Module, b: Module) -> Iterator[Change]:
    """How the `init` lines of one module differ from those of another."""
    old, new = ({(rule.kind, rule.tensor): rule_said(rule.initialiser) for rule in side.init} for side in (a, b))
    for kind, tensor in dict.fromkeys((*old, *new)):
        before, after = old.get((kind, tensor)), new.get((kind, tensor))
        if before != after:
            yield Change(f"init {kind} {tensor}", before, after)


def _courses(parts: Sequence[Change]) -> Iterator[str]:
    return map(in_short, zip(*(change.texts for change in parts), strict=True))


def _value(number: str) -> int | float:
    return int(number) if number.lstrip("-").isdigit() else float(number)


def _changed(a: Item, b: Item) -> Iterator[Change]:
    if a.operation is not None and b.operation is not None:
        if a.operation.kind != b.operation.kind:
            yield Change("operation", a.word, b.word)
            return
        yield from _fields(a.operation.model_dump(), b.operation.model_dump())
    elif a.layer is not None and b.layer is not None:
        if a.layer.kind != b.layer.kind or a.word != b.word:
            yield Change("layer", titled(a), titled(b))
        elif a.layer != b.layer:
            yield from _parameters(a.layer, b.layer, b.x)


def _parameters(a: Layer, b: Layer, x: Shape) -> Iterator[Change]:
    if isinstance(a, Extern) and isinstance(b, Extern):
        yield from _fields(dict(a.given) | {"package": a.package}, dict(b.given) | {"package": b.package})
        if (a.shapes, a.several, a.learned) != (b.shapes, b.several, b.learned):
            yield Change("rules", _rules(a), _rules(b))
        return
    spelled = _spelled(a, x)
    for change in _fields(_values(a), _values(b)):
        if _spelled(a.having({change.what: getattr(b, change.what)}), x) != spelled:
            yield change


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if _once(old) != _once(new):
            yield Change(name, old, new)


def _values(layer: Layer) -> dict[str, Any]:
    """The parameters with their values; a rule by which numbers begin as people write it."""
    values = {name: getattr(layer, name) for name in type(layer).model_fields}
    return {name: rule_said(value) if isinstance(value, Initialiser) else value for name, value in values.items()}


def _rules(layer: Extern) -> str:
    shapes = ["same" if shape is None else show(shape) for shape in layer.shapes]
    shape = f"[{', '.join(shapes)}]" if layer.several else shapes[0]
    return f"shape = {shape}" + (f", parameters = {layer.learned}" if layer.counted else "")


def _once(value: Any) -> Any:
    """One number for a list that has the same on every axis."""
    same = isinstance(value, tuple) and value and all(item == value[0] for item in value)
    return value[0] if same else value


def _spelled(layer: Layer, x: Shape) -> tuple[str, str | None, tuple[tuple[str, Any], ...]]:
    """How PyTorch writes a layer, without what it does anyway."""
    spelling: Spelling = layer.torch(x)
    listed = ((item.name, _once(item.value), _once(item.default)) for item in spelling.arguments)
    arguments = tuple((name, value) for name, value, default in listed if value != default)
    return spelling.target, spelling.template, arguments


def _beginnings(a: Item, b: Item) -> Iterator[Change]:
    """What is given to a layer besides its parameters: its numbers, and how they begin."""
    if a.leaf is None or b.leaf is None:
        return
    for tensor in dict.fromkeys((*a.leaf.init, *b.leaf.init)):
        old, new = (side.init.get(tensor) for side in (a.leaf, b.leaf))
        if old != new:
            yield Change(f"{tensor}_init", *(None if rule is None else rule_said(rule) for rule in (old, new)))
    given = (a.leaf.weights, b.leaf.weights)
    for name in ("weight", "bias"):
        old, new = (None if side is None else getattr(side, name) for side in given)
        if old != new:
            yield Change(name, *_numbers(old, new))
    if all(given) and given[0].trainable != given[1].trainable:  # type: ignore[union-attr]
        yield Change("trainable", given[0].trainable, given[1].trainable)  # type: ignore[union-attr]


def _numbers(old: Any, new: Any) -> tuple[str | None, str | None]:
    """Given numbers are too many to be shown."""
    if old is not None and new is not None:
        return tr("given numbers"), tr("other numbers")
    return (None, tr("given numbers")) if old is None else (tr("given numbers"), None)


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
        now, then = self._listed(1, after), self._listed(0, before)
        return (tr("takes {now} instead of {then}", now=now, then=then),)

    def outputs(self) -> tuple[str, ...]:
        """Whether the module returns something else, in words."""
        modules = self._modules
        names = [[(output.name, output.training) for output in module.outputs] for module in modules]
        sources = [[self.source(side, output.value) for output in modules[side].outputs] for side in (0, 1)]
        if names[0] != names[1]:
            said = [tr(", ").join(_output(k, *name) for k, name in enumerate(side)) for side in names]
            return (tr("returns {now} instead of {then}", now=said[1], then=said[0]),)
        if None in sources[0] or None in sources[1] or sources[0] == sources[1]:
            return ()
        now, then = self._listed(1, sources[1]), self._listed(0, sources[0])
        return (tr("returns {now} instead of {then}", now=now, then=then),)

    def _listed(self, side: int, sources: list[Source]) -> str:
        return listed([self._said(side, source) for source in sources])

    def _said(self, side: int, source: Source) -> str:
        """A source by what it is called in its own version."""
        if source is None:
            return tr("something else")
        what, number, _ = source
        if what == "input":
            names = self._modules[side].inputs
            return tr("its input {name}", name=names[number]) if len(names) > 1 else tr("its input")
        own = next(k for k, before in self._numbers[side].items() if before == number)
        item = self._items[side][own]
        return tr("what {name} gives", name=item.name or item.word)


def _known_by(item: Item) -> tuple[str, str, str]:
    return item.sort, item.name, item.word


def _output(number: int, name: str | None, training: bool) -> str:
    said = name or tr("output {number}", number=number + 1)
    return tr("{what} in training", what=said) if training else said


class Status(Enum):
    """What became of an item."""

    SAME = "same"
    FOLLOWS = "follows"
    """Its sizes or what it holds are others, because of what comes in; it is not changed itself."""
    CHANGED = "changed"
    """It is changed itself; a block, if something inside is."""
    ADDED = "added"
    REMOVED = "removed"


@frozen()
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
        assert item is not None  # noqa: S101 - it is there on one of the sides
        return item

    @property
    def renamed(self) -> bool:
        """Whether it was called something else."""
        return self.before is not None and self.after is not None and self.before.name != self.after.name


@frozen()
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
        new: list[Item] = []
        done = 0
        for j, item in enumerate(after):
            if j not in matched:
                new.append(item)
                continue
            i = matched[j]
            nodes += self._gap([before[k] for k in range(done, i) if k not in partners], new)
            nodes.append(self._pair(before[i], item, wiring.notes(i, j)))
            new, done = [], max(done, i + 1)
        return nodes + self._gap([before[k] for k in range(done, len(before)) if k not in partners], new)

    def _gap(self, gone: list[Item], new: list[Item]) -> list[Node]:
        """What stands between two pairs: a block may be made around others, taken apart, or renamed and changed."""
        if gone and new and any(item.module is not None for item in (*gone, *new)):
            opened_gone, opened_new = self._opened(self._before, gone), self._opened(self._after, new)
            views = [(opened_gone, opened_new), (gone, opened_new), (opened_gone, new)]
            tried = [(*view, align(*view, self._likeness)) for view in views]
            before, after, pairs = max(tried, key=lambda view: self._equal(*view))
            most = self._equal(before, after, pairs)
            whole = align(gone, new, self._likeness.loosely)
            if whole and self._equal(gone, new, whole) >= most:
                return self._matched(gone, new, whole)
            if 2 * most >= min(self._likeness.count(0, before), self._likeness.count(1, after)):
                return self._matched(before, after, pairs)
        return [
            *(Node(Status.REMOVED, item, None) for item in gone),
            *(Node(Status.ADDED, None, item) for item in new),
        ]

    def _equal(self, before: list[Item], after: list[Item], pairs: Pairs) -> int:
        """How many layers are equal in those that are matched."""
        return sum(self._likeness.equal(before[i], after[j]) for i, j in pairs)

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
        own, inside = changes(a, b), None
        notes = (*notes, *_placed(a, b))
        if a.module is not None and b.module is not None:
            own, inside = tuple(rules(a.module, b.module)), self.compare(a.module, b.module)
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
        notes.append(tr("applied now") if b.applied else tr("never applied any more"))
    if a.training != b.training:
        notes.append(tr("in training only now") if b.training else tr("in evaluation too now"))
    if bool(a.name) != bool(b.name):
        notes.append(tr("a module of its own now") if b.name else tr("a plain call now"))
    if a.name and b.name and a.again != b.again and (_holds(a) or _holds(b)):
        notes.append(tr("shares {name} now", name=b.name) if b.again else tr("no longer shared"))
    return tuple(notes)


def _holds(item: Item) -> bool:
    """Whether it matters that an item is shared."""
    return item.module is not None or (item.layer is not None and bool(item.layer.tensors(item.x)))


def _unused(item: Item) -> Shape:
    """What a layer was built for that is never applied."""
    return () if item.applied else item.x
