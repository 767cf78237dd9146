"""A network as a table: every application in order, with its size, parameters, multiply-accumulates, memory and
receptive field.

In: a checked program.  Out: text for a terminal, Markdown for a page, JSON or CSV for programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cnndsl.analysis.costs.memory import Type
from cnndsl.backends.options import Checked, Color, CommandLine, Names, Network, Options, Sizes, Terminal, Width, model
from cnndsl.backends.summary import formats, text
from cnndsl.backends.summary.entries import COLUMNS, entries, measured, totals
from cnndsl.diagnostics import OptionError
from cnndsl.display import Lines, MarkdownText
from cnndsl.i18n import speaking

Format = Literal["text", "markdown", "json", "csv"]
_DEPTH = "How many levels of blocks to show with their inside; by default all."
_COLUMNS = (
    "Which columns to show, such as name,output,macs; by default as many as there is room for. JSON and CSV have all."
)
_FOLD = "Whether the blocks of a run, made by one statement, are one line."
_ALL = "Give every block lines of its own, also equal ones in a row."


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in COLUMNS:
            message = f"there is no column {name or 'without a name'}; there are {', '.join(COLUMNS)}"
            raise OptionError("columns", message)
    return tuple(dict.fromkeys(names))


@model
class Summary(Options[str]):
    """Show a network as a table: layers, sizes, parameters, multiply-accumulates, memory, receptive fields.

    The line of a block has the totals of what is inside it. Equal blocks in a row share one line, such as
    "1 ... 3  BasicBlock x 3", with the numbers of all of them; what is inside is shown once, below the first.
    The totals below the table are always those of the whole network.

    The columns are name, layer, arguments (the layer with its arguments), output, parameters, macs, memory (what
    is alive while the layer runs in inference), kept (what autograd keeps of it in training) and field (how many
    places of the input one position sees).

    On a terminal with enough room, bars show each line's share of the totals.

    cnndsl summary resnet.cnn --network ResNet50 --depth 1
    cnndsl summary net.cnn --format markdown >> README.md
    cnndsl summary pyramid.cnn --size H=256,W=256
    cnndsl summary net.cnn --batch 32 --dtype bfloat16 --columns name,memory,kept
    cnndsl summary net.cnn --format csv --all > layers.csv
    """

    network: Network = None
    _: KW_ONLY
    sizes: Sizes = None
    format: Annotated[Format, Field(description="The form of the table.")] = "text"
    depth: Annotated[int | None, Field(ge=0, description=_DEPTH)] = None
    batch: Annotated[int, Field(ge=1, le=2**31 - 1, description="How many samples at once memory is counted for.")] = 1
    dtype: Annotated[Type, Field(description="The type of numbers that memory is counted for.")] = "float32"
    columns: Annotated[Names, AfterValidator(_columns), Field(description=_COLUMNS), CommandLine("NAMES")] = ()
    fold: Annotated[bool, Field(description=_FOLD), CommandLine(flag="--all", without=_ALL)] = True
    color: Color = False
    width: Width = 80
    bars: Annotated[bool, Field(description="Whether text shows each line's share of the totals."), Terminal()] = False

    def of(self, checked: Checked) -> str:
        """The table; it ends with a line end."""
        if self.columns and self.format in ("json", "csv"):
            raise OptionError("columns", f"columns are for text and Markdown; {self.format} has all of them")
        program, top = checked.network(self.network, self.sizes)
        sums = totals(program, top.name, batch=self.batch, dtype=self.dtype)
        rows = measured(program, top.name, batch=self.batch, dtype=self.dtype)
        lines = entries(rows, depth=self.depth, fold=self.fold)
        if self.format in ("json", "csv"):
            with speaking("en"):  # programs read these
                return Lines(formats.json(top, sums, lines) if self.format == "json" else formats.csv(lines))
        only = tuple(self.columns)
        if self.format == "markdown":
            page = formats.markdown(top, sums, lines, only=only)
            return MarkdownText(page, lambda: page)
        shown = text.render(top, sums, lines, only=only, color=self.color, columns=self.width, bars=self.bars)
        return MarkdownText(shown, lambda: replace(self, format="markdown").made(checked))
