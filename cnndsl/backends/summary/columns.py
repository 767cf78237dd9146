"""The columns of a summary, as text: what each says of a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cnndsl.backends.summary.entries import Entry
from cnndsl.layers.sizes import Shape, show
from cnndsl.receptive import Seen
from cnndsl.terminal import bytes_said, clean, count_said


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key for `--columns`, its head, what it says, and whether it stands at the right, as numbers do."""

    key: str
    head: str
    cell: Callable[[Entry], str]
    is_number: bool = False


def name(line: Entry) -> str:
    """The name in its block, further in the deeper it is."""
    return "  " * line.row.depth + (clean(line.name) or ("(inserted)" if line.row.inserted else ""))


def kind(line: Entry) -> str:
    """The kind of layer, the name of the block or the operation."""
    return clean(line.word)


def layer(line: Entry) -> str:
    """The kind with its arguments."""
    return clean(f"{line.word} {line.words}".rstrip())


def output(line: Entry) -> str:
    """The shapes that come out; of a run from the first block to the last: `96 ... 256 x 56 x 56`."""
    if len(line.output) != 1 or len(line.output[0]) != len(line.row.output[0]):
        return shapes(line.output or line.row.output) or "never applied"
    ends = ((show([a]), show([b])) for a, b in zip(line.row.output[0], line.output[0], strict=True))
    return " x ".join(a if a == b else f"{a} ... {b}" for a, b in ends)


def _first(line: Entry) -> str:
    more = len(line.row.output) - 1
    return f"{show(line.row.output[0])} and {more} more" if more > 0 else output(line)


def _counted(said: Callable[[int], str]) -> tuple[Callable[[Entry], str], Callable[[Entry], str]]:
    """What the columns of parameters and of multiply-accumulates say, with numbers written by `said`."""

    def parameters(line: Entry) -> str:
        return "shared" if line.row.shared else said(line.row.parameters) if line.row.parameters else ""

    def macs(line: Entry) -> str:
        return "open" if line.row.macs is None else said(line.row.macs) if line.row.macs else ""

    return parameters, macs


def field(line: Entry) -> str:
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


def _amount(number: int | None) -> str:
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
        Column("memory", "memory", lambda line: _amount(line.alive), is_number=True),
        Column("kept", "kept", lambda line: _amount(line.kept), is_number=True),
        Column("field", "field", field, is_number=True),
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
