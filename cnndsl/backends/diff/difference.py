"""Two versions of a network -> all that is different, one by one, and those that are alike together.

In: two programs.  Out: a `Difference`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from functools import reduce
from itertools import chain, groupby
from operator import itemgetter

from cnndsl.analysis import costs
from cnndsl.analysis.costs.counts import Cost, Counter, layer_macs, operation_macs
from cnndsl.analysis.state_dict import Match, held, matched, tensors, unknown
from cnndsl.backends.diff.comparison import (
    Change,
    Comparer,
    Comparison,
    Node,
    Status,
    in_short,
    rules,
    tell_apart,
    titled,
    told,
    without_numbers,
)
from cnndsl.backends.diff.matching import Item
from cnndsl.frozen import frozen
from cnndsl.ir.program import Module, Program
from cnndsl.layers.formula import KnownShape, Shape, show


@frozen()
class Side:
    """A difference on one side: the path, the sizes that come out, and the parameters and multiply-accumulates.

    The path is empty for what leaves no module; `block` is the path of the block that it is in, empty for the network.
    """

    path: str
    block: str
    sizes: tuple[Shape, ...]
    parameters: int
    macs: int | None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


@frozen()
class Line:
    """One difference, or `times` that are alike: of which this is the first, with the numbers of all of them.

    alike: the others, which may be changed to and from other numbers, or have other arguments.
    item: what it is now, or was; `title` has its arguments: `conv 8 filters, 5×5`.
    before, after: None where it is added or removed. `lasts` are the paths of the last one.
    times: how many there are; of what follows, how many rows.
    """

    status: Status
    item: Item
    before: Side | None
    after: Side | None
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    times: int = 1
    lasts: tuple[str, str] = ("", "")
    alike: tuple[Line, ...] = ()

    @property
    def side(self) -> Side:
        """The side on which it is now, or was."""
        side = self.after or self.before
        assert side is not None  # noqa: S101 - it is there on one of them
        return side

    @property
    def title(self) -> str:
        """What it is, in words."""
        return titled(self.item)

    @property
    def titles(self) -> str:
        """What all that are alike are, with how the numbers go on: `conv 8 ... 32 filters, 5×5`."""
        return in_short([self.title, *(line.title for line in self.alike)])

    @property
    def told(self) -> list[str]:
        """The changes of all that are alike, with how the numbers go on: `p 0.1 ... 0.2 -> 0.2 ... 0.4`."""
        return [told(parts) for parts in self.parts()]

    def parts(self) -> Iterator[tuple[Change, ...]]:
        """Each change, of all that are alike."""
        return zip(self.changes, *(line.changes for line in self.alike), strict=True)

    @property
    def renamed(self) -> bool:
        """Whether it was called something else, by itself and not only by what it is inside of."""
        return self.moved or bool(self.before and self.after and self.before.name != self.after.name)

    @property
    def moved(self) -> bool:
        """Whether it is inside of something else now."""
        return bool(self.before and self.after and self.before.path.count(".") != self.after.path.count("."))


class Lines:
    """Walks through the comparison of two networks."""

    def __init__(self, before: Program, after: Program) -> None:
        self._counters = (Counter(before), Counter(after))

    def all(self, comparison: Comparison, *, whole: bool = False) -> Iterator[Line]:
        """Every difference in the order in which the network works.

        A block that only follows is one line, without what is inside it, unless `whole`.
        """
        return self._walk(comparison, _Around(), _Around(), whole)

    def _walk(self, comparison: Comparison, old: _Around, new: _Around, whole: bool) -> Iterator[Line]:
        for node in comparison.nodes:
            if node.status is Status.SAME:
                continue
            inside = node.inside
            if inside is None or (node.status is Status.FOLLOWS and not whole):
                yield self._line(node, old, new)
                continue
            if node.changes or node.notes or node.renamed:
                yield self._line(node, old, new)
            if node.before is not None and node.after is not None:
                yield from self._walk(inside, old.inside(node.before), new.inside(node.after), whole)

    def _line(self, node: Node, old: _Around, new: _Around) -> Line:
        sides = [
            None if item is None else self._side(number, item, around)
            for number, (item, around) in enumerate(((node.before, old), (node.after, new)))
        ]
        return Line(node.status, node.item, sides[0], sides[1], node.changes, node.notes)

    def _side(self, number: int, item: Item, around: _Around) -> Side:
        cost = self._cost(number, item)
        path = f"{around.prefix}{item.name}" if item.name else ""
        block = path.rpartition(".")[0] if item.name else around.prefix[:-1]
        parameters = 0 if item.again or around.again else cost.parameters
        return Side(path, block, item.ys, parameters, 0 if item.training or around.training else cost.macs)

    def _cost(self, number: int, item: Item) -> Cost:
        """What an item holds, and what its application costs."""
        counter = self._counters[number]
        if item.module is not None:
            cost = counter.of(item.module.id)
            return cost if item.applied else replace(cost, macs=0)
        held = counter.held(item.leaf) if item.leaf is not None else Cost()
        if item.layer is not None and item.xs:
            return replace(held, macs=layer_macs(item.layer, item.xs[0], item.ys[0]))
        if item.operation is not None and item.xs:
            return replace(held, macs=operation_macs(item.operation, item.xs, item.ys[0]))
        return held


@frozen()
class _Around:
    """What an item is inside of: where its path begins, and whether that was applied before, or in training only."""

    prefix: str = ""
    again: bool = False
    training: bool = False

    def inside(self, item: Item) -> _Around:
        return _Around(f"{self.prefix}{item.name}.", self.again or item.again, self.training or item.training)


def folded(lines: Iterable[Line]) -> list[Line]:
    """The lines, those that are alike as one where the first of them is.

    Alike are equal changes of parts whose names differ by a number at most, wherever they are; equal layers that were
    added, and blocks of one kind that were added to one block; parts of one block that have other numbers now; and rows
    of parts whose sizes change alike.  Where the same statements make more of these with other numbers, they are alike
    too.
    """
    equal: dict[object, list[tuple[int, Line]]] = {}
    for at, line in enumerate(_rows(lines)):
        equal.setdefault(_key(line), []).append((at, line))
    made: dict[object, list[list[tuple[int, Line]]]] = {}
    for group in equal.values():
        origins = frozenset(line.item.origin for _, line in group)
        made.setdefault((_key(group[0][1], exact=False), origins), []).append(group)
    found: list[Line] = []
    for groups in made.values():
        line = _together(sorted(chain(*groups), key=itemgetter(0)))
        found += [line] if all(map(tell_apart, line.parts())) else map(_together, groups)
    return found


def _together(group: Sequence[tuple[int, Line]]) -> Line:
    """Lines as one, with the numbers of all of them."""
    joined = group[0][1]
    for _, line in group[1:]:
        joined = _joined(joined, line, line.times)
    return replace(joined, alike=tuple(line for _, line in group[1:]))


def _rows(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines; those that follow one another with the same change of sizes, and nothing else, as one."""
    # What does not only follow has a key of its own, its number.
    groups = groupby(enumerate(lines), lambda at: _sizes(at[1]) if at[1].status is Status.FOLLOWS else at[0])
    for _, group in groups:
        yield reduce(lambda row, line: _joined(row, line, 0), (line for _, line in group))


def _sizes(line: Line) -> object:
    return tuple(None if side is None else side.sizes for side in (line.before, line.after))


def _key(line: Line, *, exact: bool = True) -> object:
    """The same for lines that are alike; without `exact`, for those that are but for numbers."""
    before, after = line.before, line.after
    if before is None or after is None:
        title = line.title if exact else without_numbers(line.title)
        # A block is like another in the same block, a layer wherever it is.
        block = line.side.block if line.item.module is not None else ""
        return (line.status, title, block, _stem(line.side), bool(line.side.path), line.item.training)
    if line.status is Status.FOLLOWS:
        return (line.status, _sizes(line), after.name, line.lasts[1].rpartition(".")[2])
    if not (line.changes or line.notes):
        numbered = before.name.isdigit() and after.name.isdigit() and not line.moved
        return ("renamed", before.block, after.block, numbered or (before.path, after.path))
    place = line.item.word if line.item.is_counted_name else _stem(after)
    said = [(change.what, *change.texts) for change in line.changes]
    made = tuple(said if exact else [tuple(map(without_numbers, texts)) for texts in said])
    return (line.status, made, line.notes, before.name == after.name, place)


def _stem(side: Side) -> str:
    """The name without the number at its end."""
    return side.name.rstrip("0123456789")


def _joined(first: Line, line: Line, times: int) -> Line:
    paths = [side.path if side else "" for side in (line.before, line.after)]
    return replace(
        first,
        before=_sum(first.before, line.before),
        after=_sum(first.after, line.after),
        times=first.times + times,
        lasts=(line.lasts[0] or paths[0], line.lasts[1] or paths[1]),
    )


def _sum(one: Side | None, other: Side | None) -> Side | None:
    """The numbers of both; no sizes where they differ."""
    if one is None or other is None:
        return None
    macs = None if one.macs is None or other.macs is None else one.macs + other.macs
    return replace(
        one,
        sizes=one.sizes if one.sizes == other.sizes else (),
        parameters=one.parameters + other.parameters,
        macs=macs,
    )


@frozen()
class Keys(Match):
    """How the keys of two versions differ, as `load_state_dict` of the later one sees them.

    Among the missing ones is `num_batches_tracked`, which PyTorch does without. A class from elsewhere that is the same
    in both holds the same.
    reordered: whether the keys are the same in another order. Loading takes no notice; what an optimiser keeps is
    numbered in that order.
    renamed: keys of parts that are called something else now, with those before, where the shapes are the same.
    kept: each key that takes the tensor of the same part, with that before: of `renamed`, or the same.
    """

    reordered: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def elsewhere(self) -> int:
        """How many tensors fit a part by their names that were those of another one."""
        return self.same - sum(key == old for key, old in self.kept.items())


@frozen()
class Version:
    """One side: the program, the network, what it holds and costs, and the memory that a sample of it takes."""

    program: Program
    network: Module
    cost: costs.Cost
    memory: costs.Memory


@frozen()
class Difference:
    """What is different of two networks.

    changes: of the network as a whole: what comes in, and the rules by which weights begin.
    comparison: of its items. keys: of the state dictionaries.
    """

    before: Version
    after: Version
    changes: tuple[Change, ...]
    comparison: Comparison
    keys: Keys

    def __repr__(self) -> str:
        """Of what it is, without all that is in the programs."""
        found = "none" if self.same else "see Report().of(difference)"
        return f"<Difference of {self.before.network.name} and {self.after.network.name}: {found}>"

    @property
    def same(self) -> bool:
        """Whether there is no difference but in how the text is written and what definitions are called."""
        return not self.changes and self.comparison.status is Status.SAME and self.keys.fits and not self.keys.reordered

    def lines(self, *, whole: bool = False) -> Iterator[Line]:
        """The differences of layers and blocks in the order in which the network works.

        A block that is not changed itself and has other sizes inside is one line, unless `whole`.
        """
        return Lines(self.before.program, self.after.program).all(self.comparison, whole=whole)


def compare(before: Program, after: Program, network: str | None = None, other: str | None = None) -> Difference:
    """The network `network` of one program (by default its last) with the network `other` of another.

    Each pair of blocks is compared once, however often it is used. Raises KeyError for an unknown network.
    """
    one, two = _version(before, network), _version(after, other)
    a, b = one.network, two.network
    comparison = Comparer(before, after).compare(a, b)
    return Difference(one, two, (*_inputs(a, b), *rules(a, b)), comparison, _keys(one, two, comparison))


def _version(program: Program, network: str | None) -> Version:
    top = program.network(network)
    return Version(program, top, costs.of(program, top.id), costs.memory(program, top.name))


def _inputs(a: Module, b: Module) -> Iterator[Change]:
    if a.inputs != b.inputs:
        yield Change("inputs", ", ".join(a.inputs), ", ".join(b.inputs))
    shapes = zip(a.inputs, b.inputs, a.input_shapes, b.input_shapes, strict=False)
    for name, other, old, new in shapes:
        if name == other and show(old) != show(new):
            yield Change("input" if name == "input" else f"input {name}", show(old), show(new))


def _keys(before: Version, after: Version, comparison: Comparison) -> Keys:
    versions = (before, after)
    given, needed = (dict(tensors(each.program, each.network)) for each in versions)
    old, new = (unknown(each.program, each.network) for each in versions)
    match = matched(needed, given, [path for path in old | new if old.get(path) != new.get(path)])
    reordered = match.fits and list(given) != list(needed)
    renamed = dict(_renamed(comparison, "", ""))
    taken = set(renamed.values())
    names = {key: renamed.get(key, key) for key in needed if key in renamed or key not in taken}
    kept = {key: name for key, name in names.items() if given.get(name) == needed[key]}
    return Keys(match.missing, match.unexpected, match.shapes, match.same, match.unknown, reordered, renamed, kept)


def _renamed(comparison: Comparison, old: str, new: str) -> Iterator[tuple[str, str]]:
    """For each part that is called something else, or is inside of one, its keys now and before."""
    for node in comparison.nodes:
        if node.before is None or node.after is None or not node.before.name or not node.after.name:
            continue
        paths = old + node.before.name, new + node.after.name
        if node.inside is not None:
            if paths[0] != paths[1] or node.inside.status is Status.CHANGED:
                yield from _renamed(node.inside, f"{paths[0]}.", f"{paths[1]}.")
        elif paths[0] != paths[1]:
            for (key, shape), (other, now) in zip(*map(_held, (node.before, node.after), paths), strict=False):
                if shape == now:
                    yield other, key


def _held(item: Item, path: str) -> list[tuple[str, KnownShape]]:
    if item.leaf is None or item.again:
        return []
    return [(f"{path}.{name}" if name else path, shape) for name, shape in held(item.leaf)]
