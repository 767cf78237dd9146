"""`cnndsl layers`: which kinds of layers there are, and what there is to say of each."""

from __future__ import annotations

import sys
from shutil import get_terminal_size

import click

from cnndsl.commands.options import color as color_option
from cnndsl.console import Run, say


@click.command("layers", short_help="List the kinds of layers, or describe one.")
@click.argument("name", metavar="[NAME]", required=False)
@color_option
def command(name: str | None, color: str) -> int:
    """List the kinds of layers, one a line. With NAME, describe one: its parameters, what it is in PyTorch,
    and an example with its sizes.
    """
    from cnndsl import reference

    colored = Run("text", color, None).colored(sys.stdout)
    columns = min(get_terminal_size().columns, 120) if sys.stdout and sys.stdout.isatty() else 80
    if name is None:
        say(reference.listing(color=colored, columns=columns))
        return 0
    try:
        said = reference.entry(name, color=colored, columns=columns)
    except KeyError:
        raise click.BadParameter(reference.why_not(name), param_hint="NAME") from None
    say(said)
    return 0
