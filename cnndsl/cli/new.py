"""`cnndsl new`: a first file, from one of those that come with cnndsl."""

from __future__ import annotations

from pathlib import Path

import click

from cnndsl.cli.completion import packaged
from cnndsl.cli.console import STDOUT, Run, say
from cnndsl.cli.options import PATH, color, force, kind_of
from cnndsl.source import PACKAGED


@click.command("new", short_help="Write a first network to FILE.")
@click.argument("file", metavar="[FILE]", type=PATH, default=Path("net.cnn"))
@click.option(
    "--like",
    metavar="NAME",
    default="net",
    show_default=True,
    shell_complete=packaged,
    help="Which network that comes with cnndsl to begin with, such as resnet or unet.",
)
@force
@color
def command(file: Path, like: str, force: bool, color: str) -> int:
    """Write a first network to FILE, by default net.cnn: one of those that come with cnndsl, to be changed.

    \b
    cnndsl new
    cnndsl new segmentation.cnn --like unet
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from shlex import quote

    from cnndsl.files import ImportProblem, packaged_text, shown

    run = Run("text", color, None)
    name = shown(file)
    if file != STDOUT:
        kind_of(file, ["cnn"], why=", as the name of a network's file does", hint="FILE")
    try:
        text = packaged_text(like.removesuffix(".cnn"))
    except ImportProblem as problem:
        help_ = problem.help.replace(PACKAGED, "").replace(".cnn", "").replace('"', "")
        raise click.BadParameter(f"no {like} comes with cnndsl; {help_}", param_hint="--like") from None
    run.write({file: text.encode()}, force=force)
    if file != STDOUT and run.code == 0:
        word = quote(name)
        say(f"cnndsl summary {word} shows its layers, cnndsl draw {word} its picture\n")
    return run.finish()
