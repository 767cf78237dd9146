"""`cnndsl summary`: a network as a table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from cnndsl.commands.options import common_beside_format, file, network, network_name
from cnndsl.console import Run, say


@click.command("summary", short_help="Print a network of FILE as a table.")
@file
@network
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "csv"]),
    default="text",
    show_default=True,
    help="How the table is written. How errors and warnings are is said by --diagnostics.",
)
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(min=0),
    help="How many levels of blocks to show with their inside; by default all.",
)
@click.option("--all", "all_", is_flag=True, help="A line for every block, also for equal ones in a row.")
@common_beside_format
def command(
    file: Path,
    network: str | None,
    form: str,
    depth: int | None,
    all_: bool,
    settings: dict[str, Any],
    **common: Any,
) -> int:
    """Print a network of FILE as a table: layers, sizes, parameters, multiply-accumulates.

    A block's line has the totals of what is inside it. Equal blocks that follow each other are one line,
    such as "1 ... 3  BasicBlock x 3", whose numbers are those of all of them. The totals are those of the
    network, whatever is folded or left out.

    On a terminal with room for it, bars show each line's share of the totals.

    \b
    cnndsl summary resnet.cnn --network ResNet50 --depth 1
    cnndsl summary net.cnn --format markdown >> README.md
    cnndsl summary net.cnn --format csv --all > layers.csv
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    run = Run(**common)
    compilation = run.compile(file, settings)
    if compilation is not None and compilation.program is not None:
        from shutil import get_terminal_size

        name = network_name(compilation.program, network)
        terminal = sys.stdout is not None and sys.stdout.isatty()
        table = compilation.summary(
            name,
            form=form,
            depth=depth,
            fold=not all_,
            color=run.colored(sys.stdout),
            columns=get_terminal_size().columns if terminal else 80,
            bars=terminal and _has_blocks(sys.stdout),
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
