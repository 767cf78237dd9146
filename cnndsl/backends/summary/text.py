"""The summary as text for a terminal, in columns that fit it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from cnndsl.backends.summary.entries import Entry
from cnndsl.costs import Cost
from cnndsl.layers.base import Group
from cnndsl.layers.sizes import Shape, show
from cnndsl.program import Module
from cnndsl.terminal import Style, clean, pad, paint, width

MOST_ROWS = 10_000
"""More rows than this are counted, not shown."""

_HEADS = ("name", "layer", "output", "parameters", "MACs")
_NUMBERS = 3
"""The first column of numbers; they stand at the right."""
_GAP = "  "
_BAR = 8
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEAST = 8
"""Names are not cut shorter than this, however narrow the terminal."""
_STYLES: dict[Group, Style] = {
    Group.CONVOLUTION: "blue",
    Group.POOLING: "red",
    Group.NORMALISATION: "violet",
    Group.ACTIVATION: "yellow",
    Group.DENSE: "green",
    Group.DROPOUT: "dim",
    Group.SHAPE: "dim",
}
_NOT_COUNTED = (
    "A MAC is one multiplication with its addition, in convolutions and dense layers,",
    "for one sample; biases, activations, pooling and normalisation are not counted.",
)

Cells = tuple[str, ...]


def render(network: Module, cost: Cost, lines: Iterator[Entry], *, color: bool, columns: int, bars: bool) -> str:
    """The network in a line, the table, and the totals."""
    shown = list(islice(lines, MOST_ROWS))
    left_out = sum(1 for _ in lines)
    name = paint(clean(network.name), "bold", color=color)
    out = [f"{name}: {_shapes(network.input_shapes)} -> {_shapes(network.output_shapes)}", ""]
    out += _table(shown, cost, color=color, columns=columns, bars=bars)
    if left_out:
        out.append(f"... and {left_out:,} more")
    out += ["", *_totals(cost, color)]
    return "".join(f"{line.rstrip()}\n" for line in out)


def _table(lines: list[Entry], cost: Cost, *, color: bool, columns: int, bars: bool) -> Iterator[str]:
    heads, table, widths = _fitting(lines, cost, columns, bars=bars)
    yield paint(_line(heads, widths), "bold", color=color)
    yield paint(_GAP.join("-" * room for room in widths), "dim", color=color)
    for line, cells in zip(lines, table, strict=True):
        group = line.row.group
        yield _line(cells, widths, _STYLES.get(group, "cyan") if group else "cyan", color=color)


def _fitting(lines: list[Entry], cost: Cost, columns: int, *, bars: bool) -> tuple[Cells, list[Cells], list[int]]:
    """The heads, cells and widths of the fullest table that fits: with arguments and bars, with either, with none."""
    for words, shares in ((True, True), (False, True), (True, False), (False, False)):
        if shares and not bars:
            continue
        heads = (*_HEADS, "of parameters", "of MACs") if shares else _HEADS
        table = [(*_cells(line, words=words), *(_shares(line, cost) if shares else ())) for line in lines]
        widths = [max(width(cells[column]) for cells in (heads, *table)) for column in range(len(heads))]
        if _across(widths) <= columns:
            return heads, table, widths
    for column in (1, 0):  # the name tells more than the layer: it is cut last
        widths[column] = max(min(_LEAST, widths[column]), widths[column] - max(0, _across(widths) - columns))
    return heads, [(*map(_cut, cells[:2], widths), *cells[2:]) for cells in table], widths


def _across(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _cut(text: str, room: int) -> str:
    """The text in no more than `room` columns, with three dots for what is left out."""
    if width(text) <= room:
        return text
    while width(text) > room - 3:
        text = text[:-1]
    return f"{text}..."


def _cells(line: Entry, *, words: bool) -> Cells:
    row = line.row
    name = clean(line.name) or ("(inserted)" if row.inserted else "")
    layer = clean(f"{line.word} {row.words}" if words and row.words else line.word)
    output = _shapes(row.output) if row.output else "never applied"
    parameters = "shared" if row.shared else f"{row.parameters:,}" if row.parameters else ""
    macs = "open" if row.macs is None else f"{row.macs:,}" if row.macs else ""
    return ("  " * row.depth + name, layer, output, parameters, macs)


def _shares(line: Entry, cost: Cost) -> Cells:
    return _share(line.row.parameters, cost.parameters), _share(line.row.macs, cost.macs)


def _share(part: int | None, whole: int | None) -> str:
    """A bar and a percentage; nothing for nothing and for what is not known."""
    if not part or not whole:
        return ""
    full, rest = divmod(round(part / whole * _BAR * 8), 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    percent = "<1" if part / whole < 0.01 else f"{100 * part / whole:.0f}"
    return f"{percent:>3} % {bar}"


def _line(cells: Sequence[str], widths: list[int], style: Style | None = None, *, color: bool = False) -> str:
    """One line of the table, the column of the layer in its colour."""
    last = _NUMBERS + 2  # the bars begin at their left end
    rooms = zip(cells, widths, strict=True)
    padded = [pad(cell, room, right=_NUMBERS <= column < last) for column, (cell, room) in enumerate(rooms)]
    if style is not None:
        padded[1] = paint(padded[1], style, color=color)
    return _GAP.join(padded)


def _totals(cost: Cost, color: bool) -> Iterator[str]:
    macs = "depend on a size that is left open" if cost.macs is None else f"{cost.macs:,}"
    numbers = {"parameters": cost.said}
    if cost.trainable != cost.parameters:
        numbers["trainable"] = f"{cost.trainable:,}"
    if cost.buffers:
        numbers["buffers"] = f"{cost.buffers:,}"
    numbers["MACs"] = macs
    across = max(map(len, numbers))
    room = max((len(number) for number in numbers.values() if number[0].isdigit()), default=0)
    for name, number in numbers.items():
        shown = pad(number, room, right=True) if number[0].isdigit() else number
        yield f"{pad(name, across)}  {paint(shown, 'bold', color=color)}"
    yield ""
    yield from (paint(line, "dim", color=color) for line in _NOT_COUNTED)


def _shapes(shapes: Iterable[Shape]) -> str:
    return ", ".join(map(show, shapes))
