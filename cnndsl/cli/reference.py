"""Commands that are asked without a text: the kinds of layers, the codes of errors and warnings, and networks to begin
with.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cnndsl.cli.completion import codes, kinds, packaged
from cnndsl.cli.console import STDOUT, Run, columns, on_terminal, say
from cnndsl.cli.options import PATH, force, kind_of
from cnndsl.cli.options import color as color_option
from cnndsl.cli.options import lang as lang_option
from cnndsl.i18n import Language, speaking, tr
from cnndsl.source import PACKAGED


@click.command("layers", short_help="List the kinds of layers, or describe one.")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=kinds)
@color_option
def layers(name: str | None, color: str) -> int:
    """List the kinds of layers. With NAME, describe one: its parameters, what it is in PyTorch,
    and an example with its sizes.
    """
    from cnndsl import reference

    colored = Run(color=color).colored(sys.stdout)
    if name is None:
        say(reference.listing(color=colored, columns=columns(120) if on_terminal() else None))
        return 0
    try:
        said = reference.describe(name, color=colored, columns=columns(120))
    except KeyError:
        raise click.BadParameter(reference.why_not(name), param_hint="NAME") from None
    say(said)
    return 0


@click.command("rule", short_help="List the errors and warnings, or describe one.")
@click.argument("code", metavar="[CODE]", required=False, shell_complete=codes)
@lang_option
@color_option
def rule(code: str | None, lang: Language, color: str) -> int:
    """List the codes of errors and warnings, one a line. With CODE, such as E201, describe one: what it means,
    a wrong and a right example, and the reason.
    """
    from cnndsl import pages

    colored = Run(color=color).colored(sys.stdout)
    with speaking(lang):
        if code is None:
            say(_listing(colored))
            return 0
        try:
            page = pages.translated(code.upper())
        except KeyError:
            raise click.BadParameter(pages.why_not(code), param_hint="CODE") from None
    say(pages.plain(page.text, color=colored, columns=columns(120)))
    return 0


def _listing(color: bool) -> str:
    from cnndsl import pages
    from cnndsl.terminal import paint

    lines = []
    before = ""
    for code in pages.codes():
        if before and code[:2] != before[:2]:
            lines.append("")
        lines.append(
            f"{paint(code, 'red' if code[0] == 'E' else 'yellow', color=color)}  {pages.translated(code).title}"
        )
        before = code
    return "\n".join([*lines, "", tr("cnndsl rule CODE describes one.")]) + "\n"


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
@color_option
def new(file: Path, like: str, force: bool, color: str) -> int:
    """Write a first network to FILE, by default net.cnn: one of those that come with cnndsl, to be changed.

    \b
    cnndsl new
    cnndsl new segmentation.cnn --like unet
    """  # noqa: D301 - a backspace is how click is told to leave lines as they are
    from shlex import quote

    from cnndsl.files import ImportProblem, packaged_text, shown

    run = Run(color=color)
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
