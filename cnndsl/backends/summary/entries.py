"""The lines and columns of a summary: the applications of a network, the blocks of a run folded into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from cnndsl.analysis import costs, receptive_field
from cnndsl.analysis.costs.counts import Cost, Row
from cnndsl.analysis.costs.memory import WIDTHS, Memory, Type
from cnndsl.analysis.receptive_field import Seen
from cnndsl.backends import captions
from cnndsl.backends.captions import bytes_said, count_said
from cnndsl.frozen import frozen
from cnndsl.i18n import tr
from cnndsl.ir.program import Program
from cnndsl.layers.formula import Shape, show
from cnndsl.terminal import clean

MOST_MEASURED = 20_000
"""With more lines than this, memory and receptive fields are not worked out one by one."""


@frozen()
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
        captions.differences([turn.row.settings for turn in turns]).replace("…", "..."),
    )


def measured(program: Program, network: str, *, batch: int = 1, dtype: Type = "float32") -> Iterator[Entry]:
    """Every application in a network, in the order of execution; parts that are never applied among them."""
    rows = costs.rows(program, network)
    first = list(islice(rows, MOST_MEASURED + 1))
    rows = chain(first, rows)
    if len(first) > MOST_MEASURED:
        yield from map(Entry, rows)
        return
    held = costs.memory_by_application(program, network, batch=batch, dtype=dtype)
    applied = zip(held, receptive_field.fields(program, network), strict=True)
    for row in rows:
        if row.output:
            memory, reached = next(applied)
            yield Entry(row, alive=memory.alive, kept=memory.kept, seen=reached.seen)
        else:
            yield Entry(row, alive=0, kept=0)


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


@frozen()
class Totals:
    """Parameters, buffers and multiply-accumulates, and what a batch takes in memory, in bytes.

    memory: of the values that flow. The buffers, which are few, are in none of the bytes.
    """

    cost: Cost
    memory: Memory
    batch: int
    dtype: Type

    @property
    def parameters(self) -> int:
        """Bytes of all parameters."""
        return self.cost.parameters * WIDTHS[self.dtype]

    @property
    def gradients(self) -> int:
        """Bytes of the gradients: one number for each parameter that is trained."""
        return self.cost.trainable * WIDTHS[self.dtype]

    @property
    def inference(self) -> int | None:
        """The peak in inference: parameters and values. None where it is not known."""
        return None if self.memory.peak is None else self.parameters + self.memory.peak

    @property
    def training(self) -> int | None:
        """What is held between the forward and the backward pass, without what an optimiser keeps of its own:
        parameters, gradients and the values that autograd keeps. None where it is not known.
        """
        return None if self.memory.kept is None else self.parameters + self.gradients + self.memory.kept


def totals(program: Program, network: str, *, batch: int = 1, dtype: Type = "float32") -> Totals:
    """The totals of a network. Takes time linear in the size of the definitions."""
    memory = costs.memory(program, network, batch=batch, dtype=dtype)
    return Totals(costs.of(program, program.network(network).id), memory, batch, dtype)


@frozen()
class Column:
    """A column: its key for `--columns`, its head in English, what it says, and whether it stands at the right, as
    numbers do.
    """

    key: str
    name: str
    cell: Callable[[Entry], str]
    is_number: bool = False

    @property
    def head(self) -> str:
        """Its head."""
        return tr(self.name)


def name(line: Entry) -> str:
    """The name in its block, further in the deeper it is."""
    return "  " * line.row.depth + (clean(line.name) or (tr("(inserted)") if line.row.inserted else ""))


def kind(line: Entry) -> str:
    """The kind of layer, the name of the block or the operation."""
    return clean(line.word)


def layer(line: Entry) -> str:
    """The kind with its arguments."""
    return clean(f"{line.word} {line.words}".rstrip())


def output(line: Entry) -> str:
    """The shapes that come out; of a run from the first block to the last: `96 ... 256 x 56 x 56`."""
    if len(line.output) != 1 or len(line.output[0]) != len(line.row.output[0]):
        return shapes(line.output or line.row.output) or tr("never applied")
    ends = ((show([a]), show([b])) for a, b in zip(line.row.output[0], line.output[0], strict=True))
    return " x ".join(a if a == b else f"{a} ... {b}" for a, b in ends)


def _first(line: Entry) -> str:
    more = len(line.row.output) - 1
    first = show(line.row.output[0])
    return tr("{first} and {count} more", first=first, count=more) if more > 0 else output(line)


def _counted(said: Callable[[int], str]) -> tuple[Callable[[Entry], str], Callable[[Entry], str]]:
    """What the columns of parameters and of multiply-accumulates say, with numbers written by `said`."""

    def parameters(line: Entry) -> str:
        return tr("shared") if line.row.shared else said(line.row.parameters) if line.row.parameters else ""

    def macs(line: Entry) -> str:
        if line.row.training:
            return tr("training")
        return tr("open") if line.row.macs is None else said(line.row.macs) if line.row.macs else ""

    return parameters, macs


def shown_field(line: Entry) -> str:
    """How many places of the input a position sees: `14`, `14 x 6` where the axes differ; for several each once."""
    return ", ".join(dict.fromkeys(_field(seen) for seen in line.seen))


def _field(seen: Seen) -> str:
    sizes = []
    for axes in seen.values():
        if any(axis is None for axis in axes):
            return ""
        numbers = [str(axis.size) for axis in axes if axis is not None]
        sizes.append(numbers[0] if len(set(numbers)) == 1 else " x ".join(numbers))
    return ", ".join(dict.fromkeys(sizes))


def amount(number: int | None) -> str:
    """Bytes as people read them; nothing for none, and where it is not known."""
    return bytes_said(number) if number else ""


def shapes(listed: Iterable[Shape]) -> str:
    """Several shapes: `16 x 5 x 5, 10`."""
    return ", ".join(map(show, listed))


_PARAMETERS, _MACS = _counted("{:,}".format)
_FEW_PARAMETERS, _FEW_MACS = _counted(count_said)

COLUMNS = {
    column.key: column
    for column in (
        Column("name", "name", name),
        Column("layer", "layer", kind),
        Column("arguments", "layer", layer),
        Column("output", "output", output),
        Column("parameters", "parameters", _PARAMETERS, is_number=True),
        Column("macs", "MACs", _MACS, is_number=True),
        Column("memory", "memory", lambda line: amount(line.alive), is_number=True),
        Column("kept", "kept", lambda line: amount(line.kept), is_number=True),
        Column("field", "field", shown_field, is_number=True),
    )
}
"""All columns, in the order in which they stand; `arguments` is the column `layer` with the arguments."""

USUAL = ("name", "arguments", "output", "parameters", "macs", "memory", "field")
"""The columns that are shown where there is room."""
WITHOUT_ARGUMENTS = ("name", "layer", "output", "parameters", "macs", "memory", "field")
NARROWER = (WITHOUT_ARGUMENTS[:-1], WITHOUT_ARGUMENTS[:-2])
"""What is tried where there is little room."""
FIRST_OUTPUT = Column("output", "output", _first)
"""The first of the shapes that come out, and how many more there are."""
SHORTER = {
    "parameters": Column("parameters", "params", _FEW_PARAMETERS, is_number=True),
    "macs": Column("macs", "MACs", _FEW_MACS, is_number=True),
}
"""Columns that take less room: their numbers have three digits."""
