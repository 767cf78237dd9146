"""The lines of a summary: the applications of a network, equal blocks in a row folded into one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cnndsl.costs import Row
from cnndsl.layers.sizes import show


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an application, or `times` equal blocks one after the other, the last of them at `last`.

    The row is the first one's, with the parameters and multiply-accumulates of all of them together.
    """

    row: Row
    times: int = 1
    last: str = ""

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


def entries(rows: Iterator[Row], *, depth: int | None = None, fold: bool = True) -> Iterator[Entry]:
    """The lines for rows in the order of execution.

    depth: how many levels of blocks are shown with what is inside them; None for all.
    fold: whether blocks in a row that are equal to their last layer become one line, without what is inside.
    """
    if not fold:
        yield from (Entry(row) for row in rows if depth is None or row.depth <= depth)
        return
    for node in _Walk(rows).level(0):
        yield from node.entries(depth)


def _range(first: str, last: str) -> str:
    return first if last in ("", first) else f"{first} ... {last}"


@dataclass(slots=True)
class _Node:
    """A row with what is inside; `key` is the same for what is equal, wherever it stands."""

    entry: Entry
    key: int
    inside: list[_Node] = field(default_factory=list)

    def join(self, other: Row) -> None:
        """Take in an equal block that comes next."""
        row = self.entry.row
        macs = None if row.macs is None or other.macs is None else row.macs + other.macs
        both = replace(row, parameters=row.parameters + other.parameters, macs=macs)
        self.entry = Entry(both, self.entry.times + 1, other.path)
        self.inside = []  # one line for all of them, and nothing to remember of the rest

    def entries(self, depth: int | None) -> Iterator[Entry]:
        yield self.entry
        if depth is None or self.entry.row.depth < depth:
            for node in self.inside:
                yield from node.entries(depth)


class _Walk:
    """Reads rows as trees."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._keys: dict[tuple[object, ...], int] = {}
        self._next = next(rows, None)

    def level(self, depth: int) -> list[_Node]:
        """What comes next at this depth, up to the end of the block, equal blocks joined."""
        nodes: list[_Node] = []
        while self._next is not None and self._next.depth == depth:
            row = self._next
            self._next = next(self._rows, None)
            inside = self.level(depth + 1)
            key = self._key(row, inside)
            if row.what == "block" and nodes and nodes[-1].key == key:
                nodes[-1].join(row)
            else:
                nodes.append(_Node(Entry(row), key, inside))
        return nodes

    def _key(self, row: Row, inside: list[_Node]) -> int:
        sizes = tuple(map(show, row.output))
        own = (row.what, row.word, row.words, sizes, row.parameters, row.macs, row.shared, row.inserted)
        parts = tuple((node.entry.name, node.entry.times, node.key) for node in inside)
        return self._keys.setdefault((own, parts), len(self._keys))
