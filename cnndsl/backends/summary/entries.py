"""The lines of a summary: the applications of a network, the blocks of a run folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cnndsl import costs, receptive
from cnndsl.backends.diagram import words
from cnndsl.costs import Held, Row
from cnndsl.costs.memory import Type
from cnndsl.interpreter import Frame, applications
from cnndsl.layers.sizes import Shape
from cnndsl.program import Module, Program
from cnndsl.receptive import Applied, Seen

MOST_MEASURED = 20_000
"""With more applications than this, memory and receptive fields are not worked out one by one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an application, or `times` blocks of one run, the last of them called `last_name`, at the path `last`.

    The row is the first one's, with the parameters and multiply-accumulates of all of them together.
    alive: bytes that are alive while it runs in inference, of several the most. kept: what autograd keeps of it in
    training, all together. Both are None where that is not known.
    seen: the receptive fields of what comes out, of several of what the last one gives; none where not worked out.
    output: the shapes that come out of the last one. differences: the arguments in which several differ, in words.
    """

    row: Row
    times: int = 1
    last: str = ""
    last_name: str = ""
    alive: int | None = None
    kept: int | None = None
    seen: tuple[Seen, ...] = ()
    output: tuple[Shape, ...] = ()
    differences: str = ""

    @property
    def name(self) -> str:
        """The name in its block: `conv1`, for several blocks `1 ... 7`."""
        return _range(self.row.name, self.last_name)

    @property
    def path(self) -> str:
        """The whole path: `layer2.1`, for several blocks `layer2.1 ... layer2.7`."""
        return _range(self.row.path, self.last)

    @property
    def word(self) -> str:
        """What it is: `conv`, for several blocks `BasicBlock x 7`."""
        return self.row.word if self.times == 1 else f"{self.row.word} x {self.times}"

    @property
    def words(self) -> str:
        """The arguments of a layer; of a run how they differ: `drop 0.05 ... 0.2`."""
        return self.differences or self.row.words


def together(turns: Sequence[Entry]) -> Entry:
    """The blocks of a run, or some of them in a row, as one line."""
    first, last = turns[0], turns[-1]
    if len(turns) == 1:
        return first
    parameters = sum(turn.row.parameters for turn in turns)
    alive = [turn.alive for turn in turns]
    return Entry(
        replace(first.row, parameters=parameters, macs=_sum([turn.row.macs for turn in turns])),
        len(turns),
        last.row.path,
        last.row.name,
        None if None in alive else max(filter(None, alive), default=0),
        _sum([turn.kept for turn in turns]),
        last.seen,
        last.row.output,
        words.differences([turn.row.settings for turn in turns]).replace("…", "..."),
    )


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
    fold: whether the blocks of a run, made by one statement, become one line. What is inside of them is shown where
    such a structure is seen for the first time: below the first of the run, which then stands by itself.
    """
    if not fold:
        yield from (line for line in lines if depth is None or line.row.depth <= depth)
        return
    shown: set[int] = set()
    for node in _Walk(lines).level(0):
        yield from node.entries(depth, shown)


def _range(first: str, last: str) -> str:
    return first if last in ("", first) else f"{first} ... {last}"


def _sum(amounts: Sequence[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None


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
    """A line with what is inside, and the blocks of its run that come next."""

    entry: Entry
    inside: list[_Node]
    rest: list[Entry] = field(default_factory=list)

    def entries(self, depth: int | None, shown: set[int]) -> Iterator[Entry]:
        row = self.entry.row
        opened = depth is None or row.depth < depth
        if self.rest and not (opened and row.structure not in shown):
            yield together([self.entry, *self.rest])
            return
        yield self.entry
        if opened:
            shown.add(row.structure)
            for node in self.inside:
                yield from node.entries(depth, shown)
        if self.rest:
            yield together(self.rest)


class _Walk:
    """Reads lines as trees."""

    def __init__(self, lines: Iterator[Entry]) -> None:
        self._lines = lines
        self._next = next(lines, None)

    def level(self, depth: int) -> list[_Node]:
        """What comes next at this depth, up to the end of the block, the blocks of a run joined."""
        nodes: list[_Node] = []
        while self._next is not None and self._next.row.depth == depth:
            line = self._next
            self._next = next(self._lines, None)
            inside = self.level(depth + 1)
            if line.row.goes_on:
                nodes[-1].rest.append(line)
            else:
                nodes.append(_Node(line, inside))
        return nodes
