"""A network as a table: every application in order, with its size, parameters and multiply-accumulates.

In: a checked program.  Out: text for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cnndsl import costs
from cnndsl.costs import Row
from cnndsl.layers.base import Group
from cnndsl.layers.sizes import show
from cnndsl.program import Program
from cnndsl.terminal import Style, clean, pad, paint, width

MOST_ROWS = 10_000
"""More rows than this are counted, not shown."""

_HEADS = ("name", "layer", "output", "parameters", "MACs")
_GAP = "  "
_STYLES: dict[Group | None, Style] = {
    Group.CONVOLUTION: "blue",
    Group.POOLING: "red",
    Group.NORMALISATION: "violet",
    Group.ACTIVATION: "yellow",
    Group.DENSE: "green",
    Group.DROPOUT: "dim",
    Group.SHAPE: "dim",
    None: "cyan",
}
_NOT_COUNTED = (
    "A MAC is one multiplication with its addition, in convolutions and dense layers,",
    "for one sample; biases, activations, pooling and normalisation are not counted.",
)


def summary(program: Program, network: str | None = None, *, color: bool = False, columns: int = 80) -> str:
    """The table of a network, by default the last one of the text; it ends with a line end.

    The arguments of the layers are shown where the table then stays within `columns`.
    Raises KeyError where there is no network of this name.
    """
    top = program.network(network)
    walk = costs.rows(program, top.name)
    rows = list(islice(walk, MOST_ROWS))
    left_out = sum(1 for _ in walk)
    lines = [_title(program, top.name, color), "", *_table(rows, color, columns)]
    if left_out:
        lines.append(f"... and {left_out:,} more")
    lines += ["", *_totals(costs.of(program, top.id), color)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _title(program: Program, network: str, color: bool) -> str:
    top = program.network(network)
    name = paint(clean(top.name), "bold", color=color)
    return f"{name}: {_shapes(top.input_shapes)} -> {_shapes(top.output_shapes)}"


def _table(rows: list[Row], color: bool, columns: int) -> Iterator[str]:
    full = [_cells(row, words=True) for row in rows]
    widths = _widths(full)
    if sum(widths) + len(_GAP) * (len(widths) - 1) > columns:
        full = [_cells(row, words=False) for row in rows]
        widths = _widths(full)
    yield _line(_HEADS, widths, "bold", color=color, bold=True)
    yield paint(_GAP.join("-" * w for w in widths), "dim", color=color)
    for row, cells in zip(rows, full, strict=True):
        yield _line(cells, widths, _STYLES[row.group], color=color)


def _cells(row: Row, *, words: bool) -> tuple[str, ...]:
    name = clean(row.name) or ("(inserted)" if row.inserted else "")
    layer = clean(f"{row.word} {row.words}" if words and row.words else row.word)
    output = _shapes(row.output) if row.output else "never applied"
    parameters = "shared" if row.shared else f"{row.parameters:,}" if row.parameters else ""
    macs = "open" if row.macs is None else f"{row.macs:,}" if row.macs else ""
    return ("  " * row.depth + name, layer, output, parameters, macs)


def _widths(table: list[tuple[str, ...]]) -> list[int]:
    return [max(width(cells[column]) for cells in (_HEADS, *table)) for column in range(len(_HEADS))]


def _line(cells: tuple[str, ...], widths: list[int], style: Style, *, color: bool, bold: bool = False) -> str:
    """One line of the table; the column of the layer is in color, a heading as a whole."""
    padded = [pad(cell, w, right=column >= 3) for column, (cell, w) in enumerate(zip(cells, widths, strict=True))]
    if bold:
        return paint(_GAP.join(padded), style, color=color)
    padded[1] = paint(padded[1], style, color=color)
    return _GAP.join(padded)


def _totals(cost: costs.Cost, color: bool) -> Iterator[str]:
    macs = "depend on a size that is left open" if cost.macs is None else f"{cost.macs:,}"
    numbers = {"parameters": f"{cost.parameters:,}"}
    if cost.trainable != cost.parameters:
        numbers["trainable"] = f"{cost.trainable:,}"
    if cost.buffers:
        numbers["buffers"] = f"{cost.buffers:,}"
    numbers["MACs"] = macs
    across = max(map(len, numbers))
    room = max(len(number) for number in numbers.values() if number[0].isdigit())
    for name, number in numbers.items():
        shown = pad(number, room, right=True) if number[0].isdigit() else number
        yield f"{pad(name, across)}  {paint(shown, 'bold', color=color)}"
    yield ""
    yield from (paint(line, "dim", color=color) for line in _NOT_COUNTED)


def _shapes(shapes: Iterable[Iterable[object]]) -> str:
    return ", ".join(show(shape) for shape in shapes)
