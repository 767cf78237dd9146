"""The lines of a summary: the applications of a network, equal blocks in a row folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from cnndsl import costs, receptive
from cnndsl.costs import Held, Row
from cnndsl.costs.memory import Type
from cnndsl.interpreter import Frame, applications
from cnndsl.layers.sizes import show
from cnndsl.program import Module, Program
from cnndsl.receptive import Applied, Seen

MOST_MEASURED = 20_000
"""With more applications than this, memory and receptive fields are not worked out one by one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an application, or `times` equal blocks one after the other, the last of them at `last`.

    The row is the first one's, with the parameters and multiply-accumulates of all of them together.
    alive: bytes that are alive while it runs in inference, of several the most. kept: what autograd keeps of it in
    training, all together. Both are None where that is not known.
    seen: the receptive fields of what comes out, of several of what the last one gives; none where not worked out.
    """

    row: Row
    times: int = 1
    last: str = ""
    alive: int | None = None
    kept: int | None = None
    seen: tuple[Seen, ...] = ()

    @property
    def name(self) -> str:
        """The name in its block: `conv1`, for several blocks `1 ... 7`."""
        return _range(self.row.name, self.last.rpartition(".")[2])

    @property
    def path(self) -> str:
        """The whole path: `layer2.1`, for several blocks `layer2.1 ... layer2.7`."""
        return _range(self.row.path, self.last)

    @property
    def word(self) -> str:
        """What it is: `conv`, for several blocks `BasicBlock x 7`."""
        return self.row.word if self.times == 1 else f"{self.row.word} x {self.times}"

    def and_then(self, other: Entry) -> Entry:
        """Both, where the other is equal and comes next."""
        row, more = self.row, other.row
        both = replace(row, parameters=row.parameters + more.parameters, macs=_sum(row.macs, more.macs))
        alive = None if self.alive is None or other.alive is None else max(self.alive, other.alive)
        last = other.last or more.path
        return Entry(both, self.times + other.times, last, alive, _sum(self.kept, other.kept), other.seen)


def measured(program: Program, network: str, *, batch: int = 1, dtype: Type = "float32") -> Iterator[Entry]:
    """Every application in a network, in the order of execution; parts that are never applied among them."""
    rows = costs.rows(program, network)
    if _applications(program, program.network(network)) > MOST_MEASURED:
        return map(Entry, rows)
    held = costs.applications(program, network, batch=batch, dtype=dtype)
    return _together(rows, held, receptive.fields(program, network))


def _together(rows: Iterator[Row], held: Iterable[Held], fields: Iterable[Applied]) -> Iterator[Entry]:
    applied = zip(held, fields, strict=True)
    for row in rows:
        if not row.output:
            yield Entry(row, alive=0, kept=0)
            continue
        memory, reached = next(applied)
        yield Entry(row, alive=memory.alive, kept=memory.kept, seen=reached.seen)


def entries(lines: Iterator[Entry], *, depth: int | None = None, fold: bool = True) -> Iterator[Entry]:
    """The lines for applications in the order of execution.

    depth: how many levels of blocks are shown with what is inside them; None for all.
    fold: whether blocks in a row that are equal to their last layer become one line. What is inside such blocks is
    shown where it is seen for the first time: below the first of the row, which then stands by itself.
    """
    if not fold:
        yield from (line for line in lines if depth is None or line.row.depth <= depth)
        return
    shown: set[int] = set()
    for node in _Walk(lines).level(0):
        yield from node.entries(depth, shown)


def _range(first: str, last: str) -> str:
    return first if last in ("", first) else f"{first} ... {last}"


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _applications(program: Program, module: Module) -> int:
    """How many applications there are in a module. Linear in the size of the definitions."""
    known: dict[str, int] = {}

    def count(module: Module) -> int:
        if module.id not in known:
            targets = (at.target for at in applications(program, Frame(module)))
            inside = sum(count(target) for target in targets if isinstance(target, Module))
            known[module.id] = len(module.steps) + inside
        return known[module.id]

    return count(module)


@dataclass(slots=True)
class _Node:
    """A line with what is inside, and the line for equal blocks that come next.

    `key` is the same for what is equal, wherever it stands; `shape` for what has the same layers, of any size.
    """

    entry: Entry
    key: int
    shape: int
    inside: list[_Node] = field(default_factory=list)
    rest: Entry | None = None

    def entries(self, depth: int | None, shown: set[int]) -> Iterator[Entry]:
        opened = depth is None or self.entry.row.depth < depth
        if self.rest is not None and not (opened and self.shape not in shown):
            yield self.entry.and_then(self.rest)
            return
        yield self.entry
        if opened:
            shown.add(self.shape)
            for node in self.inside:
                yield from node.entries(depth, shown)
        if self.rest is not None:
            yield self.rest


class _Walk:
    """Reads lines as trees."""

    def __init__(self, lines: Iterator[Entry]) -> None:
        self._lines = lines
        self._numbers: dict[tuple[object, ...], int] = {}
        self._next = next(lines, None)

    def level(self, depth: int) -> list[_Node]:
        """What comes next at this depth, up to the end of the block, equal blocks joined."""
        nodes: list[_Node] = []
        while self._next is not None and self._next.row.depth == depth:
            line = self._next
            self._next = next(self._lines, None)
            inside = self.level(depth + 1)
            node = _Node(line, self._key(line.row, inside), self._shape(line.row, inside), inside)
            before = nodes[-1] if nodes else None
            if before is not None and line.row.what == "block" and before.key == node.key:
                before.rest = line if before.rest is None else before.rest.and_then(line)
            else:
                nodes.append(node)
        return nodes

    def _key(self, row: Row, inside: list[_Node]) -> int:
        sizes = tuple(map(show, row.output))
        own = (row.what, row.word, row.words, sizes, row.parameters, row.macs, row.shared, row.inserted)
        parts = tuple((node.entry.name, node.rest.times if node.rest else 0, node.key) for node in inside)
        return self._number((own, parts))

    def _shape(self, row: Row, inside: list[_Node]) -> int:
        return self._number((row.what, row.word, tuple((node.entry.name, node.shape) for node in inside)))

    def _number(self, key: tuple[object, ...]) -> int:
        return self._numbers.setdefault(key, len(self._numbers))
