"""The summary as JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from cnndsl.analysis.receptive_field import Seen
from cnndsl.backends import captions
from cnndsl.backends.summary.entries import COLUMNS, USUAL, Entry, Totals
from cnndsl.backends.summary.entries import shapes as shown
from cnndsl.backends.summary.entries import shown_field as field_of
from cnndsl.display import csv_lines, json_lines
from cnndsl.i18n import tr
from cnndsl.ir.program import Module
from cnndsl.layers.formula import as_json
from cnndsl.terminal import clean


def json(network: Module, totals: Totals, lines: Iterable[Entry]) -> str:
    """One object: the network, its totals, and the rows.

    `training_outputs` are the sizes of what goes out in training only, besides the `outputs`.
    Sizes are numbers, or text where they are left open; what depends on an open size or is not known is null.
    A row with `times` above 1 stands for the blocks of a run from `path` to `last`, and its `arguments` are how these
    differ: its parameters, multiply-accumulates and `kept` bytes are those of all of them, its `memory` is the most,
    its `output` what comes out of the first one, its `field` what comes out of the last one sees.
    Bytes are for the batch and the type that stand in the totals.
    """
    fields = {
        "network": network.name,
        "inputs": as_json(network.input_shapes),
        "outputs": as_json(network.shapes_out(training=False)),
        "training_outputs": as_json(network.shapes_out(training=True)),
        "totals": _totals(totals),
    }
    return json_lines(fields, "rows", map(_row, lines))


def _totals(totals: Totals) -> dict[str, Any]:
    cost, memory = totals.cost, totals.memory
    sums = {
        "parameters": cost.parameters,
        "trainable": cost.trainable,
        "buffers": cost.buffers,
        "macs": cost.macs,
    }
    taken = {
        "batch": totals.batch,
        "dtype": totals.dtype,
        "parameters": totals.parameters,
        "gradients": totals.gradients,
        "inputs": memory.inputs,
        "peak": memory.peak,
        "where": memory.where,
        "kept": memory.kept,
        "inference": totals.inference,
        "training": totals.training,
    }
    return sums | {"memory": taken}


def csv(lines: Iterable[Entry]) -> str:
    """A line of heads and one for each row; nothing stands for what depends on an open size."""
    rows = (_row(line) | {"output": shown(line.row.output), "field": field_of(line)} for line in lines)
    return csv_lines(_FIELDS, (row.values() for row in rows))


def markdown(network: Module, totals: Totals, lines: Iterable[Entry], *, only: Sequence[str] = ()) -> str:
    """A table, as GitHub and many others read it, with the totals as its last line. `only`: the columns to show."""
    return "".join(f"{line}\n" for line in _markdown(network, totals, lines, only or USUAL))


def _markdown(network: Module, totals: Totals, lines: Iterable[Entry], keys: Sequence[str]) -> Iterator[str]:
    columns = [COLUMNS[key] for key in keys]
    yield f"**{_escaped(network.name)}**: {shown(network.input_shapes)} → {', '.join(captions.outputs_said(network))}"
    yield ""
    yield _cells(*(column.head for column in columns))
    yield _cells(*("---:" if column.is_number else "---" for column in columns))
    for line in lines:
        # A page is not cut off at the side, so it has whole paths.
        path = line.path or (tr("(inserted)") if line.row.inserted else "")
        yield _cells(*(path if column.key == "name" else column.cell(line) for column in columns))
    yield _cells(*(_total(totals, column.key) for column in columns))


def _total(totals: Totals, key: str) -> str:
    """What a column comes to: of memory the peak."""
    cost, memory = totals.cost, totals.memory
    amounts = {"memory": memory.peak, "kept": memory.kept}
    if key in amounts:
        return "" if amounts[key] is None else captions.bytes_said(amounts[key] or 0)
    macs = tr("open") if cost.macs is None else f"{cost.macs:,}"
    sums = {"name": tr("total"), "parameters": captions.at_least(cost), "macs": macs}
    return sums.get(key, "")


def _cells(*cells: str) -> str:
    return " ".join(("|", *(f"{_escaped(cell)} |" if cell else "|" for cell in cells)))


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\|*_`<>[]&$" else char for char in clean(text))


_FIELDS: dict[str, Callable[[Entry], Any]] = {
    "path": lambda line: line.row.path,
    "last": lambda line: line.last or line.row.path,
    "times": lambda line: line.times,
    "depth": lambda line: line.row.depth,
    "kind": lambda line: line.row.what,
    "layer": lambda line: line.row.word,
    "arguments": lambda line: line.words,
    "output": lambda line: as_json(line.row.output),
    "parameters": lambda line: line.row.parameters,
    "shared": lambda line: line.row.shared,
    "inserted": lambda line: line.row.inserted,
    "training": lambda line: line.row.training,
    "macs": lambda line: line.row.macs,
    "memory": lambda line: line.alive,
    "kept": lambda line: line.kept,
    "field": lambda line: [_field(seen) for seen in line.seen],
}


def _row(line: Entry) -> dict[str, Any]:
    return {name: value(line) for name, value in _FIELDS.items()}


def _field(seen: Seen) -> dict[str, list[int | None]]:
    """How many places are seen of each axis of each input."""
    return {name: [None if axis is None else axis.size for axis in axes] for name, axes in seen.items()}
