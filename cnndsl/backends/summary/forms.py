"""The summary as JSON, CSV and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cnndsl.backends.summary.entries import Entry
from cnndsl.costs import Cost
from cnndsl.layers.sizes import Dim, Shape, show
from cnndsl.program import Module
from cnndsl.terminal import clean
from cnndsl.traced import is_open, value_of

_CSV_HEADS = (
    "path",
    "last",
    "times",
    "depth",
    "kind",
    "layer",
    "arguments",
    "output",
    "parameters",
    "shared",
    "inserted",
    "macs",
)


def json(network: Module, cost: Cost, lines: Iterable[Entry]) -> str:
    """One object: the network, its totals, and the rows.

    Sizes are numbers, or text where they are left open; multiply-accumulates that depend on an open size are
    null. A row with `times` above 1 stands for equal blocks from `path` to `last`, its numbers for all of them.
    """
    totals = {
        "parameters": cost.parameters,
        "trainable": cost.trainable,
        "buffers": cost.buffers,
        "macs": cost.macs,
    }
    fields = {
        "network": network.name,
        "inputs": _sizes(network.input_shapes),
        "outputs": _sizes(network.output_shapes),
        "totals": totals,
    }
    head = "".join(f'  "{key}": {_json(value)},\n' for key, value in fields.items())
    rows = ",\n".join(f"    {_json(_row(line))}" for line in lines)
    return f'{{\n{head}  "rows": [\n{rows}\n  ]\n}}\n'


def _json(value: Any) -> str:
    from json import dumps

    return dumps(value, ensure_ascii=False)


def csv(lines: Iterable[Entry]) -> str:
    """A line of heads and one for each row; nothing stands for what depends on an open size."""
    from csv import DictWriter
    from io import StringIO

    out = StringIO()
    writer = DictWriter(out, _CSV_HEADS, lineterminator="\n")
    writer.writeheader()
    for line in lines:
        row = _row(line) | {"output": _shapes(line.row.output)}
        writer.writerow({key: str(value).lower() if isinstance(value, bool) else value for key, value in row.items()})
    return out.getvalue()


def markdown(network: Module, cost: Cost, lines: Iterable[Entry]) -> str:
    """A table, as GitHub and many others read it, with the totals as its last line."""
    return "".join(f"{line}\n" for line in _markdown(network, cost, lines))


def _markdown(network: Module, cost: Cost, lines: Iterable[Entry]) -> Iterator[str]:
    yield f"**{_escaped(network.name)}**: {_shapes(network.input_shapes)} → {_shapes(network.output_shapes)}"
    yield ""
    yield "| name | layer | output | parameters | MACs |"
    yield "| --- | --- | --- | ---: | ---: |"
    for line in lines:
        row = line.row
        name = line.path or ("(inserted)" if row.inserted else "")
        output = _shapes(row.output) if row.output else "never applied"
        parameters = "shared" if row.shared else f"{row.parameters:,}" if row.parameters else ""
        macs = "open" if row.macs is None else f"{row.macs:,}" if row.macs else ""
        yield _cells(name, f"{line.word} {row.words}".rstrip(), output, parameters, macs)
    yield _cells("total", "", "", cost.said, "open" if cost.macs is None else f"{cost.macs:,}")


def _cells(*cells: str) -> str:
    return " ".join(("|", *(f"{_escaped(cell)} |" if cell else "|" for cell in cells)))


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\|*_`<>[]" else char for char in clean(text))


def _row(line: Entry) -> dict[str, Any]:
    row = line.row
    return {
        "path": row.path,
        "last": line.last or row.path,
        "times": line.times,
        "depth": row.depth,
        "kind": row.what,
        "layer": row.word,
        "arguments": row.words,
        "output": _sizes(row.output),
        "parameters": row.parameters,
        "shared": row.shared,
        "inserted": row.inserted,
        "macs": row.macs,
    }


def _sizes(shapes: Iterable[Shape]) -> list[list[int | str]]:
    return [[_size(dim) for dim in shape] for shape in shapes]


def _size(dim: Dim) -> int | str:
    return str(dim) if is_open(dim) else value_of(dim)


def _shapes(shapes: Iterable[Shape]) -> str:
    return ", ".join(map(show, shapes))
