"""The differences as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnndsl.backends.diff.changes import Change
from cnndsl.backends.diff.difference import Difference, Version
from cnndsl.backends.diff.keys import Keys
from cnndsl.backends.diff.lines import Line, Side
from cnndsl.layers.sizes import as_json


def json(difference: Difference) -> str:
    """One object: both networks, whether they are the same, what is different, the totals and the keys.

    Nothing is folded. Sizes are numbers, or text where they are left open; what depends on an open size is null.
    """
    from json import dumps

    fields = {
        "before": _version(difference.before),
        "after": _version(difference.after),
        "same": difference.same,
        "network": {"changes": _changes(difference.changes), "notes": list(difference.comparison.notes)},
        "state_dict": _keys(difference.keys),
    }
    head = "".join(f'  "{key}": {dumps(value, ensure_ascii=False)},\n' for key, value in fields.items())
    rows = ",\n".join(f"    {dumps(_line(line), ensure_ascii=False)}" for line in difference.lines(whole=True))
    return f'{{\n{head}  "differences": [\n{rows}\n  ]\n}}\n' if rows else f'{{\n{head}  "differences": []\n}}\n'


def _version(version: Version) -> dict[str, Any]:
    return {
        "file": version.program.source,
        "network": version.network.name,
        "inputs": as_json(version.network.input_shapes),
        "outputs": as_json(version.network.output_shapes),
        "parameters": version.cost.parameters,
        "trainable": version.cost.trainable,
        "buffers": version.cost.buffers,
        "macs": version.cost.macs,
        "peak": version.memory.peak,
        "kept": version.memory.kept,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "status": line.status.value,
        "layer": line.title,
        "before": _side(line.before),
        "after": _side(line.after),
        "renamed": line.renamed,
        "changes": _changes(line.changes),
        "notes": list(line.notes),
    }


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "path": side.path,
        "block": side.block,
        "sizes": as_json(side.sizes),
        "parameters": side.parameters,
        "macs": side.macs,
    }


def _changes(changes: Iterable[Change]) -> dict[str, list[Any]]:
    return {change.what: [change.before, change.after] for change in changes}


def _keys(keys: Keys) -> dict[str, Any]:
    return {
        "loads": keys.loads,
        "missing": list(keys.missing),
        "unexpected": list(keys.unexpected),
        "shapes": {key: [list(old), list(new)] for key, (old, new) in keys.shapes.items()},
        "same": keys.same,
        "renamed": keys.renamed,
        "reordered": keys.reordered,
        "unknown": list(keys.unknown),
    }
