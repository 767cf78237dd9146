"""`cnndsl layers`: which kinds of layers there are, and what there is to say of each."""

from __future__ import annotations

import sys

import click

from cnndsl.cli.completion import kinds
from cnndsl.cli.console import Run, columns, on_terminal, say
from cnndsl.cli.options import color as color_option


@click.command("layers", short_help="List the kinds of layers, or describe one.")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=kinds)
@color_option
def command(name: str | None, color: str) -> int:
    """List the kinds of layers. With NAME, describe one: its parameters, what it is in PyTorch,
    and an example with its sizes.
    """
    from cnndsl import reference

    colored = Run("text", color, None).colored(sys.stdout)
    if name is None:
        say(reference.listing(color=colored, columns=columns(120) if on_terminal() else None))
        return 0
    try:
        said = reference.describe(name, color=colored, columns=columns(120))
    except KeyError:
        raise click.BadParameter(reference.why_not(name), param_hint="NAME") from None
    say(said)
    return 0
