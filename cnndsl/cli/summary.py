"""`cnndsl summary`: a network as a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from cnndsl.cli.console import Run, columns, on_terminal, say
from cnndsl.cli.options import checked_sizes, common_beside_format, file, network, network_name, sizes

if TYPE_CHECKING:
    from cnndsl.analysis.costs.memory import Type
    from cnndsl.backends.summary import Format


def _columns(_context: click.Context, _parameter: click.Parameter, given: str | None) -> tuple[str, ...]:
    if given is None:
        return ()
    from cnndsl.backends.summary import COLUMNS

    names = tuple(dict.fromkeys(name.strip() for name in given.split(",")))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown:
        message = f"there is no column {unknown[0] or 'without a name'}; there are {', '.join(COLUMNS)}"
        raise click.BadParameter(message)
    return names


@click.command("summary", short_help="Print a network of FILE as a table.")
@file
@network
@sizes
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "csv"]),
    default="text",
    show_default=True,
    help="The form of the table; for errors and warnings see --diagnostics.",
)
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many levels of blocks to show with their inside; by default all.",
)
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(min=1, max=2**31 - 1),
    default=1,
    show_default=True,
    help="How many samples at once memory is counted for.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float64", "float32", "bfloat16", "float16"]),
    default="float32",
    show_default=True,
    help="The type of numbers that memory is counted for.",
)
@click.option(
    "--columns",
    "only",
    metavar="NAMES",
    callback=_columns,
    help="Which columns to show, such as name,output,macs; by default as many as there is room for. "
    "JSON and CSV have all.",
)
@click.option("--all", "all_", is_flag=True, help="Give every block lines of its own, also equal ones in a row.")
@common_beside_format
def command(
    file: Path,
    network: str | None,
    sizes: dict[str, int],
    form: Format,
    depth: int | None,
    batch: int,
    dtype: Type,
    only: tuple[str, ...],
    all_: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Print a network of FILE as a table: layers, sizes, parameters, multiply-accumulates, memory, receptive fields.

    The line of a block has the totals of what is inside it. Equal blocks in a row share one line, such as
    "1 ... 3  BasicBlock x 3", with the numbers of all of them; what is inside is shown once, below the first.
    The totals below the table are always those of the whole network.

    The columns are name, layer, arguments (the layer with its arguments), output, parameters, macs, memory (what
    is alive while the layer runs in inference), kept (what autograd keeps of it in training) and field (how many
    places of the input one position sees).

    On a terminal with enough room, bars show each line's share of the totals.

    \b
    cnndsl summary resnet.cnn --network ResNet50 --depth 1
    cnndsl summary net.cnn --format markdown >> README.md
    cnndsl summary pyramid.cnn --size H=256,W=256
    cnndsl summary net.cnn --batch 32 --dtype bfloat16 --columns name,memory,kept
    cnndsl summary net.cnn --format csv --all > layers.csv
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    if only and form in ("json", "csv"):
        message = f"--columns is for text and Markdown; {form} has all of them"
        raise click.UsageError(message)
    run = Run(**common)
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        name = network_name(compilation.program, network)
        with checked_sizes():
            table = compilation.summary(
                name,
                sizes=sizes,
                format=form,
                depth=depth,
                fold=not all_,
                batch=batch,
                dtype=dtype,
                columns=only,
                color=run.colored(sys.stdout),
                width=columns(),
                bars=on_terminal() and _has_blocks(sys.stdout),
            )
        say(table)
    return run.finish()


def _has_blocks(stream: TextIO) -> bool:
    """Whether the characters that bars are made of can be written."""
    try:
        "▏█".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
