"""`cnndsl rule`: what there is to say of an error or warning by its code."""

from __future__ import annotations

import sys

import click

from cnndsl.cli.completion import codes
from cnndsl.cli.console import Run, columns, say
from cnndsl.cli.options import color as color_option
from cnndsl.cli.options import lang as lang_option
from cnndsl.i18n import Language, speaking, tr


@click.command("rule", short_help="List the errors and warnings, or describe one.")
@click.argument("code", metavar="[CODE]", required=False, shell_complete=codes)
@lang_option
@color_option
def command(code: str | None, lang: Language, color: str) -> int:
    """List the codes of errors and warnings, one a line. With CODE, such as E201, describe one: what it means,
    a wrong and a right example, and the reason.
    """
    from cnndsl import pages

    colored = Run("text", color, None).colored(sys.stdout)
    with speaking(lang):
        if code is None:
            say(_listing(colored))
            return 0
        try:
            page = pages.translated(code.upper())
        except KeyError:
            raise click.BadParameter(_why_not(code), param_hint="CODE") from None
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


def _why_not(code: str) -> str:
    from difflib import get_close_matches

    from cnndsl.pages import codes

    near = get_close_matches(code.upper(), codes(), 1)
    return f"there is no code {code}; " + (f"did you mean {near[0]}?" if near else "cnndsl rule lists them all")
