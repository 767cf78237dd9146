"""The legend of a diagram: samples of what it shows, where that is more than a few kinds of boxes."""

from __future__ import annotations

from cnndsl.backends.diagram.markup import BOLD, cell, run, table
from cnndsl.backends.diagram.picture import BLOCK, MERGE, Picture
from cnndsl.backends.diagram.texts import SMALL, filled, room
from cnndsl.theme import Theme, Tint

KINDS = ("convolution", "pooling", "normalisation", "activation", "dropout", "dense", "shape", BLOCK)
"""The kinds of boxes in the order of the legend."""
DASHED = {"dropout": "dashed"}
"""The borders of kinds that have one of their own: dropout is not there in evaluation."""
_FEW = 4
_COLUMNS = 3
_SAMPLE, _GAP = 22, 8  # points


def legend(picture: Picture, theme: Theme, width: int) -> str:
    """A table of samples and words, at least so wide; nothing where there is nothing to tell.

    What is drawn for training only is always told.
    """
    entries = _entries(picture, theme)
    # The last row is as long as the others: a shorter one would end in another column, and make that wider.
    entries += [("", "")] * (-len(entries) % _COLUMNS)
    columns = [entries[at::_COLUMNS] for at in range(_COLUMNS)]
    taken = sum(_SAMPLE + _GAP + max((room(word, SMALL) for _, word in column), default=0) + 16 for column in columns)
    # A table that has less than its place spreads its columns: an empty one takes what is left.
    rest = cell(width=max(width - taken, 1))
    gap = cell(width=_GAP)
    cells = [cell(sample, width=_SAMPLE) + filled(word, SMALL, theme.text) + gap for sample, word in entries]
    rows = ["".join(cells[at : at + _COLUMNS]) + rest for at in range(0, len(cells), _COLUMNS)]
    return table(*rows, cellpadding=2) if rows else ""


def _entries(picture: Picture, theme: Theme) -> list[tuple[str, str]]:
    used = {box.kind for box in picture.boxes}
    block = theme.tints[BLOCK]
    entries = []
    if sum(kind in used for kind in KINDS) > _FEW:
        entries += [(_swatch(theme.tints[kind], DASHED.get(kind, "")), kind) for kind in KINDS if kind in used]
        if any(box.times > 1 for box in picture.boxes):
            double = table(cell(_swatch(block)), border=1, color=block.line, style="ROUNDED")
            entries.append((double, "repeated block"))
        if any(arrow.skip for arrow in picture.arrows):
            entries.append((run("- - -", SMALL, theme.skip, BOLD), "skip"))
    if any(box.training for box in picture.boxes):
        entries.append((_swatch(theme.tints[MERGE], "DOTTED"), "in training only"))
    return entries


def _swatch(tint: Tint, border: str = "") -> str:
    style = f"ROUNDED,{border}" if border else "ROUNDED"
    return table(cell(width=13, height=8), cellpadding=0, border=1, color=tint.line, bgcolor=tint.fill, style=style)
