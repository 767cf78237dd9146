"""A network as a table: every application in order, with its size, parameters and multiply-accumulates.

In: a checked program.  Out: text for a terminal, Markdown for a page, JSON or CSV for programs.
"""

from __future__ import annotations

from typing import Literal

from cnndsl import costs
from cnndsl.backends.summary import forms, text
from cnndsl.backends.summary.entries import Entry, entries
from cnndsl.program import Program

__all__ = ["Entry", "entries", "summary"]

Format = Literal["text", "json", "csv", "markdown"]


def summary(
    program: Program,
    network: str | None = None,
    *,
    form: Format = "text",
    depth: int | None = None,
    fold: bool = True,
    color: bool = False,
    columns: int = 80,
    bars: bool = False,
) -> str:
    """The table of a network, by default the last one of the text; it ends with a line end.

    depth: how many levels of blocks are shown with what is inside them; None for all. A block has its totals.
    fold: whether equal blocks that follow each other are one line.
    color, columns, bars: for text alone. The arguments of the layers are shown where the table then stays
    within `columns`, and with `bars`, where there is room, each line's share of the totals; where there is
    too little room, names are cut short.
    Raises KeyError where there is no network of this name.
    """
    top = program.network(network)
    cost = costs.of(program, top.id)
    lines = entries(costs.rows(program, top.name), depth=depth, fold=fold)
    if form == "json":
        return forms.json(top, cost, lines)
    if form == "csv":
        return forms.csv(lines)
    if form == "markdown":
        return forms.markdown(top, cost, lines)
    return text.render(top, cost, lines, color=color, columns=columns, bars=bars)
