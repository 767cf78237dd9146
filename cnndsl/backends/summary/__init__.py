"""A network as a table: every application in order, with its size, parameters, multiply-accumulates, memory and
receptive field.

In: a checked program.  Out: text for a terminal, Markdown for a page, JSON or CSV for programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cnndsl.analysis.costs.memory import Type
from cnndsl.backends.summary import formats, text
from cnndsl.backends.summary.entries import COLUMNS, Entry, Totals, entries, measured, totals
from cnndsl.ir.program import Program

__all__ = ["COLUMNS", "Entry", "Totals", "entries", "measured", "summary", "totals"]

Format = Literal["text", "json", "csv", "markdown"]


def summary(
    program: Program,
    network: str | None = None,
    *,
    format: Format = "text",  # noqa: A002 - the word of the command line
    depth: int | None = None,
    fold: bool = True,
    batch: int = 1,
    dtype: Type = "float32",
    columns: Sequence[str] = (),
    color: bool = False,
    width: int = 80,
    bars: bool = False,
) -> str:
    """The table of a network, by default the last one of the text; it ends with a line end.

    depth: how many levels of blocks are shown with what is inside them; None for all. A block has its totals.
    fold: whether the blocks of a run, made by one statement, are one line.
    batch, dtype: for how many samples at once, and in which type of numbers, memory is counted.
    columns: the columns of text and Markdown, by their keys in `COLUMNS`; JSON and CSV have everything.
    color, width, bars: for text alone. Where nothing else is asked for, there are as many columns as stay within
    `width` characters, and with `bars`, where there is room, each line's share of the totals; where there is too
    little room, names are cut short.
    Raises KeyError where there is no network of this name.
    """
    top = program.network(network)
    sums = totals(program, top.name, batch=batch, dtype=dtype)
    lines = entries(measured(program, top.name, batch=batch, dtype=dtype), depth=depth, fold=fold)
    if format == "json":
        return formats.json(top, sums, lines)
    if format == "csv":
        return formats.csv(lines)
    if format == "markdown":
        return formats.markdown(top, sums, lines, only=columns)
    return text.render(top, sums, lines, only=columns, color=color, columns=width, bars=bars)
