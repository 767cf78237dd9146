"""The summary as text for a terminal, in columns that fit it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from cnndsl.backends import captions
from cnndsl.backends.summary.entries import (
    COLUMNS,
    FIRST_OUTPUT,
    NARROWER,
    SHORTER,
    USUAL,
    WITHOUT_ARGUMENTS,
    Column,
    Entry,
    Totals,
    amount,
)
from cnndsl.i18n import tr, trn
from cnndsl.ir.program import Module
from cnndsl.layers.base import Group
from cnndsl.layers.formula import show
from cnndsl.terminal import Style, aligned, clean, filled, pad, paint, width, wrap

MOST_ROWS = 10_000
"""More rows than this are counted, not shown."""

_GAP = "  "
_BAR = 8
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_CUT = {"arguments": 8, "layer": 8, "name": 8}
"""The columns that are cut short, and not below this, however narrow the terminal; the name tells most, and comes last.
"""
_LEFT_OUT = ("macs", "parameters", "layer", "output")
"""What a terminal lacks that is too narrow even so, in this order; the totals have the numbers."""
_READABLE = 14
"""Layers are not cut shorter than this for the sake of another column."""
_STYLES: dict[Group, Style] = {
    Group.CONVOLUTION: "blue",
    Group.POOLING: "red",
    Group.NORMALISATION: "violet",
    Group.ACTIVATION: "yellow",
    Group.DENSE: "green",
    Group.SEQUENCE: "violet",
    Group.DROPOUT: "dim",
    Group.SHAPE: "dim",
}
_NOT_COUNTED = (
    "A MAC is one multiplication with its addition, in convolutions, dense layers and products "
    "of matrices, for one sample; biases, activations, pooling and normalisation are not counted."
)
_WIDEST_NOTE = 80
"""How long a line of the notes may be, where the terminal is as wide."""

Table = tuple[list[Column], list[tuple[str, ...]], list[int]]
"""Columns, cells and widths."""


def render(
    network: Module,
    totals: Totals,
    lines: Iterator[Entry],
    *,
    only: Sequence[str] = (),
    color: bool,
    columns: int,
    bars: bool,
) -> str:
    """The network in a line, the table, and the totals. `only`: the columns to show, whether they fit or not."""
    shown = list(islice(lines, MOST_ROWS))
    left_out = sum(1 for _ in lines)
    name = clean(network.name)
    sizes = [*_listed(list(map(show, network.input_shapes))), "->", *_listed(captions.outputs_said(network))]
    head = list(filled(f"{name}: ", sizes, columns, len(_GAP)))
    out = [paint(name, "bold", color=color) + head[0][len(name) :], *head[1:], ""]
    table = (
        _cut([COLUMNS[key] for key in only], shown, columns, _CUT) if only else _fitting(shown, totals, columns, bars)
    )
    out += _table(shown, table, color=color)
    if left_out:
        out.append(tr("... and {count:,} more", count=left_out))
    notes = [tr(_NOT_COUNTED), *_explained(totals, {column.key for column in table[0]})]
    if any(line.row.training for line in shown):
        notes.insert(1, tr("Nor is what is there in training only, which has training in the place of MACs."))
    out += ["", *_totals(totals, notes, color, min(columns, _WIDEST_NOTE))]
    return "".join(f"{line.rstrip()}\n" for line in out)


def _listed(sizes: list[str]) -> list[str]:
    return [f"{size}," for size in sizes[:-1]] + sizes[-1:]


def _table(lines: list[Entry], table: Table, *, color: bool) -> Iterator[str]:
    columns, rows, widths = table
    yield paint(_line(columns, [column.head for column in columns], widths), "bold", color=color)
    yield paint(_GAP.join("-" * room for room in widths), "dim", color=color)
    for line, cells in zip(lines, rows, strict=True):
        group = line.row.group
        yield _line(columns, cells, widths, _STYLES.get(group, "cyan") if group else "cyan", color=color)


def _fitting(lines: list[Entry], totals: Totals, room: int, bars: bool) -> Table:
    """The fullest table that fits, or else the one with least in it."""
    for table in _tables(lines, totals, room, bars):
        if _across(table[2]) <= room:
            break
    return table


def _tables(lines: list[Entry], totals: Totals, room: int, bars: bool) -> Iterator[Table]:
    """Tables with less and less in them: bars go first, then arguments, then the last digits of numbers, then receptive
    fields, then memory, then all outputs but the first.
    """
    unknown = {key for key in ("memory", "field") if not any(COLUMNS[key].cell(line) for line in lines)}

    def chosen(keys: Sequence[str]) -> list[Column]:
        return [COLUMNS[key] for key in keys if key not in unknown]

    def shorter(keys: Sequence[str]) -> list[Column]:
        return [SHORTER.get(column.key, column) for column in chosen(keys)]

    for keys in (USUAL, WITHOUT_ARGUMENTS):
        if bars:
            yield _made([*chosen(keys), *_bars(totals)], lines)
        yield _made(chosen(keys), lines)
    if unknown < {"memory", "field"}:
        yield _cut(shorter(WITHOUT_ARGUMENTS), lines, room, {"layer": _READABLE})
    for fewer in NARROWER:
        yield _made(chosen(fewer), lines)
    yield _cut(chosen(NARROWER[-1]), lines, room, {"layer": _READABLE})
    last = shorter(NARROWER[-1])
    yield _cut(last, lines, room, _CUT)
    last = [FIRST_OUTPUT if column.key == "output" else column for column in last]
    for key in ("", *_LEFT_OUT):
        last = [column for column in last if column.key != key]
        yield _cut(last, lines, room, _CUT)


def _made(columns: list[Column], lines: list[Entry]) -> Table:
    rows = [tuple(column.cell(line) for column in columns) for line in lines]
    heads = tuple(column.head for column in columns)
    return columns, rows, [max(map(width, cells)) for cells in zip(heads, *rows, strict=True)]


def _cut(columns: list[Column], lines: list[Entry], room: int, least: Mapping[str, int]) -> Table:
    """The table with columns cut short as far as it has to be, in this order and not below these widths.

    Of the blocks of a run it stays said how many they are, and names are less far in before they are cut.
    """
    columns, rows, widths = _made(columns, lines)
    keys = [column.key for column in columns]
    for key, few in least.items():
        if key not in keys or _across(widths) <= room:
            continue
        at = keys.index(key)
        column = [cells[at] for cells in rows]
        if key == "name":
            column = [" " * line.row.depth + cell.lstrip() for line, cell in zip(lines, column, strict=True)]
            widths[at] = max(map(width, (columns[at].head, *column)))
        widths[at] = max(min(few, widths[at]), widths[at] - max(0, _across(widths) - room))
        for number, (line, cell) in enumerate(zip(lines, column, strict=True)):
            end = f" x {line.times}" if key != "name" and line.times > 1 else ""
            short = _shortened(cell.removesuffix(end), widths[at] - len(end)) + end if cell.endswith(end) else cell
            rows[number] = (*rows[number][:at], _shortened(short, widths[at]), *rows[number][at + 1 :])
    return columns, rows, widths


def _across(widths: list[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _shortened(text: str, room: int) -> str:
    """The text in no more than `room` columns, with three dots for what is left out."""
    if width(text) <= room:
        return text
    dots = "..."[: max(0, room)]
    while text and width(text) > room - len(dots):
        text = text[:-1]
    return f"{text}{dots}"


def _bars(totals: Totals) -> list[Column]:
    """Columns with each line's share of the totals."""
    cost = totals.cost
    return [
        Column("", "of parameters", lambda line: _share(line.row.parameters, cost.parameters)),
        Column("", "of MACs", lambda line: _share(line.row.macs, cost.macs)),
    ]


def _share(part: int | None, whole: int | None) -> str:
    """A bar and a percentage; nothing for nothing and for what is not known."""
    if not part or not whole:
        return ""
    full, rest = divmod(round(part / whole * _BAR * 8), 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    percent = "<1" if part / whole < 0.01 else f"{100 * part / whole:.0f}"
    return f"{percent:>3} % {bar}"


def _line(
    columns: list[Column], cells: Sequence[str], widths: list[int], style: Style | None = None, *, color: bool = False
) -> str:
    """One line of the table, the column of the layer in its colour."""
    padded = []
    for column, cell, room in zip(columns, cells, widths, strict=True):
        text = pad(cell, room, right=column.is_number)
        padded.append(paint(text, style, color=color) if style and column.name == "layer" else text)
    return _GAP.join(padded)


def _totals(totals: Totals, notes: list[str], color: bool, room: int) -> Iterator[str]:
    """The totals, and notes in lines of at most `room` columns."""
    cost = totals.cost
    macs = tr("depend on a size that is left open") if cost.macs is None else f"{cost.macs:,}"
    numbers = {tr("parameters"): captions.at_least(cost)}
    if cost.trainable != cost.parameters:
        numbers[tr("trainable")] = f"{cost.trainable:,}"
        numbers[tr("fixed")] = f"{cost.parameters - cost.trainable:,}"
    if cost.buffers:
        numbers[tr("buffers")] = f"{cost.buffers:,}"
    numbers[tr("MACs")] = macs
    across = max(map(width, numbers))
    longest = max((len(number) for number in numbers.values() if number[0].isdigit()), default=0)
    for name, number in numbers.items():
        shown = pad(number, longest, right=True) if number[0].isdigit() else number
        indent = " " * (len(shown) - len(shown.lstrip()))
        first, *more = wrap(shown, max(room - across - 2, 12))
        first = indent + first
        yield f"{pad(name, across)}  {paint(first.rstrip(), 'bold', color=color)}"
        yield from (f"{' ' * across}  {paint(line.strip(), 'bold', color=color)}" for line in more)
    yield ""
    yield from _memory(totals, color, room)
    for note in notes:
        yield from (paint(line, "dim", color=color) for line in wrap(note, room))


def _memory(totals: Totals, color: bool, room: int) -> Iterator[str]:
    """What a batch takes: a table with a line for inference and one for training, in `room` columns with less in it."""
    memory = totals.memory
    heads = ("memory", "parameters", "gradients", "values", "total")
    rows: list[tuple[str, ...]] = [(*map(tr, heads), "")]
    if totals.inference is not None:
        amounts = (totals.parameters, 0, memory.peak or 0, totals.inference)
        where = tr("at {place}", place=clean(memory.where)) if memory.where else ""
        rows.append((tr("inference"), *map(amount, amounts), where))
    if totals.training is not None:
        amounts = (totals.parameters, totals.gradients, memory.kept or 0, totals.training)
        rows.append((tr("training"), *map(amount, amounts), ""))
    if len(rows) == 1:
        return
    table = aligned(rows, range(1, 5))
    for chosen in (range(6), (0, 4, 5), (0, 4)):
        if _across([width(table[0][k]) for k in chosen]) <= room:
            break
    for at, cells in enumerate(table):
        cells[4] = paint(cells[4], "bold", color=color and at > 0)
        line = _GAP.join(cells[k] for k in chosen).rstrip()
        yield line if at else paint(line, "bold", color=color)
    yield ""


def _explained(totals: Totals, keys: set[str]) -> Iterator[str]:
    samples = trn("one sample", "{count:,} samples", totals.batch)
    if totals.inference is not None or keys & {"memory", "kept"}:
        said = "Memory is for {samples} in {dtype}, without what an optimiser keeps."
        yield tr(said, samples=samples, dtype=totals.dtype)
    if "memory" in keys:
        yield tr("That of a line is what is alive while it runs in inference.")
    if "kept" in keys:
        yield tr("Kept is what autograd holds of a line in training.")
    if "field" in keys:
        yield tr("The field is how many places of the input a position sees along each axis.")
